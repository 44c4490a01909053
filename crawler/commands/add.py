"""`morgue add`: look a site over, write its source file, report what was found."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, NoReturn

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.log_options import log_options
from pipelines.core.errors import INTERRUPTED, ConfigError, MorgueError, NothingReachable, os_errors
from pipelines.core.items import Source
from pipelines.core.terminal import plain
from pipelines.fleet.layout import fleet_above, place_of_shard

if TYPE_CHECKING:
    from crawler.config.models import Config
    from crawler.onboarding.opml import ListedSite
    from crawler.onboarding.probe import ProbeReport
    from crawler.onboarding.site_fetcher import SiteFetcher
    from pipelines.session.context import CrawlContext

OUTCOMES = ("added", "known", "failed", "not usable")  # of a site, in their order in the last line
MAX_SITES_AT_ONCE = 8  # that are looked over side by side; each host still gets one request at a time


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1)
@click.option("--name", metavar="NAME", help="Name of the source (default: from the domain; www.bbc.co.uk gives bbc).")
@click.option("--urls", "file", metavar="FILE", help="Add the sites that FILE lists: one address per line, CSV, or the "
                                                     "OPML of a feed reader (- for standard input).")  # fmt: skip
@click.option("--column", metavar="NAME", help="With --urls: FILE is a CSV file, and this column holds the addresses.")
@click.option("--opml", hidden=True, help="Name --urls to the user who looks for it under this name.")
@click.option("--force", is_flag=True, help="Overwrite the file of a site that is a source already; it keeps its name.")
@common_options
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
    from crawler.cli.url_list import bytes_of, is_list_file, sites_of_list
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
    if fleet_above(folder.path) is not None:
        from crawler.cli.fleet.routes import own_only

        own = set(own_only(ctx, folder, [site.address for site in listed]))
        listed = [site for site in listed if site.address in own]
        if not listed:
            return 0
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


def chosen_sites(
    listed: Sequence[ListedSite], name: str | None, config: Config, *, force: bool
) -> tuple[list[WantedSite], list[RefusedSite]]:
    """Return the sites to look over, and those that are not. Raises ConfigError if `name` cannot be used."""
    from crawler.config.toml_files import SOURCE_NAME
    from crawler.onboarding.source_file import name_advice, name_for
    from pipelines.core.source_names import home_key
    from pipelines.core.urls import typed_address

    if name is not None and len(listed) > 1:
        cause = "names one source, but there are several URLs"
        raise ConfigError(f"--name {name}", cause, "give one URL, or leave --name out")
    if name is not None and not SOURCE_NAME.fullmatch(name):
        raise ConfigError(f"--name {name}", "is not a valid name for a source", name_advice(name))
    if name is not None and name in config.others.sources:
        raise ConfigError(f"--name {name}", "is a source of another shard of this fleet", "choose another name")
    if name is not None and name in config.names and not force:
        raise ConfigError(f"--name {name}", "is a source already", "--force overwrites its file")
    taken = config.names
    homes: dict[str, int] = {}  # home key -> number in `wanted`
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
        feeds = tuple(feed for typed in site.feeds if (feed := typed_address(typed)[0]) is not None)
        if len(feeds) < len(site.feeds):
            wrong = next(typed for typed in site.feeds if typed_address(typed)[0] is None)
            error = ConfigError(f"{place}: feed {wrong}", "is not a web address", "say e.g. https://paper.example/feed")
            refused.append(RefusedSite(error, known=False))
        own = config.source_at(url)
        if own is not None and (not force or name not in (None, own.name)):
            cure = "--force overwrites that file" if name in (None, own.name) else renaming(own.name, name)
            error = ConfigError(url, f"is a source already: sources/{own.name}.toml", cure)
            refused.append(RefusedSite(error, known=True))
        elif (twin := homes.get(home_key(url))) is not None:  # a row for each feed of a paper
            wanted[twin] = replace(wanted[twin], feeds=tuple(dict.fromkeys((*wanted[twin].feeds, *feeds))))
        else:
            told = site.name if SOURCE_NAME.fullmatch(site.name) and site.name not in taken else None
            chosen = name or (own.name if own is not None else told or name_for(url, taken, site.title))
            is_named = name is not None or own is not None or told is not None
            is_asked_for = force or name is not None
            wanted.append(WantedSite(chosen, url, feeds, assumed_https, is_asked_for, is_named))
            taken.add(chosen)
            homes[home_key(url)] = len(wanted) - 1
    return wanted, refused


def renaming(old: str, new: str | None) -> str:
    """Say how a source gets another name."""
    return f"morgue sources rename {old} {new or 'NAME'} gives it another name"


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
        self.written: dict[str, ProbeReport] = {}  # what is in the files of this run, by name

    async def add(self, site: WantedSite) -> str:
        """Return "added", "known" (it led to a source that there is already) or "failed"."""
        site, found = await self.look_over(site)
        if found.failure is not None:
            return self.not_added(replace(site, url=found.url), found.failure)
        if self.is_foreign(found.url):
            click.echo(
                plain(f"not added: {site.url} leads to a site of another shard: morgue add {found.url}"), err=True
            )
            return "failed"
        if (twin := self.twin_of(found.url, site)) is not None:
            click.echo(plain(f"not added: {site.url} leads to {found.url}, which is sources/{twin}.toml"), err=True)
            if site.is_named:
                click.echo(plain(f"  {renaming(twin, site.name)}"), err=True)
            self.join(twin, found)
            return "known"
        site = self.renamed(site, found)
        from crawler.onboarding.report_text import report_lines
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
        self.write(site.name, found)
        source = Source(site.name, found.url, found.title, found.language)
        store = self.context.store
        await self.context.do(store.rename_ad_hoc_source, source, [*self.config.sources, *self.names])
        await self.context.do(partial(store.source, source, watched=True))
        for line in (site.url, *report_lines(found, site.name, obeyed=self.config.crawl.robots)):
            click.echo(plain(line))  # a title may hold characters that control the terminal
        return "added"

    def is_foreign(self, url: str) -> bool:
        """Return True if another shard of our fleet owns the site to which an address led."""
        place = place_of_shard(self.config.folder.path)
        return place is not None and place.fleet.owner_of_url(url) != place.number

    def write(self, name: str, found: ProbeReport) -> None:
        """Write the file of a source."""
        from crawler.config.toml_files import write
        from crawler.onboarding.source_file import source_text

        self.written[name] = found
        path = self.config.folder.sources / f"{name}.toml"
        with os_errors(str(path)):
            path.parent.mkdir(exist_ok=True)
            write(path, source_text(found))

    def join(self, name: str, found: ProbeReport) -> None:
        """Take the feeds that the user gave into the file of a source, if this run wrote it; else name them."""
        from pipelines.core.urls import url_key

        listed = self.written.get(name)
        has = [one.url for one in listed.listings] if listed is not None else self.config.sources[name].feeds
        known = {url_key(url) for url in has}
        for feed in (one for one in found.chosen_feeds() if url_key(one.url) not in known):
            if listed is None:
                click.echo(plain(f"  its feed is not in that file; write it into `feeds`: {feed.url}"), err=True)
            else:
                listed = replace(listed, listings=(*listed.listings, feed))
                self.write(name, listed)
                click.echo(plain(f"  its feed is in that file now: {feed.url}"), err=True)

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
        from crawler.onboarding.source_file import name_for

        self.names.discard(site.name)
        name = name_for(found.url, {*self.config.names, *self.names})
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
