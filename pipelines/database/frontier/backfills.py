"""Keep the backfills of sources, and queue articles of the past for them: rows of `frontier` in the state `past`.

Commits nothing; times are UTC.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import NamedTuple

from pipelines.core.timestamps import stamp
from pipelines.database.frontier.rows import FrontierRow

# The articles of a backfill. Those without a day are of one without bounds only.
MEANT = """source_id = :source_id AND state = 'past'
    AND iif(day IS NULL, :since IS NULL AND :until IS NULL,
            day >= coalesce(:since, '') AND day <= coalesce(:until, '9999'))"""

# ruff: noqa: S608 - SQL is put together from the constant above; every value is bound


class Backfill(NamedTuple):
    """Hold what the user asked for, and how far it has come."""

    source_id: int
    since: str | None  # ISO day
    until: str | None
    a_day: int
    begun: str
    day: str | None  # the last day on which articles were queued
    taken: int  # on that day
    ended: str | None


def running(db: sqlite3.Connection) -> dict[int, Backfill]:
    """Return the backfills that go on, by the row id of their source."""
    rows = db.execute(f"SELECT {', '.join(Backfill._fields)} FROM backfills WHERE ended IS NULL")
    return {row[0]: Backfill(*row) for row in rows}


def begin(db: sqlite3.Connection, backfill: Backfill) -> None:
    """Let a backfill begin, or go on with other bounds."""
    marks = ", ".join(f":{name}" for name in Backfill._fields)
    db.execute("DELETE FROM backfills WHERE source_id = ?", (backfill.source_id,))
    db.execute(f"INSERT INTO backfills ({', '.join(Backfill._fields)}) VALUES ({marks})", backfill._asdict())


def end(db: sqlite3.Connection, source_id: int, now: datetime) -> None:
    """End the backfill of a source. What it has not queued stays in the state `past`."""
    db.execute("UPDATE backfills SET ended = ? WHERE source_id = ? AND ended IS NULL", (stamp(now), source_id))


def left(db: sqlite3.Connection, backfill: Backfill) -> int:
    """Return the number of articles that a backfill has not queued yet."""
    sql = f"SELECT count(*) FROM frontier WHERE {MEANT}"
    return int(db.execute(sql, backfill._asdict()).fetchone()[0])


def has_sitemap(db: sqlite3.Connection, source_id: int) -> bool:
    """Return True if a sitemap of a source is known that is not only a guess at which nothing was there."""
    sql = """SELECT EXISTS (SELECT 1 FROM frontier WHERE source_id = ? AND kind = 'sitemap'
                                AND state IN ('waiting', 'claimed'))"""
    return bool(db.execute(sql, (source_id,)).fetchone()[0])


def has_read_sitemap(db: sqlite3.Connection, source_id: int) -> bool:
    """Return True if a sitemap of a source was read: more than a guess at which there was something else."""
    sql = """SELECT EXISTS (SELECT 1 FROM frontier WHERE source_id = ? AND kind = 'sitemap' AND visits > 0
                               AND NOT (state = 'done' AND last_error IS NOT NULL))"""
    return bool(db.execute(sql, (source_id,)).fetchone()[0])


def queued(db: sqlite3.Connection, backfill: Backfill, rank: int) -> int:
    """Return the number of articles that a backfill has queued with this rank, and that were not visited yet."""
    sql = "SELECT count(*) FROM frontier WHERE source_id = ? AND state = 'waiting' AND visits = 0 AND priority >= ?"
    return int(db.execute(sql, (backfill.source_id, rank)).fetchone()[0])


def queue_more(db: sqlite3.Connection, backfill: Backfill, now: datetime, rank: int) -> int:
    """Let as many articles as are left for today wait for a visit, the newest first. Return how many these are.

    `rank`: is added to their priority.
    """
    today = stamp(now)[:10]
    taken = backfill.taken if backfill.day == today else 0
    changed = db.execute(
        f"""UPDATE frontier SET state = 'waiting', next_visit = :now, priority = priority + :rank
             WHERE id IN (SELECT id FROM frontier WHERE {MEANT} ORDER BY day DESC LIMIT max(:room, 0))""",
        backfill._asdict() | {"now": stamp(now), "rank": rank, "room": backfill.a_day - taken},
    ).rowcount
    db.execute(
        "UPDATE backfills SET day = ?, taken = ? WHERE source_id = ?", (today, taken + changed, backfill.source_id)
    )
    return changed


def release(db: sqlite3.Connection, backfill: Backfill, rank: int) -> int:
    """Put what a backfill has queued, and no crawl has visited, back into the past. Return how many these are."""
    sql = """UPDATE frontier SET state = 'past', next_visit = NULL, priority = priority - :rank
              WHERE source_id = :source_id AND state = 'waiting' AND visits = 0 AND failures = 0
                AND priority >= :rank"""
    return db.execute(sql, {"source_id": backfill.source_id, "rank": rank}).rowcount


def wanted_now(db: sqlite3.Connection, row: FrontierRow, now: datetime) -> bool:
    """Let an article of the past be fetched now, because a feed or page names it. Return False if it is none."""
    cursor = db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = ?, priority = ?, found_on = ?
            WHERE url_key = ? AND state = 'past'""",
        (stamp(now), row.priority, row.found_on, row.url_key),
    )
    return cursor.rowcount > 0
