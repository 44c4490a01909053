"""`morgue sources rename`: give a source another name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import config_of, folder_option, setting_option
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config


@click.command()
@click.argument("old")
@click.argument("new")
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, old: str, new: str) -> None:
    """Give a source another name. It keeps its articles, its planned visits and all that is known of it.

    Renames sources/OLD.toml and the source in the database. The old name is free then. If this is interrupted between
    the two, the next crawl finishes it. A crawl that is running keeps the archive locked: try again when it has ended.
    """
    config = config_of(ctx)
    name = config.file_named(old)
    check_name(config, name, new)
    rename(config, name, new)
    click.echo(plain(f"{name} is now {new}"))
    click.echo(plain(f"  a timer that `morgue schedule {name}` set up still has the old name: set it up again"))
    if (config.folder.path / "samples" / name).is_dir():
        click.echo(plain(f'  the page pairs in samples/{name} still say "source": "{name}"'))


def check_name(config: Config, old: str, new: str) -> None:
    """Raise ConfigError if a source cannot get this name."""
    from crawler.config.toml_files import SOURCE_NAME

    if not SOURCE_NAME.fullmatch(new):
        cure = "use only letters, digits, - _ and ., with a letter or digit first"
        raise ConfigError(new, "is not a valid name for a source", cure)
    if new == old:
        raise ConfigError(new, "is its name already", "give another one")
    if os.path.lexists(config.folder.sources / f"{new}.toml"):
        raise ConfigError(new, f"is a source already: sources/{new}.toml", "choose another name")


def rename(config: Config, old: str, new: str) -> None:
    """Rename the file first: a crawl gives a source whose file has a new name that name. Raises MorgueError."""
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core import safe_open
    from pipelines.database.store import ArticleStore

    folder = config.folder.sources
    archive_writer = open_archive_writer(config)
    try:
        store = ArticleStore(archive_writer.db)
        source_id = archive_writer.call(store.source_id, old)
        if archive_writer.call(store.source_id, new) is not None:
            cure = f"choose another name, or let the archive forget that one: morgue sources --forget {new}"
            raise ConfigError(new, "is the name of a source that has no file any more", cure)
        with os_errors(f"sources/{old}.toml"):
            safe_open.must_be_ordinary(folder / f"{old}.toml")
            (folder / f"{old}.toml").rename(folder / f"{new}.toml")
            safe_open.sync_folder(folder)
        if source_id is not None:
            archive_writer.call(store.rename_source, source_id, new)
    finally:
        archive_writer.close()
    if archive_writer.failed is not None:
        raise archive_writer.failed
