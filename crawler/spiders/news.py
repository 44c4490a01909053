"""Hold the one spider: it turns claims of the frontier into requests, and answers into links or pages.

It decides which feeds and sitemaps are tried on a site that was never probed. `crawler.frontier` decides which links
are followed (`listing_links`) and when a URL is visited; `crawler.frontier.visit_outcomes` stores how a visit ended.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response

from crawler.discovery.seeds import COMMON_FEEDS, COMMON_SITEMAPS
from crawler.engine.crawl import CrawlRun
from crawler.engine.launch import configure, run_of_scrapy
from crawler.frontier.listing_links import ListingLinks, ListingRules, read_listing, size_of, split_by_site
from crawler.frontier.queue import GUESS
from crawler.frontier.queue_values import FrontierEntry, header
from crawler.frontier.visit_outcomes import VisitOutcomes
from crawler.http.crawl_stopping import CrawlStopping
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import FOLLOW_KNOWN, RedirectNotFollowed
from crawler.middleware.robots import DisallowedByRobots, RobotsCache
from crawler.parts.part_requests import accept_header, part_meta, rules_of_page
from crawler.parts.part_visits import PartVisits
from crawler.schedule.failure_kinds import NOT_SENT_REASONS
from crawler.schedule.revisit_policy import LISTING_KINDS
from pipelines.core.items import Page
from pipelines.core.links import resolve
from pipelines.core.timestamps import now
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure
from pipelines.database.frontier.rows import PART, Claim

logger = logging.getLogger("morgue.spiders")

TDMREP = "/.well-known/tdmrep.json"  # W3C Community Group, TDM Reservation Protocol: rights that a site reserves
MAX_GUESSES = 3  # common paths of each kind that are tried on a site that was never probed


class NewsSpider(scrapy.Spider):
    """Crawl every source and every site. Their differences are data: `crawler.frontier.watched_sites.WatchedSite`."""

    name = "news"
    visits: VisitOutcomes
    parts: PartVisits

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
        self.parts = PartVisits(self.visits)
        async for claim in self.visits.dispatcher.claims():
            if claim.damage is not None:
                await self.visits.damaged(claim, claim.damage)
                continue
            try:
                request = self.request(claim, conditional=await self.visits.is_conditional(claim))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a row, only its visit fails
                await self.visits.damaged(claim, f"{type(error).__name__}: {error}")
                continue
            if claim.kind == PART and await self.parts.is_taken_down(claim):
                continue
            yield request

    def request(self, claim: Claim, *, conditional: bool) -> Request:
        """Return the request for a claim. `conditional`: with the validators of the last answer (RFC 9110, 13.1)."""
        headers: dict[str, bytes] = {}
        if claim.etag and conditional:
            headers["If-None-Match"] = claim.etag.encode("latin-1")
        if claim.last_modified and conditional:
            headers["If-Modified-Since"] = claim.last_modified.encode("latin-1")
        meta = {"kind": claim.kind, "source_id": claim.source_id, **self.visits.site(claim).meta}
        if claim.kind == PART:
            headers |= {"Accept": accept_header(claim)}
            meta |= part_meta(self.visits.site(claim), claim)
        if claim.id in self.run.prepared.followed:
            meta[FOLLOW_KNOWN] = True
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
        stats, capture = self.visits.context.stats, response.meta.get("capture")
        self.visits.answered(response.url)
        if claim.kind == PART:
            await self.parts.answered(claim, response)
            return
        stats.answered(claim.url, response.url, response.status, capture.time if capture else None)
        if response.status == 304:
            await self.visits.not_modified(claim, response)
        elif not 200 <= response.status < 300:
            wait = response.meta.get("retry_after")
            why, at = f"HTTP {response.status}", response.url
            await self.visits.failed(claim, why, response.status, wait, at=at, capture=capture)
        elif claim.kind in LISTING_KINDS:
            try:
                found = await self.links(claim, response)
            except WorkerFailure as failure:
                await self.visits.failed(claim, f"reading it {failure.reason}", response.status)
            else:
                if found.runs_on:  # its links are queued after it is read
                    yield self.page(claim, response, found)
                else:
                    await self.visits.listing_read(claim, response, found)
        else:
            yield self.page(claim, response)

    def page(self, claim: Claim, response: Response, links: ListingLinks | None = None) -> Page:
        """Return an answer as a page to be read. `links`: those of a listing that may be an article as well."""
        self.visits.page_sent(claim, response, links)
        source_id, hint = self.visits.filing(claim, response.url)
        site = self.visits.sites.get(source_id) or self.visits.site(claim)
        return Page(
            url=fetchable(response.url) or response.url,  # without the password that a redirect may carry
            body=response.body,
            content_type=header(response, "Content-Type"),
            capture=response.meta.get("capture"),
            source=site.source,
            source_id=source_id,
            frontier_id=claim.id,
            asked=claim.url,
            hint=dict(hint),
            comments=self.run.config.extract.comments == "separate",
            listing=links is not None,
            part_rules=rules_of_page(site, response.url),
        )

    async def failed(self, failure: Any) -> None:
        """Take the failure of a request. `failure` is Twisted's, with the request as Scrapy's addition."""
        claim: Claim = failure.request.cb_kwargs["claim"]
        at = failure.request.url  # after redirects
        error = failure.value
        requested = "capture" in failure.request.meta and reason_of(error) not in NOT_SENT_REASONS
        self.visits.dispatcher.fetched(claim, requested=requested)
        if self.visits.context.fatal is not None:
            # The page is not the cause. Its row stays claimed, and waits again when the next crawl begins.
            self.visits.dispatcher.filed(claim)
        elif isinstance(error, CrawlStopping):
            await self.visits.not_tried(claim)
        elif claim.kind == PART:
            await self.parts.failed(claim, error, at)
        elif isinstance(error, RedirectNotFollowed):
            capture = failure.request.meta.get("capture")
            await self.visits.redirected(claim, error.target, error.kind, capture, permanent=error.permanent)
        elif isinstance(error, DisallowedByRobots) and error.unreachable is not None:
            await self.visits.failed(claim, error.unreachable, at=at)
        elif isinstance(error, DisallowedByRobots):
            await self.visits.disallowed(claim, error.why, for_now=error.for_now, at=at, wait=error.wait)
        else:
            await self.visits.failed(claim, reason_of(error), at=at)

    async def links(self, claim: Claim, response: Response) -> ListingLinks:
        """Return the links of a listing that its site follows. Raise WorkerFailure.

        A worker process reads it, because feeds and sitemaps come from strangers.
        """
        if claim.kind == "tdmrep":
            return ListingLinks()  # it is kept for the rights that it reserves, and has no links
        site, explain = self.visits.site(claim), logger.isEnabledFor(logging.DEBUG)
        capture, (state, known) = response.meta.get("capture"), await self.visits.last_reading(claim)
        is_same = known and state and capture and capture.payload_digest and capture.payload_digest == state.digest
        if state is not None and is_same and not explain:  # -vv says why links are left out
            number = size_of(known)
            return ListingLinks(articles=state.entries or 0, named=number, packed=known, shared=number, unchanged=True)
        seeks_feeds = await self.visits.seeks_feeds(claim)
        rules = ListingRules(
            claim.url,
            claim.kind,
            claim.depth,
            site,
            self.run.config.crawl.url_length,
            now(),
            known,
            state.last_read if state else None,
            seeks_feeds=seeks_feeds,
            explain=explain,
        )
        found: ListingLinks = await self.visits.context.read(
            claim.source_id,
            len(response.body),
            read_listing,
            response.body,
            response.url,
            header(response, "Content-Type"),
            rules,
        )
        front = claim.kind == "front"
        self.visits.context.stats.listed(site.name, found.articles, found.left_out, front=front)
        if found.exception:
            about = {"url": claim.url, "raised": found.exception}
            logger.debug("the parser of %(url)s raised %(raised)s", about)
        for url, rule in found.rejected:
            about = {"url": url, "rule": rule, "page": claim.url}
            logger.debug("not followed: %(url)s (%(rule)s), a link of %(page)s", about)
        found = replace(found, sought_feeds=seeks_feeds)
        # A front page may redirect to another site, whose common paths are not this source's to try.
        if claim.kind == "front" and site.listed.owns(response.url):
            further = [guess(response, TDMREP, "tdmrep")]
            further += [] if site.watched else await self.unprobed_listings(claim, response, found.entries)
            if seeks_feeds:
                feeds = [entry.url for entry in found.entries if entry.kind == "feed"]
                common = [guess(response, path, "feed").url for path in COMMON_FEEDS]
                await self.visits.try_feeds(claim, feeds, common)
                found = replace(found, entries=tuple(entry for entry in found.entries if entry.kind != "feed"))
            found = replace(found, entries=(*found.entries, *further))
        return found

    async def unprobed_listings(
        self, claim: Claim, response: Response, links: Sequence[FrontierEntry]
    ) -> list[FrontierEntry]:
        """Return feeds and sitemaps of a site that was never probed.

        Sitemaps are those that robots.txt names. Otherwise they are guessed at the common paths, and so are feeds if
        the front page links none.
        """
        robots = await RobotsCache.of(self.crawler).get(response.url, response.meta)
        site = self.visits.site(claim)
        sitemaps, others = split_by_site(robots.sitemaps, site)
        if others:
            self.visits.context.stats.left_out(site.name, others.total(), others)
        listings = [FrontierEntry(url, "sitemap", 1, response.url) for url in sitemaps]
        if not listings:
            listings = [guess(response, path, "sitemap") for path in COMMON_SITEMAPS[:MAX_GUESSES]]
        if not any(link.kind == "feed" for link in links):
            listings += [guess(response, path, "feed") for path in COMMON_FEEDS[:MAX_GUESSES]]
        return listings


def guess(response: Response, path: str, kind: str) -> FrontierEntry:
    """Return the entry of a common path of a site, at which there may be nothing."""
    return FrontierEntry(resolve(path, response.url) or response.url, kind, 1, response.url, {GUESS: "1"})
