"""`morgue crawl`: one pass over what is due."""

from __future__ import annotations

import csv
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING

import click

from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports.terminal import plain
from pipelines.core.errors import ArchiveLocked, ConfigError, MorgueError, os_errors
from pipelines.core.plural import counted, verb

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.engine.crawl import CrawlOutcome, CrawlRun


# Addresses that are plainly not somebody else's; what is not plain is warned about.
PRIVATE = re.compile(r"//(localhost|127\.|10\.|192\.168\.|\[::1\])")

SHOWN = 5  # names of files that are not there


@click.command()
@click.argument("targets", nargs=-1, metavar="[SOURCE or URL]...")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Fetch at most N article pages.")
@click.option("--since", metavar="DATE", help="Leave articles that feed, sitemap or URL date before YYYY-MM-DD.")
@click.option("--urls", metavar="FILE", help="Fetch exactly the pages listed in FILE (or -), without discovery.")
@click.option("--column", metavar="NAME", help="With --urls: FILE is a csv, and this column holds the URLs.")
@click.option("--due", is_flag=True, help="With SOURCE: only what is due of it, as without arguments.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong.")
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    limit: int | None,
    since: str | None,
    urls: str | None,
    column: str | None,
    due: bool,
    quiet: bool,
) -> int:
    """Fetch what is due, keep every byte, file every article.

    Without arguments: whatever the sources' timetables say is due; returns at once if nothing is. With SOURCE: that
    source, now. With the URL of a site: that site, without adding it to the sources.

    Ctrl-C (or SIGTERM) stops cleanly: what is in flight is finished, nothing is lost, and the next crawl goes on there.
    """
    if urls and targets:
        raise ConfigError("--urls", "goes without SOURCE and URL", "list the pages in the file, or name the sites")
    if column and not urls:
        raise ConfigError("--column", "goes with --urls", "say --urls FILE.csv --column NAME")
    if since and urls:
        raise ConfigError("--since", "goes without --urls", "a list is fetched exactly")
    # Until the event loop has its own handlers: SIGTERM ends us like Ctrl-C, the archive closed and the lock released.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder, day = the_folder(ctx), a_day(since)
    pages = tuple(listed(urls, column)) if urls else None
    if pages == ():
        raise ConfigError(urls or "-", "lists no page", "one address a line; a line that begins with # is a comment")

    from crawler.config.models import load
    from crawler.engine.crawl import CrawlRun
    from crawler.frontier.crawl_plan import CrawlPlan, targets_of

    config = load(folder, the_overrides(ctx))
    plan = CrawlPlan(targets_of(targets), pages, limit, day, at_once=not due)
    try:
        run = CrawlRun(config, plan, " ".join(sys.argv[1:]))
    except ArchiveLocked as error:
        if quiet:  # a timer's round while a long crawl is at work: nothing is wrong, and cron would mail it
            return error.exit_code
        raise
    try:
        return whole_run(run, quiet=quiet)
    except BaseException:
        # Before the event loop ran: a bad target, or a failure to write.
        run.abandon()
        raise


def whole_run(run: CrawlRun, *, quiet: bool) -> int:
    """Prepare, crawl, report; returns the exit code."""
    lost = warn_of_lost_files(run)
    prepared = run.prepare()
    say: Callable[[str], object] = (lambda line: None) if quiet else click.echo
    for line in (*run.context.archive_writer.recovery_messages, *prepared.notes):
        say(line)
    if prepared.already:
        have = verb(prepared.already, "is", "are")
        say(f"{counted(prepared.already, 'page')} of the list {have} in the archive already, and not fetched again")
    if not run.anything_due():
        planned = run.next_due()
        if planned or run.config.sources or run.plan.targets or run.plan.pages is not None:
            nothing = "nothing else" if prepared.removed else "nothing"
            say(f"{nothing} is due" + (f"; next at {planned}" if planned else ""))
        else:
            say("no sources yet: morgue add URL, or morgue crawl URL")
        run.abandon(outcome="done")
        return 0
    warn_without_contact(run.config, prepared.homes)
    import asyncio  # 20 ms that `morgue --help` need not pay

    ending = asyncio.run(crawl_with_progress(run, quiet=quiet))
    report(run, ending, quiet=quiet, lost=lost)
    return ending.exit_code


async def crawl_with_progress(run: CrawlRun, *, quiet: bool) -> CrawlOutcome:
    from crawler.cli.crawl_progress import CrawlProgress
    from crawler.engine.crawl import crawl

    if quiet:
        return await crawl(run)
    progress = CrawlProgress(run, terminal=sys.stderr.isatty())
    progress.start()
    try:
        return await crawl(run)
    finally:
        await progress.stop()


def warn_of_lost_files(run: CrawlRun) -> str:
    """WARC files that the manifest lists and that are not there; the crawl goes on. Names and sizes only: it is quick.

    Returns the line for the summary; "" if all are there.
    """
    files = run.context.archive_writer.writer.files_unlike_manifest()
    if not files:
        return ""
    storage, them = run.context.archive_writer.storage, verb(len(files), "it", "them")
    named = [f"{file} ({'of another size' if storage.size(file) is not None else 'missing'})" for file in files[:SHOWN]]
    more = f", and {len(files) - SHOWN:,} more" if len(files) > SHOWN else ""
    said = f"{counted(len(files), 'WARC file')} {verb(len(files), 'is', 'are')} not there as the manifest lists"
    click.echo(
        f"warning: {said} {them}: {', '.join(named)}{more}\n"
        f"  `morgue verify` names what is lost; put {them} back into {storage.folder} from a copy",
        err=True,
    )
    return f"{said} {them}: run `morgue verify`"


def report(run: CrawlRun, ending: CrawlOutcome, *, quiet: bool, lost: str = "") -> None:
    """The closing summary on stdout; with --quiet only if something is wrong, and on stderr."""
    from crawler.cli.crawl_summary import summary
    from crawler.middleware.failure_reasons import ALLOW, NOT_PUBLIC

    if quiet and ending.exit_code == 0:
        return
    for line in summary(run.context.stats):
        click.echo(plain(line), err=quiet)  # addresses come from strangers, and a terminal obeys some characters
    if lost:
        click.echo(lost, err=quiet)
    if ending.error is not None:
        click.echo(f"stopped: {what_is_lost(run.context.stats.pages, run.context.lost)}", err=True)
        click.echo(f"morgue: {ending.error}", err=True)
    elif ending.word == "interrupted":
        click.echo("interrupted: what was fetched is kept; morgue crawl goes on from here", err=True)
    elif ending.word == "nothing reachable":
        cure = "check the network, the addresses, and robots.txt above"
        if any(why == NOT_PUBLIC for _, why in run.context.stats.reasons()):
            cure = ALLOW
        click.echo(f"morgue: nothing could be reached\n  {cure}", err=True)
    elif not quiet:
        left = f"{counted(run.left, 'more URL')} {verb(run.left, 'is', 'are')} due"
        more = f"; {left}: morgue crawl goes on with {verb(run.left, 'it', 'them')}" if run.left else ""
        click.echo(ending.word + more)


def what_is_lost(pages: int, lost: int) -> str:
    """Of the pages that the summary counts, after a failure to write."""
    if not lost:
        return "what is counted above is kept; the next crawl goes on from here"
    those = f"{lost:,} of the {counted(pages, 'page')} counted above"
    return f"{those} could not be kept, nor what they brought; the next crawl fetches {verb(lost, 'it', 'them')} again"


def warn_without_contact(config: Config, homes: Iterable[str]) -> None:
    """A crawl of a public host should tell its owner whom to write to."""
    if config.operator.contact or config.crawl.user_agent:
        return
    public = next((url for url in homes if not PRIVATE.search(url)), None)
    if public:
        click.echo(
            f"warning: the User-Agent names no contact, so the owner of {public} cannot reach you\n"
            f'  add to {config.folder.settings}:\n  [operator]\n  contact = "you@example.org"',
            err=True,
        )


def listed(file: str, column: str | None) -> Iterator[str]:
    """The URLs of a list: one a line (# begins a comment), or a column of a csv. Raises ConfigError."""
    from pipelines.core.urls import fetchable

    for place, text in entries(file, column):
        url = fetchable(text)
        if url is None:
            raise ConfigError(
                f"{file}: {place}", f"{text!r} is not a web address", "say e.g. https://paper.example/story"
            )
        yield url


def entries(file: str, column: str | None) -> Iterator[tuple[str, str]]:
    """(where, text) of each non-empty entry."""
    with opened(file) as lines:
        if column is None:
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield f"line {number}", text
            return
        first, *rest = lines.readline().splitlines(keepends=True) or [""]
        # Spreadsheets in half of Europe write semicolons, and some programs tabs.
        delimiter = max(",;\t", key=first.count)
        rows = csv.DictReader(chain([first], rest, lines), delimiter=delimiter)
        if column not in (rows.fieldnames or ()):
            there = ", ".join(rows.fieldnames or ()) or "none"
            raise ConfigError(file, f"has no column {column!r}", f"its columns are: {there}")
        try:
            for row in rows:
                if text := (row[column] or "").strip():
                    yield f"line {rows.line_num}", text
        except csv.Error as error:
            raise ConfigError(f"{file}: line {rows.line_num}", str(error), "is the file a csv?") from error


def opened(file: str) -> IO[str]:
    """The list as text, UTF-8 with or without BOM. Raises ConfigError."""
    if file == "-":
        return sys.stdin
    try:
        with os_errors(file):
            return open(file, encoding="utf-8-sig", errors="replace", newline="")
    except MorgueError as error:
        raise ConfigError(file, error.cause, "name a file that can be read, or - for standard input") from error


def a_day(text: str | None) -> str | None:
    """`--since` as an ISO day. Raises ConfigError."""
    if text is None:
        return None
    full = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    from datetime import date

    try:
        return date.fromisoformat(full).isoformat()
    except ValueError:
        raise ConfigError(f"--since {text}", "is not a day", "say e.g. --since 2026-11-01") from None
