"""After a crash: captures that the WARC files hold and the database does not, because its last commit was lost.

They get their rows before anything else is written, in the order of their records, so that a database that is rebuilt
from the files has the same ones. Their pages are fetched again: the frontier never learned of them. (What was imported
gets no row here: there a row says that the page was read too, so the next import gives it one.) A journal record
that came with them tells of rows that were never committed; the next one passes over its number, and names the last
one that was committed, which makes it void.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from pipelines.archive.journal import mark_of, standing
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.plural import counted
from pipelines.core.timestamps import parse
from pipelines.database.store import ArticleStore
from pipelines.warc.exchange import capture_of
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.reader import walk
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage

AT_MOST = 300.0  # seconds of captures whose rows one crash may take, files and all
REBUILD = "`morgue rebuild` makes it anew from all of them"
# A row that never was, in `changes`: there is something to tell, so that a next journal record is written.
NOTHING = "INSERT OR IGNORE INTO changes (name, key) VALUES ('captures', 0)"


def adopt(db: sqlite3.Connection, storage: WarcStorage, name: str) -> int:
    """Give the captures in a WARC file the rows that they lack; how many that were. Commits nothing.

    `name` may end in `.open`.
    """
    store, file, adopted = ArticleStore(db), name.removesuffix(OPEN_SUFFIX), 0
    archive, last = standing(db)
    for member in walk(storage, name, on_damage=lambda *damage: None):  # `recover` has said what is damaged
        mark = mark_of(member.headers)
        if mark is not None and mark.archive in (archive, None) and mark.number > last:
            db.execute("UPDATE journal SET used = max(used, ?)", (mark.number,))
            db.execute(NOTHING)
        try:
            capture = capture_of(member, file)
        except ValueError:  # no date
            continue
        if capture is None or capture.imported is not None:
            continue
        known = "SELECT 1 FROM captures WHERE record_id = ?"
        if db.execute(known, (capture.record_id,)).fetchone() is None:
            store.capture(capture, None, None)
            adopted += 1
    return adopted


def lacking(db: sqlite3.Connection, entries: Iterable[ManifestEntry]) -> Iterator[str]:
    """Finished files with captures that have no row, oldest first: a file may be finished before its last rows are
    committed. What a crash takes is the newest, so that one whole file ends the search."""
    found = []
    for entry in reversed(list(entries)):
        if entry.captures == 0:
            continue
        (rows,) = db.execute("SELECT count(*) FROM captures WHERE file = ?", (entry.file,)).fetchone()
        if rows >= entry.captures:
            break
        found.append(entry)
    _must_be_of_one_crash([entry for entry in found if entry.journal is None])
    yield from (entry.file for entry in reversed(found))


def must_be_of_these_files(db: sqlite3.Connection, entries: Iterable[ManifestEntry]) -> None:
    """A database that has not what was committed when a file was finished is older than that file: no crash does that.

    Raises ArchiveDamaged.
    """
    archive, last = standing(db)
    newest = max((entry for entry in entries if entry.archive), key=lambda entry: entry.journal or 0, default=None)
    if newest is None:
        return
    if (newest.journal or 0) > last:
        cause = (f"is older than the WARC files: it has their journal up to record {last}, and {newest.file} was "
                 f"finished after record {newest.journal} (a copy that was put back?)")  # fmt: skip
        raise ArchiveDamaged("morgue.db", cause, REBUILD)
    if newest.archive != archive:
        cause = f"is of another archive than the WARC files: {archive}, and they are of {newest.archive}"
        raise ArchiveDamaged("morgue.db", cause, f"put the right one back; or {REBUILD}")


def _must_be_of_one_crash(entries: Sequence[ManifestEntry]) -> None:
    """Of files of before, which do not say what was committed. A crash costs the rows of seconds; those of longer are
    missing from a database that is older than the files."""
    times = [parse(time) for entry in entries for time in (entry.first, entry.last) if time]
    if times and (max(times) - min(times)).total_seconds() > AT_MOST and len(entries) > 1:
        files = counted(len(entries), "WARC file")
        cause = f"knows nothing of {files}: it is older than they are (a copy that was put back?)"
        raise ArchiveDamaged("morgue.db", cause, REBUILD)
