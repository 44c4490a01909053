"""Make names durable in a file system, and make sure that what is read is what is on the disk."""

from __future__ import annotations

import os
from pathlib import Path


def evict(file: int) -> None:
    """Ask the system to drop what it holds of a durable file in memory, so that the next reader sees what the disk has.

    After a failed fsync the system may hold pages that never got to the disk, and take them for written. It may ignore
    the request.
    """
    if hasattr(os, "posix_fadvise"):  # macOS does not
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
