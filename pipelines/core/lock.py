"""Let one process at a time write an archive, by a lock of the kernel on a file."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from pipelines.core.errors import ArchiveLocked, MorgueError, os_errors

NAME = "morgue.lock"  # in the archive's folder, beside the database


class ArchiveLock:
    """Lock an archive, which one process at a time may write. The kernel releases the lock when that process dies."""

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
        self._say(f"process {os.getpid()}\n")

    def release(self) -> None:
        self._say("")
        os.close(self._file)  # the file stays: deleting it would race with the next one who locks it

    def _say(self, text: str) -> None:
        """Write who holds the lock, for a process that is refused. On a full disk the lock holds without this text."""
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
