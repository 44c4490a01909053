"""Look a site over: find its feeds, news sitemaps, sitemaps and section pages, and check each by reading it.

Does no I/O of its own: `probe` gets a function that fetches a URL and one that runs a reader. This module decides what
is tried, in which order, and when to stop. `SiteFetcher` supplies the network and the archive.

    robots.txt -> home page -> feeds named there, else common places -> sitemaps of robots.txt, else common places;
    one level of their index; a news sitemap if none showed up -> section pages of the menus, as far as requests last
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery, LeftOut
from crawler.discovery.robots_txt import MAX_ROBOTS_BYTES, Robots
from crawler.discovery.seeds import COMMON_FEEDS, COMMON_SITEMAPS, Seeds, discover_seeds
from crawler.discovery.sitemaps import read_sitemap
from crawler.discovery.url_classifier import classify
from crawler.middleware.redirects import RedirectChain, RedirectEnded
from crawler.onboarding.further_sites import FurtherSites, further_sites, names_site
from pipelines.core.plural import counted
from pipelines.core.urls import fetchable, same_site, url_key
from pipelines.extraction.page.meta_refresh import refresh_of
from pipelines.warc.http_message import REDIRECTS

logger = logging.getLogger("morgue.onboarding")

ROBOTS_AGENT = "Newsmorgue"  # product token (RFC 9309 section 2.2.1)
MAX_REQUESTS = 25  # per site, robots.txt and redirects included
MAX_TOTAL_WAIT_SECONDS = 180.0  # that Crawl-delay may add up to; a site with a long Crawl-delay gets fewer requests
MIN_REQUESTS = 8  # per site, however long its Crawl-delay
MAX_REDIRECTS = 5  # RFC 9309 section 2.3.1.2; enough for anything else

MAX_FEEDS = 6
MAX_SITEMAPS = 5
MAX_NEWS_SITEMAPS_PER_INDEX = 2
LISTED, TYPED = "in your list", "the address you gave"  # where a feed of the user's choice was found
MIN_ARTICLE_LINKS = 1  # that a page in a menu needs to count as a section page


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ProbeResponse:
    """Hold the response to one request. While it lives its body counts towards the memory for bodies."""

    status: int | None  # None: no answer
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    set_cookies: tuple[bytes, ...] = ()  # values of its Set-Cookie fields
    body: bytes = b""  # transfer- and content-decoded
    error: str = ""  # why there is no answer


# (URL, kind, Crawl-delay of its site in seconds, Cookie field or b"")
Fetch = Callable[[str, str, float | None, bytes], Awaitable[ProbeResponse]]
Read = Callable[..., Awaitable[Any]]  # (reader, *arguments); runs the reader in a process where it can do no harm


@dataclass(frozen=True, slots=True)
class VerifiedListing:
    """Describe a feed, sitemap or section page that was fetched and is what it claims to be."""

    url: str  # after redirects
    kind: str  # "feed", "news sitemap", "sitemap" or "section"
    count: int  # articles that it names; for a sitemap index, sitemaps
    newest: str | None  # ISO day of the newest of them, as the listing states it
    where: str  # how it was found, for people
    index: bool = False  # True for a sitemap index
    left_out: tuple[LeftOut, ...] = ()  # addresses that it lists and a crawl leaves out, by reason


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Hold what was found on a site."""

    url: str  # the home page, after redirects
    failure: str | None = None  # why the site could not be looked over, for people; then the rest is empty
    title: str | None = None
    language: str | None = None
    listings: tuple[VerifiedListing, ...] = ()
    unchecked: tuple[str, ...] = ()  # section pages in the menus that were not fetched, to limit the requests
    rejected: tuple[tuple[str, str], ...] = ()  # (URL, what is wrong with it); no guesses at which there was nothing
    further_sites: FurtherSites = field(default_factory=FurtherSites)  # that feeds and sitemaps name
    crawl_delay: float | None = None  # seconds, from robots.txt
    requests: int = 0  # requests sent
    note: str = ""  # why another page than the given one was looked over, for people

    def chosen_feeds(self) -> list[VerifiedListing]:
        """Return the feeds that the user gave."""
        return [listing for listing in self.of("feed") if listing.where in (LISTED, TYPED)]

    def of(self, kind: str) -> tuple[VerifiedListing, ...]:
        """Return the listings of one kind."""
        return tuple(listing for listing in self.listings if listing.kind == kind)


async def probe(url: str, fetch: Fetch, read: Read, *, obey: bool = True, feeds: Sequence[str] = ()) -> ProbeReport:
    """Look a site over.

    `url` is its home page, or a feed or an article of it; `feeds` are feeds of it that the user knows. `obey` False
    ignores what robots.txt disallows.
    """
    site = SiteProbe(fetch, read, obey)
    try:
        home, expected, note = await _front_page(site, url)
    except UnusableAddress as error:
        return ProbeReport(url, str(error), requests=site.requests)
    if not same_site(home.url, expected):
        return ProbeReport(url, f"it is another site now: morgue add {home.url}", requests=site.requests)
    site.home = home.url
    seeds: Seeds = await read(discover_seeds, home.body, home.url, site.robots_body(home.url), home.content_type)
    del home
    if isinstance(seeds, Discovery):  # reading it broke a limit
        return ProbeReport(site.home, f"its front page cannot be read: {seeds.problem}", requests=site.requests)
    for feed in feeds:
        await site.check(feed, "feed", LISTED)
    await _feeds(site, seeds)
    await _sitemaps(site, seeds)
    unchecked = await _sections(site, seeds)
    robots = site.robots.get(_origin(site.home), Robots())
    return ProbeReport(
        site.home,
        title=seeds.title or next((found.title for found in site.read_so_far if found.title), None),
        language=seeds.language or next((found.language for found in site.read_so_far if found.language), None),
        listings=tuple(site.listings),
        unchecked=unchecked,
        rejected=tuple(site.rejected),
        further_sites=further_sites(site.home, [found for found in site.read_so_far if found.kind != "page"]),
        crawl_delay=robots.crawl_delay,
        requests=site.requests,
        note=note,
    )


async def get(url: str, fetch: Fetch, *, obey: bool = True) -> ProbedPage:
    """Fetch one page; follow redirects and obey the robots.txt of every host on the way. Raises UnusableAddress."""

    async def read(*_: Any) -> Any:
        raise NotImplementedError("a single page needs no reader")

    return await SiteProbe(fetch, read, obey).get(url, "page")


class UnusableAddress(Exception):
    """Raised for an address that gives nothing usable. The message says why, for people."""


@dataclass(frozen=True, slots=True)
class ProbedPage:
    """Hold a page that was fetched. Let go of it before the next request: that may wait for its memory."""

    url: str
    answer: ProbeResponse

    @property
    def body(self) -> bytes:
        return self.answer.body

    @property
    def content_type(self) -> str | None:
        return self.answer.headers.get("content-type")


class SiteProbe:
    """Hold the state of one probe: its budget, the robots.txt of each host, and the listings found so far."""

    def __init__(self, fetch: Fetch, read: Read, obey: bool) -> None:
        self.fetch, self.read, self.obey = fetch, read, obey
        self.budget, self.requests = MAX_REQUESTS, 0
        self.home = ""  # the front page, once it was fetched
        self.robots: dict[str, Robots] = {}
        self.bodies: dict[str, bytes] = {}  # of robots.txt
        self.requested: set[str] = set()
        self.listings: list[VerifiedListing] = []
        self.read_so_far: list[Discovery] = []
        self.rejected: list[tuple[str, str]] = []

    @property
    def spent(self) -> bool:
        return self.requests >= self.budget

    def robots_body(self, url: str) -> bytes:
        return self.bodies.get(_origin(url), b"")

    async def get(self, url: str, kind: str) -> ProbedPage:
        """Fetch a page; follow redirects and obey the robots.txt of every host on the way. Raises UnusableAddress."""
        chain, cookie = RedirectChain(MAX_REDIRECTS), b""
        while True:
            robots = await self._robots_of(url)
            if self.obey and not await robots.allows(url):
                raise UnusableAddress(robots.reason or "robots.txt disallows it")
            answer = await self._request(url, kind, robots.crawl_delay, cookie)
            if answer.status is None:
                raise UnusableAddress(answer.error or "no answer")
            if answer.status in REDIRECTS:
                location = answer.headers.get("location", "").encode("latin-1")
                if not location:
                    raise UnusableAddress(f"HTTP {answer.status} without a Location")
            elif not 200 <= answer.status < 300:
                raise UnusableAddress(f"HTTP {answer.status}")
            else:
                refresh = refresh_of(answer.body, url)
                if refresh is None or not refresh.is_redirect or url_key(refresh.url) == url_key(url):
                    return ProbedPage(fetchable(url) or url, answer)
                location = refresh.url.encode()
            try:
                url, cookie = chain.follow(url, cookie, location, answer.set_cookies)
            except RedirectEnded as ended:
                raise UnusableAddress(ended.reason) from None
            del answer  # the next request may wait for the memory that its body takes

    async def _request(self, url: str, kind: str, crawl_delay: float | None, cookie: bytes) -> ProbeResponse:
        if self.spent:
            raise UnusableAddress(f"not fetched, to stay at {self.budget} requests")
        self.requests += 1
        self.requested.add(url_key(url))
        about = {"url": url, "kind": kind, "number": self.requests, "budget": self.budget}
        logger.debug("request %(number)d of at most %(budget)d: %(url)s (%(kind)s)", about)
        return await self.fetch(url, kind, crawl_delay, cookie)

    async def _robots_of(self, url: str) -> Robots:
        """Return the robots.txt for the URL's scheme, host and port (RFC 9309 section 2.3). Fetch it only once."""
        origin = _origin(url)
        if origin in self.robots:
            return self.robots[origin]
        place, cookie, chain = f"{origin}/robots.txt", b"", RedirectChain(MAX_REDIRECTS)
        while (answer := await self._request(place, "robots", None, cookie)).status in REDIRECTS:
            location = answer.headers.get("location", "").encode("latin-1")
            try:
                place, cookie = chain.follow(place, cookie, location, answer.set_cookies)
            except RedirectEnded:  # RFC 9309, 2.3.1.2: as if there were no robots.txt
                break
            del answer
        if answer.status is None and self.obey:
            raise UnusableAddress(answer.error or "no answer")
        # In a thread, because half a megabyte of rules takes a second.
        robots = await asyncio.to_thread(Robots.parse, answer.status, answer.body, ROBOTS_AGENT, place)
        self.robots[origin] = robots
        has_rules = answer.status is not None and 200 <= answer.status < 300
        self.bodies[origin] = answer.body[: MAX_ROBOTS_BYTES + 1] if has_rules else b""
        about = {"site": origin, "why": robots.reason or "read", "crawl_delay": robots.crawl_delay}
        logger.info("%(site)s/robots.txt: %(why)s", about)
        if robots.crawl_delay:
            self.budget = min(self.budget, max(MIN_REQUESTS, int(MAX_TOTAL_WAIT_SECONDS / robots.crawl_delay)))
        return robots

    async def check(
        self, url: str, kind: str, where: str, *, guess: bool = False
    ) -> tuple[VerifiedListing, Discovery] | None:
        """Fetch and read a candidate, and add it to the listings if it is what it claims to be.

        Return None if it is not, or if it was checked before. A candidate that the site itself names and that fails
        goes to `rejected`. A failed `guess` does so only if it lists addresses that a crawl leaves out.
        """
        found: Discovery | None = None
        if url_key(url) in self.requested:
            return None
        reader = {"feed": read_feed, "section": read_links}.get(kind, read_sitemap)
        try:
            got = await self.get(url, kind)
            found = await self.read(reader, got.body, got.url, got.content_type)
            assert found is not None
            listing = verified_listing(got.url, kind, where, found)
            # Another site's sitemap may be named in robots.txt (sitemaps.org, "cross submits"), but only for this site.
            if self.home and not same_site(got.url, self.home) and not names_site(found, self.home):
                raise UnusableAddress("it is on another site and names no address of this one")
        except UnusableAddress as error:
            about = {"url": url, "kind": kind, "where": where, "why": error}
            logger.info("left out %(kind)s %(url)s, %(where)s: %(why)s", about)
            if not guess or (found is not None and found.left_out):
                self.rejected.append((url, str(error)))
            return None
        return self.add(listing, found)

    def add(self, listing: VerifiedListing, found: Discovery) -> tuple[VerifiedListing, Discovery] | None:
        """Add a listing, unless another address led to it before; then return None."""
        if any(url_key(known.url) == url_key(listing.url) for known in self.listings):
            logger.info("met before under another address: %(url)s", {"url": listing.url})
            return None
        about = {"url": listing.url, "kind": listing.kind, "links": listing.count, "where": listing.where}
        logger.info("found %(kind)s %(url)s, %(where)s (links: %(links)d)", about)
        self.listings.append(listing)
        self.read_so_far.append(found)
        return listing, found


def verified_listing(url: str, kind: str, where: str, found: Discovery) -> VerifiedListing:
    """Return the listing of a candidate that was read. Raises UnusableAddress if it is not what it should be."""
    articles = [link for link in found.found if link.kind == "article"]
    if kind == "section":
        if len(articles) < MIN_ARTICLE_LINKS:
            raise UnusableAddress(found.problem or "it links to no article")
        return VerifiedListing(url, kind, len(articles), None, where)
    if kind == "feed" and found.kind != "feed":
        raise UnusableAddress(found.problem or "not a feed")
    if not found.found:
        raise UnusableAddress(found.problem or f"it names no article{left_out_text(found.left_out)}")
    index = found.kind == "sitemap index"
    if kind != "feed":
        kind = "news sitemap" if found.kind == "news sitemap" else "sitemap"
    days = [
        day
        for link in found.found
        if len(day := (link.hint.get("published") or link.hint.get("modified") or "")[:10]) == 10
    ]
    count = len(found.found) if index else len(articles)
    return VerifiedListing(url, kind, count, max(days, default=None), where, index, found.left_out)


def left_out_text(left_out: tuple[LeftOut, ...]) -> str:
    """Return what a listing has and a crawl leaves out, as the end of a sentence; "" if there is nothing."""
    if not left_out:
        return ""
    number, first = sum(some.number for some in left_out), left_out[0]
    return f"; {counted(number, 'address')} left out by shape, e.g. {first.example} ({first.why})"


async def _front_page(site: SiteProbe, url: str) -> tuple[ProbedPage, str, str]:
    """Fetch the home page, also if the user gave a feed or an article of the site. Raises UnusableAddress.

    Return the page, the address at which it was expected, and a note for the user.
    """
    home = await site.get(url, "front")
    if b"<html" in home.body[:2000].lower():
        top = _path_of(home.url, "/")
        if classify(home.url) != "article":
            return home, url, ""
        del home  # the next request may wait for the memory that it takes
        return await site.get(top, "front"), url, f"{url} looks like an article: the front page of its site is taken"
    found: Discovery = await site.read(read_feed, home.body, home.url, home.content_type)
    if found.kind != "feed" or not found.found:
        return home, url, ""
    site.add(verified_listing(home.url, "feed", TYPED, found), found)
    top = found.home or _path_of(home.url, "/")
    del home
    return await site.get(top, "front"), top, f"{url} is a feed: the page that it belongs to is taken"


async def _feeds(site: SiteProbe, seeds: Seeds) -> None:
    """Check the feeds that the front page names; if none of them is a feed, try common places until one is."""
    for url in seeds.feeds[:MAX_FEEDS]:
        await site.check(url, "feed", "named on the front page")
    for path in COMMON_FEEDS[:MAX_FEEDS]:
        if any(listing.kind == "feed" for listing in site.listings):
            return
        await site.check(_path_of(site.home, path), "feed", "in a common place", guess=True)


async def _sitemaps(site: SiteProbe, seeds: Seeds) -> None:
    """Check the sitemaps that robots.txt names, else common places; news sitemaps also one level below an index."""
    # News sitemaps go first: where there are many sitemaps, the others are less useful.
    named = sorted(seeds.sitemaps, key=lambda url: "news" not in url.lower())
    for url in named[:MAX_SITEMAPS]:
        await _with_children(site, await site.check(url, "sitemap", "named in robots.txt"))
    for news in (False, True):
        wanted = ("news sitemap",) if news else ("news sitemap", "sitemap")
        for path in [path for path in COMMON_SITEMAPS if ("news" in path) is news][:3]:
            if any(listing.kind in wanted for listing in site.listings):
                break
            where = _path_of(site.home, path)
            await _with_children(site, await site.check(where, "sitemap", "in a common place", guess=True))


async def _with_children(site: SiteProbe, checked: tuple[VerifiedListing, Discovery] | None) -> None:
    """Check the news sitemaps of an index. They are recognised by their file names, as an index says nothing else."""
    if checked is None or not checked[0].index:
        return
    children = [link.url for link in checked[1].found if link.kind == "news sitemap"]
    for url in children[:MAX_NEWS_SITEMAPS_PER_INDEX]:
        await site.check(url, "sitemap", "named in a sitemap index")


async def _sections(site: SiteProbe, seeds: Seeds) -> tuple[str, ...]:
    """Check the section pages in the menus while requests are left; return those that were not checked."""
    sections = [url for url in seeds.sections if url_key(url) not in site.requested]
    for number, url in enumerate(sections):
        if site.spent:
            return tuple(sections[number:])
        await site.check(url, "section", "in a menu")
    return ()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _path_of(home: str, path: str) -> str:
    """Return the address of a common path of a site."""
    return f"{_origin(home)}{path}"
