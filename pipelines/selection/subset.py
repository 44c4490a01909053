"""Copy articles into a new database of an archive, with all that the tables hold of them.

Copied are the articles, their revisions, other addresses and states, what they share with each other, the captures that
these name, and the sources and runs of the captures. Queue, plans, journal and takedowns belong to the archive that
crawls and stay there.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path

from pipelines.core.errors import ArchiveDamaged, write_error
from pipelines.database.clusters.subset import copy_compared, make_clusters
from pipelines.database.connection import ask, file_of, has_newest_schema, open_database

BATCH_ARTICLES = 200  # copied at once
CAPTURES_NAMED = """SELECT capture_id FROM articles UNION SELECT capture_id FROM revisions
    UNION SELECT capture_id FROM sightings UNION SELECT capture_id FROM page_states
    UNION SELECT last_capture_id FROM page_states"""
SOURCES_NAMED = """SELECT source_id FROM articles UNION SELECT source_id FROM captures
    UNION SELECT source_id FROM page_states"""
NEWEST_ONLY = "AND number = (SELECT revision FROM articles WHERE id = article_id)"
NEWEST_SIGHTINGS = f"revision_id IN (SELECT id FROM revisions WHERE article_id IN ({{ids}}) {NEWEST_ONLY})"


def copy_articles(db: sqlite3.Connection, ids: Iterable[int], path: Path, *, every_revision: bool) -> int:
    """Copy articles by their ids into the new database `path`; return their number.

    The same rows give the same file. Raises ArchiveDamaged if the archive has not the newest schema, DiskFull,
    NotWritable.
    """
    if not has_newest_schema(db):
        cause = "was written by an earlier version, and its rows cannot be copied as they are"
        raise ArchiveDamaged(str(file_of(db)), cause, "run `morgue upgrade` first")
    with closing(open_database(path)) as new:
        try:
            return _copy(db, ids, new, every_revision=every_revision)
        except sqlite3.DatabaseError as error:
            raise write_error(error, path) from error


def _copy(db: sqlite3.Connection, ids: Iterable[int], new: sqlite3.Connection, *, every_revision: bool) -> int:
    new.execute("PRAGMA foreign_keys = OFF")  # what a row names may come after it
    new.execute("PRAGMA synchronous = OFF")  # the export makes the whole file durable at its end
    new.execute("BEGIN")
    count, waiting = 0, iter(ids)
    which = "" if every_revision else NEWEST_ONLY
    sightings = NEWEST_SIGHTINGS if not every_revision else NEWEST_SIGHTINGS.replace(NEWEST_ONLY, "")
    while batch := list(islice(waiting, BATCH_ARTICLES)):
        listed = ", ".join(map(str, batch))
        _copy_rows(db, new, "articles", f"id IN ({listed})")
        _copy_rows(db, new, "revisions", f"article_id IN ({listed}) {which}")
        _copy_rows(db, new, "aliases", f"article_id IN ({listed})")
        _copy_rows(db, new, "page_states", f"article_id IN ({listed})")
        _copy_rows(db, new, "sightings", sightings.format(ids=listed))
        copy_compared(db, new, batch)
        count += len(batch)
    for table, named in (("captures", CAPTURES_NAMED), ("sources", SOURCES_NAMED)):
        _copy_named(db, new, table, named)
    _copy_named(db, new, "crawls", "SELECT DISTINCT crawl_id FROM captures")
    make_clusters(db, new)
    new.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")
    for table in ("changes", "changed_lines"):  # what a crawl would still write into its journal: nothing here
        new.execute(f"DELETE FROM {table}")
    for name, applied in db.execute("SELECT name, applied_at FROM _sqlite_migrations"):
        new.execute("UPDATE _sqlite_migrations SET applied_at = ? WHERE name = ?", (applied, name))
    new.execute("UPDATE journal SET archive = ?", (_identity(db, new),))
    new.execute("COMMIT")
    new.execute("PRAGMA journal_mode = DELETE")  # one file, which can be read from a disk that is read-only
    new.execute("VACUUM")
    return count


def _identity(db: sqlite3.Connection, new: sqlite3.Connection) -> str:
    """Return the identity of the new archive, which is always the same for the same articles of one archive."""
    (archive,) = next(ask(db, "SELECT archive FROM journal"))
    digests = sha256()
    for row in new.execute("SELECT article_id, number, text_digest FROM revisions ORDER BY article_id, number"):
        digests.update(repr(tuple(row)).encode())
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{archive} {digests.hexdigest()}"))


def _copy_named(db: sqlite3.Connection, new: sqlite3.Connection, table: str, named: str) -> None:
    """Copy the rows of a table whose ids a query on the new database gives."""
    found = new.execute(f"SELECT DISTINCT * FROM ({named}) ORDER BY 1").fetchall()
    wanted = iter([number for (number,) in found if number is not None])
    while batch := list(islice(wanted, BATCH_ARTICLES)):
        _copy_rows(db, new, table, f"id IN ({', '.join(map(str, batch))})")


def _copy_rows(db: sqlite3.Connection, new: sqlite3.Connection, table: str, condition: str) -> None:
    names = ", ".join(row["name"] for row in ask(db, f"PRAGMA table_info({table})"))
    rows = [tuple(row) for row in ask(db, f"SELECT {names} FROM {table} WHERE {condition} ORDER BY 1")]
    if rows:
        new.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(rows[0]))})", rows)
