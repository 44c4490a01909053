"""Check robots.txt before every request: the downloader middleware around the pure `crawler.discovery.robots_txt`.

It is asked for once a day (RFC 9309, 2.4), however many crawls there are: the archive has the answer. One that forbids
the whole site holds for an hour only, because many a site is shut by mistake. After that it is asked for conditionally,
and while it answers with an error of the server, the stored copy holds for 30 days. When the rules change, what they
disallowed is due at once.

Scrapy's own middleware fetches pages of a site whose robots.txt answers 500, and parses the body of a 503 as rules. RFC
9309 (2.3.1.4) says that an unreachable robots.txt disallows everything for the time being.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from scrapy.http import Response

from crawler.discovery.robots_txt import Robots
from crawler.http.crawl_stopping import CrawlStopping
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import RedirectTakenDown, RobotsRedirected
from crawler.middleware.redirects import RedirectEnded
from pipelines.archive.replay import replay
from pipelines.core import timestamps
from pipelines.core.errors import MorgueError
from pipelines.core.urls import host_of
from pipelines.database.frontier import hosts, replanning
from pipelines.database.frontier.rows import BY_ROBOTS
from pipelines.session.context import CrawlContext
from pipelines.warc.http_message import MessageHead

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
MAX_AGE = timedelta(days=1)  # for which an answer holds (RFC 9309, 2.4)
MAX_AGE_SHUT = timedelta(hours=1)  # the same of one that forbids the front page
MAX_AGE_UNREACHABLE = timedelta(days=30)  # while the server answers with errors (2.4 and 2.3.1.4; Google's robots too)
FAILURE_PAUSE = timedelta(hours=1)  # between two requests for one that fails while the stored copy holds
MAX_STORED_BYTES = 16 << 20  # of a stored robots.txt, decoded; Robots reads half a megabyte of it


class DisallowedByRobots(IgnoreRequest):
    """Report that robots.txt disallows a request.

    `for_now`: robots.txt could not be fetched, so ask again later, after `wait` seconds if the server named a time.
    `unreachable`: the reason why its host could not be reached at all, if that is why.
    """

    def __init__(self, why: str, *, for_now: bool, unreachable: str | None = None, wait: float | None = None) -> None:
        super().__init__(why)
        self.why, self.for_now, self.unreachable, self.wait = why, for_now, unreachable, wait


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """Hold the robots.txt of a site as the archive has it."""

    capture_id: int
    url: str  # where it was, after redirects
    status: int
    head: MessageHead
    body: bytes
    checked: datetime  # when it last answered
    retry_at: datetime | None  # when it is asked for again after a failure

    def is_put_off(self, now: datetime) -> bool:
        """Return True if it failed a short time ago. A time far ahead comes from a clock that was wrong."""
        failed = self.retry_at is not None and now < self.retry_at <= now + FAILURE_PAUSE
        return failed and self.is_fresh(now, MAX_AGE_UNREACHABLE)

    def is_fresh(self, now: datetime, max_age: timedelta = MAX_AGE) -> bool:
        """Return True if it may be used without asking. A time in the future comes from a clock that was wrong."""
        return self.checked <= now < self.checked + max_age

    def parsed(self) -> Robots:
        """Return its rules."""
        return Robots.parse(self.status, self.body, ROBOTS_AGENT, self.url)

    def conditions(self, url: str) -> dict[bytes, bytes]:
        """Return the headers of a conditional request to `url` (RFC 9110, 13.1); none if it was elsewhere."""
        if url != self.url or not 200 <= self.status < 300:
            return {}
        names = {b"If-None-Match": b"etag", b"If-Modified-Since": b"last-modified"}
        return {name: value for name, field in names.items() if (value := self.head.first(field))}


class RobotsCache:
    """Hold the robots.txt of each site: from the archive if it is at most a day old, else fetched."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.refresh = False  # a crawl by hand asks again, however fresh the stored ones are
        self._context = CrawlContext.of(crawler)
        self._storage = self._context.archive_writer.storage.impatient()  # all writing waits while it is read
        self._robots: dict[str, asyncio.Future[Robots]] = {}
        self._expires: dict[str, datetime] = {}  # when a site's robots.txt is looked for again in this crawl
        self._sites: defaultdict[str, list[str]] = defaultdict(list)  # host name -> its sites
        self._unreachable: dict[str, str] = {}  # site -> why its robots.txt brought no answer
        self._waits: dict[str, float] = {}  # site -> seconds that its failing robots.txt asks us to wait

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
        """Return the rules for `url`. Look for them if this is the first URL of its scheme, host and port today.

        `like` is the meta of the request that needs them: its proxy and certificate settings are used too.
        """
        site = site_of(url)
        now = timestamps.now()
        if site not in self._robots or (self._robots[site].done() and now >= self._expires[site]):
            if site not in self._robots:
                self._sites[urlsplit(site).hostname or ""].append(site)
            self._expires[site] = now + MAX_AGE
            self._unreachable.pop(site, None)
            self._waits.pop(site, None)
            self._robots[site] = asyncio.ensure_future(self._look_up(site, like or {}))
        if not self._robots[site].done():
            logger.debug("%(url)s waits for %(site)s/robots.txt", {"url": url, "site": site})
        # If a request is cancelled, the fetch that other requests wait for must go on.
        return await asyncio.shield(self._robots[site])

    def unreachable(self, url: str) -> str | None:
        """Return why the robots.txt for `url` brought no answer at all; None if it did, or was not fetched."""
        return self._unreachable.get(site_of(url))

    def wait(self, url: str) -> float | None:
        """Return the seconds for which the robots.txt for `url`, which failed, asks us to stay away, if it does."""
        return self._waits.get(site_of(url))

    def known(self, host: str) -> list[Robots]:
        """Return the rules fetched so far for a host name, of all its ports and schemes."""
        futures = [self._robots[site] for site in self._sites.get(host, ())]
        return [
            future.result() for future in futures if future.done() and not future.cancelled() and not future.exception()
        ]

    async def _look_up(self, site: str, like: Mapping[str, Any]) -> Robots:
        """Return the rules of a site: the stored ones if they are fresh, else those that it gives now."""
        stored: StoredRobots | None = await self._context.do(self._stored, site)
        now = timestamps.now()
        if stored is not None and (stored.is_fresh(now) or stored.is_put_off(now)) and not self.refresh:
            robots = await asyncio.to_thread(stored.parsed)
            expires = stored.retry_at if stored.is_put_off(now) else stored.checked + age_of(robots, site)
            if expires is not None and now < expires:
                self._expires[site] = expires
                logger.info("%(site)s/robots.txt: as it was at %(checked)s", {"site": site, "checked": stored.checked})
                return robots
        robots = await self._fetch(site, like, stored)
        self._expires[site] = now + age_of(robots, site)
        return robots

    async def _fetch(self, site: str, like: Mapping[str, Any], stored: StoredRobots | None) -> Robots:
        inherited = {name: like[name] for name in ("proxy", "verify_certificates", "source_id") if name in like}
        url = f"{site}/robots.txt"
        request = Request(
            url,
            headers=stored.conditions(url) if stored is not None else None,
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
        now = timestamps.now()
        if response.status == 304 and stored is not None:
            if response.url != stored.url:  # it redirects now, and its validators belong elsewhere
                return await self._fetch(site, like, None)
            await self._context.do(self._keep, site, stored.capture_id, now)
            logger.info("%(site)s/robots.txt: not modified", {"site": site})
            return await asyncio.to_thread(stored.parsed)
        if response.status >= 500 and stored is not None and stored.is_fresh(now, MAX_AGE_UNREACHABLE):
            about = {"site": site, "status": response.status, "checked": stored.checked}
            logger.info("%(site)s/robots.txt: HTTP %(status)d, the rules of %(checked)s hold", about)
            await self._context.do(self._put_off, site, now + FAILURE_PAUSE)
            return await asyncio.to_thread(stored.parsed)
        # In a thread, because half a megabyte of rules takes a fifth of a second.
        robots = await asyncio.to_thread(Robots.parse, response.status, response.body, ROBOTS_AGENT, response.url)
        if robots.reason is None:
            await self._remember(site, response, now)
            if stored is None or (stored.status, stored.body) != (response.status, response.body):
                await self._context.do(self._make_due, site, now)
        elif (wait := response.meta.get("retry_after")) is not None:
            self._waits[site] = wait
        if robots.exception:
            logger.debug("the parser of robots.txt raised %(raised)s", {"site": site, "raised": robots.exception})
        why = robots.reason or ("its rules hold" if response.status < 300 else "no rules, all is allowed")
        why += f", one request in {robots.crawl_delay:g} s" if robots.crawl_delay else ""
        about = {"site": site, "status": response.status, "why": why}
        logger.info("%(site)s/robots.txt: HTTP %(status)d, %(why)s", about)
        return robots

    async def _remember(self, site: str, response: Response, now: datetime) -> None:
        """Let later crawls use an answer. One that was cut off on its way is asked for again."""
        capture = response.meta.get("capture")
        if capture is not None and capture.id is not None and "dataloss" not in response.flags:
            await self._context.do(self._keep, site, capture.id, now)

    def _keep(self, site: str, capture_id: int, now: datetime) -> None:
        hosts.keep_robots(self._context.archive_writer.db, site, capture_id, now)

    def _put_off(self, site: str, until: datetime) -> None:
        hosts.put_off_robots(self._context.archive_writer.db, site, until)

    def _make_due(self, site: str, now: datetime) -> None:
        """Let what the rules before disallowed be asked for by the new ones. Runs on the archive writer's thread."""
        urls = replanning.make_disallowed_due(self._context.archive_writer.db, host_of(site), site + "/", now)
        if urls:
            logger.info("%(site)s/robots.txt is another: due are %(urls)d URLs", {"site": site, "urls": urls})

    def _stored(self, site: str) -> StoredRobots | None:
        """Return what the archive has; None if it has none that can be read. Runs on the archive writer's thread."""
        writer = self._context.archive_writer
        row = hosts.stored_robots(writer.db, site)
        if row is None:
            return None
        try:
            answer = replay(writer.db, self._storage, row, MAX_STORED_BYTES)
            checked = timestamps.parse(row["checked"])
            retry_at = timestamps.parse(row["retry_at"]) if row["retry_at"] else None
        except (MorgueError, ValueError) as error:
            logger.info("%(site)s/robots.txt is fetched again: %(error)s", {"site": site, "error": error})
            return None
        return StoredRobots(row["id"], row["url"], row["status"], answer.head, answer.body, checked, retry_at)


def age_of(robots: Robots, site: str) -> timedelta:
    """Return for how long rules hold without asking again."""
    return MAX_AGE if robots.reason is not None or robots.allowed(site + "/") else MAX_AGE_SHUT


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
                wait=self.cache.wait(request.url),
            )
