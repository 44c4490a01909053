"""`morgue sample`: page pairs and the skeleton of a rule, to tune how one paper is read; and the pairs read again."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from pipelines.core.errors import ConfigError, MorgueError, NoArchive, NotFound, NothingReachable, os_errors
from pipelines.core.plural import counted

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.onboarding.samples import PagePair
    from pipelines.core.items import Article, NothingToRead, Page, Source
    from pipelines.extraction.page.trace import Trace

# Of files that people save; "story.html" is no host (and one below .zip must be named with its scheme).
FILE_ENDINGS = (".html", ".htm", ".xhtml", ".shtml", ".mhtml", ".php", ".asp", ".aspx", ".gz", ".zip", ".warc",
                ".txt", ".pdf", ".json", ".jsonl", ".xml", ".csv", ".toml", ".png", ".jpg", ".jpeg")  # fmt: skip


@click.command()
@click.argument("targets", metavar="URL|FILE|DIR...", nargs=-1)
@click.option("--check", is_flag=True, help="Read page pairs (all of the archive's, if none are named) again.")
@click.option("--source", metavar="NAME", help="The source whose rules apply (else the one that URL belongs to).")
@click.option("-o", "out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where the pair is written (else samples/SOURCE in the archive, or here).")  # fmt: skip
@click.option("--name", metavar="NAME", help="What the pair is called (else from its address).")
@click.option("--url", metavar="URL", help="Where FILE came from.")
@click.option(
    "--captured", metavar="DAY", help="When FILE was captured, 2023-07-01 (else today): its day picks the rule."
)
@click.option("--rule", is_flag=True, help="Append the rule to the source's file instead of printing it.")
@click.option("--force", is_flag=True, help="Write over a pair that is there.")
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context, targets: tuple[str, ...], check: bool, source: str | None, out: Path | None, name: str | None,
    url: str | None, captured: str | None, rule: bool, force: bool,
) -> int:  # fmt: skip
    """Make a page pair to tune a source's rules by; or check such pairs.

    Of a page (a file, or an address or article number: its newest capture, else it is fetched and recorded) it writes
    NAME.html and NAME.json, what is read from it today, to be corrected by hand; and prints a [[rule]] to pick from.

    Of a file with its JSON beside it, a pair already, only the rule is made.

    --check reads every pair in the files and folders named again and shows what differs from the JSON. Exit code 1: a
    pair differs. 2: what is there is no page in HTML, and nothing was written.
    """
    if check:
        return checked(ctx, targets, source)
    if len(targets) != 1:
        raise click.UsageError("name one page: URL or FILE (or say --check)")
    from crawler.onboarding import samples

    if name is not None and not re.fullmatch(r"\w[\w.-]*", name):
        raise ConfigError(f"--name {name}", "is no name for a pair", "letters, digits, - _ and . only")
    target, is_file = targets[0], os.path.isfile(targets[0])
    if not is_file and is_misnamed(target):
        raise no_page(target)
    pair = samples.beside(Path(target)) if is_file and not url else None
    config = the_config(ctx, needed=bool(source or rule) or not is_file)
    page = the_page(target, config, source, url, captured, pair)
    if rule and page.source is None:
        raise ConfigError("--rule", "no source is known to append it to", "say --source NAME")
    outcome, account = the_reading(page, target)
    if pair is not None and not (out or name or force):
        click.echo(f"{shown(pair.html)} and {pair.path.name} are a pair already: left as they are", err=True)
    else:
        name = name or samples.name_for(target if is_file else page.url)
        pair = written(page, outcome, out or default_folder(page, config), name, force=force)
    ruled(page, outcome, account, pair, config if rule else None)
    return 0


def is_misnamed(target: str) -> bool:
    """Can it be no address but only a file, of which there is none by that name?

    An address may lack its scheme: `paper.example`, `paper.example/story.html`.
    """
    if "://" in target or target.isdigit():
        return False
    first, slash, _ = target.partition("/")
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", first):
        return True
    return not slash and first.lower().endswith(FILE_ENDINGS)


def no_page(target: str) -> NotFound:
    return NotFound(target, "is neither a file nor a web address", "say e.g. https://paper.example/story, or a file")


def the_config(ctx: click.Context, *, needed: bool) -> Config | None:
    """The archive's settings; None if there is no archive and none is needed. Raises NoArchive, ConfigError."""
    from crawler.config.models import load

    try:
        return load(the_folder(ctx), the_overrides(ctx))
    except NoArchive:
        if needed:
            raise
        return None


def the_page(
    target: str, config: Config | None, source: str | None, url: str | None, captured: str | None, pair: PagePair | None
) -> Page:
    """The page that is meant: from a file (and what the pair says of it), from the archive, from the web."""
    from crawler.onboarding import samples

    said = pair.truth if pair is not None else {}
    own = the_source(source or (said.get("source") if config is not None else None), config)
    if os.path.isfile(target):
        url = url or said.get("url", "")
        if own is None and config is not None and url:
            own = source_of(url, config)
        day = the_day(captured or said.get("captured"))
        return samples.page_at(url or "", contents(Path(target)), said.get("content_type", "text/html"), day, own)
    if url or captured:
        raise click.UsageError("--url and --captured go with FILE; the archive knows both of its pages")
    assert config is not None
    return from_archive(target, config, own) or from_web(target, config, own)


def the_reading(page: Page, target: str) -> tuple[Article | NothingToRead, Trace]:
    """What is read from a page, and how. Raises ConfigError for what is no page: nobody can make a rule for that."""
    from pipelines.core.items import NothingToRead
    from pipelines.extraction import extract
    from pipelines.extraction.page.parse import REFUSALS

    outcome, account = extract.explain(page)
    if isinstance(outcome, NothingToRead) and outcome.reason in REFUSALS:
        detail = f" ({outcome.detail})" if outcome.detail else ""
        raise ConfigError(target, f"{outcome.reason}{detail}", "a page pair is made of one whole page in HTML")
    return outcome, account


def the_source(name: str | None, config: Config | None) -> Source | None:
    """The source of that name. Raises NotFound."""
    if name is None:
        return None
    assert config is not None
    if name not in config.sources:
        there = ", ".join(config.sources) or "none yet: `morgue add URL` adds one"
        raise NotFound(f"source {name}", f"there is no sources/{name}.toml", f"there are: {there}")
    return config.sources[name].source


def source_of(url: str, config: Config) -> Source | None:
    """The source whose site a URL belongs to, if it is only one."""
    from pipelines.core.urls import same_site

    own = [source.source for source in config.sources.values() if same_site(source.url, url)]
    return own[0] if len(own) == 1 else None


def the_day(captured: str | None) -> datetime:
    from pipelines.core import timestamps

    try:
        return timestamps.parse(captured) if captured else timestamps.now()
    except ValueError:
        raise ConfigError(f"--captured {captured}", "is no day", "say e.g. --captured 2023-07-01") from None


def contents(path: Path) -> bytes:
    """A file's bytes, unpacked if they are gzip."""
    import gzip
    import zlib

    with os_errors(str(path)):
        data = path.read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise MorgueError(str(path), f"cannot be unpacked: {error}") from None


def from_archive(wanted: str, config: Config, own: Source | None) -> Page | None:
    """The newest capture of an article (by number or address) or of any page (by address); None if there is none."""
    from contextlib import closing

    from crawler.onboarding import samples
    from pipelines.archive.replay import replay
    from pipelines.core import timestamps
    from pipelines.core.urls import fetchable
    from pipelines.database import queries
    from pipelines.database.connection import connect
    from pipelines.warc.storage import WarcStorage

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
            got = replay(db, WarcStorage(config.folder.warc), row)
    except NoArchive:  # nothing was crawled yet
        return None
    if own is None:
        own = config.sources[source].source if source in config.sources else source_of(row["url"], config)
    click.echo(f"read from the archive: captured {row['captured']}", err=True)
    return samples.page_at(row["url"], got.body, got.content_type, timestamps.parse(row["captured"]), own)


def from_web(wanted: str, config: Config, own: Source | None) -> Page:
    """Fetched as `morgue add` does: robots.txt obeyed, every exchange recorded. Raises NothingReachable."""
    import asyncio

    from crawler.frontier.crawl_plan import targets_of
    from pipelines.core.urls import fetchable

    url = fetchable(targets_of([wanted])[0])
    if url is None:
        raise no_page(wanted)
    return asyncio.run(fetched(url, config, own))


async def fetched(url: str, config: Config, own: Source | None) -> Page:
    from crawler.commands.add import SiteFetcher
    from crawler.engine.crawl import open_context
    from crawler.middleware.failure_reasons import ALLOW, NOT_PUBLIC
    from crawler.onboarding import samples
    from crawler.onboarding.probe import UnusableAddress, get
    from pipelines.core import timestamps

    context = open_context(config, " ".join(sys.argv[1:]))
    outcome = "failed"
    try:
        asker = SiteFetcher(config, context)
        try:
            got = await get(url, asker.fetch, obey=config.crawl.robots)
        finally:
            await asker.close()
        outcome = "done"
    except UnusableAddress as error:
        cure = ALLOW if str(error) == NOT_PUBLIC else "save the page in a browser and say: morgue sample FILE"
        raise NothingReachable(url, str(error), cure) from None
    finally:
        context.workers.kill()
        context.close(outcome)
    click.echo(f"fetched and recorded: {got.url}", err=True)
    return samples.page_at(got.url, got.body, got.content_type, timestamps.now(), own or source_of(got.url, config))


def default_folder(page: Page, config: Config | None) -> Path:
    """Where a pair is written that nobody said a place for."""
    from crawler.onboarding import samples

    return config.folder.path / samples.FOLDER / (page.source.name if page.source else "") if config else Path()


def written(page: Page, outcome: Article | NothingToRead, folder: Path, name: str, *, force: bool) -> PagePair:
    """The pair, new on the disk."""
    from crawler.onboarding import samples

    pair = samples.write(folder, name, page.body, samples.truth(page, outcome), force=force)
    for line in report(pair, outcome):
        click.echo(line, err=True)
    return pair


def ruled(page: Page, outcome: Article | NothingToRead, account: Trace, pair: PagePair, config: Config | None) -> None:
    """Print the skeleton of a rule; or, with `config`, append it to the source's file."""
    from crawler.onboarding.rule_suggestions import origin

    place = page.url or pair.html.name
    text = proposed(page, outcome, account, place, held_by_another=config is not None and holding(page))
    if config is None:
        click.echo(text, nl=False)
        return
    assert page.source is not None
    own = f"sources/{page.source.name}.toml"
    path = config.folder.path / own
    with os_errors(str(path)):
        there = path.read_text(encoding="utf-8-sig")
    if origin(place) in there:
        click.echo(f"{own} has a proposal from this page already: nothing appended; this is today's", err=True)
        click.echo(text, nl=False)
        return
    append(path, there, text)
    check = f"morgue sample --check {shown(pair.path.parent)}"
    click.echo(f"appended a rule to {own}: pick from it, then {check}", err=True)


def shown(path: Path) -> str:
    """A path as somebody here would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def report(pair: PagePair, outcome: Article | NothingToRead) -> list[str]:
    from pipelines.core.items import NothingToRead

    lines = [f"wrote {shown(pair.html)} and {pair.path.name}: correct its title, authors, published and text by hand"]
    if isinstance(outcome, NothingToRead):
        lines.append(f"nothing was read from it ({outcome.reason}): its text is yours to fill in")
    return lines


def proposed(page: Page, outcome: Article | NothingToRead, account: Trace, place: str, *, held_by_another: bool) -> str:
    """The skeleton of a rule as TOML. `place`: how the page is named in it."""
    from crawler.onboarding.rule_suggestions import as_toml, skeleton
    from pipelines.core.items import Article
    from pipelines.extraction.body.classifier import WEIGHED
    from pipelines.extraction.extract import OUTSIDE
    from pipelines.extraction.page.parse import parse
    from pipelines.extraction.site_rules import chosen

    assert page.capture is not None
    time = page.capture.time
    rule, article = chosen(page.source, time.date().isoformat()), outcome if isinstance(outcome, Article) else None
    found = skeleton(parse(page), article, time, rule, account.near(WEIGHED, OUTSIDE))
    return as_toml(found, place, time.date().isoformat(), held_by_another=held_by_another)


def holding(page: Page) -> bool:
    """Has its source a rule that holds without end?"""
    return page.source is not None and any(rule.until is None for rule in page.source.rules)


def append(path: Path, there: str, text: str) -> None:
    """Put a rule at the end of what is there in a source's file; all of it or nothing."""
    import tomllib

    from crawler.commands.add import write_whole

    written = f"{there.rstrip()}\n\n{text}"
    try:
        tomllib.loads(written)
    except ValueError as error:  # rule = [...] in one piece
        raise ConfigError(str(path), f"a [[rule]] cannot follow what is there ({error})", "leave out --rule") from None
    with os_errors(str(path)):
        write_whole(path, written)


def checked(ctx: click.Context, targets: tuple[str, ...], source: str | None) -> int:
    """Read pairs again and print what differs; the exit code."""
    from crawler.onboarding import samples
    from exports import terminal
    from pipelines.extraction.extract import read

    pairs = samples.pairs(map(Path, targets) if targets else [the_folder(ctx).path / samples.FOLDER])
    config = the_config(ctx, needed=bool(source) or any(pair.source for pair in pairs))
    named = {name: the_source(name, config) for name in {source or pair.source for pair in pairs}}
    green, red, end = ("\x1b[32m", "\x1b[31m", terminal.RESET) if terminal.styled(sys.stdout) else ("", "", "")
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
