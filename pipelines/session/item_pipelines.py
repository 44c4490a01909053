"""Read and file pages as Scrapy item pipelines. They are thin: worker processes and the archive writer do the work."""

from __future__ import annotations

import logging
from typing import Any

from pipelines.core.items import Article, NothingToRead, Page, Reading
from pipelines.core.worker_pool import WorkerFailure
from pipelines.extraction.entry import outcome_of
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.session")


class ReadPage:
    """Turn a Page into a Reading, in a worker process: a page that hangs or crashes it costs only itself."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> ReadPage:
        return cls(CrawlContext.of(crawler))

    async def process_item(self, item: Page) -> Reading:
        try:
            outcome, ms = await self.context.read(item.source_id, len(item.body), outcome_of, item)
        except WorkerFailure as overrun:
            outcome, ms = NothingToRead(f"extractor {overrun.reason}", overrun.detail), 0.0
            logger.warning("reading %(url)s was stopped: %(why)s", {"url": item.url, "why": overrun})
        logger.debug("read %(url)s in %(ms).0f ms", {"url": item.url, "ms": ms})
        return Reading(item, outcome, ms)


class StoreArticle:
    """File a Reading and say in it what changed. A page without an article passes through."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> StoreArticle:
        return cls(CrawlContext.of(crawler))

    async def process_item(self, item: Reading) -> Reading:
        if not isinstance(item.outcome, Article):
            return item
        return await self.context.do(self.context.store.file, item, item.page.source_id, item.page.asked)
