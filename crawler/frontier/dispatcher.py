"""Hand URLs of the frontier to Scrapy, only as many of each host as it can fetch. Scrapy's own queue holds no more.

A host has at most one URL waiting for those being fetched. So its delay, which Scrapy's downloader slots keep, is the
only pause between two requests, and a stop takes seconds. A source and a site (a registrable domain with all its hosts)
have a share of what is handed out at once, so that a thousand silent hosts of one of them do not hold up the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from time import monotonic

from crawler.frontier.queue import Frontier
from crawler.frontier.visit_limits import CrawlLimits, LimitCounter, PartCounter, SourceLimits
from crawler.schedule.revisit_policy import PAGE_KINDS
from pipelines.core.timestamps import now
from pipelines.core.urls import site_of_host
from pipelines.database.captures import UsedToday
from pipelines.database.frontier.rows import NO_SOURCE, PART, Claim, ClaimScope
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

WAITING_PER_HOST = 1  # URLs of a host that are handed out besides those that it may be asked for at once
ASKING_PAUSE_SECONDS = 15.0  # after that a pass asks again which hosts have due URLs
# After that a pass of all sources ends, and the next one goes on with what is left: before its lock, a day old, is an
# alarm (`pipelines.core.lock`).
MAX_PASS_SECONDS = 20 * 3600.0
CLAIMS_PER_TASK = 8  # URLs of a host claimed at once; a more urgent URL may have to wait for as many fetches


class Dispatcher:
    """Claim URLs as hosts become free. End when nothing is due and no claim is open."""

    def __init__(
        self,
        context: CrawlContext,
        frontier: Frontier,
        scope: ClaimScope,
        *,
        host_concurrency: Mapping[str, int],
        limits: CrawlLimits,
        limits_of_source: Mapping[int | None, SourceLimits],
        used_today: Mapping[int | None, UsedToday] | None = None,
        resting: Callable[[datetime], set[int | None]] | None = None,
        parts: PartCounter | None = None,
    ) -> None:
        """`host_concurrency`: requests at a time, for the hosts for which a source file says so. The others: see
        LimitCounter.
        """
        self.context, self.frontier, self.scope = context, frontier, scope
        self.limits, self.limits_of_source = limits, limits_of_source
        self.stopped = False
        self._pages_done = False  # --limit is reached: only parts of the pages are handed out
        self.used = LimitCounter(limits_of_source, used_today, resting, began=scope.began)
        self.parts = parts or PartCounter()
        self._host_concurrency = host_concurrency
        self._hosts: deque[str] = deque()  # hosts that may have due URLs, in turn
        # Such hosts that wait because the share of their site or source, the key, is used up.
        self._parked: defaultdict[object, deque[str]] = defaultdict(deque)
        self._queued: set[str] = set()  # the hosts in `_hosts` and `_parked`
        self._fetching: Counter[object] = Counter()  # URLs handed out and not yet fetched, by host, site, source id
        self._fetching_total = 0
        self._claimed: defaultdict[str, deque[Claim]] = defaultdict(deque)  # not yet handed out, by host
        self._set_aside: list[Claim] = []  # claimed before their source came to a limit
        self._without_own: set[str] = set()  # hosts of which the owners of their site have nothing due
        self._open: dict[int, Claim] = {}  # handed out and not yet filed, by frontier id
        self._closed_hosts: set[str] = set()  # hosts that asked us to wait or are down
        self._closed_sites: set[str] = set()  # sites of which nothing more is asked
        self._changed = asyncio.Event()  # set when `claims` may be able to go on

    async def claims(self) -> AsyncIterator[Claim]:
        """Yield URLs to fetch, as their hosts become free."""
        began = asked = monotonic()
        self.add_hosts(await self.context.do(self._hosts_due))
        while not self.stopped:
            time = monotonic()
            if time >= began + MAX_PASS_SECONDS and self.scope.source_ids is None:
                # Else what keeps falling due would let it go on for ever, without the judgements at its end.
                logger.info("this pass has lasted %(hours)d hours", {"hours": MAX_PASS_SECONDS // 3600})
                self.stop()
                return
            if asked + ASKING_PAUSE_SECONDS <= time < began + MAX_PASS_SECONDS:
                # What falls due during the pass: a backfill of one source must not hold up the feeds of the others.
                asked = time
                self.add_hosts(await self.context.do(self._hosts_due))
            claims = await self._next_claims()
            for claim in claims:
                yield claim
            if not claims:
                if not self._open and not self._queued:
                    return
                if self._fetching_total == 0 and self._unpark_all():
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), ASKING_PAUSE_SECONDS)
                self._changed.clear()

    def add_hosts(self, hosts: Iterable[str]) -> None:
        """Note that these hosts have new URLs in the frontier."""
        for host in hosts:
            self._without_own.discard(host)
            self._enqueue(host)
        self._changed.set()

    def fetched(self, claim: Claim, *, requested: bool = True) -> None:
        """Note that the exchange for a URL is over. Its page may still have to be read and filed.

        `requested`: there was one. What is refused before, by robots.txt for example, uses up no limit.
        """
        self.context.backpressure.page_in(claim.source_id)
        self.used.end(claim, requested=requested)
        self.parts.end(claim, requested=requested)
        if self.limits.pages is not None and self.used.pages >= self.limits.pages and not self._pages_done:
            logger.info("--limit is reached (%(pages)d)", {"pages": self.used.pages})
            self._pages_done = True
            self.stopped |= not self.parts.wanted
        for key in shares_of(claim):
            self._fetching[key] -= 1
        self._fetching_total -= 1
        self._enqueue(claim.host)
        for key in shares_of(claim):
            self._unpark(key)
        self._close_by_size(claim)
        self._changed.set()

    def filed(self, claim: Claim) -> None:
        """Note that nothing more will be done about a URL in this crawl."""
        if self._open.pop(claim.id, None) is not None:
            self.context.backpressure.page_out(claim.source_id)
        self._changed.set()

    def close_host(self, host: str) -> None:
        """Claim nothing more of a host in this crawl."""
        logger.info("%(host)s is left alone for the rest of this crawl", {"host": host})
        self._closed_hosts.add(host)

    def open_host(self, host: str) -> None:
        """Claim URLs of a host again that answers again."""
        self._closed_hosts.discard(host)
        self.add_hosts([host])

    def set_pages_aside(self, host: str) -> None:
        """Ask for no page of a host that was claimed already: it refuses them."""
        claims = self._claimed[host]
        self._set_aside += [claim for claim in claims if claim.kind in PAGE_KINDS]
        self._claimed[host] = deque(claim for claim in claims if claim.kind not in PAGE_KINDS)

    def close_site(self, site: str) -> None:
        """Claim nothing more of any host of a site in this crawl."""
        logger.info("%(site)s is left alone for the rest of this crawl, with all its hosts", {"site": site})
        self._closed_sites.add(site)

    def is_closed_site(self, site: str) -> bool:
        """Return True if nothing more of any host of a site is claimed in this crawl."""
        return site in self._closed_sites

    def is_closed(self, host: str) -> bool:
        """Return True if nothing more of a host is claimed in this crawl."""
        return host in self._closed_hosts or (bool(self._closed_sites) and site_of_host(host) in self._closed_sites)

    def stop(self) -> None:
        """Hand out nothing more at all."""
        logger.info("no more URLs are handed out (under way: %(open)d)", {"open": len(self._open)})
        self.stopped = True
        self._changed.set()

    @property
    def open_claims(self) -> list[Claim]:
        """Return what is claimed and not filed."""
        waiting = (claim for claims in self._claimed.values() for claim in claims)
        return [*self._open.values(), *waiting, *self._set_aside]

    @property
    def under_way(self) -> int:
        """Number of URLs that are handed out and not yet filed."""
        return len(self._open)

    @property
    def pages_taken(self) -> int:
        """Return the number of article pages that were requested, or may be: they are handed out."""
        return self.used.pages + self.used.pages_under_way

    async def _next_claims(self) -> list[Claim]:
        """Return the next few URLs of one host that is free, or an empty list if no host is free."""
        for _ in range(len(self._hosts) if self._capacity() > 0 else 0):
            if not self._hosts:
                break
            host = self._hosts.popleft()
            self._queued.discard(host)
            if self.is_closed(host):
                self._unpark(site_key(host))
                continue
            if self._fetching[site_key(host)] >= self.limits.unfetched_per_site:
                self._park(host, site_key(host))
                continue
            capacity = self._capacity_of(host)
            if capacity <= 0:
                # A host that is being asked is put back by `fetched`.
                if self._fetching[host] == 0:
                    self._enqueue(host)
                continue
            waiting = self._claimed[host]
            if not waiting or (host not in self._without_own and self._is_foreign(waiting[0])):
                number = CLAIMS_PER_TASK if self.limits.pages is None else capacity
                waiting.extendleft(reversed(await self.context.do(self._claim, host, number)))
            set_aside = len(self._set_aside)
            claims = self._handed_out(host, waiting)
            if claims:
                return claims  # `fetched` puts the host back
            if len(self._set_aside) > set_aside:
                self._enqueue(host)  # it may have URLs that are not beyond a limit
                self._changed.set()
            elif not waiting:
                del self._claimed[host]
                self._unpark(site_key(host))  # another host of its site can have its turn
            elif host not in self._queued:
                self._enqueue(host)  # other hosts took the capacity meanwhile
        return []

    def _claim(self, host: str, number: int) -> list[Claim]:
        """Claim URLs of a host. Runs on the archive writer's thread.

        What the owners of its site have queued comes first. A source whose listings name ever more listings is read up
        to a limit; after that only its articles are claimed.
        """
        owners = self.frontier.owners.of_site(site_of_host(host))
        if owners and host not in self._without_own and not self._pages_done:
            choice = self.used.choice(host, owners)
            if claims := self.frontier.claim(host, number, self.scope, now(), choice):
                return claims
            self._without_own.add(host)
        choice = self.used.choice(host)
        if not self._pages_done and (claims := self.frontier.claim(host, number, self.scope, now(), choice)):
            return claims
        # One at a time: an article that is found meanwhile waits for no more than that one.
        parts = self.parts.choice() - choice.without
        return self.frontier.claim_parts(host, 1, self.scope, now(), parts) if parts else []

    def _hosts_due(self) -> list[str]:
        """Return the hosts that have due URLs or parts. Runs on the archive writer's thread."""
        table, parts = self.frontier.table, self.parts.choice()
        hosts = [] if self._pages_done else table.hosts_due(self.scope, now())
        return hosts + (table.hosts_with_parts(self.scope, now(), parts) if parts else [])

    def _handed_out(self, host: str, waiting: deque[Claim]) -> list[Claim]:
        """Hand out as many of the claims of a host as may be asked for now, and return them."""
        claims: list[Claim] = []
        while waiting and self._capacity_of(host) > 0:
            claim = waiting.popleft()
            if self.used.is_closed(claim) or (self._pages_done and claim.kind != PART):
                self._set_aside.append(claim)
                self._unpark(source_key(claim))  # another host that waits for this source can have its turn
                continue
            if self._fetching[source_key(claim)] >= self.limits.unfetched_per_source or self.used.is_full(claim):
                waiting.appendleft(claim)
                if not claims and not self._is_foreign(claim):  # else its host may get work of its own
                    self._park(host, source_key(claim))
                break
            self._hand_out(claim)
            claims.append(claim)
        return claims

    def _is_foreign(self, claim: Claim) -> bool:
        """Return True if a claim is of a source that does not own the site, while another source does."""
        return claim.damage is None and self.frontier.owners.is_foreign(claim.url, claim.source_id)

    def _hand_out(self, claim: Claim) -> None:
        self._open[claim.id] = claim
        logger.debug("handed out: %(url)s (%(kind)s)", {"url": claim.url, "host": claim.host, "kind": claim.kind})
        for key in shares_of(claim):
            self._fetching[key] += 1
        self._fetching_total += 1
        self.used.begin(claim)
        self.parts.begin(claim)

    def _close_by_size(self, claim: Claim) -> None:
        """Ask nothing more of a site or for a source, or end the crawl, if its records are as large as they may be."""
        stats, site = self.context.stats, site_of_host(claim.host)
        if stats.bytes_of_site[site] >= self.limits.bytes_per_site and site not in self._closed_sites:
            self.used.reach("bytes_per_site", claim.source_id)
            self.close_site(site)
        if stats.bytes_of_source[claim.source_id] >= self.limits.bytes_per_site:  # redirects led to other sites
            self.used.reach("bytes_per_site", claim.source_id)
            self.used.close_source(claim.source_id)
        self.used.close_by_day_bytes(claim.source_id, stats.bytes_of_source[claim.source_id])
        if stats.bytes_kept >= self.limits.bytes_per_crawl and not self.stopped:
            self.used.reach("bytes_per_crawl", None)
            self.stop()

    def _enqueue(self, host: str) -> None:
        if host not in self._queued and not self.is_closed(host):
            self._queued.add(host)
            self._hosts.append(host)

    def _park(self, host: str, key: object) -> None:
        """Let a host wait until its site or source, the `key`, has a share left."""
        self._queued.add(host)
        self._parked[key].append(host)

    def _unpark(self, key: object) -> None:
        """Let the next host have its turn that waits for the share of a site or source."""
        if self._parked.get(key):
            self._hosts.append(self._parked[key].popleft())
            self._changed.set()

    def _unpark_all(self) -> bool:
        """Let all hosts have their turn that wait for a share, if there are any: no share is in use."""
        parked = [host for hosts in self._parked.values() for host in hosts]
        self._parked.clear()
        self._hosts.extend(parked)
        return bool(parked)

    def _capacity_of(self, host: str) -> int:
        """Return how many more URLs of a host may be handed out now."""
        concurrency = self._host_concurrency.get(host, self.limits.concurrency_per_host)
        own = concurrency + WAITING_PER_HOST - self._fetching[host]
        return min(own, self.limits.unfetched_per_site - self._fetching[site_key(host)], self._capacity())

    def _capacity(self) -> int:
        """Return how many more URLs of any hosts may be handed out now."""
        capacity = self.limits.unfetched - self._fetching_total
        if self.limits.pages is None or self._pages_done:
            return capacity
        return min(capacity, self.limits.pages - self.pages_taken)


def site_key(host: str) -> tuple[str, str]:
    """Return the key under which the URLs of a host's site are counted."""
    return "site", site_of_host(host)


def source_key(claim: Claim) -> tuple[str, int]:
    """Return the key under which the URLs of a claim's source are counted."""
    return "source", NO_SOURCE if claim.source_id is None else claim.source_id


def shares_of(claim: Claim) -> tuple[object, ...]:
    """Return the keys of all shares that a claim takes from."""
    return claim.host, site_key(claim.host), source_key(claim)
