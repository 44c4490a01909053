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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

import click

from crawler.cli.common_options import SHARD_VARIABLE, WholeFleet
from crawler.cli.fleet.list_report import ListReport
from crawler.cli.fleet.progress import ShardProgress
from crawler.cli.fleet.routes import route_of
from crawler.cli.fleet.shard_item import words_of_shard
from crawler.cli.fleet.typed_files import kept_input, read_from, words_for_elsewhere
from crawler.cli.fleet.work_options import place_of_shards, seconds_of_shard
from crawler.work.values import WorkItem, WorkPlace
from pipelines.core.errors import (
    INTERRUPTED,
    ArchiveDamaged,
    ArchiveLocked,
    ConfigError,
    DiskFailing,
    DiskFull,
    MorgueError,
    NotFound,
    NotWritable,
)
from pipelines.core.worker_pool import signal_with_parent
from pipelines.fleet.layout import FleetFolder

READ_BYTES = 1 << 16
SIGNALS = (signal.SIGINT, signal.SIGTERM)
RUN_SHARD = "crawler.cli.fleet.shard_item:run_shard"  # what a Dask worker runs
COPY_OF_SHARD = "crawler.cli.fleet.shard_item:copies_of_shards"  # by which the workers with the newest copy have it
GRAVE = (DiskFull, NotWritable, DiskFailing, ArchiveDamaged)  # their exit codes count, whatever other shards say
SAID_AT_END = (NotFound.exit_code, ConfigError.exit_code)
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


def run_on_fleet(error: WholeFleet, run: Run) -> int:
    """Run the command that met a whole fleet for each shard that it is about; return the exit code.

    Raises WholeFleet if the command cannot be run so, ConfigError for arguments that make no sense on a fleet.
    """
    ctx, place = error.ctx, place_of_shards(error.ctx)
    words = words_for_elsewhere(words_of_shard(sys.argv[1:]), ctx.params) if place.on else []
    with kept_input(ctx.params) as typed:
        found = route_of(ctx.command_path.partition(" ")[2], ctx.params, error.fleet)
        if found is None:
            raise error
        route, shards = found
        if place.part is not None:
            shards = [number for number in shards if place.part.has(number)]
        if place.on and (route.is_asking or route.is_lasting):
            raise ConfigError(f"--on {place.on}", "this command runs on this machine", "leave --on out")
        if route.names_one and len(shards) == 1:
            os.environ[SHARD_VARIABLE] = str(shards[0])
            return run()
        if route.is_asking:
            return exit_code({number: _on_terminal(run, number) for number in shards})
        read_from(typed)  # what found the shards has read it
        report = ListReport(error.fleet, ctx.params, shards) if ctx.params.get("report_file") else None
        is_told = bool(place.on) or (sys.stderr.isatty() and len(shards) > 1 and not route.is_lasting)
        progress = ShardProgress(len(shards), is_told=is_told and not ctx.params.get("quiet"))
        if place.on:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the workers are told to stop, too
            answers = _on_cluster(error.fleet, shards, place, words, seconds_of_shard(ctx), progress)
        else:
            at_once = len(shards) if route.is_lasting else place.workers or route.at_once
            answers = in_processes(partial(run_typed, run, typed), shards, at_once, progress, live=route.is_lasting)
        is_json = ctx.params.get("form") in ("json", "jsonl")
        code = _report(answers, progress, is_live=route.is_lasting, is_json=is_json)
        if report is not None:
            report.write()
    return code


def run_typed(run: Run, typed: str | None) -> int:
    """Run the command with what the user typed, or piped, as standard input."""
    if typed is not None:
        read_from(typed)
    return run()


def _report(answers: Iterable[ShardAnswer], progress: ShardProgress, *, is_live: bool, is_json: bool) -> int:
    """Print what the command printed for each shard, as it comes; return the exit code."""
    done: list[ShardAnswer] = []
    for answer in answers:
        done.append(answer)
        progress.ended(answer.number, answer.code)
        if not (is_json or is_live or answer.code in SAID_AT_END):
            _print(answer)
    code = exit_code({answer.number: answer.code for answer in done})
    if is_json:
        print_json(done)
    elif not is_live and done:
        # A mistake of the user is one, although each shard names it; what another shard knows is no mistake.
        said = {answer.text("out") + answer.text("err") for answer in done}
        if code in SAID_AT_END and (len(said) == 1 or code == NotFound.exit_code):
            sys.stderr.write(done[0].text("err"))
        else:
            for answer in [one for one in done if one.code == ConfigError.exit_code]:
                _print(answer)
    return code


def exit_code(codes: dict[int, int]) -> int:
    """Return the exit code of a command on a fleet, by those of its shards.

    The code that all shards have; else that of an interruption, or of a disk or archive that needs attention. If some
    were locked and the others did their work: that of a locked archive. Else 1. A shard that does not know what another
    one knows has no say. A process that was killed counts as 1.
    """
    found = {code if code >= 0 else MorgueError.exit_code for code in codes.values()}
    if len(found) > 1:
        found.discard(NotFound.exit_code)
    if len(found) == 1:
        return found.pop()
    if INTERRUPTED in found:
        return INTERRUPTED
    if found == {0, ArchiveLocked.exit_code}:
        return ArchiveLocked.exit_code
    grave = [one.exit_code for one in GRAVE if one.exit_code in found]
    return grave[0] if grave else MorgueError.exit_code if found else 0


def _on_cluster(
    fleet: FleetFolder,
    shards: Sequence[int],
    place: WorkPlace,
    words: Sequence[str],
    seconds: float,
    progress: ShardProgress,
) -> Iterator[ShardAnswer]:
    """Yield what Dask workers answer. Raises ConfigError, MorgueError."""
    from crawler.work.map_items import map_items

    same = {"fleet": fleet.id, "path": str(fleet.path), "words": words, "on": place.on}
    arguments = [{"shard": number} | same for number in shards]

    def on_begin(item: WorkItem, where: str) -> None:
        progress.began(item.argument["shard"], where)

    results = map_items(
        RUN_SHARD, arguments, WorkPlace(on=place.on), seconds=seconds, on_begin=on_begin, nearness=COPY_OF_SHARD
    )
    for result in results:
        number = result.item.argument["shard"]
        if result.failure is not None:
            text = f"morgue: the command did not come to its end: {result.failure}\n".encode()
            yield ShardAnswer(number, [("err", text)], MorgueError.exit_code)
        else:
            printed = [(name, result.value[name].encode()) for name in ("out", "err")]
            yield ShardAnswer(number, printed, result.value["code"])


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


def _on_terminal(run: Run, number: int) -> int:
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


def _print(one: ShardAnswer) -> None:
    """Print what the run of a shard printed, under its name."""
    if not any(data for _, data in one.printed):
        return
    click.echo(f"shard {one.number:03}", err=not one.text("out"))
    for stream, data in one.printed:
        click.echo(data, err=stream == "err", nl=False)


def print_json(done: Sequence[ShardAnswer]) -> None:
    """Print one object with what each shard says in JSON."""
    shards: dict[str, Any] = {}
    for one in sorted(done, key=lambda one: one.number):
        sys.stderr.write(one.text("err"))
        if text := one.text("out").strip():
            try:
                shards[f"{one.number:03}"] = json.loads(text)
            except ValueError:
                click.echo(f"morgue: shard {one.number:03}: was killed while it printed its answer", err=True)
    click.echo(json.dumps({"shards": shards}, ensure_ascii=False, indent=2))
