"""Accompany the crawl of a pass: tell the watch that it gets on, and end it if the watch is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from crawler.config.models import Config
from crawler.engine.crawl import CrawlOutcome, CrawlRun
from crawler.http.client import MAX_TIMEOUTS
from pipelines.session.backpressure import Backpressure
from pipelines.session.crawl_stats import CrawlStats

BEAT = b"\n"  # which JSON allows before a message
BEAT_SECONDS = 5.0  # between two looks whether the crawl has got on
MIN_QUIET_SECONDS = 3600.0  # to mend what a crash left, to migrate, to re-read the last pages, to tell the owner

Crawl = Callable[[CrawlRun], Coroutine[Any, Any, CrawlOutcome]]


def max_quiet_seconds(config: Config) -> float:
    """Return how long a pass may go without any exchange or filed page before it counts as hung.

    An hour, and twice the longest wait that the settings allow: the delay of a host, or an answer that trickles in.
    """
    settings = [config.crawl, *map(config.for_source, config.sources)]
    longest = max(max(one.delay, one.max_delay) * (1 + one.jitter) + MAX_TIMEOUTS * one.timeout for one in settings)
    return MIN_QUIET_SECONDS + 2 * float(longest)


async def accompanied(run: CrawlRun, crawl: Crawl, line: int, lifeline: int) -> CrawlOutcome:
    """Crawl, and write a beat to `line` whenever something was done. `lifeline` ends when the watch does."""
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(lifeline)
        run.interrupt()

    loop.add_reader(lifeline, orphaned)
    beats = loop.create_task(_beat(run.context.stats, run.context.backpressure, line))
    try:
        return await crawl(run)
    finally:
        beats.cancel()
        loop.remove_reader(lifeline)


async def _beat(stats: CrawlStats, backpressure: Backpressure, line: int) -> None:
    before: tuple[int, ...] = ()
    with suppress(BrokenPipeError):  # the watch is gone
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            done = (stats.exchanges, stats.listings, stats.pages, stats.articles)
            if done != before or backpressure.is_held():  # what waits for the bucket is not hung
                before = done
                os.write(line, BEAT)
