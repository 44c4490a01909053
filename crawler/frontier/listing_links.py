"""Read a feed, sitemap or page, and decide which of its links its source follows. Pure; runs in a worker process.

Both happen there, because a listing may have 50,000 links, and comes from strangers. Of a sitemap that was read before,
only the entries that are written otherwise than last time are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery, FoundLink, LeftOut
from crawler.discovery.sitemaps import MAX_URLS, read_sitemap
from crawler.discovery.sitemaps import unpacked as without_gzip
from crawler.frontier.entry_dates import day_of, times_of_writing
from crawler.frontier.queue_values import FrontierEntry
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.urls import fetchable, site_of, url_key

MAX_SITEMAP_DEPTH = 4  # robots.txt or front page -> index -> index -> sitemap; the protocol allows one index only
# Of a packed entry; two URLs of one listing of 50,000 are alike once in ten billion.
KEY_BYTES, MARK_BYTES, TEXT_BYTES = 8, 4, 8
ENTRY_BYTES = KEY_BYTES + MARK_BYTES + TEXT_BYTES
NO_TEXT = bytes(TEXT_BYTES)  # of an entry that is read each time
WRITTEN_ENTRY = re.compile(rb"<url>(?:(?!<url>).)*?</url>", re.DOTALL)  # of a sitemap
WRITTEN_ADDRESS = re.compile(rb"<loc>([^<&]+)</loc>")
# What makes the text of an entry say less than it seems to: a comment around it, a definition of what it refers to.
AROUND_ENTRIES = re.compile(rb"<!--(?:(?!-->).)*<url>|<!DOCTYPE|<!ENTITY|<!\[CDATA\[", re.DOTALL | re.IGNORECASE)
MAX_SITES_NAMED = 10  # other sites whose addresses a listing named, the most frequent first

READER_OF_KIND = {
    "feed": read_feed,
    "news sitemap": read_sitemap,
    "sitemap": read_sitemap,
    "front": read_links,
    "section": read_links,
}
OTHER_SITE = "another site"  # the rule by which an address of another site is not followed
NAMED_AFTER = "named after"  # hint of a sitemap: stamp of a reading of its index at which that did not name it yet
SITEMAP_KINDS = ("sitemap", "news sitemap")
PAGE_LISTINGS = ("front", "section")  # their links are followed within the source's own sites only


@dataclass(frozen=True, slots=True)
class ListingRules:
    """Hold what decides about the links of one listing."""

    url: str  # of the listing, as it was asked for
    kind: str  # of the listing
    depth: int  # of the listing
    site: WatchedSite
    max_url_chars: int
    now: datetime
    known: bytes = b""  # entries of a feed or sitemap at its last reading, packed
    last_read: str | None = None  # stamp of that reading
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
    is_index: bool = False  # it names sitemaps
    newest: str | None = None  # the newest day that one of its links gives
    sought_feeds: bool = False  # the feeds that it names were tried, too
    unchanged: bool = False  # its bytes are those of the last reading, and it was not read
    runs_on: bool = False  # it is a page with running text, and may be an article as well
    skipped: int = 0  # entries that are written as they were at the last reading, and were not read

    def newest_with(self, known: str | None) -> str | None:
        """Return the newest day that one of its links gives; `known`: the one of its last reading."""
        if self.unchanged:
            return known
        return max((day for day in (known if self.skipped else None, self.newest) if day), default=None)

    def differs_from(self, known: bytes) -> bool:
        """Return True if it names or says anything that the packed entries of its last reading did not, or less."""
        return self.packed != known if self.is_index else bool(self.entries) or self.shared < size_of(known)

    def in_common(self, packed: bytes) -> int:
        """Return how many of its links are among the packed entries of another listing."""
        return len(unpacked(self.packed).keys() & unpacked(packed).keys())


def read_listing(body: bytes, url: str, content_type: str | None, rules: ListingRules) -> ListingLinks:
    """Return the links of a listing that was fetched at `url`."""
    reader, site, written = READER_OF_KIND[rules.kind], rules.site, WrittenEntries()
    if reader is read_links:
        discovery = read_links(body, url, content_type, site.include, site.exclude, rules.explain, site.listed.own)
    else:
        if reader is read_sitemap and not rules.explain:
            body, written = without_known(body, rules.known)
        discovery = reader(body, url, content_type)
        if written.skipped and not discovery.found and not discovery.exception:
            discovery = replace(discovery, problem=None)  # that it names nothing more is none
    found = replace(followed_links(discovery, rules, written), empty=not (discovery.found or written.skipped))
    if rules.kind == "front" and not site.listed.owns(url):
        return replace(
            found, runs_on=False, problem=f"it redirects to {url}: crawl that address, or add its site to `sites`"
        )
    return found


@dataclass(frozen=True, slots=True)
class WrittenEntries:
    """Hold how the entries of a sitemap are written."""

    skipped: tuple[bytes, ...] = ()  # packed entries of those that are written as they were last time
    texts: Mapping[bytes, bytes] = field(default_factory=dict)  # of the others: address -> digest of the whole entry


def without_known(body: bytes, known: bytes) -> tuple[bytes, WrittenEntries]:
    """Return a sitemap without the entries that are written as they were last time, and how they are written.

    A sitemap of 50,000 with one change is read in a tenth of the time: most of it goes into parsing, dates and
    addresses.
    """
    text, problem = without_gzip(body)
    if problem or AROUND_ENTRIES.search(text):
        return body, WrittenEntries()
    before = {known[at + KEY_BYTES + MARK_BYTES : at + ENTRY_BYTES]: at for at in range(0, len(known), ENTRY_BYTES)}
    before.pop(NO_TEXT, None)
    kept, skipped, texts, at, number = [], {}, {}, 0, 0
    for entry in WRITTEN_ENTRY.finditer(text):
        number += 1
        digest = blake2b(entry[0], digest_size=TEXT_BYTES).digest()
        if (place := before.get(digest)) is not None:
            skipped[digest] = known[place : place + ENTRY_BYTES]
            kept.append(text[at : entry.start()])
            at = entry.end()
        elif address := WRITTEN_ADDRESS.search(entry[0]):
            texts[address[1]] = digest if address[1] not in texts else NO_TEXT
    if number > MAX_URLS:
        return body, WrittenEntries()
    return b"".join([*kept, text[at:]]), WrittenEntries(tuple(skipped.values()), texts)


def followed_links(discovery: Discovery, rules: ListingRules, written: WrittenEntries) -> ListingLinks:
    """Return those of the links that were found that the source follows."""
    skipped, is_index = len(written.skipped), discovery.kind == "sitemap index"
    known, packed = unpacked(rules.known), [*written.skipped]
    keys = {link.url: packed_key(link.url) for link in discovery.found}
    marks = {link.url: packed_mark(link.kind, link.hint) for link in discovery.found}
    read_before = [url for url, key in keys.items() if key in known]
    shared = skipped + len(read_before)
    changed = sum(known[keys[url]] != marks[url] for url in read_before)
    times = (link.hint["modified"] for link in discovery.found if "modified" in link.hint)
    false_times = times_of_writing(times, rules.now, skipped + len(discovery.found), shared, changed)
    entries, rejected = [], list(discovery.rejected)
    off_site: Counter[str] = Counter()
    for link in discovery.found:
        hint, key, mark = link.hint, keys[link.url], marks[link.url]
        says_nothing = hint.get("modified") in false_times
        if says_nothing:
            hint = {name: text for name, text in hint.items() if name != "modified"}
        if is_index and known and key not in known and rules.last_read:
            hint = {**hint, NAMED_AFTER: rules.last_read}
        entry = key + mark + written.texts.get(link.url.encode("utf-8", "surrogatepass"), NO_TEXT)
        if key in known and (says_nothing or known[key] == mark):
            packed.append(entry)
            continue
        rule, url, kind = judged(link, rules)
        if rule:
            rejected.append((link.url, rule))
            if rule == OTHER_SITE and rules.kind not in PAGE_LISTINGS:
                off_site[site_of(url)] += 1
            continue
        packed.append(entry)
        entries.append(FrontierEntry(url, kind, rules.depth + 1, rules.url, hint))
    if rules.kind in SITEMAP_KINDS:  # of one that names more than is queued at once, the newest are
        entries.sort(key=lambda entry: day_of(entry.hint, rules.now) or "", reverse=True)
    named = tuple(off_site.most_common(MAX_SITES_NAMED))
    reasons = tuple(rejected) if rules.explain else ()
    return ListingLinks(
        tuple(entries),
        discovery.problem,
        off_site=off_site.total(),
        off_sites=named,
        rejected=reasons,
        articles=skipped + sum(link.kind == "article" for link in discovery.found),
        left_out=discovery.left_out,
        exception=discovery.exception,
        named=len(packed),
        skipped=skipped,
        packed=b"".join(packed),
        shared=shared,
        runs_on=discovery.runs_on,
        is_index=is_index,
        newest=max((day for link in discovery.found if (day := day_of(link.hint, rules.now))), default=None),
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
    return len(packed) // ENTRY_BYTES


def unpacked(packed: bytes) -> dict[bytes, bytes]:
    """Return the marks of packed entries by their keys."""
    end = KEY_BYTES + MARK_BYTES
    return {packed[at : at + KEY_BYTES]: packed[at + KEY_BYTES : at + end] for at in range(0, len(packed), ENTRY_BYTES)}


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
    if kind in SITEMAP_KINDS and depth > MAX_SITEMAP_DEPTH:
        return "sitemaps in sitemaps, too deep", url, kind
    if kind == "section" and (depth > site.depth or site.explicit_sections):
        return "a section page: too deep, or its source lists others", url, kind
    wanted = kind == "feed" and rules.seeks_feeds
    if kind in ("feed", "sitemap", "news sitemap") and rules.kind in PAGE_LISTINGS and site.watched and not wanted:
        return f"a {kind}: its source says which ones", url, kind
    return "", url, kind


def split_by_site(urls: Iterable[str], site: WatchedSite) -> tuple[list[str], Counter[str]]:
    """Return the URLs that a source may list, and the number of the others by their sites."""
    own, others = [], Counter[str]()
    for url in urls:
        if site.listed.may_list(url):
            own.append(url)
        else:
            others[site_of(url)] += 1
    return own, others
