"""What the page in a capture says about its own use, read out of its record when somebody asks.

The database knows it of articles only, and of their newest reading: not of earlier states, and not of pages from which
nothing was read. Costs a few milliseconds a page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipelines.archive.replay import replay
from pipelines.archive.stored_response import HTML_TYPES, MAX_PAGE_BYTES, UNSPECIFIC_TYPES
from pipelines.core.errors import MorgueError
from pipelines.warc.http_message import DecodedTooLarge
from pipelines.warc.storage import WarcStorage

REMEMBERED = 10_000  # pages whose signals are kept in memory: revisits show one page many times

# A capture `c` and the response with its page, which of a revisit is the one that it refers to.
PAGE = """
    coalesce(o.id, c.id) AS page, coalesce(o.mime, c.mime) AS mime, c.record_type,
    coalesce(o.body_length, c.body_length) AS body_length, coalesce(o.record_id, c.record_id) AS warc_record_id,
    coalesce(o.file, c.file) AS warc_file, coalesce(o.offset, c.offset) AS warc_offset,
    coalesce(o.length, c.length) AS warc_length,
    c.record_type = 'revisit' AND o.id IS NULL AS bodiless"""
FROM_PAGE = "LEFT JOIN captures o ON c.record_type = 'revisit' AND o.record_id = c.refers_to"

DAMAGED = "page that cannot be read"
LARGE = "page too large to be read"
ELSEWHERE = "revisit of a page that this archive does not hold"


class UnknownSignals(Exception):
    """What a page says is not known: why, in a few words, and the damage if it is one."""

    def __init__(self, reason: str, damage: MorgueError | None = None) -> None:
        super().__init__(reason)
        self.reason, self.damage = reason, damage


class CapturedSignals:
    """The signals of pages, each read once while it is remembered."""

    def __init__(self, db: sqlite3.Connection, warc: WarcStorage) -> None:
        """`warc`: the archive's WARC files."""
        self.db, self.warc = db, warc
        self._known: dict[int, tuple[str, ...]] = {}

    def of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The signals "name: value" of the page in a capture; none if it holds no page. Raises Unread.

        `row` has the columns of PAGE, and url and time of the capture. What is no page: other media by their type,
        or by their bytes where the type says little; exchanges that failed.
        """
        mime = row["mime"] or None
        if row["record_type"] == "metadata" or (mime not in HTML_TYPES and mime not in UNSPECIFIC_TYPES):
            return ()
        if row["bodiless"]:
            raise UnknownSignals(ELSEWHERE)
        if (row["body_length"] or 0) > MAX_PAGE_BYTES:
            if mime in HTML_TYPES:
                raise UnknownSignals(LARGE)
            return ()  # a file to download
        known = self._known.get(row["page"])
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[row["page"]] = self._read(row)
        return known

    def _read(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        try:
            got = replay(self.db, self.warc, row, MAX_PAGE_BYTES)
        except MorgueError as error:
            if isinstance(error.__cause__, DecodedTooLarge):
                raise UnknownSignals(LARGE) from error
            raise UnknownSignals(DAMAGED, error) from error
        return said_in(got.body, got.content_type, row["url"], datetime.fromisoformat(row["time"]))


def said_in(body: bytes, content_type: str | None, url: str, seen: datetime) -> tuple[str, ...]:
    """The signals in a page's bytes; none if they are no page. Raises Unread for what the parser cannot take.

    `seen`: when it was captured. Limits of reading articles do not hold here: a page without a body, or in no known
    encoding, has its metas all the same.
    """
    from pipelines.extraction.labels import usage_signals
    from pipelines.extraction.page import attribute_limits, charset
    from pipelines.extraction.page.declared import gather
    from pipelines.extraction.page.parse import PageRefused, refuse_other_media, tree_of

    try:
        refuse_other_media(body, content_type, served=True)
    except PageRefused:
        return ()
    if attribute_limits.too_many_attributes(body):
        raise UnknownSignals(LARGE)
    try:
        tree, _limit = tree_of(charset.decode(body, content_type) or body.decode("latin-1"))
        return () if tree is None else usage_signals.signals(gather(tree, url, seen))
    except MemoryError:
        raise
    except Exception as error:  # one strange page must not end an export; it stays out
        raise UnknownSignals(DAMAGED) from error
