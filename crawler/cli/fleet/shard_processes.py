"""Run a command for one shard after another in processes that are forked from this one.

Each has the same arguments; the variable MORGUE_SHARD tells it which shard is meant.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import click

from crawler.cli.common_options import SHARD_VARIABLE
from crawler.cli.fleet.progress import ShardProgress
from crawler.cli.fleet.typed_files import read_from
from pipelines.core.errors import INTERRUPTED
from pipelines.core.worker_pool import signal_with_parent

READ_BYTES = 1 << 16
SIGNALS = (signal.SIGINT, signal.SIGTERM)
Run = Callable[[], int]  # runs the command again, for the shard that MORGUE_SHARD names; returns its exit code


@dataclass(slots=True)
class ShardAnswer:
    """Hold what the command printed for one shard, and its exit code."""

    number: int
    printed: list[tuple[str, bytes]] = field(default_factory=list)  # in order: "out" or "err", and what
    code: int = INTERRUPTED

    def text(self, stream: str) -> str:
        """Return what it printed there."""
        return b"".join(data for name, data in self.printed if name == stream).decode(errors="replace")


@dataclass(slots=True)
class ShardRun:
    """Hold the process of one shard."""

    answer: ShardAnswer
    process: BaseProcess
    pipes: dict[int, str]  # descriptor -> "out" or "err", while open
    waiting: dict[str, bytes] = field(default_factory=lambda: {"out": b"", "err": b""})  # the beginning of a line


def in_processes(
    run: Run, shards: Sequence[int], at_once: int, progress: ShardProgress | None = None, *, live: bool
) -> Iterator[ShardAnswer]:
    """Yield what processes of ours answer, as they end. `live`: print each line when it comes.

    A signal is passed on to all of them; shards that did not begin are interrupted, too.
    """
    waiting, running, left = list(shards), dict[int, ShardRun](), list[int]()

    def stop(number: int, _frame: object) -> None:
        left.extend(waiting)
        waiting.clear()
        for one in running.values():
            with suppress(ProcessLookupError):
                os.kill(one.process.pid or 0, number)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until `stop` knows of the process
                number = waiting.pop(0)
                running[number] = _start(run, number)
                if progress is not None:
                    progress.began(number)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            by_pipe = {pipe: one for one in running.values() for pipe in one.pipes}
            for pipe in wait([*by_pipe]):
                assert isinstance(pipe, int)
                _read(by_pipe[pipe], pipe, live=live)
            for one in [one for one in running.values() if not one.pipes]:
                one.process.join()
                del running[one.answer.number]
                one.answer.code = one.process.exitcode if one.process.exitcode is not None else INTERRUPTED
                yield one.answer
        yield from map(ShardAnswer, left)
    finally:
        stop(signal.SIGTERM, None)  # only if nobody wants the answers any more
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(run: Run, number: int) -> ShardRun:
    """Start the command for a shard in a process of its own."""
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = multiprocessing.get_context("fork").Process(
        target=_in_process, args=(run, number, out_end, err_end, os.getpid())
    )
    process.start()
    os.close(out_end)
    os.close(err_end)
    return ShardRun(ShardAnswer(number), process, {out: "out", err: "err"})


def _in_process(run: Run, number: int, out: int, err: int, parent: int) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches only the process that passes it on: commands take a second one for impatience
    for end, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(end, stream.fileno())
        os.close(end)
    _run_as(run, number, parent)


def on_terminal(run: Run, number: int) -> int:
    """Run the command for a shard in a process that has our terminal; return its exit code."""
    click.echo(f"shard {number:03}", err=True)

    def run_asking() -> int:
        read_from(None)  # the answers of the user; multiprocessing has closed it
        return run()

    process = multiprocessing.get_context("fork").Process(target=_run_as, args=(run_asking, number, os.getpid()))
    process.start()
    process.join()
    return process.exitcode if process.exitcode is not None else INTERRUPTED


def _run_as(run: Run, number: int, parent: int) -> None:
    for signal_number in SIGNALS:
        signal.signal(signal_number, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    signal_with_parent(signal.SIGTERM, parent)  # else a watch would go on for ever, with nobody to stop it
    os.environ[SHARD_VARIABLE] = str(number)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def _read(one: ShardRun, pipe: int, *, live: bool) -> None:
    """Take what a run printed; forget a pipe at its end. `live`: print whole lines."""
    data, stream = os.read(pipe, READ_BYTES), one.pipes[pipe]
    if not live:
        one.answer.printed.append((stream, data))
    else:
        lines = (one.waiting[stream] + data).splitlines(keepends=True)
        one.waiting[stream] = lines.pop() if lines and data and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            click.echo(f"{one.answer.number:03}  {line.decode(errors='replace').rstrip()}", err=stream == "err")
    if not data:
        os.close(pipe)
        del one.pipes[pipe]
