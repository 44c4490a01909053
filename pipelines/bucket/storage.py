"""Store the WARC files of an archive in a bucket; its folder warc/ holds what is being written and not yet shipped.

An object is called warc/NAME. A file that is in both places is read from the folder.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import RawIOBase
from typing import BinaryIO, cast

from pipelines.bucket.bucket_file import BucketFile
from pipelines.bucket.object_store import ObjectInfo, ObjectStore
from pipelines.bucket.shipped import ShippedFile, ShippedFiles
from pipelines.core import safe_open, timestamps
from pipelines.core.archive_layout import is_warc_name
from pipelines.core.errors import ArchiveDamaged, BucketFailing, NotFound, ObjectChanged, os_errors
from pipelines.core.timestamps import stamp
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import OPEN_SUFFIX, PART_SUFFIX, FileStatus, WarcListing, WarcStorage

KEY_FOLDER = "warc"


def key_of(name: str) -> str:
    """Return the key of a WARC file."""
    return f"{KEY_FOLDER}/{name}"


@dataclass(frozen=True, slots=True)
class BucketStorage(WarcStorage):
    """Store WARC files in a folder first, and in a bucket once they are shipped.

    What lies in the bucket is known by `shipped`; the bucket is asked only when bytes of it are read, and by a storage
    that `looked_through` returned. Methods then raise BucketFailing, NotFound and ObjectChanged, too.
    """

    shipped: ShippedFiles
    store: ObjectStore
    objects: dict[str, ObjectInfo] | None = None  # what the bucket lists, by name of the file; None: not asked

    def looked_through(self) -> BucketStorage:
        """Return a storage whose `status` tells what the bucket lists now. Raises MorgueError."""
        found = {info.key.removeprefix(f"{KEY_FOLDER}/"): info for info in self.store.objects(KEY_FOLDER)}
        return replace(self, objects=found)

    def list(self) -> WarcListing:
        listing = WarcStorage.list(self)
        others = listing.others
        if self.objects is not None:
            others = [*others, *(f"{self.location_of_object(name)}" for name in sorted(self._strangers(listing)))]
        return WarcListing(sorted({*listing.finished, *self.shipped.all()}), listing.unfinished, others)

    def _strangers(self, listing: WarcListing) -> set[str]:
        """Return the objects that nobody shipped. An upload may just be made of a file that is still here."""
        return set(self.objects or ()) - set(self.shipped.all()) - set(listing.finished)

    def location_of_object(self, name: str) -> str:
        """Return how messages name a file in the bucket."""
        return self.store.location(key_of(name))

    def location(self, name: str) -> str:
        if self.is_local(name) or self.shipped.find(name) is None:
            return WarcStorage.location(self, name)
        return self.location_of_object(name)

    def has(self, name: str) -> bool:
        return WarcStorage.has(self, name) or self.shipped.find(name) is not None

    def size(self, name: str) -> int | None:
        size = WarcStorage.size(self, name)
        if size is None and (found := self.shipped.find(name)) is not None:
            return found.size
        return size

    def status(self, name: str) -> FileStatus:
        """Return size and time of exactly this file. Raises OSError, also for an object that is not as it was shipped.

        That is known only of a storage that `looked_through` returned.
        """
        try:
            return WarcStorage.status(self, name)
        except FileNotFoundError:
            found = self.shipped.find(name)
            if found is None:
                raise
        time = timestamps.parse(found.time).timestamp()
        if self.objects is not None:
            where = self.location_of_object(name)
            if (info := self.objects.get(name)) is None:
                raise OSError(errno.ENOENT, f"is not in the bucket any more: {where}")
            if info.size != found.size:
                raise OSError(errno.EIO, f"has {info.size:,} bytes in the bucket, not {found.size:,}: {where}")
            if info.etag != found.etag:
                raise OSError(errno.EIO, f"was replaced in the bucket: ETag {info.etag}, not {found.etag}: {where}")
        return FileStatus(found.size, int(time * 1e9))

    def open(self, name: str) -> BinaryIO:
        try:
            return WarcStorage.open(self, name)
        except NotFound:
            found = self.shipped.find(name)  # asked after the folder: a file is deleted there once it is known here
            if found is None:
                raise
        return cast(BinaryIO, BucketFile(self.store, _info(found)))

    def open_unbuffered(self, name: str) -> RawIOBase:
        try:
            return WarcStorage.open_unbuffered(self, name)
        except FileNotFoundError:
            found = self.shipped.find(name)
            if found is None:
                raise
        return BucketFile(self.store, _info(found))

    def sha256(self, name: str, start: int = 0) -> str:
        if self.is_local(name) or (found := self.shipped.find(name)) is None:
            return WarcStorage.sha256(self, name, start)
        file = BucketFile(self.store, _info(found))
        file.seek(start)
        sha256 = hashlib.sha256()
        while data := file.read(1 << 20):
            sha256.update(data)
        return sha256.hexdigest()

    def create(self, name: str) -> int | None:
        return None if self.shipped.find(name) is not None else WarcStorage.create(self, name)

    def replace_by_part(self, name: str) -> None:
        """Let the `.part` file of a name take the place of the finished file, here or in the bucket."""
        found = None if self.is_local(name) else self.shipped.find(name)
        if found is None:
            WarcStorage.replace_by_part(self, name)
            return
        with os_errors(self.location_of_object(name)), _mapped(self, name + PART_SUFFIX) as data:
            try:
                etag = self.store.replace(key_of(name), data, found.etag)
            except ObjectChanged:
                # A crash after the upload, and before the line: it is there already.
                equal = self.store.etag_of_equal(key_of(name), data)
                if equal is None:
                    raise
                etag = equal
            sent = ShippedFile(name, len(data), hashlib.sha256(data).hexdigest(), etag, stamp(timestamps.now()))
        self.shipped.add(self._read_back(sent))
        with os_errors(self.location(name + PART_SUFFIX)):
            self.discard_part(name)

    # Shipping

    def spooled(self) -> dict[str, int]:
        """Return the sizes of the WARC files in the folder, by name; those that are being written end in `.open`."""
        found: dict[str, int] = {}
        with os_errors(str(self.folder)), os.scandir(self.folder) as entries:
            for entry in entries:
                if is_warc_name(entry.name.removesuffix(OPEN_SUFFIX)):
                    with suppress(FileNotFoundError):  # it just got its final name
                        found[entry.name] = entry.stat(follow_symlinks=False).st_size
        return dict(sorted(found.items()))

    def ship(
        self, name: str, listed: ManifestEntry | None = None, may_go_on: Callable[[], bool] = lambda: True
    ) -> ShippedFile:
        """Bring a finished file into the bucket, read it back, note it, and delete it here.

        After a crash at any moment it can be done again. `listed`: by the manifest; another file is not shipped.
        `may_go_on`: asked after the upload; if it says no, everything stays as it is here. Raises ObjectChanged if
        another file has its key, ArchiveDamaged.
        """
        with os_errors(self.location(name)), _mapped(self, name) as data:
            sha256 = hashlib.sha256(data).hexdigest()
            if listed is not None and (len(data) != listed.size or (not listed.offset and sha256 != listed.sha256)):
                cure = "`morgue verify` says more; it stays here"
                raise ArchiveDamaged(self.location(name), "is not as the manifest lists it", cure)
            now = stamp(timestamps.now())
            begun = self.shipped.begun(name)
            if sha256 not in begun:
                self.shipped.add(ShippedFile(name, len(data), sha256, "", now))
            try:
                etag = self.store.put_new(key_of(name), data)
            except ObjectChanged:
                etag = self._over_own_upload(name, data, sha256, begun)
            shipped = self._read_back(ShippedFile(name, len(data), sha256, etag, now))
        if not may_go_on():
            raise BucketFailing(self.location_of_object(name), "was not waited for", "it is shipped the next time")
        self.shipped.add(shipped)
        with os_errors(self.location(name)):
            self._path(name).unlink()
            self.sync_names()
        return shipped

    def _over_own_upload(self, name: str, data: memoryview, sha256: str, begun: set[str]) -> str:
        """Return the ETag of an object that was there: it is the file, or an upload of it that a crash cut short."""
        info = self.store.head(key_of(name))
        there = sha256_of_object(self.store, info)
        if there == sha256:
            return info.etag
        if there in begun:  # ours, from before something was removed from the file
            return self.store.replace(key_of(name), data, info.etag)
        cure = "another archive writes below this address, or wrote this file: give each archive a prefix of its own"
        raise ObjectChanged(self.location_of_object(name), "is another file than the one here", cure)

    def _read_back(self, sent: ShippedFile) -> ShippedFile:
        """Read an object from the bucket and return what it was sent as. Raises ObjectChanged if it differs."""
        info = replace(_info(sent), size=self.store.head(key_of(sent.file)).size)
        if info.size != sent.size or sha256_of_object(self.store, info) != sent.sha256:
            cure = "the file here is kept; look at the server: it says that it has what it does not have"
            raise ArchiveDamaged(self.location_of_object(sent.file), "does not read back as it was sent", cure)
        return sent


def _info(found: ShippedFile) -> ObjectInfo:
    return ObjectInfo(key_of(found.file), found.size, found.etag, timestamps.parse(found.time))


def sha256_of_object(store: ObjectStore, info: ObjectInfo) -> str:
    """Read an object and return its SHA-256 in hex. Raises MorgueError."""
    sha256 = hashlib.sha256()
    for piece in store.pieces(info):
        sha256.update(piece)
    return sha256.hexdigest()


@contextmanager
def _mapped(storage: WarcStorage, name: str) -> Iterator[memoryview]:
    """Yield the bytes of a file in the folder without holding them in memory. Raises OSError.

    Nobody cuts a finished file back while the archive is locked; that would kill its readers.
    """
    file = safe_open.open_descriptor(storage.folder / os.path.basename(name), os.O_RDONLY)
    try:
        if not os.fstat(file).st_size:
            yield memoryview(b"")
            return
        with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                yield view
            finally:
                view.release()
    finally:
        os.close(file)
