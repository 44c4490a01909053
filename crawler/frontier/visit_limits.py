"""Count what a crawl asks of each source and host, and say when a limit of the settings is reached."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crawler.frontier.queue import QueueRoom
from crawler.schedule.revisit_policy import PAGE_KINDS
from pipelines.database.frontier.rows import NO_SOURCE, Claim

logger = logging.getLogger("morgue.frontier")


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Limit what a crawl does for one source: the keys of its `[crawl]` settings that have these names."""

    pages_per_host: int  # article pages at most
    listings_per_host: int  # feeds, sitemaps, front and section pages at most
    pages_per_source: int
    listings_per_source: int
    addresses_per_listing: int  # new addresses queued at once
    addresses_per_source: int  # and altogether


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

    def __init__(self, limits: Mapping[int | None, SourceLimits]) -> None:
        self._limits = limits
        self.pages = 0  # article pages of all sources that were requested
        self.pages_under_way = 0
        self.reached: dict[tuple[str, int | None], str] = {}  # (setting, source) -> host, "" if it is not about one
        # By (is a page, source, host or "" for all hosts):
        self._requested: Counter[tuple[bool, int | None, str]] = Counter()
        self._under_way: Counter[tuple[bool, int | None, str]] = Counter()
        self._added: Counter[tuple[str, int | None]] = Counter()  # new addresses queued, by word and source
        self._closed: set[tuple[bool, int | None, str]] = set()  # (is a page, source, host or "" for all hosts)
        self._closed_on: defaultdict[str, set[tuple[bool, int | None]]] = defaultdict(set)  # the same by host

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
        for setting, key in limits_on(claim):
            self._under_way[key] -= 1
            self._requested[key] += requested
            if self._requested[key] >= getattr(limits, setting):
                self.reach(setting, claim.source_id, key[2])
                self._close(*key)

    def is_full(self, claim: Claim) -> bool:
        """Return True if the URLs under way may use up a limit, so that this one has to wait for them."""
        limits = self.of(claim.source_id)
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
        is_page = claim.kind in PAGE_KINDS
        kinds = {is_page, True}  # a source whose pages are at their limit is done, its listings too
        return any((kind, claim.source_id, host) in self._closed for kind in kinds for host in ("", claim.host))

    def closed_on(self, host: str) -> tuple[frozenset[int], frozenset[int]]:
        """Return the sources of which nothing is claimed on a host, and those of which only pages are."""
        closed = self._closed_on[""] | self._closed_on.get(host, set())
        done = frozenset(NO_SOURCE if source_id is None else source_id for is_page, source_id in closed if is_page)
        pages_only = frozenset(
            NO_SOURCE if source_id is None else source_id for is_page, source_id in closed if not is_page
        )
        return done, pages_only - done

    def _close(self, is_page: bool, source_id: int | None, host: str) -> None:
        self._closed.add((is_page, source_id, host))
        self._closed_on[host].add((is_page, source_id))


def limits_on(claim: Claim) -> Iterator[tuple[str, tuple[bool, int | None, str]]]:
    """Yield (setting, key by which a LimitCounter counts) of the two limits that a URL counts for."""
    is_page = claim.kind in PAGE_KINDS
    kind = "pages" if is_page else "listings"
    yield f"{kind}_per_host", (is_page, claim.source_id, claim.host)
    yield f"{kind}_per_source", (is_page, claim.source_id, "")
