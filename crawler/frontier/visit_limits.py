"""Count what a crawl asks of each source and host, and say when a limit of the settings is reached."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.frontier.queue_values import QueueRoom
from crawler.schedule.hours import Hours
from crawler.schedule.revisit_policy import PAGE_KINDS
from pipelines.core.timestamps import now
from pipelines.database.captures import UsedToday
from pipelines.database.frontier.rows import NO_SOURCE, PART, Claim, PartChoice, SourceChoice

logger = logging.getLogger("morgue.frontier")

HOURS_CHECK = timedelta(seconds=30)  # between two looks at the hours of sources, and at which of them rest


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Limit what a crawl does for one source: the keys of its `[crawl]` settings that have these names."""

    pages_per_host: int  # article pages at most
    listings_per_host: int  # feeds, sitemaps, front and section pages at most
    pages_per_source: int
    listings_per_source: int
    addresses_per_listing: int  # new addresses queued at once
    addresses_per_source: int  # and altogether
    pages_per_day: int = 0  # article pages in a day, in all crawls of it; 0: no limit
    bytes_per_day: int = 0  # size of the records of a day; 0: no limit
    hours: str = ""  # in which it is asked, as `Hours.parse` reads them; "": at any time


@dataclass(frozen=True, slots=True)
class CrawlLimits:
    """Limit a whole crawl, and the shares of sites and sources in it."""

    concurrency_per_host: int  # requests at a time to a host of which no source file says another number
    unfetched: int  # URLs handed out and not yet fetched; most of them wait out their host's delay
    unfetched_per_source: int
    unfetched_per_site: int
    bytes_per_site: float  # size of the records of one site
    bytes_per_crawl: float
    pages: int | None = None  # article pages that the whole run may fetch; None: no limit


class LimitCounter:
    """Count the URLs requested in a crawl, by source and host. A host's count is of one source: another source that
    lists addresses on the same host uses up its own share only.

    Whether a URL that is handed out will be requested is known when its visit ends: robots.txt may disallow it. Until
    then it is under way, and keeps its place.
    """

    def __init__(
        self,
        limits: Mapping[int | None, SourceLimits],
        used_today: Mapping[int | None, UsedToday] | None = None,
        resting: Callable[[datetime], set[int | None]] | None = None,
        began: str | None = None,
    ) -> None:
        """`used_today`: what earlier crawls of this day requested, by source. `resting`: returns the sources that their
        owner has paused or removed since the crawl began. `began`: when it began, as a stamp.
        """
        self._limits = limits
        self._began = began
        self._day = now().date()  # in UTC, as all of `timestamps`
        self._pages_today = Counter({source_id: used.pages for source_id, used in (used_today or {}).items()})
        self._without_pages: set[int | None] = set()  # sources whose pages of this day are used up
        # Bytes of the day before this crawl; negative: bytes of this crawl before the day.
        self._other_bytes = Counter({source_id: used.size for source_id, used in (used_today or {}).items()})
        self._bytes: Counter[int | None] = Counter()  # of this crawl
        self._without_bytes: set[int | None] = set()  # sources whose bytes of this day are used up
        self._hours = {source_id: Hours.parse(own.hours) for source_id, own in limits.items() if own.hours}
        self._resting = resting
        self._outside: set[int | None] = set()  # sources whose hours are over, or that rest, as of `_looked`
        self._looked: datetime | None = None
        self.pages = 0  # article pages of all sources that were requested
        self.pages_under_way = 0
        self.reached: dict[tuple[str, int | None], str] = {}  # (setting, source) -> host, "" if it is not about one
        # By (is a page, source, host or "" for all hosts):
        self._requested: Counter[tuple[bool, int | None, str]] = Counter()
        self._under_way: Counter[tuple[bool, int | None, str]] = Counter()
        self._added: Counter[tuple[str, int | None]] = Counter()  # new addresses queued, by word and source
        self._closed: set[tuple[bool, int | None, str]] = set()  # (is a page, source, host or "" for all hosts)
        self._closed_on: defaultdict[str, set[tuple[bool, int | None]]] = defaultdict(set)  # the same by host
        for source_id in limits:
            self._end_day_of_pages(source_id)
            self.close_by_day_bytes(source_id, 0)

    def of(self, source_id: int | None) -> SourceLimits:
        """Return the limits of a source."""
        return self._limits.get(source_id) or self._limits[None]

    def begin(self, claim: Claim) -> None:
        """Note that a URL is handed out."""
        self.pages_under_way += claim.kind in PAGE_KINDS
        for _setting, key in limits_on(claim):
            self._under_way[key] += 1

    def end(self, claim: Claim, *, requested: bool) -> None:
        """Note that the exchange for a URL is over; `requested`: there was one."""
        limits, is_page = self.of(claim.source_id), claim.kind in PAGE_KINDS
        self.pages_under_way -= is_page
        self.pages += is_page and requested
        counts = requested and not self._is_read_again(claim)
        for setting, key in limits_on(claim):
            self._under_way[key] -= 1
            self._requested[key] += counts
            if self._requested[key] >= getattr(limits, setting):
                self.reach(setting, claim.source_id, key[2])
                self._close(*key)
        self._begin_day()
        if is_page and requested:
            self._pages_today[claim.source_id] += 1
            self._end_day_of_pages(claim.source_id)

    def _is_read_again(self, claim: Claim) -> bool:
        """Return True for a listing that fell due again while this crawl goes on: its interval limits how often."""
        if self._began is None or claim.last_visit is None or claim.kind in PAGE_KINDS:
            return False
        return claim.last_visit >= self._began

    def close_by_day_bytes(self, source_id: int | None, size: int) -> None:
        """Ask for nothing more of a source today if its records of this day are at their limit.

        `size`: of its records of this crawl.
        """
        self._begin_day()
        self._bytes[source_id] = size
        limit = self.of(source_id).bytes_per_day
        if limit and self._other_bytes[source_id] + size >= limit:
            self.reach("bytes_per_day", source_id)
            self._without_bytes.add(source_id)

    def is_full(self, claim: Claim) -> bool:
        """Return True if the URLs under way may use up a limit, so that this one has to wait for them."""
        self._begin_day()
        limits = self.of(claim.source_id)
        if claim.kind in PAGE_KINDS and limits.pages_per_day:
            under_way = self._under_way[True, claim.source_id, ""]
            if self._pages_today[claim.source_id] + under_way >= limits.pages_per_day:
                return True
        return any(
            self._requested[key] + self._under_way[key] >= getattr(limits, setting) for setting, key in limits_on(claim)
        )

    def room(self, source_id: int | None, of_listing: int) -> QueueRoom:
        """Return the room that is left for new addresses of a source, of which a listing may take `of_listing`."""
        limits = self.of(source_id)
        addresses = limits.addresses_per_source - self._added["address", source_id] - self._added["listing", source_id]
        return QueueRoom(min(of_listing, addresses), limits.listings_per_source - self._added["listing", source_id])

    def count_added(self, source_id: int | None, added: Mapping[str, int]) -> None:
        """Count new addresses that were queued for a source, by the words of QueueRoom."""
        for word, number in added.items():
            self._added[word, source_id] += number

    def close_listings(self, source_id: int | None) -> None:
        """Read no more listings of a source in this crawl."""
        self._close(False, source_id, "")

    def close_source(self, source_id: int | None) -> None:
        """Ask for nothing more of a source in this crawl."""
        self._close(True, source_id, "")

    def reach(self, setting: str, source_id: int | None, host: str = "") -> None:
        """Note that a limit is reached."""
        if (setting, source_id) not in self.reached:
            logger.info("crawl.%(setting)s is reached (%(host)s)", {"setting": setting, "host": host or "all hosts"})
            self.reached[setting, source_id] = host

    def is_closed(self, claim: Claim) -> bool:
        """Return True if nothing like this URL is asked for any more."""
        self._begin_day()
        is_page = claim.kind in PAGE_KINDS
        if is_page and claim.source_id in self._without_pages:
            return True
        if claim.source_id in self._without_bytes or claim.source_id in self.outside_hours():
            return True
        kinds = (
            {True} if claim.kind == PART else {is_page, True}
        )  # a source whose pages are at their limit is done, its listings too
        return any((kind, claim.source_id, host) in self._closed for kind in kinds for host in ("", claim.host))

    def outside_hours(self) -> set[int | None]:
        """Return the sources that are not asked for anything now, because of their hours or because they rest."""
        time = now()
        if (self._hours or self._resting) and (self._looked is None or abs(time - self._looked) >= HOURS_CHECK):
            self._looked = time
            self._outside = {source_id for source_id, hours in self._hours.items() if not hours.is_open(time)}
            for source_id in self._outside:
                self.reach("hours", source_id)
            self._outside |= self._resting(time) if self._resting else set()
        return self._outside

    def choice(self, host: str, only: frozenset[int] | None = None) -> SourceChoice:
        """Return what may be claimed on a host, of the sources `only` or of all."""
        self._begin_day()
        done, pages_only = self.closed_on(host)
        done |= as_ids(self._without_bytes | self.outside_hours())
        return SourceChoice(only, done, pages_only, as_ids(self._without_pages))

    def closed_on(self, host: str) -> tuple[frozenset[int], frozenset[int]]:
        """Return the sources of which nothing is claimed on a host, and those of which only pages are."""
        closed = self._closed_on[""] | self._closed_on.get(host, set())
        done = as_ids(source_id for is_page, source_id in closed if is_page)
        pages_only = as_ids(source_id for is_page, source_id in closed if not is_page)
        return done, pages_only - done

    def _begin_day(self) -> None:
        """Forget what was used up of a day, if another one has begun since."""
        day = now().date()
        if day == self._day:
            return
        self._day = day
        self._pages_today.clear()
        self._other_bytes = Counter({source_id: -size for source_id, size in self._bytes.items()})
        self._without_pages.clear()
        self._without_bytes.clear()
        for key in [key for key in self.reached if key[0] in ("pages_per_day", "bytes_per_day")]:
            del self.reached[key]

    def _end_day_of_pages(self, source_id: int | None) -> None:
        """Request no more pages of a source today if it has as many as are allowed. Its listings are still read."""
        limit = self.of(source_id).pages_per_day
        if limit and self._pages_today[source_id] >= limit:
            self.reach("pages_per_day", source_id)
            self._without_pages.add(source_id)

    def _close(self, is_page: bool, source_id: int | None, host: str) -> None:
        self._closed.add((is_page, source_id, host))
        self._closed_on[host].add((is_page, source_id))


class PartCounter:
    """Count the parts of pages that a crawl requests, and say of which sources it may request more."""

    def __init__(
        self,
        of_source: Mapping[int | None, int] | None = None,
        of_crawl: int = 0,
        images_only: Collection[int | None] = (),
    ) -> None:
        """`of_source`: how many parts may be requested, by source; of others none are. `images_only`: some of these."""
        self._of_source, self._of_crawl, self._images_only = dict(of_source or {}), of_crawl, frozenset(images_only)
        self._requested: Counter[int | None] = Counter()
        self._under_way: Counter[int | None] = Counter()

    @property
    def wanted(self) -> PartChoice:
        """Return which parts are fetched at all."""
        return self._choice(self._of_source)

    def choice(self) -> PartChoice:
        """Return of which sources one more part may be requested."""
        used = self._requested + self._under_way
        if used.total() >= self._of_crawl:
            return PartChoice()
        return self._choice(source_id for source_id, most in self._of_source.items() if used[source_id] < most)

    def _choice(self, sources: Iterable[int | None]) -> PartChoice:
        found = frozenset(sources)
        return PartChoice(as_ids(found - self._images_only), as_ids(found & self._images_only))

    def begin(self, claim: Claim) -> None:
        """Note that an address is handed out."""
        self._under_way[claim.source_id] += claim.kind == PART

    def end(self, claim: Claim, *, requested: bool) -> None:
        """Note that the exchange for an address is over; `requested`: there was one."""
        self._under_way[claim.source_id] -= claim.kind == PART
        self._requested[claim.source_id] += claim.kind == PART and requested


def as_ids(source_ids: Iterable[int | None]) -> frozenset[int]:
    """Return sources as a SourceChoice names them."""
    return frozenset(NO_SOURCE if source_id is None else source_id for source_id in source_ids)


def limits_on(claim: Claim) -> Iterator[tuple[str, tuple[bool, int | None, str]]]:
    """Yield (setting, key by which a LimitCounter counts) of the two limits that a URL counts for.

    A part of a page counts for neither: PartCounter has its limits.
    """
    if claim.kind == PART:
        return
    is_page = claim.kind in PAGE_KINDS
    kind = "pages" if is_page else "listings"
    yield f"{kind}_per_host", (is_page, claim.source_id, claim.host)
    yield f"{kind}_per_source", (is_page, claim.source_id, "")
