"""Decide what one run is to do (which sites, which pages) and put it into the frontier."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from crawler.config.models import Config, SourceConfig
from crawler.discovery.url_classifier import classify
from crawler.frontier.ownership import ListedSites, SiteOwners, listed_sites
from crawler.frontier.queue import Frontier, FrontierEntry
from pipelines.core.errors import ConfigError
from pipelines.core.items import Source
from pipelines.core.plural import counted, verb
from pipelines.core.urls import fetchable, host_of
from pipelines.database.frontier.rows import ClaimScope
from pipelines.database.store import ArticleStore
from pipelines.takedown.register import TakedownRegister

logger = logging.getLogger("morgue.frontier")

BARE_HOST = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?")


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """Hold the arguments of `morgue crawl`, checked."""

    targets: tuple[str, ...] = ()  # names of sources, or URLs of sites; empty: all sources
    pages: tuple[str, ...] | None = None  # exactly these pages, without discovery; None: not that kind of run
    limit: int | None = None  # article pages at most
    since: str | None = None  # ISO day: articles known to be older are left
    listings_now: bool = True  # the targets' listings are read now, whenever their next visit was planned


@dataclass(frozen=True, slots=True)
class WatchedSite:
    """Hold a source as a crawl needs it."""

    source: Source
    source_id: int | None
    watched: bool  # has a file in sources/; a site crawled ad hoc is visited once
    every: Mapping[str, float] = field(default_factory=dict)  # kind of listing -> seconds between visits
    recheck: tuple[float, ...] = ()  # ages in seconds at which an article is visited again
    depth: int = 3  # section pages are followed over so many links
    explicit_sections: bool = False  # the source file lists its section pages: no others are followed
    include: tuple[str, ...] = ()  # regular expressions: URLs that are articles, whatever they look like
    exclude: tuple[str, ...] = ()  # regular expressions: URLs that are never followed
    meta: Mapping[str, object] = field(default_factory=dict)  # Scrapy request meta of all its requests
    listed: ListedSites = field(default_factory=ListedSites)  # which addresses its feeds, sitemaps and pages may name

    @property
    def name(self) -> str:
        return self.source.name

    def kind_of(self, url: str, kind: str) -> str | None:
        """Return the kind that this site gives a URL which discovery takes for `kind`; None: it is not followed."""
        if any(re.search(pattern, url) for pattern in self.exclude):
            return None
        if kind in ("article", "section") and any(re.search(pattern, url) for pattern in self.include):
            return "article"
        return kind


@dataclass(frozen=True, slots=True)
class PreparedCrawl:
    """Hold what a run starts from."""

    sites: Mapping[int | None, WatchedSite]  # by row id of the source
    owners: SiteOwners
    scope: ClaimScope
    start_urls: tuple[str, ...] = ()  # front pages of the sites, and pages that the user named
    known_pages: int = 0  # pages of the list that the archive has already
    notes: tuple[str, ...] = ()  # for the user
    taken_down: int = 0  # sites and pages that the user named and that were taken down


def prepare(plan: CrawlPlan, config: Config, store: ArticleStore, frontier: Frontier, now: datetime) -> PreparedCrawl:
    """Write sources and seeds into the tables. Runs on the archive writer's thread. Raise ConfigError, NotFound."""
    if stale := frontier.release_stale():
        logger.info("URLs that wait again, claimed by a run that never ended: %(urls)d", {"urls": stale})
    watched = {name: watched_site(name, config, store) for name in config.sources}
    sites: dict[int | None, WatchedSite] = {site.source_id: site for site in watched.values()}
    sites[None] = WatchedSite(Source("(list)", ""), None, watched=False)
    for site in former_sites(store, sites):
        sites[site.source_id] = site
    if plan.pages is not None:
        site_of_host = sites_of_hosts(plan.pages, sites.values(), config, store)
        sites |= {site.source_id: site for site in site_of_host.values() if site.source_id not in sites}
        source_id_of = {host: site.source_id for host, site in site_of_host.items()}
        sites, frontier.owners = with_owners(sites)
        scope, known_pages = frontier.want_only(plan.pages, source_id_of, now)
        gone = takedowns_of(store.db, plan.pages)
        notes = tuple(takedown_notes(gone))
        return PreparedCrawl(sites, frontier.owners, scope, plan.pages, known_pages, notes, taken_down=len(gone))
    chosen, notes_of_targets, pages = choose_sites(plan, config, store, watched)
    visited = chosen if plan.targets else list(watched.values())
    start_urls = (*(site.source.url for site in visited), *pages)
    sites |= {site.source_id: site for site in visited}
    sites, frontier.owners = with_owners(sites)
    for site in visited:
        listings_now = plan.listings_now and bool(plan.targets)
        seed(site, config.sources.get(site.name), frontier, now, listings_now=listings_now)
    if not plan.targets:
        scope, notes = scope_of_all_sources(store, config, plan.since)
        return PreparedCrawl(sites, frontier.owners, scope, start_urls, notes=notes)
    for url in pages:
        frontier.add([FrontierEntry(url, "article")], None, now)
    source_ids = frozenset(site.source_id for site in chosen if site.source_id is not None)
    scope = ClaimScope(source_ids, frontier.rows_of(pages), since=plan.since)
    gone = takedowns_of(store.db, start_urls)
    notes = (
        *(note for note in notes_of_targets if not any(note.startswith(f"{url} ") for url in gone)),
        *(f"{url} was taken down on {why}: it is not crawled again" for url, why in gone.items()),
    )
    return PreparedCrawl(sites, frontier.owners, scope, start_urls, notes=notes, taken_down=len(gone))


def with_owners(sites: Mapping[int | None, WatchedSite]) -> tuple[dict[int | None, WatchedSite], SiteOwners]:
    """Return the sites, none of which lists hosts of another's, and who owns what."""
    homes = {source_id: host_of(site.source.url) if site.source.url else "" for source_id, site in sites.items()}
    owners = SiteOwners({source_id: site.listed for source_id, site in sites.items()}, homes)
    return {
        source_id: replace(site, listed=owners.without_foreign_hosts(site.listed, source_id))
        for source_id, site in sites.items()
    }, owners


def takedowns_of(db: sqlite3.Connection, urls: Iterable[str]) -> dict[str, str]:
    """Return, for each of these URLs that was taken down, the day and the reason: `2026-11-23 (contract)`."""
    register, found = TakedownRegister(db), {}
    for url in urls:
        if (takedown := register.last_removal(url)) is not None:
            time, reason = takedown
            found[url] = f"{time[:10]} ({reason})"
    return found


def takedown_notes(takedowns: Mapping[str, str]) -> Iterator[str]:
    """Yield a note on each takedown that concerns pages of a list."""
    for why, number in Counter(takedowns.values()).items():
        were, are = verb(number, "was", "were"), verb(number, "is", "are")
        yield f"{counted(number, 'page')} of the list {were} taken down on {why}, and {are} not fetched"


def choose_sites(
    plan: CrawlPlan, config: Config, store: ArticleStore, watched: Mapping[str, WatchedSite]
) -> tuple[list[WatchedSite], list[str], list[str]]:
    """Return the sites that the targets name, notes for the user, and targets that are single articles."""
    chosen, notes, pages = [], [], []
    for target in plan.targets:
        if target in watched:
            chosen.append(watched[target])
        elif "://" not in target:
            config.source_named(target)  # raises
        elif (url := fetchable(target)) is None:
            raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/")
        elif (own := config.source_at(url)) is not None:
            chosen.append(watched[own.name])
        elif classify(url) == "article":
            pages.append(url)
            notes.append(f"{url} looks like an article: only that page is fetched")
        else:
            chosen.append(ad_hoc_site(url, config, store))
    return chosen, notes, pages


def sites_of_hosts(
    pages: Sequence[str], known: Iterable[WatchedSite], config: Config, store: ArticleStore
) -> dict[str, WatchedSite]:
    """Return the site of each host in a list of pages: the known one, else a new one named after the host."""
    sites = {host_of(site.source.url): site for site in known if site.source.url}
    for url in pages:
        if host_of(url) not in sites:
            sites[host_of(url)] = ad_hoc_site(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/", config, store)
    return {host: sites[host] for host in {host_of(url) for url in pages}}


def watched_site(name: str, config: Config, store: ArticleStore) -> WatchedSite:
    """Return the site of a source file, and bring the row of its source up to date."""
    settings, own = config.for_source(name), config.sources[name]
    meta: dict[str, object] = {"verify_certificates": settings.verify_certificates}
    if not settings.robots:
        meta["ignore_robots"] = True
    if settings.proxy:
        meta["proxy"] = settings.proxy
    store.rename_ad_hoc_source(own.source, config.sources)
    return WatchedSite(
        source=own.source,
        source_id=store.source(own.source, watched=True),
        watched=True,
        every=visit_intervals(config, own),
        recheck=tuple(settings.recheck),
        depth=settings.depth,
        explicit_sections=bool(own.sections),
        include=tuple(own.include),
        exclude=tuple(own.exclude),
        meta=meta,
        listed=listed_sites(own.url, own.sections, (*own.feeds, *own.news_sitemaps, *own.sitemaps), own.sites),
    )


def visit_intervals(config: Config, own: SourceConfig) -> dict[str, float]:
    """Return the seconds between visits of a source's listings, by their kind in the frontier."""
    every = own.every_or(config.every)
    return {
        "feed": every.feed,
        "news sitemap": every.news_sitemap,
        "sitemap": every.sitemap,
        "front": every.section,
        "section": every.section,
        "tdmrep": every.section,
    }


def ad_hoc_site(url: str, config: Config, store: ArticleStore) -> WatchedSite:
    """Return a site that the user named by its URL, and that is visited once."""
    parts = urlsplit(url)
    path = "" if parts.path in ("", "/") else parts.path.rstrip("/")
    source = Source(parts.netloc.lower() + path, url)
    return WatchedSite(
        source,
        store.source(source),
        watched=False,
        depth=config.crawl.depth,
        meta=default_meta(config),
        listed=listed_sites(url),
    )


def default_meta(config: Config) -> dict[str, object]:
    """Return the request meta of sites without a source file."""
    meta: dict[str, object] = {} if config.crawl.robots else {"ignore_robots": True}
    return meta | ({"proxy": config.crawl.proxy} if config.crawl.proxy else {})


def former_sites(store: ArticleStore, sites: Mapping[int | None, WatchedSite]) -> list[WatchedSite]:
    """Return sites of earlier runs that have no source file, or no longer: rows of the frontier belong to them."""
    return [
        WatchedSite(source, row_id, watched=False, listed=listed_sites(source.url))
        for row_id, source, _ in store.sources()
        if row_id not in sites
    ]


def scope_of_all_sources(store: ArticleStore, config: Config, since: str | None) -> tuple[ClaimScope, tuple[str, ...]]:
    """Return the scope of a crawl without targets, and notes: sources whose file is gone are not crawled any more."""
    watched = {row_id: source.name for row_id, source, watched in store.sources() if watched}
    gone = {row_id: name for row_id, name in watched.items() if name not in config.sources}
    names = sorted(name for name in gone.values() if name not in config.broken)
    note = f"not crawled, because sources/ no longer has a file for: {', '.join(names)}"
    return ClaimScope(excluded_source_ids=frozenset(gone), since=since), (note,) if names else ()


def seed(site: WatchedSite, own: SourceConfig | None, frontier: Frontier, now: datetime, *, listings_now: bool) -> None:
    """Put a site's listings into the frontier; those that its file no longer names are not visited again."""
    seeds = [FrontierEntry(site.source.url, "front")]
    if own is not None:
        for kind, urls in (
            ("feed", own.feeds),
            ("news sitemap", own.news_sitemaps),
            ("sitemap", own.sitemaps),
            ("section", own.sections),
        ):
            seeds += [FrontierEntry(url, kind) for url in urls]
    frontier.add(seeds, site.source_id, now)
    if site.include:
        frontier.reconsider(site.source_id, lambda url: site.kind_of(url, "section") == "article", now)
    if site.watched:
        frontier.set_seeds(site.source_id, seeds, now)
    if listings_now:
        frontier.make_due(site.source_id, now)


def targets_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return targets as the user typed them, a bare host name as a URL: `paper.example` is `https://paper.example/`."""
    return tuple(f"https://{name}/" if "://" not in name and BARE_HOST.fullmatch(name) else name for name in names)
