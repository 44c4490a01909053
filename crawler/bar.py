"""A bar for work whose size is known, on a terminal only; in a pipe there is nothing to see."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK = 0.1  # seconds between redraws


@contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show `words` and a bar; the function that is handed out takes bytes done and bytes in all."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TextColumn("left"))
    shown = Progress(TextColumn(words), *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    drawn = 0.0
    with shown:
        task = shown.add_task(words, total=None)

        def tell(done: int, total: int) -> None:
            nonlocal drawn
            if time.monotonic() - drawn >= TICK:
                shown.update(task, completed=done, total=total)
                drawn = time.monotonic()

        yield tell
