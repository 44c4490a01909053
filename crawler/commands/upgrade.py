"""`morgue upgrade`: the database of an archive brought up to date with this version."""

from __future__ import annotations

import sqlite3

import click

from crawler.cli.main import folder_option, setting_option, the_folder
from pipelines.core.plural import counted


@click.command()
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """Bring the database of an archive that an older version wrote up to date, and do nothing else.

    `morgue crawl`, `add` and `import` do so by themselves; this is for an archive that is only to be read. Nothing is
    fetched, no row is lost, and the WARC files are not touched. Each step is done whole or not at all; interrupted, the
    same command goes on.
    """
    from contextlib import closing

    from pipelines.core.lock import NAME, ArchiveLock
    from pipelines.database.connection import connect, open_database

    folder = the_folder(ctx)
    connect(folder.database).close()  # before the lock: whether there is one, and an archive's
    lock = ArchiveLock(folder.path / NAME)
    try:
        with closing(connect(folder.database)) as old:
            before = steps(old)
        with closing(open_database(folder.database)) as new:
            made = [name for name in steps(new) if name not in before]
    finally:
        lock.release()
    said = f"brought up to date in {counted(len(made), 'step')}: {', '.join(made)}" if made else "is up to date"
    click.echo(f"{folder.database}: {said}")


def steps(db: sqlite3.Connection) -> list[str]:
    """The migrations that a database has had, in their order."""
    from pipelines.database.connection import ask

    query = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'newsmorgue' ORDER BY applied_at, name"
    return [row[0] for row in ask(db, query)]
