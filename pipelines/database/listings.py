"""Hold the SQL on what is known of listings: their readings, their rhythm, and the gaps between readings.

A listing is a feed, sitemap, front or section page. When it is read next is decided in `crawler.schedule`.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import NamedTuple

from pipelines.core.timestamps import stamp
from pipelines.database.connection import Row, ask
from pipelines.database.schema.numbers import new_id

FEED_KINDS = ("feed", "news sitemap")  # name the newest articles, and only these
FILLING_HOURS = 6  # after a gap; what other listings bring within so long is counted as found of it


class ListingState(NamedTuple):
    """Hold a row of the table `listings`; times are stamps."""

    url_key: str
    url: str
    kind: str
    source_id: int | None
    interval: float | None = None
    readings: int = 0
    entries: int | None = None
    new_entries: int | None = None
    newest_entry: str | None = None
    first_read: str | None = None
    last_read: str | None = None
    last_body: str | None = None
    last_new: str | None = None
    last_change: str | None = None
    rhythm: str | None = None
    digest: str | None = None
    trouble: str | None = None
    since: str | None = None
    moved_to: str | None = None
    moved_since: str | None = None
    replaces: str | None = None


GAP_KEYS = ("url", "began", "ended", "found")
COLUMNS = ", ".join(ListingState._fields)

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


def listing(db: sqlite3.Connection, url_key: str) -> ListingState | None:
    """Return what is known of a listing; None if it was never read and never in trouble."""
    row = db.execute(f"SELECT {COLUMNS} FROM listings WHERE url_key = ?", (url_key,)).fetchone()
    return ListingState(*row) if row is not None else None


def write(db: sqlite3.Connection, state: ListingState) -> None:
    """Write a row of the table `listings`."""
    marks = ", ".join("?" * len(state))
    db.execute(f"INSERT OR REPLACE INTO listings ({COLUMNS}) VALUES ({marks})", state)


def entries_at_last_reading(db: sqlite3.Connection, url_key: str, rules: str) -> bytes:
    """Return the entries that a listing had when it was last read by these rules, packed; b"" if none are known."""
    sql = "SELECT entries FROM listing_entries WHERE url_key = ? AND rules = ?"
    row = db.execute(sql, (url_key, rules)).fetchone()
    return bytes(row[0]) if row is not None else b""


def write_entries(db: sqlite3.Connection, url_key: str, rules: str, entries: bytes) -> None:
    """Write the packed entries of a reading."""
    db.execute("INSERT OR REPLACE INTO listing_entries VALUES (?, ?, ?)", (url_key, rules, entries))


def forget_source(db: sqlite3.Connection, source_id: int) -> None:
    """Delete what is known of the listings of a source that is about to be deleted, and its gaps."""
    db.execute(
        "DELETE FROM listing_entries WHERE url_key IN (SELECT url_key FROM listings WHERE source_id = ?)", (source_id,)
    )
    db.execute("DELETE FROM listings WHERE source_id = ?", (source_id,))
    db.execute("DELETE FROM gaps WHERE source_id = ?", (source_id,))


def add_gap(db: sqlite3.Connection, state: ListingState, began: str, ended: str, capture_id: int | None) -> None:
    """Note that a listing may have shown articles between two readings that no reading saw."""
    db.execute(
        f"""INSERT INTO gaps (id, source_id, url_key, url, began, ended, capture_id)
            VALUES ({new_id("gaps")}, ?, ?, ?, ?, ?, ?)""",
        (state.source_id, state.url_key, state.url, began, ended, capture_id),
    )


def count_found_of_gaps(db: sqlite3.Connection, state: ListingState, found: int, since: datetime) -> None:
    """Count articles that a listing brought for the gaps of the other listings of its source that ended since then."""
    db.execute(
        "UPDATE gaps SET found = found + ? WHERE source_id = ? AND url_key != ? AND ended >= ?",
        (found, state.source_id, state.url_key, stamp(since)),
    )


# For `morgue sources show`, too. Errors of SQLite become MorgueErrors.


def of_source(db: sqlite3.Connection, source_id: int) -> list[ListingState]:
    """Return what is known of the listings of a source."""
    sql = f"SELECT {COLUMNS} FROM listings WHERE source_id = ? ORDER BY url_key"
    return [ListingState(*row) for row in ask(db, sql, (source_id,))]


def gaps(db: sqlite3.Connection, source_id: int | None, since: datetime | None = None) -> list[Row]:
    """Return with GAP_KEYS the gaps of a source that ended since then, the newest first."""
    sql = f"""SELECT {", ".join(GAP_KEYS)} FROM gaps WHERE source_id = ?1 AND (?2 IS NULL OR ended >= ?2)
               ORDER BY ended DESC, id DESC"""
    rows = ask(db, sql, (source_id, stamp(since) if since else None))
    return [dict(zip(GAP_KEYS, row, strict=True)) for row in rows]
