"""Is the database sound in itself, and does it point at nothing that is not there? Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path

from pipelines.archive.crash_recovery import files_without_rows, must_match_files
from pipelines.core.errors import ArchiveDamaged, DiskFull, MorgueError, NoArchive
from pipelines.database.connection import ask, connect
from pipelines.verification.findings import Finding
from pipelines.warc.manifest import ManifestEntry

NAME = "morgue.db"
UNINDEXED = "SELECT count(*) FROM articles WHERE id NOT IN (SELECT id FROM articles_fts_docsize)"
INDEXED_ONLY = "SELECT count(*) FROM articles_fts_docsize WHERE id NOT IN (SELECT id FROM articles)"
FILES = "SELECT file, count(*) AS rows, max(offset + length) AS size, min(offset) AS first FROM captures GROUP BY file"
OVERLAPS = """
SELECT id, file, offset, url, before FROM (
    SELECT id, file, offset, url, lag(offset + length) OVER (PARTITION BY file ORDER BY offset) AS before FROM captures
) WHERE offset < before ORDER BY file, offset
"""
LOST_BODIES = """
SELECT file, offset, id, refers_to FROM captures
 WHERE refers_to IS NOT NULL AND refers_to NOT IN (SELECT record_id FROM captures) ORDER BY file, offset
"""
CHECKS = {  # what the columns that refer to other tables mean, for people
    ("articles", "capture_id"): "the record that its newest revision was read from",
    ("revisions", "capture_id"): "the record in which it was first seen",
}

Check = Callable[[sqlite3.Connection], Iterator[Finding]]


def check(path: Path, *, quick: bool) -> list[Finding]:
    """What is wrong inside the database.

    quick: its pages are not read for damage; instead the rows are held against each other where in full the records
    themselves tell.
    """
    checks: list[Check] = [_references, _index, _overlaps, _bodies] if quick else [_pages, _references, _index]
    found: list[Finding] = []
    if not path.is_file():
        return []  # the files it should know of say so
    try:
        with closing(connect(path)) as db:
            for one in checks:
                found += one(db)
    except NoArchive:
        return []  # the files it should know of say so
    except DiskFull:
        raise  # says nothing of the database
    except MorgueError as error:
        found.append(bad(error))
    return found


def files(path: Path) -> dict[str, sqlite3.Row]:
    """What the rows say of each WARC file: rows, size (the end of the last record with a row), first.

    Raises NoArchive (no file), ArchiveDamaged, ArchiveLocked.
    """
    if not path.is_file():
        raise NoArchive(str(path), "no database")
    with closing(connect(path)) as db:
        return {row["file"]: row for row in ask(db, FILES)}


def still_without(path: Path, ids: list[str]) -> set[str]:
    """Which of these records have no row now. Raises MorgueError."""
    missing = set()
    with closing(connect(path)) as db:
        for one in ids:
            if next(ask(db, "SELECT 1 FROM captures WHERE record_id = ?", (one,)), None) is None:
                missing.add(one)
    return missing


def not_of(path: Path, entries: Collection[ManifestEntry]) -> Iterator[Finding]:
    """Whether a database is older than the files in the manifest, or of other ones: then no command writes with it.

    Raises MorgueError.
    """
    with closing(connect(path)) as db:
        try:
            must_match_files(db, entries)
            for _ in files_without_rows(db, entries):
                pass
        except ArchiveDamaged as error:
            yield Finding(NAME, None, "wrong database", f"it {error.cause}")
        except sqlite3.DatabaseError:  # damage has findings of its own; and one of before the journal is older
            tables = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('journal')")}
            if "archive" not in tables and any(entry.archive for entry in entries):
                what = "it is older than the WARC files: they have a journal that it knows nothing of"
                yield Finding(NAME, None, "wrong database", what)


def bad(error: MorgueError) -> Finding:
    """An error of the database as a finding."""
    return Finding(NAME, None, "bad database", error.cause)


def _pages(db: sqlite3.Connection) -> Iterator[Finding]:
    for (said,) in ask(db, "PRAGMA quick_check(100)"):
        if said != "ok":
            yield Finding(NAME, None, "bad database", str(said))


def _references(db: sqlite3.Connection) -> Iterator[Finding]:
    columns: dict[str, dict[int, tuple[str, str]]] = {}
    for table, rowid, parent, number in ask(db, "PRAGMA foreign_key_check"):
        if table not in columns:
            keys = ask(db, f"SELECT id, \"from\" FROM pragma_foreign_key_list('{table}')")  # noqa: S608 SQLite's own word
            columns[table] = {key: (name, CHECKS.get((table, name), "what it refers to")) for key, name in keys}
        name, meaning = columns[table][number]
        yield Finding(NAME, None, "dangling", f"{table}, row {rowid}: {name} ({meaning}) is no row of {parent}")


def _index(db: sqlite3.Connection) -> Iterator[Finding]:
    """Whether the full-text index has each article; what it has of it, `_pages` looks at with SQLite 3.44 and later."""
    for sql, what in ((UNINDEXED, "articles that no search finds"), (INDEXED_ONLY, "articles that are not there")):
        (count,) = next(ask(db, sql))
        if count:
            yield Finding(NAME, None, "index", f"the full-text index: {count:,} {what}")


def _overlaps(db: sqlite3.Connection) -> Iterator[Finding]:
    for row in ask(db, OVERLAPS):
        what = f"capture {row['id']} of {row['url']} begins before byte {row['before']}, where the one before it ends"
        yield Finding(f"warc/{row['file']}", row["offset"], "no record", what)


def _bodies(db: sqlite3.Connection) -> Iterator[Finding]:
    if "refers_to" not in {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('captures')")}:
        return  # an archive of before revisits
    for row in ask(db, LOST_BODIES):
        what = f"capture {row['id']}: no row has the record that holds its body, {row['refers_to']}"
        yield Finding(f"warc/{row['file']}", row["offset"], "link", what)
