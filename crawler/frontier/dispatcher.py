"""Hand URLs of the frontier to Scrapy, only as many of each host as it can fetch. Scrapy's own queue holds no more.

A host has at most one URL waiting for those being fetched. So its delay, which Scrapy's downloader slots keep, is the
only pause between two requests, and a stop takes seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from crawler.frontier.queue import Frontier
from crawler.frontier.revisit_policy import PAGE_KINDS
from pipelines.core.timestamps import now
from pipelines.database.frontier.rows import Claim, ClaimScope
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

WAITING_PER_HOST = 1  # URLs of a host that are handed out besides those that it may be asked for at once
CLAIMS_PER_TASK = 8  # URLs of a host claimed at once; a more urgent URL may have to wait for as many fetches


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Limit what a crawl asks of one host."""

    concurrency: int  # requests at a time
    pages: int  # article pages at most
    listings: int  # feeds, sitemaps, front and section pages at most


class Dispatcher:
    """Claim URLs as hosts become free. End when nothing is due and no claim is open."""

    def __init__(
        self,
        context: CrawlContext,
        frontier: Frontier,
        scope: ClaimScope,
        *,
        host_limits: Mapping[str, HostLimits],
        default_limits: HostLimits,
        max_unfetched: int,
        max_pages: int | None,
    ) -> None:
        """`max_unfetched`: URLs handed out and not yet fetched, over all hosts; most of them wait out their host's
        delay. `max_pages`: article pages that the whole run may fetch; None: no limit."""
        self.context, self.frontier, self.scope = context, frontier, scope
        self.max_unfetched, self.max_pages = max_unfetched, max_pages
        self.stopped = False
        self._host_limits, self._default_limits = host_limits, default_limits
        self._hosts: deque[str] = deque()  # hosts that may have due URLs, in turn
        self._fetching: Counter[str] = Counter()  # URLs handed out and not yet fetched, by host
        self._fetching_total = 0
        self._claimed: defaultdict[str, deque[Claim]] = defaultdict(deque)  # not yet handed out, by host
        self._open: dict[int, Claim] = {}  # handed out and not yet filed, by frontier id
        self._pages_taken: Counter[str] = Counter()  # article pages handed out in this crawl, by host
        self._listings_taken: Counter[str] = Counter()  # and listings
        self._closed_hosts: set[str] = set()  # hosts that asked us to wait, are down, or have reached their limit
        self._changed = asyncio.Event()  # set when `claims` may be able to go on

    async def claims(self) -> AsyncIterator[Claim]:
        """Yield URLs to fetch, as their hosts become free."""
        self.add_hosts(await self.context.do(self.frontier.hosts_due, self.scope, now()))
        while not self.stopped:
            claims = await self._next_claims()
            for claim in claims:
                yield claim
            if not claims:
                if not self._open and not self._hosts:
                    return
                await self._changed.wait()
                self._changed.clear()

    def add_hosts(self, hosts: Iterable[str]) -> None:
        """Note that these hosts have new URLs in the frontier."""
        known = set(self._hosts)
        self._hosts.extend(host for host in hosts if host not in known and host not in self._closed_hosts)
        self._changed.set()

    def fetched(self, claim: Claim) -> None:
        """Note that the exchange for a URL is over. Its page may still have to be read and filed."""
        self.context.backpressure.page_in()
        self._fetching[claim.host] -= 1
        self._fetching_total -= 1
        if claim.host not in self._hosts and claim.host not in self._closed_hosts:
            self._hosts.append(claim.host)
        self._changed.set()

    def filed(self, claim: Claim) -> None:
        """Note that nothing more will be done about a URL in this crawl."""
        if self._open.pop(claim.id, None) is not None:
            self.context.backpressure.page_out()
        self._changed.set()

    def close_host(self, host: str) -> None:
        """Claim nothing more of a host in this crawl."""
        logger.info("%(host)s is left alone for the rest of this crawl", {"host": host})
        self._closed_hosts.add(host)

    def is_closed(self, host: str) -> bool:
        """Return True if nothing more of a host is claimed in this crawl."""
        return host in self._closed_hosts

    def stop(self) -> None:
        """Hand out nothing more at all."""
        logger.info("no more URLs are handed out (under way: %(open)d)", {"open": len(self._open)})
        self.stopped = True
        self._changed.set()

    @property
    def open_claims(self) -> list[Claim]:
        """Return what is claimed and not filed."""
        return [*self._open.values(), *(claim for claims in self._claimed.values() for claim in claims)]

    @property
    def pages_taken(self) -> int:
        """Return the number of article pages handed out so far."""
        return self._pages_taken.total()

    async def _next_claims(self) -> list[Claim]:
        """Return the next few URLs of one host that is free, or an empty list if no host is free."""
        for _ in range(len(self._hosts) if self._capacity() > 0 else 0):
            host = self._hosts.popleft()
            if host in self._closed_hosts:
                continue
            capacity = self._capacity_of(host)
            if capacity <= 0:
                # A host that is being asked is put back by `fetched`.
                if self._fetching[host] == 0:
                    self._hosts.append(host)
                continue
            waiting = self._claimed[host]
            if not waiting:
                number = CLAIMS_PER_TASK if self.max_pages is None else capacity
                waiting.extend(await self.context.do(self._claim, host, number))
            claims = [waiting.popleft() for _ in range(min(self._capacity_of(host), len(waiting)))]
            if claims:
                self._hand_out(host, claims)  # `fetched` puts the host back
                return claims
            if waiting:
                self._hosts.append(host)  # other hosts took the capacity meanwhile
        return []

    def _claim(self, host: str, number: int) -> list[Claim]:
        """Claim URLs of a host. Runs on the archive writer's thread.

        A site whose listings name ever more listings is read up to a limit; after that only its articles are claimed.
        """
        more_listings = self._listings_taken[host] < self._limits_of(host).listings
        if not more_listings:
            limit = {"host": host, "listings": self._listings_taken[host]}
            logger.debug("%(host)s has reached crawl.listings_per_host (%(listings)d): articles only", limit)
        return self.frontier.claim(host, number, self.scope, now(), listings=more_listings)

    def _hand_out(self, host: str, claims: list[Claim]) -> None:
        for claim in claims:
            self._open[claim.id] = claim
            about = {"url": claim.url, "host": host, "kind": claim.kind}
            logger.debug("handed out: %(url)s (%(kind)s)", about)
            self._fetching[host] += 1
            self._fetching_total += 1
            (self._pages_taken if claim.kind in PAGE_KINDS else self._listings_taken)[host] += 1
        if self._pages_taken[host] >= self._limits_of(host).pages:
            limit = {"host": host, "pages": self._pages_taken[host]}
            logger.info("%(host)s has reached crawl.pages_per_host (%(pages)d)", limit)
            self.close_host(host)
        if self.max_pages is not None and self.pages_taken >= self.max_pages:
            logger.info("--limit is reached (%(pages)d)", {"pages": self.pages_taken})
            self.stopped = True

    def _limits_of(self, host: str) -> HostLimits:
        return self._host_limits.get(host, self._default_limits)

    def _capacity_of(self, host: str) -> int:
        """Return how many more URLs of a host may be handed out now."""
        own = self._limits_of(host).concurrency + WAITING_PER_HOST - self._fetching[host]
        return min(own, self._capacity())

    def _capacity(self) -> int:
        """Return how many more URLs of any hosts may be handed out now."""
        capacity = self.max_unfetched - self._fetching_total
        return capacity if self.max_pages is None else min(capacity, self.max_pages - self.pages_taken)
