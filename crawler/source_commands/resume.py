"""`morgue sources resume`: ask a paused paper again."""

from __future__ import annotations

import click

from crawler.cli.common_options import config_of, folder_option, setting_option
from pipelines.core.terminal import plain


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Ask paused sources again, from the next crawl on.

    Takes the line `paused` out of sources/NAME.toml. What fell due meanwhile is visited once, the newest articles
    first, at the usual pace; visits that were missed are not made up for.
    """
    from crawler.config.pause_line import set_pause

    config = config_of(ctx)
    for name in [config.file_named(name) for name in names]:
        file = f"sources/{name}.toml"
        changed = set_pause(config.folder.path / file, file, None)
        click.echo(plain(f"{name} is asked again by the next crawl" if changed else f"{name} is not paused"))
