"""Throttle requests per host: our delay, robots.txt's Crawl-delay, the server's own Retry-After, and its latency.

The pace of a host is kept in the archive: the first request of a crawl waits for what is left of the delay since the
last request of the crawl before.

A downloader middleware that sets the delay of Scrapy's downloader slots (one slot a host name). Scrapy's AutoThrottle
has one minimum delay for all hosts; a source's own `delay` and Crawl-delay need one for each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from crawler.http.crawl_stopping import CrawlStopping
from crawler.middleware.robots import RobotsCache
from pipelines.core import timestamps
from pipelines.core.plural import counted
from pipelines.core.urls import host_or_empty
from pipelines.database.frontier import hosts
from pipelines.database.frontier.hosts import HostPace
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.middleware")

# Scrapy 2.19's downloader starts all queued requests of a slot without a delay at once, whatever its concurrency.
MIN_DELAY_SECONDS = 0.001
REQUESTED_DELAY_JITTER = 0.1  # of a delay that a site asked for: it is a minimum, so it is lengthened by as much
TOO_MANY_REQUESTS = 429
WAIT_STATUSES = (TOO_MANY_REQUESTS, 503)  # answers whose Retry-After we obey (RFC 6585, 4; RFC 9110, 15.6.4)
MAX_RETRY_AFTER_DIGITS = 9  # about 30 years in seconds
SAVE_SECONDS = 2.0  # between two groups of paces that are written; a crawl that is killed may lose the last one
STOP_CHECK_SECONDS = 0.2  # between two looks whether the crawl is stopping, while a host's delay is waited for


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """Limit one host's delay, in seconds."""

    delay: float
    max_delay: float
    autothrottle: bool
    jitter: float = 0.0  # share by which the delay varies, up and down


def next_delay(now: float, latency: float, floor: float, ceiling: float, *, ok: bool) -> float:
    """Return the delay after an answer that took `latency` seconds: halfway towards one request per latency.

    This is the rule of Scrapy's AutoThrottle for one request at a time. Error pages are quick to make, so they must
    not speed us up.
    """
    target = max(latency, (now + latency) / 2)
    new = min(max(floor, target), max(ceiling, floor))
    return new if ok or new > now else now


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date).

    Return None if it is missing or cannot be read.
    """
    text = (value or b"").decode("latin-1").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:MAX_RETRY_AFTER_DIGITS])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


class PaceKeeper:
    """Keep the paces of hosts in the archive, and wait for what an earlier crawl left of a delay."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context
        self._free_at: dict[str, asyncio.Future[float]] = {}  # host name -> when it may first be asked, by `monotonic`
        self._unsaved: dict[str, HostPace] = {}  # by host:port
        self._saved_at = monotonic()

    @classmethod
    def of(cls, context: CrawlContext) -> PaceKeeper:
        """Return the keeper of a run; the first call makes it."""
        try:
            return context.part(cls)
        except KeyError:
            context.provide(cls(context))
            return context.part(cls)

    async def wait(self, name: str, delay: float, max_delay: float) -> None:
        """Wait until a host may be asked for the first time in this crawl, or the crawl stops."""
        if name not in self._free_at:
            self._free_at[name] = asyncio.ensure_future(self._look_up(name, delay, max_delay))
        free_at = await asyncio.shield(self._free_at[name])
        while (left := free_at - monotonic()) > 0 and not self.context.stopping:
            await asyncio.sleep(min(left, STOP_CHECK_SECONDS))

    async def asked(self, host: str, seconds_ago: float, delay: float) -> None:
        """Note a request to a host. Write what was noted now and then, in groups."""
        self._unsaved[host] = HostPace(timestamps.now() - timedelta(seconds=seconds_ago), delay)
        if monotonic() - self._saved_at >= SAVE_SECONDS:
            await self.save()

    async def save(self) -> None:
        """Write the paces that were noted since the last time. Raises MorgueError."""
        self._saved_at = monotonic()
        paces, self._unsaved = self._unsaved, {}
        if paces:
            await self.context.do(hosts.keep_paces, self.context.archive_writer.db, paces)

    async def _look_up(self, name: str, delay: float, max_delay: float) -> float:
        db, run_id = self.context.archive_writer.db, self.context.crawl_id
        left = await self.context.do(hosts.seconds_to_wait, db, name, timestamps.now(), run_id, delay, max_delay)
        if left:
            logger.debug(
                "%(host)s was asked by an earlier crawl: it waits for %(left).2f s", {"host": name, "left": left}
            )
        return monotonic() + left


class ThrottleMiddleware:
    """Keep each host's slot at the delay of its policy."""

    def __init__(self, crawler: Any, policies: Mapping[str, ThrottlePolicy], default: ThrottlePolicy) -> None:
        """`policies`: by host name; `default`: for all other hosts."""
        self.crawler, self.policies, self.default = crawler, policies, default
        self.robots, self.context = RobotsCache.of(crawler), CrawlContext.of(crawler)
        self.paces = PaceKeeper.of(self.context)

    @classmethod
    def from_crawler(cls, crawler: Any) -> ThrottleMiddleware:
        settings = crawler.settings
        return cls(crawler, settings["MORGUE_THROTTLE_POLICIES"], settings["MORGUE_THROTTLE_POLICY"])

    async def process_request(self, request: Request) -> None:
        # Set again for each request: a redirect inherits the meta of the request before it, slot included.
        host = urlsplit(request.url).hostname or ""
        request.meta["download_slot"] = host
        delay, jitter = self.min_delay(host)
        await self.paces.wait(host, delay, self.policies.get(host, self.default).max_delay)
        if self.context.stopping:  # the last moment before it would wait for its host's delay
            raise CrawlStopping
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is None:  # the settings by which the downloader will make it
            own = self.crawler.engine.downloader.per_slot_settings.setdefault(host, {})
            own.update(delay=delay, jitter=jitter)
        else:
            if slot.delay < delay:  # a longer delay that an answer has set stays, with the jitter that belongs to it
                slot.delay, slot.jitter = delay, jitter
            why = ", ".join(reasons_to_wait(slot)) if logger.isEnabledFor(logging.DEBUG) else ""
            if why:
                logger.debug("%(url)s waits: %(why)s", {"url": request.url, "host": host, "why": why})

    async def process_response(self, request: Request, response: Response) -> Response:
        host = request.meta.get("download_slot", "")
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is not None:
            self._set_delay(host, slot, request, response)
            await self._note(request, slot)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None and slot.lastseen:  # 0: it was never asked
            await self._note(request, slot)

    async def _note(self, request: Request, slot: Any) -> None:
        """Let the next crawl know when the host was asked last, and its delay."""
        if self.context.fatal is None:
            await self.paces.asked(host_or_empty(request.url), monotonic() - slot.lastseen, slot.delay)

    def _set_delay(self, host: str, slot: Any, request: Request, response: Response) -> None:
        """Set the delay of a host's slot after an answer."""
        policy, (floor, jitter) = self.policies.get(host, self.default), self.min_delay(host)
        before = slot.delay
        wait = retry_after(response.headers.get(b"Retry-After"), timestamps.now())
        if response.status == TOO_MANY_REQUESTS and not wait:
            request.meta["dont_retry"] = True  # who asks for fewer requests, and names no time, gets no more of them
        if response.status in WAIT_STATUSES and wait is not None:
            if wait > policy.max_delay:
                # Too long for a crawl to wait: the frontier remembers it.
                request.meta["dont_retry"], request.meta["retry_after"] = True, wait
                logger.info("%(host)s asks to wait %(wait).0f s, more than max_delay", {"host": host, "wait": wait})
            else:
                # The slot's jitter may shorten a delay, but what the server asked for is a minimum.
                slot.delay, slot.jitter = max(floor, wait / (1 - REQUESTED_DELAY_JITTER)), REQUESTED_DELAY_JITTER
                logger.info("%(host)s asks to wait %(wait).0f s, and gets it", {"host": host, "wait": wait})
            return
        slot.jitter = jitter
        latency = request.meta.get("download_latency")
        if policy.autothrottle and floor > MIN_DELAY_SECONDS and latency is not None:
            slot.delay = next_delay(slot.delay, latency, floor, policy.max_delay, ok=response.status == 200)
        else:
            slot.delay = floor
        if slot.delay != before:
            delays = {"host": host, "delay": slot.delay, "floor": floor, "latency": latency or 0.0}
            logger.debug("%(host)s is asked every %(delay).2f s from now, its answer took %(latency).2f s", delays)

    def min_delay(self, host: str) -> tuple[float, float]:
        """Return the smallest delay for a host in seconds, and the jitter that belongs to it.

        The delay is our own or robots.txt's Crawl-delay, whichever is longer; a Crawl-delay counts up to our
        `max_delay`. A slot's jitter varies its delay up and down, and a Crawl-delay is a minimum, so it is lengthened
        by REQUESTED_DELAY_JITTER, which the slot is then to have.
        """
        policy = self.policies.get(host, self.default)
        crawl_delay = max((robots.crawl_delay or 0.0 for robots in self.robots.known(host)), default=0.0)
        crawl_delay = min(crawl_delay, policy.max_delay) / (1 - REQUESTED_DELAY_JITTER)
        jitter = REQUESTED_DELAY_JITTER if crawl_delay > policy.delay else policy.jitter
        return max(MIN_DELAY_SECONDS, policy.delay, crawl_delay), jitter


def reasons_to_wait(slot: Any) -> Iterator[str]:
    """Yield why a request that comes to a downloader slot of Scrapy now is not sent at once."""
    ago = monotonic() - slot.lastseen
    if ago < slot.delay - MIN_DELAY_SECONDS:
        yield f"its host was asked {ago:.2f} s ago, and is asked every {slot.delay:.2f} s"
    if slot.queue:
        yield f"{counted(len(slot.queue), 'request')} to its host in line before it"
    if slot.free_transfer_slots() <= 0:
        yield f"{counted(len(slot.transferring), 'request')} to its host under way, as many as it gets"
