"""Define the values that go into the table `frontier` and come out of it. No SQL, no policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pipelines.core.timestamps import parse

DAMAGED_ROW = "damaged row"  # why no request was made, as the column last_error says it
BY_ROBOTS = "by robots.txt"  # why a URL was not asked for, as the column last_error says it
PART = "part"  # kind of what a browser fetches to show a page: style sheets, pictures, fonts
PART_KIND = "part"  # key of the hint of a part: "style", "image", "font" or "icon"
IMAGE_HINT = f'"{PART_KIND}": "image"'  # what the hint of a picture contains
IDLE = "idle"  # state of a part that waits until its host has nothing else due
FORGOTTEN = "forgotten"  # with its source or host, as the same column says it
ROBOTS_FAILED = "robots.txt "  # begins the reason why a URL was not asked for: robots.txt brought no rules


def is_by_robots(error: str | None) -> bool:
    """Return True if this last_error says that a URL was not asked for because of robots.txt."""
    return error is not None and (error == BY_ROBOTS or error.startswith(ROBOTS_FAILED))


LISTINGS_IN_WORDS = {  # kinds of addresses that lead to articles and are none
    "front": "front page (it lists articles)",
    "section": "section page (it lists articles)",
    "feed": "feed",
    "sitemap": "sitemap",
    "news sitemap": "news sitemap",
    "robots": "robots.txt",
    "tdmrep": "tdmrep.json",
    PART: "part of pages (style sheet, picture or font)",
}
NEXT_STEPS = {  # by the state of an address
    "waiting": "`morgue crawl` visits it when it is due",
    "claimed": "a crawl is about to visit it",
    "disallowed": "robots.txt disallows it; `morgue crawl SITE` asks again",
    "failed": "it is gone; `morgue crawl URL` asks again",
    "past": "`morgue backfill SOURCE` fetches it",
    IDLE: "`morgue crawl` fetches it when its host has nothing else due",
}
NO_ARTICLE = "no article was read from it"


class AddressState(NamedTuple):
    """Hold what is known of the visits to one address."""

    state: str
    last_error: str | None
    kind: str
    last_visit: str | None  # UTC; None: not visited yet
    next_visit: str | None  # UTC; None: none is planned

    def why_no_article(self) -> str:
        """Say why there is no article at the address, and when it was visited last and will be visited next."""
        error = f" ({self.last_error})" if self.last_error else ""
        if self.kind in LISTINGS_IN_WORDS:
            said = listing_in_words(self.kind)
            said += f": {self.state}{error}" if self.state in ("disallowed", "failed") else error
        else:
            done = self.state == "done" and not error
            said = NO_ARTICLE + ("" if done else f": {self.state}{error}")
        if self.last_visit:
            said += f"; last visited {self.last_visit}"
        elif self.kind in LISTINGS_IN_WORDS:
            said += "; not visited yet"
        return said + (f"; next visit {self.next_visit}" if self.next_visit and self.state == "waiting" else "")

    def next_step(self) -> str:
        """Say what becomes of the address next."""
        return NEXT_STEPS.get(self.state, "nothing more is planned for it")


def listing_in_words(kind: str) -> str:
    """Say that an address of one of LISTINGS_IN_WORDS is no article."""
    return f"this is a {LISTINGS_IN_WORDS[kind]}, not an article"


def error_text(last_error: str | None) -> str | None:
    """Return what the column last_error says as a phrase that is understood by itself."""
    return f"disallowed {BY_ROBOTS}" if last_error == BY_ROBOTS else last_error


@dataclass(frozen=True, slots=True)
class FrontierRow:
    """Hold a new row: a URL that waits for its first visit."""

    url_key: str
    url: str
    host: str  # host:port, the unit of politeness
    source_id: int | None
    kind: str
    priority: int  # smaller is sooner
    depth: int  # links from the source's seeds
    found: datetime  # UTC
    next_visit: datetime | None = None  # UTC; None: not planned, another row's visit comes first
    found_on: str | None = None  # URL of the feed or page that linked it
    hint: Mapping[str, str] = field(default_factory=dict)  # what that feed or page said about it
    day: str | None = None  # ISO day of publication or change, where known
    past: bool = False  # an article of the past, which waits for a backfill


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold a row that was handed to a crawl, to be visited."""

    id: int
    url: str
    host: str
    source_id: int | None
    kind: str
    depth: int
    hint: Mapping[str, str]
    visits: int
    failures: int
    first_visit: str | None
    etag: str | None
    last_modified: str | None
    last_error: str | None = None  # of the last visit
    last_visit: str | None = None  # its time
    last_status: int | None = None  # its HTTP status
    next_visit: str | None = None  # when this visit was due
    damage: str | None = None  # the column of the row that cannot be used: the visit fails without a request

    @property
    def due(self) -> datetime | None:
        """Time at which this visit was due; None if the row has no time there, as a row that was edited may."""
        return _time_or_none(self.next_visit)

    @property
    def last_time(self) -> datetime | None:
        """Time of the last visit; None if there was none, or the row has no time there."""
        return _time_or_none(self.last_visit)

    @property
    def disallowed(self) -> int:
        """Number of times in a row that robots.txt kept us from asking for it."""
        return self.failures if is_by_robots(self.last_error) else 0

    @property
    def failed(self) -> int:
        """Number of visits in a row that failed; those from which robots.txt kept us are none."""
        return 0 if is_by_robots(self.last_error) else self.failures


def _time_or_none(text: str | None) -> datetime | None:
    try:
        return parse(text) if text else None
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class ClaimScope:
    """Say which rows a crawl may claim. The default is all rows."""

    source_ids: frozenset[int] | None = None  # rows of these sources, and those in `row_ids`; None: of any source
    row_ids: frozenset[int] = frozenset()  # single rows besides those of `source_ids`
    excluded_source_ids: frozenset[int] = frozenset()
    since: str | None = None  # ISO day: articles known to be older are left
    early_until: str | None = None  # stamp: rows that were visited before, but not since `began`, are due until then
    began: str | None = None  # stamp of the beginning of the crawl
    new_parts_only: bool = False  # of the parts of pages, only those that were queued since `began`


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """Narrow a claim to some sources. The default narrows nothing. NO_SOURCE stands for rows without a source."""

    only: frozenset[int] | None = None  # rows of these sources; None: of any
    without: frozenset[int] = frozenset()  # no rows of these
    pages_only: frozenset[int] = frozenset()  # of these sources article pages, and no listings
    listings_only: frozenset[int] = frozenset()  # of these sources listings, and no article pages
    no_pages: bool = False  # of any source


NO_SOURCE = -1


@dataclass(frozen=True, slots=True)
class PartChoice:
    """Say of which sources the parts of pages may be fetched; NO_SOURCE stands for rows without one."""

    every_kind: frozenset[int] = frozenset()
    images: frozenset[int] = frozenset()  # of these only pictures

    def __bool__(self) -> bool:
        return bool(self.every_kind or self.images)

    def __sub__(self, sources: frozenset[int]) -> PartChoice:
        return PartChoice(self.every_kind - sources, self.images - sources)


class SourceHealth(NamedTuple):
    """Hold what the visits of one source say about it; times are stamps (`pipelines.core.timestamps`)."""

    last_success: str | None = None  # newest capture of a listing or page that is no error
    waiting: int = 0  # rows that are due now
    planned: int = 0  # rows whose next visit is planned for later
    failed: int = 0  # rows whose last visit failed
    past: int = 0  # articles of the past, which wait for a backfill
    parts: int = 0  # parts of its pages that wait to be fetched
    last_error: str | None = None  # of the rows that fail now, the newest error
    last_error_time: str | None = None
