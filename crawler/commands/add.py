"""`morgue add`: look a site over, write its source file, report what was found."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from crawler.cli.common_options import folder_of, folder_option, overrides_of, setting_option
from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError, MorgueError, NothingReachable, os_errors
from pipelines.core.items import Source
from pipelines.core.plural import counted
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.onboarding.probe import ProbeReport, VerifiedListing
    from pipelines.session.context import CrawlContext

LISTING_KEYS = (("feed", "feeds"), ("news sitemap", "news_sitemaps"), ("sitemap", "sitemaps"), ("section", "sections"))
MAX_LISTINGS_NAMED = 8  # addresses of one kind that the report lists individually


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="Name of the source (default: from the domain; www.bbc.co.uk gives bbc).")
@click.option("--force", is_flag=True, help="Overwrite the source file if it exists.")
@folder_option
@setting_option
@log_options
@click.pass_context
def command(ctx: click.Context, urls: tuple[str, ...], name: str | None, force: bool) -> int:
    """Look a news site over and watch it from now on.

    Fetches the home page, robots.txt and what they lead to (feeds, news sitemaps, sitemaps, section pages): at most
    25 requests per site, no faster than crawl.delay allows. Writes sources/NAME.toml, which you can read and edit.
    Everything fetched is recorded in the archive.
    """
    from crawler.config.models import load

    folder = folder_of(ctx)
    config = load(folder, overrides_of(ctx))
    wanted = named_sites(urls, name, config, force=force)
    import asyncio  # 20 ms that `morgue --help` need not pay

    added = asyncio.run(add_all(wanted, config, " ".join(sys.argv[1:])))
    if added == len(wanted):
        return 0
    return MorgueError.exit_code if added else NothingReachable.exit_code


def named_sites(urls: Sequence[str], name: str | None, config: Config, *, force: bool) -> list[tuple[str, str]]:
    """Return (name, home page) of each site to add. Raises ConfigError before any request is sent."""
    from crawler.config.toml_files import SOURCE_NAME
    from crawler.frontier.crawl_plan import targets_of
    from pipelines.core.urls import fetchable, url_key

    if name is not None and (len(urls) > 1 or not SOURCE_NAME.fullmatch(name)):
        cause = "names one source, but there are several URLs" if len(urls) > 1 else "is not a valid name for a source"
        raise ConfigError(f"--name {name}", cause, "give one URL; a name has only letters, digits, - _ and .")
    known = {url_key(source.url): own for own, source in config.sources.items()}
    taken, chosen = set(config.sources), []
    for typed in targets_of(urls):
        url = fetchable(typed)
        if url is None:
            raise ConfigError(typed, "is not a web address", "say e.g. https://paper.example/")
        own = known.get(url_key(url))
        if own is not None and not force:
            raise ConfigError(url, f"is a source already: sources/{own}.toml", "--force overwrites that file")
        if name is not None and name in config.sources and not force:
            raise ConfigError(f"--name {name}", "is a source already", "--force overwrites its file")
        chosen.append((name or own or name_for(url, taken), url))
        taken.add(chosen[-1][0])
    return chosen


def name_for(url: str, taken: set[str]) -> str:
    """Return a free name for a site: made of its domain, else of its whole host, else with a number."""
    from pipelines.core.urls import host_of, site_of

    site, host = site_of(url), host_of(url)
    path = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")
    whole = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.")).strip("-")
    bare = site.split(".")[0] if re.search(r"[a-z]", site) and ":" not in site else whole
    names = [bare, whole, f"{whole}-{path}" if path else whole, *(f"{bare}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name and name not in taken)


async def add_all(wanted: Sequence[tuple[str, str]], config: Config, command_line: str) -> int:
    """Look the sites over one after the other; return the number of sites that were added."""
    from crawler.engine.crawl import open_context

    context = open_context(config, command_line)
    outcome, added = "interrupted", 0
    try:
        for name, url in wanted:
            added += await add_one(name, url, config, context)
        outcome = "done" if added == len(wanted) else "partly failed" if added else "nothing reachable"
    except MorgueError:
        outcome = "failed"
        raise
    finally:
        context.workers.kill()  # all their results are in
        context.close(outcome)
    return added


async def add_one(name: str, url: str, config: Config, context: CrawlContext) -> bool:
    """Look one site over; write its file and report what was found, or why it was not added. Return True if added."""
    from crawler.config.toml_files import write
    from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC
    from crawler.onboarding.probe import probe
    from crawler.onboarding.site_fetcher import SiteFetcher

    click.echo(url)
    fetcher = SiteFetcher(config, context)
    try:
        found = await probe(url, fetcher.fetch, fetcher.read, obey=config.crawl.robots)
    finally:
        await fetcher.close()
    if found.failure is not None:
        cure = f"{ALLOW_PRIVATE}\n  " if found.failure == NOT_PUBLIC else ""
        click.echo(f"morgue: {url}: {found.failure}\n  {cure}no source was written", err=True)
        return False
    twins = [own for own, source in config.sources.items() if same_address(source.url, found.url) and own != name]
    if twins:
        click.echo(
            f"morgue: {url}: redirects to {found.url}, which is a source already: sources/{twins[0]}.toml", err=True
        )
        return False
    path = config.folder.sources / f"{name}.toml"
    with os_errors(str(path)):
        path.parent.mkdir(exist_ok=True)
        write(path, source_text(found))
    source = Source(name, found.url, found.title, found.language)
    await context.do(context.store.rename_ad_hoc_source, source, [*config.sources, name])
    await context.do(partial(context.store.source, source, watched=True))
    for line in report(found, name, obeyed=config.crawl.robots):
        click.echo(plain(line))  # a title may hold characters that control the terminal
    return True


def same_address(a: str, b: str) -> bool:
    from pipelines.core.urls import url_key

    return url_key(a) == url_key(b)


KEY_COMMENTS = {
    "url": "The paper's front page.",
    "title": "The paper's own name, for people.",
    "language": "Language of most of its articles (BCP 47 tag), as the front page declares it.",
    "feeds": "RSS, Atom and JSON feeds: the newest articles.",
    "news_sitemaps": "News sitemaps: the articles of the last days, with their titles.",
    "sitemaps": "Sitemaps: everything that the paper lists. Remove them to collect only new articles.",
    "sections": "Section pages. Only these are read; remove the key to let crawls find sections from the front page.",
}
SOURCE_FILE_END = """\
# Articles are recognised by their addresses. Where that fails, use regular expressions: a URL with a match
# for one of `include` is an article, a URL with a match for one of `exclude` is never fetched.
#include = ["/story/[0-9]+"]
#exclude = ["/quiz/"]

# How often its feeds and pages are read again, and how requests are sent, where this differs from morgue.toml.
#[every]
#feed = "30m"
#[crawl]
#delay = 5.0
"""


def source_text(found: ProbeReport) -> str:
    """Return the source file: what was found, with each key explained."""
    from crawler.config.value_types import is_ascii_line, is_line, is_web_address, literal

    title = found.title if found.title and is_line(found.title) else ""
    language = found.language if found.language and is_ascii_line(found.language) else ""
    values: dict[str, Any] = {"url": found.url, "title": title, "language": language}
    for kind, key in LISTING_KEYS:
        values[key] = [listing.url for listing in found.of(kind) if is_web_address(listing.url)]
    if values["sections"]:
        values["sections"] += [url for url in found.unchecked if is_web_address(url)]
    blocks = ["# Written by `morgue add`; edit it as you like. All keys: docs/config.md and sources/_template.toml.\n"]
    for key, value in values.items():
        if isinstance(value, list):
            rows = "".join(f"    {literal(url)},\n" for url in value)
            line = f"{key} = [\n{rows}]" if value else f"#{key} = []"
        else:
            line = f"{'' if value else '#'}{key} = {literal(value)}"
        blocks.append(f"# {KEY_COMMENTS[key]}\n{line}\n")
    return "\n".join([*blocks, SOURCE_FILE_END])


def report(found: ProbeReport, name: str, *, obeyed: bool = True) -> list[str]:
    """Return what was found and what was not, for people."""
    lines = [f"  {found.title or 'no title'}" + (f" ({found.language})" if found.language else "")]
    robots = "allows crawling" if obeyed else "is not obeyed (crawl.robots)"
    lines.append(f"  robots.txt {robots}{crawl_delay_text(found)}")
    for kind, _key in LISTING_KEYS:
        listings = found.of(kind)
        lines += [f"  {listing_text(listing)}" for listing in listings[:MAX_LISTINGS_NAMED]]
        if len(listings) > MAX_LISTINGS_NAMED:
            lines.append(f"  {counted(len(listings) - MAX_LISTINGS_NAMED, f'more {kind}')} like these")
    if found.unchecked:
        why = f"added unchecked, to stay at {counted(found.requests, 'request')}"
        lines.append(f"  {counted(len(found.unchecked), 'more section page')} in the menus, {why}")
    lines += [f"  left out: {url} ({why})" for url, why in found.rejected]
    lines += not_found_lines(found)
    lines.append(f"  -> sources/{name}.toml    morgue crawl {name} fetches it now")
    return lines


def crawl_delay_text(found: ProbeReport) -> str:
    return f", and asks for {found.crawl_delay:g} s between requests" if found.crawl_delay else ""


def listing_text(listing: VerifiedListing) -> str:
    from crawler.onboarding.probe import left_out_text

    what, noun = ("sitemap index", "sitemap") if listing.index else (listing.kind, "article")
    newest = f", newest {listing.newest}" if listing.newest else ""
    left_out = left_out_text(listing.left_out)
    return f"{what}: {listing.url} ({counted(listing.count, noun)}{newest}{left_out}; {listing.where})"


def not_found_lines(found: ProbeReport) -> list[str]:
    """Return a line for each kind of listing that was not found, and what is read instead."""
    kinds = {listing.kind for listing in found.listings}
    if not kinds and not found.unchecked:
        return ["  no feed, sitemap or section page found: crawls will read only the front page"]
    lines = []
    if "feed" not in kinds:
        instead = "news sitemap" if "news sitemap" in kinds else "section pages" if "section" in kinds else "sitemap"
        lines.append(f"  no feed found: crawls will read the {instead} instead")
    if "news sitemap" not in kinds:
        lines.append("  no news sitemap found")
    if not kinds & {"sitemap", "news sitemap"}:
        lines.append("  no sitemap found: articles older than those in the feed and section pages cannot be found")
    if "section" not in kinds:
        lines.append("  no section page found in the menus: crawls will look for them from the front page")
    return lines
