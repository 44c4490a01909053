"""Find captures by the WARC records that hold them: for recording, imports, takedowns, replay and crash recovery."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines.core.items import Capture
from pipelines.core.timestamps import stamp

MAX_OFFSET = (1 << 63) - 1  # SQLite's largest integer
LOCATION = "SELECT id, url, time, file, offset, length, record_id FROM captures"
# A capture whose row was added again after a crash has none of the three. (A rebuild names the source of such captures
# when it reads their pages.)
FILED = "(crawl_id IS NOT NULL OR imported IS NOT NULL OR source_id IS NOT NULL)"
MAX_REVISITS = 5  # records to follow: a revisit should name the response itself
MAX_CRAWL_WITHOUT_END = timedelta(days=2)  # age of a crawl whose end is not noted, and that may have lasted till today
PAGE_KINDS = "('article', 'page')"
MAX_CANDIDATES = 50  # responses with one body that are looked at
# For revisits whose response has a row already; a rebuild and an import begin with it.
FILL_FROM_RESPONSES = """UPDATE captures
             SET body_length = (SELECT o.body_length FROM captures o WHERE o.record_id = captures.refers_to)
           WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
# A temporary table, because `captures` has no index on `refers_to`.
CREATE_AWAITED = """
CREATE TEMP TABLE IF NOT EXISTS awaited (
    record_id TEXT, revisit INTEGER, PRIMARY KEY (record_id, revisit)
) WITHOUT ROWID;
DELETE FROM temp.awaited;
"""
COLLECT_AWAITED = """INSERT INTO temp.awaited SELECT refers_to, id FROM captures
              WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
FILL_AWAITED = """UPDATE captures SET body_length = ?2
              WHERE id IN (SELECT revisit FROM temp.awaited WHERE record_id = ?1) AND body_length IS NULL"""


class UsedToday(NamedTuple):
    """Hold what was requested of a source in one day."""

    pages: int  # requests of article pages
    size: int  # bytes of the records of all requests


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


class KnownCapture(NamedTuple):
    """Hold what tells whether another record is the same as that of a capture, and where that one lies."""

    url: str
    time: str
    block_digest: str | None
    file: str
    end: int  # the offset after it


def known_capture(db: sqlite3.Connection, record_id: str) -> KnownCapture | None:
    """Return the capture with this WARC-Record-ID, or None."""
    query = "SELECT url, time, block_digest, file, offset + length FROM captures WHERE record_id = ?"
    row = db.execute(query, (record_id,)).fetchone()
    return None if row is None else KnownCapture(*row)


def end_of_rows(db: sqlite3.Connection, file: str, before: int = MAX_OFFSET) -> int:
    """Return the offset after the last record of a file with a row that begins before `before`, or 0."""
    query = "SELECT offset + length FROM captures WHERE file = ? AND offset < ? ORDER BY offset DESC LIMIT 1"
    row = db.execute(query, (file, before)).fetchone()
    return int(row[0]) if row else 0


def last_offset(db: sqlite3.Connection, file: str) -> int | None:
    """Return where the last record of a file with a row begins; None if it has none.

    Unlike its end, that is where a record begins also if the exchange was taken down since: one tombstone is in the
    place of all its records.
    """
    (offset,) = db.execute("SELECT max(offset) FROM captures WHERE file = ?", (file,)).fetchone()
    return None if offset is None else int(offset)


def response_with_id(db: sqlite3.Connection, record_id: str | None) -> CaptureLocation | None:
    """Return the response with this WARC-Record-ID, or None."""
    return _response(db, "record_id = ?", record_id)


def response_at(db: sqlite3.Connection, url: str | None, first: str, last: str) -> CaptureLocation | None:
    """Return the earliest response that was captured from this address between two times, or None."""
    return _response(db, "url = ? AND time BETWEEN ? AND ? ORDER BY time", url, first, last)


def response_with_payload(db: sqlite3.Connection, spellings: Sequence[str], url: str | None) -> CaptureLocation | None:
    """Return a response of status 200 that has or declares a payload digest, or None.

    `spellings`: of the digest. The earliest one captured from `url` comes first, then the earliest of any address.
    """
    digests = f"IN ({', '.join('?' * len(spellings))})"
    order = "ORDER BY url IS NOT ?, time"
    return _response(db, f"status = 200 AND payload_digest {digests} {order}", *spellings, url) or _response(
        db, f"status = 200 AND declared_digest {digests} {order}", *spellings, url
    )


def _response(db: sqlite3.Connection, condition: str, *values: str | None) -> CaptureLocation | None:
    query = f"{LOCATION} WHERE record_type = 'response' AND {condition} LIMIT 1"
    row = db.execute(query, values).fetchone()
    return None if row is None else CaptureLocation(*row)


def import_records(db: sqlite3.Connection) -> list[CaptureLocation]:
    """Return the records about imported files, in the order of the imports."""
    query = f"{LOCATION} WHERE url GLOB 'urn:*' AND kind = 'import' AND imported IS NOT NULL ORDER BY id"
    return [CaptureLocation(*row) for row in db.execute(query)]


def count_imported(db: sqlite3.Connection) -> int:
    """Return the number of captures that imports brought."""
    (rows,) = db.execute("SELECT count(*) FROM captures WHERE imported IS NOT NULL AND kind <> 'import'").fetchone()
    return int(rows)


def location_of(db: sqlite3.Connection, record_id: str | None) -> CaptureLocation | None:
    """Return the capture with this WARC-Record-ID, or None."""
    row = db.execute(f"{LOCATION} WHERE record_id = ?", (record_id,)).fetchone()
    return None if row is None else CaptureLocation(*row)


def response_repeated_through(db: sqlite3.Connection, record_id: str | None) -> CaptureLocation | None:
    """Return the capture with this WARC-Record-ID; if it is a revisit, the response that it repeats in the end."""
    row = db.execute(
        f"""{LOCATION} WHERE record_type <> 'revisit' AND record_id IN (
                WITH RECURSIVE repeated (id, step) AS (
                    SELECT ?, 1 UNION ALL SELECT c.refers_to, step + 1 FROM repeated JOIN captures c
                        ON c.record_id = repeated.id AND c.record_type = 'revisit' AND step < {MAX_REVISITS}
                ) SELECT id FROM repeated)""",  # noqa: S608 (our own names)
        (record_id,),
    ).fetchone()
    return None if row is None else CaptureLocation(*row)


def used_since(db: sqlite3.Connection, since: datetime) -> dict[int | None, UsedToday]:
    """Return what was requested of each source since a time, by all crawls that lasted till then."""
    rows = db.execute(
        """SELECT source_id, sum(kind IN ('article', 'page')), sum(length) FROM captures
            WHERE crawl_id IN (SELECT id FROM crawls
                                WHERE finished >= :since OR (finished IS NULL AND started >= :before))
              AND time >= :since GROUP BY source_id""",
        {"since": stamp(since), "before": stamp(since - MAX_CRAWL_WITHOUT_END)},
    )
    return {source_id: UsedToday(pages, size) for source_id, pages, size in rows}


def count_in_file(db: sqlite3.Connection, file: str) -> int:
    """Return how many captures in a WARC file have a row."""
    (rows,) = db.execute("SELECT count(*) FROM captures WHERE file = ?", (file,)).fetchone()
    return int(rows)


def pages_in_file(db: sqlite3.Connection, file: str) -> tuple[int, set[str]]:
    """Return how many captures in a WARC file have a row, and the addresses of the pages of articles among them.

    An article that was read from one of them is also named by its own address.
    """
    rows = db.execute(
        f"""SELECT url FROM captures WHERE file = ?1 AND kind IN {PAGE_KINDS}
            UNION SELECT a.url FROM captures c JOIN revisions r ON r.capture_id = c.id
                    JOIN articles a ON a.id = r.article_id WHERE c.file = ?1""",  # noqa: S608 (our own names)
        (file,),
    )
    return count_in_file(db, file), {url for (url,) in rows}


def whole_responses_with_payload(db: sqlite3.Connection, payload_digest: str, site: str) -> Iterator[CaptureLocation]:
    """Yield whole responses with this payload, without chunk framing, that a crawl or an import has filed.

    `site`: text that must be in their URLs, so that those of other sites leave room for those that can be used.
    Those that declare another digest of their payload are left out: a program that looks up the original of a revisit
    by its digest would not find them.
    """
    rows = db.execute(
        f"""{LOCATION} WHERE payload_digest = ? AND record_type = 'response' AND status = 200
               AND body_digest IS NULL AND declared_digest IS NULL AND error IS NULL AND {FILED} AND instr(url, ?)
             LIMIT {MAX_CANDIDATES}""",
        (payload_digest, site),
    )
    return map(CaptureLocation._make, rows)


def last_whole_response(db: sqlite3.Connection, url: str) -> CaptureLocation | None:
    """Return the newest whole response at a URL; if that is a revisit, the response that it refers to."""
    row = db.execute(
        f"""SELECT coalesce(refers_to, record_id) FROM captures
             WHERE url = ? AND status = 200 AND error IS NULL AND {FILED} ORDER BY time DESC LIMIT 1""",  # noqa: S608
        (url,),
    ).fetchone()
    return None if row is None else location_of(db, row[0])


class PendingRevisitLengths:
    """Revisits that wait for the response they refer to. Commits nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read `captures` through once."""
        self._db = db
        for statement in filter(str.strip, CREATE_AWAITED.split(";")):  # `executescript` would commit
            db.execute(statement)
        db.execute(FILL_FROM_RESPONSES)
        db.execute(COLLECT_AWAITED)

    def filed(self, capture: Capture) -> None:
        """Note that a capture got its row: a revisit waits, a response fills in the revisits that wait for it."""
        if capture.record_type == "revisit" and capture.body_length is None and capture.refers_to is not None:
            self._db.execute("INSERT INTO temp.awaited VALUES (?, ?)", (capture.refers_to, capture.id))
        elif capture.body_length is not None:
            self._db.execute(FILL_AWAITED, (capture.record_id, capture.body_length))
