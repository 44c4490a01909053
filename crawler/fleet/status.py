"""Read how each shard of a fleet is: what it holds, who writes to it, and how far behind it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.bucket.opening import warc_storage
from pipelines.core.archive_layout import DATABASE_NAME, LOCK_NAME, WATCH_LOCK_NAME
from pipelines.core.errors import MorgueError, os_errors
from pipelines.core.lock import is_held, locked_since
from pipelines.core.timestamps import now, parse, stamp
from pipelines.database.connection import connect
from pipelines.database.frontier.planned import planned_by_source
from pipelines.database.queries import extent
from pipelines.database.runs import runs
from pipelines.fleet.layout import FleetFolder


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """Hold how one shard is. What could not be read is None; `error` says why. Times are UTC, as ISO 8601."""

    shard: int
    state: str  # "idle", "writing" (a process has its lock), "watched", or "unreadable"
    articles: int | None = None
    sources: int | None = None  # that have articles
    due: int | None = None  # visits that are due now
    lag_seconds: int | None = None  # how long the visit that waits longest has been due; 0: none is due
    next_visit: str | None = None  # when the next visit is due
    last_run: str | None = None  # when the newest run began
    last_outcome: str | None = None
    warc_files: int | None = None  # finished ones, here and in the bucket
    unfinished: int | None = None
    warc_bytes: int | None = None
    database_bytes: int | None = None
    error: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the values by their names."""
        return asdict(self)


STATUS_KEYS = tuple(ShardStatus.__dataclass_fields__)


def fleet_status(fleet: FleetFolder, at: datetime | None = None) -> Iterator[ShardStatus]:
    """Yield the status of each shard, in order; `at`: the time that counts as now. One that cannot be read is named."""
    for number, path in enumerate(fleet.shard_paths()):
        try:
            yield shard_status(number, path, at or now())
        except (MorgueError, sqlite3.Error) as error:
            cause = error.cause if isinstance(error, MorgueError) else str(error)
            yield ShardStatus(number, "unreadable", error=cause)


def shard_status(number: int, path: Path, at: datetime) -> ShardStatus:
    """Return the status of one shard. Raises MorgueError, sqlite3.Error."""
    storage = warc_storage(path)
    listing = storage.list()
    names = [*listing.finished, *(f"{name}.open" for name in listing.unfinished)]
    database = path / DATABASE_NAME
    with closing(connect(database)) as db, os_errors(str(path)):
        held = extent(db)
        planned = list(planned_by_source(db, None, at))
        waits = [str(row["next"]) for row in planned if row["next"]]
        first = parse(min(waits)) if waits else None
        run = next(runs(db, 1, locked_since(path / LOCK_NAME)), None)
        return ShardStatus(
            number,
            _state(path),
            held["articles"],
            held["sources"],
            sum(row["due"] or 0 for row in planned),
            max(0, int((at - first).total_seconds())) if first else 0,
            stamp(first) if first else None,
            run["begun"] if run else None,
            run["outcome"] if run else None,
            len(listing.finished),
            len(listing.unfinished),
            sum(storage.size(name) or 0 for name in names),
            database.stat().st_size,
        )


def _state(path: Path) -> str:
    if is_held(path / LOCK_NAME):
        return "writing"
    return "watched" if is_held(path / WATCH_LOCK_NAME) else "idle"
