"""The one spider: the frontier in, pages out.

It decides nothing: `crawler.frontier.visit_outcomes` says how a visit ended.
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
from crawler.frontier.crawl_plan import WatchedSite, belongs
from crawler.frontier.queue import Claim, FrontierEntry, Validators
from crawler.frontier.revisit_policy import LISTINGS
from crawler.frontier.visit_outcomes import VisitOutcomes, header, validators
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import RedirectNotFollowed
from crawler.middleware.robots import CrawlStopping, DisallowedByRobots, RobotsCache
from pipelines.core.items import Page
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure

logger = logging.getLogger("morgue.spiders")

TDMREP = "/.well-known/tdmrep.json"  # W3C Community Group, TDM Reservation Protocol: what a site reserves, by path
SITEMAP_DEPTH = 4  # robots.txt or front page -> index -> index -> sitemap; the protocol allows one index only
READERS = {
    "feed": read_feed,
    "news sitemap": read_sitemap,
    "sitemap": read_sitemap,
    "front": read_links,
    "section": read_links,
}


class NewsSpider(scrapy.Spider):
    """Every source, every site; what differs between them is data (`crawler.frontier.crawl_plan.WatchedSite`)."""

    name = "news"

    def __init__(self, run: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run  # a crawler.engine.crawl.CrawlRun; None under `scrapy crawl news`, which makes its own
        self.visits: VisitOutcomes
        self.open: dict[int, tuple[Claim, Validators]] = {}  # pages on their way through the pipelines

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> NewsSpider:
        from crawler.engine.crawl import (
            CrawlRun,  # run.py starts this spider; under `scrapy crawl` it is the other way round
        )

        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider.run is None:
            spider.run = CrawlRun.for_scrapy(crawler, **kwargs)
        spider.run.attach(crawler)
        return spider

    @classmethod
    def update_settings(cls, settings: Any) -> None:
        from crawler.engine.crawl import configure

        super().update_settings(settings)
        configure(settings)

    async def start(self) -> AsyncIterator[Request]:
        """Requests for whatever the frontier hands out, until nothing is due."""
        self.visits = await self.run.begin()
        async for claim in self.visits.dispatcher.claims():
            yield self.request(claim)

    def request(self, claim: Claim) -> Request:
        """The request of a claim; conditional if the last answer gave validators (RFC 9110, 13.1)."""
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
        """An answer: read a listing for links, send an article page down the pipelines."""
        self.visits.dispatcher.fetched(claim)
        self.visits.context.stats.by_source[self.visits.site(claim).name].answered += 1
        if response.status == 304:
            await self.visits.not_modified(claim, response)
        elif not 200 <= response.status < 300:
            await self.visits.failed(
                claim, f"HTTP {response.status}", response.status, response.meta.get("retry_after")
            )
        elif claim.kind in LISTINGS:
            try:
                found, problem = await self.links(claim, response)
            except WorkerFailure as overrun:
                await self.visits.failed(claim, f"reading it {overrun.reason}", response.status)
            else:
                await self.visits.listing(claim, response, found, problem)
        else:
            self.open[claim.id] = (claim, validators(response))
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
        """No answer. `failure` is Twisted's, with the request as Scrapy's addition."""
        claim: Claim = failure.request.cb_kwargs["claim"]
        self.visits.dispatcher.fetched(claim)
        error = failure.value
        if self.visits.context.fatal is not None:
            self.visits.dispatcher.filed(
                claim
            )  # not this page's fault: its row stays claimed, and waits again next time
            return
        if isinstance(error, CrawlStopping):
            await self.visits.left(claim)
        elif isinstance(error, RedirectNotFollowed):
            await self.visits.redirected(claim, error.target, error.kind)
        elif isinstance(error, DisallowedByRobots) and error.unreachable is not None:
            await self.visits.failed(claim, error.unreachable)
        elif isinstance(error, DisallowedByRobots):
            await self.visits.disallowed(claim, error.why, for_now=error.for_now)
        else:
            await self.visits.failed(claim, reason_of(error))

    async def links(self, claim: Claim, response: Response) -> tuple[list[FrontierEntry], str | None]:
        """What a listing leads to, read in a worker process: feeds and sitemaps come from strangers. Raises Overrun."""
        if claim.kind == "tdmrep":
            return [], None  # kept for what it reserves; it leads nowhere
        site, reader = self.visits.site(claim), READERS[claim.kind]
        asked: list[Any] = [response.body, response.url, header(response, "Content-Type")]
        if reader is read_links:
            asked += [site.include, site.exclude, logger.isEnabledFor(logging.DEBUG)]
        found: Discovery = await self.visits.context.workers.run(reader, *asked)
        for url, rule in found.rejected:
            not_followed(url, rule, claim)
        wanted = follow(found, claim, site, self.run.config.crawl.url_length)
        if claim.kind == "front":
            wanted.append(guess(response, TDMREP, "tdmrep"))
            wanted += [] if site.watched else await self.common_places(response, wanted)
        return wanted, found.problem

    async def common_places(self, response: Response, wanted: list[FrontierEntry]) -> list[FrontierEntry]:
        """Of a site that nobody has probed: the sitemaps that robots.txt names; else where most sites have theirs."""
        robots = await RobotsCache.of(self.crawler).get(response.url, response.meta)
        places = [FrontierEntry(url, "sitemap", 1, response.url) for url in robots.sitemaps]
        if not places:
            places = [guess(response, path, "sitemap") for path in COMMON_SITEMAPS[:3]]
        if not any(want.kind == "feed" for want in wanted):
            places += [guess(response, path, "feed") for path in COMMON_FEEDS[:3]]
        return places


def guess(response: Response, path: str, kind: str) -> FrontierEntry:
    """A common path that may not be there."""
    return FrontierEntry(response.urljoin(path), kind, 1, response.url, {"guess": "1"})


def all_changed_at_once(found: Discovery) -> bool:
    """Whether a sitemap gives all pages about the same time of change: that of its own making, which says nothing."""
    times = []
    for link in found.found:
        try:
            times.append(datetime.fromisoformat(link.hint.get("modified", "")))
        except ValueError:
            continue
    zones = {time.tzinfo is None for time in times}
    return len(times) >= 5 and len(zones) == 1 and max(times) - min(times) < timedelta(minutes=1)


def follow(found: Discovery, claim: Claim, site: WatchedSite, url_length: int) -> list[FrontierEntry]:
    """Which of the links found this site follows."""
    wanted = []
    stale = all_changed_at_once(found)
    for link in found.found:
        url = fetchable(link.url)
        kind = site.judge(url, link.kind) if url and len(url) <= url_length else None
        # A feed or sitemap speaks for its site; a page's links are followed only within it.
        if url is None or kind is None or (claim.kind in ("front", "section") and not belongs(url, site)):
            too_long = "no fetchable address, or longer than crawl.url_length"
            not_followed(link.url, "another site" if kind else "excluded by the source" if url else too_long, claim)
            continue
        depth = claim.depth + 1
        if kind in ("sitemap", "news sitemap") and depth > SITEMAP_DEPTH:
            not_followed(url, "sitemaps in sitemaps, too deep", claim)
            continue
        if kind == "section" and (depth > site.depth or site.explicit_sections):
            not_followed(url, "a section page: too deep, or its source lists others", claim)
            continue
        if kind in ("feed", "sitemap", "news sitemap") and claim.kind in ("front", "section") and site.watched:
            not_followed(url, f"a {kind}: its source says which ones", claim)
            continue  # its file says which ones
        hint = {name: text for name, text in link.hint.items() if not (stale and name == "modified")}
        wanted.append(FrontierEntry(url, kind, depth, claim.url, hint))
    return wanted


def not_followed(url: str, rule: str, claim: Claim) -> None:
    """Log by which rule a link is left alone."""
    logger.debug("not followed: %(url)s (%(rule)s), a link of %(page)s", {"url": url, "rule": rule, "page": claim.url})
