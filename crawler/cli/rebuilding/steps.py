"""Do what comes before and around a rebuild: settle the database that is there, mend WARC files, start the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import Config
    from pipelines.core.errors import ArchiveDamaged
    from pipelines.core.worker_pool import WorkerPool
    from pipelines.warc.storage import WarcStorage

SCAN_SECONDS = 3600  # for one WARC file, of wall time and of CPU time
SCAN_MEMORY = 4 << 30  # bytes


class RebuildWorkers(NamedTuple):
    """Hold the processes that work for a rebuild, and what shows its progress."""

    scanners: WorkerPool
    readers: WorkerPool
    progress: StepProgress


def settle_old_database(config: Config, instead: str = "only the WARC files are used") -> None:
    """Write to the journal what only the old database knows after a crash, if that database can be read.

    `instead`: what is used if it cannot.
    """
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core.errors import ArchiveDamaged, OutdatedCopy

    if not config.folder.database.exists():
        return
    try:
        archive_writer = open_archive_writer(config)
    except OutdatedCopy:
        return  # what it knows does not count any more
    except ArchiveDamaged as error:
        click.echo(f"the old database cannot be read ({error.cause}): {instead}")
        return
    for sentence in archive_writer.recovery_messages:
        click.echo(sentence)
    archive_writer.close(everything=True)
    if archive_writer.failed is not None and not isinstance(archive_writer.failed, ArchiveDamaged):
        raise archive_writer.failed


def must_have_something(config: Config, error: Callable[[Path], ArchiveDamaged]) -> None:
    """Raise the error for a shard whose folder is lost, and that has no bucket to bring it back from.

    One of which only morgue.toml is lost has all that is needed.
    """
    from pipelines.core.archive_layout import SETTINGS_NAME, has_warc_files
    from pipelines.fleet.layout import fleet_above

    path = config.folder.path
    is_there = config.folder.database.exists() or has_warc_files(path) or (path / SETTINGS_NAME).exists()
    if fleet_above(path) is not None and not config.storage.bucket and not is_there:
        raise error(path)


@contextmanager
def held(config: Config, storage: WarcStorage) -> Iterator[list[str]]:
    """Hold an archive whose database is made again, also a shard whose folder was lost.

    Yield what is said of lost files. Raises ArchiveLocked, OutdatedCopy, MorgueError.
    """
    from contextlib import ExitStack

    from crawler.cli.rebuilding.summary import of_lost_files
    from crawler.engine.moved_sites import learn_moves
    from crawler.engine.shipping import connect_bucket, taken
    from pipelines.core.archive_layout import LOCK_NAME
    from pipelines.core.lock import ArchiveLock
    from pipelines.fleet.layout import shard_folder

    with shard_folder(config.folder.path), ExitStack() as stack:
        stack.callback(ArchiveLock(config.folder.path / LOCK_NAME).release)
        stack.enter_context(taken(config, storage, anew=True))
        connect_bucket(config, None)
        learn_moves(config)
        yield [*of_lost_files(storage)]


def must_have_files(config: Config, storage: WarcStorage) -> None:
    """Raise ArchiveDamaged for a shard without database and WARC files: an empty one would begin at number 1 again.

    `storage`: after `mend_files`.
    """
    from pipelines.fleet.layout import fleet_above, shard_without_copy

    is_shard = fleet_above(config.folder.path) is not None
    if is_shard and not config.folder.database.exists() and not storage.list().finished:
        raise shard_without_copy(config.folder.path)


def nothing_to_restore(config: Config, storage: WarcStorage) -> ArchiveDamaged:
    """Return the error for an archive without a bucket, whose database is not there, and of which no copy was named."""
    from pipelines.core.errors import ArchiveDamaged
    from pipelines.database.connection import MAKE_AGAIN
    from pipelines.fleet.layout import fleet_above, shard_without_copy

    if fleet_above(config.folder.path) is not None and not storage.list().finished:
        return shard_without_copy(config.folder.path)
    return ArchiveDamaged(str(config.folder.database), "is not there", MAKE_AGAIN)


def mend_files(config: Config, storage: WarcStorage) -> None:
    """Finish the WARC files that a crash left open. The caller holds the archive's lock."""
    from pipelines.warc import manifest
    from pipelines.warc.recovery import recover

    for file in recover(storage, config.folder.path / manifest.NAME):
        for sentence in file.messages:
            click.echo(sentence)


@contextmanager
def workers(config: Config) -> Iterator[RebuildWorkers]:
    """Yield the workers, and end them. None is started before there is work for it."""
    from crawler.cli.progress_bar import StepProgress
    from crawler.engine.extraction_workers import extraction_workers
    from pipelines.core.worker_pool import WorkerPool

    processes = config.extract.workers or None
    scanners = WorkerPool(processes, seconds=SCAN_SECONDS, cpu_seconds=SCAN_SECONDS, memory=SCAN_MEMORY)
    readers = extraction_workers(config)
    try:
        with StepProgress() as progress:
            yield RebuildWorkers(scanners, readers, progress)
    finally:
        scanners.kill()
        readers.kill()
