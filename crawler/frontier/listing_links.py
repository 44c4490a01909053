"""Read a feed, sitemap or page, and decide which of its links its source follows. Pure; runs in a worker process.

Both happen there, because a listing may have 50,000 links, and comes from strangers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery, FoundLink, LeftOut
from crawler.discovery.sitemaps import read_sitemap
from crawler.frontier.entry_dates import day_of
from crawler.frontier.queue_values import FrontierEntry
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.urls import fetchable, site_of, url_key

MAX_SITEMAP_DEPTH = 4  # robots.txt or front page -> index -> index -> sitemap; the protocol allows one index only
SAME_TIME_MIN_LINKS = 5  # from so many links on, one time of change for all of them says nothing
SAME_TIME_SPAN = timedelta(minutes=1)
KEY_BYTES, MARK_BYTES = 8, 4  # of a packed entry; two URLs of one listing of 50,000 are alike once in ten billion
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
    known: bytes = b""  # entries of a feed or sitemap at its last reading, packed
    seeks_feeds: bool = False  # the feeds that a page names are wanted, though the source's file says which ones
    explain: bool = False  # name every link that is not followed, for the log


@dataclass(frozen=True, slots=True)
class ListingLinks:
    """Hold the links of a listing that its source follows, and what is known of the others."""

    entries: tuple[FrontierEntry, ...] = ()  # without those that a feed or sitemap named in the same way last time
    problem: str | None = None  # what was wrong with the listing, for people
    empty: bool = False  # it names nothing at all, or nothing that could be read
    off_site: int = 0  # entries of a feed or sitemap on other sites, which its source may not list
    off_sites: tuple[tuple[str, int], ...] = ()  # the most frequent of these sites, with their numbers
    rejected: tuple[tuple[str, str], ...] = ()  # (URL, rule) of links that are not followed, if asked for
    articles: int = 0  # that it names, followed or not
    left_out: tuple[LeftOut, ...] = ()  # what a feed or sitemap lists that does not look like an article
    exception: str = ""  # what a parser raised on the listing, for the debug log
    named: int = 0  # links that are followed, those of the last time included
    packed: bytes = b""  # all of them, for `ListingRules.known` at the next reading
    shared: int = 0  # of them, those that were named last time
    newest: str | None = None  # the newest day that one of its links gives
    sought_feeds: bool = False  # the feeds that it names were tried, too
    unchanged: bool = False  # its bytes are those of the last reading, and it was not read

    def in_common(self, packed: bytes) -> int:
        """Return how many of its links are among the packed entries of another listing."""
        return len(unpacked(self.packed).keys() & unpacked(packed).keys())


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
    known, packed, shared = unpacked(rules.known), [], 0
    entries, rejected = [], list(discovery.rejected)
    off_site: Counter[str] = Counter()
    for link in discovery.found:
        hint = link.hint
        if same_time and "modified" in hint:
            hint = {name: text for name, text in hint.items() if name != "modified"}
        key = packed_key(link.url)
        mark = packed_mark(link.kind, hint)
        shared += key in known
        if known.get(key) == mark:
            packed += [key, mark]
            continue
        rule, url, kind = judged(link, rules)
        if rule:
            rejected.append((link.url, rule))
            if rule == OTHER_SITE and rules.kind not in PAGE_LISTINGS:
                off_site[site_of(url)] += 1
            continue
        packed += [key, mark]
        entries.append(FrontierEntry(url, kind, rules.depth + 1, rules.url, hint))
    named = tuple(off_site.most_common(MAX_SITES_NAMED))
    reasons = tuple(rejected) if rules.explain else ()
    return ListingLinks(
        tuple(entries),
        discovery.problem,
        off_site=off_site.total(),
        off_sites=named,
        rejected=reasons,
        articles=sum(link.kind == "article" for link in discovery.found),
        left_out=discovery.left_out,
        exception=discovery.exception,
        named=len(packed) // 2,
        packed=b"".join(packed),
        shared=shared,
        newest=max((day for link in discovery.found if (day := day_of(link.hint))), default=None),
    )


def packed_key(url: str) -> bytes:
    """Return the hash by which a URL is recognised at the next reading."""
    return blake2b(url_key(url).encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def packed_mark(kind: str, hint: Mapping[str, str]) -> bytes:
    """Return a hash of what makes a known URL worth a look: that it is of another kind, or has changed."""
    said = f"{kind} {hint.get('modified', '')}"
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=MARK_BYTES).digest()


def size_of(packed: bytes) -> int:
    """Return the number of packed entries."""
    return len(packed) // (KEY_BYTES + MARK_BYTES)


def unpacked(packed: bytes) -> dict[bytes, bytes]:
    """Return the marks of packed entries by their keys."""
    size = KEY_BYTES + MARK_BYTES
    return {packed[at : at + KEY_BYTES]: packed[at + KEY_BYTES : at + size] for at in range(0, len(packed), size)}


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
    wanted = kind == "feed" and rules.seeks_feeds
    if kind in ("feed", "sitemap", "news sitemap") and rules.kind in PAGE_LISTINGS and site.watched and not wanted:
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
