"""What one run is to do: which sites, which pages; and putting that into the frontier."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from crawler.config.models import Config, SourceConfig
from crawler.discovery.url_classifier import classify
from crawler.frontier.queue import ClaimScope, Frontier, FrontierEntry
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.items import Source
from pipelines.core.plural import counted, verb
from pipelines.core.urls import fetchable, host_of, same_site, url_key
from pipelines.database.store import ArticleStore
from pipelines.takedown.targets import TakedownRegister


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """The arguments of `morgue crawl`, checked."""

    targets: tuple[str, ...] = ()  # names of sources, or URLs of sites; empty: whatever is due
    pages: tuple[str, ...] | None = None  # exactly these pages, without discovery; None: not that kind of run
    limit: int | None = None  # article pages at most
    since: str | None = None  # ISO day: articles known to be older are left
    at_once: bool = True  # the targets' listings are read now, whenever they were planned


@dataclass(frozen=True, slots=True)
class WatchedSite:
    """A source as a crawl sees it."""

    source: Source
    source_id: int | None
    watched: bool  # has a file in sources/; a site crawled ad hoc is visited once
    every: Mapping[str, float] = field(default_factory=dict)  # kind of listing -> seconds between visits
    recheck: tuple[float, ...] = ()  # ages in seconds at which an article is looked at again
    depth: int = 3
    explicit_sections: bool = False  # the source file lists its section pages: no others are followed
    include: tuple[str, ...] = ()  # regular expressions: URLs that are articles, whatever they look like
    exclude: tuple[str, ...] = ()  # regular expressions: URLs that are never followed
    meta: Mapping[str, object] = field(default_factory=dict)  # Scrapy request meta of all its requests

    @property
    def name(self) -> str:
        return self.source.name

    def judge(self, url: str, kind: str) -> str | None:
        """What a discovered URL is taken for by this site: its kind, or None to leave it."""
        if any(re.search(pattern, url) for pattern in self.exclude):
            return None
        if kind in ("article", "section") and any(re.search(pattern, url) for pattern in self.include):
            return "article"
        return kind


@dataclass(frozen=True, slots=True)
class PreparedCrawl:
    """What a run starts from."""

    sites: Mapping[int | None, WatchedSite]  # by row id of the source
    scope: ClaimScope
    homes: tuple[str, ...] = ()  # addresses that this run means to visit first
    already: int = 0  # pages of the list that the archive holds already
    notes: tuple[str, ...] = ()  # for the user
    removed: int = 0  # of what the user named: sites and pages that were taken down


def prepare(plan: CrawlPlan, config: Config, store: ArticleStore, frontier: Frontier, now: datetime) -> PreparedCrawl:
    """Bring sources and seeds into the tables; runs on the keeper's thread. Raises ConfigError, NotFound."""
    frontier.release_stale()
    watched = {name: watched_site(name, config, store) for name in config.sources}
    sites: dict[int | None, WatchedSite] = {site.source_id: site for site in watched.values()}
    sites[None] = WatchedSite(Source("(list)", ""), None, watched=False)
    for site in leftovers(store, sites):
        sites[site.source_id] = site
    if plan.pages is not None:
        owners = owners_of(plan.pages, sites.values(), config, store)
        sites |= {site.source_id: site for site in owners.values() if site.source_id not in sites}
        of_host = {host: site.source_id for host, site in owners.items()}
        scope, already = frontier.want_only(plan.pages, of_host, now)
        gone = taken_down(store.db, plan.pages)
        return PreparedCrawl(sites, scope, plan.pages, already, notes=tuple(of_the_list(gone)), removed=len(gone))
    chosen, notes, pages = choose(plan, config, store, watched)
    visited = chosen if plan.targets else list(watched.values())
    homes = (*(site.source.url for site in visited), *pages)
    for site in visited:
        sites[site.source_id] = site
        seed(site, config.sources.get(site.name), frontier, now, at_once=plan.at_once and bool(plan.targets))
    if not plan.targets:
        scope, notes = whatever_is_due(store, config, plan.since)
        return PreparedCrawl(sites, scope, homes, notes=tuple(notes))
    for url in pages:
        frontier.add([FrontierEntry(url, "article")], None, now)
    marks = ", ".join("?" * len(chosen))
    keys = ", ".join("?" * len(pages))
    scope = ClaimScope(
        f"(source_id IN ({marks}) OR url_key IN ({keys}))",
        (*(site.source_id or 0 for site in chosen), *(url_key(url) for url in pages)),
        plan.since,
    )
    gone = taken_down(store.db, homes)
    notes = [note for note in notes if not any(note.startswith(f"{url} ") for url in gone)]
    notes += [f"{url} was taken down on {why}: it is not crawled again" for url, why in gone.items()]
    return PreparedCrawl(sites, scope, homes, notes=tuple(notes), removed=len(gone))


def taken_down(db: sqlite3.Connection, urls: Iterable[str]) -> dict[str, str]:
    """Those of the addresses that were taken down: when, and why."""
    removed, found = TakedownRegister(db), {}
    for url in urls:
        if (said := removed.why(url)) is not None:
            found[url] = f"{said[0][:10]} ({said[1]})"
    return found


def of_the_list(gone: Mapping[str, str]) -> Iterator[str]:
    """What of a list was taken down, by the takedown."""
    for why, number in Counter(gone.values()).items():
        were, are = verb(number, "was", "were"), verb(number, "is", "are")
        yield f"{counted(number, 'page')} of the list {were} taken down on {why}, and {are} not fetched"


def choose(
    plan: CrawlPlan, config: Config, store: ArticleStore, watched: Mapping[str, WatchedSite]
) -> tuple[list[WatchedSite], list[str], list[str]]:
    """The sites that the targets mean, notes for the user, and targets that are single articles."""
    chosen, notes, pages = [], [], []
    for target in plan.targets:
        if target in watched:
            chosen.append(watched[target])
        elif "://" not in target:
            known = ", ".join(sorted(watched)) or "none yet"
            raise NotFound(target, f"no such source (there are: {known})", "name one of them, or give a site's URL")
        elif (url := fetchable(target)) is None:
            raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/")
        elif site := next((site for site in watched.values() if url_key(site.source.url) == url_key(url)), None):
            chosen.append(site)
        elif classify(url) == "article":
            pages.append(url)
            notes.append(f"{url} looks like an article: only that page is fetched")
        else:
            chosen.append(ad_hoc_site(url, config, store))
    return chosen, notes, pages


def owners_of(
    pages: Sequence[str], known: Iterable[WatchedSite], config: Config, store: ArticleStore
) -> dict[str, WatchedSite]:
    """The site of each host in a list of pages: the source that watches it, else one named after the host."""
    owners = {host_of(site.source.url): site for site in known if site.source.url}
    for url in pages:
        if host_of(url) not in owners:
            owners[host_of(url)] = ad_hoc_site(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/", config, store)
    return {host: owners[host] for host in {host_of(url) for url in pages}}


def watched_site(name: str, config: Config, store: ArticleStore) -> WatchedSite:
    """The site of a source file."""
    settings, own = config.for_source(name), config.sources[name]
    meta: dict[str, object] = {"verify_certificates": settings.verify_certificates}
    if not settings.robots:
        meta["ask_no_robots"] = True
    if settings.proxy:
        meta["proxy"] = settings.proxy
    store.rename_ad_hoc_source(own.source, config.sources)
    return WatchedSite(
        source=own.source,
        source_id=store.source(own.source, watched=True),
        watched=True,
        every=every_of(config, own),
        recheck=tuple(settings.recheck),
        depth=settings.depth,
        explicit_sections=bool(own.sections),
        include=tuple(own.include),
        exclude=tuple(own.exclude),
        meta=meta,
    )


def every_of(config: Config, own: SourceConfig) -> dict[str, float]:
    """Seconds between visits by kind of listing, in the frontier's words."""
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
    """A site named by its URL, visited once."""
    parts = urlsplit(url)
    path = "" if parts.path in ("", "/") else parts.path.rstrip("/")
    source = Source(parts.netloc.lower() + path, url)
    return WatchedSite(source, store.source(source), watched=False, depth=config.crawl.depth, meta=default_meta(config))


def default_meta(config: Config) -> dict[str, object]:
    """Request meta of sites without a file."""
    meta: dict[str, object] = {} if config.crawl.robots else {"ask_no_robots": True}
    return meta | ({"proxy": config.crawl.proxy} if config.crawl.proxy else {})


def leftovers(store: ArticleStore, sites: Mapping[int | None, WatchedSite]) -> list[WatchedSite]:
    """Sites of earlier runs that have no file (any more): what they left in the frontier still belongs to them."""
    rows = store.db.execute("SELECT id, name, url, title, language FROM sources").fetchall()
    return [WatchedSite(Source(*row[1:]), row[0], watched=False) for row in rows if row[0] not in sites]


def whatever_is_due(store: ArticleStore, config: Config, since: str | None) -> tuple[ClaimScope, list[str]]:
    """The scope of a crawl without targets, and a note: a source whose file was taken away is not crawled any more."""
    rows = store.db.execute("SELECT id, name FROM sources WHERE watched").fetchall()
    gone = {row_id: name for row_id, name in rows if name not in config.sources}
    if not gone:
        return ClaimScope(since=since), []
    marks = ", ".join("?" * len(gone))
    names = ", ".join(sorted(gone.values()))
    notes = [f"not crawled, because sources/ has no file of that name any more: {names}"]
    return ClaimScope(f"(source_id IS NULL OR source_id NOT IN ({marks}))", tuple(gone), since), notes


def seed(site: WatchedSite, own: SourceConfig | None, frontier: Frontier, now: datetime, *, at_once: bool) -> None:
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
        frontier.reconsider(site.source_id, lambda url: site.judge(url, "section") == "article", now)
    keys = [url_key(want.url) for want in seeds]
    if site.watched:
        # A listing that was met under another source before: its file has the last word on whose it is.
        frontier.db.execute(
            """UPDATE frontier SET source_id = ?1
                WHERE url_key IN (SELECT value FROM json_each(?2)) AND source_id IS NOT ?1""",
            (site.source_id, json.dumps(keys)),
        )
        frontier.db.execute(
            """UPDATE frontier SET state = 'done', next_visit = NULL
                WHERE source_id = ? AND depth = 0 AND found_on IS NULL AND state = 'waiting'
                  AND kind NOT IN ('article', 'page') AND url_key NOT IN (SELECT value FROM json_each(?))""",
            (site.source_id, json.dumps(keys)),
        )
    if at_once:
        frontier.make_due(site.source_id, now)
        frontier.retry(site.source_id, now)


def belongs(url: str, site: WatchedSite) -> bool:
    """Links of a page are followed within the site only."""
    return same_site(url, site.source.url)


def targets_of(names: Sequence[str]) -> tuple[str, ...]:
    """Targets as typed, a bare host name taken for a URL: `paper.example` is `https://paper.example/`."""
    return tuple(
        f"https://{name}/" if "://" not in name and re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", name) else name
        for name in names
    )
