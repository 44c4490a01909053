"""Read and write the table `hosts`: robots.txt of a host, and the pace at which it is asked, from crawl to crawl."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.core.timestamps import fine_stamp, parse, stamp
from pipelines.database.queries import PROVENANCE_COLUMNS

AFTER_COLON = ";"  # the character after ":", which sorts after every `host:port`


class HostPace(NamedTuple):
    """Hold when a host was asked last, and how long it is left alone between two requests."""

    last_request: datetime
    delay: float  # seconds


def stored_robots(db: sqlite3.Connection, host: str, site: str) -> dict[str, Any] | None:
    """Return the capture of the newest robots.txt of a site, as `replay` takes it; None if there is none.

    It has the keys of PROVENANCE_COLUMNS, and `id`, `url`, `status`, `checked` (stamp). `host`: of the site.
    """
    cursor = db.execute(
        f"""SELECT c.id, c.url, c.status, h.robots_checked AS checked, {PROVENANCE_COLUMNS}
              FROM hosts h JOIN captures c ON c.id = h.robots_capture_id
             WHERE h.host = ? AND h.robots_site = ? AND h.robots_checked IS NOT NULL""",  # noqa: S608 (our own names)
        (host, site),
    )
    row = cursor.fetchone()
    return None if row is None else dict(zip((column[0] for column in cursor.description), row, strict=True))


def keep_robots(db: sqlite3.Connection, host: str, site: str, capture_id: int, checked: datetime) -> None:
    """Note which capture is the newest robots.txt of a site, and when it was last asked for."""
    db.execute(
        """INSERT INTO hosts (host, robots_site, robots_capture_id, robots_checked) VALUES (?, ?, ?, ?)
           ON CONFLICT (host) DO UPDATE SET robots_site = excluded.robots_site,
               robots_capture_id = excluded.robots_capture_id, robots_checked = excluded.robots_checked""",
        (host, site, capture_id, stamp(checked)),
    )


def forget_robots(db: sqlite3.Connection, capture_ids: list[int]) -> None:
    """Keep none of these captures, which are about to be deleted, as the robots.txt of a host."""
    db.executemany(
        """UPDATE hosts SET robots_site = NULL, robots_capture_id = NULL, robots_checked = NULL
            WHERE robots_capture_id = ?""",
        [(capture_id,) for capture_id in capture_ids],
    )


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
