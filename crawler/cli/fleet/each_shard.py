"""Run a command for one archive once for each shard of a fleet, and make one answer and one exit code of them.

Each run is a process that is forked from this one, with the same arguments; the variable MORGUE_SHARD tells it which
shard is meant. What it prints is printed under the name of its shard.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

import click

from crawler.cli.common_options import SHARD_VARIABLE, WholeFleet
from crawler.cli.fleet.routes import FleetRoute, route_of
from pipelines.core.errors import INTERRUPTED, ArchiveDamaged, DiskFailing, DiskFull, MorgueError, NotFound, NotWritable

READ_BYTES = 1 << 16
GRAVE = (DiskFull, NotWritable, DiskFailing, ArchiveDamaged)  # their exit codes count, whatever other shards say
Run = Callable[[], int]  # runs the command again, for the shard that MORGUE_SHARD names; returns its exit code


@dataclass(slots=True)
class ShardRun:
    """Hold the process of one shard, and what it printed so far."""

    number: int
    process: BaseProcess
    pipes: dict[int, str]  # descriptor -> "out" or "err", while open
    printed: list[tuple[str, bytes]] = field(default_factory=list)  # in order: where to, and what
    waiting: dict[str, bytes] = field(default_factory=lambda: {"out": b"", "err": b""})  # the beginning of a line

    def text(self, stream: str) -> str:
        """Return what it printed there."""
        return b"".join(data for name, data in self.printed if name == stream).decode(errors="replace")


def run_on_fleet(error: WholeFleet, run: Run) -> int:
    """Run the command that met a whole fleet for each shard that it is about. Raises WholeFleet if it cannot be run so.

    Return the exit code. Raises ConfigError for arguments that make no sense on a fleet.
    """
    ctx = error.ctx
    found = route_of(ctx.command_path.partition(" ")[2], ctx.params, error.fleet)
    if found is None:
        raise error
    route, shards = found
    is_json = ctx.params.get("form") in ("json", "jsonl") and not route.is_asking
    return run_for_shards(run, route, shards, is_json=is_json)


def run_for_shards(run: Run, route: FleetRoute, shards: Sequence[int], *, is_json: bool) -> int:
    """Run a command for these shards; print what they print, and return the exit code."""
    if route.is_asking:
        return exit_code({number: _on_terminal(run, number) for number in shards})
    done: list[ShardRun] = []
    codes: dict[int, int] = {}
    for shard in _finished(run, shards, len(shards) if route.is_lasting else route.at_once, live=route.is_lasting):
        codes[shard.number] = shard.process.exitcode if shard.process.exitcode is not None else INTERRUPTED
        done.append(shard)
        if not (is_json or route.is_lasting or codes[shard.number] == NotFound.exit_code):
            _print(shard)
    code = exit_code(codes)
    if code == NotFound.exit_code and done:  # no shard knows it: each says so
        sys.stderr.write(done[0].text("err"))
    if is_json:
        _print_json(done)
    return code


def exit_code(codes: dict[int, int]) -> int:
    """Return the exit code of a command on a fleet, by those of its shards.

    The code that all shards have; else that of an interruption, or of a disk or archive that needs attention; else 1. A
    shard that does not know what another one knows has no say. A process that was killed counts as 1.
    """
    found = {code if code >= 0 else MorgueError.exit_code for code in codes.values()}
    if len(found) > 1:
        found.discard(NotFound.exit_code)
    if len(found) == 1:
        return found.pop()
    if INTERRUPTED in found:
        return INTERRUPTED
    grave = [one.exit_code for one in GRAVE if one.exit_code in found]
    return grave[0] if grave else MorgueError.exit_code if found else 0


def _finished(run: Run, shards: Sequence[int], at_once: int, *, live: bool) -> Iterator[ShardRun]:
    """Yield the runs of shards as they end. `live`: print each line when it comes. A signal is passed on to all."""
    waiting, running = list(shards), dict[int, ShardRun]()

    def stop(number: int, _frame: object) -> None:
        waiting.clear()
        for one in running.values():
            with suppress(ProcessLookupError):
                os.kill(one.process.pid or 0, number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                number = waiting.pop(0)
                running[number] = _start(run, number)
            by_pipe = {pipe: one for one in running.values() for pipe in one.pipes}
            for pipe in wait([*by_pipe]):
                assert isinstance(pipe, int)
                _read(by_pipe[pipe], pipe, live=live)
            for one in [one for one in running.values() if not one.pipes]:
                one.process.join()
                del running[one.number]
                yield one
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(run: Run, number: int) -> ShardRun:
    """Start the command for a shard in a process of its own."""
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = multiprocessing.get_context("fork").Process(target=_in_process, args=(run, number, out_end, err_end))
    process.start()
    os.close(out_end)
    os.close(err_end)
    return ShardRun(number, process, {out: "out", err: "err"})


def _in_process(run: Run, number: int, out: int, err: int) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches only the process that passes it on: commands take a second one for impatience
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.default_int_handler)
    for end, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(end, stream.fileno())
        os.close(end)
    _run_as(run, number)


def _on_terminal(run: Run, number: int) -> int:
    """Run the command for a shard in a process that has our terminal; return its exit code."""
    click.echo(f"shard {number:03}", err=True)
    process = multiprocessing.get_context("fork").Process(target=_run_as, args=(run, number))
    process.start()
    process.join()
    return process.exitcode if process.exitcode is not None else INTERRUPTED


def _run_as(run: Run, number: int) -> None:
    os.environ[SHARD_VARIABLE] = str(number)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)


def _read(one: ShardRun, pipe: int, *, live: bool) -> None:
    """Take what a run printed; forget a pipe at its end. `live`: print whole lines."""
    data, stream = os.read(pipe, READ_BYTES), one.pipes[pipe]
    if not live:
        one.printed.append((stream, data))
    else:
        lines = (one.waiting[stream] + data).splitlines(keepends=True)
        one.waiting[stream] = lines.pop() if lines and data and not lines[-1].endswith(b"\n") else b""
        for line in lines:
            click.echo(f"{one.number:03}  {line.decode(errors='replace').rstrip()}", err=stream == "err")
    if not data:
        os.close(pipe)
        del one.pipes[pipe]


def _print(one: ShardRun) -> None:
    """Print what the run of a shard printed, under its name."""
    if not any(data for _, data in one.printed):
        return
    click.echo(f"shard {one.number:03}", err=not one.text("out"))
    for stream, data in one.printed:
        click.echo(data, err=stream == "err", nl=False)


def _print_json(done: Sequence[ShardRun]) -> None:
    """Print one object with what each shard says in JSON."""
    shards: dict[str, Any] = {}
    for one in sorted(done, key=lambda one: one.number):
        sys.stderr.write(one.text("err"))
        if text := one.text("out").strip():
            shards[f"{one.number:03}"] = json.loads(text)
    click.echo(json.dumps({"shards": shards}, ensure_ascii=False, indent=2))
