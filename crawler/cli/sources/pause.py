"""`morgue sources pause` and `resume`: ask a source for nothing for a while, and go on."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, overrides_of, settings_folder_of, settings_of
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config


@click.command(name="pause")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--until", metavar="DATE", help="Ask it again from this day on: 2027-01-31 (UTC).")
@common_options
@click.pass_context
def pause_command(ctx: click.Context, names: tuple[str, ...], until: str | None) -> None:
    """Ask a source for nothing until you resume it: no feed, no article, no probe, no backfill.

    NAME is the name or address of a source. The pause is a line in its file, `paused = true`, or the day of its end;
    nothing else in the file changes. It survives upgrades and rebuilds. A crawl that is running notices it within a
    minute. `morgue health` calls the source "paused", and does not count its silence.

    A host that other sources share is asked on for these.
    """
    from pipelines.core.timestamps import now

    value = "true"
    if until is not None:
        last = day_of(until)
        if last <= now().date():
            raise ConfigError(f"--until {until}", "is not in the future", "name a later day, or leave it out")
        value = last.isoformat()
    config = settings_of(ctx)
    for name in [config.file_named(name) for name in names]:
        set_pause(config, name, value)
        end = f" until {value}" if until is not None else ""
        click.echo(plain(f"{name} is paused{end}; `morgue sources resume {name}` goes on"))


@click.command(name="resume")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@common_options
@click.pass_context
def resume_command(ctx: click.Context, names: tuple[str, ...]) -> int:
    """Ask a paused source again, from the next crawl on.

    Visits that fell into the pause are not made up for: what is due is visited once, the newest first, at the usual
    pace. What the paper published meanwhile and no listing names any more is missed; if it has sitemaps, `morgue
    backfill NAME` fetches it. A source whose file has another mistake is not crawled until it is right: exit code 2.
    """
    from crawler.config.models import load

    folder, overrides, code = settings_folder_of(ctx), overrides_of(ctx), 0
    config = load(folder, overrides, skip_broken=True)
    names = tuple(config.file_named(name) for name in names)
    changed = [name for name in names if set_pause(config, name, None)]
    broken = load(folder, overrides, skip_broken=True).broken
    for name in names:
        if name in broken:
            code = ConfigError.exit_code
            was = "is not paused any more, but" if name in changed else "is not paused, but"
            click.echo(plain(f"{name} {was} not crawled until its file is right:\n  {broken[name]}"), err=True)
        else:
            click.echo(plain(f"{name} goes on with the next crawl" if name in changed else f"{name} is not paused"))
    return code


def day_of(text: str) -> date:
    """Return the day that the user typed. Raises ConfigError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--until {text}", "is not a day", "say e.g. --until 2027-01-31") from None


def set_pause(config: Config, name: str, value: str | None) -> bool:
    """Write `paused = value` into the file of a source, or take the line out (None). Return False if it was so before.

    Other keys of the file may have mistakes. Raises MorgueError.
    """
    from crawler.config.pauses import text_of, with_pause

    path = config.folder.sources / f"{name}.toml"
    try:
        with os_errors(str(path)):
            text = text_of(path)
        changed = with_pause(text, value)
    except ValueError as error:
        if isinstance(error, UnicodeDecodeError | tomllib.TOMLDecodeError) and name in config.broken:
            raise config.broken[name] from None  # with the line
        cure = f"change it by hand: paused = {value}" if value else "take the key `paused` out by hand"
        raise ConfigError(f"sources/{name}.toml", str(error), cure) from None
    if changed == text:
        return False
    from crawler.config.toml_files import write

    with os_errors(str(path)):
        write(path, changed)
    return True
