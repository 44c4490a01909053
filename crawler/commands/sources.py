"""`morgue sources`: list the sources, look at one, and change what is watched."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crawler import source_commands
from crawler.cli.common_options import folder_option, setting_option

DEFAULT = "list"


class SourceCommands(click.Group):
    """Find the commands of `morgue sources` in their folder. Without the name of one, `list` is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem for path in Path(source_commands.__path__[0]).glob("[a-z]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, self.list_commands(ctx), 1)
            ctx.fail(f"No such command {cmd_name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        command: click.Command = import_module(f"{source_commands.__name__}.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` before the options of `morgue sources --format json`; `--help` is that of the group."""
        takes_value = {"-C", "-s"}
        at = 0
        while at < len(args) and args[at] in takes_value:
            at += 2
        is_default = at >= len(args) or (args[at].startswith("-") and args[at] not in ctx.help_option_names)
        return super().parse_args(ctx, [*args[:at], *([DEFAULT] if is_default else []), *args[at:]])


@click.command(cls=SourceCommands)
@folder_option
@setting_option
def command(**_options: Any) -> None:
    """List the sources, look at one, and change what is watched.

    `morgue sources` alone is `morgue sources list`, and takes its options. To watch further sources, use `morgue add`:
    it also takes a list of addresses, CSV, or the OPML of a feed reader or of `morgue sources export`.

    pause, resume, rename and remove change the file of a source in sources/, which you can also do by hand.
    """
