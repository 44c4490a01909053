"""Define the values that go into the table `frontier` and come out of it. No SQL, no policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

DAMAGED_ROW = "damaged row"  # why no request was made, as the column last_error says it
BY_ROBOTS = "by robots.txt"  # why a URL was not asked for, as the column last_error says it


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
    damage: str | None = None  # the column of the row that cannot be used: the visit fails without a request


@dataclass(frozen=True, slots=True)
class ClaimScope:
    """Say which rows a crawl may claim. The default is all rows."""

    source_ids: frozenset[int] | None = None  # rows of these sources, and those in `row_ids`; None: of any source
    row_ids: frozenset[int] = frozenset()  # single rows besides those of `source_ids`
    excluded_source_ids: frozenset[int] = frozenset()
    since: str | None = None  # ISO day: articles known to be older are left


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """Narrow a claim to some sources. The default narrows nothing. NO_SOURCE stands for rows without a source."""

    only: frozenset[int] | None = None  # rows of these sources; None: of any
    without: frozenset[int] = frozenset()  # no rows of these
    pages_only: frozenset[int] = frozenset()  # of these sources article pages, and no listings


NO_SOURCE = -1


class SourceHealth(NamedTuple):
    """Hold what the visits of one source say about it; times are stamps (`pipelines.core.timestamps`)."""

    last_success: str | None = None  # newest capture of a listing or page that is no error
    waiting: int = 0  # rows that are due now
    planned: int = 0  # rows whose next visit is planned for later
    failed: int = 0  # rows whose last visit failed
    last_error: str | None = None  # of the rows that fail now, the newest error
    last_error_time: str | None = None
