"""`morgue sample`: make page pairs and suggest rules, to improve how one paper is read; check pairs again."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import common_options, folder_of, settings_folder_of, settings_of
from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError, MorgueError, NoArchive, NotFound, NothingReachable, os_errors
from pipelines.core.input_files import open_input, read_unpacked
from pipelines.core.plural import counted
from pipelines.core.safe_open import read_bytes

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.onboarding.samples import PagePair
    from pipelines.core.items import Article, NothingToRead, Page, Source
    from pipelines.extraction.page.trace import Trace

# Of files that people save; "story.html" is no host (and one below .zip must be named with its scheme).
SAVED_FILE_ENDINGS = (".html", ".htm", ".xhtml", ".shtml", ".mhtml", ".php", ".asp", ".aspx", ".gz", ".zip", ".warc",
                ".txt", ".pdf", ".json", ".jsonl", ".xml", ".csv", ".toml", ".png", ".jpg", ".jpeg")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """Hold the options of the command, as click parsed them."""

    source: str | None  # name of the source whose rules apply
    out: Path | None  # folder for the pair
    name: str | None  # of the pair
    url: str | None  # of a file
    captured: str | None  # day of capture of a file
    rule: bool  # append the rule to the source's file
    force: bool  # overwrite a pair


@click.command()
@click.argument("targets", metavar="URL|FILE|DIR...", nargs=-1)
@click.option("--check", is_flag=True, help="Check page pairs (without arguments: all pairs of the archive).")
@click.option(
    "--source", metavar="NAME", help="The source whose rules apply (default: the one that the URL belongs to)."
)
@click.option("-o", "out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Folder for the pair (default: samples/SOURCE in the archive, or the current folder).")  # fmt: skip
@click.option("--name", metavar="NAME", help="Name of the pair (default: from its address).")
@click.option("--url", metavar="URL", help="The address that FILE came from.")
@click.option(
    "--captured",
    metavar="DAY",
    help="Day of capture of FILE, 2023-07-01 (default: today); it selects the rule.",
)
@click.option("--rule", is_flag=True, help="Append the rule to the source's file instead of printing it.")
@click.option("--force", is_flag=True, help="Overwrite an existing pair.")
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, targets: tuple[str, ...], check: bool, **options: Any) -> int:
    """Make a page pair to improve the rules of a source, or check such pairs.

    A pair is NAME.html, a page, and NAME.json, what should be read from it. The command writes both from a page; you
    then correct the JSON by hand. It also prints a [[rule]] with suggestions to pick from. A page is named by a file,
    an article number or a URL. For a URL the newest capture is used; a page that is not in the archive is fetched
    and recorded. For a file that is half of a pair already, only the rule is printed.

    --check reads the pairs in the named files and folders again and shows how the result differs from the JSON.

    Exit code 1: a pair differs. 2: the file is not an HTML page; nothing was written.
    """
    wanted = SampleOptions(**options)
    if check:
        return check_pairs(ctx, targets, wanted.source)
    if len(targets) != 1:
        raise click.UsageError("name one page: URL or FILE (or use --check)")
    from crawler.onboarding import samples

    if wanted.name is not None and not re.fullmatch(r"\w[\w.-]*", wanted.name):
        raise ConfigError(
            f"--name {wanted.name}", "is not a valid name for a pair", "use only letters, digits, - _ and ."
        )
    target, is_file = targets[0], os.path.isfile(targets[0])
    if not is_file and is_misnamed(target):
        raise not_a_page(target)
    pair = samples.pair_of(Path(target)) if is_file and not wanted.url else None
    config = config_or_none(ctx, needed=bool(wanted.source or wanted.rule) or not is_file)
    if not is_file:
        folder_of(ctx)  # of a fleet, the shard that has the page makes the pair
    page = page_to_sample(target, config, wanted, pair)
    if wanted.rule and page.source is None:
        raise ConfigError("--rule", "the page belongs to no source that it could be added to", "say --source NAME")
    outcome, trace = read_page(page, target)
    if pair is not None and not (wanted.out or wanted.name or wanted.force):
        click.echo(f"{shown(pair.html)} and {pair.path.name} are a pair already: left unchanged", err=True)
    else:
        name = wanted.name or samples.name_for(target if is_file else page.url)
        pair = write_pair(page, outcome, wanted.out or default_folder(page, config), name, force=wanted.force)
    offer_rule(page, outcome, trace, pair, config if wanted.rule else None)
    return 0


def is_misnamed(target: str) -> bool:
    """Return True if a target that is not a file can only be meant as one.

    An address may lack its scheme: `paper.example`, `paper.example/story.html`.
    """
    if "://" in target or target.isdigit():
        return False
    first, slash, _ = target.partition("/")
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", first):
        return True
    return not slash and first.lower().endswith(SAVED_FILE_ENDINGS)


def not_a_page(target: str) -> NotFound:
    return NotFound(
        target, "is neither a file nor a web address", "name a file, or a URL such as https://paper.example/story"
    )


def config_or_none(ctx: click.Context, *, needed: bool) -> Config | None:
    """Return the archive's settings; None without an archive if none is `needed`. Raises NoArchive, ConfigError."""
    try:
        return settings_of(ctx)
    except NoArchive:
        if needed:
            raise
        return None


def page_to_sample(target: str, config: Config | None, wanted: SampleOptions, pair: PagePair | None) -> Page:
    """Return the page of a target: from a file (and its pair, if it has one), from the archive, or from the web."""
    from crawler.onboarding import samples

    truth = pair.truth if pair is not None else {}
    own = source_named(wanted.source or (truth.get("source") if config is not None else None), config)
    if os.path.isfile(target):
        url = wanted.url or truth.get("url", "")
        if own is None and config is not None and url:
            own = source_of(url, config)
        day = day_captured(wanted.captured or truth.get("captured"))
        return samples.page_at(url, file_bytes(Path(target)), truth.get("content_type", "text/html"), day, own)
    if wanted.url or wanted.captured:
        raise click.UsageError("--url and --captured need FILE; of its own pages the archive knows both")
    assert config is not None
    return from_archive(target, config, own) or from_web(target, config, own)


def read_page(page: Page, target: str) -> tuple[Article | NothingToRead, Trace]:
    """Return what is read from a page, with the trace. Raises ConfigError for a file that is not an HTML page."""
    from pipelines.core.items import NothingToRead
    from pipelines.extraction.explain import explain
    from pipelines.extraction.page.parse import REFUSALS

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a selector runs in C, and may run long; nothing is open for writing
    outcome, trace = explain(page)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(outcome, NothingToRead) and outcome.reason in REFUSALS:
        detail = f" ({outcome.detail})" if outcome.detail else ""
        raise ConfigError(target, f"{outcome.reason}{detail}", "name one complete HTML page")
    return outcome, trace


def source_named(name: str | None, config: Config | None) -> Source | None:
    """Return the source of that name, None for None. Raises NotFound."""
    if name is None:
        return None
    assert config is not None
    return config.source_named(name).source


def source_of(url: str, config: Config) -> Source | None:
    """Return the source whose site a URL belongs to; None if there is none, or more than one."""
    from pipelines.core.urls import same_site

    own = [source.source for source in config.sources.values() if same_site(source.url, url)]
    return own[0] if len(own) == 1 else None


def day_captured(captured: str | None) -> datetime:
    from pipelines.core import timestamps

    try:
        return timestamps.parse(captured) if captured else timestamps.now()
    except ValueError:
        raise ConfigError(f"--captured {captured}", "is not a date", "say e.g. --captured 2023-07-01") from None


def file_bytes(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if they are gzip. Of a huge one no more than shows that it is refused.

    Raises MorgueError.
    """
    from gzip import BadGzipFile

    from pipelines.extraction.page.parse import MAX_BYTES

    with os_errors(str(path)), open_input(path) as file:
        try:
            return read_unpacked(file, MAX_BYTES + 1)
        except BadGzipFile as error:
            raise MorgueError(str(path), str(error)) from error


def from_archive(wanted: str, config: Config, own: Source | None) -> Page | None:
    """Return the newest capture of an article (by number or URL) or of any page (by URL); None if there is none."""
    from contextlib import closing

    from crawler.onboarding import samples
    from pipelines.archive.replay import replay
    from pipelines.bucket.opening import warc_storage
    from pipelines.core import timestamps
    from pipelines.core.urls import fetchable
    from pipelines.database import queries
    from pipelines.database.connection import connect

    urls, source = [wanted, fetchable(wanted) or wanted], ""
    try:
        with closing(connect(config.folder.database)) as db:
            try:
                article = queries.article(db, wanted)
                urls, source = [article["url"]], article["source"] or ""
            except NotFound:
                if wanted.isdigit():
                    raise
            rows = [row for url in dict.fromkeys(urls) for row in queries.captures(db, url)]
            kept = [row for row in rows if row["status"] == 200 and row["record_type"] != "metadata"]
            if not kept:
                return None
            row = max(kept, key=lambda row: row["captured"])
            got = replay(db, warc_storage(config.folder.path), row)
    except NoArchive:  # nothing was crawled yet
        return None
    if own is None:
        own = config.sources[source].source if source in config.sources else source_of(row["url"], config)
    click.echo(f"from the archive: captured {row['captured']}", err=True)
    return samples.page_at(row["url"], got.body, got.content_type, timestamps.parse(row["captured"]), own)


def from_web(wanted: str, config: Config, own: Source | None) -> Page:
    """Fetch a page as `morgue add` does: obey robots.txt, record every exchange. Raises NothingReachable."""
    import asyncio

    from pipelines.core.urls import typed_address

    url, _assumed = typed_address(wanted)
    if url is None:
        raise not_a_page(wanted)
    return asyncio.run(fetch_page(url, config, own))


async def fetch_page(url: str, config: Config, own: Source | None) -> Page:
    from crawler.engine.crawl import open_context
    from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC
    from crawler.onboarding import samples
    from crawler.onboarding.probe import UnusableAddress, get
    from crawler.onboarding.site_fetcher import SiteFetcher
    from pipelines.core import timestamps

    context = open_context(config, " ".join(sys.argv[1:]))
    outcome = "failed"
    try:
        fetcher = SiteFetcher(config, context)
        try:
            got = await get(url, fetcher.fetch, obey=config.crawl.robots)
        finally:
            await fetcher.close()
        outcome = "done"
    except UnusableAddress as error:
        cure = ALLOW_PRIVATE if str(error) == NOT_PUBLIC else "save the page in a browser and say: morgue sample FILE"
        raise NothingReachable(url, str(error), cure) from None
    finally:
        context.workers.kill()
        context.close(outcome)
    click.echo(f"fetched and recorded: {got.url}", err=True)
    return samples.page_at(got.url, got.body, got.content_type, timestamps.now(), own or source_of(got.url, config))


def default_folder(page: Page, config: Config | None) -> Path:
    """Return the folder for a pair without -o."""
    from crawler.onboarding import samples

    if config is None:
        return Path()
    return config.folder.settings_folder / samples.SAMPLES_FOLDER / (page.source.name if page.source else "")


def write_pair(page: Page, outcome: Article | NothingToRead, folder: Path, name: str, *, force: bool) -> PagePair:
    """Write a new pair, and report it."""
    from crawler.onboarding import samples

    pair = samples.write(folder, name, page.body, samples.truth(page, outcome), force=force)
    for line in report(pair, outcome):
        click.echo(line, err=True)
    return pair


def offer_rule(
    page: Page, outcome: Article | NothingToRead, trace: Trace, pair: PagePair, config: Config | None
) -> None:
    """Print a suggested rule; or, with `config`, append it to the source's file."""
    from crawler.config.toml_files import append_rule
    from crawler.onboarding.rule_suggestions import proposal_heading

    place = page.url or pair.html.name
    text = proposed_rule(page, outcome, trace, place, held_by_another=config is not None and has_open_rule(page))
    if config is None:
        click.echo(text, nl=False)
        return
    assert page.source is not None
    own = f"sources/{page.source.name}.toml"
    path = config.folder.sources / f"{page.source.name}.toml"
    with os_errors(str(path)):
        there = read_bytes(path).decode("utf-8-sig")
    if proposal_heading(place) in there:
        click.echo(f"{own} has suggestions from this page already: nothing was added; these are today's", err=True)
        click.echo(text, nl=False)
        return
    append_rule(path, there, text)
    check = f"morgue sample --check {shown(pair.path.parent)}"
    click.echo(f"added a rule to {own}: pick what is right, then run {check}", err=True)


def shown(path: Path) -> str:
    """Return a path as the user would type it in the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def report(pair: PagePair, outcome: Article | NothingToRead) -> list[str]:
    from pipelines.core.items import NothingToRead

    lines = [f"wrote {shown(pair.html)} and {pair.path.name}: correct title, authors, published and text in it by hand"]
    if isinstance(outcome, NothingToRead):
        lines.append(f"no article was read from it ({outcome.reason}): fill in the text by hand")
    return lines


def proposed_rule(
    page: Page, outcome: Article | NothingToRead, trace: Trace, place: str, *, held_by_another: bool
) -> str:
    """Return a suggested rule as TOML. `place` is the name of the page in its heading."""
    from crawler.onboarding.rule_suggestions import as_toml, suggest
    from pipelines.core.items import Article
    from pipelines.extraction.body.classifier import CLASSIFIER
    from pipelines.extraction.explain import OUTSIDE
    from pipelines.extraction.page.parse import parse
    from pipelines.extraction.site_rules import rule_on

    assert page.capture is not None
    time = page.capture.time
    rule, article = rule_on(page.source, time.date().isoformat()), outcome if isinstance(outcome, Article) else None
    found = suggest(parse(page), article, time, rule, trace.near_text(CLASSIFIER, OUTSIDE))
    return as_toml(found, place, time.date().isoformat(), held_by_another=held_by_another)


def has_open_rule(page: Page) -> bool:
    """Return True if the page's source has a rule without `until`."""
    return page.source is not None and any(rule.until is None for rule in page.source.rules)


def check_pairs(ctx: click.Context, targets: tuple[str, ...], source: str | None) -> int:
    """Read pairs again and print the differences; return the exit code."""
    from crawler.cli import output
    from crawler.onboarding import samples
    from pipelines.core import terminal
    from pipelines.extraction.extract import read

    pairs = samples.pairs(
        map(Path, targets) if targets else [settings_folder_of(ctx).settings_folder / samples.SAMPLES_FOLDER]
    )
    config = config_or_none(ctx, needed=bool(source) or any(pair.source for pair in pairs))
    named = {name: source_named(name, config) for name in {source or pair.source for pair in pairs}}
    styled = output.supports_style(sys.stdout)
    green, red, end = (output.GREEN, output.RED, output.RESET) if styled else ("", "", "")
    differing = 0
    for pair in pairs:
        found = samples.differences(pair, read(samples.page_of(pair, named[source or pair.source])))
        differing += bool(found)
        if found:
            names = ", ".join(filter(None, found))
            click.echo(f"{shown(pair.path)}: {names} differ{'s' * (len(found) == 1)}")
        for line in (line for lines in found.values() for line in lines):
            colour = green if line.startswith("+") else red if line.startswith("-") else ""
            click.echo(f"  {colour}{terminal.plain(line)}{end if colour else ''}")
    click.echo(f"{counted(len(pairs), 'page pair')}, {differing or 'none'} {'differs' if differing <= 1 else 'differ'}")
    return 1 if differing else 0
