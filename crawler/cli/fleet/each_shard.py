"""Run a command for one archive once for each shard of a fleet, and make one answer and one exit code of them.

What a run prints is printed under the name of its shard.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import click

from crawler.cli.common_options import SHARD_VARIABLE, WholeFleet
from crawler.cli.fleet.list_report import ListReport
from crawler.cli.fleet.progress import ShardProgress
from crawler.cli.fleet.routes import FleetRoute, route_of
from crawler.cli.fleet.shard_item import words_of_shard
from crawler.cli.fleet.shard_processes import Run, ShardAnswer, in_processes, on_terminal
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
from pipelines.fleet.layout import FleetFolder

RUN_SHARD = "crawler.cli.fleet.shard_item:run_shard"  # what a Dask worker runs
COPY_OF_SHARD = "crawler.cli.fleet.shard_item:copies_of_shards"  # by which the workers with the newest copy have it
GRAVE = (DiskFull, NotWritable, DiskFailing, ArchiveDamaged)  # their exit codes count, whatever other shards say
SAID_AT_END = (NotFound.exit_code, ConfigError.exit_code)


def run_on_fleet(error: WholeFleet, run: Run) -> int:
    """Run the command that met a whole fleet for each shard that it is about; return the exit code.

    Raises WholeFleet if the command cannot be run so, ConfigError for arguments that make no sense on a fleet.
    """
    ctx, place = error.ctx, place_of_shards(error.ctx)
    words = words_for_elsewhere(words_of_shard(sys.argv[1:]), ctx.params) if place.on else []
    with kept_input(ctx.params) as typed:
        route, shards = _route_and_shards(error, place)
        if route.names_one and len(shards) == 1:
            os.environ[SHARD_VARIABLE] = str(shards[0])
            return run()
        if route.is_asking:
            return exit_code({number: on_terminal(run, number) for number in shards})
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


def _route_and_shards(error: WholeFleet, place: WorkPlace) -> tuple[FleetRoute, list[int]]:
    """Return how the command runs, and the shards of this part that it is about. Raises WholeFleet, ConfigError."""
    found = route_of(error.ctx.command_path.partition(" ")[2], error.ctx.params, error.fleet)
    if found is None:
        raise error
    route, shards = found
    if place.on and (route.is_asking or route.is_lasting):
        raise ConfigError(f"--on {place.on}", "this command runs on this machine", "leave --on out")
    return route, [number for number in shards if place.part is None or place.part.has(number)]


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
