"""Pace the exchanges of a crawl so that it receives and sends no more bytes a second, on average, than it may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import monotonic

logger = logging.getLogger("morgue.session")

FIRST_SIZE_BYTES = 50_000  # of an exchange, as long as none has ended


class Bandwidth:
    """Let an exchange begin when what went over the wire before it is paid for, at so many bytes a second.

    An exchange is expected to be as large as the mean of those before it, so that many that wait do not begin at once.
    What it was in fact counts when it ends. An answer under way is never slowed down: its server could give it up.
    """

    def __init__(self, bytes_per_second: float = 0, clock: Callable[[], float] = monotonic) -> None:
        """`bytes_per_second`: 0: no limit."""
        self._rate, self._clock = bytes_per_second, clock
        self._free_at = clock()  # when all that has begun is paid for
        self._bytes = self._number = 0  # of the exchanges that have ended
        self._over = asyncio.Event()  # set once nothing waits any more

    @asynccontextmanager
    async def exchange(self) -> AsyncIterator[None]:
        """Wait until one more exchange may begin, or `let_all_through` is called."""
        if not self._rate:
            yield
            return
        expected = self._bytes / self._number if self._number else FIRST_SIZE_BYTES
        begin = max(self._free_at, self._clock())
        self._free_at = begin + expected / self._rate  # before the wait, so that the next one comes after it
        try:
            if (left := begin - self._clock()) > 0 and not self._over.is_set():
                logger.debug("a request waits for %(seconds).2f s: crawl.bandwidth", {"seconds": left})
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), left)
            yield
        finally:
            self._free_at -= expected / self._rate

    def count(self, size: int) -> None:
        """Count the bytes of an exchange that has ended."""
        self._bytes += size
        self._number += 1
        if self._rate:
            self._free_at = max(self._free_at, self._clock()) + size / self._rate

    def let_all_through(self) -> None:
        """Let every exchange begin: the crawl is ending."""
        self._over.set()
