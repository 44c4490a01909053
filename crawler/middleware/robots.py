"""Check robots.txt before every request: the downloader middleware around the pure `crawler.discovery.robots_txt`.

Scrapy's own middleware fetches pages of a site whose robots.txt answers 500, and parses the body of a 503 as rules. RFC
9309 (2.3.1.4) says that an unreachable robots.txt disallows everything for the time being.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

from crawler.discovery.robots_txt import Robots
from crawler.http.crawl_stopping import CrawlStopping
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import RedirectTakenDown, RobotsRedirected
from crawler.middleware.redirects import RedirectEnded
from pipelines.database.frontier.rows import BY_ROBOTS
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.middleware")

# Exceptions with which Scrapy reports an exchange that brought no usable answer.
FETCH_ERRORS = (
    IgnoreRequest,
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
ROBOTS_AGENT = "Newsmorgue"  # the product token by which rules name us (RFC 9309, 2.2.1)
FETCH_PRIORITY = 1000  # before all requests of pages, which have to wait for it


class DisallowedByRobots(IgnoreRequest):
    """Report that robots.txt disallows a request.

    `for_now`: robots.txt could not be fetched, so ask again later. `unreachable`: the reason why its host could not be
    reached at all, if that is why.
    """

    def __init__(self, why: str, *, for_now: bool, unreachable: str | None = None) -> None:
        super().__init__(why)
        self.why, self.for_now, self.unreachable = why, for_now, unreachable


class RobotsCache:
    """Hold the robots.txt of each site, fetched once in a crawl (RFC 9309, 2.4: it may be a day old)."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self._robots: dict[str, asyncio.Future[Robots]] = {}
        self._sites: defaultdict[str, list[str]] = defaultdict(list)  # host name -> its sites
        self._unreachable: dict[str, str] = {}  # site -> why its robots.txt brought no answer

    @classmethod
    def of(cls, crawler: Any) -> RobotsCache:
        """Return the cache of a Scrapy crawler; the first call makes it."""
        context = CrawlContext.of(crawler)
        try:
            return context.part(cls)
        except KeyError:
            context.provide(cls(crawler))
            return context.part(cls)

    async def get(self, url: str, like: Mapping[str, Any] | None = None) -> Robots:
        """Return the rules for `url`. Fetch them if this is the first URL of its scheme, host and port.

        `like` is the meta of the request that needs them: its proxy and certificate settings are used too.
        """
        site = site_of(url)
        if site not in self._robots:
            self._robots[site] = asyncio.ensure_future(self._fetch(site, like or {}))
            self._sites[urlsplit(site).hostname or ""].append(site)
        if not self._robots[site].done():
            logger.debug("%(url)s waits for %(site)s/robots.txt", {"url": url, "site": site})
        # If a request is cancelled, the fetch that other requests wait for must go on.
        return await asyncio.shield(self._robots[site])

    def unreachable(self, url: str) -> str | None:
        """Return why the robots.txt for `url` brought no answer at all; None if it did, or was not fetched."""
        return self._unreachable.get(site_of(url))

    def known(self, host: str) -> list[Robots]:
        """Return the rules fetched so far for a host name, of all its ports and schemes."""
        futures = [self._robots[site] for site in self._sites.get(host, ())]
        return [
            future.result() for future in futures if future.done() and not future.cancelled() and not future.exception()
        ]

    async def _fetch(self, site: str, like: Mapping[str, Any]) -> Robots:
        inherited = {name: like[name] for name in ("proxy", "verify_certificates", "source_id") if name in like}
        request = Request(
            f"{site}/robots.txt",
            meta={"kind": "robots", "ignore_robots": True, **inherited},
            dont_filter=True,
            priority=FETCH_PRIORITY,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except FETCH_ERRORS as error:
            why = reason_of(error)
            if isinstance(error, RedirectEnded):
                return Robots.parse(302, b"", ROBOTS_AGENT)  # RFC 9309, 2.3.1.2: as if there were no robots.txt
            if not isinstance(error, RobotsRedirected | RedirectTakenDown):
                self._unreachable[site] = why
            logger.info("%(site)s/robots.txt: %(why)s, nothing of this site is asked for", {"site": site, "why": why})
            return Robots.parse(None, b"", ROBOTS_AGENT)
        # In a thread, because half a megabyte of rules takes a fifth of a second.
        parsed = asyncio.to_thread(Robots.parse, response.status, response.body, ROBOTS_AGENT, response.url)
        robots = await parsed
        if robots.exception:
            logger.debug("the parser of robots.txt raised %(raised)s", {"site": site, "raised": robots.exception})
        why = robots.reason or ("its rules hold" if response.status < 300 else "no rules, all is allowed")
        why += f", one request in {robots.crawl_delay:g} s" if robots.crawl_delay else ""
        about = {"site": site, "status": response.status, "why": why}
        logger.info("%(site)s/robots.txt: HTTP %(status)d, %(why)s", about)
        return robots


def site_of(url: str) -> str:
    """Return what one robots.txt holds for: scheme, host and port (RFC 9309, 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class RobotsMiddleware:
    """Let a request pass, or raise DisallowedByRobots."""

    def __init__(self, cache: RobotsCache, context: CrawlContext) -> None:
        self.cache, self.context = cache, context

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsMiddleware:
        return cls(RobotsCache.of(crawler), CrawlContext.of(crawler))

    async def process_request(self, request: Request) -> None:
        if self.context.stopping:
            raise CrawlStopping
        if request.meta.get("ignore_robots"):
            return
        robots = await self.cache.get(request.url, request.meta)
        if self.context.stopping:  # that may have taken long, and robots.txt itself may have been given up
            raise CrawlStopping
        allowed = await robots.allows(request.url)
        word = "allowed" if allowed else "disallowed"
        logger.debug("%(url)s: %(word)s by robots.txt", {"url": request.url, "word": word})
        if not allowed:
            raise DisallowedByRobots(
                robots.reason or BY_ROBOTS,
                for_now=robots.reason is not None,
                unreachable=self.cache.unreachable(request.url),
            )
