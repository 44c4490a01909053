"""Read a feed, sitemap or page, and decide which of its links its source follows. Pure; runs in a worker process.

Both happen there, because a listing may have 50,000 links, and comes from strangers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery, FoundLink, LeftOut
from crawler.discovery.sitemaps import read_sitemap
from crawler.frontier.queue_values import FrontierEntry
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.urls import fetchable, site_of

MAX_SITEMAP_DEPTH = 4  # robots.txt or front page -> index -> index -> sitemap; the protocol allows one index only
SAME_TIME_MIN_LINKS = 5  # from so many links on, one time of change for all of them says nothing
SAME_TIME_SPAN = timedelta(minutes=1)
MAX_SITES_NAMED = 10  # other sites whose addresses a listing named, the most frequent first

READER_OF_KIND = {
    "feed": read_feed,
    "news sitemap": read_sitemap,
    "sitemap": read_sitemap,
    "front": read_links,
    "section": read_links,
}
OTHER_SITE = "another site"  # the rule by which an address of another site is not followed
PAGE_LISTINGS = ("front", "section")  # their links are followed within the source's own sites only


@dataclass(frozen=True, slots=True)
class ListingRules:
    """Hold what decides about the links of one listing."""

    url: str  # of the listing, as it was asked for
    kind: str  # of the listing
    depth: int  # of the listing
    site: WatchedSite
    max_url_chars: int
    explain: bool = False  # name every link that is not followed, for the log


@dataclass(frozen=True, slots=True)
class ListingLinks:
    """Hold the links of a listing that its source follows, and what is known of the others."""

    entries: tuple[FrontierEntry, ...] = ()
    problem: str | None = None  # what was wrong with the listing, for people
    empty: bool = False  # it names nothing at all, or nothing that could be read
    off_site: int = 0  # entries of a feed or sitemap on other sites, which its source may not list
    off_sites: tuple[tuple[str, int], ...] = ()  # the most frequent of these sites, with their numbers
    rejected: tuple[tuple[str, str], ...] = ()  # (URL, rule) of links that are not followed, if asked for
    articles: int = 0  # that it names, followed or not
    left_out: tuple[LeftOut, ...] = ()  # what a feed or sitemap lists that does not look like an article
    exception: str = ""  # what a parser raised on the listing, for the debug log


def read_listing(body: bytes, url: str, content_type: str | None, rules: ListingRules) -> ListingLinks:
    """Return the links of a listing that was fetched at `url`."""
    reader, site = READER_OF_KIND[rules.kind], rules.site
    if reader is read_links:
        discovery = read_links(body, url, content_type, site.include, site.exclude, rules.explain, site.listed.own)
    else:
        discovery = reader(body, url, content_type)
    found = replace(followed_links(discovery, rules), empty=not discovery.found)
    if rules.kind == "front" and not site.listed.owns(url):
        return replace(found, problem=f"it redirects to {url}: crawl that address, or add its site to `sites`")
    return found


def followed_links(discovery: Discovery, rules: ListingRules) -> ListingLinks:
    """Return those of the links that were found that the source follows."""
    same_time = have_same_time(discovery)
    entries, rejected = [], list(discovery.rejected)
    off_site: Counter[str] = Counter()
    for link in discovery.found:
        rule, url, kind = judged(link, rules)
        if rule:
            rejected.append((link.url, rule))
            if rule == OTHER_SITE and rules.kind not in PAGE_LISTINGS:
                off_site[site_of(url)] += 1
            continue
        hint = {name: text for name, text in link.hint.items() if not (same_time and name == "modified")}
        entries.append(FrontierEntry(url, kind, rules.depth + 1, rules.url, hint))
    named = tuple(off_site.most_common(MAX_SITES_NAMED))
    reasons = tuple(rejected) if rules.explain else ()
    articles = sum(link.kind == "article" for link in discovery.found)
    return ListingLinks(
        tuple(entries),
        discovery.problem,
        off_site=off_site.total(),
        off_sites=named,
        rejected=reasons,
        articles=articles,
        left_out=discovery.left_out,
        exception=discovery.exception,
    )


def judged(link: FoundLink, rules: ListingRules) -> tuple[str, str, str]:
    """Return (rule, URL, kind) of a link; a rule other than "" is the reason why it is not followed."""
    site, depth = rules.site, rules.depth + 1
    url = fetchable(link.url)
    if url is None or len(url) > rules.max_url_chars:
        return "no fetchable address, or longer than crawl.url_length", link.url, link.kind
    kind = site.kind_of(url, link.kind)
    if kind is None:
        return "excluded by the source", url, link.kind
    if not (site.listed.owns(url) if rules.kind in PAGE_LISTINGS else site.listed.may_list(url)):
        return OTHER_SITE, url, kind
    if kind in ("sitemap", "news sitemap") and depth > MAX_SITEMAP_DEPTH:
        return "sitemaps in sitemaps, too deep", url, kind
    if kind == "section" and (depth > site.depth or site.explicit_sections):
        return "a section page: too deep, or its source lists others", url, kind
    if kind in ("feed", "sitemap", "news sitemap") and rules.kind in PAGE_LISTINGS and site.watched:
        return f"a {kind}: its source says which ones", url, kind
    return "", url, kind


def have_same_time(discovery: Discovery) -> bool:
    """Return True if a sitemap gives all pages about the same time of change.

    That is the time at which the sitemap was made, and says nothing about the pages.
    """
    times = []
    for link in discovery.found:
        try:
            times.append(datetime.fromisoformat(link.hint.get("modified", "")))
        except ValueError:
            continue
    zones = {time.tzinfo is None for time in times}
    return len(times) >= SAME_TIME_MIN_LINKS and len(zones) == 1 and max(times) - min(times) < SAME_TIME_SPAN


def split_by_site(urls: Iterable[str], site: WatchedSite) -> tuple[list[str], Counter[str]]:
    """Return the URLs that a source may list, and the number of the others by their sites."""
    own, others = [], Counter[str]()
    for url in urls:
        if site.listed.may_list(url):
            own.append(url)
        else:
            others[site_of(url)] += 1
    return own, others
