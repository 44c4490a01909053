"""One run of the crawler: opens the desk, starts Scrapy, stops it cleanly, says how it ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from crawler.config.archive_folder import find
from crawler.config.models import Config, load
from crawler.engine.extraction_workers import readers
from crawler.engine.open_archive import SOFTWARE, open_archive_writer
from crawler.frontier.crawl_plan import CrawlPlan, PreparedCrawl, prepare, targets_of
from crawler.frontier.dispatcher import Dispatcher, HostLimits
from crawler.frontier.queue import Frontier
from pipelines.core.errors import INTERRUPTED, MorgueError, NothingReachable
from pipelines.core.timestamps import now
from pipelines.core.urls import host_of
from pipelines.session.backpressure import Backpressure
from pipelines.session.context import CrawlContext
from pipelines.session.crawl_stats import CrawlStats

logger = logging.getLogger("morgue.engine")

HOSTS_A_REQUEST = 16  # while one host is asked, this many may wait out their delay
PRIORITY = "spider"  # of the settings that an archive's own file decides
CONFIG = "MORGUE_CONFIG"  # the Scrapy setting that carries the archive's Config


@dataclass(frozen=True, slots=True)
class CrawlOutcome:
    """How a run ended."""

    word: str  # done, partly failed, nothing reachable, interrupted, or the failure's own name
    exit_code: int
    error: MorgueError | None = None  # what stopped it, if something did


class CrawlRun:
    """One run. `prepare` and `finish` bracket it; between them Scrapy's parts find the desk through the crawler."""

    def __init__(self, config: Config, plan: CrawlPlan, command: str) -> None:
        """Locks the archive. Raises ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull."""
        self.config, self.plan = config, plan
        self.context = open_context(config, command)
        self.frontier = Frontier(self.context.archive_writer.db, self.context.crawl_id)
        self.interrupted = False
        self.prepared: PreparedCrawl | None = None
        self.dispatcher: Dispatcher | None = None
        self._crawler: Any = None
        self._closed = self.broken = False
        self.left = 0  # URLs that were due and not visited: the run was stopped, or reached a cap
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def for_scrapy(cls, crawler: Any, source: str = "", limit: str = "", **_: Any) -> CrawlRun:
        """The run of `scrapy crawl news [-a source=NAME] [-a limit=N]`: ends with the spider."""
        from scrapy import signals

        plan = CrawlPlan(targets_of([source] if source else []), limit=int(limit) if limit else None)
        run = cls(crawler.settings.get(CONFIG) or load(find()), plan, "scrapy crawl news")
        crawler.signals.connect(run.finish, signals.spider_closed)
        return run

    def prepare(self) -> PreparedCrawl:
        """Bring sources and seeds into the tables."""
        self.prepared = self.context.archive_writer.call(
            prepare, self.plan, self.config, self.context.store, self.frontier, now()
        )
        return self.prepared

    def anything_due(self) -> bool:
        """Whether there is anything to fetch."""
        assert self.prepared is not None
        due: int = self.context.archive_writer.call(self.frontier.count_due, self.prepared.scope, now())
        logger.info("%(urls)d URLs are due", {"urls": due})
        return due > 0

    def next_due(self) -> str | None:
        """When the next URL falls due; None if nothing is planned."""
        assert self.prepared is not None
        return self.context.archive_writer.call(self.frontier.next_due, self.prepared.scope)

    def abandon(self, outcome: str = "not begun") -> None:
        """Let go of the archive without having crawled. Does nothing after `finish`."""
        if not self._closed:
            self._closed = True
            self.context.workers.kill()
            self.context.close(outcome)

    def attach(self, crawler: Any) -> None:
        """Let the parts of a Scrapy crawler find this run."""
        from scrapy import signals

        self._crawler = crawler
        self.context.register(crawler)
        crawler.signals.connect(self._callback_broke, signals.spider_error)
        crawler.signals.connect(self._stage_broke, signals.item_error)
        self.context.on_fatal = lambda error: self.stop()

    def _callback_broke(self, failure: Any, response: Any, spider: Any) -> None:
        """A mistake of ours (Scrapy has logged it) costs one page; a claim is never forgotten."""
        self._broke(response.request.cb_kwargs["claim"] if response is not None else None, failure)

    def _stage_broke(self, item: Any, response: Any, spider: Any, failure: Any) -> None:
        claim, _validators = spider.open.pop(getattr(item, "page", item).frontier_id, (None, {}))
        self._broke(claim, failure)

    def _broke(self, claim: Any, failure: Any) -> None:
        self.broken = True
        if claim is None or self.context.fatal is not None or self.dispatcher is None:
            return  # the row stays claimed, and waits again when the next crawl begins
        why = f"internal error: {type(failure.value).__name__}"
        logger.error("%(url)s: %(why)s, a mistake of Newsmorgue", {"url": claim.url, "why": why})
        task = asyncio.get_running_loop().create_task(self._crawler.spider.visits.failed(claim, why))
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)

    async def begin(self) -> Any:
        """Called by the spider when it starts: the Visits through which claims end."""
        from crawler.frontier.visit_outcomes import VisitOutcomes

        prepared = self.prepared or self.prepare()
        crawl = self.config.crawl
        self.dispatcher = Dispatcher(
            self.context,
            self.frontier,
            prepared.scope,
            shares=shares(self.config),
            share=share_of(crawl),
            in_line=HOSTS_A_REQUEST * crawl.concurrency,
            limit=self.plan.limit,
        )
        if self.context.stopping:
            self.dispatcher.stop()
        return VisitOutcomes(self.context, self.frontier, self.dispatcher, prepared.sites)

    def stop(self) -> None:
        """Fetch nothing more; what is in flight is finished and filed, then the spider is idle and closes by itself.

        May come before there is a pump: a signal during start-up.
        """
        self.context.stopping = True
        if self.dispatcher is not None:
            self.dispatcher.stop()

    def interrupt(self) -> None:
        """Ctrl-C or SIGTERM."""
        logger.info("interrupted by a signal: what is under way is finished")
        self.interrupted = True
        self.stop()

    def stop_at_once(self) -> NoReturn:
        """A second Ctrl-C: commit what is written, leave the rest to the next crawl, and go."""
        logger.info("interrupted again: stops at once")
        self.context.workers.kill()
        self.context.archive_writer.close()
        print("stopped at once: what was filed is kept; morgue crawl goes on from here", file=sys.stderr, flush=True)
        # Not sys.exit: tasks and threads of exchanges in flight would each complain of their own end.
        os._exit(INTERRUPTED)

    async def finish(self) -> CrawlOutcome:
        """Give back what was not visited, let the workers finish, commit, let go of the archive."""
        try:
            if self.dispatcher is not None and self.prepared is not None and self.context.fatal is None:
                await self.context.do(self.frontier.release, self.dispatcher.open_claims)
                self.left = await self.context.do(self.frontier.count_due, self.prepared.scope, now())
        except MorgueError as error:
            self.context.fatal = self.context.fatal or error
        await self.context.workers.close()
        ending = self.ending()
        stats = self.context.stats
        counts = {"pages": stats.pages, "articles": stats.articles, "failed": stats.total("failed"), "left": self.left}
        logger.info("%(pages)d pages, %(articles)d articles, %(failed)d failed, %(left)d URLs are still due", counts)
        self._closed = True
        self.context.close(ending.word)
        if self.context.fatal is None and self.context.archive_writer.failed is not None:
            self.context.fatal = self.context.archive_writer.failed
            ending = self.ending()
        return ending

    def ending(self) -> CrawlOutcome:
        """How the run ended, as far as it has."""
        if self.context.fatal is not None:
            return CrawlOutcome(type(self.context.fatal).__name__, self.context.fatal.exit_code, self.context.fatal)
        if self.interrupted:
            return CrawlOutcome("interrupted", INTERRUPTED)
        return ending_of(self.context.stats, broken=self.broken)


def ending_of(stats: CrawlStats, *, broken: bool = False) -> CrawlOutcome:
    """The ending that the counts of a run that was not stopped amount to; `broken`: we made a mistake of our own."""
    troubles = sum(count.troubles for count in stats.by_source.values())
    if troubles == 0 and not broken:
        return CrawlOutcome("done", 0)
    if not any(count.answered for count in stats.by_source.values()):
        return CrawlOutcome("nothing reachable", NothingReachable.exit_code)
    return CrawlOutcome("partly failed", MorgueError.exit_code)


def open_context(config: Config, command: str) -> CrawlContext:
    """Lock and open the archive for writing."""
    archive_writer = open_archive_writer(config)
    workers = readers(config)
    # Enough fetched pages in line to keep every worker busy, few enough that memory stays flat.
    backpressure = Backpressure(config.crawl.concurrency, config.crawl.concurrency + 4 * workers.size)
    return CrawlContext(
        archive_writer,
        workers,
        backpressure,
        command=command,
        software=SOFTWARE,
        chunked_payload_digest=config.record.chunked_payload_digest,
    )


def hosts_of(config: Config) -> dict[str, Any]:
    """Merged crawl settings by host name, for the hosts that source files speak of."""
    return {urlsplit(own.url).hostname or "": config.for_source(name) for name, own in config.sources.items()}


def shares(config: Config) -> dict[str, HostLimits]:
    """What each source's host gets, by host as the frontier names it (host:port)."""
    own = {host_of(source.url): config.for_source(name) for name, source in config.sources.items()}
    return {host: share_of(crawl) for host, crawl in own.items()}


def share_of(crawl: Any) -> HostLimits:
    """What a host gets by these settings."""
    return HostLimits(crawl.concurrency_per_host, crawl.pages_per_host, crawl.listings_per_host)


def configure(settings: Any) -> None:
    """Put an archive's settings on top of Scrapy's; called for the spider before Scrapy freezes them."""
    from crawler.middleware.throttle import LEAST, ThrottlePolicy

    config = settings.get(CONFIG)
    if config is None:
        config = load(find())
        settings.set(CONFIG, config, PRIORITY)
    crawl = config.crawl

    def tempo(values: Any) -> ThrottlePolicy:
        return ThrottlePolicy(values.delay, values.max_delay, values.autothrottle, values.jitter)

    chosen = {
        "USER_AGENT": config.user_agent,
        "CONCURRENT_REQUESTS": 0,  # no limit of Scrapy's: it would count those that wait; Pump and Turnstile do
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawl.concurrency_per_host,
        "DOWNLOAD_DELAY": max(crawl.delay, LEAST),
        "DOWNLOAD_DELAY_JITTER": crawl.jitter,
        "DOWNLOAD_TIMEOUT": crawl.timeout,
        "DOWNLOAD_MAXSIZE": crawl.max_body,
        "DOWNLOAD_VERIFY_CERTIFICATES": crawl.verify_certificates,
        "DOWNLOAD_SLOTS": {
            host: {"concurrency": own.concurrency_per_host, "delay": max(own.delay, LEAST), "jitter": own.jitter}
            for host, own in hosts_of(config).items()
        },
        "REDIRECT_MAX_TIMES": crawl.redirects,
        "RETRY_TIMES": crawl.retries,
        "MORGUE_ALLOW_PRIVATE_IPS": crawl.allow_private_ips,
        "MORGUE_TEMPO": tempo(crawl),
        "MORGUE_TEMPOS": {host: tempo(own) for host, own in hosts_of(config).items()},
    }
    for name, value in chosen.items():
        settings.set(name, value, PRIORITY)


class KnownErrorFilter(logging.Filter):
    """Keeps Scrapy from logging, traceback and all, what the ending of the run will say in the family's words."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, MorgueError | asyncio.CancelledError)


def log_to_stderr() -> None:
    """Warnings and our own mistakes; what sites do is in the summary. Does no more where the user asked for a log."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.root.handlers:
        handler.addFilter(KnownErrorFilter())


async def crawl(run: CrawlRun) -> CrawlOutcome:
    """Run Scrapy to its end inside the running event loop; SIGINT and SIGTERM stop it cleanly, a second one at once."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if run.interrupted:
            run.stop_at_once()
        run.interrupt()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    # A second of imports: only now, so that a signal meanwhile is heard.
    from scrapy.crawler import AsyncCrawlerRunner
    from scrapy.utils.project import get_project_settings

    log_to_stderr()
    settings = get_project_settings()
    settings.set(CONFIG, run.config, "cmdline")
    runner = AsyncCrawlerRunner(settings)
    try:
        await runner.crawl(runner.create_crawler("news"), run=run)
    finally:
        ending = await run.finish()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return ending
