"""What a stored response is, and the page in it: for readers of WARC records who did not ask for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from pipelines.core.items import Article, NothingToRead, Page
from pipelines.warc.http_message import DecodedTooLarge, content_decoded, entity_body, parse_head, split

HTML = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
UNSURE = frozenset((None, "text/plain", "application/octet-stream", "application/xml", "text/xml", "unknown/unknown"))
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta)\b", re.IGNORECASE)
LIST = re.compile(rb"<(?:(rss|feed|rdf:rdf)|(urlset|sitemapindex))\b", re.IGNORECASE)
LOOKED_AT = 2048  # bytes of a body that show what it is
LARGEST_PAGE = 20_000_000  # bytes decoded; the extractor reads no larger ones


def kind_of(url: str, block: bytes, by_shape: Callable[[str], str]) -> str:
    """What a crawl would have wanted a response for: robots, feed, sitemap, front, section, article; else other."""
    if urlsplit(url).path == "/robots.txt":
        return "robots"
    raw, body = split(block)
    head = parse_head(raw)
    if head is not None and head.status == 200:
        found = LIST.search(body[:LOOKED_AT])
        if found and head.mime not in HTML:
            return "feed" if found[1] else "sitemap"
        if head.mime in ("application/rss+xml", "application/atom+xml"):
            return "feed"
        if not worth_reading(block):
            return "other"
    return by_shape(url)


def worth_reading(block: bytes) -> bool:
    """Whether a response may hold an article: status 200, and HTML by its header or, without a good one, its bytes."""
    raw, body = split(block)
    head = parse_head(raw)
    if head is None or head.status != 200:
        return False
    coded = bool(head.all(b"content-encoding"))
    return head.mime in HTML or (head.mime in UNSURE and (coded or MARKUP.search(body[:LOOKED_AT]) is not None))


def outcome_of_block(page: Page, block: bytes) -> tuple[Article | NothingToRead, float]:
    """Read the page in a stored response; runs in a worker process. (what came of it, CPU milliseconds)"""
    from pipelines.extraction.extract import TOO_LARGE, timed_read

    raw, _ = split(block)
    head = parse_head(raw)
    fields = head.fields if head else ()
    try:
        body = content_decoded(fields, entity_body(block), LARGEST_PAGE)
    except DecodedTooLarge as error:
        return NothingToRead(TOO_LARGE, str(error)), 0.0
    kind = (head.first(b"content-type") if head else None) or b""
    reading = timed_read(replace(page, body=body, content_type=kind.decode("latin-1") or None))
    return reading.outcome, reading.ms
