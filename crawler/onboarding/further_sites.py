"""Find out which other sites the feeds and sitemaps of a newspaper name, and which of them are the paper's own. Pure.

A crawl leaves out what a feed names on another site, unless the source file has that site among its `sites`. A paper
with two domains (a feed of bbc.co.uk with links to bbc.com) gets its second one from here. Any other site is only
reported: a feed could name somebody else's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crawler.discovery.results import Discovery
from pipelines.core.urls import site_of, site_or_none

MIN_SHARE = 0.5  # of the entries of one listing that must be on a further site of the paper
PAGES = "article"


@dataclass(frozen=True, slots=True)
class FurtherSites:
    """Hold the other sites that the listings of a paper name."""

    own: tuple[str, ...] = ()  # further domains of the same name, to which at least half of a listing's entries lead
    others: tuple[tuple[str, int], ...] = ()  # the rest with their numbers of entries, the most frequent first

    def without(self, homes: Iterable[str]) -> FurtherSites:
        """Return the same, without further sites of the paper to which the front page of another source belongs."""
        taken = {site_or_none(home) for home in homes}
        return replace(self, own=tuple(site for site in self.own if site not in taken))


def further_sites(home: str, listings: Iterable[Discovery]) -> FurtherSites:
    """Return the other sites that these feeds and sitemaps of the paper at `home` name."""
    here, own, others = site_of(home), set[str](), Counter[str]()
    for listing in listings:
        sites = Counter(site_of(link.url) for link in listing.found if link.kind == PAGES)
        total = sites.total()
        del sites[here]
        own |= {site for site, number in sites.items() if number >= MIN_SHARE * total and same_name(site, here)}
        others.update(sites)
    rest = [(site, number) for site, number in others.most_common() if site not in own]
    return FurtherSites(tuple(sorted(own)), tuple(rest))


def same_name(a: str, b: str) -> bool:
    """Return True if two domains have the same name under different suffixes, as bbc.com and bbc.co.uk do."""
    name = a.partition(".")[0]
    return name == b.partition(".")[0] and re.search(r"[a-z]", name) is not None and ":" not in a + b


def names_site(listing: Discovery, home: str) -> bool:
    """Return True if a feed or sitemap names an address of the site of `home`."""
    return any(site_or_none(link.url) == site_of(home) for link in listing.found)
