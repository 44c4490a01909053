"""Define what can go wrong as one family of errors; each class has the exit code of the command that it ends.

    MorgueError                    1   something failed; part of the work may be done
    ├── ConfigError                2   a setting, source file or argument is wrong
    ├── NoArchive                  2   there is no archive in this folder or above it
    ├── QueryError                 2   a search cannot be understood
    ├── NothingReachable           3   no server answered (`add`, `sample`: or not in a way that can be used)
    ├── ArchiveLocked              4   another crawl is writing to this archive
    │   └── LeaseLost              4   another machine took this shard: what was not shipped stays here
    ├── DiskFull                   5   the disk is full; everything committed before is safe
    ├── NotWritable                6   the archive, an output folder or a log file cannot be written
    ├── ArchiveDamaged             7   the database or a WARC file is damaged or does not belong here
    │   ├── ObjectChanged          7   an object in the bucket is not what was put there or read before
    │   └── OutdatedCopy           7   another machine has written this shard since; this copy is older
    ├── NotFound                   8   there is no such article, source or capture
    │   └── TakenDown              8   the address was taken down
    ├── DiskFailing                9   the disk gave an input/output error; everything committed before is kept
    ├── WrongClock                10   the clock of this machine is years behind; nothing was written
    └── BucketFailing             11   the bucket does not answer, or refuses; everything finished before is kept

Exit code 0: done. 1: partly failed. 130: interrupted (Ctrl-C or SIGTERM); everything finished before is kept.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

MIN_FREE_BYTES = 1 << 16  # bytes that SQLite needs to open a database: 32 KiB of shared memory, and a little
NO_SPACE_CODES = ("SQLITE_IOERR_SHM", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")
INTERRUPTED = 130  # 128 + SIGINT, as shells count


class MorgueError(Exception):
    """Print as `subject: cause`, with a second line that says the cure."""

    exit_code = 1

    def __init__(self, subject: str, cause: str, cure: str = "") -> None:
        super().__init__(subject, cause, cure)
        self.subject, self.cause, self.cure = subject, cause, cure

    def __str__(self) -> str:
        return f"{self.subject}: {self.cause}" + (f"\n  {self.cure}" if self.cure else "")


class ConfigError(MorgueError):
    """Report that a setting, source file or argument is wrong."""

    exit_code = 2


class NoArchive(MorgueError):
    """Report that there is no archive in this folder or above it."""

    exit_code = 2


class QueryError(MorgueError):
    """Report that a search cannot be understood."""

    exit_code = 2


class NothingReachable(MorgueError):
    """Report that no server answered; for a page that the user named, also that its answer cannot be used."""

    exit_code = 3


class ArchiveLocked(MorgueError):
    """Report that another crawl is writing to this archive."""

    exit_code = 4

    def __init__(self, subject: str, cause: str, cure: str = "", *, is_suspicious: bool = False) -> None:
        super().__init__(subject, cause, cure)
        self.is_suspicious = is_suspicious  # waiting may be in vain: a timer must hear of it, too


class LeaseLost(ArchiveLocked):
    """Report that this process may not write a shard any more: another machine took it."""


class DiskFull(MorgueError):
    """Report that the disk is full; everything committed before is safe."""

    exit_code = 5


class NotWritable(MorgueError):
    """Report that the archive, an output folder or a log file cannot be written."""

    exit_code = 6


class ArchiveDamaged(MorgueError):
    """Report that the database or a WARC file is damaged or does not belong here."""

    exit_code = 7


class ObjectChanged(ArchiveDamaged):
    """Report that an object in a bucket is not as expected: changed, shorter, or there although it should not be."""


class OutdatedCopy(ArchiveDamaged):
    """Report that another machine has written a shard since the copy in this folder was written."""


class NotFound(MorgueError):
    """Report that there is no such article, source or capture."""

    exit_code = 8


class TakenDown(NotFound):
    """Report that an address was taken down, when and why."""


class DiskFailing(MorgueError):
    """Report that the disk gave an input/output error; everything committed before is kept."""

    exit_code = 9


class WrongClock(MorgueError):
    """Report that the clock of this machine is years behind, so that nothing may be written by it."""

    exit_code = 10


class BucketFailing(MorgueError):
    """Report that a bucket does not answer, answers with an error, or refuses the access."""

    exit_code = 11


def disk_failing(subject: str, cause: str) -> DiskFailing:
    """Return the error for a file (a path) that the disk could not read or write."""
    cure = "see to the disk first (dmesg, smartctl); then run the same command again; `morgue verify` checks the files"
    return DiskFailing(subject, cause, cure)


def sqlite_disk_error(subject: str, cause: str, name: str) -> MorgueError:
    """Return the error for a database (a path) when SQLite says `disk I/O error`; `name`: of its extended code.

    SQLite says the same if it finds no space for the file of its shared memory. Then only space is missing.
    """
    if name.startswith(NO_SPACE_CODES) and has_no_space(subject):
        cure = "free some space and run the same command again; nothing in the archive is damaged by this"
        return DiskFull(subject, f"no space left on device ({cause}: {name})", cure)
    return disk_failing(subject, cause)


def has_no_space(path: str) -> bool:
    """Return True if the file system of a file has no space left for us."""
    try:
        disk = os.statvfs(os.path.dirname(path) or ".")
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < MIN_FREE_BYTES


class NotOrdinaryFile(OSError):
    """Say that a name leads to a link, a pipe, a device or another thing that is no file of its own."""

    def __init__(self, cause: str, cure: str, *, of_archive: bool = True) -> None:
        super().__init__(errno.EINVAL, cause)
        self.cause, self.cure, self.of_archive = cause, cure, of_archive  # of_archive: not named by the user


def from_os_error(error: OSError, subject: str) -> MorgueError:
    """Return the member of the family for an operating system's error about `subject` (a path)."""
    if isinstance(error, NotOrdinaryFile):
        kind = ArchiveDamaged if error.of_archive else ConfigError
        return kind(subject, error.cause, error.cure)
    if error.errno == errno.ELOOP:  # a link that took the place of the file a moment ago, or links in a circle
        return ArchiveDamaged(subject, os.strerror(error.errno), "look at what is there (ls -l)")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(subject, "no space left on device", "free some space and run the same command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotWritable(subject, error.strerror or "cannot be written", "check the folder's owner and permissions")
    if error.errno in (errno.EIO, errno.ENXIO, errno.EREMOTEIO):
        return disk_failing(subject, error.strerror or "Input/output error")
    return MorgueError(subject, error.strerror or str(error))


@contextmanager
def os_errors(subject: str) -> Iterator[None]:
    """Raise an `OSError` about `subject` (a path) as its member of the family."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, subject) from error


def read_error(error: sqlite3.DatabaseError, path: Path) -> MorgueError:
    """Return the member of the family for an error of SQLite while the database at `path` is read."""
    import sqlite3  # loaded by then; a command that reads no database has no use for it

    # The primary code: extended codes say where, not what. Text that is not UTF-8 has no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    subject, cause = str(path), str(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ArchiveLocked(subject, "another program kept it locked", "close it and try again")
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(subject, "no space left for SQLite's temporary files", "free some, or set SQLITE_TMPDIR")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
        return MorgueError(
            subject, "cannot be opened for reading", "check the owner and permissions of file and folder"
        )
    if code == sqlite3.SQLITE_ERROR and cause.startswith("no such"):
        cure = "`morgue upgrade` brings it up to date"
        return ArchiveDamaged(subject, f"written by another version of Newsmorgue ({cause})", cure)
    if code == sqlite3.SQLITE_IOERR:
        return sqlite_disk_error(subject, cause, getattr(error, "sqlite_errorname", ""))
    if code == sqlite3.SQLITE_INTERRUPT:
        return MorgueError(subject, "the question was interrupted")
    cure = "keep the file, restore a copy from backup beside the warc/ folder; the WARC files are untouched"
    return ArchiveDamaged(subject, cause, cure)


def write_error(error: Exception, path: Path) -> MorgueError:
    """Return the member of the family for an error of SQLite or the operating system while a database is written."""
    if isinstance(error, MorgueError):
        return error
    if isinstance(error, OSError):
        return from_os_error(error, str(path))
    text = str(error)
    if "disk is full" in text:
        return DiskFull(str(path), "no space left on device", "free some space and run the same command again")
    if "readonly" in text or "unable to open" in text:
        cure = "check the owner and permissions of file and folder, and whether the disk is mounted read-only"
        return NotWritable(str(path), "cannot be written", cure)
    if "disk I/O error" in text:
        return sqlite_disk_error(str(path), text, getattr(error, "sqlite_errorname", ""))
    if "not a database" in text or "malformed" in text:
        cure = "keep the file, restore a copy from backup beside the warc/ folder; the WARC files are untouched"
        return ArchiveDamaged(str(path), text, cure)
    if "locked" in text:
        return ArchiveLocked(str(path), "another program holds a write lock on the database", "close it and try again")
    return MorgueError(str(path), text)
