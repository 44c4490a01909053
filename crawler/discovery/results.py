"""What discovery hands back: links with what was said about them. Values only; they cross a process border."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.core.urls import fetchable, url_key


@dataclass(frozen=True, slots=True)
class FoundLink:
    """One link worth following."""

    url: str  # absolute and fetchable (`pipelines.core.urls.fetchable`)
    kind: str  # "article", "section", "feed", "news sitemap" or "sitemap"
    hint: dict[str, str] = field(default_factory=dict)  # title, published, modified (ISO 8601), language, authors


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one feed, sitemap or page leads to."""

    found: tuple[FoundLink, ...] = ()  # one for each address, in the order of the document
    problem: str | None = None  # what was wrong with it, for people; what could be read is in `found` all the same
    # What it turned out to be: "feed", "comments feed", "news sitemap", "sitemap", "sitemap index", "page"; None if it
    # is nothing that we know.
    kind: str | None = None
    title: str | None = None  # the document's own title, where it has one
    language: str | None = None  # and its language, as it says
    rejected: tuple[tuple[str, str], ...] = ()  # (address, rule) of links that are not in `found`, where asked for


def gather(links: Iterable[tuple[str | None, str, dict[str, str]]], most: int) -> tuple[FoundLink, ...]:
    """Fetchable links, each address once (the first wins), at most `most`."""
    found: dict[str, FoundLink] = {}
    for url, kind, hint in links:
        clean = fetchable(url) if url else None
        if clean is None:
            continue
        found.setdefault(url_key(clean), FoundLink(clean, kind, hint))
        if len(found) >= most:
            break
    return tuple(found.values())
