"""Keep a new source from listing what another source of its site lists already: a crawl reads it for one of them only.

The feed of http://paper.example/ is often named on http://paper.example/sport/ as well. Added as a second source, the
section would never get anything from that feed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from crawler.config.models import SourceConfig
from crawler.onboarding.probe import ProbeReport
from pipelines.core.urls import same_site, url_key


class SharedListings:
    """Look up which source lists an address, among those whose front page is above a given page."""

    def __init__(self, sources: Iterable[SourceConfig]) -> None:
        self._listed: dict[str, tuple[str, dict[str, str]]] = {}  # source -> its front page, its listings by their keys
        for own in sources:
            self.add(own.name, own.url, (*own.feeds, *own.news_sitemaps, *own.sitemaps, *own.sections))

    def add(self, name: str, home: str, listings: Iterable[str]) -> None:
        """Note what a source lists."""
        self._listed[name] = home, {url_key(url): name for url in listings}

    def without(self, found: ProbeReport, name: str) -> ProbeReport:
        """Return what was found for the source `name`, with the listings of sources above it as left out."""
        taken: dict[str, str] = {}
        for other, (home, listings) in self._listed.items():
            if other != name and is_above(home, found.url):
                taken |= listings
        owners = {one.url: taken.get(url_key(one.url)) for one in found.listings}
        why = ((url, f"it belongs to sources/{owner}.toml") for url, owner in owners.items() if owner is not None)
        return replace(
            found,
            listings=tuple(one for one in found.listings if owners[one.url] is None),
            unchecked=tuple(url for url in found.unchecked if url_key(url) not in taken),
            rejected=(*found.rejected, *why),
        )


def is_above(home: str, page: str) -> bool:
    """Return True if a page is on the site of a front page, and its path is that of the front page or below it."""
    folder = urlsplit(home).path.rpartition("/")[0] + "/"
    return same_site(home, page) and (urlsplit(page).path or "/").startswith(folder)
