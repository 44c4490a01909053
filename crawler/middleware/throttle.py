"""How fast a host is asked: its delay, robots.txt's Crawl-delay, the server's own Retry-After, and its latency.

A downloader middleware that sets the delay of Scrapy's downloader slots (one a host name). Scrapy's AutoThrottle knows
one lowest delay for all hosts; a paper's own `delay` or Crawl-delay needs one each.
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

from crawler.http.address import bare
from crawler.middleware.robots import RobotsCache
from pipelines.core.plural import counted

logger = logging.getLogger("morgue.middleware")

# Scrapy 2.19's downloader starts all queued requests of a slot without a delay at once, whatever its concurrency.
LEAST = 0.001  # seconds
MILD = 0.1  # the jitter of a delay that somebody asked for as a minimum
WAIT_STATUSES = (429, 503)  # answers whose Retry-After we obey (RFC 6585, 4; RFC 9110, 15.6.4)


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """The limits of one host's delay, in seconds."""

    delay: float
    max_delay: float
    autothrottle: bool
    jitter: float = 0.0  # share by which the delay varies, up and down


def next_delay(now: float, latency: float, floor: float, ceiling: float, *, ok: bool) -> float:
    """The delay after an answer that took `latency` seconds: halfway towards one request a latency.

    The rule of Scrapy's AutoThrottle at one request at a time: error pages are quick, and must not speed us up.
    """
    wished = max(latency, (now + latency) / 2)
    new = min(max(floor, wished), max(ceiling, floor))
    return new if ok or new > now else now


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date); None if it says nothing."""
    text = (value or b"").decode("latin-1").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())


class ThrottleMiddleware:
    """Keeps each host's slot at its tempo."""

    def __init__(self, crawler: Any, tempos: Mapping[str, ThrottlePolicy], default: ThrottlePolicy) -> None:
        self.crawler, self.tempos, self.default = crawler, tempos, default
        self.robots = RobotsCache.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Any) -> ThrottleMiddleware:
        return cls(crawler, crawler.settings["MORGUE_TEMPOS"], crawler.settings["MORGUE_TEMPO"])

    def process_request(self, request: Request) -> None:
        # Set anew for each request: a redirect inherits the meta of the request before it, slot and all.
        host = urlsplit(request.url).hostname or ""
        request.meta["download_slot"] = host
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is not None:
            delay, jitter = self.floor(host)
            if slot.delay < delay:  # a longer one that an answer has set stands, with the jitter that goes with it
                slot.delay, slot.jitter = delay, jitter
            why = ", ".join(reasons_to_wait(slot)) if logger.isEnabledFor(logging.DEBUG) else ""
            if why:
                logger.debug("%(url)s waits: %(why)s", {"url": bare(request.url), "host": host, "why": why})

    def process_response(self, request: Request, response: Response) -> Response:
        host = request.meta.get("download_slot", "")
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is None:
            return response
        tempo, (floor, jitter) = self.tempos.get(host, self.default), self.floor(host)
        before = slot.delay
        wait = retry_after(response.headers.get(b"Retry-After"), datetime.now(UTC))
        if response.status in WAIT_STATUSES and wait is not None:
            if wait > tempo.max_delay:
                # Longer than a crawl should stand still: the frontier remembers it.
                request.meta["dont_retry"], request.meta["retry_after"] = True, wait
                logger.info("%(host)s asks to wait %(wait).0f s, longer than max_delay", {"host": host, "wait": wait})
            else:
                # The slot's jitter may shorten a delay; what the server asked for is a minimum.
                slot.delay, slot.jitter = max(floor, wait / (1 - MILD)), MILD
                logger.info("%(host)s asks to wait %(wait).0f s, and gets it", {"host": host, "wait": wait})
            return response
        slot.jitter = jitter
        latency = request.meta.get("download_latency")
        if tempo.autothrottle and floor > LEAST and latency is not None:
            slot.delay = next_delay(slot.delay, latency, floor, tempo.max_delay, ok=response.status == 200)
        else:
            slot.delay = floor
        if slot.delay != before:
            delays = {"host": host, "delay": slot.delay, "floor": floor, "latency": latency or 0.0}
            logger.debug("%(host)s is asked every %(delay).2f s from now, its answer took %(latency).2f s", delays)
        return response

    def floor(self, host: str) -> tuple[float, float]:
        """The least delay for a host, and the jitter that goes with it: ours, or robots.txt's Crawl-delay up to the
        greatest that we wait.

        A slot's jitter varies its delay up and down; what robots.txt asks for is a minimum, so it is lengthened by a
        mild jitter, which the slot is then to have.
        """
        tempo = self.tempos.get(host, self.default)
        asked = max((robots.crawl_delay or 0.0 for robots in self.robots.known(host)), default=0.0)
        asked = min(asked, tempo.max_delay) / (1 - MILD)
        return max(LEAST, tempo.delay, asked), MILD if asked > tempo.delay else tempo.jitter


def reasons_to_wait(slot: Any) -> Iterator[str]:
    """Yield why a request that comes to a downloader slot of Scrapy now is not sent at once."""
    ago = monotonic() - slot.lastseen
    if ago < slot.delay - LEAST:
        yield f"its host was asked {ago:.2f} s ago, and is asked every {slot.delay:.2f} s"
    if slot.queue:
        yield f"{counted(len(slot.queue), 'request')} to its host in line before it"
    if slot.free_transfer_slots() <= 0:
        yield f"{counted(len(slot.transferring), 'request')} to its host under way, as many as it gets"
