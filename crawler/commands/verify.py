"""`morgue verify`: check that files, manifest, records and database agree."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli import output
from crawler.cli.archive_options import standard_output
from crawler.cli.common_options import common_options, folder_to_read
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core import terminal
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.plural import counted, verb

if TYPE_CHECKING:
    from pipelines.verification.findings import Finding, VerificationReport

MAX_FINDINGS_OF_A_KIND = 10  # printed for people; --format json has all
MAX_OBJECTS_NAMED = 20  # tables, views and indexes of others in the database


@click.command()
@click.option("--quick", is_flag=True, help="Check names, sizes, rows and references, without reading WARC files.")
@click.option("-j", "--jobs", type=click.IntRange(1, 1000), metavar="N",
              help="Worker processes (default: one per CPU).")  # fmt: skip
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True,
              help="json: one object with all findings.")  # fmt: skip
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, quick: bool, jobs: int | None, form: str) -> int:
    """Check that files, manifest, records and database agree; list every problem.

    Finds flipped bits, truncated files, files that are missing, swapped or extra, records that do not match their
    digests, references to missing records, and database rows without a record. For each finding it names the file, the
    offset in it and the next step. It only reads, and can run during a crawl.

    Exit code 0: no problem was found. 7: at least one problem was found. docs/verifying.md explains the checks and the
    standards that they follow.
    """
    # A terminated verification must end its worker processes, as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    from crawler.cli.old_databases import description, old_databases
    from crawler.cli.progress_bar import bar
    from pipelines.verification.verify import verify

    archive = folder_to_read(ctx).path
    with bar("verifying") as progress:
        report = verify(archive, quick=quick, jobs=jobs, progress=progress)
    with standard_output():
        if form == "json":
            click.echo(output.json_text(_object(archive, report)))
        else:
            for line in lines(report, output.terminal_width(sys.stdout), styled=output.supports_style(sys.stdout)):
                click.echo(line)
            if report.well and not quick:
                for path in old_databases(archive):
                    note = f"no longer needed: {description(path)}, which a rebuild put aside; you can delete it"
                    click.echo(terminal.plain(note))
    return 0 if report.well else ArchiveDamaged.exit_code


def lines(report: VerificationReport, room: int, *, styled: bool) -> Iterator[str]:
    """Yield the findings for people by kind, each with place, problem and next step, and then the summary."""
    bold, dim, reset = (output.BOLD, output.DIM, output.RESET) if styled else ("", "", "")
    kinds: dict[str, list[Finding]] = {}
    for finding in report.findings.listed:
        kinds.setdefault(finding.kind, []).append(finding)
    for kind, listed in kinds.items():
        for finding in listed[:MAX_FINDINGS_OF_A_KIND]:
            yield bold + terminal.plain(finding.place) + reset
            yield from (f"  {line}" for line in terminal.wrap(terminal.plain(f"{kind}: {finding.what}"), room - 2))
        if more := report.findings.of_kind(kind) - min(len(listed), MAX_FINDINGS_OF_A_KIND):
            yield f"and {more:,} more of this kind (--format json lists all)"
        yield from (f"  {dim}{line}{reset}" for line in terminal.wrap(f"next: {listed[0].next_step}", room - 2))
    total = report.findings.counts.total()
    if total:
        yield ""
    for name in report.writing:
        yield f"{terminal.plain(name)} is being written; it was checked up to its last complete record"
    for sentence in report.left_out:
        yield f"not checked: {sentence}"
    if report.not_ours:
        rest = ["..."] if len(report.not_ours) > MAX_OBJECTS_NAMED else []
        yield f"not ours, and left alone: {', '.join([*report.not_ours[:MAX_OBJECTS_NAMED], *rest])}"
    if report.undigested:
        records = counted(report.undigested, "record")
        yield f"{records} {verb(report.undigested, 'has', 'have')} no block digest to check"
    yield _summary(report, total)


def _summary(report: VerificationReport, total: int) -> str:
    files = counted(report.files, "file")
    size = f"{report.bytes / 1e6:,.1f} MB"
    result = counted(total, "finding") if total else "all is well"
    if report.quick:
        return f"{files}, {counted(report.captures, 'capture')} in the database, {size}, files not read: {result}"
    speed = f"{report.seconds:.1f} s, {report.bytes / 1e6 / max(report.seconds, 1e-3):.0f} MB/s"
    return f"{files}, {counted(report.records, 'record')}, {size} in {speed}: {result}"


def _object(archive: Path, report: VerificationReport) -> dict[str, Any]:
    """Return the report as JSON."""
    from crawler.cli.old_databases import disk_bytes, old_databases

    return {
        "archive": str(archive),
        "well": report.well,
        "quick": report.quick,
        "files": report.files,
        "records": None if report.quick else report.records,
        "captures": report.captures,
        "bytes": report.bytes,
        "undigested": report.undigested,
        "seconds": round(report.seconds, 3),
        "being_written": report.writing,
        "not_checked": report.left_out,
        "not_ours": report.not_ours,
        "put_aside": [{"file": path.name, "bytes": disk_bytes(path)} for path in old_databases(archive)],
        "findings": [
            {"file": one.file, "offset": one.offset, "kind": one.kind, "what": one.what, "next": one.next_step}
            for one in report.findings.listed
        ],
        "unlisted": [
            {"file": file, "kind": kind, "count": count}
            for (file, kind), count in sorted(report.findings.unlisted.items())
        ],
    }
