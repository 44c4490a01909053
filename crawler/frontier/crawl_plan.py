"""Decide what one run is to do (which sites, which pages) and put it into the frontier."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from crawler.config.models import Config, SourceConfig
from crawler.config.pauses import pause_lasts, paused_sources
from crawler.frontier.ownership import SiteOwners
from crawler.frontier.queue import HINT_OF_ASSUMED_HTTPS, Frontier
from crawler.frontier.watched_sites import (
    WatchedSite,
    ad_hoc_site,
    bare_host,
    default_meta,
    former_sites,
    seeds_of,
    visit_intervals,
    watched_site,
    with_owners,
    with_parts,
)
from crawler.schedule.failure_kinds import NOT_PUBLIC
from crawler.schedule.hours import Hours
from crawler.schedule.revisit_policy import (
    BACKFILL_PRIORITY,
    LISTING_KINDS,
    MAX_PLANNED_AHEAD,
    PAGE_KINDS,
    PASSES_TO_KNOW,
    taken_until,
    usual_interval,
)
from pipelines.core.errors import ConfigError
from pipelines.core.items import Source
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import stamp
from pipelines.core.urls import typed_address, url_key
from pipelines.database.frontier import backfills, parts, replanning
from pipelines.database.frontier.rows import ClaimScope
from pipelines.database.health import pauses, wrong_clock
from pipelines.database.runs import beginnings, interrupted_since, last_time
from pipelines.database.source_store import SourceStore
from pipelines.takedown.register import TakedownRegister

logger = logging.getLogger("morgue.frontier")

RUNS_LOOKED_AT = 3  # of those before this one: their times show whether the clock was ahead then
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
    parts_of_all: bool = False  # `-s capture.parts` is given: it holds for lists and sites without a file as well


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


def prepare(plan: CrawlPlan, config: Config, store: SourceStore, frontier: Frontier, now: datetime) -> PreparedCrawl:
    """Write sources and seeds into the tables. Runs on the archive writer's thread. Raise ConfigError, NotFound."""
    note = mend_clock(config, store, frontier, now)
    begun = [now, *beginnings(store.db, frontier.crawl_id, PASSES_TO_KNOW - 1)]
    frontier.pass_interval = usual_interval(begun)
    if config.crawl.allow_private_ips:
        frontier.hosts.allow(NOT_PUBLIC, now)
    prepared = prepare_scope(plan, config, store, frontier, now)
    # A timer of some sources asks only for what is due: a host in trouble has its next probe when it was planned.
    source_ids = prepared.scope.source_ids if plan.targets and plan.listings_now else None
    frontier.hosts.ask_again(source_ids or (), prepared.scope.row_ids, now)
    early = taken_until(now, frontier.pass_interval)
    scope = replace(
        prepared.scope, early_until=stamp(early), began=frontier.began, new_parts_only=plan.limit is not None
    )
    prepared = replace(prepared, scope=scope, notes=(*note, *prepared.notes))
    return without_paused(prepared, plan, config, frontier, now)


def mend_clock(config: Config, store: SourceStore, frontier: Frontier, now: datetime) -> tuple[str, ...]:
    """Put right what was written and planned while the clock was wrong. Return a note for the user if any was."""
    intervals = [seconds for own in config.sources.values() for seconds in visit_intervals(config, own).values()]
    intervals += [seconds for own in config.sources.values() for seconds in config.for_source(own.name).recheck]
    longest = max(MAX_PLANNED_AHEAD, timedelta(seconds=max(intervals, default=0)) + timedelta(days=1))
    mended = frontier.mend_times(now, longest, last_time(store.db, frontier.crawl_id, RUNS_LOOKED_AT))
    runs = wrong_clock.mend(store.db, frontier.crawl_id, now)  # the times of runs as they were are looked at before
    said = [f"the next visits of {counted(mended, 'URL')} were wrong and are planned again"] if mended else []
    said += [f"the times of {counted(runs, 'run')} in the future are put right"] if runs else []
    if not said:
        return ()
    logger.warning("mended after a jump of the clock: %(urls)d URLs, %(runs)d runs", {"urls": mended, "runs": runs})
    return (f"the clock of this machine has jumped: {', and '.join(said)}",)


def prepare_scope(
    plan: CrawlPlan, config: Config, store: SourceStore, frontier: Frontier, now: datetime
) -> PreparedCrawl:
    """Write sources and seeds into the tables, and return what may be visited. Raise ConfigError, NotFound."""
    if stale := frontier.table.release_all():
        logger.info("URLs that wait again, claimed by a run that never ended: %(urls)d", {"urls": stale})
    watched = {name: watched_site(name, config, store) for name in config.sources}
    sites: dict[int | None, WatchedSite] = {site.source_id: site for site in watched.values()}
    for site in watched.values():
        replan(site, plan.config_of_files or config, store, frontier, now)
    ids = {site.source_id: is_paused(site, config, now) for site in watched.values() if site.source_id is not None}
    pauses.note(store.db, ids, now)
    sites[None] = WatchedSite(Source(NAME_WITHOUT_SOURCE, ""), None, watched=False, meta=default_meta(config))
    for site in former_sites(store, sites, config):
        sites[site.source_id] = site
    source_id_of = {bare_host(site.source.url): site.source_id for site in sites.values() if site.source.url}

    def source_of(url: str) -> int | None:
        return source_id_of.get(bare_host(url))

    if plan.pages is not None:
        sites, frontier.owners = with_owners(with_parts(sites, config, for_all=plan.parts_of_all, of_list=True))
        wanted, known_pages = frontier.want(
            plan.pages, "page", source_of, now, again=plan.again, assumed_https=plan.assumed_https
        )
        gone = takedowns_of(store.db, plan.pages)
        if plan.parts_of_all:  # those that an interrupted crawl of this list has left
            parts.wait_anew(frontier.db, map(url_key, plan.pages), now)
        return PreparedCrawl(
            sites,
            frontier.owners,
            ClaimScope(frozenset(), wanted),
            plan.pages,
            known_pages,
            tuple(takedown_notes(gone)),
            taken_down=len(gone),
            followed=wanted if plan.again else frozenset(),
        )
    chosen = choose_targets(plan, config, store, frontier, watched, sites)
    visited = chosen.sites if plan.targets else list(watched.values())
    start_urls = (*(site.source.url for site in visited), *chosen.listings, *chosen.pages)
    sites |= {site.source_id: site for site in visited}
    sites, frontier.owners = with_owners(with_parts(sites, config, for_all=plan.parts_of_all))
    interrupted = None if plan.again else interrupted_since(store.db, frontier.crawl_id)
    differing = frontier.table.without_their_seeds({site.source_id: site.listings for site in visited})
    # A listing that two files name is of the last one here: one that is paused must not keep it from the other.
    running = backfills.running(store.db)
    for site in sorted(visited, key=lambda site: not is_paused(site, config, now)):
        if site.source_id in differing or site.include or not site.watched:
            seed(site, config.sources.get(site.name), frontier, now)
        backfill = running.get(site.source_id or 0)
        # Of one that is paused, what is queued each day would be asked for at once afterwards.
        if backfill is not None and not is_paused(site, config, now):
            chosen.notes += backfill_notes(site, backfill, frontier, now)
        if plan.targets and plan.listings_now:
            kept = frontier.make_due(site.source_id, now, interrupted)
            chosen.notes += [f"{site.name}: {goes_on_note(kept)}"] if kept else []
        if plan.targets and plan.again:
            replanning.make_pages_due(frontier.db, site.source_id, now)
    if not plan.targets:
        scope, notes = scope_of_all_sources(store, config, plan.since)
        return PreparedCrawl(sites, frontier.owners, scope, start_urls, notes=(*notes, *chosen.notes))
    typed, _ = frontier.want(chosen.pages, "article", source_of, now, assumed_https=chosen.assumed_https)
    typed |= frontier.want(chosen.listings, "section", lambda url: None, now)[0]
    whole = (*chosen.sites, *chosen.sites_of_listings)
    source_ids = frozenset(site.source_id for site in whole if site.source_id is not None)
    scope = ClaimScope(source_ids, typed, since=plan.since)
    gone = takedowns_of(store.db, start_urls)
    notes = (
        *(note for note in chosen.notes if not any(note.startswith(f"{url} ") for url in gone)),
        *(f"{url} was taken down on {why}: it is not crawled again" for url, why in gone.items()),
    )
    return PreparedCrawl(
        sites, frontier.owners, scope, start_urls, notes=notes, taken_down=len(gone), typed=typed, followed=typed
    )


def backfill_notes(site: WatchedSite, backfill: backfills.Backfill, frontier: Frontier, now: datetime) -> Iterator[str]:
    """Queue what a source's backfill allows today of its past, after everything fresh. Yield a note when it is done."""
    if backfills.left(frontier.db, backfill):
        backfills.queue_more(frontier.db, backfill, now, BACKFILL_PRIORITY)
    elif not backfills.queued(frontier.db, backfill, BACKFILL_PRIORITY):
        backfills.end(frontier.db, backfill.source_id, now)
        yield f"{site.name}: the backfill is done"


def is_paused(site: WatchedSite, config: Config, now: datetime) -> bool:
    """Return True if the file of a site says that nothing of it is asked for now."""
    own = config.sources.get(site.name)
    return own is not None and pause_lasts(own.paused, now)


def without_paused(
    prepared: PreparedCrawl, plan: CrawlPlan, config: Config, frontier: Frontier, now: datetime
) -> PreparedCrawl:
    """Return a run without the sources that are paused, and with a note on those that it would have crawled.

    Runs on the archive writer's thread. Raises ConfigError if the user asked by hand for such sources only.
    """
    paused = {site.source_id: site for site in prepared.sites.values() if is_paused(site, config, now)}
    paused.pop(None, None)
    if not paused:
        return prepared
    asked: set[int | None] = set(paused)
    if prepared.scope.source_ids is not None:
        asked = {*prepared.scope.source_ids, *typed_sources(prepared, frontier)}
    names = sorted(site.name for source_id, site in paused.items() if source_id in asked)
    cures = [f"morgue sources resume {name}" for name in names]
    if names and plan.listings_now and (plan.targets or plan.pages) and asked <= paused.keys():
        raise ConfigError(", ".join(names), f"{verb(len(names), 'is', 'are')} paused", "\n".join(cures))
    excluded = frozenset(source_id for source_id in paused if source_id is not None)
    scope = replace(prepared.scope, excluded_source_ids=prepared.scope.excluded_source_ids | excluded)
    note = f"paused, and not crawled: {', '.join(names)} (`morgue sources resume NAME`)"
    return replace(prepared, scope=scope, notes=(*prepared.notes, note) if names else prepared.notes)


def typed_sources(prepared: PreparedCrawl, frontier: Frontier) -> Iterator[int | None]:
    """Yield the sources of the single pages and listings that the user named."""
    if prepared.scope.row_ids:
        for url in prepared.start_urls:
            yield (frontier.known_as(url) or ("", None))[1]


def resting_sources(prepared: PreparedCrawl, config: Config, now: datetime) -> set[int | None]:
    """Return the sources of a run whose files, as they are now, say that they are paused, or are gone."""
    folder = config.folder.sources
    paused = paused_sources(folder, now)
    return {
        source_id
        for source_id, site in prepared.sites.items()
        if site.watched and (site.name in paused or not (folder / f"{site.name}.toml").is_file())
    }


def within_hours(prepared: PreparedCrawl, config: Config, now: datetime) -> PreparedCrawl:
    """Return a run without the sources that may not be asked now by their hours, and with a note on each."""
    outside, notes = set(), []
    for source_id, site in prepared.sites.items():
        if is_paused(site, config, now):
            continue
        hours = config.for_source(site.name).hours if site.name in config.sources else config.crawl.hours
        if hours and source_id is not None and not (span := Hours.parse(hours)).is_open(now):
            outside.add(source_id)
            if site.watched:
                notes.append(f"{site.name}: waits for {span.next_opening(now)} (crawl.hours)")
    scope = replace(prepared.scope, excluded_source_ids=prepared.scope.excluded_source_ids | outside)
    return replace(prepared, scope=scope, notes=(*prepared.notes, *notes))


def goes_on_note(listings: int) -> str:
    """Say that listings which an interrupted crawl has read are not read again."""
    were, are = verb(listings, "was", "were"), verb(listings, "is", "are")
    read = f"{counted(listings, 'listing')} {were} read by the interrupted crawl and {are} not read again"
    return f"goes on with its articles; {read} before these are done"


def replan(site: WatchedSite, config: Config, store: SourceStore, frontier: Frontier, now: datetime) -> None:
    """Plan visits anew where a setting has changed since they were planned.

    These are the intervals of listings, the ages of articles, and which addresses of listings are followed.
    """
    own = config.sources.get(site.name)
    if own is None:
        return
    after: dict[str, Any] = {
        "every": visit_intervals(config, own),
        "within": [own.every_or(config.every).min, own.every_or(config.every).max],
        "recheck": list(config.for_source(site.name).recheck),
        "followed": {"sites": list(own.sites), "include": list(own.include), "exclude": list(own.exclude)},
    }
    before = store.planned_by(site.source_id)
    if before == after:
        return
    every = known if isinstance(known := before.get("every"), dict) else {}  # damaged: all is planned again
    for kind, seconds in after["every"].items():
        # Adaptive ones may have been planned beyond a bound that is new.
        is_adaptive = before.get("within", after["within"]) != after["within"] and kind in site.adaptive.kinds
        if every.get(kind) != seconds or is_adaptive:
            replanning.replan_listings(frontier.db, site.source_id, kind, seconds, now)
    if before.get("recheck") != after["recheck"]:
        replanning.replan_articles(frontier.db, site.source_id, after["recheck"], now)
    if before.get("followed", after["followed"]) != after["followed"]:
        replanning.read_listings_again(frontier.db, site.source_id, now)
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
    store: SourceStore,
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
            from crawler.discovery.url_classifier import classify  # an idle pass need not compile its patterns

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


def scope_of_all_sources(store: SourceStore, config: Config, since: str | None) -> tuple[ClaimScope, tuple[str, ...]]:
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
