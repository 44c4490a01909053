"""Lock an archive for writing by one process, with a lock of the kernel on a file."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from pipelines.core.errors import ArchiveLocked, MorgueError, os_errors

NAME = "morgue.lock"  # in the archive folder, beside the database


class ArchiveLock:
    """Hold the lock of an archive. The kernel releases it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with os_errors(str(path)):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 200).decode(errors="replace").strip() or "another process"
            os.close(self._file)
            raise ArchiveLocked(str(path.parent), f"is being written by {holder}", "wait for it, or stop it") from None
        self._write_holder(f"process {os.getpid()}\n")

    def release(self) -> None:
        """Release the lock. The file stays, because deleting it would race with the next process that locks it."""
        self._write_holder("")
        os.close(self._file)

    def _write_holder(self, text: str) -> None:
        """Write who holds the lock, for the message of a refused process. On a full disk it holds without the text."""
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)


def is_held(path: Path) -> bool:
    """Return True if a process holds the lock on a file now. Raises MorgueError."""
    try:
        with os_errors(str(path)), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except MorgueError as error:
        if isinstance(error.__cause__, BlockingIOError):
            return True
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    return False
