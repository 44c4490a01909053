"""`morgue sources remove`: watch a source no longer."""

from __future__ import annotations

import sys

import click

from crawler.cli.archive_options import database_of
from crawler.cli.common_options import config_of, folder_option, setting_option
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database import queries


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, name: str, yes: bool) -> None:
    """Watch a source no longer: delete its file sources/NAME.toml.

    What was fetched stays in the archive, with the source as its origin, and is searched and exported as before. A
    crawl that is running lets the source go within half a minute. To let it rest, use `morgue sources pause`.

    `morgue sources --forget NAME` takes it off the list of sources afterwards. `morgue remove HOST` takes what was
    fetched out of the archive.
    """
    config = config_of(ctx)
    name = config.file_named(name)
    file = f"sources/{name}.toml"
    with database_of(ctx, quickly=True) as db:
        articles = next((row["articles"] for row in queries.sources(db) if row["name"] == name), 0)
    stay = f"its {counted(articles, 'article')} {verb(articles, 'stays', 'stay')} in the archive"
    own = config.sources.get(name)
    rules = len(own.rule) if own is not None else 0
    lost = f", with {counted(rules, 'rule')} for reading its pages" if rules else ""
    if not yes:
        if not sys.stdin.isatty():
            cause = "cannot ask for confirmation: standard input is not a terminal"
            raise ConfigError("morgue sources remove", cause, "say --yes")
        click.confirm(plain(f"Delete {file}{lost}? ({stay})"), abort=True)
    path = config.folder.path / file
    with os_errors(file):
        safe_open.must_be_ordinary(path)
        path.unlink()
        safe_open.sync_folder(path.parent)
    click.echo(plain(f"{name} is watched no longer; {stay}"))
