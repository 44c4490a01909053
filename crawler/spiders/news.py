"""Hold the one spider: it turns claims of the frontier into requests, and answers into links or pages.

It decides which links of a listing are followed (`followed_links`), and which feeds and sitemaps are tried on a site
that was never probed. `crawler.frontier` decides when a URL is visited; `crawler.frontier.visit_outcomes` stores how a
visit ended.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response

from crawler.discovery.feeds import read_feed
from crawler.discovery.links import read_links
from crawler.discovery.results import Discovery
from crawler.discovery.seeds import COMMON_FEEDS, COMMON_SITEMAPS
from crawler.discovery.sitemaps import read_sitemap
from crawler.engine.crawl import CrawlRun
from crawler.engine.launch import configure, run_of_scrapy
from crawler.frontier.crawl_plan import WatchedSite, belongs
from crawler.frontier.queue import FrontierEntry
from crawler.frontier.revisit_policy import LISTING_KINDS
from crawler.frontier.visit_outcomes import VisitOutcomes, header
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import RedirectNotFollowed
from crawler.middleware.robots import CrawlStopping, DisallowedByRobots, RobotsCache
from pipelines.core.items import Page
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure
from pipelines.database.frontier.rows import Claim

logger = logging.getLogger("morgue.spiders")

TDMREP = "/.well-known/tdmrep.json"  # W3C Community Group, TDM Reservation Protocol: rights that a site reserves
MAX_SITEMAP_DEPTH = 4  # robots.txt or front page -> index -> index -> sitemap; the protocol allows one index only
MAX_GUESSES = 3  # common paths of each kind that are tried on a site that was never probed
SAME_TIME_MIN_LINKS = 5  # from so many links on, one time of change for all of them says nothing
SAME_TIME_SPAN = timedelta(minutes=1)
READER_OF_KIND = {
    "feed": read_feed,
    "news sitemap": read_sitemap,
    "sitemap": read_sitemap,
    "front": read_links,
    "section": read_links,
}


class NewsSpider(scrapy.Spider):
    """Crawl every source and every site. Their differences are data: `crawler.frontier.crawl_plan.WatchedSite`."""

    name = "news"
    visits: VisitOutcomes

    def __init__(self, run: CrawlRun | None = None, **kwargs: Any) -> None:
        """`run` is None under `scrapy crawl news`; `from_crawler` then makes one."""
        super().__init__(**kwargs)
        self.run: Any = run

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> NewsSpider:
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider.run is None:
            spider.run = run_of_scrapy(crawler, **kwargs)
        spider.run.attach(crawler)
        return spider

    @classmethod
    def update_settings(cls, settings: Any) -> None:
        super().update_settings(settings)
        configure(settings)

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each URL that the frontier hands out, until nothing is due."""
        self.visits = await self.run.begin()
        async for claim in self.visits.dispatcher.claims():
            yield self.request(claim)

    def request(self, claim: Claim) -> Request:
        """Return the request for a claim; conditional if the last answer gave validators (RFC 9110, 13.1)."""
        headers = {}
        if claim.etag:
            headers["If-None-Match"] = claim.etag.encode("latin-1")
        if claim.last_modified:
            headers["If-Modified-Since"] = claim.last_modified.encode("latin-1")
        meta = {"kind": claim.kind, "source_id": claim.source_id, **self.visits.site(claim).meta}
        return Request(
            claim.url,
            callback=self.parse,
            errback=self.failed,
            headers=headers,
            meta=meta,
            cb_kwargs={"claim": claim},
            dont_filter=True,
        )

    async def parse(self, response: Response, claim: Claim) -> AsyncIterator[Page]:
        """Take an answer: read a listing for links, or send an article page down the item pipelines."""
        self.visits.dispatcher.fetched(claim)
        self.visits.context.stats.by_source[self.visits.site(claim).name].answered += 1
        if response.status == 304:
            await self.visits.not_modified(claim, response)
        elif not 200 <= response.status < 300:
            await self.visits.failed(
                claim, f"HTTP {response.status}", response.status, response.meta.get("retry_after")
            )
        elif claim.kind in LISTING_KINDS:
            try:
                links, problem = await self.links(claim, response)
            except WorkerFailure as failure:
                await self.visits.failed(claim, f"reading it {failure.reason}", response.status)
            else:
                await self.visits.listing_read(claim, response, links, problem)
        else:
            self.visits.page_sent(claim, response)
            yield Page(
                url=fetchable(response.url) or response.url,  # without the password that a redirect may carry
                body=response.body,
                content_type=header(response, "Content-Type"),
                capture=response.meta.get("capture"),
                source=self.visits.site(claim).source,
                source_id=claim.source_id,
                frontier_id=claim.id,
                asked=claim.url,
                hint=dict(claim.hint),
                comments=self.run.config.extract.comments == "separate",
            )

    async def failed(self, failure: Any) -> None:
        """Take the failure of a request. `failure` is Twisted's, with the request as Scrapy's addition."""
        claim: Claim = failure.request.cb_kwargs["claim"]
        self.visits.dispatcher.fetched(claim)
        error = failure.value
        if self.visits.context.fatal is not None:
            # The page is not the cause. Its row stays claimed, and waits again when the next crawl begins.
            self.visits.dispatcher.filed(claim)
        elif isinstance(error, CrawlStopping):
            await self.visits.not_tried(claim)
        elif isinstance(error, RedirectNotFollowed):
            await self.visits.redirected(claim, error.target, error.kind)
        elif isinstance(error, DisallowedByRobots) and error.unreachable is not None:
            await self.visits.failed(claim, error.unreachable)
        elif isinstance(error, DisallowedByRobots):
            await self.visits.disallowed(claim, error.why, for_now=error.for_now)
        else:
            await self.visits.failed(claim, reason_of(error))

    async def links(self, claim: Claim, response: Response) -> tuple[list[FrontierEntry], str | None]:
        """Return the links of a listing that its site follows, and a problem if it could be read in part only.

        A worker process reads it, because feeds and sitemaps come from strangers. Raise WorkerFailure.
        """
        if claim.kind == "tdmrep":
            return [], None  # it is kept for the rights that it reserves, and has no links
        site, reader = self.visits.site(claim), READER_OF_KIND[claim.kind]
        arguments: list[Any] = [response.body, response.url, header(response, "Content-Type")]
        if reader is read_links:
            arguments += [site.include, site.exclude, logger.isEnabledFor(logging.DEBUG)]
        discovery: Discovery = await self.visits.context.read(len(response.body), reader, *arguments)
        for url, rule in discovery.rejected:
            log_rejected(url, rule, claim)
        links = followed_links(discovery, claim, site, self.run.config.crawl.url_length)
        if claim.kind == "front":
            links.append(guess(response, TDMREP, "tdmrep"))
            links += [] if site.watched else await self.unprobed_listings(response, links)
        return links, discovery.problem

    async def unprobed_listings(self, response: Response, links: list[FrontierEntry]) -> list[FrontierEntry]:
        """Return feeds and sitemaps of a site that was never probed.

        Sitemaps are those that robots.txt names. Otherwise they are guessed at the common paths, and so are feeds if
        the front page links none.
        """
        robots = await RobotsCache.of(self.crawler).get(response.url, response.meta)
        listings = [FrontierEntry(url, "sitemap", 1, response.url) for url in robots.sitemaps]
        if not listings:
            listings = [guess(response, path, "sitemap") for path in COMMON_SITEMAPS[:MAX_GUESSES]]
        if not any(link.kind == "feed" for link in links):
            listings += [guess(response, path, "feed") for path in COMMON_FEEDS[:MAX_GUESSES]]
        return listings


def guess(response: Response, path: str, kind: str) -> FrontierEntry:
    """Return the entry of a common path of a site, at which there may be nothing."""
    return FrontierEntry(response.urljoin(path), kind, 1, response.url, {"guess": "1"})


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


def followed_links(discovery: Discovery, claim: Claim, site: WatchedSite, max_url_chars: int) -> list[FrontierEntry]:
    """Return the links of a listing that this site follows."""
    entries = []
    same_time = have_same_time(discovery)
    for link in discovery.found:
        url = fetchable(link.url)
        kind = site.kind_of(url, link.kind) if url and len(url) <= max_url_chars else None
        # A feed or sitemap may link anything for its site. Links of a page are followed only within the site.
        if url is None or kind is None or (claim.kind in ("front", "section") and not belongs(url, site)):
            too_long = "no fetchable address, or longer than crawl.url_length"
            log_rejected(link.url, "another site" if kind else "excluded by the source" if url else too_long, claim)
            continue
        depth = claim.depth + 1
        if kind in ("sitemap", "news sitemap") and depth > MAX_SITEMAP_DEPTH:
            log_rejected(url, "sitemaps in sitemaps, too deep", claim)
            continue
        if kind == "section" and (depth > site.depth or site.explicit_sections):
            log_rejected(url, "a section page: too deep, or its source lists others", claim)
            continue
        if kind in ("feed", "sitemap", "news sitemap") and claim.kind in ("front", "section") and site.watched:
            log_rejected(url, f"a {kind}: its source says which ones", claim)
            continue  # the source's file names its feeds and sitemaps
        hint = {name: text for name, text in link.hint.items() if not (same_time and name == "modified")}
        entries.append(FrontierEntry(url, kind, depth, claim.url, hint))
    return entries


def log_rejected(url: str, rule: str, claim: Claim) -> None:
    """Log by which rule a link is not followed."""
    logger.debug("not followed: %(url)s (%(rule)s), a link of %(page)s", {"url": url, "rule": rule, "page": claim.url})
