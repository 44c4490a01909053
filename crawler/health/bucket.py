"""Judge how an archive and its bucket get on: what waits, the copies of the database, the lease of a shard."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.setting_names import snapshot_every
from crawler.health.kinds import BAD, WARN, HealthReason
from crawler.health.volume import span
from pipelines.core.archive_layout import SHIPPED_NAME
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import parse
from pipelines.database.journal_rows import database_state
from pipelines.fleet.layout import place_of_shard

if TYPE_CHECKING:
    from pipelines.bucket.bucket_look import BucketLook

SLACK = timedelta(hours=1)  # after the time at which a copy of the database was due


def bucket_reasons(db: sqlite3.Connection, folder: ArchiveFolder, now: datetime) -> list[HealthReason]:
    """Return what is wrong between an archive and its bucket, which is asked; nothing if it has none."""
    if not (folder.path / SHIPPED_NAME).exists():
        return []
    from pipelines.bucket.bucket_look import look_at_bucket

    place = place_of_shard(folder.path)
    look = look_at_bucket(folder.path, None if place is None else (place.fleet.id, place.number))
    return [] if look is None else [*judged(look, database_state(db).journal, snapshot_every(folder), now)]


def judged(look: BucketLook, journal: int, every: float | None, now: datetime) -> Iterator[HealthReason]:
    """Yield reasons. `journal`: the last journal record of the database; `every`: storage.snapshot_every, if known."""
    spool = look.spool
    if spool.since is not None:
        told = f"{counted(spool.staying, 'finished WARC file')} waited for the bucket for {span(now - spool.since)}"
        told += f"; {spool.size / 1e9:.2g} GB are in warc/"
        yield HealthReason("spool", WARN, spool.since, told)
    if look.error is not None:
        yield HealthReason("bucket", WARN, now, f"{look.error.subject}: {look.error.cause}")
        return
    if look.missing:
        number, (name, file) = len(look.missing), min(look.missing.items(), key=lambda item: item[1].time)
        told = f"{counted(number, 'WARC file')} {verb(number, 'was', 'were')} begun and never reached the bucket; what "
        told += f"{verb(number, 'it', 'they')} held is lost: {name} of {file.host}"
        told += f" and {number - 1:,} more" if number > 1 else ""
        yield HealthReason("never arrived", BAD, parse(file.time), told)
    if look.changed_since is not None:
        told = (
            f"this copy is older than the shard in the bucket, which others have written (token {look.changed_since})"
        )
        yield HealthReason("outdated copy", WARN, now, told)
    elif look.snapshot is not None and journal > look.journal and every is not None:
        due = look.snapshot + timedelta(seconds=every) + SLACK
        if now > due:
            told = (
                f"the database was last copied into the bucket {span(now - look.snapshot)} ago, and has changed since"
            )
            yield HealthReason("snapshot", WARN, due, told)
    if look.lease is not None and look.is_abandoned(now):
        written = parse(look.lease.written)
        told = (
            f"{look.lease.host} holds it (token {look.lease.token}), and has not renewed it for {_time(now - written)}"
        )
        yield HealthReason("lease", WARN, written, told)


def _time(length: timedelta) -> str:
    return span(length) if length >= timedelta(hours=2) else counted(int(length.total_seconds() // 60), "minute")
