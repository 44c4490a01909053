"""Look at an archive from the side of its bucket: who writes the shard, what waits, when the database was last copied.

Only reads, and asks the bucket for one object of each kind: the lease and the head of a shard, or the list of copies.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.bucket.lease import FREE, MARGIN, LeaseRecord, read_lease
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.opening import fleet_store, warc_storage
from pipelines.bucket.shard_head import BegunFile, read_head
from pipelines.bucket.shard_holder import holder_note
from pipelines.bucket.snapshot import snapshot_of_key, snapshots
from pipelines.bucket.storage import BucketStorage
from pipelines.core import timestamps
from pipelines.core.errors import MorgueError
from pipelines.warc.storage import OPEN_SUFFIX

SECONDS = 5.0  # that the bucket may take for an answer; it is not asked again
CLOCK_SLACK = timedelta(minutes=10)  # between the clocks of two machines
STAYING_SECONDS = 3600.0  # for which a finished file may wait before that is odd


@dataclass(frozen=True, slots=True)
class Spool:
    """Say what waits in warc/ for the bucket."""

    files: int = 0
    size: int = 0  # bytes
    staying: int = 0  # finished files that have waited for long, without the one that the next run continues
    since: datetime | None = None  # when the first of those was finished


@dataclass(frozen=True, slots=True)
class BucketLook:
    """Hold what was seen. What could not be asked for is None; `error` says why."""

    spool: Spool
    lease: LeaseRecord | None = None  # held now
    missing: dict[str, BegunFile] | None = None  # files that never arrived
    snapshot: datetime | None = None  # when the newest copy of the database was made; None: there is none
    journal: int = 0  # number of the last journal record whose rows are in it
    changed_since: int | None = None  # token under which others changed the shard since; None: this copy is the newest
    error: MorgueError | None = None

    def renewed_until(self) -> datetime | None:
        """Return the time at which the lease ends without a renewal, by the holder's clock; None if nobody has it."""
        if self.lease is None:
            return None
        return timestamps.parse(self.lease.written) + timedelta(seconds=self.lease.seconds)

    def is_abandoned(self, now: datetime) -> bool:
        """Return True if the holder of the lease has long stopped to renew it, whatever its clock says."""
        if self.lease is None:
            return False
        pause = timedelta(seconds=self.lease.seconds * (2 + MARGIN))
        return now > timestamps.parse(self.lease.written) + pause + CLOCK_SLACK


def look_at_bucket(archive: Path, place: tuple[str, int] | None) -> BucketLook | None:
    """Return what is seen of an archive; None if it has no bucket. Raises MorgueError for what is wrong here.

    `place`: id of the fleet and number of the shard; None: it is no shard.
    """
    storage = warc_storage(archive)
    if not isinstance(storage, BucketStorage):
        return None
    spool = spool_of(storage)
    try:
        if place is None:
            store = ObjectStore(storage.store.address, seconds=SECONDS, tries=1)
            newest = next(reversed(snapshots(store)), None)
            return BucketLook(spool, None, {}, *((newest.time, newest.journal) if newest else (None, 0)))
        whole = fleet_store(archive, seconds=SECONDS, tries=1)
        assert whole is not None
        seen, head = read_lease(whole, *place), read_head(whole, *place)
        found = None if head.snapshot is None else snapshot_of_key(head.snapshot.key)
        lease = None if seen is None or seen.record.owner == FREE else seen.record
        missing = {name: file for name, file in head.missing().items() if not storage.has(name)}
        since = head.changed if head.changed > holder_note(archive).token else None  # the note is newer than the head
        copied, journal = found or (None, 0)
        return BucketLook(spool, lease, missing, copied, journal, since)
    except MorgueError as error:
        return BucketLook(spool, error=error)


def spool_of(storage: BucketStorage) -> Spool:
    """Return what waits in the folder. Raises MorgueError."""
    spooled = storage.spooled()
    finished = [name for name in spooled if not name.endswith(OPEN_SUFFIX)]
    times = [storage.status(name).modified_ns / 1e9 for name in sorted(finished)[:-1]]  # the newest may be continued
    old = [at for at in times if time.time() - at > STAYING_SECONDS]
    since = datetime.fromtimestamp(min(old), UTC) if old else None
    return Spool(len(spooled), sum(spooled.values()), len(old), since)
