"""Read how each shard of a fleet is: what it holds, who writes to it, how late it is, and what its bucket says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.bucket.opening import warc_storage
from pipelines.core.archive_layout import DATABASE_NAME, LOCK_NAME, SHIPPED_NAME, WATCH_LOCK_NAME
from pipelines.core.errors import MorgueError, os_errors
from pipelines.core.lock import is_held, locked_since
from pipelines.core.timestamps import now, parse, stamp
from pipelines.database.connection import connect
from pipelines.database.frontier.planned import planned_by_source
from pipelines.database.queries import extent
from pipelines.database.runs import runs
from pipelines.fleet.layout import FleetFolder

OUTDATED = "outdated"  # others have written the shard since: no command writes to this copy
MAX_CALLS = 32  # of buckets at a time


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """Hold how one shard is. What could not be read is None; `error` says why. Times are UTC, as ISO 8601."""

    shard: int
    state: str  # "idle", "writing" (a process has its lock), "watched", "outdated" or "unreadable"
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
    # Of a shard with a bucket.
    holder: str | None = None  # machine of the process that holds the lease; None: nobody does
    holder_process: int | None = None
    token: int | None = None  # of that lease
    held_since: str | None = None  # by the clock of that machine, as the next
    held_until: str | None = None  # when the lease ends if it is not renewed
    spool_files: int | None = None  # WARC files that wait for the bucket here
    spool_bytes: int | None = None
    never_arrived: int | None = None  # WARC files that a lost machine began and never shipped
    last_snapshot: str | None = None  # when the database was last copied into the bucket
    snapshot_age_seconds: int | None = None
    bucket_error: str | None = None  # why the bucket does not say
    error: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the values by their names."""
        return asdict(self)


STATUS_KEYS = tuple(ShardStatus.__dataclass_fields__)


def fleet_status(fleet: FleetFolder, at: datetime | None = None) -> Iterator[ShardStatus]:
    """Yield the status of each shard, in order; `at`: the time that counts as now. One that cannot be read is named."""
    at = at or now()
    with ThreadPoolExecutor(MAX_CALLS, "buckets") as threads:  # one that does not answer is waited for once
        calls = [
            threads.submit(of_bucket, path, (fleet.id, number), at) for number, path in enumerate(fleet.shard_paths())
        ]
        for number, (path, call) in enumerate(zip(fleet.shard_paths(), calls, strict=True)):
            try:
                yield with_bucket(shard_status(number, path, at), call.result())
            except (MorgueError, sqlite3.Error) as error:
                why = f"{error.cause}\n  {error.cure}".rstrip() if isinstance(error, MorgueError) else str(error)
                yield ShardStatus(number, "unreadable", error=why)


def with_bucket(here: ShardStatus, there: dict[str, Any]) -> ShardStatus:
    """Return the status of a shard with what its bucket says. A copy that another machine overtook is outdated."""
    fields = {name: value for name, value in there.items() if name != OUTDATED}
    if there.get(OUTDATED):
        fields["state"] = OUTDATED
    return replace(here, **fields)


def of_bucket(path: Path, place: tuple[str, int], at: datetime) -> dict[str, Any]:
    """Return what a shard's bucket says, by the names of the fields, and `OUTDATED`; {} if it has none."""
    if not (path / SHIPPED_NAME).exists():
        return {}
    from pipelines.bucket.bucket_look import look_at_bucket

    look = look_at_bucket(path, place)
    if look is None:
        return {}
    found: dict[str, Any] = {"spool_files": look.spool.files, "spool_bytes": look.spool.size}
    if look.error is not None:
        return found | {"bucket_error": f"{look.error.subject}: {look.error.cause}"}
    found[OUTDATED] = look.changed_since is not None
    if look.lease is not None and (until := look.renewed_until()) is not None:
        found |= {"holder": look.lease.host, "holder_process": look.lease.process, "token": look.lease.token}
        found |= {"held_since": look.lease.taken or None, "held_until": stamp(until)}
    if look.snapshot is not None:
        age = max(0, int((at - look.snapshot).total_seconds()))
        found |= {"last_snapshot": stamp(look.snapshot), "snapshot_age_seconds": age}
    return found | {"never_arrived": len(look.missing or ())}


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
