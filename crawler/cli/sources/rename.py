"""`morgue sources rename` and `remove`: give a source another name, or stop watching it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, config_of
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.plural import counted, verb
from pipelines.core.source_names import must_be_meant
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.config.models import Config
    from pipelines.database.store import ArticleStore


@click.command(name="rename")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@common_options
@click.pass_context
def rename_command(ctx: click.Context, old: str, new: str) -> None:
    """Give a source another name: its file, its articles, its plan and its history.

    OLD is the name or address of a source. If you renamed the file by hand before any crawl, this tells the archive. No
    crawl may be running. The command lines of earlier crawls, exports and WARC files keep the old name.
    """
    from crawler.config.toml_files import SOURCE_NAME
    from crawler.engine.open_archive import writing
    from crawler.onboarding.source_file import name_advice
    from pipelines.database.store import ArticleStore

    if not SOURCE_NAME.fullmatch(new):
        raise ConfigError(new, "is not a valid name for a source", name_advice(new))
    config = config_of(ctx)
    with writing(config) as archive_writer:
        done = archive_writer.call(rename, config, ArticleStore(archive_writer.db), old, new)
    click.echo(plain(f"{done} is {new} now"))


def rename(config: Config, store: ArticleStore, old: str, new: str) -> str:
    """Rename file and rows, and return the old name. Runs on the archive writer's thread. Raises MorgueError."""
    from crawler.onboarding.samples import SAMPLES_FOLDER
    from pipelines.database.runs import rename_source

    files = {*config.sources, *config.broken}
    found = must_be_meant(old, {source.name: source.url for _, source, _ in store.sources()} | config.homes)
    if found == new:
        raise ConfigError(new, "is its name already", "say another one")
    source_id, other_id = store.source_id(found), store.source_id(new)
    # The file has the new name already: renamed by hand, or by a run of this command that was killed.
    half_done = found not in files and new in files and source_id is not None
    if other_id is not None or (os.path.lexists(file_of(config, new)) and not half_done):
        raise ConfigError(new, "is the name of another source", "choose a name that is free: morgue sources --all")
    if found not in files and not half_done:
        raise ConfigError(found, "has no file in sources/", f"morgue add writes one: morgue add --name {new} URL")
    if source_id is not None:
        rename_source(store.db, source_id, found, new)
    if not half_done:
        move(file_of(config, found), file_of(config, new))

    samples = config.folder.settings_folder / SAMPLES_FOLDER
    if (samples / found).is_dir() and not os.path.lexists(samples / new):
        move(samples / found, samples / new)
    return found


def file_of(config: Config, name: str) -> Path:
    """Return the file of a source."""
    return config.folder.sources / f"{name}.toml"


def move(path: Path, target: Path) -> None:
    """Rename a file or folder durably. Raises MorgueError."""
    with os_errors(str(path)):
        path.rename(target)
        safe_open.sync_folder(target.parent)


@click.command(name="remove")
@click.argument("name", metavar="NAME")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common_options
@click.pass_context
def remove_command(ctx: click.Context, name: str, yes: bool) -> None:
    """Stop watching a source: delete its file in sources/. All that was collected stays.

    Its articles stay in the archive, under its name. `morgue sources --forget NAME` then makes the archive forget the
    source itself, and `morgue add URL` watches it again. To pause a source, use `morgue sources pause`; to remove
    articles or sites from the archive, use `morgue remove`.
    """
    from contextlib import closing

    from pipelines.database import queries
    from pipelines.database.connection import connect

    config = config_of(ctx)
    found = must_be_meant(name, config.homes, "has no file in sources/")
    with closing(connect(config.folder.database)) as db:
        articles = next((row["articles"] for row in queries.sources(db) if row["name"] == found), 0)
    stay = f"its {counted(articles, 'article')} {verb(articles, 'stays', 'stay')} in the archive"
    path = file_of(config, found)
    if not yes:
        if not sys.stdin.isatty():
            cause = "cannot ask for confirmation: standard input is not a terminal"
            raise ConfigError("morgue sources remove", cause, "say --yes")
        click.echo(plain(f"sources/{found}.toml, with its settings and rules, is deleted; {stay}"))
        click.confirm("Stop watching this source?", abort=True)
    with os_errors(str(path)):
        path.unlink()
        safe_open.sync_folder(path.parent)
    click.echo(plain(f"{found} is not watched any more; {stay}"))
