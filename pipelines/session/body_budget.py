"""Limit the bytes of all bodies that a crawl holds at once: received, decoded, waiting to be stored or read.

Bodies that grow (a download, a decoding) wait while the budget is used up. Bodies that are complete are let go by
themselves when they are stored and read. If all that is held is growing, the oldest goes on, over the budget: there is
always one that ends, and the budget is exceeded by one body at most.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref
from contextlib import suppress
from time import monotonic
from types import TracebackType

logger = logging.getLogger("morgue.session")

COLLECT_SECONDS = 1.0  # between two collections of garbage while bodies wait; one takes about 50 milliseconds
MAX_WAIT_SECONDS = 60.0  # after so long a body grows in any case: a server hangs up on a client that reads nothing


class BodyBudget:
    """Count the bytes of bodies. Used on the event loop only."""

    def __init__(self, max_bytes: int = sys.maxsize) -> None:
        self.max_bytes = max_bytes
        self.complete_bytes = 0  # of bodies that are complete and not yet let go
        self._growing: dict[GrowingBody, int] = {}  # bytes of each, the oldest first
        self._freed = asyncio.Event()
        self._collected = 0.0  # when garbage was last collected

    @property
    def used_bytes(self) -> int:
        """Return the bytes that are held now."""
        return self.complete_bytes + sum(self._growing.values())

    def hold(self, owner: object, size: int) -> None:
        """Count a complete body until `owner`, the object that carries it, is gone."""
        self.complete_bytes += size
        weakref.finalize(owner, self._let_go, size).atexit = False

    def grow(self) -> GrowingBody:
        """Return a body of no bytes, which counts while its `with` block lasts."""
        return GrowingBody(self)

    def let_all_through(self) -> None:
        """Let every body grow: the crawl is ending."""
        self.max_bytes = sys.maxsize
        self._freed.set()

    async def wait(self, body: GrowingBody | None = None) -> None:
        """Wait until the budget is not used up; `body`: one that may be the oldest of those that grow."""
        if self.used_bytes < self.max_bytes:
            return
        logger.debug("waits: bodies take all of crawl.body_memory (%(bytes)d)", {"bytes": self.used_bytes})
        deadline = monotonic() + MAX_WAIT_SECONDS
        while self.used_bytes >= self.max_bytes and not self._goes_over(body):
            if monotonic() > deadline:
                logger.info("goes on over crawl.body_memory (bytes: %(bytes)d)", {"bytes": self.used_bytes})
                return
            self._freed.clear()
            self._collect()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), COLLECT_SECONDS)

    def _collect(self) -> None:
        """Free complete bodies that only garbage refers to: an exception and a frame of Scrapy refer to each other."""
        if self.complete_bytes and monotonic() - self._collected > COLLECT_SECONDS:
            gc.collect()
            self._collected = monotonic()

    def _goes_over(self, body: GrowingBody | None) -> bool:
        return body is not None and not self.complete_bytes and next(iter(self._growing), None) is body

    def _let_go(self, size: int) -> None:
        self.complete_bytes -= size
        self._freed.set()


class GrowingBody:
    """Hold the count of one body that grows."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget

    async def grow_to(self, size: int) -> None:
        """Count `size` bytes, and wait until there is room for more."""
        self._budget._growing[self] = size
        await self._budget.wait(self)

    def __enter__(self) -> GrowingBody:
        self._budget._growing[self] = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del self._budget._growing[self]
        self._budget._freed.set()
