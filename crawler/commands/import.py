"""`morgue import`: copy WARC, ARC and WACZ files of any origin into the archive."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import common_options, fleet_of, folder_of, is_one_of_all, overrides_of
from crawler.cli.fleet.work_options import keep_place
from crawler.cli.left_out import reasons_text
from crawler.cli.log_options import log_options
from crawler.cli.working.options import place_of, work_options
from pipelines.core.errors import ConfigError, QueryError
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database.query_language.days import parse_day

if TYPE_CHECKING:
    from crawler.engine.crawl import CrawlOutcome
    from crawler.engine.import_run import ImportRun
    from pipelines.importing.adopt import ImportFilter
    from pipelines.importing.job import ImportReport
    from pipelines.importing.wacz_package import PackageCheck

MAX_DAMAGES_NAMED = 20  # damages that the summary for people names
MAX_URL_CHARS_SHOWN = 120
OUTCOMES = ("new", "edited", "unchanged", "duplicate")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE|DIR|LIST|s3://...")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Only records of this host. Repeatable.")
@click.option("--domain", "domains", multiple=True, metavar="DOMAIN",
              help="Only records of this domain and its subdomains. Repeatable.")  # fmt: skip
@click.option(
    "--since",
    metavar="DATE",
    help="Captured on or after DATE: 2024, 2024-03, 2024-03-09, yesterday, '7 days ago' (UTC).",
)
@click.option("--until", metavar="DATE", help="Captured on or before DATE; a year or month counts as a whole.")
@click.option("--mime", "mimes", multiple=True, metavar="TYPE",
              help="Only responses of this media type: text/html, or image/ for all images. Repeatable.")  # fmt: skip
@click.option("--keep-mismatched", is_flag=True,
              help="Also keep records whose block does not match its digest although no checksum of a gzip member says "
                   "that it is whole. They are marked.")  # fmt: skip
@click.option("--in-place", is_flag=True,
              help="Copy nothing: write the articles of FILE, DIR, pattern or s3://BUCKET/PREFIX as Parquet "
                   "(docs/lakes.md).")  # fmt: skip
@click.option("--from-readings", is_flag=True,
              help="FILE is Parquet of --in-place, or a folder or s3://BUCKET/PREFIX of it: import the captures that "
                   "its rows name.")  # fmt: skip
@click.option("--output", metavar="DIR|s3://...",
              help="With --in-place: where the Parquet files go (default: readings/ in the archive).")  # fmt: skip
@click.option("--language", "languages", multiple=True, metavar="CODE",
              help="With --in-place or --from-readings: only articles in this language: de. Repeatable.")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="With --in-place: read again the files that failed before.")
@work_options
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="json: the summary as one object.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong.")
@common_options
@log_options
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    hosts: tuple[str, ...],
    domains: tuple[str, ...],
    since: str | None,
    until: str | None,
    mimes: tuple[str, ...],
    keep_mismatched: bool,
    in_place: bool,
    from_readings: bool,
    output: str | None,
    languages: tuple[str, ...],
    retry_failed: bool,
    on: str | None,
    part: str | None,
    workers: int | None,
    form: str,
    quiet: bool,
) -> int:
    """Copy captures made by other programs into the archive, and read the articles in them.

    FILE is a WARC (.warc, .warc.gz, .warc.zst), ARC or WACZ file, written by any tool: wget, Heritrix, Browsertrix,
    scrapy-webarchive, Common Crawl. DIR is searched for such files, its subfolders included. LIST is a text file
    (- for standard input) with one file name per line. Nothing is fetched, and the files are not changed.

    \b
    morgue import theirs.warc.gz more/                      files, folders
    morgue import --domain paper.example CC-NEWS-*.gz       one paper out of many
    find /data -name '*.wacz' | morgue import -             a list

    A record is imported if it matches every filter given; of a repeated filter, one value is enough. What is wrong with
    a record that is imported all the same is counted, and kept as a mark on it. Importing a file twice changes
    nothing. After Ctrl-C, SIGTERM or a kill, run the same command again: it goes on where it stopped.

    Into a fleet, each shard reads the files and takes the captures of its own sites. --workers, --part and --on then
    count shards.

    Exit code 1: a file is damaged, holds no record, or is a WACZ that is not what it says of itself, or the archive has
    lost a WARC file; everything else was imported, and the summary says what was not. 2: an argument is wrong (the file
    does not exist, the list or folder names no file); nothing was done.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = replace(import_filter(hosts, domains, since, until, mimes), mismatched=keep_mismatched)
    if in_place and from_readings:
        raise ConfigError("--in-place and --from-readings", "exclude each other", "read the lake first, then import")
    if in_place:
        from crawler.cli.working.lake import import_in_place

        return import_in_place(
            ctx, files, chosen, languages, output, place_of(on, part, workers),
            retry_failed=retry_failed, form=form, quiet=quiet,
        )  # fmt: skip
    if output or (languages and not from_readings) or retry_failed:
        raise ConfigError("--output, --language, --retry-failed", "belong to --in-place", "add --in-place")
    if on or part or workers:
        if not is_one_of_all(ctx) and fleet_of(ctx) is None:
            cause = "belong to --in-place, or to a fleet"
            raise ConfigError("--on, --part, --workers", cause, "add --in-place, or leave them out")
        keep_place(ctx, on=on, part=part, at_once=workers)
    folder = folder_of(ctx)

    from crawler.cli.fleet.routes import pages_of_shard
    from crawler.config.models import load
    from crawler.engine.import_run import ImportRun, files_of

    config = load(folder, overrides_of(ctx))
    chosen = replace(chosen, is_own=pages_of_shard(folder))
    if from_readings:
        from crawler.lake.places import BucketServer
        from crawler.lake.readings import chosen_files

        if mimes:
            raise ConfigError("--mime and --from-readings", "exclude each other", "readings are of pages only")
        paths: Any = chosen_files(
            files, chosen, languages, BucketServer(config.storage.endpoint, config.storage.allow_http)
        )
        chosen = replace(import_filter((), (), None, None, ()), mismatched=keep_mismatched, is_own=chosen.is_own)
    else:
        paths = files_of(files, sys.stdin)
    job = ImportRun(config, paths, chosen, " ".join(sys.argv[1:]))
    import asyncio  # 20 ms that `morgue --help` need not pay

    if job.lost_files.warning:  # also with --quiet
        click.echo(job.lost_files.warning, err=True)
    if not quiet and form == "text":
        for line in job.context.archive_writer.recovery_messages:
            click.echo(line)
    ending = asyncio.run(job.run(bar=not quiet and sys.stderr.isatty()))
    report_ending(job, ending, form=form, quiet=quiet)
    return ending.exit_code


def import_filter(
    hosts: tuple[str, ...], domains: tuple[str, ...], since: str | None, until: str | None, mimes: tuple[str, ...]
) -> ImportFilter:
    """Return the filters, checked. Raises ConfigError, QueryError."""
    from pipelines.importing.adopt import ImportFilter

    first, last = parse_day("--since", since, last=False), parse_day("--until", until, last=True)
    if first and last and first > last:
        raise QueryError(f"--since {since} --until {until}", "ends before it begins", "give --since the earlier day")
    for mime in mimes:
        if "/" not in mime:
            raise ConfigError(f"--mime {mime}", "is not a media type", "say text/html, or image/ for all images")
    return ImportFilter(
        frozenset(host_name("--host", text) for text in hosts),
        frozenset(host_name("--domain", text) for text in domains),
        first,
        last,
        tuple(mime.strip().lower().removesuffix("*") for mime in mimes),
    )


def host_name(option: str, text: str) -> str:
    """Return a host name as typed, without dots around it. Raises ConfigError."""
    from pipelines.core.urls import host_of

    try:
        if "/" in text:
            raise ValueError
        return host_of(f"http://{text.strip('.')}/")
    except ValueError:
        raise ConfigError(f"{option} {text}", "is not a host name", f"say e.g. {option} paper.example") from None


def report_ending(job: ImportRun, ending: CrawlOutcome, *, form: str, quiet: bool) -> None:
    """Print the summary on stdout; with --quiet only if something is wrong, and on stderr."""
    if form == "json":
        click.echo(json.dumps(as_dict(job.report, ending.word), ensure_ascii=False, indent=2))
    elif not (quiet and ending.exit_code == 0):
        for line in lines(job.report):
            click.echo(plain(line), err=quiet)
    if ending.error is not None:
        click.echo(f"morgue: {ending.error}", err=True)
    elif ending.word == "interrupted":
        click.echo("interrupted: everything imported is kept; the same command goes on from here", err=True)
    elif form == "text" and not quiet:
        click.echo(ending.word)


def lines(report: ImportReport) -> list[str]:
    """Return the summary for people."""
    from pipelines.importing.grouping import ID_CLASH, LOST_HERE

    summary = [f"{counted(report.files, 'file')}, {counted(report.records, 'record')}, {report.kept:,} copied"]
    summary += by_reason("skipped", report.passed)
    if report.passed[ID_CLASH]:
        summary.append("  these are not in the archive: give them new ids in a copy of the file, and import the copy")
    if report.passed[LOST_HERE]:
        summary.append("  restore that file from a copy; without a copy, run `morgue rebuild`, then this import again")
    articles = ", ".join(f"{report.articles[word]:,} {word}" for word in OUTCOMES if report.articles[word])
    summary.append(f"articles: {articles or 'none'}")
    summary += by_reason("in the place of an article", report.instead)
    summary += by_reason("without an article", report.nothing)
    if pages := report.by_shape.total():
        shapes = verb(pages, "its address", "their addresses")
        reasons = reasons_text(report.by_shape, report.shape_examples)
        summary.append(f"left out: {counted(pages, 'page')} by the shape of {shapes}: {reasons}")
        summary.append(
            "  kept, but not read: to read such pages, set `include` in the file of their source before importing"
        )
    summary += by_reason("marked", report.flaws)
    summary += [f"nothing in {file}: {why}\n  {cure}" for file, why, cure in report.empty]
    summary += report.notes
    summary += damage_lines(report)
    for check in report.packages:
        summary += package_lines(check)
    if (unread := report.unread) is not None:
        what = f"{unread.file}{' (second reading)' if unread.again else ''}"
        summary.append(f"not read to the end: {what}, {unread.offset:,} of {counted(unread.size, 'byte')} were read")
        files = [f"not read: {file}" for file in unread.files[:MAX_DAMAGES_NAMED]]
        more = len(unread.files) - len(files)
        summary += files + ([f"not read: {counted(more, 'more file')}"] if more else [])
    return summary


def package_lines(check: PackageCheck) -> list[str]:
    """Return for people what the check of a WACZ showed."""
    note = f" ({check.signature_note})" if check.signature_note else ""
    parts = counted(check.parts, "part")
    found = [f"{check.file}: {parts} as datapackage.json says; signature: {check.signature}{note}"]
    found += [f"wrong: {check.file}: {problem}" for problem in check.problems[:MAX_DAMAGES_NAMED]]
    more = len(check.problems) - MAX_DAMAGES_NAMED + check.more_problems
    return found + ([f"wrong: {check.file}: {counted(more, 'more problem')}"] if more > 0 else [])


def damage_lines(report: ImportReport) -> list[str]:
    """Return the damaged places for people: the first of them by name, then how much was passed over in all."""
    found = []
    for file, offset, why, skipped, url in report.damages[:MAX_DAMAGES_NAMED]:
        passed = f"; {counted(skipped, 'byte')} passed over" if skipped else ""
        of_record = f" ({url[:MAX_URL_CHARS_SHOWN]})" if url else ""
        found.append(f"damaged: {file} at byte {offset:,}: {why}{passed}{of_record}")
    if report.damaged > MAX_DAMAGES_NAMED:
        listed = "them" if report.damaged == len(report.damages) else f"the first {len(report.damages):,}"
        more = counted(report.damaged - MAX_DAMAGES_NAMED, "more place")
        found.append(f"damaged: {more} (--format json lists {listed})")
    if report.damaged > 1:
        total = counted(report.skipped_bytes, "byte")
        found.append(f"damaged: {counted(report.damaged, 'place')} in all, {total} passed over")
    return found


def by_reason(what: str, reasons: Counter[str]) -> list[str]:
    """Return a line for each reason, the most frequent first."""
    return [f"  {number:>9,}  {what}: {why}" for why, number in reasons.most_common()]


def as_dict(report: ImportReport, outcome: str) -> dict[str, Any]:
    """Return the summary for programs."""
    return {
        "outcome": outcome,
        "files": report.files,
        "records": report.records,
        "kept": report.kept,
        "passed": dict(report.passed),
        "articles": {word: report.articles[word] for word in OUTCOMES},
        "instead": dict(report.instead),
        "nothing": dict(report.nothing),
        "left_out": [
            {"why": why, "pages": number, "example": report.shape_examples[why]}
            for why, number in report.by_shape.most_common()
        ],
        "flaws": dict(report.flaws),
        "empty": [{"file": file, "why": why, "next": cure} for file, why, cure in report.empty],
        "notes": report.notes,
        "damaged": report.damaged,
        "skipped_bytes": report.skipped_bytes,
        "damages": [place._asdict() for place in report.damages],
        "packages": [asdict(check) for check in report.packages],
        "unread": report.unread._asdict() if report.unread else None,
    }
