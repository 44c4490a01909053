"""Leave out pages that are copies of a page that was taken down: their articles are not filed, and they are counted."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from crawler.frontier.queue import Frontier
from pipelines.core.items import Article, NothingToRead, Reading
from pipelines.core.worker_pool import WorkerFailure
from pipelines.extraction.entry import addresses_of
from pipelines.session.context import CrawlContext
from pipelines.takedown.register import COPY, TakedownRegister

logger = logging.getLogger("morgue.frontier")


class LeaveOutRemovedCopies:
    """Take the article from a Reading if its page says that it is published at an address that was taken down."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context
        # What was taken down before this crawl: `morgue remove` waits for the archive's lock until it ends.
        self._register: TakedownRegister | None = None

    @classmethod
    def from_crawler(cls, crawler: Any) -> LeaveOutRemovedCopies:
        return cls(CrawlContext.of(crawler))

    async def process_item(self, item: Reading) -> Reading:
        page = item.page
        if not isinstance(item.outcome, Article):
            return item
        if self._register is None:
            self._register = await self.context.do(TakedownRegister, self.context.part(Frontier).db)
        if not self._register.concerns_site_of(page.url):
            return item
        try:
            declared = await self.context.read(page.source_id, len(page.body), addresses_of, page)
        except WorkerFailure as overrun:
            why = f"extractor {overrun.reason}"
            logger.warning("reading %(url)s was stopped: %(why)s", {"url": page.url, "why": overrun})
            return replace(item, outcome=NothingToRead(why, overrun.detail))
        original = await self.context.do(self._register.original_of, page.url, declared)
        if original is None:
            return item
        about = {"url": page.url, "original": original}
        logger.info("not filed: %(url)s says that it is %(original)s, which was taken down", about)
        return replace(item, outcome=NothingToRead(COPY, original))
