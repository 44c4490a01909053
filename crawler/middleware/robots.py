"""robots.txt in front of every request: the downloader middleware around the pure `crawler.discovery.robots_txt`.

Scrapy's own middleware fetches pages of a site whose robots.txt answers 500, and parses the body of a 503 as rules; RFC
9309 (2.3.1.4) says that an unreachable robots.txt disallows everything for the time being.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

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
from crawler.http.address import bare
from crawler.middleware.failure_reasons import reason_of
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.middleware")

# Scrapy's words for an exchange that brought no usable answer.
NO_ANSWER = (
    IgnoreRequest,
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
AGENT = "Newsmorgue"  # our product token (RFC 9309, 2.2.1)


class DisallowedByRobots(IgnoreRequest):
    """robots.txt does not let us.

    `for_now`: only because it could not be had, so ask again later; `unreachable`: because the host could not be
    reached at all, and why.
    """

    def __init__(self, why: str, *, for_now: bool, unreachable: str | None = None) -> None:
        super().__init__(why)
        self.why, self.for_now, self.unreachable = why, for_now, unreachable


class CrawlStopping(IgnoreRequest):
    """The crawl is ending: a retry, a redirect or a page in line is left to the next one."""


class RobotsCache:
    """robots.txt of every site asked for in this crawl, fetched once a crawl (RFC 9309, 2.4: a day old at most)."""

    _caches: ClassVar[WeakKeyDictionary[Any, RobotsCache]] = WeakKeyDictionary()

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self._robots: dict[str, asyncio.Future[Robots]] = {}
        self._sites: defaultdict[str, list[str]] = defaultdict(list)  # host name -> its sites
        self._unreachable: dict[str, str] = {}  # site -> why its robots.txt brought no answer

    @classmethod
    def of(cls, crawler: Any) -> RobotsCache:
        """The cache of a Scrapy crawler."""
        if crawler not in cls._caches:
            cls._caches[crawler] = cls(crawler)
        return cls._caches[crawler]

    async def get(self, url: str, like: Mapping[str, Any] | None = None) -> Robots:
        """The rules for `url`; fetched if this is the first URL of its scheme, host and port.

        `like` is the meta of the request that asks: proxy and certificate settings are taken over from it.
        """
        key = site_of(url)
        if key not in self._robots:
            self._robots[key] = asyncio.ensure_future(self._fetch(key, like or {}))
            self._sites[urlsplit(key).hostname or ""].append(key)
        if not self._robots[key].done():
            logger.debug("%(url)s waits for %(site)s/robots.txt", {"url": bare(url), "site": key})
        # One page that is cancelled must not cancel the fetch that others wait for.
        return await asyncio.shield(self._robots[key])

    def unreachable(self, url: str) -> str | None:
        """Why the robots.txt of the site of `url` brought no answer at all; None if it did, or was not asked for."""
        return self._unreachable.get(site_of(url))

    def known(self, host: str) -> list[Robots]:
        """What is known so far about a host name, over all its ports and schemes."""
        futures = [self._robots[site] for site in self._sites.get(host, ())]
        return [
            future.result() for future in futures if future.done() and not future.cancelled() and not future.exception()
        ]

    async def _fetch(self, key: str, like: Mapping[str, Any]) -> Robots:
        taken_over = {name: like[name] for name in ("proxy", "verify_certificates", "source_id") if name in like}
        request = Request(
            f"{key}/robots.txt",
            meta={"kind": "robots", "ask_no_robots": True, **taken_over},
            dont_filter=True,
            priority=1000,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except NO_ANSWER as error:
            why = reason_of(error)
            if why == "too many redirects":
                return Robots.parse(302, b"", AGENT)  # RFC 9309, 2.3.1.2: as if there were none
            self._unreachable[key] = why
            logger.info("%(site)s/robots.txt: %(why)s, nothing of this site is asked for", {"site": key, "why": why})
            return Robots.parse(None, b"", AGENT)
        robots = Robots.parse(response.status, response.body, AGENT)
        why = robots.reason or ("its rules hold" if response.status < 300 else "no rules, all is allowed")
        why += f", one request in {robots.crawl_delay:g} s" if robots.crawl_delay else ""
        about = {"site": key, "status": response.status, "why": why}
        logger.info("%(site)s/robots.txt: HTTP %(status)d, %(why)s", about)
        return robots


def site_of(url: str) -> str:
    """What a robots.txt speaks for: scheme, host and port (RFC 9309, 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class RobotsMiddleware:
    """Lets a request pass or raises Disallowed."""

    def __init__(self, cache: RobotsCache, context: CrawlContext) -> None:
        self.cache, self.context = cache, context

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsMiddleware:
        return cls(RobotsCache.of(crawler), CrawlContext.of(crawler))

    async def process_request(self, request: Request) -> None:
        if self.context.stopping:
            raise CrawlStopping
        if request.meta.get("ask_no_robots"):
            return
        robots = await self.cache.get(request.url, request.meta)
        allowed = robots.allowed(request.url)
        word = "allowed" if allowed else "disallowed"
        logger.debug("%(url)s: %(word)s by robots.txt", {"url": bare(request.url), "word": word})
        if not allowed:
            raise DisallowedByRobots(
                robots.reason or "by robots.txt",
                for_now=robots.reason is not None,
                unreachable=self.cache.unreachable(request.url),
            )
