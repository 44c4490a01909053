"""What the parts of one running crawl share: the keeper, the workers, the tally. One desk a crawl.

Scrapy builds its components one by one and hands each the `Crawler`; `CrawlContext.of(crawler)` is how they meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from pipelines.archive.deduplication import original_of
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture, Exchange
from pipelines.core.worker_pool import WorkerPool
from pipelines.database.store import ArticleStore
from pipelines.session.backpressure import Backpressure
from pipelines.session.crawl_stats import CrawlStats
from pipelines.warc.exchange import body_of, write_exchange

BRIEF = 1 << 16  # bytes of an answer that is recorded in about a millisecond


class CrawlContext:
    """The shared things of one crawl. Whoever makes it closes it."""

    _desks: ClassVar[WeakKeyDictionary[Any, CrawlContext]] = WeakKeyDictionary()

    def __init__(
        self,
        archive_writer: ArchiveWriter,
        workers: WorkerPool,
        backpressure: Backpressure,
        *,
        command: str,
        software: str,
        **record_options: Any,
    ) -> None:
        self.archive_writer, self.workers, self.backpressure, self.stats = (
            archive_writer,
            workers,
            backpressure,
            CrawlStats(),
        )
        self.store = ArticleStore(archive_writer.db)
        self.stopping = False  # nothing more is to be asked for; what is under way is finished
        self.fatal: MorgueError | None = None  # why nothing can be kept any more; ends the crawl
        self.on_fatal: Callable[[MorgueError], None] = lambda error: None
        self._record_options = record_options
        self.crawl_id = archive_writer.call(self.store.begin_crawl, command, software)

    @classmethod
    def of(cls, crawler: Any) -> CrawlContext:
        """The desk of a Scrapy crawler. Raises KeyError if it has none."""
        return cls._desks[crawler]

    def register(self, crawler: Any) -> None:
        """Make this the desk of a Scrapy crawler."""
        self._desks[crawler] = self

    async def record(self, exchange: Exchange, source_id: int | None = None) -> Capture:
        """Keep one exchange: WARC records, then its row. Raises MorgueError if it cannot be kept."""
        return await self.do(self._record, exchange, source_id, brief=len(exchange.response) < BRIEF)

    async def do(self, task: Callable[..., Any], *args: Any, brief: bool = False) -> Any:
        """`ArchiveWriter.do`; a failure to write ends the crawl, because going on would fetch what cannot be kept."""
        try:
            return await self.archive_writer.do(task, *args, brief=brief)
        except MorgueError as error:
            if self.archive_writer.failed is not None and self.fatal is None:
                self.fatal = self.archive_writer.failed
                self.backpressure.let_all_through()
                self.on_fatal(self.fatal)
            raise error

    def close(self, outcome: str) -> None:
        """Write the run's last row, commit and let go of the archive."""
        try:
            if self.archive_writer.failed is None:
                self.archive_writer.call(self.store.end_crawl, self.crawl_id, outcome, self.stats.as_dict())
        finally:
            self.archive_writer.close(on_full_disk=self._failed)

    @property
    def lost(self) -> int:
        """Pages that were counted and whose visit no commit has: known once the keeper has failed, or is closed."""
        return self.stats.lost(self.archive_writer.commits)

    def _failed(self, failure: MorgueError) -> None:
        """The run's last row, after a failure. What was rolled back is no count of it."""
        counts = self.stats.as_dict() if self.lost == 0 else {}
        self.store.end_crawl(self.crawl_id, type(failure).__name__, counts)

    def _record(self, exchange: Exchange, source_id: int | None) -> Capture:
        body, writer = body_of(exchange), self.archive_writer.writer
        original = original_of(self.archive_writer.db, exchange, body, writer.is_finished)
        capture = write_exchange(exchange, writer, original=original, body=body, **self._record_options)
        if original is not None and body is not None and exchange.status == 200:
            self.stats.saved(body.length)
        return self.store.capture(capture, self.crawl_id, source_id)
