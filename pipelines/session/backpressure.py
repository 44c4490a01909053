"""Limit open exchanges, unfiled pages and bytes held, so that a slow disk slows fetching instead of filling memory."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pipelines.session.bandwidth import Bandwidth
from pipelines.session.body_budget import BodyBudget

logger = logging.getLogger("morgue.session")

STOP_GRACE_SECONDS = 10.0  # for exchanges under way once the crawl is told to stop; then they are given up
HELD_SECONDS = 0.5  # between two questions whether exchanges are still held


class ExchangeShares:
    """Let each key (a site, a source) have a limited number of exchanges at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._semaphores: dict[object, asyncio.Semaphore] = {}
        self._users: Counter[object] = Counter()  # exchanges that run or wait, by key

    @asynccontextmanager
    async def share(self, key: object) -> AsyncIterator[None]:
        """Wait until the key has a share left, and take it."""
        semaphore = self._semaphores.setdefault(key, asyncio.Semaphore(self._limit))
        self._users[key] += 1
        try:
            async with semaphore:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._semaphores[key]


class Backpressure:
    """Let a limited number of exchanges run, and none while too many pages or bytes wait to be read and filed.

    Put `async with backpressure.exchange(site, source):` around an exchange. Call `page_in` when a page was fetched,
    and `page_out` when it was filed or given up. One source may have half of the pages that wait: pages that take long
    to read must not stop the fetching of others. `bodies` counts the bytes, of which each site has a share.
    `bandwidth` paces the exchanges by the bytes of those before them.
    """

    def __init__(
        self,
        exchanges: int = sys.maxsize,
        pages: int = sys.maxsize,
        body_bytes: int = sys.maxsize,
        *,
        per_source: int = sys.maxsize,
        per_site: int = sys.maxsize,
        bytes_per_second: float = 0,
    ) -> None:
        self.max_pages = pages
        self.bodies = BodyBudget(body_bytes)
        self.bandwidth = Bandwidth(bytes_per_second)
        self._pages: Counter[int | None] = Counter()  # fetched and not yet filed, by source
        self._exchanges = asyncio.Semaphore(exchanges)
        self._sources, self._sites = ExchangeShares(per_source), ExchangeShares(per_site)
        self._page_left = asyncio.Event()
        self.is_held: Callable[[], bool] = lambda: False  # True: no exchange begins for a reason outside
        self._grace_ends: float | None = None  # time of the event loop, once the crawl is told to stop
        self._under_way: set[asyncio.Timeout] = set()

    @property
    def stopping(self) -> bool:
        """Return True once `stop` was called: an exchange that gets its place then must send nothing."""
        return self._grace_ends is not None

    def stop(self) -> None:
        """Let no exchange begin any more, and give those under way STOP_GRACE_SECONDS. Called on the event loop."""
        if self._grace_ends is None:
            self._grace_ends = asyncio.get_running_loop().time() + STOP_GRACE_SECONDS
            self.bandwidth.let_all_through()
            for clock in self._under_way:
                clock.reschedule(self._grace_ends)

    @asynccontextmanager
    async def until_stopped(self) -> AsyncIterator[None]:
        """Cancel what is in the `with` block when the grace after `stop` ends, and raise TimeoutError."""
        async with asyncio.timeout_at(self._grace_ends) as clock:
            self._under_way.add(clock)
            try:
                yield
            finally:
                self._under_way.discard(clock)

    def page_in(self, source: int | None = None) -> None:
        """Count a page that was fetched."""
        self._pages[source] += 1

    def page_out(self, source: int | None = None) -> None:
        """Count a page that was filed or given up."""
        self._pages[source] -= 1
        self._page_left.set()

    def let_all_through(self) -> None:
        """Let every exchange pass: the crawl is ending, and no page will be filed any more."""
        self.max_pages = sys.maxsize
        self.is_held = lambda: False
        self._page_left.set()
        self.bodies.let_all_through()
        self.bandwidth.let_all_through()

    @asynccontextmanager
    async def exchange(self, site: str | None = None, source: int | None = None) -> AsyncIterator[None]:
        """Wait until one more exchange with a site may run for a source.

        The shares come first: an exchange that waits for one must not take a place from others.
        """
        async with self._sources.share(source), self._sites.share(site):
            while self._pages[source] >= max(1, self.max_pages // 2):
                await self._until_a_page_is_filed()
            await self.bodies.wait(site)
            if self._exchanges.locked():
                logger.debug("a request waits: crawl.concurrency is reached")
            async with self._exchanges, self.bandwidth.exchange():
                while self._pages.total() >= self.max_pages:
                    await self._until_a_page_is_filed()
                await self.bodies.wait(site)
                while self.is_held() and not self.stopping:
                    await asyncio.sleep(HELD_SECONDS)
                yield

    async def _until_a_page_is_filed(self) -> None:
        about = {"pages": self._pages.total()}
        logger.debug("a request waits: fetched pages are still to be filed (%(pages)d)", about)
        self._page_left.clear()
        await self._page_left.wait()
