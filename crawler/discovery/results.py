"""Hold the results of discovery: links, with what feeds and sitemaps say about them. Values that can be pickled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.core.urls import fetchable, url_key


@dataclass(frozen=True, slots=True)
class FoundLink:
    """Hold one link worth following."""

    url: str  # absolute and fetchable (`pipelines.core.urls.fetchable`)
    kind: str  # "article", "section", "feed", "news sitemap" or "sitemap"
    hint: dict[str, str] = field(default_factory=dict)  # title, published, modified (ISO 8601), language, authors


@dataclass(frozen=True, slots=True)
class Discovery:
    """Hold what was found in one feed, sitemap or page."""

    found: tuple[FoundLink, ...] = ()  # one for each URL, in the order of the document
    problem: str | None = (
        None  # what was wrong with it, for people; `found` has the links that could be read all the same
    )
    # "feed", "comments feed", "news sitemap", "sitemap", "sitemap index" or "page"; None for anything else
    kind: str | None = None
    title: str | None = None  # the document's own title
    language: str | None = None  # the language that the document declares
    rejected: tuple[tuple[str, str], ...] = ()  # (URL, rule) of links that are not in `found`, if asked for
    home: str | None = None  # of a feed: the page that it says it belongs to


def gather(links: Iterable[tuple[str | None, str, dict[str, str]]], limit: int) -> tuple[FoundLink, ...]:
    """Return at most `limit` fetchable links, the first for each URL."""
    found: dict[str, FoundLink] = {}
    for url, kind, hint in links:
        clean = fetchable(url) if url else None
        if clean is None:
            continue
        found.setdefault(url_key(clean), FoundLink(clean, kind, hint))
        if len(found) >= limit:
            break
    return tuple(found.values())
