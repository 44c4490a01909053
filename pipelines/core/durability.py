"""What file systems need to be told before a name is durable, and before what is read is what is there."""

from __future__ import annotations

import os
from pathlib import Path


def evict(file: int) -> None:
    """Let the system forget what it holds of a durable file in memory: the next reader sees what the disk has.

    After an fsync that failed it may hold pages that never got there, and take them for written. A wish, not an order.
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
