"""`morgue crawl`: fetch once everything that is due."""

from __future__ import annotations

import gc
import json
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import POSITIVE, common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core import timestamps
from pipelines.core.errors import INTERRUPTED, ArchiveLocked, BucketFailing, ConfigError, MorgueError
from pipelines.core.plural import counted, first_of, verb
from pipelines.core.terminal import plain
from pipelines.database.query_language.days import parse_day
from pipelines.fleet.layout import fleet_above

if TYPE_CHECKING:
    from crawler.cli.url_list import UrlList
    from crawler.config.models import Config
    from crawler.engine.crawl import CrawlOutcome, CrawlRun


# Hosts that plainly belong to the user. For any other host a missing contact is worth a warning.
PRIVATE_HOST = re.compile(r"//(localhost|127\.|10\.|192\.168\.|\[::1\])")

MAX_HELD_UP = 5  # hosts in trouble that are named
MAX_ROWS_NAMED = 20  # rows of a list that are no addresses; --report names all of them


@click.command()
@click.argument("targets", nargs=-1, metavar="[SOURCE or URL]...")
@click.option(
    "--limit",
    type=POSITIVE,
    metavar="N",
    help="Request at most N article pages, and their parts; what robots.txt disallows does not count.",
)
@click.option(
    "--since",
    metavar="DATE",
    help="Skip articles that are older by their feed, sitemap or URL: 2024, 2024-03-09, yesterday, '7 days ago'.",
)
@click.option("--urls", metavar="FILE", help="Fetch exactly the pages listed in FILE (- for standard input).")
@click.option("--column", metavar="NAME", help="With --urls: the column of a CSV or TSV file that holds the URLs.")
@click.option(
    "--report",
    "report_file",
    metavar="OUT.csv",
    help="With --urls: write every row of the list to OUT.csv, with what became of it.",
)
@click.option("--again", is_flag=True, help="Fetch also pages that the archive has: of SOURCE, or of --urls.")
@click.option("--due", is_flag=True, help="With SOURCE: fetch only what is due, as without arguments.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong, and then only what is new.")
@click.option("--notify", metavar="CMD or URL",
              help="Tell a command or web address what changed in the health of sources.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="Form of the summary.")  # fmt: skip
@work_options
@common_options
@log_options
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    limit: int | None,
    since: str | None,
    urls: str | None,
    column: str | None,
    report_file: str | None,
    again: bool,
    due: bool,
    quiet: bool,
    notify: str | None,
    form: str,
) -> int:
    """Fetch what is due, keep every byte, file every article.

    Without arguments, it fetches everything that is due by the settings of the sources, and ends at once if nothing is
    due. With SOURCE, it reads the feeds, sitemaps and section pages of that source now, and fetches those of its
    articles that are new or due; with --again, all of its articles. With the URL of a site, it crawls that site without
    adding it to the sources. With the URL of an article or of a known feed, sitemap or section page, it fetches that
    now, whenever it was fetched last.

    Ctrl-C (or SIGTERM) stops cleanly: requests in flight have ten seconds to finish, nothing is lost, and the next
    crawl goes on from there.

    The list of --urls has one address per line, or is a CSV or TSV file with a header. Rows that are no addresses are
    named and left out; if no row is an address, the exit code is 2.

    The summary counts for each source: listings (feeds, sitemaps, front and section pages) that were read, new article
    addresses found, article pages fetched, and what these were: new, edited or unchanged articles, a duplicate (an
    article filed before under another address), instead (a consent wall, login page or error page in the place of an
    article), nothing (no article), disallowed by robots.txt, postponed, or failed. A listing that could be read only in
    part is named as a problem.

    With --quiet, a pass over all that is due (without SOURCE, or with --due) says only what changed in the health of
    sources since it was last said, as `morgue health` knows it: that something began, became worse, or is over. The
    exit code is then 1 in the pass that says what began, and 0 in those after it.

    Exit code 1: a line "needs attention" says what and which source. That is so if a host gave no usable answer, if a
    listing that a source names failed, is disallowed, is no feed or lists nothing, if no article was found at all or
    all were disallowed, if a page of --urls or a URL you typed failed (of --urls not by 404 or 410: that page is gone,
    which is an answer), if the file of a source has mistakes, or if a WARC file is damaged. 3: no server that was asked
    answered. 4: another crawl of this archive is running; or, of a fleet with a bucket, another machine has the shard,
    or may have it by now. 7: such a shard was written by another machine since. 11: its bucket failed (docs/leases.md).
    """
    check_options(targets, urls, column=column, since=since, report_file=report_file, again=again)
    if notify is not None:
        from crawler.health.notify import check_target

        check_target(notify, must_exist=False)
    # Until the event loop has its own handlers, SIGTERM ends the command as Ctrl-C does: the archive is closed and its
    # lock released.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder, day = folder_of(ctx), parse_day("--since", since, last=False)
    listed = listed_pages(urls, column, report_file) if urls else None
    if fleet_above(folder.path) is not None:
        from crawler.cli.fleet.routes import own_only, own_report

        report_file = own_report(ctx, folder, report_file)
        targets = tuple(own_only(ctx, folder, targets, is_known=True))
        if listed is not None:
            listed = listed.only(set(own_only(ctx, folder, listed.urls)))
            if not listed.urls:
                return 0

    gc.disable()  # modules and settings stay to the end: to look for garbage in them takes a tenth of an idle pass
    from crawler.config.files_alone import config_of_files
    from crawler.config.models import load
    from crawler.engine.crawl import CrawlRun
    from crawler.frontier.crawl_plan import CrawlPlan

    overrides = overrides_of(ctx)
    try:
        config = load(folder, overrides, skip_broken=True)
    finally:
        gc.freeze()
        gc.enable()
    plan = CrawlPlan(
        targets,
        listed.urls if listed is not None else None,
        limit,
        day,
        listings_now=not due,
        again=again,
        config_of_files=config_of_files(config) if overrides else None,
        assumed_https=listed.assumed_https if listed is not None else frozenset(),
        parts_of_all=any(text.partition("=")[0].strip() == "capture.parts" for text in overrides),
    )
    try:
        run = CrawlRun(config, plan, " ".join(sys.argv[1:]))
    except ArchiveLocked as error:
        # A timer may start a round while a long crawl is running. Nothing is wrong then, and cron would mail a message.
        if quiet and not error.is_suspicious:
            return error.exit_code
        raise
    if report_file is not None:
        run.context.stats.page_outcomes = {}
    is_pass = urls is None and (due or not targets)
    by_change = is_pass and quiet and form == "text"
    try:
        code = run_to_the_end(run, quiet=quiet, by_change=by_change, form=form, listed=listed)
    except KeyboardInterrupt:  # before the event loop has its own handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second one must not cut off what is written now
        run.abandon(outcome="interrupted")
        raise
    except BaseException:  # a bad target, or a failure to write before the event loop ran
        run.abandon()
        raise
    if config.storage.bucket and code not in (INTERRUPTED, BucketFailing.exit_code):
        from crawler.engine.shipping import ship_after_run

        if line := ship_after_run(config):
            click.echo(plain(line), err=True)
            code = code or BucketFailing.exit_code
    if report_file is not None and listed is not None:
        from crawler.cli.url_report import write_report

        outcomes = run.context.stats.page_outcomes or {}
        write_report(Path(report_file), listed, outcomes, folder.database, again=again)
    if is_pass and (by_change or notify or config.notify.url):
        from crawler.health.after_pass import after_pass

        return after_pass(run, code, notify or config.notify.url, by_change=by_change)
    return code


def check_options(
    targets: tuple[str, ...],
    urls: str | None,
    *,
    column: str | None,
    since: str | None,
    report_file: str | None,
    again: bool,
) -> None:
    """Refuse options that do not go together. Raises ConfigError."""
    if urls and targets:
        raise ConfigError(
            "--urls", "cannot be combined with SOURCE or URL", "list the pages in the file, or name sites"
        )
    if column and not urls:
        raise ConfigError("--column", "needs --urls", "say --urls FILE.csv --column NAME")
    if report_file and not urls:
        raise ConfigError("--report", "needs --urls", "say --urls FILE --report OUT.csv")
    if since and urls:
        raise ConfigError("--since", "cannot be combined with --urls", "leave one out: a list is fetched as it is")
    if again and not urls and not targets:
        raise ConfigError("--again", "needs SOURCE, URL or --urls", "say what is to be fetched again")


def listed_pages(urls: str, column: str | None, report_file: str | None) -> UrlList:
    """Return the user's list, after a check that its report can be written. Raises ConfigError.

    If no row is an address, the report is written here, because there is nothing to crawl.
    """
    from crawler.cli.url_list import read_url_list
    from crawler.cli.url_report import check_report, result_of_bad_row, write_rows

    listed = read_url_list(urls, column)
    if report_file is not None:
        check_report(Path(report_file), listed)
    if not listed.urls:
        if report_file is not None:
            write_rows(Path(report_file), listed, ((*row.cells, *result_of_bad_row(row)) for row in listed.rows))
        raise ConfigError(urls, bad_rows_text(listed), "say e.g. https://paper.example/story")
    return listed


def bad_rows_text(listed: UrlList) -> str:
    """Name the rows of a list that are no addresses."""
    rows = listed.bad_rows
    named = first_of([f"{row.place}: {row.text!r}" for row in rows], MAX_ROWS_NAMED)
    return f"{counted(len(rows), 'row')} {verb(len(rows), 'is not a web address', 'are not web addresses')}: {named}"


def run_to_the_end(run: CrawlRun, *, quiet: bool, by_change: bool, form: str, listed: UrlList | None) -> int:
    """Prepare, crawl and report; return the exit code. `by_change`: what is wrong is said later, if it is news."""
    wrong = [*broken_sources(run.config), *warn_of_lost_files(run, aloud=not by_change)]
    if listed is not None and listed.bad_rows:
        wrong.append(f"needs attention: {listed.file}: {bad_rows_text(listed)}")
    run.has_faults = bool(wrong)
    prepared = run.prepare()
    notes = [*run.context.archive_writer.recovery_messages, *prepared.notes]
    if prepared.known_pages:
        are = verb(prepared.known_pages, "is", "are")
        known = f"{counted(prepared.known_pages, 'page')} of the list {are} in the archive already"
        notes.append(f"{known} and not fetched again (--again does)")
    notes += [] if quiet else held_up_notes(run)
    for line in notes:
        if not quiet:
            click.echo(plain(line), err=form == "json")
    if not run.has_due_urls():
        from crawler.engine.crawl import CrawlOutcome

        code = MorgueError.exit_code if wrong else 0
        ending = CrawlOutcome("partly failed" if code else "done", code)
        nothing = nothing_due(run)
        run.abandon(outcome=ending.word)
        if not quiet and form == "text":
            click.echo(nothing)
        for line in () if by_change else wrong:
            click.echo(plain(line), err=quiet or form == "json")
        if form == "json" and not (quiet and code == 0):
            click.echo(json_summary(run, ending, [*notes, nothing], wrong))
        return code
    if not quiet:
        warn_without_contact(run.config, prepared.start_urls)
    import asyncio  # 20 ms that `morgue --help` need not pay

    from crawler.cli.crawl_progress import crawl_with_progress

    ending = asyncio.run(crawl_with_progress(run, quiet=quiet, terminal=sys.stderr.isatty()))
    if form == "json" and not (quiet and ending.exit_code == 0):
        click.echo(json_summary(run, ending, notes, wrong))
    report(run, ending, wrong, quiet=quiet, by_change=by_change, form=form)
    return ending.exit_code


def held_up_notes(run: CrawlRun) -> list[str]:
    """Say which hosts in trouble are left alone by this crawl, and until when."""
    from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC
    from pipelines.database.frontier.planned import held_up

    assert run.prepared is not None
    writer, scope = run.context.archive_writer, run.prepared.scope
    found = writer.call(held_up, writer.db, timestamps.now())
    lines = [
        f"{name}: {host} is not asked: its {why}; {ALLOW_PRIVATE}"
        if why == NOT_PUBLIC
        else f"{name}: {host} is in trouble ({why}) and is asked again at {at}; `morgue crawl {name}` asks now"
        for source_id, name, host, why, at in found
        if (scope.source_ids is None or source_id in scope.source_ids) and source_id not in scope.excluded_source_ids
    ]
    more = len(lines) - MAX_HELD_UP
    return lines[:MAX_HELD_UP] + ([f"{counted(more, 'more host')} in trouble: see `morgue due`"] if more > 0 else [])


def nothing_due(run: CrawlRun) -> str:
    """Say that nothing is due, and when something will be."""
    planned = run.next_due()
    if not (planned or run.config.sources or run.plan.targets or run.plan.pages is not None):
        return "no sources yet: add one with `morgue add URL`, or fetch a site once with `morgue crawl URL`"
    nothing = "nothing else" if run.prepared and run.prepared.taken_down else "nothing"
    return f"{nothing} is due" + (f"; next at {planned}" if planned else "")


def json_summary(run: CrawlRun, ending: CrawlOutcome, notes: list[str], wrong: list[str]) -> str:
    """Return the summary as one JSON object."""
    from crawler.cli.crawl_summary import as_json

    found: dict[str, Any] = {
        "outcome": ending.word,
        "exit_code": ending.exit_code,
        "error": str(ending.error) if ending.error is not None else None,
        "still_due": run.due_left,
        "notes": notes + wrong,
        "broken_sources": sorted(run.config.broken),
    }
    return json.dumps(found | as_json(run.context.stats), ensure_ascii=False, indent=2)


def broken_sources(config: Config) -> list[str]:
    """Name the sources that are not crawled because their files have mistakes."""
    return [f"needs attention: not crawled: {error}" for error in config.broken.values()]


def warn_of_lost_files(run: CrawlRun, *, aloud: bool) -> list[str]:
    """Warn of WARC files that are missing or damaged, also with --quiet. Return the line for the summary."""
    from crawler.engine.lost_files import lost_files_note

    warning, summary = lost_files_note(run.context.archive_writer)
    if not warning:
        return []
    if aloud:
        click.echo(warning, err=True)
    return [f"needs attention: {summary}"]


def report(run: CrawlRun, ending: CrawlOutcome, wrong: list[str], *, quiet: bool, by_change: bool, form: str) -> None:
    """Print the summary on stdout, what needs attention and how it ended.

    What needs attention is part of the summary. With --quiet and with JSON no summary is printed, so it is on stderr.
    """
    from crawler.cli.crawl_summary import attention, summary
    from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC

    if quiet and ending.exit_code == 0:
        return
    aside = quiet or form == "json"
    # A URL may hold characters that control the terminal.
    for line in () if aside else summary(run.context.stats):
        click.echo(plain(line))
    for line in () if by_change else (*attention(run.context.stats), *wrong):
        click.echo(plain(line), err=aside)
    if ending.error is not None:
        click.echo(f"stopped: {unsaved_pages(run.context.stats.pages, run.context.lost)}", err=True)
        click.echo(f"morgue: {ending.error}", err=True)
    elif ending.word == "interrupted":
        click.echo("interrupted: everything fetched is kept; `morgue crawl` goes on from here", err=True)
    elif ending.word == "nothing reachable" and not by_change:
        cure = "check the network and the addresses"
        if any(why == NOT_PUBLIC for _, why in run.context.stats.reasons()):
            cure = ALLOW_PRIVATE
        click.echo(f"morgue: nothing could be reached\n  {cure}", err=True)
    elif not aside:
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
