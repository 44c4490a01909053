"""Show the progress of a crawl: a bar on a terminal, or a line every ten seconds in a pipe."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from crawler.engine.crawl import CrawlRun
from pipelines.core.plural import counted
from pipelines.core.timestamps import now

REDRAW_SECONDS = 0.5  # seconds between redraws of the bar
LINE_SECONDS = 10.0  # seconds between lines in a pipe
WIDE_COLUMNS, MEDIUM_COLUMNS = 100, 76  # terminal widths from which on the bar and more numbers are shown
DUE_COUNT_SECONDS = 4.0  # seconds between two counts of the URLs still due; counting walks the index


class CrawlProgress:
    """Show the numbers of a running crawl. Call `start` before it and `stop` after it, on the event loop."""

    def __init__(self, run: CrawlRun, *, terminal: bool) -> None:
        self.run, self.terminal = run, terminal
        self.began = time.monotonic()
        self._total: int | None = None  # pages fetched, in flight and still due; None before the first count
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._bar() if self.terminal else self._lines())

    async def stop(self) -> None:
        """Stop drawing, and leave the terminal as it was."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def numbers(self) -> dict[str, Any]:
        """Return the numbers to show."""
        stats, seconds = self.run.context.stats, time.monotonic() - self.began
        pages = stats.pages
        return {
            "pages": pages,
            "articles": stats.articles,
            "errors": stats.total("failed"),
            "speed": pages / seconds if seconds > 0 else 0.0,
        }

    async def _count_due(self) -> None:
        """Count the URLs left to fetch, for the estimate."""
        dispatcher, prepared = self.run.dispatcher, self.run.prepared
        if dispatcher is None or prepared is None or self.run.context.archive_writer.failed is not None:
            return
        due = await self.run.context.do(self.run.frontier.count_due, prepared.scope, now())
        if self.run.plan.limit is not None:
            due = min(due, max(0, self.run.plan.limit - dispatcher.pages_taken))
        self._total = self.numbers()["pages"] + len(dispatcher.open_claims) + due

    async def _lines(self) -> None:
        import click

        while True:
            await asyncio.sleep(LINE_SECONDS)
            await self._count_due()
            n = self.numbers()
            counts = ", ".join(counted(n[f"{noun}s"], noun) for noun in ("page", "article", "error"))
            left = f", {counted(self._total - n['pages'], 'page')} to go" if self._total is not None else ""
            click.echo(f"{counts}, {n['speed']:.1f} pages/s{left}", err=True)

    async def _bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        wide, medium = console.width >= WIDE_COLUMNS, console.width >= MEDIUM_COLUMNS
        columns: list[ProgressColumn] = [TextColumn("{task.description}")]
        if wide:
            columns.append(BarColumn(bar_width=min(24, 12 + console.width - WIDE_COLUMNS)))
        columns.append(TextColumn("[bold]{task.fields[pages]}[/] pages  [green]{task.fields[articles]}[/] articles"))
        if medium:
            columns.append(TextColumn("[red]{task.fields[errors]}[/] errors  {task.fields[speed]:.1f}/s"))
        if wide:
            columns += [TextColumn("elapsed"), TimeElapsedColumn()]
        columns += [TextColumn("left"), TimeRemainingColumn()]
        bar = Bar(*columns, console=console, transient=True)
        counted_at = 0.0
        with bar:
            task = bar.add_task("crawling", total=None, **self.numbers())
            while True:
                if time.monotonic() - counted_at > DUE_COUNT_SECONDS:
                    await self._count_due()
                    counted_at = time.monotonic()
                n = self.numbers()
                word = "stopping" if self.run.interrupted else "crawling"
                bar.update(task, description=word, completed=n["pages"], total=self._total, **n)
                await asyncio.sleep(REDRAW_SECONDS)
