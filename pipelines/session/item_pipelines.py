"""Read and file pages as Scrapy item pipelines. They are thin: worker processes and the archive writer do the work."""

from __future__ import annotations

import logging
from typing import Any

from pipelines.core.items import Article, NothingToRead, Page, Reading
from pipelines.core.timestamps import now
from pipelines.core.worker_pool import WorkerFailure
from pipelines.database.frontier import parts
from pipelines.extraction.entry import outcome_and_parts
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
            outcome, ms, listed = await self.context.read(item.source_id, len(item.body), outcome_and_parts, item)
        except WorkerFailure as overrun:
            outcome, ms = NothingToRead(f"extractor {overrun.reason}", overrun.detail), 0.0
            listed = None
            logger.warning("reading %(url)s was stopped: %(why)s", {"url": item.url, "why": overrun})
        logger.debug("read %(url)s in %(ms).0f ms", {"url": item.url, "ms": ms})
        return Reading(item, outcome, ms, parts=listed)


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
        return await self.context.do(self._file, item)

    def _file(self, reading: Reading) -> Reading:
        """File a reading and queue its parts, in one task: no commit, and no crash, comes between.

        Runs on the archive writer's thread.
        """
        page = reading.page
        filed: Reading = self.context.store.file(reading, page.source_id, page.asked)
        return parts.queue_of_reading(self.context.store.db, filed, page.source_id, now())
