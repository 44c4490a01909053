"""Do what `morgue import --in-place` does: run it, tell of each file, and sum up."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import overrides_of, settings_folder_of
from crawler.cli.crawl_summary import size
from pipelines.core.errors import INTERRUPTED, NoArchive
from pipelines.core.plural import counted
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.lake.lake_run import LakeReport
    from crawler.work.values import WorkPlace, WorkResult
    from pipelines.importing.adopt import ImportFilter

READINGS_FOLDER = "readings"  # in the archive folder
MAX_FAILURES_NAMED = 20
MAX_REASONS_NAMED = 5


def import_in_place(
    ctx: click.Context,
    addresses: tuple[str, ...],
    chosen: ImportFilter,
    languages: tuple[str, ...],
    output: str | None,
    place: WorkPlace,
    *,
    retry_failed: bool,
    form: str,
    quiet: bool,
) -> int:
    """Read a lake, and return the exit code. Raises MorgueError."""
    from crawler.config.models import ExtractSettings, load
    from crawler.lake.lake_run import LakeChoice, LakeRun
    from crawler.lake.places import UNNAMED, BucketServer

    try:
        folder = settings_folder_of(ctx)  # of a fleet, one folder of readings
        config = load(folder, overrides_of(ctx))
        limits, output = config.extract, output or str(folder.path / READINGS_FOLDER)
        server = BucketServer(config.storage.endpoint, config.storage.allow_http)
    except NoArchive:
        if output is None:
            raise
        limits, server = ExtractSettings(), UNNAMED
    choice = LakeChoice(filters_as_json(chosen), languages, limits.cpu_seconds, int(limits.memory))
    run, is_interrupted = LakeRun(addresses, output, choice, place, retry_failed=retry_failed, server=server), False
    try:
        for task, result in run.results():
            if form == "text" and not quiet:
                click.echo(plain(file_line(task.address, result)))
    except KeyboardInterrupt:
        is_interrupted = True
    if form == "json":
        told = asdict(run.report) | {"output": output, "outcome": "interrupted" if is_interrupted else "finished"}
        text = json.dumps(told, ensure_ascii=False, indent=2)
        click.echo(text.encode(errors="backslashreplace"))  # an address that is no text
    elif not quiet or run.report.failures:
        for line in summary_lines(run.report, output):
            click.echo(plain(line), err=quiet)
    if is_interrupted:
        click.echo("interrupted: finished files are kept; the same command goes on from here", err=True)
        return INTERRUPTED
    return 1 if run.report.failures else 0


def filters_as_json(chosen: ImportFilter) -> dict[str, Any]:
    """Return the filters that are set, as JSON can hold them."""
    values = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(chosen).items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def file_line(address: str, result: WorkResult) -> str:
    """Return what came of one file."""
    from crawler.lake.lake_run import why_failed

    if result.failure is not None:
        return f"failed: {shown(address)}: {why_failed(address, result.failure)}"
    readings, records = counted(result.value["readings"], "article"), counted(result.value["records"], "record")
    wrong = f"; {result.value['why']}" if result.value["why"] else ""
    return f"{shown(address)}: {readings} in {records}{wrong}"


def shown(address: str) -> str:
    """Return an address on one line."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in address)


def summary_lines(report: LakeReport, output: str) -> list[str]:
    """Return the summary for people."""
    totals = report.totals
    before = f", {report.done_before:,} done before" if report.done_before else ""
    lines = [
        f"{counted(report.files, 'file')}: {report.read:,} read{before}, {len(report.failures):,} with failures",
        f"{counted(totals['readings'], 'article')} in {counted(totals['records'], 'record')}, written to {output}",
    ]
    if totals["bytes"] < report.bytes:
        lines.append(f"CDXJ indexes said where: {size(totals['bytes'])} were read of {size(report.bytes)}")
    lines += report.notes[:MAX_FAILURES_NAMED]
    if totals["other_language"]:
        lines.append(f"  {totals['other_language']:>9,}  in another language")
    reasons = sorted(report.nothing.items(), key=lambda one: -one[1])[:MAX_REASONS_NAMED]
    lines += [f"  {count:>9,}  without an article: {reason}" for reason, count in reasons]
    lines += [f"failed: {shown(address)}: {why}" for address, why in report.failures[:MAX_FAILURES_NAMED]]
    if (more := len(report.failures) - MAX_FAILURES_NAMED) > 0:
        lines.append(f"failed: {counted(more, 'more file')} (--format json lists them)")
    if report.failed_before:
        lines.append(f"{counted(report.failed_before, 'file')} failed before: --retry-failed reads them again")
    return lines
