"""After a crash: captures that the WARC files hold and the database does not, because its last commit was lost.

They get their rows before anything else is written, in the order of their records, so that a database that is rebuilt
from the files has the same ones. Their pages are fetched again: the frontier never learned of them. (What was imported
gets no row here: there a row says that the page was read too, so the next import gives it one.) A journal record
that came with them tells of rows that were never committed; the next one takes its number, and so makes it void.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.clock import parse
from pipelines.counted import counted
from pipelines.errors import ArchiveDamaged
from pipelines.journal import number_of
from pipelines.manifest import Entry
from pipelines.record import capture_of
from pipelines.store import Store
from pipelines.warcread import walk

AT_MOST = 300.0  # seconds of captures whose rows one crash may take, files and all
# A row that never was, in `changes`: there is something to tell, so that a next journal record is written.
NOTHING = "INSERT OR IGNORE INTO changes (name, key) VALUES ('captures', 0)"


def adopt(db: sqlite3.Connection, path: Path, file: str) -> int:
    """Give the captures in a WARC file the rows that they lack; how many that were. Commits nothing.

    `file` is the name of `path`, without an `.open`.
    """
    store, adopted = Store(db), 0
    (last,) = db.execute("SELECT last FROM journal").fetchone()
    for member in walk(path, on_damage=lambda *damage: None):  # `recover` has said what is damaged
        if (number_of(member.headers) or 0) > last:
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


def lacking(db: sqlite3.Connection, entries: Iterable[Entry]) -> Iterator[str]:
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
    _must_be_of_one_crash(found)
    yield from (entry.file for entry in reversed(found))


def _must_be_of_one_crash(entries: Sequence[Entry]) -> None:
    """A crash costs the rows of seconds. Those of longer are missing from a database that is older than the files."""
    times = [parse(time) for entry in entries for time in (entry.first, entry.last) if time]
    if times and (max(times) - min(times)).total_seconds() > AT_MOST and len(entries) > 1:
        files = counted(len(entries), "WARC file")
        cause = f"knows nothing of {files}: it is older than they are (a copy that was put back?)"
        raise ArchiveDamaged("morgue.db", cause, "`morgue rebuild` makes it anew from all of them")
