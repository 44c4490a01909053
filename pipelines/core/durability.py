"""Make file names durable, and make sure that a file is read from the disk and not from memory."""

from __future__ import annotations

import os
from pathlib import Path


def evict(file: int) -> None:
    """Ask the system to drop a durable file from its memory, so that the next reader sees what is on the disk.

    After a failed fsync, memory may hold pages that never reached the disk and are marked as written. The system may
    ignore the request.
    """
    if hasattr(os, "posix_fadvise"):  # macOS has none
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
