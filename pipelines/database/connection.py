"""Open the database of an archive, for reading or for writing, and name its errors.

Reading uses plain sqlite3, nothing heavier, because a search must start at once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.core import lock
from pipelines.core.archive_layout import (
    DATABASE_NAME,
    LOCK_NAME,
    REBUILDING_SUFFIX,
    RESTORED_SUFFIX,
    RESTORING_SUFFIX,
    has_warc_files,
    side_files,
)
from pipelines.core.errors import ArchiveDamaged, NoArchive, os_errors, read_error, write_error
from pipelines.core.safe_open import must_be_ordinary, open_file
from pipelines.core.terminal import plain
from pipelines.database.schema import UNFINISHED, newest
from pipelines.fleet.layout import fleet_above, lost_shard, place_of_shard

Row = dict[str, Any]

CACHE_KIB = 65536  # of the database that a writer keeps in memory: writes to the FTS index are spread all over it
IDLE_CACHE_KIB = 4096  # the same while it only asks what is due
WRITE_BUSY_SECONDS = 30.0  # how long a writer waits for another program
MAX_TRIGGERS_NAMED = 5
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")  # begins a rollback journal, and ends the name of a super-journal
BUSY_SECONDS = 10.0  # how long to wait for a writer; under WAL only a checkpoint at closing makes a reader wait
MAX_CACHED_CHARS = 1000  # of a JSON column whose decoded value is kept for the next rows
CACHED_TEXTS = 1 << 14  # values kept: a few MB
BEING_UPGRADED = "is being upgraded"  # the cause of the error for a database between two schemas
# Of a database in the making: what is added to its name, and the command that makes it.
MAKING = {REBUILDING_SUFFIX: "morgue rebuild", **dict.fromkeys((RESTORED_SUFFIX, RESTORING_SUFFIX), "morgue restore")}
MAKE_AGAIN = "`morgue restore --from COPY.db` brings a copy up to date; `morgue rebuild` makes a new database from them"
REQUIRED_TABLES = ("articles", "articles_fts", "captures", "frontier", "revisions", "sources")
JSON_KINDS: dict[type, str] = {list: "list of texts", dict: "object"}
JSON_VALUES: dict[type, str] = {dict: "objects", str: "texts"}
JSON_COLUMNS: dict[str, type[list[Any] | dict[str, Any]]] = {
    **dict.fromkeys(("authors", "tags", "rights", "comments", "header_rights", "flaws", "changes"), list),
    "found_in": dict,
}  # fmt: skip


_decoder = json.JSONDecoder()


def connect(path: Path, *, unfinished: bool = False) -> sqlite3.Connection:
    """Open the archive's database (`morgue.db`) for reading only; `unfinished`: also one between two schemas.

    Raises NoArchive if nothing was crawled yet, ArchiveDamaged, ArchiveLocked.
    """
    if not path.is_file():
        raise missing_database(path)
    db = _open(path)
    tables = {row["name"] for row in ask(db, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        db.close()
        raise missing_database(path)
    _must_be_known(db, path)
    if UNFINISHED in tables and not unfinished:
        db.close()
        raise ArchiveDamaged(str(path), BEING_UPGRADED, "wait for it, or run `morgue upgrade` if it was stopped")
    if UNFINISHED not in tables and not tables.issuperset(REQUIRED_TABLES):
        db.close()
        raise ArchiveDamaged(str(path), "a database, but not of an archive", "is it the file of another program?")
    if fleet_above(path.parent) is not None:
        from pipelines.database.schema import numbers  # which an archive that is no shard need not load

        try:
            numbers.must_be_shard(db, path)
        except BaseException:
            db.close()
            raise
    return db


def _open(path: Path) -> sqlite3.Connection:
    db = open_read_only(path)
    try:
        db.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        db.close()
        db = _without_shared_memory(path, error)
    except sqlite3.DatabaseError as error:
        raise read_error(error, path) from error
    db.row_factory = sqlite3.Row
    return db


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a plain connection that only reads. Raises MorgueError for a link, sqlite3.Error for what SQLite finds."""
    return _guarded(_connect(path, "mode=ro"), read_only=True)


def names_other_file(journal: Path) -> bool:
    """Return True if a rollback journal names a super-journal, which SQLite deletes after it rolled back.

    The name is at the end of the file, followed by its length, a checksum and the magic number (sqlite.org/fileformat,
    "The Rollback Journal"; `pager.c`, readSuperJournal). Only transactions on attached databases write one.
    """
    try:
        with open_file(journal) as file:
            file.seek(-len(JOURNAL_MAGIC), os.SEEK_END)
            return bool(file.read() == JOURNAL_MAGIC)
    except OSError:  # there is none, or it is shorter
        return False


def _connect(path: Path, options: str, *, timeout: float | None = None) -> sqlite3.Connection:
    """Open a database file by its name, once it is sure that this name and those beside it are no links elsewhere."""
    journal = path.with_name(f"{path.name}-journal")
    for file in (path, *side_files(path), journal):
        with os_errors(str(file)):
            must_be_ordinary(file)
    if names_other_file(journal):
        cause = "is a rollback journal that makes SQLite delete another file; no database of ours has one"
        raise ArchiveDamaged(str(journal), cause, f"delete {journal.name}, then run `morgue rebuild`")
    uri = f"{path.absolute().as_uri()}?{options}"
    return sqlite3.connect(
        uri, uri=True, timeout=timeout or BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _guarded(db: sqlite3.Connection, *, read_only: bool) -> sqlite3.Connection:
    """Let the schema of a database from elsewhere call nothing but plain SQL, and its damage end in an error."""
    if sys.version_info >= (3, 12):
        db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    if read_only:
        db.execute("PRAGMA query_only = ON")
    return db


def _without_shared_memory(path: Path, error: sqlite3.OperationalError) -> sqlite3.Connection:
    """Open a WAL database on a disk that is read-only or full: it has no room for shared memory, and no writer.

    Raises MorgueError if `error` has another meaning, or if the database cannot be read in this way either.
    """
    wal, _ = side_files(path)
    pending = wal.exists() and wal.stat().st_size > 0
    full = error.sqlite_errorname.startswith("SQLITE_IOERR_SHM") and not lock.is_held(path.with_name(LOCK_NAME))
    closed = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
    if not full and (not closed or pending):
        raise read_error(error, path) from error
    # If the write-ahead log has rows, SQLite reads it into its own memory, provided it may lock out all others.
    db = _connect(path, "mode=rw" if pending else "immutable=1")
    try:
        _guarded(db, read_only=True)
        if pending:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.DatabaseError as other:
        db.close()
        raise read_error(other if "BUSY" in getattr(other, "sqlite_errorname", "") else error, path) from other
    return db


def ask(db: sqlite3.Connection, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> Iterator[sqlite3.Row]:
    """Yield the rows of a query, streamed. Raises MorgueError for errors of SQLite, also while rows are fetched."""
    try:
        for row in db.execute(sql, values):  # noqa: UP028 - `yield from` would close a cursor of a closed database
            yield row
    except sqlite3.DatabaseError as error:
        raise read_error(error, file_of(db)) from error


def dicts(cursor: sqlite3.Cursor) -> Iterator[Row]:
    """Yield the rows of a cursor as dicts, for the archive writer's connection, which has plain tuples."""
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def decode_row(row: sqlite3.Row, table: str) -> Row:
    """Return a row of a table as a dict, with its JSON columns decoded: lists of texts, an object, None.

    Raises ArchiveDamaged if a column holds anything else.
    """
    return next(decode_rows(table, (row,)))


def decode_rows(table: str, rows: Iterable[sqlite3.Row]) -> Iterator[Row]:
    """Yield rows of one query on a table as `decode_row` returns them. Raises ArchiveDamaged."""
    names: list[str] = []
    encoded: list[tuple[str, type[list[Any] | dict[str, Any]]]] = []
    for row in rows:
        if not names:
            names = row.keys()
            encoded = [(name, kind) for name, kind in JSON_COLUMNS.items() if name in names]
        out = dict(zip(names, row, strict=True))  # dict(row) would look up each column by its name
        for name, kind in encoded:
            if (text := out[name]) is None:
                continue
            if text == "[]" and kind is list:  # the commonest of all
                out[name] = []
            elif (
                type(text) is str and len(text) <= MAX_CACHED_CHARS and (known := decode_short(text, kind)) is not None
            ):
                out[name] = known.copy()
            else:
                number = out["id"] if "id" in out else f"of revision {out['revision']}"
                out[name] = decode_json(text, kind, table, number, name)
        yield out


@lru_cache(maxsize=CACHED_TEXTS)
def decode_short(text: str, kind: type[list[Any] | dict[str, Any]]) -> Any:
    """Return what a short text holds as JSON, or None if that is not what the column must hold.

    Most rows of an archive share these values: no tags, the same author, found in the same places.
    """
    try:
        found, end = _decoder.raw_decode(text)  # without what json.loads does before and after: half of the time
        if end == len(text) and type(found) is kind and {*map(type, found)} <= {str}:
            return found
        return decode_json(text, kind, "", "", "")
    except (ValueError, RecursionError, ArchiveDamaged):
        return None


def decode_json(
    text: str,
    kind: type[list[Any] | dict[str, Any]],
    table: str,
    row: object,
    column: str,
    *,
    values: type = object,
) -> Any:
    """Return what a column holds as JSON: a list of texts, or an object. Raises ArchiveDamaged for anything else.

    `values`: what each value of the object must be.
    """
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    whole = isinstance(found, kind) and {*map(type, found)} <= {str}
    if not whole or (values is not object and not all(isinstance(one, values) for one in found.values())):
        cure = "`morgue verify` finds all such rows; `morgue rebuild` makes a new database from the WARC files"
        of = f" of {JSON_VALUES[values]}" if whole else ""
        cause = f"its column {column} holds no JSON {JSON_KINDS[kind]}{of}"
        raise ArchiveDamaged(f"{DATABASE_NAME}: {table}, row {row}", cause, cure)
    return found


def data_version(db: sqlite3.Connection) -> int:
    """Return a number that is another one after each commit of another connection (sqlite.org/pragma)."""
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def file_of(db: sqlite3.Connection) -> Path:
    """Return the file of a connection."""
    return Path(db.execute("PRAGMA database_list").fetchone()[2])


def missing_database(path: Path) -> NoArchive | ArchiveDamaged:
    """Return the error that says why there is no database to read."""
    for suffix, command in MAKING.items():
        if path.with_name(path.name + suffix).exists():
            cure = "wait for it; if none is running, the same command goes on where it stopped"
            return ArchiveDamaged(str(path), f"is being made again by `{command}`", cure)
    if fleet_above(path.parent) is not None:
        return lost_shard(path.parent)
    if has_warc_files(path.parent):
        return ArchiveDamaged(str(path), "holds nothing, but WARC files are there", MAKE_AGAIN)
    return NoArchive(str(path.parent), "no articles yet", "run `morgue crawl` (`morgue add URL` names what to crawl)")


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database for writing, in WAL mode, and migrate it to the newest schema.

    `synchronous=FULL`: a commit survives a power cut. There is about one commit a second. Raises ArchiveDamaged (also
    for triggers that are not ours), NotWritable, DiskFull.
    """
    if (place := place_of_shard(path.parent)) is not None:
        from pipelines.database.schema import numbers

        numbers.must_agree_with_others(place, path, connect)
    db = open_for_maintenance(path)
    try:
        _must_be_known(db, path)
        is_new = not applied_migrations(db)
        if place is not None:
            numbers.must_be_shard(db, path)
        is_newest = has_newest_schema(db)
        if not is_newest:
            from pipelines.database.schema.migrations import foreign_triggers  # as `migrate`, too slow for an idle pass

            if strangers := foreign_triggers(db):
                raise has_foreign_triggers(path, strangers)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        use_cache(db, CACHE_KIB)
        if not is_newest:
            migrate(db)
        if place is not None and is_new:  # the first one was lost, or is being made again
            numbers.make_shard(db, place.fleet.id, place.number, place.fleet.shards)
        _trust_own_triggers(db)
    except BaseException as error:
        db.close()
        if isinstance(error, sqlite3.Error | OSError):
            raise write_error(error, path) from error
        raise
    return db


def copy_database(database: Path, copy: Path) -> None:
    """Copy a database, which may be in use, into a new file that holds all of it. Raises sqlite3.Error."""
    with closing(_open(database)) as live, closing(sqlite3.connect(copy)) as db:
        live.backup(db)
        db.execute("PRAGMA journal_mode = DELETE")  # no second file


def use_cache(db: sqlite3.Connection, size: int) -> None:
    """Let a connection keep so many KiB of the database in memory."""
    db.execute(f"PRAGMA cache_size = {-size}")


def migrate(db: sqlite3.Connection) -> None:
    """Apply the migrations that a database has not had."""
    # sqlite-utils takes a quarter of a second to import, which an idle pass must not pay.
    from pipelines.database.schema.migrations import migrations
    from pipelines.database.schema.scripts import SchemaDatabase

    migrations.apply(SchemaDatabase(db))


def has_newest_schema(db: sqlite3.Connection) -> bool:
    """Return True if a database has had all migrations, and its triggers are exactly those that these make."""
    return applied_migrations(db) == newest.MIGRATIONS and triggers_digest(db) == newest.TRIGGERS


def _must_be_known(db: sqlite3.Connection, path: Path) -> None:
    """Raise ArchiveDamaged if a database has had a migration that this version does not know."""
    if set(applied_migrations(db)) - set(newest.MIGRATIONS):
        cure = "install that version, or a newer one; an older one would find nothing, or the wrong articles"
        raise ArchiveDamaged(str(path), "written by a newer version of Newsmorgue", cure)


def applied_migrations(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return the names of the migrations that a database has had, in order."""
    if next(ask(db, "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"), None) is None:
        return ()
    had = ask(db, "SELECT name FROM _sqlite_migrations WHERE migration_set = 'newsmorgue' ORDER BY name")
    return tuple(row[0] for row in had)


def triggers_digest(db: sqlite3.Connection) -> str:
    """Return a digest of the triggers of a database."""
    from hashlib import sha256  # takes milliseconds, which a search need not pay

    sql = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    return sha256(repr(list(map(tuple, db.execute(sql)))).encode()).hexdigest()


def open_for_maintenance(path: Path) -> sqlite3.Connection:
    """Open a database for writing as it is, with neither migrations nor settings. Raises MorgueError."""
    db = None
    try:
        db = _connect(path, "mode=rwc", timeout=WRITE_BUSY_SECONDS)
        return _guarded(db, read_only=False)
    except (sqlite3.Error, OSError) as error:
        if db is not None:
            db.close()
        raise write_error(error, path) from error


def _trust_own_triggers(db: sqlite3.Connection) -> None:
    """Trust the schema if this SQLite needs it: old ones let no trigger write to a full-text index without.

    No trigger but our own is there, and none of our own calls a function.
    """
    try:
        db.execute("EXPLAIN UPDATE articles SET text = text")
    except sqlite3.OperationalError:
        db.execute("PRAGMA trusted_schema = ON")


def has_foreign_triggers(path: Path, names: Sequence[str]) -> ArchiveDamaged:
    """Return the error for a database that would do more than we ask when it is written to."""
    listed = ", ".join(map(plain, names[:MAX_TRIGGERS_NAMED])) + (", ..." if len(names) > MAX_TRIGGERS_NAMED else "")
    cure = "if you made them, DROP TRIGGER removes them; if not, `morgue rebuild` makes a new database"
    return ArchiveDamaged(str(path), f"holds triggers that are not Newsmorgue's, so nothing is written: {listed}", cure)
