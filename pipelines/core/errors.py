"""Define the family of errors. Each class has the exit code of the command that it ends.

    MorgueError                    1   something failed; part of the work may be done
    ├── ConfigError                2   a setting, source file or argument is wrong
    ├── NoArchive                  2   no archive here or above
    ├── QueryError                 2   a search that cannot be understood
    ├── NothingReachable           3   no source could be reached
    ├── ArchiveLocked              4   another crawl is writing to this archive
    ├── DiskFull                   5   no space left; everything committed before is safe
    ├── NotWritable                6   the archive, an output folder or a log file cannot be written
    ├── ArchiveDamaged             7   the database or a WARC file is not what it should be
    ├── NotFound                   8   no such article, source or capture
    └── DiskFailing                9   the disk gave an input/output error; everything committed before is kept

Exit code 0: done. 1: partly failed. 130: interrupted (Ctrl-C or SIGTERM), all that was finished is kept.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

MIN_FREE_BYTES = 1 << 16  # SQLite needs these to open a database: 32 KiB of shared memory, and a little more
NO_SPACE_CODES = ("SQLITE_IOERR_SHM", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE")
INTERRUPTED = 130  # 128 + SIGINT, as shells count


class MorgueError(Exception):
    """Print as `subject: cause`, and a second line with the cure."""

    exit_code = 1

    def __init__(self, subject: str, cause: str, cure: str = "") -> None:
        super().__init__(subject, cause, cure)
        self.subject, self.cause, self.cure = subject, cause, cure

    def __str__(self) -> str:
        return f"{self.subject}: {self.cause}" + (f"\n  {self.cure}" if self.cure else "")


class ConfigError(MorgueError):
    """Raised if a setting, source file or argument is wrong."""

    exit_code = 2


class NoArchive(MorgueError):
    """Raised if there is no archive here or above."""

    exit_code = 2


class QueryError(MorgueError):
    """Raised if a search cannot be understood."""

    exit_code = 2


class NothingReachable(MorgueError):
    """Raised if no source could be reached."""

    exit_code = 3


class ArchiveLocked(MorgueError):
    """Raised if another process is writing to this archive."""

    exit_code = 4


class DiskFull(MorgueError):
    """Raised if there is no space left; everything committed before is safe."""

    exit_code = 5


class NotWritable(MorgueError):
    """Raised if the archive, an output folder or a log file cannot be written."""

    exit_code = 6


class ArchiveDamaged(MorgueError):
    """Raised if the database or a WARC file is not what it should be."""

    exit_code = 7


class NotFound(MorgueError):
    """Raised if there is no such article, source or capture."""

    exit_code = 8


class DiskFailing(MorgueError):
    """Raised if the disk gave an input/output error; everything committed before is kept."""

    exit_code = 9


def disk_failing(subject: str, cause: str = "Input/output error") -> DiskFailing:
    """Return the error for a file (a path) that the disk could not read or write."""
    cure = "see to the disk first (dmesg, smartctl); then run the same command again; `morgue verify` checks the files"
    return DiskFailing(subject, cause, cure)


def sqlite_disk_error(subject: str, cause: str, name: str) -> MorgueError:
    """Return the error for a database (a path) of which SQLite says `disk I/O error`. `name`: of the extended code.

    SQLite says the same if there is no space for the file of its shared memory. Then only space is missing.
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


def from_os_error(error: OSError, subject: str) -> MorgueError:
    """Return the error of our family for an error of the operating system about `subject` (a path)."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(subject, "no space left on device", "free some space and run the same command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotWritable(subject, error.strerror or "cannot be written", "check the folder's owner and permissions")
    if error.errno in (errno.EIO, errno.ENXIO, errno.EREMOTEIO):
        return disk_failing(subject, error.strerror or "Input/output error")
    return MorgueError(subject, error.strerror or str(error))


@contextmanager
def os_errors(subject: str) -> Iterator[None]:
    """Raise an `OSError` about `subject` (a path) as an error of our family."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, subject) from error
