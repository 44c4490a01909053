"""`morgue crawl`: fetch once everything that is due."""

from __future__ import annotations

import csv
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING

import click

from crawler.cli.common_options import folder_of, folder_option, overrides_of, setting_option
from crawler.cli.log_options import log_options
from pipelines.core.errors import ArchiveLocked, ConfigError, MorgueError, os_errors
from pipelines.core.input_files import bounded_lines, open_input
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.engine.crawl import CrawlOutcome, CrawlRun


# Hosts that plainly belong to the user. For any other host a missing contact is worth a warning.
PRIVATE_HOST = re.compile(r"//(localhost|127\.|10\.|192\.168\.|\[::1\])")

MAX_FILES_NAMED = 5  # missing WARC files that the warning names


@click.command()
@click.argument("targets", nargs=-1, metavar="[SOURCE or URL]...")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Fetch at most N article pages.")
@click.option(
    "--since",
    metavar="DATE",
    help="Skip articles that are older by their feed, sitemap or URL: 2024, 2024-03, 2024-03-09.",
)
@click.option("--urls", metavar="FILE", help="Fetch exactly the pages listed in FILE (- for standard input).")
@click.option("--column", metavar="NAME", help="With --urls: FILE is a CSV file, and this column holds the URLs.")
@click.option("--due", is_flag=True, help="With SOURCE: fetch only what is due, as without arguments.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong.")
@folder_option
@setting_option
@log_options
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

    Without arguments, it fetches everything that is due by the settings of the sources, and ends at once if nothing is
    due. With SOURCE, it reads the feeds, sitemaps and section pages of that source now, and fetches those of its
    articles that are new or due. With the URL of a site, it crawls that site without adding it to the sources. With
    the URL of an article, it fetches that page.

    Ctrl-C (or SIGTERM) stops cleanly: requests in flight are finished, nothing is lost, and the next crawl goes on
    from there.

    The summary counts for each source: listings (feeds, sitemaps, front and section pages) that were read, new article
    addresses found, article pages fetched, and what these were: new, edited or unchanged articles, a duplicate (an
    article filed before under another address), nothing (no article), disallowed by robots.txt, postponed, or failed.

    Exit code 1: a host, a listing or a page of --urls gave no usable answer. 3: nothing could be reached. 4: another
    crawl of this archive is running.
    """
    if urls and targets:
        raise ConfigError(
            "--urls", "cannot be combined with SOURCE or URL", "list the pages in the file, or name sites"
        )
    if column and not urls:
        raise ConfigError("--column", "needs --urls", "say --urls FILE.csv --column NAME")
    if since and urls:
        raise ConfigError("--since", "cannot be combined with --urls", "leave one out: a list is fetched as it is")
    # Until the event loop has its own handlers, SIGTERM ends the command as Ctrl-C does: the archive is closed and its
    # lock released.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder, day = folder_of(ctx), iso_day(since)
    pages = tuple(urls_of_list(urls, column)) if urls else None
    if pages == ():
        raise ConfigError(urls or "-", "lists no page", "one URL per line; a line that begins with # is a comment")

    from crawler.config.models import load
    from crawler.engine.crawl import CrawlRun
    from crawler.frontier.crawl_plan import CrawlPlan, targets_of

    config = load(folder, overrides_of(ctx), skip_broken=True)
    plan = CrawlPlan(targets_of(targets), pages, limit, day, listings_now=not due)
    try:
        run = CrawlRun(config, plan, " ".join(sys.argv[1:]))
    except ArchiveLocked as error:
        # A timer may start a round while a long crawl is running. Nothing is wrong then, and cron would mail a message.
        if quiet and not error.is_suspicious:
            return error.exit_code
        raise
    try:
        return run_to_the_end(run, quiet=quiet)
    except BaseException:  # a bad target, or a failure to write before the event loop ran
        run.abandon()
        raise


def run_to_the_end(run: CrawlRun, *, quiet: bool) -> int:
    """Prepare, crawl and report; return the exit code."""
    warn_of_broken_sources(run.config)
    lost = warn_of_lost_files(run)
    prepared = run.prepare()
    say: Callable[[str], object] = (lambda line: None) if quiet else click.echo
    for line in (*run.context.archive_writer.recovery_messages, *prepared.notes):
        say(line)
    if prepared.known_pages:
        are = verb(prepared.known_pages, "is", "are")
        say(f"{counted(prepared.known_pages, 'page')} of the list {are} in the archive already and not fetched again")
    if not run.has_due_urls():
        planned = run.next_due()
        if planned or run.config.sources or run.plan.targets or run.plan.pages is not None:
            nothing = "nothing else" if prepared.taken_down else "nothing"
            say(f"{nothing} is due" + (f"; next at {planned}" if planned else ""))
        else:
            say("no sources yet: add one with `morgue add URL`, or fetch a site once with `morgue crawl URL`")
        run.abandon(outcome="partly failed" if run.config.broken else "done")
        return MorgueError.exit_code if run.config.broken else 0
    warn_without_contact(run.config, prepared.start_urls)
    import asyncio  # 20 ms that `morgue --help` need not pay

    ending = asyncio.run(crawl_with_progress(run, quiet=quiet))
    report(run, ending, quiet=quiet, lost=lost)
    return ending.exit_code


async def crawl_with_progress(run: CrawlRun, *, quiet: bool) -> CrawlOutcome:
    from crawler.cli.crawl_progress import CrawlProgress
    from crawler.engine.launch import run_scrapy

    if quiet:
        return await run_scrapy(run)
    progress = CrawlProgress(run, terminal=sys.stderr.isatty())
    progress.start()
    try:
        return await run_scrapy(run)
    finally:
        await progress.stop()


def warn_of_broken_sources(config: Config) -> None:
    """Name the sources that are not crawled because their files have mistakes, also with --quiet."""
    for error in config.broken.values():
        click.echo(plain(f"not crawled: {error}"), err=True)


def warn_of_lost_files(run: CrawlRun) -> str:
    """Warn of WARC files that are missing or differ in size from the manifest; the crawl goes on all the same.

    Compares only names and sizes, which is quick. Returns the line for the summary, "" if all files are there.
    """
    files = run.context.archive_writer.writer.files_unlike_manifest()
    if not files:
        return ""
    storage, them = run.context.archive_writer.storage, verb(len(files), "it", "them")
    named = [
        f"{file} ({'different size' if storage.size(file) is not None else 'missing'})"
        for file in files[:MAX_FILES_NAMED]
    ]
    more = f", and {len(files) - MAX_FILES_NAMED:,} more" if len(files) > MAX_FILES_NAMED else ""
    mismatch = f"{counted(len(files), 'WARC file')} {verb(len(files), 'does', 'do')} not match the manifest"
    click.echo(
        f"warning: {mismatch}: {', '.join(named)}{more}\n"
        f"  `morgue verify` shows what is lost; restore {them} in {storage.folder} from a copy",
        err=True,
    )
    return f"{mismatch}: run `morgue verify`"


def report(run: CrawlRun, ending: CrawlOutcome, *, quiet: bool, lost: str = "") -> None:
    """Print the summary on stdout; with --quiet only if something is wrong, and on stderr."""
    from crawler.cli.crawl_summary import summary
    from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC

    if quiet and ending.exit_code == 0:
        return
    for line in summary(run.context.stats):
        click.echo(plain(line), err=quiet)  # a URL may hold characters that control the terminal
    if lost:
        click.echo(lost, err=quiet)
    if ending.error is not None:
        click.echo(f"stopped: {unsaved_pages(run.context.stats.pages, run.context.lost)}", err=True)
        click.echo(f"morgue: {ending.error}", err=True)
    elif ending.word == "interrupted":
        click.echo("interrupted: everything fetched is kept; `morgue crawl` goes on from here", err=True)
    elif ending.word == "nothing reachable":
        cure = "check the network, the addresses, and robots.txt above"
        if any(why == NOT_PUBLIC for _, why in run.context.stats.reasons()):
            cure = ALLOW_PRIVATE
        click.echo(f"morgue: nothing could be reached\n  {cure}", err=True)
    elif not quiet:
        left = f"{counted(run.due_left, 'more URL')} {verb(run.due_left, 'is', 'are')} due"
        more = f"; {left}: `morgue crawl` goes on with {verb(run.due_left, 'it', 'them')}" if run.due_left else ""
        click.echo(ending.word + more)


def unsaved_pages(pages: int, lost: int) -> str:
    """Say, after a failure to write, how many of the pages in the summary were not saved."""
    if not lost:
        return "everything counted above is kept; the next crawl goes on from here"
    those = f"{lost:,} of the {counted(pages, 'page')} counted above"
    return f"{those} could not be saved; the next crawl fetches {verb(lost, 'it', 'them')} again"


def warn_without_contact(config: Config, homes: Iterable[str]) -> None:
    """Warn if a crawl of a public host does not tell the site's owner whom to contact."""
    if config.operator.contact or config.crawl.user_agent:
        return
    public = next((url for url in homes if not PRIVATE_HOST.search(url)), None)
    if public:
        click.echo(
            f"warning: the User-Agent names no contact, so the owner of {public} cannot reach you\n"
            f'  add to {config.folder.settings}:\n  [operator]\n  contact = "you@example.org"',
            err=True,
        )


def urls_of_list(file: str, column: str | None) -> Iterator[str]:
    """Yield the URLs of a list: one per line (# begins a comment), or a column of a CSV file. Raises ConfigError."""
    from pipelines.core.urls import fetchable

    for place, text in list_entries(file, column):
        url = fetchable(text)
        if url is None:
            raise ConfigError(
                f"{file}: {place}", f"{text!r} is not a web address", "say e.g. https://paper.example/story"
            )
        yield url


def list_entries(file: str, column: str | None) -> Iterator[tuple[str, str]]:
    """Yield (place in the file, text) of each entry that is not empty. Raises ConfigError."""
    with open_list(file) as stream:
        lines = bounded_lines(stream, file)
        if column is None:
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield f"line {number}", text
            return
        first, *rest = next(lines, "").splitlines(keepends=True) or [""]
        # Spreadsheets write semicolons in many languages, and some programs write tabs.
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
            raise ConfigError(f"{file}: line {rows.line_num}", str(error), "check that the file is CSV") from error


def open_list(file: str) -> IO[str]:
    """Open the list as text, UTF-8 with or without BOM. Raises ConfigError."""
    if file == "-":
        return sys.stdin
    try:
        with os_errors(file):
            return open_input(file, "r", may_be_pipe=True, encoding="utf-8-sig", errors="replace", newline="")
    except MorgueError as error:
        raise ConfigError(file, error.cause, "name a file that can be read, or - for standard input") from error


def iso_day(text: str | None) -> str | None:
    """Return `--since` as an ISO day. Raises ConfigError."""
    if text is None:
        return None
    full = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    from datetime import date

    try:
        return date.fromisoformat(full).isoformat()
    except ValueError:
        raise ConfigError(f"--since {text}", "is not a date", "say e.g. --since 2026, 2026-11 or 2026-11-01") from None
