"""Start Scrapy for a run: an archive's settings on top of Scrapy's, signals, logging."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from crawler.config.archive_folder import find
from crawler.config.models import Config, load
from crawler.engine.crawl import CrawlOutcome, CrawlRun
from crawler.engine.interrupts import interrupts
from crawler.engine.memory import return_large_blocks
from crawler.engine.shipping import shipping
from crawler.frontier.crawl_plan import CrawlPlan
from pipelines.core.errors import MorgueError

SPIDER = "news"  # the name by which Scrapy finds the spider
SETTINGS_PRIORITY = "spider"  # of the settings that an archive's own file decides
CONFIG_SETTING = "MORGUE_CONFIG"  # the Scrapy setting that carries the archive's Config


async def run_scrapy(run: CrawlRun) -> CrawlOutcome:
    """Run Scrapy to its end in the running event loop.

    SIGINT and SIGTERM stop it cleanly; a second one stops it at once, unless it is an echo of the first.
    """
    return_large_blocks()
    with interrupts(run.interrupt, run.stop_at_once):
        # These imports take a second. They come after the signal handlers, so that a signal meanwhile is noticed.
        from scrapy.crawler import AsyncCrawlerRunner
        from scrapy.utils.project import get_project_settings

        log_to_stderr()
        settings = get_project_settings()
        settings.set(CONFIG_SETTING, run.config, "cmdline")
        runner = AsyncCrawlerRunner(settings)
        try:
            with shipping(run.config, run.context.archive_writer, run.context.backpressure):
                await runner.crawl(runner.create_crawler(SPIDER), run=run)
        finally:
            outcome = await run.finish()
    return outcome


def run_of_scrapy(crawler: Any, source: str = "", limit: str = "", **_: Any) -> CrawlRun:
    """Return the run of `scrapy crawl news [-a source=NAME] [-a limit=N]`; it ends when the spider is closed."""
    from scrapy import signals

    plan = CrawlPlan((source,) if source else (), limit=int(limit) if limit else None)
    run = CrawlRun(crawler.settings.get(CONFIG_SETTING) or load(find()), plan, "scrapy crawl news")
    crawler.signals.connect(run.finish, signals.spider_closed)
    return run


def configure(settings: Any) -> None:
    """Put an archive's settings on top of Scrapy's. Called for the spider, before Scrapy freezes them."""
    from crawler.middleware.throttle import MIN_DELAY_SECONDS, ThrottlePolicy

    config = settings.get(CONFIG_SETTING)
    if config is None:
        config = load(find())
        settings.set(CONFIG_SETTING, config, SETTINGS_PRIORITY)
    crawl, crawl_of_host = config.crawl, crawl_settings_by_host(config)

    def throttle_policy(crawl: Any) -> ThrottlePolicy:
        return ThrottlePolicy(crawl.delay, crawl.max_delay, crawl.autothrottle, crawl.jitter)

    def slot(crawl: Any) -> dict[str, Any]:
        delay = max(crawl.delay, MIN_DELAY_SECONDS)
        return {"concurrency": crawl.concurrency_per_host, "delay": delay, "jitter": crawl.jitter}

    values = {
        "USER_AGENT": config.user_agent,
        # Scrapy's own limit is off: it would count requests that wait. Dispatcher and Backpressure set the limits.
        "CONCURRENT_REQUESTS": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": crawl.concurrency_per_host,
        "DOWNLOAD_DELAY": max(crawl.delay, MIN_DELAY_SECONDS),
        "DOWNLOAD_DELAY_JITTER": crawl.jitter,
        "DOWNLOAD_TIMEOUT": crawl.timeout,
        "DOWNLOAD_MAXSIZE": crawl.max_body,
        "DOWNLOAD_VERIFY_CERTIFICATES": crawl.verify_certificates,
        "DOWNLOAD_SLOTS": {host: slot(own) for host, own in crawl_of_host.items()},
        "REDIRECT_MAX_TIMES": crawl.redirects,
        "RETRY_TIMES": crawl.retries,
        "MORGUE_ALLOW_PRIVATE_IPS": crawl.allow_private_ips,
        "MORGUE_SOURCE_ADDRESSES": config.source_addresses,
        "MORGUE_THROTTLE_POLICY": throttle_policy(crawl),
        "MORGUE_THROTTLE_POLICIES": {host: throttle_policy(own) for host, own in crawl_of_host.items()},
    }
    for name, value in values.items():
        settings.set(name, value, SETTINGS_PRIORITY)


def crawl_settings_by_host(config: Config) -> dict[str, Any]:
    """Return merged `[crawl]` settings by host name (without port), for the hosts that source files name."""
    return {urlsplit(own.url).hostname or "": config.for_source(name) for name, own in config.sources.items()}


class KnownErrorFilter(logging.Filter):
    """Drop log records of known errors: Scrapy adds a traceback, and the end of the run reports them in plain words."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, MorgueError | asyncio.CancelledError)


def log_to_stderr() -> None:
    """Log warnings and mistakes of our own; the summary says what sites did. A log that the user asked for is kept."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for handler in logging.root.handlers:
        handler.addFilter(KnownErrorFilter())
