"""Classify a stored response and read the page in it, for WARC records that no crawl of ours requested."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from pipelines.core.items import Article, NothingToRead, Page
from pipelines.warc.content_codings import DecodingRefused, content_decoded
from pipelines.warc.http_message import entity_body, parse_head, split_response

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
UNSPECIFIC_TYPES = frozenset(
    (None, "text/plain", "application/octet-stream", "application/xml", "text/xml", "unknown/unknown")
)
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta)\b", re.IGNORECASE)
FEED_OR_SITEMAP = re.compile(rb"<(?:(rss|feed|rdf:rdf)|(urlset|sitemapindex))\b", re.IGNORECASE)
SNIFFED_BYTES = 2048  # bytes of a body that show its type
MAX_PAGE_BYTES = 20_000_000  # bytes of a page that are decoded; the extractor reads fewer


def kind_of(url: str, block: bytes, by_shape: Callable[[str], str]) -> str:
    """Return what a crawl would request it for: robots, feed, sitemap, front, section or article; otherwise other."""
    if urlsplit(url).path == "/robots.txt":
        return "robots"
    raw, body = split_response(block)
    head = parse_head(raw)
    if head is not None and head.status == 200:
        found = FEED_OR_SITEMAP.search(body[:SNIFFED_BYTES])
        if found and head.mime not in HTML_TYPES:
            return "feed" if found[1] else "sitemap"
        if head.mime in ("application/rss+xml", "application/atom+xml"):
            return "feed"
        if not may_hold_article(block):
            return "other"
    return by_shape(url)


def may_hold_article(block: bytes) -> bool:
    """Return True if a response may hold an article: status 200, and HTML by a good header, otherwise by its bytes."""
    raw, body = split_response(block)
    head = parse_head(raw)
    if head is None or head.status != 200:
        return False
    coded = bool(head.all(b"content-encoding"))
    return head.mime in HTML_TYPES or (
        head.mime in UNSPECIFIC_TYPES and (coded or MARKUP.search(body[:SNIFFED_BYTES]) is not None)
    )


def outcome_of_block(page: Page, block: bytes) -> tuple[Article | NothingToRead, float]:
    """Read the page in a stored response, in a worker process; return (outcome, CPU milliseconds)."""
    from pipelines.extraction.extract import TOO_LARGE, timed_read

    raw, _ = split_response(block)
    head = parse_head(raw)
    fields = head.fields if head else ()
    try:
        body = content_decoded(fields, entity_body(block), MAX_PAGE_BYTES)
    except DecodingRefused as error:
        return NothingToRead(TOO_LARGE, str(error)), 0.0
    kind = (head.first(b"content-type") if head else None) or b""
    reading = timed_read(replace(page, body=body, content_type=kind.decode("latin-1") or None))
    return reading.outcome, reading.ms
