"""After a crash: captures that the WARC files hold and the database does not, because its last commit was lost.

They get their rows before anything else is written, in the order of their records, so that a database that is rebuilt
from the files has the same ones. Their pages are fetched again: the frontier never learned of them. Not so what was
imported: there a row says that the page was read too, so the next import gives it one (`kept`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.manifest import Entry
from pipelines.record import capture_of
from pipelines.store import Store
from pipelines.warcread import walk


def lagging(db: sqlite3.Connection, entries: Mapping[str, Entry]) -> list[str]:
    """Finished files, as the manifest lists them, whose captures do not all have rows: the youngest ones.

    A file may be finished between two commits, and commits come in the order of the files.
    """
    behind: list[str] = []
    for entry in reversed(list(entries.values())):
        (count,) = db.execute("SELECT count(*) FROM captures WHERE file = ?", (entry.file,)).fetchone()
        if count >= entry.captures:
            break
        behind.insert(0, entry.file)
    return behind


def adopt(db: sqlite3.Connection, folder: Path, files: Iterable[str]) -> int:
    """Give the captures in these files the rows that they lack; how many that were. Commits nothing."""
    store, adopted = Store(db), 0
    for file in dict.fromkeys(files):
        if not (folder / file).is_file():
            continue  # `morgue verify` says so
        for member in walk(folder / file, on_damage=lambda *damage: None):  # and what is damaged
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
