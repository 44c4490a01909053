"""Find captures by their record: where it is stored, and what an import asks about it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

MAX_OFFSET = (1 << 63) - 1  # SQLite's largest integer
LOCATION = "SELECT id, url, time, file, offset, length, record_id FROM captures"


class CaptureLocation(NamedTuple):
    """Hold a capture and the place of its record."""

    id: int
    url: str
    time: str  # WARC-Date
    file: str
    offset: int
    length: int
    record_id: str


def has_record(db: sqlite3.Connection, record_id: str) -> bool:
    """Return True if a capture has this WARC-Record-ID."""
    return db.execute("SELECT 1 FROM captures WHERE record_id = ?", (record_id,)).fetchone() is not None


def url_time_and_digest(db: sqlite3.Connection, record_id: str) -> tuple[str, str, str | None] | None:
    """Return (URL, time, block digest) of the capture with this WARC-Record-ID, or None."""
    row = db.execute("SELECT url, time, block_digest FROM captures WHERE record_id = ?", (record_id,)).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def end_of_rows(db: sqlite3.Connection, file: str, before: int = MAX_OFFSET) -> int:
    """Return the offset after the last record of a file with a row that begins before `before`, or 0."""
    query = "SELECT offset + length FROM captures WHERE file = ? AND offset < ? ORDER BY offset DESC LIMIT 1"
    row = db.execute(query, (file, before)).fetchone()
    return int(row[0]) if row else 0


def response_with_id(db: sqlite3.Connection, record_id: str | None) -> CaptureLocation | None:
    """Return the response with this WARC-Record-ID, or None."""
    return _response(db, "record_id = ?", record_id)


def response_at(db: sqlite3.Connection, url: str | None, time: str) -> CaptureLocation | None:
    """Return the response that was captured from this address at this time, or None."""
    return _response(db, "url = ? AND time = ?", url, time)


def response_with_payload(db: sqlite3.Connection, payload_digest: str) -> CaptureLocation | None:
    """Return the earliest response of status 200 with this payload digest, or None."""
    return _response(db, "status = 200 AND payload_digest = ? ORDER BY time", payload_digest)


def _response(db: sqlite3.Connection, condition: str, *values: str | None) -> CaptureLocation | None:
    query = f"{LOCATION} WHERE record_type = 'response' AND {condition} LIMIT 1"
    row = db.execute(query, values).fetchone()
    return None if row is None else CaptureLocation(*row)


def import_records(db: sqlite3.Connection) -> list[CaptureLocation]:
    """Return the records about imported files, in the order of the imports."""
    query = f"{LOCATION} WHERE url GLOB 'urn:sha256:*' AND kind = 'import' AND imported IS NOT NULL ORDER BY id"
    return [CaptureLocation(*row) for row in db.execute(query)]
