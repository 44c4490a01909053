"""Compare the articles that wait for it before a command uses clusters, if no other process writes to the archive."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import click

from crawler.cli.progress_bar import StepProgress
from crawler.config.archive_folder import ArchiveFolder
from pipelines.core.archive_layout import LOCK_NAME
from pipelines.core.errors import ArchiveLocked, DiskFull, NotWritable
from pipelines.core.lock import ArchiveLock
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database.clusters.copies import waiting
from pipelines.database.connection import has_newest_schema, open_database

if TYPE_CHECKING:
    from exports.python_api.archive import Archive

STEP = "comparing articles"
QUICKLY = 1_000  # articles that a search compares at most: one to three seconds


def compare_waiting(archive: Archive, *, most: int | None = None) -> None:
    """Compare the articles that wait, or the first `most`, in each shard; say on stderr how many wait afterwards.

    Until then each of them counts as the only copy of its text. Raises MorgueError if a database is damaged.
    """
    for shard in archive.shards:
        _compare(ArchiveFolder(shard.path), shard.connection, most)


def _compare(folder: ArchiveFolder, db: sqlite3.Connection, most: int | None) -> None:
    if not waiting(db):
        return
    why = "run `morgue clusters` to compare all of them"
    if not has_newest_schema(db):
        why = "the database was written by another version: run `morgue upgrade`"
    else:
        try:
            compare_all(folder, most)
        except (ArchiveLocked, NotWritable, DiskFull) as error:
            why = f"the archive {error.cause}" if isinstance(error, ArchiveLocked) else str(error)
    if left := waiting(db):
        what = f"{counted(left, 'article')} {verb(left, 'is', 'are')} not compared with others yet"
        click.echo(f"{what}, and {verb(left, 'counts', 'count')} as unlike: {plain(why)}", err=True)


def compare_all(folder: ArchiveFolder, most: int | None) -> None:
    """Compare the articles that wait, with progress. An interruption keeps what is done.

    Raises ArchiveLocked, NotWritable, DiskFull, ArchiveDamaged.
    """
    lock = ArchiveLock(folder.path / LOCK_NAME)
    try:
        with closing(open_database(folder.database)) as writer:
            work_off_waiting(writer, folder, most)
    finally:
        lock.release()


def work_off_waiting(writer: sqlite3.Connection, folder: ArchiveFolder, most: int | None = None) -> int:
    """Compare the articles that wait over a connection that may write; return their number. Raises MorgueError."""
    from pipelines.core.errors import write_error
    from pipelines.database.clusters.upkeep import work_off_all

    try:
        with StepProgress() as steps:
            return work_off_all(writer, lambda done, total: steps(STEP, done, total), most)
    except sqlite3.Error as error:
        raise write_error(error, folder.database) from error
