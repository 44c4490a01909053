"""Limit the bytes of all bodies that a crawl holds at once: received, decoded, waiting to be stored or read.

A body grows (in a download, a decoding) while its site (a registrable domain) holds less than is left free. So one
site holds half of the budget at most, two that grow together a third each, and something is always left to a site
that holds little. (Network switches share their memory so: Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998.)

Bodies that are complete are let go by themselves when they are stored and read. If all that is held is growing, the
oldest goes on, over the budget: there is always one that ends, and the budget is exceeded by one body at most.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref
from collections import Counter
from contextlib import suppress
from time import monotonic
from types import TracebackType

logger = logging.getLogger("morgue.session")

COLLECT_SECONDS = 1.0  # between two collections of garbage while bodies wait; one takes about 50 milliseconds
MAX_WAIT_SECONDS = 60.0  # after so long a body grows in any case: a server hangs up on a client that reads nothing


class BodyBudget:
    """Count the bytes of bodies, in all and by site. Used on the event loop only.

    The site is that of the URL; None, for what is no web address, counts as one more site.
    """

    def __init__(self, max_bytes: int = sys.maxsize) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0  # of all bodies that are held now
        self._complete_bytes = 0  # of those that are complete and not yet let go
        self._bytes_of_site: Counter[str | None] = Counter()
        self._growing: dict[GrowingBody, None] = {}  # the oldest first
        self._freed = asyncio.Event()  # of the next time that it is worth asking again
        self._collected = 0.0  # when garbage was last collected

    def hold(self, owner: object, size: int, site: str | None) -> None:
        """Count a complete body until `owner`, the object that carries it, is gone."""
        self._complete_bytes += size
        self._count(size, site)
        weakref.finalize(owner, self._let_go, size, site).atexit = False

    def grow(self, site: str | None, source_bytes: int = 0) -> GrowingBody:
        """Return a body of no bytes, which counts while its `with` block lasts.

        `source_bytes`: size of the complete body that it is decoded from, which is held until this one is complete.
        """
        return GrowingBody(self, site, source_bytes)

    def has_room(self, site: str | None) -> bool:
        """Return True if bodies of a site may grow: the site holds less than is left free."""
        return self._bytes_of_site[site] < self.max_bytes - self.used_bytes

    def let_all_through(self) -> None:
        """Let every body grow: the crawl is ending."""
        self.max_bytes = sys.maxsize
        self._wake()

    async def wait(self, site: str | None, body: GrowingBody | None = None) -> None:
        """Wait until a site has room; `body`: one of its bodies, which may be the oldest of those that grow."""
        if self.has_room(site):
            return
        about = {"bytes": self.used_bytes, "site": site, "of_site": self._bytes_of_site[site]}
        logger.debug(
            "%(site)s waits: it holds its share of crawl.body_memory (%(of_site)d bytes of %(bytes)d in use)", about
        )
        deadline = monotonic() + MAX_WAIT_SECONDS
        while not self.has_room(site) and not self._goes_over(body):
            if monotonic() > deadline:
                logger.info("%(site)s goes on over its share of crawl.body_memory (bytes in use: %(bytes)d)", about)
                return
            freed = self._freed
            self._collect()
            with suppress(TimeoutError):
                await asyncio.wait_for(freed.wait(), COLLECT_SECONDS)

    def _collect(self) -> None:
        """Free complete bodies that only garbage refers to: an exception and a frame of Scrapy refer to each other."""
        if self._complete_bytes and monotonic() - self._collected > COLLECT_SECONDS:
            gc.collect()
            self._collected = monotonic()

    def _goes_over(self, body: GrowingBody | None) -> bool:
        """Return True if a body is the oldest that grows, and nothing will be let go before one of those ends."""
        if body is None or next(iter(self._growing), None) is not body:
            return False
        return self._complete_bytes == sum(one.source_bytes for one in self._growing)

    def _count(self, size: int, site: str | None) -> None:
        """Count bytes that a site holds more, or fewer if negative."""
        self.used_bytes += size
        self._bytes_of_site[site] += size
        if not self._bytes_of_site[site]:
            del self._bytes_of_site[site]
        if size < 0:
            self._wake()

    def _wake(self) -> None:
        """Let all that wait ask again. Each event is set once, so none can miss it."""
        self._freed.set()
        self._freed = asyncio.Event()

    def _let_go(self, size: int, site: str | None) -> None:
        self._complete_bytes -= size
        self._count(-size, site)


class GrowingBody:
    """Hold the count of one body that grows."""

    def __init__(self, budget: BodyBudget, site: str | None, source_bytes: int) -> None:
        self.source_bytes = source_bytes
        self._budget, self._site, self._size = budget, site, 0

    async def grow_to(self, size: int) -> None:
        """Count `size` bytes, and wait until there is room for more."""
        self._budget._count(size - self._size, self._site)
        self._size = size
        await self._budget.wait(self._site, self)

    def __enter__(self) -> GrowingBody:
        self._budget._growing[self] = None
        if self.source_bytes:
            self._budget._wake()  # one body less that would be let go by itself: the oldest may go over now
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del self._budget._growing[self]
        self._budget._count(-self._size, self._site)
        self._budget._wake()  # another body is the oldest now
