"""Hold the last item pipeline, which ends the visit of a page once the rows of its article are written."""

from __future__ import annotations

from typing import Any

from scrapy.exceptions import DropItem

from crawler.frontier.visit_outcomes import VisitOutcomes
from pipelines.core.items import Article, NothingToRead, Reading
from pipelines.session.context import CrawlContext


class CloseVisit:
    """End the visit of a page, as the last item pipeline. Only articles go on to Scrapy's feeds."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> CloseVisit:
        return cls(CrawlContext.of(crawler))

    async def process_item(self, item: Reading) -> Article:
        await self.context.part(VisitOutcomes).page_read(item)
        if isinstance(item.outcome, NothingToRead):
            raise DropItem(item.outcome.reason, log_level="DEBUG")
        return item.outcome
