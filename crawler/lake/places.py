"""Read files and write outputs of a lake in a folder or a bucket.

The keys of access come from the environment or the files of the AWS tools: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION. So does the server, AWS_ENDPOINT_URL; if the environment names none, the caller says which it is.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from exports.drafts import draft_file, settle_abandoned
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, NotFound, ObjectChanged, os_errors
from pipelines.core.input_files import open_input
from pipelines.importing.containers import SUFFIXES

if TYPE_CHECKING:
    from crawler.lake.excerpt import FileRanges
    from pipelines.bucket.object_store import ObjectStore

SCHEME = "s3://"
INDEX_SUFFIXES = (".cdxj", ".cdxj.gz")
INDEX_FOLDERS = ("indexes", "index", "cdxj", "cdx")  # names of folders that hold indexes, as pywb has them
REQUEST_SECONDS = 30.0  # for each try of a request
MAX_NOTE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LakeFile:
    """Name a file of a lake."""

    address: str  # absolute path, or s3://BUCKET/KEY
    size: int  # bytes


class BucketServer(NamedTuple):
    """Say at which server buckets are if the environment does not; `[storage]` of an archive has the same names."""

    endpoint: str = ""  # "": Amazon's
    allow_http: bool = False

    def resolved(self) -> BucketServer:
        """Return the server that this process asks, for another process. Raises ConfigError."""
        from pipelines.bucket.address import checked_endpoint, endpoint_of_environment

        endpoint = endpoint_of_environment() or self.endpoint
        return self._replace(endpoint=checked_endpoint(endpoint, allow_http=self.allow_http) if endpoint else "")


UNNAMED = BucketServer()


def is_bucket(address: str) -> bool:
    """Return True for an address in a bucket."""
    return address.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class LakeListing:
    """List what an address names, by name."""

    files: list[LakeFile]  # WARC files
    indexes: list[LakeFile]  # CDXJ indexes among them and beside them


def listing_of(address: str, server: BucketServer = UNNAMED) -> LakeListing:
    """List the WARC files that an address names: a file, a folder, a pattern, an object, a prefix; and their indexes.

    Raises ConfigError if it names no WARC file, MorgueError.
    """
    if is_bucket(address):
        return _objects_at(address, server)
    if "://" in address:
        cure = "download it first (curl -O URL), or name a folder or s3://BUCKET/PREFIX"
        raise ConfigError(address, "cannot be read in place", cure)
    path = Path(address)
    with os_errors(address):
        inside: list[Path] = []
        if path.is_dir():
            inside = [one for one in path.rglob("*") if one.is_file() or is_broken_link(one)]
            found = [one for one in inside if one.name.lower().endswith(SUFFIXES)]
        elif path.exists():
            found = [path]
        else:
            found = [Path(name) for name in glob.glob(address, recursive=True) if Path(name).is_file()]
        folders = [path] if path.is_dir() else list({one.parent for one in found})
        beside = [one for folder in folders for one in _index_files(folder)]
        indexes = [one for one in [*inside, *beside] if one.name.lower().endswith(INDEX_SUFFIXES)]
        files, listed = (
            [LakeFile(str(one), 0 if is_broken_link(one) else one.stat().st_size) for one in sorted(some)]
            for some in ({*map(plain_path, found)}, {*map(plain_path, indexes)})
        )
    if not files:
        raise ConfigError(address, "names no WARC file", f"their names end in {', '.join(SUFFIXES)}")
    return LakeListing(files, listed)


def plain_path(path: Path) -> Path:
    """Return the absolute path of a file or folder without "..", so that it has one address however it was named.

    Links stay, but for those before a ".." that they give another meaning.
    """
    if ".." not in path.parts:
        return path.absolute()
    folder, name = (path, "") if path.name == ".." else (path.parent, path.name)
    plain = Path(os.path.abspath(folder))
    return (plain if plain.exists() and plain.samefile(folder) else folder.resolve()) / name


def is_broken_link(path: Path) -> bool:
    """Return True for a link to nothing, which is to be reported rather than passed over."""
    return path.is_symlink() and not path.exists()


def _index_files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, and in the folders of indexes in it and beside it."""
    folder = plain_path(folder)
    for place in (folder, *(one / name for one in (folder, folder.parent) for name in INDEX_FOLDERS)):
        if place.is_dir():
            yield from (one for one in place.iterdir() if one.is_file())


def _objects_at(address: str, server: BucketServer) -> LakeListing:
    store, prefix = _bucket_of(address, server)
    if "*" in prefix or "?" in prefix:
        raise ConfigError(
            address, "is a pattern, which only a folder can have", "give a prefix, or the name of one file"
        )
    if prefix.lower().endswith(SUFFIXES):
        indexes = []
        for suffix in INDEX_SUFFIXES:
            with suppress(NotFound):
                indexes.append(LakeFile(address + suffix, store.head(prefix + suffix).size))
        return LakeListing([LakeFile(address, store.head(prefix).size)], indexes)
    found = objects_below(address, (*SUFFIXES, *INDEX_SUFFIXES), server)
    files = [one for one in found if one.address.lower().endswith(SUFFIXES)]
    indexes = [one for one in found if one.address.lower().endswith(INDEX_SUFFIXES)]
    if not files:
        raise ConfigError(address, "holds no WARC file", f"their names end in {', '.join(SUFFIXES)}")
    return LakeListing(files, indexes)


def objects_below(address: str, suffixes: tuple[str, ...], server: BucketServer) -> list[LakeFile]:
    """Return the objects below an address whose names end so, by name. Raises MorgueError."""
    store, prefix = _bucket_of(address, server)
    found = [one for one in store.objects(prefix.rstrip("/")) if one.key.lower().endswith(suffixes)]
    return sorted((LakeFile(store.location(one.key), one.size) for one in found), key=lambda one: one.address)


@contextmanager
def opened(address: str, server: BucketServer = UNNAMED) -> Iterator[BinaryIO]:
    """Open a file of a lake for reading in pieces, all of one version of it. Raises MorgueError."""
    if not is_bucket(address):
        with os_errors(address), open_input(address) as file:
            yield file
        return
    from pipelines.bucket.bucket_file import BucketFile

    store, key = _bucket_of(address, server)
    yield cast(BinaryIO, BucketFile(store, store.head(key)))


@contextmanager
def opened_ranges(address: str, server: BucketServer = UNNAMED) -> Iterator[FileRanges]:
    """Open a file of a lake for reading ranges of it, all of one version. Raises MorgueError."""
    from crawler.lake.excerpt import FileRanges

    if is_bucket(address):
        store, key = _bucket_of(address, server)
        info = store.head(key)
        yield FileRanges(info.size, (store, info), info.etag)
        return
    with os_errors(address), open_input(address) as file:
        about = os.fstat(file.fileno())
        yield FileRanges(about.st_size, file, f"changed {about.st_mtime_ns}")


def _bucket_of(address: str, server: BucketServer) -> tuple[ObjectStore, str]:
    """Return the bucket of an address, and the rest of it: a key or the beginning of keys. Raises ConfigError."""
    from pipelines.bucket.address import bucket_address, endpoint_of_environment
    from pipelines.bucket.object_store import ObjectStore

    bucket, _, rest = address.removeprefix(SCHEME).partition("/")
    place = bucket_address(
        f"{SCHEME}{bucket}", endpoint_of_environment() or server.endpoint or None, allow_http=server.allow_http
    )
    return ObjectStore(place, seconds=REQUEST_SECONDS), rest


class LakeOutput:
    """Hold the folder or prefix that gets the outputs. An output appears whole or not at all."""

    def __init__(self, address: str, server: BucketServer = UNNAMED) -> None:
        # Workers run in folders of their own.
        self.address = address.rstrip("/") if is_bucket(address) else str(plain_path(Path(address)))
        self._store: ObjectStore | None = None
        prefix = ""
        if is_bucket(address):
            self._store, prefix = _bucket_of(self.address, server)
        self._prefix = f"{prefix}/" if prefix else ""

    def begin(self) -> None:
        """Make the folder, and remove drafts of processes that were killed. Raises MorgueError."""
        if self._store is None:
            with os_errors(self.address):
                Path(self.address).mkdir(parents=True, exist_ok=True)
        self.tidy()

    def tidy(self) -> None:
        """Remove drafts of processes that were killed; one that is being written has a lock, and stays."""
        if self._store is None:
            settle_abandoned(Path(self.address))

    def names(self) -> set[str]:
        """Return the names of the outputs that are there; one of 0 bytes is not whole. Raises MorgueError."""
        if self._store is None:
            with os_errors(self.address):
                return {one.name for one in os.scandir(self.address) if one.stat(follow_symlinks=False).st_size}
        found = self._store.objects(self._prefix.rstrip("/"))
        return {one.key.removeprefix(self._prefix) for one in found if one.size}

    def read(self, name: str) -> bytes:
        """Return an output that is small. Raises MorgueError."""
        if self._store is None:
            with os_errors(f"{self.address}/{name}"):
                return safe_open.read_bytes(Path(self.address, name), MAX_NOTE_BYTES)
        return self._store.get(self._prefix + name, MAX_NOTE_BYTES).data

    def put(self, name: str, write: Callable[[BinaryIO], object], *, replace: bool = False) -> bool:
        """Put what `write` writes. Return False if it is there and is not to be replaced. Raises MorgueError."""
        if self._store is None:
            return self._put_file(Path(self.address, name), write, replace=replace)
        with tempfile.TemporaryFile() as draft:
            write(cast(BinaryIO, draft))
            draft.seek(0)
            data = draft.read()
        try:
            (self._store.put if replace else self._store.put_new)(self._prefix + name, data)
        except ObjectChanged:
            return False
        return True

    def _put_file(self, final: Path, write: Callable[[BinaryIO], object], *, replace: bool) -> bool:
        with os_errors(str(final)), draft_file(final) as (path, draft):
            write(draft)
            draft.flush()
            os.fsync(draft.fileno())
            # Two attempts at one item write the same bytes, so that it does not matter which of them is the last.
            if not replace and os.path.lexists(final) and final.lstat().st_size:
                return False
            path.replace(final)
            safe_open.sync_folder(final.parent)
        return True

    def remove(self, name: str) -> None:
        """Remove an output, if it is there. Raises MorgueError."""
        if self._store is None:
            with os_errors(f"{self.address}/{name}"):
                Path(self.address, name).unlink(missing_ok=True)
        else:
            self._store.delete(self._prefix + name)
