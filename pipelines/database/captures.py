"""Find captures by their record, file, body or address: what recording, replay and crash recovery ask for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

# A capture whose row was added again after a crash has none of the three. (A rebuild names the source of such captures
# when it reads their pages.)
FILED = "(crawl_id IS NOT NULL OR imported IS NOT NULL OR source_id IS NOT NULL)"
MAX_CANDIDATES = 50  # responses with one body that are looked at


class CapturedResponse(NamedTuple):
    """What identifies a captured response."""

    record_id: str
    url: str
    time: str  # as in `captures.time`
    file: str


def has_record(db: sqlite3.Connection, record_id: str) -> bool:
    """Return True if a record has a row."""
    return db.execute("SELECT 1 FROM captures WHERE record_id = ?", (record_id,)).fetchone() is not None


def location_of(db: sqlite3.Connection, record_id: str | None) -> tuple[str, int, int] | None:
    """Return (file, offset, length) of a record, or None if it has no row."""
    query = "SELECT file, offset, length FROM captures WHERE record_id = ?"
    row: tuple[str, int, int] | None = db.execute(query, (record_id,)).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def count_in_file(db: sqlite3.Connection, file: str) -> int:
    """Return how many captures in a WARC file have a row."""
    (rows,) = db.execute("SELECT count(*) FROM captures WHERE file = ?", (file,)).fetchone()
    return int(rows)


def responses_with_payload(db: sqlite3.Connection, payload_digest: str) -> Iterator[CapturedResponse]:
    """Yield whole responses with this payload, without chunk framing, that a crawl or an import has filed."""
    rows = db.execute(
        f"""SELECT record_id, url, time, file FROM captures
             WHERE payload_digest = ? AND record_type = 'response' AND status = 200
               AND body_digest IS NULL AND error IS NULL AND {FILED} LIMIT {MAX_CANDIDATES}""",  # noqa: S608 (our names)
        (payload_digest,),
    )
    return map(CapturedResponse._make, rows)


def last_whole_response(db: sqlite3.Connection, url: str) -> CapturedResponse | None:
    """Return the newest whole response at a URL; if that is a revisit, the response that it refers to."""
    row = db.execute(
        f"""SELECT coalesce(refers_to, record_id) FROM captures
             WHERE url = ? AND status = 200 AND error IS NULL AND {FILED} ORDER BY time DESC LIMIT 1""",  # noqa: S608
        (url,),
    ).fetchone()
    query = "SELECT record_id, url, time, file FROM captures WHERE record_id = ?"
    found = row and db.execute(query, row).fetchone()
    return CapturedResponse._make(found) if found else None
