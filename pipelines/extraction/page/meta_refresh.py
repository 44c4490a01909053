"""Recognise a page that has no text and only sends its readers on: `<meta http-equiv="refresh" content="0; url=...">`.

Cheap enough for the event loop: only small pages are looked at, and no charset is guessed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from pipelines.core.links import resolve
from pipelines.core.urls import fetchable

MAX_REFRESH_PAGE_BYTES = 64 * 1024  # of a page that only refreshes; most have some hundred bytes, a few have scripts
MAX_TAGS = 500  # of it; the time that a parser takes grows with the square of the depth
MAX_CONTENT_CHARS = 4_000  # of the attribute `content`; twice the longest URL
MAX_REFRESHES = 3  # that are looked at; the first that names an address counts
MAX_VISIBLE_CHARS = 300  # "You are being redirected. Click here if nothing happens."
MAX_FOLLOWED_SECONDS = 5.0  # a longer delay is meant to be read, or reloads a page that changes

META = re.compile(rb"http-equiv\s{0,20}=\s{0,20}[\"']?\s{0,20}refresh", re.IGNORECASE)
# HTML, 4.2.5.3, "shared declarative refresh steps": seconds, a separator, "url=" or not, an address in quotes or not.
CONTENT = re.compile(r"\s*(?=[\d.])(\d{0,9})[\d.]*\s*(?:[;,\s]\s*|$)(?:url\s*=\s*)?(.*)", re.IGNORECASE | re.DOTALL)
INVISIBLE = "script, style, template, title, head"


class Refresh(NamedTuple):
    """Hold what the refresh of a page without text says."""

    seconds: float  # after which a browser goes there
    url: str  # absolute and fetchable; may be the page's own

    @property
    def is_redirect(self) -> bool:
        """True if readers never see the page."""
        return self.seconds <= MAX_FOLLOWED_SECONDS

    def __str__(self) -> str:
        return f"a page that only refreshes to {self.url}" + ("" if self.is_redirect else f" after {self.seconds:g} s")


def refresh_of(body: bytes, url: str) -> Refresh | None:
    """Return the refresh of a page at `url` that has nothing else; None for all other pages."""
    if len(body) > MAX_REFRESH_PAGE_BYTES or body.count(b"<") > MAX_TAGS or not META.search(body):
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    base_url = resolve(base.attributes.get("href") or "", url) if base is not None else None
    targets = (
        _target((node.attributes.get("content") or "")[:MAX_CONTENT_CHARS], base_url or url, url)
        for node in tree.css("meta[http-equiv][content]")
        if (node.attributes.get("http-equiv") or "").strip().lower() == "refresh"
    )
    refresh = next((target for target in islice(targets, MAX_REFRESHES) if target is not None), None)
    return refresh if refresh is not None and _visible_chars(tree) <= MAX_VISIBLE_CHARS else None


def _target(content: str, base: str, url: str) -> Refresh | None:
    """Return what the attribute `content` says; without an address it is the page's own."""
    found = CONTENT.match(content)
    if found is None:
        return None
    address = found[2].strip()
    if address[:1] in ("'", '"'):
        address = address[1:].partition(address[0])[0]
    target = resolve(address, base) if address else url
    clean = fetchable(target) if target else None
    return Refresh(float(found[1] or 0), clean) if clean else None


def _visible_chars(tree: LexborHTMLParser) -> int:
    """Return the length of the text that a reader sees."""
    for node in tree.css(INVISIBLE):
        node.decompose()
    return len(" ".join((tree.root.text(separator=" ") if tree.root is not None else "").split()))
