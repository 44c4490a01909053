"""Throttle requests per host: our delay, robots.txt's Crawl-delay, the server's own Retry-After, and its latency.

A downloader middleware that sets the delay of Scrapy's downloader slots (one slot a host name). Scrapy's AutoThrottle
has one minimum delay for all hosts; a source's own `delay` and Crawl-delay need one for each.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.middleware")

# Scrapy 2.19's downloader starts all queued requests of a slot without a delay at once, whatever its concurrency.
MIN_DELAY_SECONDS = 0.001
REQUESTED_DELAY_JITTER = 0.1  # of a delay that a site asked for: it is a minimum, so it is lengthened by as much
WAIT_STATUSES = (429, 503)  # answers whose Retry-After we obey (RFC 6585, 4; RFC 9110, 15.6.4)
MAX_RETRY_AFTER_DIGITS = 9  # about 30 years in seconds


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


class ThrottleMiddleware:
    """Keep each host's slot at the delay of its policy."""

    def __init__(self, crawler: Any, policies: Mapping[str, ThrottlePolicy], default: ThrottlePolicy) -> None:
        """`policies`: by host name; `default`: for all other hosts."""
        self.crawler, self.policies, self.default = crawler, policies, default
        self.robots, self.context = RobotsCache.of(crawler), CrawlContext.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Any) -> ThrottleMiddleware:
        settings = crawler.settings
        return cls(crawler, settings["MORGUE_THROTTLE_POLICIES"], settings["MORGUE_THROTTLE_POLICY"])

    def process_request(self, request: Request) -> None:
        if self.context.stopping:  # the last moment before it would wait for its host's delay
            raise CrawlStopping
        # Set again for each request: a redirect inherits the meta of the request before it, slot included.
        host = urlsplit(request.url).hostname or ""
        request.meta["download_slot"] = host
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is not None:
            delay, jitter = self.min_delay(host)
            if slot.delay < delay:  # a longer delay that an answer has set stays, with the jitter that belongs to it
                slot.delay, slot.jitter = delay, jitter
            why = ", ".join(reasons_to_wait(slot)) if logger.isEnabledFor(logging.DEBUG) else ""
            if why:
                logger.debug("%(url)s waits: %(why)s", {"url": request.url, "host": host, "why": why})

    def process_response(self, request: Request, response: Response) -> Response:
        host = request.meta.get("download_slot", "")
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is None:
            return response
        policy, (floor, jitter) = self.policies.get(host, self.default), self.min_delay(host)
        before = slot.delay
        wait = retry_after(response.headers.get(b"Retry-After"), timestamps.now())
        if response.status in WAIT_STATUSES and wait is not None:
            if wait > policy.max_delay:
                # Too long for a crawl to wait: the frontier remembers it.
                request.meta["dont_retry"], request.meta["retry_after"] = True, wait
                logger.info("%(host)s asks to wait %(wait).0f s, more than max_delay", {"host": host, "wait": wait})
            else:
                # The slot's jitter may shorten a delay, but what the server asked for is a minimum.
                slot.delay, slot.jitter = max(floor, wait / (1 - REQUESTED_DELAY_JITTER)), REQUESTED_DELAY_JITTER
                logger.info("%(host)s asks to wait %(wait).0f s, and gets it", {"host": host, "wait": wait})
            return response
        slot.jitter = jitter
        latency = request.meta.get("download_latency")
        if policy.autothrottle and floor > MIN_DELAY_SECONDS and latency is not None:
            slot.delay = next_delay(slot.delay, latency, floor, policy.max_delay, ok=response.status == 200)
        else:
            slot.delay = floor
        if slot.delay != before:
            delays = {"host": host, "delay": slot.delay, "floor": floor, "latency": latency or 0.0}
            logger.debug("%(host)s is asked every %(delay).2f s from now, its answer took %(latency).2f s", delays)
        return response

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
