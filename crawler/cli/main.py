"""Run the `morgue` command: find the file in `commands/` that is the command, and turn errors into messages.

Imports nothing heavy: `morgue --help` and `morgue search` must start in the time that click and sqlite3 take.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crawler import __version__
from crawler.cli.common_options import WholeFleet, common_options
from crawler.cli.log_options import log_options
from crawler.cli.output import lasting_streams
from crawler.engine.interrupts import leave_at_second_signal
from pipelines.core.errors import INTERRUPTED, MorgueError, from_os_error
from pipelines.core.terminal import plain

COMMANDS = Path(__file__).parents[1] / "commands"
DESCRIPTION = re.compile(r'^def command\(.*?"""(.*?)(?:\n\n|""")', re.DOTALL | re.MULTILINE)

# Options by the names that other programs have; the first that a command has is meant.
OPTIONS_MEANT = {
    "--from": ("--since",), "--start": ("--since",), "--to": ("--until",), "--end": ("--until",),
    "--limit": ("--sample",), "--lang": ("--language",), "--paper": ("--source",),
}  # fmt: skip


class CommandLine(click.Group):
    """Find commands in the folder `commands/`: `commands/search.py` is `morgue search`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem for path in COMMANDS.glob("[a-z]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, self.list_commands(ctx), 1)
            if near:
                ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]!r}?")
            return None
        gc.disable()  # modules stay to the end: to look for garbage in them takes a tenth of the start
        command: click.Command = import_module(f"crawler.commands.{cmd_name}").command
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from their source text: to import all of them takes as long as a search."""
        names = self.list_commands(ctx)
        described = {name: click.Command(name, help=description_of(COMMANDS / f"{name}.py")) for name in names}
        click.Group(commands=described).format_commands(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. An unknown option that is ours by another name is answered with our name."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            known = {name for one in error.ctx.command.params for name in one.opts} if error.ctx else set()
            meant = [name for name in OPTIONS_MEANT.get(error.option_name, ()) if name in known]
            if not meant:
                raise
            text = f"No such option: {error.option_name}. Did you mean {meant[0]}?"
            raise click.UsageError(text, error.ctx) from None


def description_of(file: Path) -> str:
    """Return the first paragraph of the description of the command in a file of `commands/`."""
    found = DESCRIPTION.search(file.read_text(encoding="utf-8"))
    return found[1] if found else ""


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="morgue")
@common_options
@log_options
def morgue() -> None:
    """Collect news sites into an archive that you can search, export and prove.

    An archive is one folder, made by `morgue init NAME`. The other commands work on the archive you are in, or on the
    one that -C DIR or $MORGUE_ARCHIVE names.

    Exit codes: 0 done; 1 partly failed; 2 bad configuration or arguments; 3 nothing reachable; 4 archive locked;
    5 disk full; 6 not writable; 7 archive damaged; 8 not found; 9 disk failing; 10 clock years behind;
    11 bucket failing; 130 interrupted, all finished work kept.
    """


def main(args: list[str] | None = None) -> Any:
    """Run `morgue` and exit. Mistakes of the user and faults of websites end in a message, not in a traceback.

    A command whose output cannot be printed does its work all the same. A reader that closes the pipe (`| head`) is
    no error; any other reason is said at the end, and is the exit code if the work went well or in part.
    """
    # The wheel has no scrapy.cfg. This variable lets `morgue` work from any folder.
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    # Else pydantic looks for plugins in all packages that are installed. None has a say in our settings.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with lasting_streams() as out:
        code = exit_code_of(args)
        sys.stdout.flush()
        failure = out.failure if out is not None else None
        if failure is not None and not isinstance(failure, BrokenPipeError) and code in (0, MorgueError.exit_code):
            error = from_os_error(failure, "standard output")
            error.cure = "the command ran to its end; only what it printed is incomplete"
            click.echo(f"morgue: {error}", err=True)
            code = error.exit_code
    gc.freeze()  # else the interpreter looks for garbage in all modules while it ends: 0.1 s
    sys.exit(code)


def run_command(args: list[str] | None) -> int:
    """Run the command, on a fleet for each of its shards. Return the exit code. Raises MorgueError, ClickException."""
    try:
        code = morgue.main(args=args, prog_name="morgue", standalone_mode=False)
    except WholeFleet as error:
        from crawler.cli.fleet.each_shard import run_on_fleet

        return run_on_fleet(error, partial(exit_code_of, args))
    return code if isinstance(code, int) else 0


def exit_code_of(args: list[str] | None) -> int:
    """Run the command, print what went wrong, and return the exit code."""
    try:
        return run_command(args)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MorgueError as error:
        click.echo(plain(f"morgue: {error}"), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        leave_at_second_signal()
        click.echo("morgue: interrupted", err=True)
        return INTERRUPTED
