"""Keep from crawl to crawl the robots.txt of each site, and the pace at which each host is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from pipelines.core.timestamps import fine_stamp, parse, stamp
from pipelines.database.connection import Row, dicts
from pipelines.database.queries import PROVENANCE_COLUMNS
from pipelines.database.schema.numbers import given_before, newest_first

AFTER_COLON = ";"  # the character after ":", which sorts after every `host:port`


class HostPace(NamedTuple):
    """Hold when a host was asked last, and how long it is left alone between two requests."""

    last_request: datetime
    delay: float  # seconds

    def seconds_left(self, now: datetime, max_delay: float) -> float:
        """Return how long the host is still left alone.

        A last request in the future comes from a clock that was wrong: one delay is waited for.
        """
        ago = max(0.0, (now - self.last_request).total_seconds())
        return max(0.0, min(self.delay, max_delay) - ago)


def stored_robots(db: sqlite3.Connection, site: str) -> Row | None:
    """Return the capture of the newest robots.txt of a site, as `replay` takes it; None if there is none.

    It has the keys of PROVENANCE_COLUMNS, and `id`, `url`, `status`, `checked` (stamp), `retry_at` (stamp or None).
    """
    cursor = db.execute(
        f"""SELECT c.id, c.url, c.status, r.checked, r.retry_at, {PROVENANCE_COLUMNS}
              FROM robots_files r JOIN captures c ON c.id = r.capture_id WHERE r.site = ?""",  # noqa: S608 (our own names)
        (site,),
    )
    return next(dicts(cursor), None)


def keep_robots(db: sqlite3.Connection, site: str, capture_id: int, checked: datetime) -> None:
    """Note which capture is the newest robots.txt of a site, and when it answered."""
    db.execute(
        """INSERT INTO robots_files (site, capture_id, checked) VALUES (?1, ?2, ?3)
           ON CONFLICT (site) DO UPDATE SET capture_id = ?2, checked = ?3, retry_at = NULL""",
        (site, capture_id, stamp(checked)),
    )


def put_off_robots(db: sqlite3.Connection, site: str, until: datetime) -> None:
    """Note that the robots.txt of a site fails, and is not asked for until then."""
    db.execute("UPDATE robots_files SET retry_at = ? WHERE site = ?", (stamp(until), site))


def forget_robots(db: sqlite3.Connection, capture_ids: list[int]) -> None:
    """Keep none of these captures, which are about to be deleted, as the robots.txt of a site."""
    db.executemany("DELETE FROM robots_files WHERE capture_id = ?", [(capture_id,) for capture_id in capture_ids])


def seconds_to_wait(
    db: sqlite3.Connection, name: str, now: datetime, run_id: int, delay: float, max_delay: float
) -> float:
    """Return how long a host name is still left alone after the requests of the runs before `run_id`.

    The last requests of a run that was killed are not known. After one, each host counts as asked just now; a host
    without a pace gets `delay`.
    """
    pace = pace_of(db, name)
    if not has_end(db, run_id):
        pace = HostPace(now, max(delay, pace.delay if pace is not None else 0.0))
    return pace.seconds_left(now, max_delay) if pace is not None else 0.0


def has_end(db: sqlite3.Connection, before: int) -> bool:
    """Return True if the run before that one was not killed."""
    order = newest_first(db, "started")
    sql = f"SELECT finished FROM crawls WHERE {given_before(db)} ORDER BY {order} LIMIT 1"  # noqa: S608 (our own names)
    row = db.execute(sql, (before,)).fetchone()
    return row is None or row[0] is not None


def pace_of(db: sqlite3.Connection, name: str) -> HostPace | None:
    """Return the pace of a host name: of the port that was asked last. None if it is not known, or damaged."""
    row = db.execute(
        """SELECT last_request, delay FROM hosts
            WHERE (host = ?1 OR host > ?1 || ':' AND host < ?1 || ?2) AND last_request IS NOT NULL
            ORDER BY last_request DESC LIMIT 1""",
        (name, AFTER_COLON),
    ).fetchone()
    try:
        return None if row is None else HostPace(parse(row[0]), float(row[1] or 0.0))
    except (ValueError, OverflowError):  # edited by hand; it is written again after the next request
        return None


def keep_paces(db: sqlite3.Connection, paces: Mapping[str, HostPace]) -> None:
    """Write the paces of hosts, given as `host:port`."""
    db.executemany(
        """INSERT INTO hosts (host, last_request, delay) VALUES (?, ?, ?)
           ON CONFLICT (host) DO UPDATE SET last_request = excluded.last_request, delay = excluded.delay""",
        [(host, fine_stamp(pace.last_request), pace.delay) for host, pace in paces.items()],
    )
