"""Save copies of an archive's database to its bucket, and fetch the newest one.

A copy is called snapshots/ARCHIVE-JOURNAL-ARTICLES-TIME.db.gz: the UUID, the number of the last journal record whose
rows are in it, how many articles it has, and when it was made. What came later is in the WARC files.
"""

from __future__ import annotations

import gzip
import mmap
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import cast

from pipelines.bucket.bucket_file import BucketFile
from pipelines.bucket.object_store import ObjectInfo, ObjectStore
from pipelines.core import safe_open, timestamps
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.safe_open import sync_folder

FOLDER = "snapshots"
KEPT = 3  # newest copies; older ones are deleted
LEVEL = 1  # of gzip: three times as fast as the default, a tenth larger
COPY_BYTES = 1 << 20
TEMPORARY_PREFIX = ".snapshot-"  # of a folder beside the database
BackUp = Callable[[Path, Path], tuple[DatabaseState, int]]  # database, copy -> its state and number of articles
NAME = re.compile(r"snapshots/([0-9a-f-]{36})-([0-9]{1,18})-([0-9]{1,18})-([0-9]{14})\.db\.gz")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Describe a copy of a database in the bucket."""

    info: ObjectInfo
    archive: str  # UUID
    journal: int  # number of the last journal record whose rows are in it
    articles: int
    time: datetime


def snapshots(store: ObjectStore) -> list[Snapshot]:
    """Return the copies in a bucket, the newest last. Raises MorgueError."""
    found = []
    for info in store.objects(FOLDER):
        if (snapshot := _snapshot(info)) is not None:
            found.append(snapshot)
    return sorted(found, key=lambda one: (one.journal, one.time))


def snapshot_of_key(key: str) -> tuple[datetime, int] | None:
    """Return when the copy with a key was made, and its last journal record; None for another object."""
    found = _snapshot(ObjectInfo(key, 0, "", timestamps.now()))
    return None if found is None else (found.time, found.journal)


def _snapshot(info: ObjectInfo) -> Snapshot | None:
    """Return the copy that an object is by its name; None for another object, also with a time that never was."""
    if (match := NAME.fullmatch(info.key)) is None:
        return None
    archive, journal, articles, time = match.groups()
    try:
        at = datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Snapshot(info, archive, int(journal), int(articles), at)


def is_due(last: Snapshot | None, journal: int, articles: int, *, every: float, after: int) -> bool:
    """Return True if a database has changed enough since its last copy. `every`: seconds; `after`: articles."""
    if last is None:
        return articles > 0
    if journal == last.journal:
        return False
    return articles - last.articles >= after or timestamps.now() - last.time >= timedelta(seconds=every)


def save(store: ObjectStore, database: Path, back_up: BackUp) -> Snapshot:
    """Copy a database, which may be in use, into its bucket, and delete copies that are too old. Raises MorgueError.

    `back_up`: makes a copy on the disk and says what is in it.

    Needs room beside the database for the copy, and for the compressed copy.
    """
    with os_errors(str(database)), tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, dir=database.parent) as folder:
        copy, packed = Path(folder) / "copy.db", Path(folder) / "copy.db.gz"
        state, articles = back_up(database, copy)
        with (
            safe_open.open_file(copy) as file,
            safe_open.open_file(packed, "xb") as out,
            gzip.GzipFile("", "wb", LEVEL, out, mtime=0) as gz,
        ):
            shutil.copyfileobj(file, gz, COPY_BYTES)
        copy.unlink()
        now = timestamps.now()
        key = f"{FOLDER}/{state.archive}-{state.journal:012}-{articles}-{now:%Y%m%d%H%M%S}.db.gz"
        with safe_open.open_file(packed) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                etag = store.put_new(key, view)
            finally:
                view.release()
            size = len(mapped)
    made = Snapshot(
        ObjectInfo(key, size, etag, now), state.archive, state.journal, articles, now.replace(microsecond=0)
    )
    delete_but(store, KEPT)
    return made


def delete_but(store: ObjectStore, kept: int) -> None:
    """Delete all copies but so many of the newest. A takedown keeps none: they hold what was removed."""
    for old in snapshots(store)[: -kept or None]:
        store.delete(old.info.key)


def fetch(store: ObjectStore, target: Path, key: str | None = None, *, rebuild: str = "morgue rebuild") -> Path:
    """Write the copy of a database with a key, or the newest (None), to a path, in one step, and return the path.

    `rebuild`: the command that does without. Raises ArchiveDamaged if it is not there or does not
    unpack, BucketFailing, DiskFull, NotWritable.
    """
    found = [one for one in snapshots(store) if key is None or one.info.key == key]
    if not found:
        cure = f"`{rebuild}` makes the database from the WARC files"
        raise ArchiveDamaged(store.location(FOLDER), "no copy of a database is there", cure)
    newest = found[-1].info
    packed = BucketFile(store, newest)
    with os_errors(str(target)), safe_open.draft(target) as out:
        try:
            with gzip.GzipFile(fileobj=cast(BufferedReader, packed)) as file:
                shutil.copyfileobj(file, out, COPY_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            cure = f"delete it, so that the one before it is taken; or use `{rebuild}`"
            raise ArchiveDamaged(store.location(newest.key), f"does not unpack ({error})", cure) from error
    with os_errors(str(target)):
        sync_folder(target.parent)
    return target


def sweep(folder: Path) -> None:
    """Delete what a killed process left of a copy. The archive must be locked."""
    for left in folder.glob(f"{TEMPORARY_PREFIX}*"):
        if os.path.isdir(left) and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
