"""Keep the times in which sources were paused: table `pauses`. Commits nothing; times are UTC.

That a source is paused now is said by its file in sources/. Here is since when, and until when it once was.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from pipelines.core.timestamps import parse, stamp
from pipelines.database.connection import ask
from pipelines.database.health.facts import SourcePause
from pipelines.database.schema.numbers import new_id


def note(db: sqlite3.Connection, paused: Mapping[int, bool], now: datetime) -> None:
    """Note at the beginning of a crawl whether sources, by row id, are paused: a pause begins, ends or goes on."""
    lasting = dict(db.execute("SELECT source_id, id FROM pauses WHERE ended IS NULL").fetchall())
    for source_id, is_paused in paused.items():
        if is_paused and source_id not in lasting:
            sql = f"INSERT INTO pauses (id, source_id, began) VALUES ({new_id('pauses')}, ?, ?)"  # noqa: S608
            db.execute(sql, (source_id, stamp(now)))
        elif not is_paused and source_id in lasting:
            db.execute("UPDATE pauses SET ended = ? WHERE id = ?", (stamp(now), lasting[source_id]))


def pauses_since(db: sqlite3.Connection, since: datetime) -> defaultdict[int, list[SourcePause]]:
    """Return by source the pauses that ended after a time or last, ascending. Raises MorgueError."""
    found: defaultdict[int, list[SourcePause]] = defaultdict(list)
    sql = "SELECT source_id, began, ended FROM pauses WHERE coalesce(ended, '9') >= ? ORDER BY source_id, began"
    for row in ask(db, sql, (stamp(since),)):
        ended = parse(row["ended"]) if row["ended"] else None
        found[row["source_id"]].append(SourcePause(parse(row["began"]), ended))
    return found
