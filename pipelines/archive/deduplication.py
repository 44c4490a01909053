"""Find the recorded response whose body an answer repeats, so that it is not recorded again (WARC 1.1 section 6.7).

Only responses of the same site (registrable domain) are referred to, so that the evidence of a site is complete without
that of another, and a takedown of one never touches the other.

Only whole responses in files that are finished, read back and listed are referred to: a body must not depend on bytes
that a crash can take away. A capture whose row was added again after a crash (`crash_recovery`) is not referred to
either. Its page is fetched again, and the second capture is recorded whole, because the article is read from it. A body
with chunk framing is recorded each time: the framing may differ while the payload is the same, and tools disagree on
its digest (`exchange.records_of`), so that some could not find the original.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from pipelines.core.items import Exchange
from pipelines.core.urls import same_site, site_or_none
from pipelines.database import captures
from pipelines.warc.exchange import PayloadBody, RevisitOriginal
from pipelines.warc.record import target_uri

MIN_BODY_BYTES = 1024  # the fields of a revisit record take a few hundred


def original_of(
    db: sqlite3.Connection, exchange: Exchange, body: PayloadBody | None, is_finished: Callable[[str, int], bool]
) -> RevisitOriginal | None:
    """Return the response that an answer repeats, or None.

    `is_finished(file, end)`: True if records may refer to what is in the file up to byte `end`.

    A 304 (Not Modified) repeats the newest whole response at its URL. A response of another site is not referred to: a
    takedown there must not concern what this site answered.
    """
    if body is None or exchange.error is not None:
        return None
    if exchange.status == 304:
        found = captures.last_whole_response(db, target_uri(exchange.url))
        candidates = iter([found] if found is not None else [])
    elif exchange.status != 200 or exchange.chunked or body.length < MIN_BODY_BYTES:
        return None
    else:
        site = site_or_none(exchange.url) or ""
        candidates = captures.whole_responses_with_payload(db, body.payload_digest, site)
    usable = (one for one in candidates if is_finished(one.file, one.offset + one.length))
    found = next((one for one in usable if same_site(one.url, exchange.url)), None)
    return None if found is None else RevisitOriginal(found.record_id, found.url, found.time)
