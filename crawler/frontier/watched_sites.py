"""Hold sources as a crawl needs them, made from their files, the archive, or an address that the user typed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import blake2b
from urllib.parse import urlsplit

from crawler.config.models import Config, SourceConfig
from crawler.config.value_types import ADAPTIVE
from crawler.frontier.ownership import ListedSites, SiteOwners, listed_sites
from crawler.frontier.queue_values import FrontierEntry
from crawler.schedule.listing_intervals import Bounds
from pipelines.core.items import PartRules, Source
from pipelines.core.linear_patterns import matching
from pipelines.core.urls import host_of, url_key
from pipelines.database.source_store import SourceStore

logger = logging.getLogger("morgue.frontier")


SETTING_OF_KIND = {  # kind of listing in the frontier -> key of [every]
    "feed": "feed",
    "news sitemap": "news_sitemap",
    "sitemap": "sitemap",
    "front": "section",
    "section": "section",
    "tdmrep": "section",
}
NO_BOUNDS = Bounds(timedelta(0), timedelta(0))
HOUR, DAY = 3600.0, 86_400.0  # seconds
# Seconds from the first to the second reading of adaptive listings, by the key of [every].
FIRST_INTERVALS = {"feed": HOUR, "news_sitemap": HOUR, "sitemap": DAY, "section": DAY}


@dataclass(frozen=True, slots=True)
class AdaptiveIntervals:
    """Say which listings of a source are read as often as they bring news. The default is none."""

    kinds: frozenset[str] = frozenset()
    bounds: Bounds = NO_BOUNDS


@dataclass(frozen=True, slots=True)
class WatchedSite:
    """Hold a source as a crawl needs it."""

    source: Source
    source_id: int | None
    watched: bool  # has a file in sources/; a site crawled ad hoc is visited once
    every: Mapping[str, float] = field(default_factory=dict)  # kind of listing -> seconds between visits
    adaptive: AdaptiveIntervals = AdaptiveIntervals()  # kinds for which `every` is the first interval only
    recheck: tuple[float, ...] = ()  # ages in seconds at which an article is visited again
    new_within: float | None = None  # age in seconds beyond which a sitemap's articles are of the past; None: none are
    explicit_recheck: bool = True  # the user named these ages: all of them, and no others, are kept
    depth: int = 3  # section pages are followed over so many links
    explicit_sections: bool = False  # the source file lists its section pages: no others are followed
    include: tuple[str, ...] = ()  # regular expressions: URLs that are articles, whatever they look like
    exclude: tuple[str, ...] = ()  # regular expressions: URLs that are never followed
    meta: Mapping[str, object] = field(default_factory=dict)  # Scrapy request meta of all its requests
    listed: ListedSites = field(default_factory=ListedSites)  # which addresses its feeds, sitemaps and pages may name
    listings: Mapping[str, str] = field(default_factory=dict)  # url_key -> kind of each listing that its file names
    part_rules: PartRules | None = None  # which parts of its articles are fetched; None: none
    assumed_https: bool = False  # the user typed its address without a scheme: http is tried if https is not there

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def rules(self) -> str:
        """Return a digest of all that decides which entries of a feed or sitemap this site takes, and for whom."""
        listed = (sorted(self.listed.own), sorted(self.listed.hosts), self.listed.any_site)
        decides = (
            "key, mark as written, text",
            self.source_id,
            self.depth,
            self.explicit_sections,
            self.include,
            self.exclude,
            listed,
        )
        return blake2b(repr(decides).encode(), digest_size=8).hexdigest()

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


def with_owners(sites: Mapping[int | None, WatchedSite]) -> tuple[dict[int | None, WatchedSite], SiteOwners]:
    """Return the sites, none of which lists hosts of another's, and who owns what."""
    homes = {source_id: host_of(site.source.url) if site.source.url else "" for source_id, site in sites.items()}
    owners = SiteOwners({source_id: site.listed for source_id, site in sites.items()}, homes)
    return {
        source_id: replace(site, listed=owners.without_foreign_hosts(site.listed, source_id))
        for source_id, site in sites.items()
    }, owners


def bare_host(url: str) -> str:
    """Return the host of a URL without `www.`, by which single pages are given to the source of their paper."""
    return host_of(url).removeprefix("www.")


def watched_site(name: str, config: Config, store: SourceStore) -> WatchedSite:
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
        adaptive=adaptive_intervals(config, own),
        recheck=tuple(settings.recheck),
        new_within=settings.new_within,
        explicit_recheck="recheck" in settings.model_fields_set,
        depth=settings.depth,
        explicit_sections=bool(own.sections),
        include=tuple(own.include),
        exclude=tuple(own.exclude),
        meta=meta,
        listed=listed_sites(own.url, own.sections, (*own.feeds, *own.news_sitemaps, *own.sitemaps), own.sites),
        listings={url_key(entry.url): entry.kind for entry in seeds_of(own.source, own)},
        part_rules=part_rules(config, name, own.url),
    )


def part_rules(config: Config, name: str, home: str) -> PartRules | None:
    """Return which parts of a source's articles are fetched; None if none are. `home`: "" if each page has its own."""
    capture = config.capture_of(name)
    if capture.parts == "none":
        return None
    return PartRules(
        home,
        capture.part_hosts,
        images_only=capture.parts == "images",
        most=capture.parts_per_page,
        url_length=config.crawl.url_length,
        recheck_seconds=capture.parts_recheck,
        max_bytes=capture.part_bytes,
    )


def with_parts(
    sites: Mapping[int | None, WatchedSite], config: Config, *, for_all: bool, of_list: bool = False
) -> Mapping[int | None, WatchedSite]:
    """Return sites with the rules by which this crawl fetches parts of pages.

    The files of an archive ask for parts of what it watches. Sites without a file, and lists of pages (`of_list`), have
    them only if the command asks for them (`for_all`).
    """
    if not for_all:
        return {source_id: replace(site, part_rules=None) for source_id, site in sites.items()} if of_list else sites
    return {
        source_id: site if site.watched else replace(site, part_rules=part_rules(config, site.name, site.source.url))
        for source_id, site in sites.items()
    }


def visit_intervals(config: Config, own: SourceConfig) -> dict[str, float]:
    """Return the seconds between visits of a source's listings, by their kind in the frontier.

    Those of adaptive kinds count until a first reading.
    """
    intervals = own.every_or(config.every)
    return {
        kind: FIRST_INTERVALS[name] if (every := getattr(intervals, name)) == ADAPTIVE else every
        for kind, name in SETTING_OF_KIND.items()
    }


def adaptive_intervals(config: Config, own: SourceConfig) -> AdaptiveIntervals:
    """Return which listings of a source are read as often as they bring news, and within which bounds."""
    every = own.every_or(config.every)
    kinds = (kind for kind, name in SETTING_OF_KIND.items() if getattr(every, name) == ADAPTIVE and kind != "tdmrep")
    longest = max(every.min, every.max)  # one may be of the source, the other of the archive
    return AdaptiveIntervals(frozenset(kinds), Bounds(timedelta(seconds=every.min), timedelta(seconds=longest)))


def ad_hoc_site(url: str, config: Config, store: SourceStore) -> WatchedSite:
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


def former_sites(store: SourceStore, sites: Mapping[int | None, WatchedSite], config: Config) -> list[WatchedSite]:
    """Return sites of earlier runs that have no source file, or no longer: rows of the frontier belong to them."""
    return [
        WatchedSite(source, row_id, watched=False, meta=default_meta(config), listed=listed_sites(source.url))
        for row_id, source, _ in store.sources()
        if row_id not in sites
    ]


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
