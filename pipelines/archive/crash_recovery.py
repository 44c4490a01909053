"""Recover an archive after a crash: give captures that are in the WARC files, but not in the database, their rows.

A crash may take the last commit of the database. The missing rows are added before anything else is written, in the
order of the records, so that a database that is rebuilt from the files has the same rows. The pages are fetched again,
because the frontier never learned of them. Imported captures get no row here: their row would also say that the page
was read, so the next import adds it. A journal record of the lost commit describes rows that were never committed. The
next journal record passes over its number and names the last committed record instead, which makes it void.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.archive.journal import journal_header
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, write_error
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import parse
from pipelines.database import captures
from pipelines.database.connection import file_of
from pipelines.database.journal_rows import database_state, void_number
from pipelines.warc.exchange import capture_of
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.reader import walk
from pipelines.warc.recovery import recover
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage

logger = logging.getLogger("morgue.archive")

MAX_CRASH_SECONDS = 300.0  # time span of captures whose rows one crash may take, whole files of them included
REBUILD = "`morgue rebuild` makes a new database from all of them"
RESTORE = f"`morgue restore` brings it up to date from them; {REBUILD}"


def recover_archive(
    db: sqlite3.Connection,
    database: Path,
    storage: WarcStorage,
    manifest_path: Path,
    listed: Collection[ManifestEntry],
) -> list[str]:
    """Add missing rows, finish `.open` files, and return sentences for the user about both.

    `listed`: the entries of the manifest `manifest_path`. Raises ArchiveDamaged for a database that is not of these
    files, MorgueError for the disk.
    """
    must_match_files(db, listed)
    added = 0

    def add(name: str) -> None:
        nonlocal added
        try:
            db.execute("BEGIN IMMEDIATE")
            count = add_missing_rows(db, storage, name)
            db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, database) from error
        added += count

    for file in files_without_rows(db, listed):
        if storage.size(file) is not None:
            add(file)
    recovered = recover(storage, manifest_path, add, database_state(db))  # second, because these files are newer
    messages = [message for file in recovered for message in file.messages]
    if added:
        rows = verb(added, "its row", "their rows")
        pages = verb(added, "its page is", "their pages are")
        messages.append(f"{counted(added, 'capture')} of the last run got {rows} back; {pages} fetched again")
    for message in messages:
        logger.info("crash recovery: %(step)s", {"step": message})
    return messages


def add_missing_rows(db: sqlite3.Connection, storage: WarcStorage, name: str) -> int:
    """Add the rows that captures in a WARC file lack, and return how many. Commits nothing.

    `name`: under which the file is stored, with or without `.open`.
    """
    from pipelines.database.store import ArticleStore  # most runs have nothing to recover

    store, file, added = ArticleStore(db), name.removesuffix(OPEN_SUFFIX), 0
    archive, last = database_state(db)
    for member in walk(storage, name, on_damage=lambda *damage: None):  # `recover` reports the damage
        header = journal_header(member.headers)
        if header is not None and header.archive in (archive, None) and header.number > last:
            void = {"file": file, "number": header.number, "committed": last}
            logger.info("%(file)s: journal record %(number)d is void: the last one committed is %(committed)d", void)
            void_number(db, header.number)
        try:
            capture = capture_of(member, file)
        except ValueError:  # no date
            continue
        if capture is None or capture.imported is not None:
            continue
        if not captures.has_record(db, capture.record_id):
            store.capture(capture, None, None)
            added += 1
            logger.info("%(file)s: the capture of %(url)s gets its row back", {"file": file, "url": capture.url})
    return added


def files_without_rows(db: sqlite3.Connection, entries: Iterable[ManifestEntry]) -> Iterator[str]:
    """Yield finished files with captures that have no row, oldest first.

    A file may be finished before its last rows are committed. A crash takes the newest rows, so the search ends at
    the first file, from the newest back, that has them all. Raises ArchiveDamaged if no single crash explains it.
    """
    found = []
    for entry in reversed(list(entries)):
        if entry.captures == 0:
            continue
        rows = captures.count_in_file(db, entry.file)
        if rows >= entry.captures:
            break
        lost = {"file": entry.file, "captures": entry.captures, "rows": rows}
        logger.info("%(file)s: some captures have lost their rows (captures: %(captures)d, rows: %(rows)d)", lost)
        found.append(entry)
    _must_be_of_one_crash([entry for entry in found if entry.journal is None])
    yield from (entry.file for entry in reversed(found))


def must_match_files(db: sqlite3.Connection, entries: Collection[ManifestEntry]) -> None:
    """Raise ArchiveDamaged if the database is older than a finished file, or of another archive.

    The manifest says what was committed when a file was finished. A database that lacks it is a restored copy: no
    crash can take it.
    """
    must_be_of_archive(db, entries)
    newest, last = _newest(entries), database_state(db).journal
    if newest is not None and (newest.journal or 0) > last:
        cause = (
            f"is older than the WARC files: it has their journal up to record {last}, and {newest.file} was "
            f"finished after record {newest.journal} (a copy that was put back?)"
        )
        raise ArchiveDamaged(DATABASE_NAME, cause, RESTORE)


def must_be_of_archive(db: sqlite3.Connection, entries: Iterable[ManifestEntry]) -> None:
    """Raise ArchiveDamaged if the database is of another archive than the files in the manifest."""
    newest, archive = _newest(entries), database_state(db).archive
    if newest is not None and newest.archive != archive:
        cause = f"is of another archive than the WARC files: {archive}, and they are of {newest.archive}"
        raise ArchiveDamaged(file_of(db).name, cause, f"put the right one back; or {REBUILD}")


def _newest(entries: Iterable[ManifestEntry]) -> ManifestEntry | None:
    """Return the entry with the last journal record; None if none says of which archive it is."""
    return max((entry for entry in entries if entry.archive), key=lambda entry: entry.journal or 0, default=None)


def _must_be_of_one_crash(entries: Sequence[ManifestEntry]) -> None:
    """Raise ArchiveDamaged if files of older versions, whose entries do not say what was committed, lack too many rows.

    A crash costs the rows of seconds. If rows of a longer time are missing, the database is older than the files.
    """
    times = [parse(time) for entry in entries for time in (entry.first, entry.last) if time]
    if times and (max(times) - min(times)).total_seconds() > MAX_CRASH_SECONDS and len(entries) > 1:
        files = counted(len(entries), "WARC file")
        cause = f"knows nothing of {files}: it is older than they are (a copy that was put back?)"
        raise ArchiveDamaged(DATABASE_NAME, cause, RESTORE)
