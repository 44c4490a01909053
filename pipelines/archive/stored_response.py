"""Classify a stored response and read the page in it, for WARC records that no crawl of ours requested."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipelines.core.items import Article, NothingToRead, Page
from pipelines.core.media_types import HTML_TYPES
from pipelines.extraction.page.media import NEEDED_BYTES, why_not_html
from pipelines.warc.content_codings import DecodingRefused, content_decoded
from pipelines.warc.http_message import (
    MessageHead,
    dechunked,
    entity_body,
    parse_head,
    split_response,
)

if TYPE_CHECKING:
    from pipelines.extraction.own_addresses import DeclaredAddresses

ROBOTS_URL = re.compile(r"https?://[^/?#]*/robots\.txt(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
FEED_TYPES = ("application/rss+xml", "application/atom+xml")
FEED_OR_SITEMAP = re.compile(rb"<(?:(rss|feed|rdf:rdf)|(urlset|sitemapindex))\b", re.IGNORECASE)
SNIFFED_BYTES = 2048  # bytes of a body in which the root of a feed or sitemap begins
STORED_BYTES = 1 << 16  # bytes of a body as stored that are decoded to see how it begins
MAX_START_BYTES = 1 << 20  # bytes that these may decode to; only a decompression bomb gives more
MAX_PAGE_BYTES = 20_000_000  # bytes of a page that are decoded; the extractor reads fewer


class ResponseStart(NamedTuple):
    """Hold what the beginning of a stored response says about it."""

    head: MessageHead | None  # None: it is no HTTP response
    body: bytes  # the first bytes of the body, decoded; empty if they cannot be told without decoding all of it


def start_of(block: bytes) -> ResponseStart:
    """Look at the beginning of a stored response. It takes a few milliseconds at most."""
    raw, body = split_response(block)
    head = parse_head(raw)
    if head is None:
        return ResponseStart(None, b"")
    stored = dechunked(body[:STORED_BYTES]) if head.chunked else body[:STORED_BYTES]
    try:
        return ResponseStart(head, content_decoded(head.fields, stored, MAX_START_BYTES)[:NEEDED_BYTES])
    except DecodingRefused:
        return ResponseStart(head, b"")


def kind_of(url: str, start: ResponseStart, by_shape: Callable[[str], str]) -> str:
    """Return what a crawl would request it for: robots, feed, sitemap, front, section or article; otherwise other."""
    if ROBOTS_URL.fullmatch(url):
        return "robots"
    head = start.head
    if head is not None and head.status == 200:
        found = FEED_OR_SITEMAP.search(start.body[:SNIFFED_BYTES])
        if found and head.mime not in HTML_TYPES:
            return "feed" if found[1] else "sitemap"
        if head.mime in FEED_TYPES:
            return "feed"
    return by_shape(url)


def why_no_page(start: ResponseStart) -> str | None:
    """Return what a stored response of status 200 holds instead of a page; None if it is to be read, as in a crawl."""
    if start.head is None:
        return "no HTTP response"
    if not start.body.strip():
        return None  # the extractor, which sees all of it, says what is missing
    return why_not_html(start.body, start.head.content_type, served=True)


def outcome_of_block(page: Page, block: bytes) -> tuple[Article | NothingToRead, float]:
    """Read the page in a stored response, in a worker process; return (outcome, CPU milliseconds)."""
    from pipelines.extraction.extract import TOO_LARGE, timed_read

    try:
        reading = timed_read(_with_body(page, block))
    except DecodingRefused as error:
        return NothingToRead(TOO_LARGE, str(error)), 0.0
    return reading.outcome, reading.ms


def addresses_of_block(page: Page, block: bytes) -> DeclaredAddresses:
    """Return the addresses that the page in a stored response declares as its own, in a worker process."""
    from pipelines.extraction.own_addresses import DeclaredAddresses, declared_addresses

    try:
        return declared_addresses(_with_body(page, block))
    except DecodingRefused:
        return DeclaredAddresses()


def _with_body(page: Page, block: bytes) -> Page:
    """Return the page with the decoded body of a stored response. Raises DecodingRefused."""
    head = parse_head(split_response(block)[0])
    body = content_decoded(head.fields if head else (), entity_body(block), MAX_PAGE_BYTES)
    return replace(page, body=body, content_type=head.content_type if head else None)
