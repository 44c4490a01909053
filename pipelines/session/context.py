"""Hold what the parts of one run share: the archive writer, the workers, the counts.

Scrapy builds its components one by one and gives each the `Crawler`. `CrawlContext.of(crawler)` leads from there to the
one context of the run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar
from weakref import WeakKeyDictionary

from pipelines.archive.deduplication import original_of
from pipelines.archive.writer import ArchiveWriter
from pipelines.core import log_output
from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture, Exchange
from pipelines.core.urls import site_or_none
from pipelines.core.worker_pool import WorkerPool
from pipelines.database.source_store import SourceStore
from pipelines.session.backpressure import Backpressure
from pipelines.session.crawl_stats import CrawlStats
from pipelines.session.fair_turns import FairTurns
from pipelines.warc.exchange import body_of, write_exchange

if TYPE_CHECKING:
    from pipelines.database.store import ArticleStore

T = TypeVar("T")
logger = logging.getLogger("morgue.session")

LARGE_BODY_BYTES = 2_000_000  # of a body that is read alone
MAX_BRIEF_RESPONSE_BYTES = 1 << 16  # of a response that is recorded in about a millisecond


class SharedHostTurns(Protocol):
    """Let one crawl at a time ask a host that the crawls of several shards ask."""

    def turn(self, url: str, delay: float, stopping: Callable[[], bool]) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of a URL's host, and have it in the context; `delay`: seconds since its last request."""


class CrawlContext:
    """Hold the shared parts of one run. The code that makes a context closes it."""

    _contexts: ClassVar[WeakKeyDictionary[Any, CrawlContext]] = WeakKeyDictionary()

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
        self.archive_writer, self.workers, self.backpressure = archive_writer, workers, backpressure
        self.stats = CrawlStats()
        self.host_turns: SharedHostTurns | None = None  # of a shard of a fleet
        self._turns = FairTurns(workers.size + 1)  # one more than can run, so that no worker waits for its next task
        self._large_turns = FairTurns(1)
        self.sources = SourceStore(archive_writer.db)
        self.fatal: MorgueError | None = None  # why nothing can be written any more; it ends the run
        self.on_fatal: Callable[[MorgueError], None] = lambda error: None
        self._parts: dict[type, Any] = {}
        self._record_options = record_options
        self.crawl_id = archive_writer.call(self.sources.begin_crawl, command, software)
        log_output.add_run_fields(crawl_id=self.crawl_id)
        logger.info("run %(crawl_id)d begins", {"crawl_id": self.crawl_id})

    @cached_property
    def store(self) -> ArticleStore:
        """Return what writes articles. A pass that finds nothing due does not import it."""
        from pipelines.database.store import ArticleStore

        return ArticleStore(self.archive_writer.db)

    @property
    def stopping(self) -> bool:
        """Return True if no further requests are sent, and those under way are finished."""
        return self.backpressure.stopping

    @classmethod
    def of(cls, crawler: Any) -> CrawlContext:
        """Return the context of a Scrapy crawler. Raises KeyError if it has none."""
        return cls._contexts[crawler]

    def register(self, crawler: Any) -> None:
        """Make this the context of a Scrapy crawler."""
        self._contexts[crawler] = self

    def provide(self, part: object) -> None:
        """Let the other parts of this run find a part by its type."""
        self._parts[type(part)] = part

    def part(self, kind: type[T]) -> T:
        """Return the part of this run that has this type. Raise KeyError if it was not provided."""
        part: T = self._parts[kind]
        return part

    async def read(self, source_id: int | None, size: int, reader: Callable[..., T], *args: Any) -> T:
        """Call `reader`, which reads a body of `size` bytes, in a worker process. Raise WorkerFailure.

        Sources take turns. Large bodies are read one at a time, because a worker takes up to 40 times their size.
        """
        large = self._large_turns.turn(source_id) if size >= LARGE_BODY_BYTES else nullcontext()
        async with large, self._turns.turn(source_id):
            return await self.workers.run(reader, *args)

    async def record(self, exchange: Exchange, source_id: int | None = None) -> Capture:
        """Write one exchange: WARC records, then its row. Raises MorgueError if it cannot be written."""
        brief = len(exchange.response) < MAX_BRIEF_RESPONSE_BYTES
        capture: Capture = await self.do(self._record, exchange, source_id, brief=brief)
        self.stats.exchanged(answered=bool(exchange.response))
        self.stats.kept(site_or_none(exchange.url) or "", source_id, capture.length)
        return capture

    def may_ask(self) -> bool:
        """Return False while another machine may write this archive by now; if that is so for good, the run ends."""
        error = self.archive_writer.storage.lost()
        if error is None:
            return not self.archive_writer.storage.is_paused()
        if self.fatal is None:
            self.fatal = error
            logger.error("nothing more is asked; the run ends: %(error)s", {"error": error})
            self.on_fatal(error)
        return False

    def stop(self) -> None:
        """Let nothing begin any more. Called on the event loop."""
        self.backpressure.stop()
        self.archive_writer.storage.wait_no_more()

    def end_when_lost(self) -> None:
        """Let the run end as soon as another machine has this archive, also if nothing is being asked."""
        loop = asyncio.get_running_loop()

        def tell(error: MorgueError) -> None:
            with suppress(RuntimeError):  # the loop has ended: so has the run
                loop.call_soon_threadsafe(self.may_ask)

        self.archive_writer.storage.tell_loss(tell)

    async def do(self, task: Callable[..., Any], *args: Any, brief: bool = False) -> Any:
        """Call `ArchiveWriter.do`. A failure to write ends the run: otherwise it would fetch what cannot be stored."""
        try:
            return await self.archive_writer.do(task, *args, brief=brief)
        except MorgueError as error:
            if self.archive_writer.failed is not None and self.fatal is None:
                self.fatal = self.archive_writer.failed
                logger.error("nothing can be written any more; the run ends: %(error)s", {"error": self.fatal})
                self.backpressure.let_all_through()
                self.on_fatal(self.fatal)
            raise error

    def close(self, outcome: str) -> None:
        """Complete the row of the run, commit, and close the archive writer."""
        logger.info("run %(crawl_id)d ends: %(outcome)s", {"crawl_id": self.crawl_id, "outcome": outcome})
        try:
            if self.archive_writer.failed is None:
                self.archive_writer.call(self.sources.end_crawl, self.crawl_id, outcome, self.stats.as_dict())
        finally:
            self.archive_writer.close(on_full_disk=self._end_after_failure)

    @property
    def lost(self) -> int:
        """Number of counted pages whose visit is in no commit; final once the archive writer failed or was closed."""
        return self.stats.lost(self.archive_writer.commits)

    def _end_after_failure(self, failure: MorgueError) -> None:
        """Complete the row of the run after a failure, without counts if pages were rolled back."""
        counts = self.stats.as_dict() if self.lost == 0 else {}
        self.sources.end_crawl(self.crawl_id, type(failure).__name__, counts)

    def _record(self, exchange: Exchange, source_id: int | None) -> Capture:
        body, writer = body_of(exchange), self.archive_writer.writer
        original = original_of(self.archive_writer.db, exchange, body, writer.is_finished)
        capture = write_exchange(exchange, writer, original=original, body=body, **self._record_options)
        if original is not None:
            same = {"url": exchange.url, "original": original.record_id}
            logger.debug("%(url)s repeats %(original)s, kept as a revisit", same)
        if original is not None and body is not None and exchange.status == 200:
            self.stats.saved(body.length)
        return self.store.capture(capture, self.crawl_id, source_id)
