"""Keep the times in which sources were paused: table `pauses`. Commits nothing; times are UTC.

That a source is paused now is said by its file in sources/. Here is since when, and until when it once was.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import datetime

from pipelines.core.timestamps import parse, stamp
from pipelines.database.connection import ask
from pipelines.database.health.facts import SourcePause


def note(db: sqlite3.Connection, source_id: int, now: datetime, *, paused: bool) -> None:
    """Note at the beginning of a crawl whether a source is paused: a pause begins, ends or goes on."""
    lasts = db.execute("SELECT id FROM pauses WHERE source_id = ? AND ended IS NULL", (source_id,)).fetchone()
    if paused and lasts is None:
        db.execute("INSERT INTO pauses (source_id, began) VALUES (?, ?)", (source_id, stamp(now)))
    elif not paused and lasts is not None:
        db.execute("UPDATE pauses SET ended = ? WHERE id = ?", (stamp(now), lasts[0]))


def pauses_since(db: sqlite3.Connection, since: datetime) -> defaultdict[int, list[SourcePause]]:
    """Return by source the pauses that ended after a time or last, ascending. Raises MorgueError."""
    found: defaultdict[int, list[SourcePause]] = defaultdict(list)
    sql = "SELECT source_id, began, ended FROM pauses WHERE coalesce(ended, '9') >= ? ORDER BY source_id, began"
    for row in ask(db, sql, (stamp(since),)):
        ended = parse(row["ended"]) if row["ended"] else None
        found[row["source_id"]].append(SourcePause(parse(row["began"]), ended))
    return found
