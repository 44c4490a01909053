"""`morgue add`: look a site over, write its source file, report what was found."""

from __future__ import annotations

import io
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, NoReturn
from unicodedata import normalize
from urllib.parse import urlsplit

import click

from crawler.cli.common_options import folder_of, folder_option, overrides_of, setting_option
from crawler.cli.log_options import log_options
from pipelines.core.errors import INTERRUPTED, ConfigError, MorgueError, NothingReachable, os_errors
from pipelines.core.input_files import open_input
from pipelines.core.items import Source
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.cli.url_list import UrlList
    from crawler.config.models import Config
    from crawler.onboarding.opml import ListedSite
    from crawler.onboarding.probe import ProbeReport
    from crawler.onboarding.site_fetcher import SiteFetcher
    from pipelines.session.context import CrawlContext

OUTCOMES = ("added", "known", "failed", "not usable")  # of a site, in their order in the last line
NO_ADDRESS = "the row has no address"
MAX_LIST_BYTES = 10_000_000  # of a list of sites; OPML of thousands of feeds has a tenth of it
MAX_TITLE_CHARS = 60  # of the name of a source that is made of a title
LIST_SUFFIXES = (".opml", ".xml", ".csv", ".tsv", ".txt")  # of files that list sites
MAX_SITES_AT_ONCE = 8  # that are looked over side by side; each host still gets one request at a time


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option("--name", metavar="NAME", help="Name of the source (default: from the domain; www.bbc.co.uk gives bbc).")
@click.option("--urls", "file", metavar="FILE", help="Add the sites that FILE lists: one address per line, CSV, or the "
                                                     "OPML of a feed reader (- for standard input).")  # fmt: skip
@click.option("--column", metavar="NAME", help="With --urls: FILE is a CSV file, and this column holds the addresses.")
@click.option("--opml", hidden=True)
@click.option("--force", is_flag=True, help="Overwrite the file of a site that is a source already; it keeps its name.")
@folder_option
@setting_option
@log_options
@click.pass_context
def command(
    ctx: click.Context,
    urls: tuple[str, ...],
    name: str | None,
    file: str | None,
    column: str | None,
    opml: str | None,
    force: bool,
) -> int:
    """Look news sites over and watch them from now on.

    Fetches the home page, robots.txt and what they lead to (feeds, news sitemaps, sitemaps, section pages): at most
    25 requests per site, no faster than crawl.delay allows. Writes sources/NAME.toml, which you can read and edit.
    Everything fetched is recorded in the archive. A feed or an article of a paper may be given instead of its home
    page. Several sites are looked over side by side, and those that fail are named.

    A site that is a source already is left as it is; `morgue sources rename` gives it another name. So is what another
    source of the same site lists already, unless --name or --force asks for it.

    Exit code 1: some sites failed or are not usable. 2: no address is usable, or the one site that you typed is a
    source already. 3: no site could be added, because all failed.
    """
    from crawler.config.models import load
    from crawler.onboarding.opml import ListedSite

    if opml is not None:
        raise ConfigError("--opml", "is called --urls, for lists of any kind", f"say morgue add --urls {quote(opml)}")
    if (list_file := next(filter(is_list_file, urls), None)) is not None:
        raise ConfigError(list_file, "is a file, not a web address", f"say morgue add --urls {quote(list_file)}")
    if not urls and file is None:
        raise click.UsageError("Missing argument 'URL...'.", ctx)
    if column is not None and file is None:
        raise ConfigError("--column", "needs --urls", "say --urls FILE.csv --column NAME")
    folder = folder_of(ctx)
    config = load(folder, overrides_of(ctx), skip_broken=True)
    for error in config.broken.values():
        click.echo(plain(f"warning: {error}"), err=True)
    listed = [ListedSite("", url) for url in urls]
    if file is not None:
        listed += sites_of_list(bytes_of(file), file, column)
    if not listed:
        raise ConfigError(file or "-", "lists no site", "one address per line; a line that begins with # is a comment")
    is_single = len(listed) == 1 and file is None
    wanted, refused = chosen_sites(listed, name, config, force=force)
    unusable = [one.error for one in refused if not one.known]
    if not wanted and (is_single or len(unusable) == len(listed) == 1):
        raise refused[0].error
    for error in unusable:
        click.echo(plain(f"not added: {error}"), err=True)
    outcomes = Counter({"not usable": len(unusable), "known": len(refused) - len(unusable)})
    if wanted:
        import asyncio  # 20 ms that `morgue --help` need not pay

        outcomes += asyncio.run(add_all(wanted, config, " ".join(sys.argv[1:])))
    if not is_single:
        click.echo(", ".join(outcome_text(word, outcomes[word]) for word in OUTCOMES if outcomes[word]))
    return exit_code_of(outcomes, is_single=is_single)


def is_list_file(text: str) -> bool:
    """Return True for an address that names a list of sites in a file of this machine."""
    return text.lower().endswith(LIST_SUFFIXES) and "//" not in text and os.path.isfile(text)


def outcome_text(outcome: str, number: int) -> str:
    """Return how many sites ended in this outcome, for people."""
    if outcome == "known":
        return f"{number:,} {'is a source' if number == 1 else 'are sources'} already"
    return f"{number:,} {outcome}"


def exit_code_of(outcomes: Counter[str], *, is_single: bool) -> int:
    """Return the exit code. A site that is a source already is a mistake only if it is the one site that was typed."""
    if outcomes["failed"] or outcomes["not usable"]:
        if outcomes["added"] or outcomes["known"]:
            return MorgueError.exit_code
        return NothingReachable.exit_code if outcomes["failed"] else ConfigError.exit_code
    return ConfigError.exit_code if is_single and outcomes["known"] else 0


@dataclass(frozen=True, slots=True)
class WantedSite:
    """Hold a site to look over."""

    name: str  # of the source that it becomes
    url: str
    feeds: tuple[str, ...] = ()  # that the user's list names
    assumed_https: bool = False  # the user gave no scheme, so http is tried if https cannot be reached
    is_asked_for: bool = False  # by --force or --name, also if other sources list the same
    is_named: bool = False  # its name is the user's choice, or that of the file to be overwritten


@dataclass(frozen=True, slots=True)
class RefusedSite:
    """Hold a site that is not looked over, and why."""

    error: ConfigError
    known: bool  # it is a source already


def bytes_of(file: str) -> bytes:
    """Return what a list holds. Raises ConfigError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_LIST_BYTES + 1)
        else:
            with os_errors(file), open_input(file, may_be_pipe=True) as opened:
                data = opened.read(MAX_LIST_BYTES + 1)
        if len(data) > MAX_LIST_BYTES:
            raise MorgueError(file, f"is longer than {MAX_LIST_BYTES:,} bytes, so this is no list of sites")
        return data
    except MorgueError as error:
        raise ConfigError(file, error.cause, "name a file that can be read, or - for standard input") from error


def sites_of_list(data: bytes, file: str, column: str | None) -> list[ListedSite]:
    """Return the sites of a list in its order: OPML if it begins with `<`, else lines or CSV. Raises ConfigError."""
    from crawler.cli.url_list import decoded, listed_in
    from crawler.onboarding.opml import ListedSite, is_xml, read_opml

    if not is_xml(data):
        found = listed_in(decoded(io.BufferedReader(io.BytesIO(data)), file), file, column)
        names, feeds = cells_of(found, "name"), cells_of(found, "feeds")  # of `morgue sources export`
        return [
            ListedSite(
                row.place, row.text, tuple(filter(None, re.split(r";?\s+", told))), "" if row.text else NO_ADDRESS, name
            )
            for row, name, told in zip(found.rows, names, feeds, strict=True)
        ]
    if column is not None:
        raise ConfigError("--column", f"{file} is OPML, which has no columns", "leave out --column")
    return read_opml(data, file)


def cells_of(listed: UrlList, column: str) -> list[str]:
    """Return the cells of a column of a list; if it has none of that name, empty ones."""
    if column not in listed.columns:
        return [""] * len(listed.rows)
    number = listed.columns.index(column)
    return [row.cells[number].strip() for row in listed.rows]


def chosen_sites(
    listed: Sequence[ListedSite], name: str | None, config: Config, *, force: bool
) -> tuple[list[WantedSite], list[RefusedSite]]:
    """Return the sites to look over, and those that are not. Raises ConfigError if `name` cannot be used."""
    from crawler.config.toml_files import SOURCE_NAME
    from pipelines.core.source_names import home_key
    from pipelines.core.urls import fetchable, typed_address

    if name is not None and (len(listed) > 1 or not SOURCE_NAME.fullmatch(name)):
        cause = (
            "names one source, but there are several URLs" if len(listed) > 1 else "is not a valid name for a source"
        )
        raise ConfigError(f"--name {name}", cause, "give one URL; a name has only letters, digits, - _ and .")
    if name is not None and name in (*config.sources, *config.broken) and not force:
        raise ConfigError(f"--name {name}", "is a source already", "--force overwrites its file")
    taken, homes = {*config.sources, *config.broken}, set()
    wanted: list[WantedSite] = []
    refused: list[RefusedSite] = []
    for site in listed:
        if site.problem:
            refused.append(RefusedSite(ConfigError(site.place, site.problem), known=False))
            continue
        url, assumed_https = typed_address(site.address)
        place = f"{site.place}: {site.address}" if site.place else site.address
        if url is None:
            error = ConfigError(place, "is not a web address", "say e.g. https://paper.example/")
            refused.append(RefusedSite(error, known=False))
            continue
        own = config.source_at(url)
        if own is not None and (not force or name not in (None, own.name)):
            cure = "--force overwrites that file" if name in (None, own.name) else renaming(own.name, name)
            error = ConfigError(url, f"is a source already: sources/{own.name}.toml", cure)
            refused.append(RefusedSite(error, known=True))
        elif home_key(url) not in homes:
            feeds = tuple(filter(None, map(fetchable, site.feeds)))
            told = site.name if SOURCE_NAME.fullmatch(site.name) and site.name not in taken else None
            chosen = name or (own.name if own is not None else told or name_for(url, taken, site.title))
            is_named = name is not None or own is not None or told is not None
            is_asked_for = force or name is not None
            wanted.append(WantedSite(chosen, url, feeds, assumed_https, is_asked_for, is_named))
            taken.add(chosen)
            homes.add(home_key(url))
    return wanted, refused


def renaming(old: str, new: str | None) -> str:
    """Say how a source gets another name."""
    return f"morgue sources rename {old} {new or 'NAME'} gives it another name"


def name_for(url: str, taken: set[str], title: str = "") -> str:
    """Return a free name for a site: made of its domain, else of its whole host, else with a number.

    A site at an IP address is named after its `title`, if the user's list gives one.
    """
    from pipelines.core.urls import host_of, site_of

    site, host = site_of(url), host_of(url)
    path = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")
    whole = re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.")).strip("-")
    has_domain = re.search(r"[a-z]", site) and ":" not in site
    titled = re.sub(r"[^a-z0-9]+", "-", normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()).strip("-")
    bare = site.split(".")[0] if has_domain else titled[:MAX_TITLE_CHARS].rstrip("-") or whole
    names = [bare, whole, f"{whole}-{path}" if path else whole, *(f"{bare}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name and name not in taken)


async def add_all(wanted: Sequence[WantedSite], config: Config, command_line: str) -> Counter[str]:
    """Look the sites over side by side; return how many were "added", are "known" and "failed"."""
    import asyncio

    from crawler.engine.crawl import open_context
    from crawler.engine.interrupts import interrupts
    from crawler.onboarding.site_fetcher import SiteFetcher

    context = open_context(config, command_line)
    fetcher = SiteFetcher(config, context)
    adder = SiteAdder(config, context, fetcher, {site.name for site in wanted})
    slots = asyncio.Semaphore(MAX_SITES_AT_ONCE)
    outcomes: Counter[str] = Counter()

    async def add(site: WantedSite) -> None:
        async with slots:
            outcomes[await adder.add(site)] += 1

    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            for site in wanted:
                tasks.create_task(add(site))

    def stop_at_once() -> NoReturn:
        context.workers.kill()
        context.close("interrupted")
        os._exit(INTERRUPTED)

    if len(wanted) > 1:
        click.echo(f"looking {len(wanted):,} sites over, up to {MAX_SITES_AT_ONCE} at a time")
    outcome = "failed"
    under_way = asyncio.create_task(work())
    with interrupts(under_way.cancel, stop_at_once):
        try:
            await under_way
            outcome = "partly failed" if outcomes["failed"] else "done"
            if not outcomes["added"]:
                outcome = "nothing reachable" if outcomes["failed"] else "done"
        except asyncio.CancelledError:
            outcome = "interrupted"
            raise click.Abort from None
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the others have the same cause, such as a full disk
        finally:
            await fetcher.close()
            context.workers.kill()  # all their results are in
            context.close(outcome)
    return outcomes


class SiteAdder:
    """Look sites over, write their files and report what was found, or why they were not added."""

    def __init__(self, config: Config, context: CrawlContext, fetcher: SiteFetcher, names: set[str]) -> None:
        """`names`: those that the sources of this run get."""
        self.config, self.context, self.fetcher = config, context, fetcher
        self.names = names
        from crawler.onboarding.shared_listings import SharedListings

        self.shared = SharedListings(config.sources.values())
        self.added: dict[str, str] = {}  # home key -> name, of this run

    async def add(self, site: WantedSite) -> str:
        """Return "added", "known" (it led to a source that there is already) or "failed"."""
        site, found = await self.look_over(site)
        if found.failure is not None:
            return self.not_added(replace(site, url=found.url), found.failure)
        if (twin := self.twin_of(found.url, site)) is not None:
            click.echo(plain(f"not added: {site.url} leads to {found.url}, which is sources/{twin}.toml"), err=True)
            if site.is_named:
                click.echo(plain(f"  {renaming(twin, site.name)}"), err=True)
            return "known"
        site = self.renamed(site, found)
        from crawler.config.toml_files import write
        from crawler.onboarding.report_text import report_lines
        from crawler.onboarding.source_file import source_text
        from pipelines.core.source_names import home_key

        if not site.is_asked_for:
            had_listings = bool(found.listings)
            found = self.shared.without(found, site.name)
            if had_listings and not found.listings and not found.unchecked:
                return self.nothing_own(site, found)
        self.shared.add(site.name, found.url, (*(one.url for one in found.listings), *found.unchecked))
        others = [own.url for name, own in self.config.sources.items() if name != site.name]
        found = replace(found, further_sites=found.further_sites.without(others))
        self.added[home_key(found.url)] = site.name
        path = self.config.folder.sources / f"{site.name}.toml"
        with os_errors(str(path)):
            path.parent.mkdir(exist_ok=True)
            write(path, source_text(found))
        source = Source(site.name, found.url, found.title, found.language)
        store = self.context.store
        await self.context.do(store.rename_ad_hoc_source, source, [*self.config.sources, *self.names])
        await self.context.do(partial(store.source, source, watched=True))
        for line in (site.url, *report_lines(found, site.name, obeyed=self.config.crawl.robots)):
            click.echo(plain(line))  # a title may hold characters that control the terminal
        return "added"

    async def look_over(self, site: WantedSite) -> tuple[WantedSite, ProbeReport]:
        """Probe the site; also by http, if the user gave no scheme and https cannot be reached.

        Return it with the address that answered.
        """
        from crawler.onboarding.probe import probe
        from crawler.schedule.failure_kinds import NO_HTTPS_REASONS

        look = partial(
            probe, fetch=self.fetcher.fetch, read=self.fetcher.read, obey=self.config.crawl.robots, feeds=site.feeds
        )
        found = await look(site.url)
        if found.failure not in NO_HTTPS_REASONS or not site.assumed_https:
            return site, found
        by_http = replace(site, url=site.url.replace("https://", "http://", 1))
        plain_http = await look(by_http.url)
        return (site, found) if plain_http.failure in NO_HTTPS_REASONS else (by_http, plain_http)

    def renamed(self, site: WantedSite, found: ProbeReport) -> WantedSite:
        """Name the site after its front page, if the user gave another page of it."""
        if site.is_named or not found.note:
            return site
        self.names.discard(site.name)
        name = name_for(found.url, {*self.config.sources, *self.config.broken, *self.names})
        self.names.add(name)
        return replace(site, name=name)

    def not_added(self, site: WantedSite, failure: str) -> str:
        from crawler.middleware.failure_reasons import ALLOW_PRIVATE, NOT_PUBLIC

        cure = f"{ALLOW_PRIVATE}\n  " if failure == NOT_PUBLIC else ""
        click.echo(plain(f"morgue: {site.url}: {failure}\n  {cure}no source was written"), err=True)
        return "failed"

    def nothing_own(self, site: WantedSite, found: ProbeReport) -> str:
        """Say that other sources read all that a site lists."""
        click.echo(plain(f"not added: {site.url}: all that it lists is read for another source already"), err=True)
        for url, why in found.rejected:
            click.echo(plain(f"  left out: {url} ({why})"), err=True)
        click.echo("  --force or --name NAME writes a source for it all the same", err=True)
        return "known"

    def twin_of(self, url: str, site: WantedSite) -> str | None:
        """Return the name of another source with this front page; None if there is none."""
        from pipelines.core.source_names import home_key

        own = self.config.source_at(url)
        name = own.name if own is not None else self.added.get(home_key(url))
        return name if name != site.name else None
