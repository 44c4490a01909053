"""Show the progress of work whose size is known: a bar on a terminal, in a pipe nothing or a line every ten seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

REDRAW_SECONDS = 0.1  # seconds between redraws
LINE_SECONDS = 10.0  # seconds between lines in a pipe


def clock(seconds: float) -> str:
    """Return a duration as clocks show it: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show `words` and a bar on a terminal. The function that is yielded takes the bytes done and the bytes in all."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TextColumn("left"))
    shown = Progress(TextColumn(words), *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    drawn = 0.0
    with shown:
        task = shown.add_task(words, total=None)

        def update(done: int, total: int) -> None:
            nonlocal drawn
            if time.monotonic() - drawn >= REDRAW_SECONDS:
                shown.update(task, completed=done, total=total)
                drawn = time.monotonic()

        yield update


class StepProgress:
    """Show the progress of work in steps. Call it with (step, done, total); a new step begins a new bar.

    On a terminal it draws a bar, elsewhere it prints a line every ten seconds. It is a context manager.
    """

    def __init__(self, *, terminal: bool | None = None) -> None:
        self.terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar: Any = None
        self._task: Any = None
        self._step, self._began = "", time.monotonic()
        self._updated = self._began

    def __enter__(self) -> StepProgress:
        if self.terminal:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Note that `done` of `total` parts of this step are done."""
        now = time.monotonic()
        if self._bar is not None:
            if step != self._step:
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task, self._step = self._bar.add_task(step, total=total), step
            elif now - self._updated < REDRAW_SECONDS and done < total:
                return
            self._bar.update(self._task, completed=done, total=total)
            self._updated = now
        elif now - self._updated >= LINE_SECONDS:
            print(f"{step}: {done:,} of {total:,}, {clock(now - self._began)} elapsed", file=sys.stderr, flush=True)
            self._updated = now
