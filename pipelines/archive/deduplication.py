"""Which response that is kept already an answer repeats: then its body need not be kept again (WARC 1.1 section 6.7).

Referred to are only whole responses in files that are finished, read back and listed: a body must not depend on bytes
that a crash can take away. A capture that was never filed (`orphans`: a crash took its rows, and its page is fetched
again) is no original either: the second fetch is the one that an article is read from, and it is kept whole. A body
with chunk framing is kept each time: its framing may differ where its payload does not, and tools disagree on its
digest (`record.records_of`), so that some could not find the original.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from pipelines.core.items import Exchange
from pipelines.warc.exchange import PayloadBody, RevisitOriginal
from pipelines.warc.record import uri

# Rows that a start after a crash gave back have neither. (A rebuild names the source of what it files itself.)
FILED = "(crawl_id IS NOT NULL OR imported IS NOT NULL OR source_id IS NOT NULL)"
LEAST = 1024  # bytes; the fields of a revisit record take a few hundred


def original_of(
    db: sqlite3.Connection, exchange: Exchange, body: PayloadBody | None, is_finished: Callable[[str], bool]
) -> RevisitOriginal | None:
    """The response that an answer repeats, or None. `is_finished(file)`: whether that WARC file may be referred to."""
    if body is None or exchange.error is not None:
        return None
    if exchange.status == 304:
        return _last_whole(db, uri(exchange.url), is_finished)
    if exchange.status != 200 or exchange.chunked or body.length < LEAST:
        return None
    rows = db.execute(
        f"""SELECT record_id, url, time, file FROM captures
             WHERE payload_digest = ? AND record_type = 'response' AND status = 200
               AND body_digest IS NULL AND error IS NULL AND {FILED} LIMIT 50""",  # noqa: S608 (our own names)
        (body.payload_digest,),
    )
    return next((RevisitOriginal(*row[:3]) for row in rows if is_finished(row[3])), None)


def _last_whole(db: sqlite3.Connection, url: str, is_finished: Callable[[str], bool]) -> RevisitOriginal | None:
    """What a 304 confirms: the newest whole answer at its URL, or the one that this answer repeated in turn."""
    row = db.execute(
        f"""SELECT coalesce(refers_to, record_id) FROM captures
             WHERE url = ? AND status = 200 AND error IS NULL AND {FILED} ORDER BY time DESC LIMIT 1""",  # noqa: S608
        (url,),
    ).fetchone()
    found = row and db.execute("SELECT record_id, url, time, file FROM captures WHERE record_id = ?", row).fetchone()
    return RevisitOriginal(*found[:3]) if found and is_finished(found[3]) else None
