"""How much a crawl takes on at once, so that a slow disk or slow reading slows the fetching and never fills memory."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import TracebackType

logger = logging.getLogger("morgue.session")


class Backpressure:
    """Lets through so many exchanges at a time, and none while too many fetched pages wait to be read and filed.

    `async with turnstile:` around an exchange; `page_in` and `page_out` around a page's way through the pipelines.
    """

    def __init__(self, exchanges: int, pages: int) -> None:
        self.most_pages = pages
        self._pages = 0
        self._exchanges = asyncio.Semaphore(exchanges)
        self._fewer = asyncio.Event()

    def page_in(self) -> None:
        """A page was fetched."""
        self._pages += 1

    def page_out(self) -> None:
        """A page was filed, or given up."""
        self._pages -= 1
        self._fewer.set()

    def let_all_through(self) -> None:
        """The crawl is ending because nothing can be filed any more: nobody shall wait for that."""
        self.most_pages = sys.maxsize
        self._fewer.set()

    async def __aenter__(self) -> None:
        if self._exchanges.locked():
            logger.debug("a request waits: crawl.concurrency is reached")
        await self._exchanges.acquire()
        try:
            while self._pages >= self.most_pages:
                logger.debug("a request waits: fetched pages are still to be filed (%(pages)d)", {"pages": self._pages})
                self._fewer.clear()
                await self._fewer.wait()
        except BaseException:
            self._exchanges.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exchanges.release()
