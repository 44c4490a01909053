"""Find the sources whose files name the same listing: a crawl reads it for one of them only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from crawler.config.models import SourceConfig
from crawler.config.pauses import pause_lasts
from pipelines.core.plural import first_of
from pipelines.core.urls import url_key

MAX_NAMED = 3  # listings of a source that are named


def readers(sources: Iterable[SourceConfig], now: datetime) -> dict[str, str]:
    """Return by the key of its address which source each listing of the files is read for.

    `sources`: in the order of a crawl. The last of those that list an address, and are not paused, gets what it brings.
    """
    return {url_key(url): own.name for own in sources if not pause_lasts(own.paused, now) for url in listings_of(own)}


def listings_of(own: SourceConfig) -> list[str]:
    """Return the addresses that the file of a source names."""
    return [own.url, *own.feeds, *own.news_sitemaps, *own.sitemaps, *own.sections]


def listed_twice(sources: Collection[SourceConfig], now: datetime) -> dict[str, str]:
    """Return by name which sources get nothing of some of their listings, with a sentence on why.

    `sources`: see `readers`.
    """
    reader, found = readers(sources, now), {}
    for own in sources:
        if pause_lasts(own.paused, now):
            continue
        others = {url: other for url in listings_of(own) if (other := reader[url_key(url)]) != own.name}
        if others:
            files = " and ".join(f"sources/{other}.toml" for other in sorted(set(others.values())))
            found[own.name] = (
                f"{first_of(list(others), MAX_NAMED)}: listed in {files} too, and read for that source alone"
            )
    return found
