"""Define the values from which the health of a source is judged. No SQL, no policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SourceDay:
    """Count the articles of a source that were first seen on one day."""

    day: str
    articles: int
    fresh: int  # published in the two days before, as far as is known
    titled: int
    dated: int
    signed: int
    words: int
    consent: int
    paywalled: int
    first: str | None  # stamp of the first fresh one; to parse them all takes longer than to judge the sources
    last: str | None


@dataclass(frozen=True, slots=True)
class WatchedListing:
    """Hold how the visits to a feed, sitemap, front or section page of the source file went."""

    url: str
    kind: str
    state: str
    failures: int  # in a row
    visits: int
    status: int | None
    error: str | None
    last_visit: datetime | None
    next_visit: datetime | None
    since: datetime | None  # of failures: the first visit after the last answer; None if that is not known
    trouble: str | None = None  # what its readings show, as table listings has it
    trouble_since: datetime | None = None
    moved_to: str | None = None
    moved_since: datetime | None = None
    last_change: datetime | None = None
    replaced_by: str | None = None  # the listing that is read in its place, and is well


@dataclass(frozen=True, slots=True)
class Refusals:
    """Count the refusals of a source (HTTP 401, 403, 429, ...) after its last answer."""

    number: int
    since: datetime
    capture: int  # the first of them
    status: int


@dataclass(frozen=True, slots=True)
class PageStates:
    """Count the addresses of a source that show something in the place of their article."""

    kind: str
    number: int
    since: datetime
    capture: int


@dataclass(frozen=True, slots=True)
class ListingGap:
    """Hold a time in which a listing may have shown articles that were gone at its next reading."""

    url: str
    began: datetime
    ended: datetime
    capture: int | None


@dataclass(frozen=True, slots=True)
class SilentHost:
    """Hold a host that gives no answer."""

    host: str
    why: str
    since: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class SourcePause:
    """Hold a time in which a source was paused."""

    began: datetime
    ended: datetime | None  # None: it lasts


@dataclass(frozen=True, slots=True)
class PageCounts:
    """Count what became of the pages of a source in the newest crawls."""

    fetched: int = 0
    articles: int = 0  # new, edited, unchanged
    nothing: int = 0
    duplicate: int = 0
    disallowed: int = 0


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Hold what is known of a source."""

    id: int
    name: str
    added: datetime
    days: tuple[SourceDay, ...] = ()  # of the last weeks, ascending; days without an article are not in it
    earlier: tuple[tuple[datetime, datetime], ...] = ()  # first and last fresh article of some days before, ascending
    has_pages: bool = False  # an address of an article was ever found
    listings: tuple[WatchedListing, ...] = ()
    refusals: Refusals | None = None
    page_states: tuple[PageStates, ...] = ()
    gaps: tuple[ListingGap, ...] = ()
    hosts: tuple[SilentHost, ...] = ()
    pages: PageCounts = PageCounts()
    pauses: tuple[SourcePause, ...] = ()  # of the last weeks, ascending
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class WatchFacts:
    """Hold what `morgue watch` says of itself, and whether it still runs."""

    state: str  # waiting, crawling, locked, paused, stopped
    reason: str  # of the last three
    since: datetime
    pid: int
    next_pass: datetime | None  # at the latest; only while it waits or is hindered
    is_alive: bool


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """Hold what is known of the archive as a whole."""

    starts: tuple[datetime, ...] = ()  # of the newest runs, ascending
    outcomes: tuple[str, ...] = ()  # of these runs; "" while one runs, or if it was killed
    clock_ahead: tuple[int, ...] = ()  # of these runs: seconds by which their clock was ahead, as a later run showed
    days_with_runs: frozenset[str] = frozenset()
    free: int | None = None  # bytes on the disk of the archive; None: not known
    size: int | None = None  # bytes of that disk
    watch: WatchFacts | None = None  # None: it was never watched
    sources: tuple[SourceFacts, ...] = field(default=())
