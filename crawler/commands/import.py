"""`morgue import`: anybody's WARC, ARC and WACZ files into the archive."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports.terminal import plain
from pipelines.core.errors import ConfigError, QueryError
from pipelines.core.plural import counted
from pipelines.database.filters import parse_day

if TYPE_CHECKING:
    from crawler.engine.crawl import CrawlOutcome
    from crawler.engine.import_run import ImportRun
    from pipelines.importing.adopt import ImportFilter
    from pipelines.importing.job import ImportReport

NAMED = 20  # damages that the summary for people names
OUTCOMES = ("new", "edited", "unchanged", "duplicate")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE|DIR|LIST...")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Only records of this host. Repeatable.")
@click.option("--domain", "domains", multiple=True, metavar="DOMAIN",
              help="Only records of this domain and whatever is below it. Repeatable.")  # fmt: skip
@click.option("--since", metavar="DATE", help="Captured then or later: 2024, 2024-03, 2024-03-09 (UTC).")
@click.option("--until", metavar="DATE", help="Captured then or earlier; the named year, month or day counts.")
@click.option("--mime", "mimes", multiple=True, metavar="TYPE",
              help="Only answers of this media type: text/html, or image/ for all images. Repeatable.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="json: the summary as one object.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong.")
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    hosts: tuple[str, ...],
    domains: tuple[str, ...],
    since: str | None,
    until: str | None,
    mimes: tuple[str, ...],
    form: str,
    quiet: bool,
) -> int:
    """Copy other people's captures into the archive, and read the articles in them.

    FILE is WARC (.warc, .warc.gz, .warc.zst), ARC or WACZ, by whatever tool: wget, Heritrix, Browsertrix,
    scrapy-webarchive, Common Crawl. DIR is searched for such files with all its subfolders; LIST is a text file (or -
    for standard input) that names some, one a line. Nothing is fetched, and the files stay as they are.

    \b
    morgue import theirs.warc.gz more/                      files, folders
    morgue import --domain paper.example CC-NEWS-*.gz       one paper out of many
    find /data -name '*.wacz' | morgue import -             a list

    Options of different kinds must all hold; of one that is repeated, any. The same import twice changes nothing.
    After Ctrl-C (or SIGTERM), or a kill, the same command goes on from there.

    Exit code 1: a file is damaged, or holds no record; all else was imported, and the summary says what was not. 2: an
    argument is wrong (no such file, a list or folder that names none), and nothing was done.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = the_folder(ctx)

    from crawler.config.models import load
    from crawler.engine.import_run import ImportRun, files_of

    chosen = chosen_of(hosts, domains, since, until, mimes)
    paths = files_of(files, sys.stdin)
    job = ImportRun(load(folder, the_overrides(ctx)), paths, chosen, " ".join(sys.argv[1:]))
    import asyncio  # 20 ms that `morgue --help` need not pay

    if not quiet and form == "text":
        for line in job.context.archive_writer.recovery_messages:
            click.echo(line)
    ending = asyncio.run(job.run(bar=not quiet and sys.stderr.isatty()))
    tell(job, ending, form=form, quiet=quiet)
    return ending.exit_code


def chosen_of(
    hosts: tuple[str, ...], domains: tuple[str, ...], since: str | None, until: str | None, mimes: tuple[str, ...]
) -> ImportFilter:
    """The filters, checked. Raises ConfigError, QueryError."""
    from pipelines.importing.adopt import ImportFilter

    first, last = parse_day("--since", since, last=False), parse_day("--until", until, last=True)
    if first and last and first > last:
        raise QueryError(f"--since {since} --until {until}", "ends before it begins", "swap the two")
    for mime in mimes:
        if "/" not in mime:
            raise ConfigError(f"--mime {mime}", "is no media type", "say text/html, or image/ for all images")
    return ImportFilter(
        frozenset(named("--host", text) for text in hosts),
        frozenset(named("--domain", text) for text in domains),
        first,
        last,
        tuple(mime.strip().lower().removesuffix("*") for mime in mimes),
    )


def named(option: str, text: str) -> str:
    """A host name as typed. Raises ConfigError."""
    from pipelines.core.urls import host_of

    try:
        if "/" in text:
            raise ValueError
        return host_of(f"http://{text.strip('.')}/")
    except ValueError:
        raise ConfigError(f"{option} {text}", "is no host name", f"say e.g. {option} paper.example") from None


def tell(job: ImportRun, ending: CrawlOutcome, *, form: str, quiet: bool) -> None:
    """The closing summary on stdout; with --quiet only if something is wrong, and on stderr."""
    if form == "json":
        click.echo(json.dumps(as_dict(job.report, ending.word), ensure_ascii=False, indent=2))
    elif not (quiet and ending.exit_code == 0):
        for line in lines(job.report):
            click.echo(plain(line), err=quiet)
    if ending.error is not None:
        click.echo(f"morgue: {ending.error}", err=True)
    elif ending.word == "interrupted":
        click.echo("interrupted: what was filed is kept; the same command goes on from here", err=True)
    elif form == "text" and not quiet:
        click.echo(ending.word)


def lines(report: ImportReport) -> list[str]:
    """The summary for people."""
    from pipelines.importing.grouping import CLASH

    told = [f"{counted(report.files, 'file')}, {counted(report.records, 'record')}, {report.kept:,} kept"]
    told += by_reason("passed over", report.passed)
    if report.passed[CLASH]:
        told.append("  these are not in the archive: give them ids of their own in a copy of the file, and import that")
    articles = ", ".join(f"{report.articles[word]:,} {word}" for word in OUTCOMES if report.articles[word])
    told.append(f"articles: {articles or 'none'}")
    told += by_reason("nothing to read", report.nothing)
    told += [f"nothing in {file}: {why}\n  {cure}" for file, why, cure in report.empty]
    told += report.notes
    told += [f"damaged: {file} at byte {offset:,}: {why}" for file, offset, why in report.damages[:NAMED]]
    if report.damaged > NAMED:
        told.append(f"damaged: {counted(report.damaged - NAMED, 'more place')} (--format json names them)")
    return told


def by_reason(what: str, reasons: Counter[str]) -> list[str]:
    """A line a reason, the most frequent first."""
    return [f"  {number:>9,}  {what}: {why}" for why, number in reasons.most_common()]


def as_dict(report: ImportReport, outcome: str) -> dict[str, Any]:
    """The summary for programs."""
    return {
        "outcome": outcome,
        "files": report.files,
        "records": report.records,
        "kept": report.kept,
        "passed": dict(report.passed),
        "articles": {word: report.articles[word] for word in OUTCOMES},
        "nothing": dict(report.nothing),
        "empty": [{"file": file, "why": why, "next": cure} for file, why, cure in report.empty],
        "notes": report.notes,
        "damaged": report.damaged,
        "damages": [place._asdict() for place in report.damages],
    }
