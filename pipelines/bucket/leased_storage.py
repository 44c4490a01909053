"""Store the WARC files of a shard: as `storage` does, and only as long as this process holds the shard's lease.

A file counts once the head of the shard names it: after it was read back, and before shipped.jsonl says so and the file
here is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.bucket.object_store import ObjectInfo, ObjectStore
from pipelines.bucket.shard_holder import ShardHolder
from pipelines.bucket.shipped import BucketLine, ShippedFile, ShippedFiles
from pipelines.bucket.storage import BucketStorage, key_of, sha256_of_object
from pipelines.core import timestamps
from pipelines.core.archive_layout import MANIFEST_NAME
from pipelines.core.errors import MorgueError, NotFound
from pipelines.core.timestamps import stamp
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import PART_SUFFIX, WarcStorage


class CountedFiles(ShippedFiles):
    """Note a file as shipped only after the head of the shard names it. A copy in another process only reads."""

    def __init__(self, path: Path, holder: ShardHolder) -> None:
        super().__init__(path)
        self._holder = holder

    def add(self, file: ShippedFile) -> None:
        if file.etag:
            self._holder.held().add_file(file.file, file.size, file.sha256, file.etag)
        super().add(file)


@dataclass(frozen=True, slots=True)
class LeasedStorage(BucketStorage):
    """Store the WARC files of a shard that one process at a time may write, on any machine.

    `prepare` takes the lease and `end` gives it back; both under the lock of the folder. Without them it can be read.
    """

    holder: ShardHolder | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return BucketStorage, (self.folder, self.shipped, self.store, self.objects)  # a lease stays in its process

    def prepare(self, line: BucketLine | None = None) -> None:
        """Take the shard. `line`: if the folder has nothing of the shard, note what lies in this bucket of it.

        Raises ArchiveLocked if another machine has it, OutdatedCopy, BucketFailing and other MorgueErrors.
        """
        WarcStorage.prepare(self)
        holder = self._holder()
        # A database alone is that of `morgue init`: without a WARC file it knows of no capture.
        listed = self.folder.with_name(MANIFEST_NAME).exists() or self.shipped.path.exists()
        anew = line is not None and not listed and not any(WarcStorage.list(self))
        holder.take(anew=anew)
        if anew and line is not None:
            self._note_arrived()
            if holder.held().missing():
                holder.held().take_over()
            files, now = holder.held().files(), stamp(timestamps.now())
            known = [ShippedFile(name, file.size, file.sha256, file.etag, now) for name, file in files.items()]
            self.shipped.write(line, iter(known))
        elif not anew:
            self._note_shipped()

    def end(self) -> None:
        self._holder().release()

    def lost(self) -> MorgueError | None:
        return self._holder().lost()

    def is_paused(self) -> bool:
        return self._holder().is_paused()

    def tell_loss(self, tell: Callable[[MorgueError], object]) -> None:
        self._holder().on_loss = tell

    def wait_no_more(self) -> None:
        self._holder().is_ending = True

    def create(self, name: str) -> int | None:
        if self.has(name):
            return None
        self._holder().begin_file(name)
        return BucketStorage.create(self, name)

    def reopen(self, name: str, size: int) -> int | None:
        self._holder().begin_file(name)
        return BucketStorage.reopen(self, name, size)

    def discard(self, name: str) -> None:
        WarcStorage.discard(self, name)
        self._holder().drop_file(name)

    def ship(
        self, name: str, listed: ManifestEntry | None = None, may_go_on: Callable[[], bool] = lambda: True
    ) -> ShippedFile:
        self._holder().held()
        return BucketStorage.ship(self, name, listed, may_go_on)

    def replace_by_part(self, name: str) -> None:
        if not self.is_local(name) and self.shipped.find(name) is not None:
            sha256 = WarcStorage.sha256(self, name + PART_SUFFIX)
            self._holder().held().announce(name, sha256)
        BucketStorage.replace_by_part(self, name)

    def never_arrived(self) -> dict[str, tuple[str, str]]:
        begun = self._holder().held().state.missing()
        return {name: (file.host, file.time) for name, file in begun.items() if not self.has(name)}

    def give_up(self, names: Iterable[str]) -> None:
        self._holder().held().give_up(names)

    def note_snapshot(self, info: ObjectInfo) -> None:
        """Let a copy of the database count that was put into the bucket."""
        self._holder().held().set_snapshot(info.key, info.size, info.etag)

    def snapshot_key(self) -> str:
        """Return the key of the copy of the database that counts; "" if there is none."""
        noted = self._holder().held().snapshot()
        return "" if noted is None else noted.key

    def _note_shipped(self) -> None:
        """Let WARC files count that this copy, the newest one, shipped: they do not if the head was put back."""
        head = self._holder().held()
        for file in self.shipped.all().values():
            if file.etag and file.file not in head.files():
                head.add_file(file.file, file.size, file.sha256, file.etag)

    def _note_arrived(self) -> None:
        """Let WARC files count whose upload, or replacement, was finished when their holder was gone."""
        head = self._holder().held()
        for name, file in head.files().items():
            if file.becomes is None or (info := self.store.head(key_of(name))).etag == file.etag:
                continue
            if sha256_of_object(self.store, info) == file.becomes:
                head.add_file(name, info.size, file.becomes, info.etag)
        for name in head.missing():
            try:
                info = self.store.head(key_of(name))
            except NotFound:
                continue
            head.add_file(name, info.size, sha256_of_object(self.store, info), info.etag)

    def _holder(self) -> ShardHolder:
        assert self.holder is not None
        return self.holder


def leased(
    storage: BucketStorage, store: ObjectStore, fleet: str, shard: int, seconds: float, patience: float
) -> LeasedStorage:
    """Return the storage of a shard that asks for its lease. `store`: at the address of the fleet."""
    holder = ShardHolder(store, fleet, shard, storage.folder.parent, seconds, patience)
    return LeasedStorage(storage.folder, CountedFiles(storage.shipped.path, holder), storage.store, None, holder)
