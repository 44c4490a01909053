"""Show the progress of a crawl: a bar on a terminal, or a line every ten seconds in a pipe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from crawler.cli.progress_bar import LINE_SECONDS, clock
from crawler.engine.crawl import CrawlOutcome, CrawlRun
from pipelines.core.plural import counted
from pipelines.core.timestamps import now

STATUS_SECONDS = 0.5  # between redraws of bar and numbers, which take time of the event loop
BAR_WIDTH = 20  # terminal columns
DUE_COUNT_SECONDS = 2.0  # seconds between two counts of the URLs still due; counting walks the index
MIN_ESTIMATE_SECONDS = 3.0  # of a crawl, before the time left is estimated


@dataclass(frozen=True, slots=True)
class CrawlProgressState:
    """Hold the numbers of a running crawl at one moment."""

    word: str  # crawling, or stopping: only what is under way is finished
    listings: int
    pages: int  # article pages that were fetched
    articles: int
    failed: int  # as the column of the summary
    under_way: int  # URLs that were handed out and are not yet filed
    total: int | None  # listings, pages and parts fetched, under way and still due; None before the first count
    seconds: float
    parts: int = 0  # parts of pages (pictures, style sheets) whose visits ended
    parts_waiting: int = 0

    @property
    def done(self) -> int:
        """Number of listings, pages and parts that are fetched."""
        return self.listings + self.pages + self.parts

    @property
    def parts_text(self) -> list[str]:
        """Return how many parts are fetched and wait, as a list of one text; empty if the crawl has none."""
        if not self.parts and not self.parts_waiting:
            return []
        return [counted(self.parts, "part") + (f" ({self.parts_waiting:,} wait)" if self.parts_waiting else "")]

    @property
    def seconds_left(self) -> float | None:
        """Return the estimate of the time left; None while too little is known, and while the crawl stops."""
        if (
            self.word == "stopping"
            or self.total is None
            or self.total <= self.done
            or not self.done
            or self.seconds < MIN_ESTIMATE_SECONDS
        ):
            return None
        return (self.total - self.done) * self.seconds / self.done


def status_line(state: CrawlProgressState, room: int) -> str:
    """Return the line for a terminal of `room` columns: the fullest that fits."""
    fitting = [line for line in status_lines(state) if len(line) <= room]
    return fitting[0] if fitting else clock_text(state)[:room]


def status_lines(state: CrawlProgressState) -> Iterator[str]:
    """Yield forms of the line, from the fullest to the shortest. All of them say how long it takes."""
    listings, articles = counted(state.listings, "listing"), counted(state.articles, "article")
    pages, failed, times = counted(state.pages, "page"), f"{state.failed:,} failed", clock_text(state)
    speed = f"{state.done / state.seconds if state.seconds else 0:.1f}/s"
    under_way = f"{state.under_way:,} under way"
    if state.word == "stopping":
        yield f"{stopping_text(state)}  {times}"
        yield f"stopping: {under_way}  {times}"
        yield times
        return
    parts = state.parts_text
    yield "  ".join((state.word, listings, pages, articles, *parts, failed, speed, under_way, times))
    yield "  ".join((state.word, listings, pages, articles, *parts, failed, times))
    yield "  ".join((listings, articles, *parts, *([failed] if state.failed else []), times))
    fetched = "+".join(f"{number:,}" for number in (state.listings, state.pages, *([state.parts] if parts else [])))
    yield "  ".join((f"{fetched} fetched", *([failed] if state.failed else []), times))
    yield times


def stopping_text(state: CrawlProgressState) -> str:
    """Say for what a crawl waits that was told to stop, and how not to wait for it."""
    return f"stopping: waiting for {counted(state.under_way, 'request')} (Ctrl-C again stops at once)"


def clock_text(state: CrawlProgressState) -> str:
    """Return the time elapsed and the time left, each with its label."""
    left = state.seconds_left
    return f"{clock(state.seconds)} elapsed" + (f", about {clock(left)} left" if left is not None else "")


def pipe_line(state: CrawlProgressState) -> str:
    """Return the line for a pipe."""
    if state.word == "stopping":
        return f"{stopping_text(state)}, {clock_text(state)}"
    counts = ", ".join(
        counted(number, noun)
        for number, noun in ((state.listings, "listing"), (state.pages, "page"), (state.articles, "article"))
    )
    counts = ", ".join((counts, *state.parts_text))
    to_go = f", {max(0, state.total - state.done):,} to go" if state.total is not None else ""
    speed = state.done / state.seconds if state.seconds else 0.0
    unit = "requests/s" if state.parts_text else "pages/s"
    return f"{counts}, {state.failed:,} failed, {speed:.1f} {unit}{to_go}, {clock_text(state)}"


class CrawlProgress:
    """Show the numbers of a running crawl. Call `start` before it and `stop` after it, on the event loop."""

    def __init__(self, run: CrawlRun, *, terminal: bool) -> None:
        self.run, self.terminal = run, terminal
        self.began = time.monotonic()
        self._total: int | None = None  # listings, pages and parts fetched, in flight and still due
        self._parts_waiting = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._bar() if self.terminal else self._lines())

    async def stop(self) -> None:
        """Stop drawing, and leave the terminal as it was."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def state(self) -> CrawlProgressState:
        """Return the numbers to show."""
        stats, dispatcher = self.run.context.stats, self.run.dispatcher
        return CrawlProgressState(
            word="stopping" if self.run.context.stopping else "crawling",
            listings=stats.listings,
            pages=stats.fetched,
            articles=stats.articles,
            failed=stats.total("failed"),
            under_way=dispatcher.under_way if dispatcher is not None else 0,
            total=self._total,
            seconds=time.monotonic() - self.began,
            parts=sum(count.parts.ended for count in stats.by_source.values()),
            parts_waiting=self._parts_waiting,
        )

    async def _count_due(self) -> None:
        """Count the URLs left to fetch, for the estimate."""
        dispatcher, prepared = self.run.dispatcher, self.run.prepared
        if dispatcher is None or prepared is None or self.run.context.archive_writer.failed is not None:
            return
        due = await self.run.context.do(self.run.frontier.table.count_due, prepared.scope, now())
        if self.run.plan.limit is not None:
            due = min(due, max(0, self.run.plan.limit - dispatcher.pages_taken))
        choice = dispatcher.parts.choice()
        waiting = (
            await self.run.context.do(self.run.frontier.table.count_parts, prepared.scope, choice) if choice else 0
        )
        self._parts_waiting = waiting
        due += waiting
        self._total = self.state().done + len(dispatcher.open_claims) + due

    async def _lines(self) -> None:
        import click

        while True:
            await asyncio.sleep(LINE_SECONDS)
            await self._count_due()
            click.echo(pipe_line(self.state()), err=True)

    async def _bar(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        console = Console(stderr=True)

        def drawn() -> Any:
            state, room = self.state(), console.width - 1
            line = status_line(state, room - BAR_WIDTH - 1)
            if line != next(status_lines(state)):  # the bar goes before any number does
                return Text(status_line(state, room), no_wrap=True)
            grid = Table.grid(padding=(0, 1))
            grid.add_row(ProgressBar(total=state.total, completed=state.done, width=BAR_WIDTH), Text(line))
            return grid

        counted_at = 0.0
        with Live(drawn(), console=console, transient=True, auto_refresh=False) as live:
            while True:
                if time.monotonic() - counted_at > DUE_COUNT_SECONDS:
                    await self._count_due()
                    counted_at = time.monotonic()
                live.update(drawn(), refresh=True)
                await asyncio.sleep(STATUS_SECONDS)


async def crawl_with_progress(run: CrawlRun, *, quiet: bool, terminal: bool) -> CrawlOutcome:
    """Run Scrapy to its end, and show the numbers meanwhile unless `quiet`."""
    from crawler.engine.launch import run_scrapy

    if quiet:
        return await run_scrapy(run)
    progress = CrawlProgress(run, terminal=terminal)
    progress.start()
    try:
        return await run_scrapy(run)
    finally:
        await progress.stop()
