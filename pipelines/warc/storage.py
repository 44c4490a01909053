"""Store the WARC files of one archive in a folder: list, open, create, continue, finish, replace and set them aside.

Only this module knows how that folder is laid out. Another kind of storage replaces `WarcStorage`.

    NAME.warc.gz            a finished file
    NAME.warc.gz.open       a file that is being written, or continued, or that a crash left
    NAME.warc.gz.part       a changed copy that is about to replace NAME.warc.gz
    NAME.warc.gz.damaged    a file without a readable record, set aside by crash recovery
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipelines.core import safe_open
from pipelines.core.archive_layout import is_export, is_warc_name
from pipelines.core.errors import MorgueError, NotFound, NotOrdinaryFile, NotWritable, os_errors
from pipelines.core.input_files import open_input
from pipelines.core.safe_open import sync_folder

OPEN_SUFFIX = ".open"
PART_SUFFIX = ".part"
DAMAGED_SUFFIX = ".damaged"
COMPARED_BYTES = 1 << 20  # read at once of each of two files


class WarcListing(NamedTuple):
    """List the names of all files in the folder, each list in order."""

    finished: list[str]
    unfinished: list[str]  # final names, without `.open`
    others: list[str]  # not WARC files of the archive; names relative to the folder


class FileStatus(NamedTuple):
    """Hold the size of a file and the time of its last change."""

    size: int  # bytes
    modified_ns: int  # nanoseconds since 1970


@dataclass(frozen=True, slots=True)
class WarcStorage:
    """Store WARC files in one folder of a local disk.

    Methods take the name of a finished file. `open` and `status` also take a name with one of the suffixes above.
    Unless a method says otherwise, errors of the disk are raised as MorgueError.
    """

    folder: Path

    def prepare(self) -> None:
        """Create the folder if it is missing."""
        with os_errors(str(self.folder)):
            self.folder.mkdir(exist_ok=True)

    def end(self) -> None:
        """Write nothing more. The caller releases the lock of the archive after this."""

    def lost(self) -> MorgueError | None:
        """Return why nothing more may be written or asked for this archive; None: nothing forbids it."""
        return None

    def is_paused(self) -> bool:
        """Return True while nothing may be asked for this archive, because another machine may be about to write it."""
        return False

    def wait_no_more(self) -> None:
        """Let no write wait for a network that does not answer: the run is to end."""

    def tell_loss(self, tell: Callable[[MorgueError], object]) -> None:
        """Call a function, on any thread, once `lost` has a reason."""

    def never_arrived(self) -> Mapping[str, tuple[str, str]]:
        """Return files that another machine began and that are nowhere, by name: the machine, and when, by its clock.

        Only known between `prepare` and `end`.
        """
        return {}

    def give_up(self, names: Iterable[str]) -> None:
        """Note of files that never arrived that nobody waits for them any more."""

    def list(self) -> WarcListing:
        """List the folder, subfolders included; return three empty lists if it is missing.

        A folder that cannot be read is an error: an empty list would let a rebuild or a takedown take it for empty.
        """
        listing = WarcListing([], [], [])
        with os_errors(str(self.folder)):
            names = [os.path.relpath(os.path.join(path, name), self.folder)
                     for path, _, files in os.walk(self.folder, onerror=_unless_missing) for name in files]  # fmt: skip
        for name in sorted(names):
            if is_warc_name(name):
                listing.finished.append(name)
            elif name.endswith(OPEN_SUFFIX) and is_warc_name(name.removesuffix(OPEN_SUFFIX)):
                listing.unfinished.append(name.removesuffix(OPEN_SUFFIX))
            else:
                listing.others.append(name)
        return listing

    def location(self, name: str) -> str:
        """Return how messages name a file: its path."""
        return str(self._path(name))

    def has(self, name: str) -> bool:
        """Return True if the file is there, finished or being written."""
        return "/" not in name and (self._path(name).is_file() or self._path(name + OPEN_SUFFIX).is_file())

    def is_local(self, name: str) -> bool:
        """Return True if a finished file lies in the folder, so that it can be read and continued without a network."""
        return "/" not in name and self._path(name).is_file()

    def impatient(self) -> WarcStorage:
        """Return a storage for reads that a crawl waits for: it rather fails than waits for a slow network."""
        return self

    def looked_through(self) -> WarcStorage:
        """Return a storage whose `status` tells what is there now, and not what is known of it. Raises MorgueError."""
        return self

    def status(self, name: str) -> FileStatus:
        """Return size and time of change of exactly this file. Raises OSError."""
        path = self._path(name)
        safe_open.must_be_ordinary(path)
        found = path.lstat()
        return FileStatus(found.st_size, found.st_mtime_ns)

    def size(self, name: str) -> int | None:
        """Return the size of a finished file in bytes, or None if it cannot be had."""
        try:
            return os.lstat(f"{self.folder}/{name}").st_size  # not through Path: a crawl may ask for 10,000 files
        except OSError:
            return None

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading, also while it is being written. Raises NotFound, MorgueError."""
        for path in (self._path(name), self._path(name + OPEN_SUFFIX), self._path(name)):  # it may just be finished
            try:
                with os_errors(str(self._path(name))):
                    return safe_open.open_file(path)
            except Exception as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        cure = "put it back there from a copy; `morgue verify` names all that is missing"
        if is_export(self.folder.parent):
            cure = "this archive was exported without WARC files; the one that it was exported from has them"
        raise NotFound(self.location(name), "no such WARC file", cure)

    def open_unbuffered(self, name: str) -> RawIOBase:
        """Open exactly this file for reading without a buffer. Raises OSError."""
        opened: RawIOBase = safe_open.open_file(self._path(name), buffering=0)
        return opened

    def sha256(self, name: str, start: int = 0) -> str:
        """Return the SHA-256 of exactly this file as it is on disk, in hex; `start`: of the bytes from there on."""
        path = self._path(name)
        with os_errors(str(path)), safe_open.open_file(path) as file:
            file.seek(start)
            return hashlib.file_digest(file, "sha256").hexdigest()

    # Files that are being written

    def create(self, name: str) -> int | None:
        """Create and lock the `.open` file of a name; return its descriptor, or None if the name is taken.

        Raises OSError.
        """
        path = self._path(name + OPEN_SUFFIX)
        if self._path(name).exists():
            return None
        try:
            file = safe_open.open_descriptor(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return None
        fcntl.flock(file, fcntl.LOCK_EX)  # shows crash recovery that the writer is alive
        if os.fstat(file).st_nlink == 0:  # crash recovery was quicker, and has removed the empty file
            os.close(file)
            return None
        return file

    def reopen(self, name: str, size: int) -> int | None:
        """Lock a finished file, rename it to `.open`, and return its descriptor for more records.

        Return None, and change nothing, unless it is a file of this size that may be written and has one name only. A
        user who takes the permission to write away, or keeps a hard link as a copy, wants the file to stay as it is.
        Raises OSError.
        """
        path, unfinished = self._path(name), self._path(name + OPEN_SUFFIX)
        try:
            file = safe_open.open_descriptor(path, os.O_WRONLY)
        except (PermissionError, FileNotFoundError, NotOrdinaryFile):
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)  # shows crash recovery that the writer is alive
            if os.fstat(file).st_size == size and not unfinished.exists():
                os.rename(path, unfinished)
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        return None

    def lock_unfinished(self, name: str) -> int | None:
        """Open and lock an `.open` file for mending; return its descriptor, or None if a living process writes it.

        Raises OSError.
        """
        # A crash in `finish` may leave the file under its final name too.
        file = safe_open.open_descriptor(self._path(name + OPEN_SUFFIX), os.O_RDWR, second_name=True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        return file

    def is_being_written(self, name: str) -> bool:
        """Return True if a living process holds the writer's lock on the `.open` file of a name.

        To find out, take the lock for a moment, shared. A writer that begins just then waits that long.
        """
        path = self._path(name + OPEN_SUFFIX)
        with os_errors(str(path)):
            try:
                file = safe_open.open_descriptor(path, os.O_RDONLY)
            except PermissionError:
                return True  # the file of another user; reading it will say that it cannot be read
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def finish(self, name: str) -> None:
        """Give a durable `.open` file its final name, never over another file. Raises OSError, NotWritable."""
        path, final = self._path(name + OPEN_SUFFIX), self._path(name)
        taken = NotWritable(str(final), "is there already, and is not overwritten", "move one of the two away")
        try:
            os.link(path, final)  # unlike a rename, this fails if the name is taken
        except FileExistsError:
            if not final.samefile(path):  # the same file under both names: a crash between link and unlink
                raise taken from None
        except OSError:  # a file system without hard links
            if final.exists():
                raise taken from None
            os.rename(path, final)
        path.unlink(missing_ok=True)
        self.sync_names()

    def settle_copies(self, name: str) -> str | None:
        """If a file is there under its final name and as `.open`, remove the one that the other one begins with.

        A backup that ran beside a crawl may have both. Return which was removed: "finished", "open", or None. Two
        different files both stay. Raises OSError.
        """
        finished, unfinished = self._path(name), self._path(name + OPEN_SUFFIX)
        if not finished.is_file() or finished.samefile(unfinished) or not _begin_alike(finished, unfinished):
            return None
        spare = finished if finished.stat().st_size <= unfinished.stat().st_size else unfinished
        spare.unlink()
        self.sync_names()
        return "finished" if spare is finished else "open"

    def discard(self, name: str) -> None:
        """Remove the `.open` file of a name. Raises OSError."""
        self._path(name + OPEN_SUFFIX).unlink()

    def set_aside(self, name: str) -> str:
        """Rename the `.open` file of a name to `.damaged` and return its new name. Raises OSError."""
        self._path(name + OPEN_SUFFIX).rename(self._path(name + DAMAGED_SUFFIX))
        return name + DAMAGED_SUFFIX

    def sync_names(self) -> None:
        """Make the names in the folder durable. Raises OSError."""
        sync_folder(self.folder)

    # Copies that replace a finished file

    def create_part(self, name: str) -> BinaryIO:
        """Open the `.part` file of a name for writing. Raises OSError."""
        path = self._path(name + PART_SUFFIX)
        path.unlink(missing_ok=True)  # what a crash left, or a link that leads elsewhere
        return safe_open.open_file(path, "xb")

    def has_part(self, name: str) -> bool:
        """Return True if a `.part` file of a name was left."""
        return self._path(name + PART_SUFFIX).exists()

    def replace_by_part(self, name: str) -> None:
        """Let the `.part` file of a name take the place of the finished file, in one step."""
        with os_errors(self.location(name)):
            self._path(name + PART_SUFFIX).replace(self._path(name))
            self.sync_names()

    def discard_part(self, name: str) -> None:
        """Remove the `.part` file of a name, if there is one. Raises OSError."""
        self._path(name + PART_SUFFIX).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / os.path.basename(name)  # a row of a strange database may name any path


def _unless_missing(error: OSError) -> None:
    """Raise an error of `os.walk`, which ignores it otherwise, unless a folder is missing."""
    if not isinstance(error, FileNotFoundError):
        raise error


def is_unfinished(file: BinaryIO) -> bool:
    """Return True if a file that `WarcStorage.open` returned is still being written, or was left by a crash."""
    return file.name.endswith(OPEN_SUFFIX)


def _begin_alike(one: Path, other: Path) -> bool:
    """Return True if the longer of two files begins with all bytes of the shorter one. Raises OSError."""
    with safe_open.open_file(one) as first, safe_open.open_file(other) as second:
        while True:
            piece, twin = first.read(COMPARED_BYTES), second.read(COMPARED_BYTES)
            length = min(len(piece), len(twin))
            if piece[:length] != twin[:length]:
                return False
            if length < COMPARED_BYTES:
                return True


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of any file of the user, in hex. Raises MorgueError."""
    with os_errors(str(path)), open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
