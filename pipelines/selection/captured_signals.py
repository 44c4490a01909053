"""Read from the record of a capture what its page says about its own use.

The database knows these signals only of articles, and only of their newest reading: not of earlier states, and not of
pages from which nothing was read. Reading them costs a few milliseconds per page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipelines.archive.replay import replay
from pipelines.archive.stored_response import MAX_PAGE_BYTES
from pipelines.core.errors import BucketFailing, MorgueError
from pipelines.core.media_types import HTML_TYPES, media_type
from pipelines.database.connection import ask
from pipelines.extraction.page.media import is_never_html, why_not_html
from pipelines.warc.content_codings import DecodedTooLarge
from pipelines.warc.storage import WarcStorage

MAX_CACHED_PAGES = 10_000  # whose signals stay in memory, because revisits show one page many times

# Columns of a capture `c` and of the response with its page: `o` if `c` is a revisit, else `c` itself.
PAGE_COLUMNS = """
    coalesce(o.id, c.id) AS page, coalesce(o.mime, c.mime) AS mime, c.record_type,
    coalesce(o.body_length, c.body_length) AS body_length, coalesce(o.record_id, c.record_id) AS warc_record_id,
    coalesce(o.file, c.file) AS warc_file, coalesce(o.offset, c.offset) AS warc_offset,
    coalesce(o.length, c.length) AS warc_length,
    c.record_type = 'revisit' AND o.id IS NULL AS bodiless"""
JOIN_PAGE = "LEFT JOIN captures o ON c.record_type = 'revisit' AND o.record_id = c.refers_to"

UNREADABLE_PAGE = "page that cannot be read"
TOO_LARGE_PAGE = "page too large to be read"
PAGE_ELSEWHERE = "revisit of a page that this archive does not hold"


class UnknownSignals(Exception):
    """Say why it is not known what a page says, in a few words; with the damage, if that is why."""

    def __init__(self, reason: str, damage: MorgueError | None = None) -> None:
        super().__init__(reason)
        self.reason, self.damage = reason, damage


class CapturedSignals:
    """Read the signals of pages, each once while it is in the cache."""

    def __init__(self, db: sqlite3.Connection, warc: WarcStorage) -> None:
        """`warc`: the archive's WARC files."""
        self.db, self.warc = db, warc
        self._signals: dict[int, tuple[str, ...]] = {}  # by row id of the page's capture

    def of(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the signals "name: value" of the page in a capture; none if it has no page. Raises UnknownSignals.

        `row` has PAGE_COLUMNS, and url and time of the capture. There is no page in other media, by their type or by
        their bytes (`why_not_html`), and in exchanges that failed.
        """
        mime = media_type(row["mime"])  # an earlier version stored what the header holds up to a semicolon
        if row["record_type"] == "metadata" or is_never_html(mime):
            return ()
        if row["bodiless"]:
            raise UnknownSignals(PAGE_ELSEWHERE)
        if (row["body_length"] or 0) > MAX_PAGE_BYTES:
            if mime in HTML_TYPES:
                raise UnknownSignals(TOO_LARGE_PAGE)
            return ()  # a file to download
        signals = self._signals.get(row["page"])
        if signals is None:
            if len(self._signals) >= MAX_CACHED_PAGES:
                self._signals.clear()
            signals = self._signals[row["page"]] = self._read(row)
        return signals

    def of_record(self, record_id: str) -> tuple[str, ...]:
        """Return the signals of the page in the capture whose response record has an id. Raises UnknownSignals."""
        sql = f"SELECT c.url, c.time, {PAGE_COLUMNS} FROM captures c {JOIN_PAGE} WHERE c.record_id = ?"  # noqa: S608
        row = next(ask(self.db, sql, (record_id,)), None)
        if row is None:
            raise UnknownSignals(UNREADABLE_PAGE)
        return self.of(dict(row))

    def _read(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        try:
            got = replay(self.db, self.warc, row, MAX_PAGE_BYTES)
        except BucketFailing:
            raise
        except MorgueError as error:
            if isinstance(error.__cause__, DecodedTooLarge):
                raise UnknownSignals(TOO_LARGE_PAGE) from error
            raise UnknownSignals(UNREADABLE_PAGE, error) from error
        return signals_in(got.body, got.content_type, row["url"], datetime.fromisoformat(row["time"]))


def signals_in(body: bytes, content_type: str | None, url: str, captured: datetime) -> tuple[str, ...]:
    """Return the signals in a page; none if the bytes are no page. Raises UnknownSignals if they cannot be parsed.

    The limits of reading articles do not apply: a page without a body, or in no known encoding, still has its metas.
    """
    from pipelines.extraction.labels import usage_signals
    from pipelines.extraction.page import attribute_limits, charset
    from pipelines.extraction.page.declared import gather
    from pipelines.extraction.page.parse import tree_of

    if why_not_html(body, content_type, served=True):
        return ()
    if attribute_limits.too_many_attributes(body):
        raise UnknownSignals(TOO_LARGE_PAGE)
    try:
        tree, _limit = tree_of(charset.as_utf8(body, content_type) or body.decode("latin-1").encode("utf-8"))
        return () if tree is None else usage_signals.signals(gather(tree, url, captured))
    except MemoryError:
        raise
    except Exception as error:  # one strange page must not end an export; it is left out
        raise UnknownSignals(UNREADABLE_PAGE) from error
