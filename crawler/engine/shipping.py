"""Ship the WARC files of an archive to its bucket: beside a crawl, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.bucket.opening import bucket_storage, connect, warc_storage
from pipelines.core import safe_open
from pipelines.core.archive_layout import LOCK_NAME
from pipelines.core.errors import ArchiveLocked, ConfigError, MorgueError, NotFound, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.lock import ArchiveLock
from pipelines.core.plural import counted, verb
from pipelines.database.connection import connect as connect_database
from pipelines.database.journal_rows import back_up, count_articles, database_state, set_archive
from pipelines.fleet.layout import place_of_shard, rebuild_of
from pipelines.warc import manifest
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage
from pipelines.warc.writer import WarcWriter

FETCHED_SUFFIX = ".fetched"  # added to the name of a database that came from the bucket

if TYPE_CHECKING:
    from crawler.config.models import Config
    from pipelines.archive.writer import ArchiveWriter
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.shipped import BucketLine, ShippedFile
    from pipelines.bucket.shipping import ShippingReport
    from pipelines.session.backpressure import Backpressure


def bucket_line(config: Config) -> BucketLine | None:
    """Return the bucket that the settings name, or None."""
    if not config.storage.bucket:
        return None
    from pipelines.bucket.shipped import BucketLine

    place = shard_place(config.folder.path)
    bucket = config.storage.bucket + ("" if place is None else f"/shards/{place[1]:03}")
    return BucketLine(bucket, config.storage.endpoint or None, config.storage.allow_http)


def shard_place(archive: Path) -> tuple[str, int] | None:
    """Return the id of the fleet to which an archive folder belongs, and the number of the shard; or None."""
    place = place_of_shard(archive)
    return None if place is None else (place.fleet.id, place.number)


def store_of_fleet(config: Config) -> ObjectStore:
    """Return the bucket at the address of the whole fleet, for a shard that has one. Raises ConfigError."""
    from pipelines.bucket.object_store import ObjectStore

    line = bucket_line(config)
    assert line is not None
    return ObjectStore(replace(line, bucket=config.storage.bucket).address)


def storage_of(config: Config) -> WarcStorage:
    """Return the WARC files of an archive, with the bucket of its settings. Raises ConfigError."""
    head = bucket_line(config)
    if head is None:
        return warc_storage(config.folder.path)
    storage = bucket_storage(config.folder.path, head)
    if (place := shard_place(config.folder.path)) is None:
        return storage
    from pipelines.bucket.leased_storage import leased

    wanted = config.storage
    return leased(storage, store_of_fleet(config), *place, seconds=float(wanted.lease), patience=float(wanted.patience))


@contextmanager
def taken(config: Config, storage: WarcStorage, *, anew: bool = False) -> Iterator[None]:
    """Hold the lease of a shard that has a bucket; else do nothing. The archive must be locked.

    `anew`: a folder that has nothing of its shard gets the list of what lies in the bucket. Raises ArchiveLocked,
    OutdatedCopy, MorgueError.
    """
    if not config.storage.bucket:
        yield
        return
    from pipelines.bucket.leased_storage import LeasedStorage

    try:
        if isinstance(storage, LeasedStorage):
            storage.prepare(bucket_line(config) if anew else None)
        yield
    finally:
        storage.end()


def connect_bucket(config: Config, uuid: str | None) -> None:
    """Take the bucket of the settings for the archive, if that was not done before. Raises MorgueError."""
    if (head := bucket_line(config)) is not None:
        connect(config.folder.path, head, uuid)


def keep_identity(config: Config) -> None:
    """Give a database that was made without any record of the journal the id under which its bucket knows it.

    Raises MorgueError. An empty shard, or one whose files never arrived, would be a stranger to its own bucket else.
    """
    head = bucket_line(config)
    if head is None:
        return
    from pipelines.bucket.identity import owner_of
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.database.connection import open_database

    owner = owner_of(ObjectStore(head.address))
    with closing(open_database(config.folder.database)) as db:
        if owner is not None and database_state(db).journal == 0:
            set_archive(db, owner)


def file_to_continue(config: Config, storage: WarcStorage, state: DatabaseState) -> str | None:
    """Return the name of the file to which the next run will append, or None."""
    record, listed = config.record, config.folder.path / manifest.NAME
    writer = WarcWriter(
        storage, max_size=record.rotate, max_age=record.rotate_after, manifest_path=listed, database_state=state
    )
    entry = writer.file_to_continue()
    return None if entry is None else entry.file


@contextmanager
def shipping(config: Config, archive_writer: ArchiveWriter, backpressure: Backpressure) -> Iterator[None]:
    """Ship files while a crawl runs, and let fetching wait while the spool is full, or the lease has run out."""
    if not config.storage.bucket:
        yield
        return
    from pipelines.bucket.shipping import Shipper
    from pipelines.bucket.storage import BucketStorage

    storage = archive_writer.storage
    assert isinstance(storage, BucketStorage)
    keep = archive_writer.writer.file_to_continue()
    state = archive_writer.writer.database_state
    assert state is not None
    shipper = Shipper(storage, state.archive, None if keep is None else keep.file, config.storage.spool)
    backpressure.is_held = lambda: storage.is_paused() or shipper.is_full()
    shipper.start()
    try:
        yield
    finally:
        shipper.stop()


def ship(
    config: Config,
    *,
    everything: bool = False,
    with_copy: bool = False,
    on_shipped: Callable[[ShippedFile], object] = bool,
) -> ShippingReport:
    """Lock the archive, and ship its finished files. `everything`: also the one that the next run would continue.

    `with_copy`: and copy the database, even if little has changed since the last copy.

    Raises ConfigError if it has no bucket, ArchiveLocked, MorgueError.
    """
    from pipelines.bucket.leased_storage import LeasedStorage
    from pipelines.bucket.shipping import interruptibly, ship_waiting
    from pipelines.bucket.snapshot import save, sweep
    from pipelines.bucket.storage import BucketStorage

    if not config.storage.bucket:
        cause = "names no bucket"
        raise ConfigError(f"{config.folder.path}: [storage] bucket", cause, 'write e.g. bucket = "s3://my-bucket/news"')
    lock = ArchiveLock(config.folder.path / LOCK_NAME)
    try:
        with closing(connect_database(config.folder.database)) as db:
            state = database_state(db)
            articles = count_articles(db)
        storage = storage_of(config)
        assert isinstance(storage, BucketStorage)
        listed = manifest.load(config.folder.path / manifest.NAME)

        def work(may_go_on: Callable[[], bool]) -> ShippingReport:
            # A copy with rows of a file that is not in the bucket would be of little use without this machine.
            is_torn = any(name.endswith(OPEN_SUFFIX) for name in storage.spooled())  # the next run mends and ships it
            is_due = not is_torn and (with_copy or _is_snapshot_due(config, storage.store, state, articles))
            keep = None if everything or is_due else file_to_continue(config, storage, state)
            report = ship_waiting(storage, state.archive, keep, listed, on_shipped, may_go_on)
            if may_go_on():
                _ship_manifest(config, storage.store)
            if is_due and not report.failed and may_go_on():
                report.snapshot = save(storage.store, config.folder.database, back_up)
                if isinstance(storage, LeasedStorage):
                    storage.note_snapshot(report.snapshot.info)
            return report

        sweep(config.folder.path)
        with taken(config, storage):
            connect_bucket(config, state.archive)
            return interruptibly(work)
    finally:
        lock.release()


def ship_all(config: Config) -> None:
    """Ship each file of an archive and a copy of its database, the only one then; do nothing if it has no bucket.

    Raises ArchiveLocked, MorgueError for what could not be shipped.
    """
    if not config.storage.bucket:
        return
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.snapshot import delete_but

    report = ship(config, everything=True, with_copy=True)
    if report.failed:
        raise report.failed[-1]
    head = bucket_line(config)
    assert head is not None
    delete_but(ObjectStore(head.address), 1)


def _ship_manifest(config: Config, store: ObjectStore) -> None:
    """Copy the manifest to the bucket if it has changed: `morgue restore` elsewhere needs it."""
    path = config.folder.path / manifest.NAME
    if not path.exists():
        return
    with os_errors(str(path)):
        data = safe_open.read_bytes(path)
    if store.etag_of_equal(manifest.NAME, data) is None:
        store.put(manifest.NAME, data)


def fetch_manifest(config: Config, storage: WarcStorage) -> str:
    """Bring the manifest of an archive back from its bucket, if there is none here, without files that never arrived.

    Return a sentence if the bucket has none that is whole: files without a line are read from their beginning. Raises
    MorgueError.
    """
    path = config.folder.path / manifest.NAME
    if not config.storage.bucket or path.exists():
        return ""
    from pipelines.bucket.storage import BucketStorage

    assert isinstance(storage, BucketStorage)
    try:
        data = storage.store.get(manifest.NAME).data
    except NotFound:
        return ""
    there = {*storage.list().finished}
    found, damaged = manifest.salvaged(data)
    manifest.write(path, (entry for name, entry in found.items() if name in there))
    if not damaged:
        return ""
    lines = f"{counted(damaged, 'line')} {verb(damaged, 'is', 'are')} no {verb(damaged, 'entry', 'entries')}"
    what = "files that no other line names are read from their beginning"
    return f"warning: {storage.store.location(manifest.NAME)}: {lines} of a manifest; {what}"


def _is_snapshot_due(config: Config, store: ObjectStore, state: DatabaseState, articles: int) -> bool:
    """Return True if the database has changed enough since its last copy. Raises MorgueError."""
    from pipelines.bucket.snapshot import is_due, snapshots

    last = next(reversed(snapshots(store)), None)
    wanted = config.storage
    return is_due(last, state.journal, articles, every=wanted.snapshot_every, after=wanted.snapshot_after)


def fetch_snapshot(config: Config, storage: WarcStorage) -> Path | None:
    """Fetch the newest copy of the database from the bucket, into the archive's folder; None if there is no bucket.

    Of a shard, it is the copy that its last holder noted. Raises ArchiveDamaged if the bucket has none,
    BucketFailing, DiskFull, NotWritable.
    """
    if not config.storage.bucket:
        return None
    from pipelines.bucket.leased_storage import LeasedStorage
    from pipelines.bucket.snapshot import fetch
    from pipelines.bucket.storage import BucketStorage

    assert isinstance(storage, BucketStorage)
    database = config.folder.database
    wanted = storage.snapshot_key() if isinstance(storage, LeasedStorage) else None
    fetched = database.with_name(f"{database.name}{FETCHED_SUFFIX}")
    return fetch(storage.store, fetched, wanted, rebuild=rebuild_of(config.folder.path))


def renew_snapshots(config: Config) -> str:
    """Delete all copies of the database in the bucket, which hold what was removed, and save one that does not.

    Until there is one, a machine that has nothing of the archive would have to rebuild it. Return a line about what
    could not be shipped; "" if nothing is wrong. Raises MorgueError if copies may be left.
    """
    if not config.storage.bucket:
        return ""
    from pipelines.bucket.object_store import ObjectStore
    from pipelines.bucket.snapshot import delete_but

    head = bucket_line(config)
    assert head is not None
    store = ObjectStore(head.address)
    delete_but(store, 0)
    _ship_manifest(config, store)
    return ship_after_run(config)


def ship_after_run(config: Config) -> str:
    """Ship what a run has finished. Return a line about what could not be shipped; "" if nothing is wrong."""
    if not config.storage.bucket:
        return ""
    try:
        report = ship(config)
    except ArchiveLocked:
        return ""  # by the next run, which ships them
    except MorgueError as error:
        return f"nothing was shipped: {error}"
    if not report.failed:
        return ""
    return f"{counted(len(report.waiting), 'finished WARC file')} not shipped: {report.failed[-1]}"
