"""Decide which addresses a source may list, and which source an address belongs to. Pure.

The unit is the site: a registrable domain (`pipelines.core.urls.site_of`). A source owns the site of its front page and
the sites that its file names. A feed or sitemap is not believed about any other site: it could name the articles of
another source first and so choose their kind, source and author, or use up that source's share of the crawl. The host
of a feed says nothing: feeds.bbci.co.uk lists bbc.co.uk, and FeedBurner lists everybody's articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipelines.core.urls import host_of, site_of, site_of_host

ANY_SITE = "any"  # the value of `sites` in the file of an aggregator


@dataclass(frozen=True, slots=True)
class ListedSites:
    """Say which addresses the listings of one source may name."""

    own: frozenset[str] = frozenset()  # the sites that the source owns
    hosts: frozenset[str] = frozenset()  # hosts of its feeds and sitemaps, which may name addresses of their own
    any_site: bool = False  # an aggregator: its feeds and sitemaps may name every address

    def owns(self, url: str) -> bool:
        """Return True if a URL is within the source's own sites. Raise ValueError if it is not a web address."""
        return site_of(url) in self.own

    def may_list(self, url: str) -> bool:
        """Return True if a feed or sitemap of the source may name a URL. Raise ValueError if it is not one."""
        return self.any_site or self.owns(url) or host_of(url) in self.hosts


def listed_sites(
    home: str, sections: Iterable[str] = (), listings: Iterable[str] = (), further: str | Iterable[str] = ()
) -> ListedSites:
    """Return what the source with this front page may list.

    `sections` and `listings` (feeds and sitemaps) are addresses in its file; `further` are sites that it names, or
    ANY_SITE.
    """
    any_site = further == ANY_SITE
    named = () if isinstance(further, str) else further
    own = {site_of(url) for url in (home, *sections) if url} | {site_of_host(host) for host in named}
    return ListedSites(frozenset(own), frozenset(map(host_of, listings)), any_site)


class SiteOwners:
    """Look up which sources own the site of an address."""

    def __init__(self, listed: Mapping[int | None, ListedSites], homes: Mapping[int | None, str]) -> None:
        """`listed` and `homes` (the host of the front page): by row id of the source; None is no source."""
        owners: defaultdict[str, set[int]] = defaultdict(set)
        for source_id, sites in listed.items():
            if source_id is not None:
                for site in sites.own:
                    owners[site].add(source_id)
        self._owners = {site: frozenset(source_ids) for site, source_ids in owners.items()}
        self._homes = homes

    def of_site(self, site: str) -> frozenset[int]:
        """Return the sources that own a site."""
        return self._owners.get(site, frozenset())

    def of(self, url: str) -> frozenset[int]:
        """Return the sources that own the site of a URL."""
        return self.of_site(site_of(url))

    def is_foreign(self, url: str, source_id: int | None) -> bool:
        """Return True if a URL is on a site that other sources own, and this one does not."""
        owners = self.of(url)
        return bool(owners) and source_id not in owners

    def file_under(self, url: str, source_id: int | None) -> int | None:
        """Return the source of a page that was fetched for `source_id`: it, unless others own the site of the page.

        Of several owners, the one whose front page has the page's host counts, else the one with the shortest host.
        """
        owners = self.of(url)
        if not owners or source_id in owners:
            return source_id
        host = host_of(url)
        return min(owners, key=lambda owner: (self._homes[owner] != host, len(self._homes[owner] or ""), owner))

    def without_foreign_hosts(self, sites: ListedSites, source_id: int | None) -> ListedSites:
        """Return what a source may list, without hosts of feeds and sitemaps that belong to other sources."""
        hosts = {host for host in sites.hosts if not self.of_site(site_of_host(host)) - {source_id}}
        return replace(sites, hosts=frozenset(hosts))
