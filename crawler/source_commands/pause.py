"""`morgue sources pause`: ask a paper for nothing until it is resumed."""

from __future__ import annotations

import click

from crawler.cli.common_options import config_of, folder_option, setting_option
from pipelines.core import timestamps
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--until", metavar="DATE", help="The day on which it is asked again (UTC), e.g. 2027-01-31.")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], until: str | None) -> None:
    """Let sources rest: nothing of them is asked for, and their silence is no sickness.

    Writes `paused = true` (or the day) as a line of sources/NAME.toml and changes nothing else in it. A crawl that is
    running lets the source go within half a minute. What is on hosts of a paused source, and belongs to another source,
    is still fetched. `morgue sources resume NAME` ends the pause.
    """
    from crawler.config.pause_line import set_pause

    value = "true" if until is None else day_after_today(until)
    config = config_of(ctx)
    end = f"until {value} (UTC)" if until else "until `morgue sources resume {}`"
    for name in [config.file_named(name) for name in names]:
        file = f"sources/{name}.toml"
        changed = set_pause(config.folder.path / file, file, value)
        click.echo(plain(f"{name} is paused{'' if changed else ' already'}, {end.format(name)}"))


def day_after_today(text: str) -> str:
    """Return an ISO day that is still to come. Raises ConfigError."""
    from crawler.config.value_types import day

    try:
        wanted = day(text)
    except ValueError:
        raise ConfigError(f"--until {text}", "is not a day", "say e.g. --until 2027-01-31") from None
    if wanted <= (today := str(timestamps.now().date())):
        raise ConfigError(f"--until {text}", f"is not after today ({today} UTC)", "name a day that is to come")
    return wanted
