"""From the frontier into Scrapy: how many URLs of which host are in flight. Scrapy's own queue holds no more than that.

A host has at most one URL waiting behind those being fetched, so that its pace (kept by Scrapy's downloader slots)
never leaves the wire idle, and so that a stop drains in seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from crawler.frontier.queue import Claim, ClaimScope, Frontier
from crawler.frontier.revisit_policy import PAGES
from pipelines.core.timestamps import now
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

WAITING = 1  # URLs a host may have in line behind those in transfer
AHEAD = 8  # URLs of a host that are claimed in one go: what is more urgent waits behind them for as many fetches


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What one host gets of a crawl."""

    at_once: int  # requests at a time
    pages: int  # article pages at most
    listings: int  # feeds, sitemaps, front and section pages at most


class Dispatcher:
    """Claims URLs as hosts become free; ends when nothing is due and nothing is open."""

    def __init__(
        self,
        context: CrawlContext,
        frontier: Frontier,
        scope: ClaimScope,
        *,
        shares: Mapping[str, HostLimits],
        share: HostLimits,
        in_line: int,
        limit: int | None,
    ) -> None:
        """`shares` by host, `share` for all others. `in_line`: URLs handed out and not yet fetched, over all hosts;
        most of them wait out their host's delay. `limit`: article pages a run."""
        self.context, self.frontier, self.scope = context, frontier, scope
        self.shares, self.share = shares, share
        self.in_line, self.limit = in_line, limit
        self.stopped = False
        self._hosts: deque[str] = deque()  # hosts that may have due URLs, in turn
        self._fetching: Counter[str] = Counter()  # by host
        self._busy = 0  # the sum of those
        self._ahead: defaultdict[str, deque[Claim]] = defaultdict(deque)  # claimed and not yet handed out
        self._open: dict[int, Claim] = {}  # by frontier id: handed out and not yet filed
        self._taken: Counter[str] = Counter()  # article pages claimed in this crawl, by host
        self._listings: Counter[str] = Counter()  # and listings
        self._closed_hosts: set[str] = set()  # hosts that asked to be left alone, or whose cap is reached
        self._news = asyncio.Event()  # something changed that may let `claims` go on

    async def claims(self) -> AsyncIterator[Claim]:
        """URLs to fetch, as their hosts become free."""
        self.woken_by(await self.context.do(self.frontier.hosts_due, self.scope, now()))
        while not self.stopped:
            claimed = await self._next()
            for claim in claimed:
                yield claim
            if not claimed:
                if not self._open and not self._hosts:
                    return
                await self._news.wait()
                self._news.clear()

    def woken_by(self, hosts: list[str] | set[str]) -> None:
        """These hosts have new URLs in the frontier."""
        known = set(self._hosts)
        self._hosts.extend(host for host in hosts if host not in known and host not in self._closed_hosts)
        self._news.set()

    def fetched(self, claim: Claim) -> None:
        """The URL's exchange is over; its page may still be read and filed."""
        self.context.backpressure.page_in()
        self._fetching[claim.host] -= 1
        self._busy -= 1
        if claim.host not in self._hosts and claim.host not in self._closed_hosts:
            self._hosts.append(claim.host)
        self._news.set()

    def filed(self, claim: Claim) -> None:
        """Nothing more will be done about the URL in this crawl."""
        if self._open.pop(claim.id, None) is not None:
            self.context.backpressure.page_out()
        self._news.set()

    def leave_alone(self, host: str) -> None:
        """Claim nothing more of this host in this crawl."""
        logger.info("%(host)s is left alone for the rest of this crawl", {"host": host})
        self._closed_hosts.add(host)

    def is_left_alone(self, host: str) -> bool:
        """Whether nothing more of this host is claimed in this crawl."""
        return host in self._closed_hosts

    def stop(self) -> None:
        """Hand out nothing more at all."""
        logger.info("no more URLs are handed out, %(open)d are under way", {"open": len(self._open)})
        self.stopped = True
        self._news.set()

    @property
    def open_claims(self) -> list[Claim]:
        """What is claimed and not filed."""
        return [*self._open.values(), *(claim for ahead in self._ahead.values() for claim in ahead)]

    async def _next(self) -> list[Claim]:
        """The next few URLs of one host that is free, or nothing if no host is."""
        for _ in range(len(self._hosts) if self._room_for_all() > 0 else 0):
            host = self._hosts.popleft()
            room = self._room(host)
            if host in self._closed_hosts:
                continue
            if room <= 0:
                # `fetched` puts the host back; while it is busy there is no use in asking for it.
                if self._fetching[host] == 0:
                    self._hosts.append(host)
                continue
            if not self._ahead[host]:
                number = AHEAD if self.limit is None else room
                self._ahead[host].extend(await self.context.do(self._claim, host, number))
            ahead = self._ahead[host]
            claimed = [ahead.popleft() for _ in range(min(self._room(host), len(ahead)))]
            if claimed:
                self._take(host, claimed)  # `fetched` puts the host back into line
                return claimed
            if ahead:
                self._hosts.append(host)  # no room any more, for reasons that are not its own
        return []

    def _claim(self, host: str, number: int) -> list[Claim]:
        """On the keeper's thread. A site whose lists name ever more lists is read up to a cap, then for articles."""
        more = self._listings[host] < self.shares.get(host, self.share).listings
        if not more:
            cap = {"host": host, "listings": self._listings[host]}
            logger.debug("%(host)s: articles only, after %(listings)d listings (crawl.listings_per_host)", cap)
        return self.frontier.claim(host, number, self.scope, now(), listings=more)

    def _take(self, host: str, claimed: list[Claim]) -> None:
        for claim in claimed:
            self._open[claim.id] = claim
            about = {"url": claim.url, "host": host, "kind": claim.kind}
            logger.debug("handed out: %(url)s (%(kind)s)", about)
            self._fetching[host] += 1
            self._busy += 1
            (self._taken if claim.kind in PAGES else self._listings)[host] += 1
        if self._taken[host] >= self.shares.get(host, self.share).pages:
            cap = {"host": host, "pages": self._taken[host]}
            logger.info("%(host)s: %(pages)d article pages are as many as one run takes (crawl.pages_per_host)", cap)
            self.leave_alone(host)
        if self.limit is not None and self.taken >= self.limit:
            logger.info("--limit is reached: %(pages)d article pages", {"pages": self.taken})
            self.stopped = True

    def _room(self, host: str) -> int:
        """How many more URLs of this host may be taken now."""
        own = self.shares.get(host, self.share).at_once + WAITING - self._fetching[host]
        return min(own, self._room_for_all())

    def _room_for_all(self) -> int:
        """How many more URLs of any hosts may be taken now."""
        room = self.in_line - self._busy
        return room if self.limit is None else min(room, self.limit - self.taken)

    @property
    def taken(self) -> int:
        """Article pages claimed so far."""
        return self._taken.total()
