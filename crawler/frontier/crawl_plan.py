"""Decide what one run is to do (which sites, which pages) and put it into the frontier."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawler.config.models import Config, SourceConfig
from crawler.discovery.url_classifier import classify
from crawler.frontier.ownership import ListedSites, SiteOwners, listed_sites
from crawler.frontier.queue import HINT_OF_ASSUMED_HTTPS, Frontier, FrontierEntry
from crawler.frontier.revisit_policy import LISTING_KINDS, PAGE_KINDS
from pipelines.core.errors import ConfigError
from pipelines.core.items import Source
from pipelines.core.linear_patterns import matching
from pipelines.core.plural import counted, verb
from pipelines.core.urls import host_of, typed_address, url_key
from pipelines.database.frontier.rows import ClaimScope
from pipelines.database.runs import interrupted_since
from pipelines.database.store import ArticleStore
from pipelines.takedown.register import TakedownRegister

logger = logging.getLogger("morgue.frontier")

NAME_WITHOUT_SOURCE = "(no source)"  # names in the counts of a crawl the pages that belong to no source


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """Hold the arguments of `morgue crawl`, checked."""

    targets: tuple[str, ...] = ()  # names of sources, or URLs of sites; empty: all sources
    pages: tuple[str, ...] | None = None  # exactly these pages, without discovery; None: not that kind of run
    limit: int | None = None  # article pages at most
    since: str | None = None  # ISO day: articles known to be older are left
    listings_now: bool = True  # the targets' listings are read now, whenever their next visit was planned
    again: bool = False  # pages that the archive has are fetched again, and so is what an interrupted crawl has read
    config_of_files: Config | None = (
        None  # without `-s`: a setting of one run plans nothing anew; None: there is no `-s`
    )
    assumed_https: frozenset[str] = frozenset()  # those of `pages` that the user gave without a scheme


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
    listings: Mapping[str, str] = field(default_factory=dict)  # url_key -> kind of each listing that its file names
    assumed_https: bool = False  # the user typed its address without a scheme: http is tried if https is not there

    @property
    def name(self) -> str:
        return self.source.name

    def relies_on(self, url: str, *, well_formed: bool = False) -> bool:
        """Return True if the user has to know that the listing at `url` brings nothing.

        That is so for every listing that the site's file names. A front page counts only if there is no other listing:
        many need a browser. A `well_formed` news sitemap without entries counts only if there is no other listing
        either, because it lists the articles of two days.
        """
        kind = self.listings.get(url_key(url))
        if kind == "front" or (kind == "news sitemap" and well_formed):
            return not set(self.listings.values()) - {"front", kind}
        return kind is not None

    def kind_of(self, url: str, kind: str) -> str | None:
        """Return the kind that this site gives a URL which discovery takes for `kind`; None: it is not followed."""
        if matching(self.exclude, url):
            return None
        if kind in ("article", "section") and matching(self.include, url):
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
    typed: frozenset[int] = frozenset()  # row ids of URLs that the user typed: it is trouble if they give nothing
    followed: frozenset[int] = frozenset()  # row ids of URLs whose redirects are followed, also to pages that are known


@dataclass(slots=True)
class ChosenTargets:
    """Hold what the arguments of `morgue crawl` name."""

    sites: list[WatchedSite] = field(default_factory=list)  # all of their listings are read
    pages: list[str] = field(default_factory=list)  # single articles
    assumed_https: set[str] = field(default_factory=set)  # those of `pages` that the user typed without a scheme
    listings: list[str] = field(default_factory=list)  # single listings of sites that the archive knows
    sites_of_listings: list[WatchedSite] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # for the user


def prepare(plan: CrawlPlan, config: Config, store: ArticleStore, frontier: Frontier, now: datetime) -> PreparedCrawl:
    """Write sources and seeds into the tables. Runs on the archive writer's thread. Raise ConfigError, NotFound."""
    if stale := frontier.release_stale():
        logger.info("URLs that wait again, claimed by a run that never ended: %(urls)d", {"urls": stale})
    watched = {name: watched_site(name, config, store) for name in config.sources}
    sites: dict[int | None, WatchedSite] = {site.source_id: site for site in watched.values()}
    for site in watched.values():
        replan(site, plan.config_of_files or config, store, frontier, now)
    sites[None] = WatchedSite(Source(NAME_WITHOUT_SOURCE, ""), None, watched=False, meta=default_meta(config))
    for site in former_sites(store, sites, config):
        sites[site.source_id] = site
    source_id_of = {bare_host(site.source.url): site.source_id for site in sites.values() if site.source.url}
    if plan.pages is not None:
        sites, frontier.owners = with_owners(sites)
        scope, known_pages = frontier.want_only(
            plan.pages,
            lambda url: source_id_of.get(bare_host(url)),
            now,
            again=plan.again,
            assumed_https=plan.assumed_https,
        )
        gone = takedowns_of(store.db, plan.pages)
        return PreparedCrawl(
            sites,
            frontier.owners,
            scope,
            plan.pages,
            known_pages,
            tuple(takedown_notes(gone)),
            taken_down=len(gone),
            followed=scope.row_ids if plan.again else frozenset(),
        )
    chosen = choose_targets(plan, config, store, frontier, watched, sites)
    visited = chosen.sites if plan.targets else list(watched.values())
    start_urls = (*(site.source.url for site in visited), *chosen.listings, *chosen.pages)
    sites |= {site.source_id: site for site in visited}
    sites, frontier.owners = with_owners(sites)
    interrupted = None if plan.again else interrupted_since(store.db, frontier.crawl_id)
    for site in visited:
        seed(site, config.sources.get(site.name), frontier, now)
        if plan.targets and plan.listings_now:
            kept = frontier.make_due(site.source_id, now, interrupted)
            chosen.notes += [f"{site.name}: {goes_on_note(kept)}"] if kept else []
        if plan.targets and plan.again:
            frontier.make_pages_due(site.source_id, now)
    if not plan.targets:
        scope, notes = scope_of_all_sources(store, config, plan.since)
        return PreparedCrawl(sites, frontier.owners, scope, start_urls, notes=notes)
    typed = frontier.want_now(
        chosen.pages,
        "article",
        lambda url: source_id_of.get(bare_host(url)),
        now,
        assumed_https=chosen.assumed_https,
    )
    typed |= frontier.want_now(chosen.listings, "section", lambda url: None, now)
    whole = (*chosen.sites, *chosen.sites_of_listings)
    source_ids = frozenset(site.source_id for site in whole if site.source_id is not None)
    scope = ClaimScope(source_ids, typed, since=plan.since)
    gone = takedowns_of(store.db, start_urls)
    notes = (
        *(note for note in chosen.notes if not any(note.startswith(f"{url} ") for url in gone)),
        *(f"{url} was taken down on {why}: it is not crawled again" for url, why in gone.items()),
    )
    return PreparedCrawl(
        sites,
        frontier.owners,
        scope,
        start_urls,
        notes=notes,
        taken_down=len(gone),
        typed=typed,
        followed=typed,
    )


def with_owners(sites: Mapping[int | None, WatchedSite]) -> tuple[dict[int | None, WatchedSite], SiteOwners]:
    """Return the sites, none of which lists hosts of another's, and who owns what."""
    homes = {source_id: host_of(site.source.url) if site.source.url else "" for source_id, site in sites.items()}
    owners = SiteOwners({source_id: site.listed for source_id, site in sites.items()}, homes)
    return {
        source_id: replace(site, listed=owners.without_foreign_hosts(site.listed, source_id))
        for source_id, site in sites.items()
    }, owners


def goes_on_note(listings: int) -> str:
    """Say that listings which an interrupted crawl has read are not read again."""
    were, are = verb(listings, "was", "were"), verb(listings, "is", "are")
    read = f"{counted(listings, 'listing')} {were} read by the interrupted crawl and {are} not read again"
    return f"goes on with its articles; {read} before these are done"


def replan(site: WatchedSite, config: Config, store: ArticleStore, frontier: Frontier, now: datetime) -> None:
    """Plan visits anew where a setting has changed since they were planned.

    These are the intervals of listings, the ages of articles, and which addresses of listings are followed.
    """
    own = config.sources.get(site.name)
    if own is None:
        return
    after: dict[str, Any] = {
        "every": visit_intervals(config, own),
        "recheck": list(config.for_source(site.name).recheck),
        "followed": {"sites": list(own.sites), "include": list(own.include), "exclude": list(own.exclude)},
    }
    before = store.planned_by(site.source_id)
    if before == after:
        return
    every = known if isinstance(known := before.get("every"), dict) else {}  # damaged: all is planned again
    for kind, seconds in after["every"].items():
        if every.get(kind) != seconds:
            frontier.replan_listings(site.source_id, kind, seconds, now)
    if before.get("recheck") != after["recheck"]:
        frontier.replan_articles(site.source_id, after["recheck"], now)
    if before.get("followed", after["followed"]) != after["followed"]:
        frontier.read_listings_again(site.source_id, now)
    store.set_planned_by(site.source_id, after)


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


def choose_targets(
    plan: CrawlPlan,
    config: Config,
    store: ArticleStore,
    frontier: Frontier,
    watched: Mapping[str, WatchedSite],
    sites: Mapping[int | None, WatchedSite],
) -> ChosenTargets:
    """Return what the targets name. Raises NotFound, ConfigError."""
    chosen = ChosenTargets()
    for target in plan.targets:
        if target in watched:
            chosen.sites.append(watched[target])
            continue
        url, assumed_https = typed_address(target)
        if url is None:
            if "://" not in target:
                config.source_named(target)  # raises
            raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/")
        if (own := config.source_at(url)) is not None:
            chosen.sites.append(watched[own.name])
        else:
            kind, source_id = frontier.known_as(url) or (classify(url), None)
            if kind in PAGE_KINDS:
                chosen.pages.append(url)
                chosen.assumed_https |= {url} if assumed_https else set()
                chosen.notes.append(f"{url} looks like an article: only that page is fetched")
            elif kind in LISTING_KINDS and kind != "front" and source_id in sites and source_id is not None:
                site = sites[source_id]
                chosen.listings.append(url)
                chosen.sites_of_listings.append(site)
                chosen.notes.append(f"{url} is a {kind} of {site.name}: it is read, and what is due of {site.name}")
            else:
                chosen.sites.append(replace(ad_hoc_site(url, config, store), assumed_https=assumed_https))
    return chosen


def bare_host(url: str) -> str:
    """Return the host of a URL without `www.`, by which single pages are given to the source of their paper."""
    return host_of(url).removeprefix("www.")


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
        listings={url_key(entry.url): entry.kind for entry in seeds_of(own.source, own)},
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
        listings={url_key(url): "front"},
    )


def default_meta(config: Config) -> dict[str, object]:
    """Return the request meta of sites without a source file."""
    meta: dict[str, object] = {} if config.crawl.robots else {"ignore_robots": True}
    return meta | ({"proxy": config.crawl.proxy} if config.crawl.proxy else {})


def former_sites(store: ArticleStore, sites: Mapping[int | None, WatchedSite], config: Config) -> list[WatchedSite]:
    """Return sites of earlier runs that have no source file, or no longer: rows of the frontier belong to them."""
    return [
        WatchedSite(source, row_id, watched=False, meta=default_meta(config), listed=listed_sites(source.url))
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


def seed(site: WatchedSite, own: SourceConfig | None, frontier: Frontier, now: datetime) -> None:
    """Put a site's listings into the frontier; those that its file no longer names are not visited again."""
    seeds = seeds_of(site.source, own)
    if site.assumed_https:
        seeds = [replace(entry, hint=HINT_OF_ASSUMED_HTTPS) for entry in seeds]
    frontier.add(seeds, site.source_id, now)
    if site.include:
        frontier.reconsider(site.source_id, lambda url: site.kind_of(url, "section") == "article", now)
    if site.watched:
        frontier.set_seeds(site.source_id, seeds, now)


def seeds_of(source: Source, own: SourceConfig | None) -> list[FrontierEntry]:
    """Return the listings that a source's file names, the front page first; `own` None: a site without a file."""
    seeds = [FrontierEntry(source.url, "front")]
    if own is not None:
        for kind, urls in (
            ("feed", own.feeds),
            ("news sitemap", own.news_sitemaps),
            ("sitemap", own.sitemaps),
            ("section", own.sections),
        ):
            seeds += [FrontierEntry(url, kind) for url in urls]
    return seeds
