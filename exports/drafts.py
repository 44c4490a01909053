"""Make the files and folders of an export under temporary names, and remove those of exports that were killed.

An export holds a lock of the kernel on its draft while it runs. The kernel releases the lock when the process dies, so
the next export in the same folder knows which drafts nobody writes any more.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipelines.core.safe_open import open_descriptor, open_file

RANDOM_BYTES = 8
PREFIX, SUFFIX = ".morgue-export-", ".part"
CHECKSUMS_NAME = "SHA256SUMS"  # of a folder, as `sha256sum --check` reads it; on this file is the lock
BUFFER_BYTES = 1 << 18  # of what is written at once


@contextmanager
def draft_file(final: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file in the folder of `final` and its path, which is to be renamed. Otherwise it is removed."""
    path = _draft_path(final)
    try:
        with _locked(path) as file:
            yield path, file
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def draft_folder(final: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new folder beside `final`, which is to be renamed, and its open list of checksums."""
    path = _draft_path(final)
    try:
        path.mkdir()
        with _locked(path / CHECKSUMS_NAME) as checksums:
            yield path, checksums
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    with open_file(path, "xb", buffering=BUFFER_BYTES) as file:
        with suppress(OSError):  # a file system without locks, on which nothing is removed either
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _draft_path(final: Path) -> Path:
    return final.with_name(f"{PREFIX}{secrets.token_hex(RANDOM_BYTES)}{SUFFIX}")


def remove_abandoned(folder: Path) -> None:
    """Remove the drafts of exports into this folder that were killed, as far as this user may."""
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        is_folder = path.is_dir() and not path.is_symlink()
        with suppress(OSError):  # it is gone already, another export writes it, or it belongs to another user
            file = open_descriptor(path / CHECKSUMS_NAME if is_folder else path, os.O_RDWR)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if is_folder else path.unlink()
            finally:
                os.close(file)
