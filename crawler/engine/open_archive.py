"""Open an archive for writing, with the fields that describe each of its WARC files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.config.models import Config
from crawler.engine.lost_files import give_up_lost
from crawler.engine.shipping import connect_bucket, storage_of
from pipelines.archive.writer import ArchiveWriter
from pipelines.core import timestamps
from pipelines.core.archive_layout import is_export
from pipelines.core.errors import ConfigError, WrongClock
from pipelines.database.health.wrong_clock import written_years_after
from pipelines.database.schema.numbers import own_numbers
from pipelines.fleet.layout import fleet_above, place_of_shard

if TYPE_CHECKING:
    from crawler.engine.shared_hosts import SharedHosts

SOFTWARE = f"newsmorgue {__version__}"
OLDEST_NOW = datetime(2020, 1, 1, tzinfo=UTC)  # Newsmorgue is younger; a clock that lost its battery says 1970 or 2000
CURE_OF_EXPORT = "run this in the archive that it was exported from, and export it again"
CURE_OF_STRANGER = "put the shard's own folder back; `morgue fleet split` makes a fleet of an archive"
CURE_OF_RUNS_AHEAD = (
    "if it is right now, and was years ahead in all runs of this archive: make another one (`morgue init`), "
    "and `morgue import` the WARC files of this one"
)


def open_archive_writer(config: Config, *, is_moving: bool = False) -> ArchiveWriter:
    """Lock the archive and open it. `is_moving`: rows move between this shard and another one.

    A clock that is years behind would date new articles wrongly, and use up the visits of known ones. Raise
    ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull, ConfigError, WrongClock.
    """
    if is_export(config.folder.path):
        cause = "was exported without WARC files: it can be searched, and nothing can be added or changed"
        raise ConfigError(str(config.folder.path), cause, CURE_OF_EXPORT)
    place = place_of_shard(config.folder.path)
    if place is not None and not is_moving:
        from pipelines.fleet.plan import must_be_still  # which an archive that is no shard need not load

        must_be_still(place.fleet.path, place.number)
    now = timestamps.now()
    if now < OLDEST_NOW:
        raise _clock_behind(now, "which is before Newsmorgue was written")
    info = {
        "software": f"{SOFTWARE} (https://github.com/newsmorgue/newsmorgue)",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "robots": "obey (RFC 9309)" if config.crawl.robots else "ignore",
        "http-header-user-agent": config.user_agent,
        "isPartOf": config.folder.path.name,
    }
    operator = {"operator": config.operator.name, "http-header-from": config.operator.contact}
    archive_writer = ArchiveWriter(
        config.folder.database,
        storage_of(config),
        max_size=config.record.rotate,
        max_age=config.record.rotate_after,
        level=config.record.compression,
        info=info | {name: value for name, value in operator.items() if value},
    )
    try:
        if place is not None and own_numbers(archive_writer.db) is None:
            raise ConfigError(str(config.folder.path), "lies in a fleet, and is none of its shards", CURE_OF_STRANGER)
        latest = archive_writer.call(written_years_after, archive_writer.db, now)
        if latest is not None:
            raise _clock_behind(now, f"but this archive was last written at {latest}", CURE_OF_RUNS_AHEAD)
        connect_bucket(config, archive_writer.journal.database_state().archive)
        if config.storage.bucket and place is not None:
            from crawler.engine.moved_sites import must_know_moves

            must_know_moves(config)
        archive_writer.recovery_messages += give_up_lost(archive_writer)
    except BaseException:
        archive_writer.close()
        raise
    return archive_writer


def _clock_behind(now: datetime, why: str, *cures: str) -> WrongClock:
    advice = "set it (`timedatectl`), then run the same command again; nothing was written"
    return WrongClock(
        "the clock of this machine", f"says {timestamps.stamp(now)}, {why}", "\n  ".join((advice, *cures))
    )


def host_turns(config: Config) -> SharedHosts | None:
    """Return the turns at hosts that several shards of a fleet ask; None for the crawl of an archive that is no shard.

    An archive need not import what gives them out.
    """
    if fleet_above(config.folder.path) is None:
        return None
    from crawler.engine.shared_hosts import shared_hosts

    return shared_hosts(config)


@contextmanager
def writing(config: Config, *, is_moving: bool = False) -> Iterator[ArchiveWriter]:
    """Open an archive as `open_archive_writer` does, and close it at the end of the block. Raise what failed in it."""
    archive_writer = open_archive_writer(config, is_moving=is_moving)
    try:
        yield archive_writer
    finally:
        archive_writer.close()
    if archive_writer.failed is not None:
        raise archive_writer.failed
