"""Hold one run of the crawler: what it shares, how it stops, how it ended. `launch` starts Scrapy for it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from crawler.config.models import Config
from crawler.engine.comparing import compare_new
from crawler.engine.extraction_workers import extraction_workers
from crawler.engine.open_archive import SOFTWARE, host_turns, open_archive_writer
from crawler.frontier.crawl_plan import CrawlPlan, PreparedCrawl, prepare, resting_sources, within_hours
from crawler.frontier.queue import Frontier
from crawler.frontier.visit_limits import CrawlLimits, PartCounter, SourceLimits
from pipelines.core.errors import INTERRUPTED, MorgueError, NothingReachable
from pipelines.core.plural import counted
from pipelines.core.timestamps import now
from pipelines.core.urls import host_of
from pipelines.database.captures import UsedToday, used_since
from pipelines.database.connection import CACHE_KIB, IDLE_CACHE_KIB, use_cache
from pipelines.database.frontier import forgetting
from pipelines.database.frontier.replanning import has_answered_page
from pipelines.database.frontier.rows import NO_SOURCE
from pipelines.session.backpressure import Backpressure
from pipelines.session.context import CrawlContext
from pipelines.session.crawl_stats import CrawlStats, off_site_text

if TYPE_CHECKING:
    from crawler.frontier.dispatcher import Dispatcher
    from crawler.frontier.visit_outcomes import VisitOutcomes

logger = logging.getLogger("morgue.engine")

HOSTS_PER_REQUEST = 16  # while one host is being asked, this many may wait out their delay
CURE_OF_EMPTY_SITE = "`morgue add URL` looks for feeds and sitemaps; `-vv` says by which rule each link is left out"
MAX_DISALLOWED = timedelta(days=7)  # without an answer; a site may disallow what happens to be new on one day
PAGES_PER_WORKER = 4  # fetched pages that may wait for each worker: enough to keep it busy, few enough for flat memory


@dataclass(frozen=True, slots=True)
class CrawlOutcome:
    """Say how a run ended."""

    word: str  # done, partly failed, nothing reachable, interrupted, or the name of the error that stopped it
    exit_code: int
    error: MorgueError | None = None  # the error that stopped it, if one did


class CrawlRun:
    """Hold one run, from `prepare` to `finish`. Scrapy's parts find what they share through `context`."""

    def __init__(self, config: Config, plan: CrawlPlan, command: str) -> None:
        """Lock the archive. Raise ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull."""
        self.config, self.plan = config, plan
        self.context = open_context(config, command)
        self.frontier = Frontier(self.context.archive_writer.db, self.context.crawl_id)
        self.context.provide(self.frontier)
        self.prepared: PreparedCrawl | None = None
        self.dispatcher: Dispatcher | None = None
        self.visits: VisitOutcomes | None = None  # once the spider has started
        self.interrupted = False
        self.has_internal_error = False
        self.has_faults = False  # the user has to see to something besides what sites answer
        self.due_left = 0  # URLs that were due and not visited, because the run was stopped or reached a limit
        self.next_planned: str | None = None  # at the end: when the next URL falls due, as a stamp
        self._closed = False
        self._scrapy: Any = None  # its Crawler, once the spider is made
        self._tasks: set[asyncio.Task[None]] = set()

    def prepare(self) -> PreparedCrawl:
        """Write sources and seeds into the tables."""
        self.context.archive_writer.call(use_cache, self.context.archive_writer.db, IDLE_CACHE_KIB)
        self.prepared = self.context.archive_writer.call(
            prepare, self.plan, self.config, self.context.sources, self.frontier, now()
        )
        self.prepared = within_hours(self.prepared, self.config, now())
        return self.prepared

    def has_due_urls(self) -> bool:
        """Return True if there is something to fetch."""
        assert self.prepared is not None
        scope, call, table = self.prepared.scope, self.context.archive_writer.call, self.frontier.table
        due: int = call(table.count_due, scope, now())
        logger.info("URLs that are due: %(urls)d", {"urls": due})
        wanted = part_counter(self.prepared, self.config).wanted
        return due > 0 or bool(call(table.hosts_with_parts, scope, now(), wanted))

    def next_due(self) -> str | None:
        """Return the stamp of the time at which the next URL or part falls due; None if nothing is planned."""
        return self.context.archive_writer.call(self._next_due)

    def _next_due(self) -> str | None:
        """Return what `next_due` does. Runs on the archive writer's thread."""
        assert self.prepared is not None
        table, scope, wanted = self.frontier.table, self.prepared.scope, part_counter(self.prepared, self.config).wanted
        planned = (table.next_due(scope, now()), table.next_part(scope, wanted))
        return min(filter(None, planned), default=None)

    def abandon(self, outcome: str = "not begun") -> None:
        """Close the archive without having crawled. Do nothing after `finish`."""
        if not self._closed:
            self._closed = True
            self.context.workers.kill()
            self.context.close(outcome)

    def attach(self, crawler: Any) -> None:
        """Let the parts of a Scrapy crawler find this run's context; listen for mistakes of our own."""
        from scrapy import signals

        from crawler.middleware.robots import RobotsCache

        self._scrapy = crawler
        self.context.register(crawler)
        RobotsCache.of(crawler).refresh = self.plan.again or (bool(self.plan.targets) and self.plan.listings_now)
        crawler.signals.connect(self._on_spider_error, signals.spider_error)
        crawler.signals.connect(self._on_item_error, signals.item_error)
        self.context.on_fatal = lambda error: self.stop()

    async def begin(self) -> VisitOutcomes:
        """Return the object through which the spider ends its claims. Called when the spider starts."""
        # They import Scrapy, which takes a second: signals must be handled before, and an idle pass needs neither.
        from crawler.frontier.dispatcher import Dispatcher
        from crawler.frontier.visit_outcomes import VisitOutcomes

        prepared = self.prepared or self.prepare()
        await self.context.do(use_cache, self.context.archive_writer.db, CACHE_KIB)
        limits = {source_id: limits_of(site.name, self.config) for source_id, site in prepared.sites.items()}
        used: dict[int | None, UsedToday] = {}
        if any(own.pages_per_day or own.bytes_per_day for own in limits.values()):
            today = now().replace(hour=0, minute=0, second=0, microsecond=0)
            used = await self.context.do(used_since, self.context.archive_writer.db, today)
        self.dispatcher = Dispatcher(
            self.context,
            self.frontier,
            prepared.scope,
            host_concurrency=host_concurrency(self.config),
            limits=crawl_limits(self.config, self.plan.limit),
            limits_of_source=limits,
            used_today=used,
            resting=lambda time: resting_sources(prepared, self.config, time),
            parts=part_counter(prepared, self.config),
        )
        if self.context.stopping:
            self.dispatcher.stop()
        self.context.end_when_lost()
        self.visits = VisitOutcomes(self.context, self.frontier, self.dispatcher, prepared.sites, prepared.typed)
        self.context.provide(self.visits)
        return self.visits

    def stop(self) -> None:
        """Fetch nothing more. What is in flight is finished and filed; then the spider is idle and closes by itself.

        An answer that is not complete after STOP_GRACE_SECONDS is given up, and its URL waits for the next crawl. So
        does a URL that waits for the delay of its host.

        A signal during start-up may call this before there is a dispatcher, or an engine of Scrapy.
        """
        self.context.stop()
        if self.dispatcher is not None:
            self.dispatcher.stop()
        if self._scrapy is not None and self._scrapy.engine is not None:
            from crawler.http.crawl_stopping import end_waiting

            end_waiting(self._scrapy.engine.downloader)

    def interrupt(self) -> None:
        """Stop because of Ctrl-C or SIGTERM."""
        logger.info("interrupted by a signal: what is under way is finished")
        self.interrupted = True
        self.stop()
        self._keep(asyncio.get_running_loop().create_task(self._note_interruption()))

    async def _note_interruption(self) -> None:
        """Write that the run was interrupted, because the process may be killed before it has finished."""
        if not self._closed:
            counts = self.context.stats.as_dict()
            with suppress(MorgueError):  # it ends the run: the context has noted it
                await self.context.do(self.context.sources.end_crawl, self.context.crawl_id, "interrupted", counts)

    def stop_at_once(self) -> NoReturn:
        """End the process after a second Ctrl-C: commit what is written, and leave the rest to the next crawl."""
        logger.info("interrupted again: stops at once")
        self._closed = True
        self.context.workers.kill()
        self.context.close("interrupted")
        print(
            "stopped at once: what was stored is kept; `morgue crawl` continues from here", file=sys.stderr, flush=True
        )
        # Not sys.exit: each task and thread of an exchange in flight would complain that it was ended.
        os._exit(INTERRUPTED)

    async def finish(self) -> CrawlOutcome:
        """Give back what was not visited, let the workers finish, commit, and close the archive."""
        try:
            if self.dispatcher is not None and self.prepared is not None and self.context.fatal is None:
                from crawler.middleware.throttle import PaceKeeper  # imports Scrapy, as `begin` says

                await PaceKeeper.of(self.context).save()
                await self.context.do(self.frontier.release, self.dispatcher.open_claims)
                if not self.interrupted:
                    await self.context.do(self._note_empty_sites, self.prepared)
                    await self.context.do(self._note_disallowed_sites, self.prepared)
                    await self.context.do(self._forget_silent_sites, self.prepared)
                    await compare_new(self.context, self.context.stats.articles, lambda: self.interrupted)
                self.due_left = await self.context.do(self.frontier.table.count_due, self.prepared.scope, now())
                self.next_planned = await self.context.do(self._next_due)
                count, wanted = self.frontier.table.count_parts, self.dispatcher.parts.wanted
                self.context.stats.parts_waiting = await self.context.do(count, self.prepared.scope, wanted)
                if self.dispatcher.used.reached:
                    due = await self.context.do(self.frontier.table.count_due_by_source, self.prepared.scope, now())
                    self._count_limits(self.dispatcher, self.prepared, due)
        except MorgueError as error:
            self.context.fatal = self.context.fatal or error
        await self.context.workers.close()
        outcome, stats = self._outcome(), self.context.stats
        counts = {"pages": stats.pages, "articles": stats.articles, "failed": stats.total("failed")}
        counts |= {"left": self.due_left}
        logger.info("pages: %(pages)d, articles: %(articles)d, failed: %(failed)d, still due: %(left)d", counts)
        self._closed = True
        self.context.close(outcome.word)
        if self.context.fatal is None and self.context.archive_writer.failed is not None:
            self.context.fatal = self.context.archive_writer.failed
            outcome = self._outcome()
        return outcome

    def _count_limits(self, dispatcher: Dispatcher, prepared: PreparedCrawl, due: Mapping[int, int]) -> None:
        """Note in the counts which limits were reached, and how many URLs of that source are left to the next crawl."""
        for setting, source_id in dispatcher.used.reached:
            site = prepared.sites.get(source_id) or prepared.sites[None]
            left = due.get(NO_SOURCE if source_id is None else source_id, 0)
            if setting == "bytes_per_crawl":
                left = self.due_left
            if left:
                self.context.stats.by_source[site.name].limits[setting] += left

    def _note_empty_sites(self, prepared: PreparedCrawl) -> None:
        """Count it as trouble that the listings of a site were read and name no article.

        That is so if none was ever found, and for a site that the user typed also if some were found before: all of its
        listings were read just now. Runs on the archive writer's thread.
        """
        stats = self.context.stats
        for site in prepared.sites.values():
            count = stats.by_source.get(site.name)
            if count is None or not count.listings or count.troubles:
                continue
            all_read = count.front_read and not count.not_modified and not site.watched
            if (count.named or not all_read) and self.frontier.table.has_pages(site.source_id):
                continue
            why = f"no article found in {counted(count.listings, 'listing')}"
            if count.off_site:
                why += f"; left out: {off_site_text(count)}; to follow them, add their sites to `sites` in"
                why += (
                    f" sources/{site.name}.toml" if site.watched else " a file in sources/ (`morgue add URL` writes it)"
                )
            stats.trouble(site.name, why, site.source.url, CURE_OF_EMPTY_SITE)

    def _note_disallowed_sites(self, prepared: PreparedCrawl) -> None:
        """Count it as trouble that robots.txt disallowed every article of a site that was due, for some days.

        Runs on the archive writer's thread.
        """
        stats, since = self.context.stats, now() - MAX_DISALLOWED
        for site in prepared.sites.values():
            count = stats.by_source.get(site.name)
            if count is None or not count.disallowed_pages or count.fetched or count.troubles:
                continue
            if not has_answered_page(self.frontier.db, site.source_id, since):
                number = counted(count.disallowed_pages, "article")
                why = (
                    f"robots.txt disallows every article that was due ({number}); it is asked again after a day or more"
                )
                stats.trouble(site.name, why, site.source.url)

    def _forget_silent_sites(self, prepared: PreparedCrawl) -> None:
        """Delete what the user typed and has never answered: sources of sites crawled ad hoc, and single pages.

        Runs on the archive writer's thread.
        """
        forgetting.forget_unanswered(self.frontier.db, prepared.typed)
        for site in prepared.sites.values():
            count = self.context.stats.by_source.get(site.name)
            if site.watched or site.source_id is None or count is None or not count.troubles:
                continue
            if not self.context.sources.has_answered(site.source_id):
                forgetting.forget_source(self.frontier.db, site.source_id)
                self.context.sources.forget_source(site.source_id)

    def _outcome(self) -> CrawlOutcome:
        """Return how the run ended, as far as is known now."""
        if self.context.fatal is not None:
            return CrawlOutcome(type(self.context.fatal).__name__, self.context.fatal.exit_code, self.context.fatal)
        if self.interrupted:
            return CrawlOutcome("interrupted", INTERRUPTED)
        outcome = outcome_of(self.context.stats, has_internal_error=self.has_internal_error)
        if outcome.exit_code == 0 and self.has_faults:
            return CrawlOutcome("partly failed", MorgueError.exit_code)
        return outcome

    def _on_spider_error(self, failure: Any, response: Any, spider: Any) -> None:
        self._fail(response.request.cb_kwargs["claim"] if response is not None else None, failure)

    def _on_item_error(self, item: Any, response: Any, spider: Any, failure: Any) -> None:
        page = getattr(item, "page", item)
        self._fail(self.visits.take_page(page.frontier_id) if self.visits is not None else None, failure)

    def _fail(self, claim: Any, failure: Any) -> None:
        """End a claim after a mistake of our own, which Scrapy has logged. It costs one page; no claim is forgotten."""
        self.has_internal_error = True
        if claim is None or self.context.fatal is not None or self.visits is None:
            return  # the row stays claimed, and waits again when the next crawl begins
        reason = f"internal error: {type(failure.value).__name__}"
        logger.error("%(url)s: %(why)s; this is a bug of Newsmorgue", {"url": claim.url, "why": reason})
        self._keep(asyncio.get_running_loop().create_task(self.visits.failed(claim, reason)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it is done; the event loop itself has only weak references to tasks."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def outcome_of(stats: CrawlStats, *, has_internal_error: bool = False) -> CrawlOutcome:
    """Return the outcome that the counts of a run amount to, if it was not stopped."""
    has_trouble = any(count.troubles for count in stats.by_source.values())
    if not has_trouble and not has_internal_error:
        return CrawlOutcome("done", 0)
    if stats.exchanges and not stats.answers and not has_internal_error:
        return CrawlOutcome("nothing reachable", NothingReachable.exit_code)
    return CrawlOutcome("partly failed", MorgueError.exit_code)


def open_context(config: Config, command: str) -> CrawlContext:
    """Lock the archive, open it for writing, and return the context of a run that writes to it."""
    _ = config.source_addresses  # a wrong one is an error before anything is done
    crawl, archive_writer = config.crawl, open_archive_writer(config)
    workers, (per_source, per_site) = extraction_workers(config), concurrency_of_shares(config)
    context = CrawlContext(
        archive_writer,
        workers,
        Backpressure(
            crawl.concurrency,
            crawl.concurrency + PAGES_PER_WORKER * workers.size,
            crawl.body_memory,
            per_source=per_source,
            per_site=per_site,
            bytes_per_second=crawl.bandwidth,
        ),
        command=command,
        software=SOFTWARE,
        chunked_payload_digest=config.record.chunked_payload_digest,
    )
    context.host_turns = host_turns(config)
    return context


def host_concurrency(config: Config) -> dict[str, int]:
    """Return how many requests each source's host gets at a time, by host as the frontier names it (host:port)."""
    return {host_of(own.url): config.for_source(name).concurrency_per_host for name, own in config.sources.items()}


def concurrency_of_shares(config: Config) -> tuple[int, int]:
    """Return how many requests a source and a site get at a time: at least as many as one host of theirs gets."""
    crawl = config.crawl
    per_host = max([crawl.concurrency_per_host, *host_concurrency(config).values()])
    return max(crawl.concurrency_per_source, per_host), max(crawl.concurrency_per_site, per_host)


def crawl_limits(config: Config, max_pages: int | None) -> CrawlLimits:
    """Return the limits of a crawl, and the shares of sources and sites in it."""
    per_source, per_site = concurrency_of_shares(config)
    return CrawlLimits(
        concurrency_per_host=config.crawl.concurrency_per_host,
        unfetched=HOSTS_PER_REQUEST * config.crawl.concurrency,
        unfetched_per_source=HOSTS_PER_REQUEST * per_source,
        unfetched_per_site=HOSTS_PER_REQUEST * per_site,
        bytes_per_site=config.crawl.bytes_per_site,
        bytes_per_crawl=config.crawl.bytes_per_crawl,
        pages=max_pages,
    )


def part_counter(prepared: PreparedCrawl, config: Config) -> PartCounter:
    """Return what counts the parts of pages, with the limits of the sources of which they are fetched."""
    rules = {source_id: site.part_rules for source_id, site in prepared.sites.items() if site.part_rules is not None}
    of_source = {source_id: config.capture_of(prepared.sites[source_id].name).parts_per_source for source_id in rules}
    images_only = [source_id for source_id, own in rules.items() if own.images_only]
    return PartCounter(of_source, config.capture.parts_per_crawl, images_only)


def limits_of(name: str, config: Config) -> SourceLimits:
    """Return the limits of a source by its `[crawl]` settings; of a site without a file, by those of the archive."""
    crawl = config.for_source(name) if name in config.sources else config.crawl
    return SourceLimits(**{field.name: getattr(crawl, field.name) for field in fields(SourceLimits)})
