"""Find the sources whose files name the same listing: a crawl reads it for one of them only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crawler.config.models import SourceConfig
from crawler.config.pauses import pause_lasts
from pipelines.core.plural import first_of
from pipelines.core.urls import url_key

MAX_NAMED = 3  # listings of a source that are named


def listed_twice(sources: Iterable[SourceConfig], now: datetime) -> dict[str, str]:
    """Return by name which sources get nothing of some of their listings, with a sentence on why.

    `sources`: in the order of a crawl. The last of those that list an address, and are not paused, gets what it brings.
    """
    listed = {
        own.name: [own.url, *own.feeds, *own.news_sitemaps, *own.sitemaps, *own.sections]
        for own in sources
        if not pause_lasts(own.paused, now)
    }
    reader = {url_key(url): name for name, urls in listed.items() for url in urls}
    found = {}
    for name, urls in listed.items():
        others = {url: other for url in urls if (other := reader[url_key(url)]) != name}
        if others:
            files = " and ".join(f"sources/{other}.toml" for other in sorted(set(others.values())))
            found[name] = f"{first_of(list(others), MAX_NAMED)}: listed in {files} too, and read for that source alone"
    return found
