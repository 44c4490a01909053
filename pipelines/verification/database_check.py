"""Check the database: that SQLite can read it, and that its rows refer to rows and records that exist. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from pipelines.archive.crash_recovery import files_without_rows, must_match_files
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, ConfigError, DiskFull, MorgueError, NoArchive
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import day_number
from pipelines.database.connection import BEING_UPGRADED, ask, connect
from pipelines.database.frontier import parts
from pipelines.database.schema.places import DAY_OF_PLACE
from pipelines.verification import content_check
from pipelines.verification.findings import Finding
from pipelines.warc.manifest import ManifestEntry

MAX_QUICK_CHECK_ERRORS = 100
UNINDEXED = "SELECT count(*) FROM articles WHERE rowid NOT IN (SELECT id FROM articles_fts_docsize)"
INDEXED_ONLY = "SELECT count(*) FROM articles_fts_docsize WHERE id NOT IN (SELECT rowid FROM articles)"
MISPLACED = f"""
SELECT count(*) FROM articles WHERE {DAY_OF_PLACE.format("place")} IS NOT day_number(published_day)
"""  # noqa: S608 (our own numbers)
MISCOUNTED = f"""
SELECT count(*) FROM (
    SELECT day FROM (SELECT day, articles FROM article_days
                      UNION ALL SELECT {DAY_OF_PLACE.format("place")}, -count(*) FROM articles GROUP BY 1)
     GROUP BY day HAVING sum(articles) != 0)
"""  # noqa: S608 (our own numbers)
# A row of an article that is gone, and that no later comparison will take away.
TRACES = """
SELECT count(DISTINCT article_id) FROM (
    SELECT article_id FROM text_shingles UNION SELECT article_id FROM text_signatures
    UNION SELECT article_id FROM cluster_members UNION SELECT article_id FROM article_pairs
    UNION SELECT other_id FROM article_pairs
) WHERE article_id NOT IN (SELECT id FROM articles) AND article_id NOT IN (SELECT article_id FROM unclustered)
"""
ROWS_BY_FILE = """
SELECT file, count(*) AS rows, max(offset + length) AS size, min(offset) AS first FROM captures GROUP BY file
"""
OVERLAPS = """
SELECT id, file, offset, url, before FROM (
    SELECT id, file, offset, url, lag(offset + length) OVER (PARTITION BY file ORDER BY offset) AS before FROM captures
) WHERE offset < before ORDER BY file, offset
"""
REVISITS_WITHOUT_BODY = """
SELECT file, offset, id, refers_to FROM captures
 WHERE refers_to IS NOT NULL AND refers_to NOT IN (SELECT record_id FROM captures) {known} ORDER BY file, offset
"""
KNOWN_WHEN_IMPORTED = "AND instr(flaws, refers_to) = 0"  # the import said that the record was not there
MEANINGS = {  # what a column refers to, for people
    ("articles", "capture_id"): "the record that its newest revision was read from",
    ("revisions", "capture_id"): "the record in which it was first seen",
}

Check = Callable[[sqlite3.Connection], Iterator[Finding]]


def check(path: Path, *, quick: bool) -> list[Finding]:
    """Return what is wrong inside a database. A missing one is no finding here: its files report it.

    quick: do not read its pages for damage. Then rows are compared with each other; a full verification compares them
    with the records instead.
    """
    checks: list[Check]
    if quick:
        checks = [content_check.changed_schema, _dangling_references, _loose_parts, _index, _days, _copies,
                  _overlapping_captures, _revisits_without_body]  # fmt: skip
    else:
        checks = [content_check.changed_schema, _pages, _dangling_references, _loose_parts, _index, _places, _days,
                  _copies, content_check.changed_texts, content_check.damaged_rows]  # fmt: skip
    found: list[Finding] = []
    if not path.is_file():
        return []
    try:
        with closing(connect(path)) as db:
            for one in checks:
                found += one(db)
    except NoArchive:
        return []
    except DiskFull:
        raise  # the database may be sound
    except MorgueError as error:
        found.append(as_finding(error))
    return found


def objects_of_others(path: Path) -> tuple[str, ...]:
    """Return the tables, views, indexes and triggers in a database that are not ours; none if it cannot be read."""
    try:
        with closing(connect(path)) as db:
            return tuple(content_check.other_objects(db))
    except DiskFull:
        raise
    except MorgueError:  # a finding says so
        return ()


def rows_by_file(path: Path) -> dict[str, sqlite3.Row]:
    """Return what the rows say of each WARC file: rows, size (end of the last record with a row), first (offset).

    Raises NoArchive (no file), ArchiveDamaged, ArchiveLocked.
    """
    if not path.is_file():
        raise NoArchive(str(path), "no database")
    with closing(connect(path)) as db:
        return {row["file"]: row for row in ask(db, ROWS_BY_FILE)}


def last_journal_record(path: Path) -> int | None:
    """Return the number of the last journal record that a database counts; None if it is of an earlier version.

    Raises NoArchive (no file), ArchiveDamaged, ArchiveLocked.
    """
    if not path.is_file():
        raise NoArchive(str(path), "no database")
    with closing(connect(path)) as db:
        if not [*ask(db, "SELECT name FROM pragma_table_info('journal')")]:
            return None
        return int(next(ask(db, "SELECT last FROM journal"))["last"])


def record_offsets(path: Path, file: str, size: int, stretch: int) -> list[int]:
    """Return offsets of records, by the rows, that cut a file of `size` bytes into stretches. Raises MorgueError."""
    offsets: list[int] = []
    query = "SELECT min(offset) FROM captures WHERE file = ? AND offset >= ?"
    with closing(connect(path)) as db:
        while (at := (offsets[-1] if offsets else 0) + stretch) < size - stretch // 2:
            (offset,) = next(ask(db, query, (file, at)))
            if offset is None or offset >= size:
                break
            offsets.append(offset)
    return offsets


def without_row(path: Path, record_ids: Iterable[str]) -> set[str]:
    """Return those of these records that have no row now. Raises MorgueError."""
    query = "SELECT 1 FROM captures WHERE record_id = ?"
    with closing(connect(path)) as db:
        return {one for one in record_ids if next(ask(db, query, (one,)), None) is None}


def wrong_database(path: Path, entries: Collection[ManifestEntry]) -> Iterator[Finding]:
    """Yield a finding if the database is older than the files in the manifest, or belongs to other files.

    No command writes with such a database. Raises MorgueError.
    """
    with closing(connect(path)) as db:
        try:
            must_match_files(db, entries)
            for _ in files_without_rows(db, entries):
                pass
        except ArchiveDamaged as error:
            yield Finding(DATABASE_NAME, None, "wrong database", f"it {error.cause}")
        except sqlite3.DatabaseError:  # damage has findings of its own; but the database may be older than journals
            columns = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('journal')")}
            if "archive" not in columns and any(entry.archive for entry in entries):
                what = "it is older than the WARC files: they have a journal of which it knows nothing"
                yield Finding(DATABASE_NAME, None, "wrong database", what)


def as_finding(error: MorgueError) -> Finding:
    """Return an error of the database as a finding. Raises ConfigError for that of another archive's database."""
    if isinstance(error, ConfigError):
        raise error
    kind = "half upgraded" if error.cause == BEING_UPGRADED else "bad database"
    return Finding(DATABASE_NAME, None, kind, error.cause)


def _pages(db: sqlite3.Connection) -> Iterator[Finding]:
    for (message,) in ask(db, f"PRAGMA quick_check({MAX_QUICK_CHECK_ERRORS})"):
        if message != "ok":
            yield Finding(DATABASE_NAME, None, "bad database", str(message))


def _dangling_references(db: sqlite3.Connection) -> Iterator[Finding]:
    columns: dict[str, dict[int, tuple[str, str]]] = {}
    for table, rowid, parent, number in ask(db, "PRAGMA foreign_key_check"):
        if table not in columns:
            keys = ask(db, f"SELECT id, \"from\" FROM pragma_foreign_key_list('{table}')")  # noqa: S608 SQLite's own word
            columns[table] = {key: (name, MEANINGS.get((table, name), "what it refers to")) for key, name in keys}
        name, meaning = columns[table][number]
        if table == "articles":
            rowid = next(ask(db, "SELECT id FROM articles WHERE rowid = ?", (rowid,)))["id"]
        yield Finding(
            DATABASE_NAME, None, "dangling", f"{table}, row {rowid}: {name} ({meaning}) is no row of {parent}"
        )


def _loose_parts(db: sqlite3.Connection) -> Iterator[Finding]:
    """Check that each row of `page_parts` names rows that exist: a takedown goes by them."""
    for row_id, column, number in parts.loose_links(db):
        what = f"page_parts, row {row_id}: {column} {number} is no row of frontier"
        yield Finding(DATABASE_NAME, None, "dangling", what)


def _index(db: sqlite3.Connection) -> Iterator[Finding]:
    """Check that the full-text index has every article and no other.

    Since SQLite 3.44 `PRAGMA quick_check` also checks that the index has the right words.
    """
    for sql, what in ((UNINDEXED, "articles that no search finds"), (INDEXED_ONLY, "articles that do not exist")):
        (count,) = next(ask(db, sql))
        if count:
            yield Finding(DATABASE_NAME, None, "index", f"the full-text index: {count:,} {what}")


def _places(db: sqlite3.Connection) -> Iterator[Finding]:
    """Check that each article is at a place of its day: a search in a period goes by places alone."""
    if not [*ask(db, "SELECT name FROM pragma_table_info('articles') WHERE name = 'place'")]:
        return  # an archive from before there were places
    db.create_function("day_number", 1, day_number, deterministic=True)
    (count,) = next(ask(db, MISPLACED))
    if count:
        yield Finding(DATABASE_NAME, None, "index", f"{counted(count, 'article')} filed under another day than theirs")


def _days(db: sqlite3.Connection) -> Iterator[Finding]:
    """Check that each day is said to have as many articles as it has: counts by day go by these numbers."""
    if not [*ask(db, "SELECT 1 FROM sqlite_master WHERE name = 'article_days'")]:
        return  # an archive from before they were kept
    (count,) = next(ask(db, MISCOUNTED))
    if count:
        yield Finding(DATABASE_NAME, None, "index", f"the number of articles of {counted(count, 'day')} is wrong")


def _copies(db: sqlite3.Connection) -> Iterator[Finding]:
    """Check that the tables of copies have no trace of articles that are gone, such as hashes of a text taken down."""
    if not [*ask(db, "SELECT 1 FROM sqlite_master WHERE name = 'unclustered'")]:
        return  # an archive from before there were clusters
    (count,) = next(ask(db, TRACES))
    if count:
        gone = f"{counted(count, 'article')} that {verb(count, 'is', 'are')} gone"
        yield Finding(DATABASE_NAME, None, "index", f"the tables of copies have traces of {gone}")


def _overlapping_captures(db: sqlite3.Connection) -> Iterator[Finding]:
    for row in ask(db, OVERLAPS):
        what = f"capture {row['id']} of {row['url']} begins before byte {row['before']}, where the one before it ends"
        yield Finding(f"warc/{row['file']}", row["offset"], "no record", what)


def _revisits_without_body(db: sqlite3.Connection) -> Iterator[Finding]:
    columns = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('captures')")}
    if "refers_to" not in columns:
        return  # an archive from before there were revisits
    known = KNOWN_WHEN_IMPORTED if "flaws" in columns else ""
    for row in ask(db, REVISITS_WITHOUT_BODY.format(known=known)):
        what = f"capture {row['id']}: the record that holds its body, {row['refers_to']}, has no row"
        yield Finding(f"warc/{row['file']}", row["offset"], "link", what)
