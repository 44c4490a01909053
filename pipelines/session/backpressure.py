"""Limit open exchanges, unfiled pages and bytes held, so that a slow disk slows fetching instead of filling memory."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import TracebackType

from pipelines.session.body_budget import BodyBudget

logger = logging.getLogger("morgue.session")


class Backpressure:
    """Let a limited number of exchanges run, and none while too many pages or bytes wait to be read and filed.

    Put `async with backpressure:` around an exchange. Call `page_in` when a page was fetched, and `page_out` when it
    was filed or given up. `bodies` counts the bytes.
    """

    def __init__(self, exchanges: int = sys.maxsize, pages: int = sys.maxsize, body_bytes: int = sys.maxsize) -> None:
        self.max_pages = pages
        self.bodies = BodyBudget(body_bytes)
        self._pages = 0
        self._exchanges = asyncio.Semaphore(exchanges)
        self._page_left = asyncio.Event()

    def page_in(self) -> None:
        """Count a page that was fetched."""
        self._pages += 1

    def page_out(self) -> None:
        """Count a page that was filed or given up."""
        self._pages -= 1
        self._page_left.set()

    def let_all_through(self) -> None:
        """Let every exchange pass: the crawl is ending, and no page will be filed any more."""
        self.max_pages = sys.maxsize
        self._page_left.set()
        self.bodies.let_all_through()

    async def __aenter__(self) -> None:
        if self._exchanges.locked():
            logger.debug("a request waits: crawl.concurrency is reached")
        await self._exchanges.acquire()
        try:
            while self._pages >= self.max_pages:
                logger.debug("a request waits: fetched pages are still to be filed (%(pages)d)", {"pages": self._pages})
                self._page_left.clear()
                await self._page_left.wait()
            await self.bodies.wait()
        except BaseException:
            self._exchanges.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exchanges.release()
