"""Open the files of an archive, and make them durable.

Opened are ordinary files only, no symbolic links, and new files get names nobody can foresee.

An archive may be a download, and its folder may hold a link to a file of the user under a name that we write to. So all
code opens files by these functions; tests/test_architecture.py looks for other ways to write.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.core.errors import NotOrdinaryFile

PRIVATE_MODE = 0o600  # of files that no other user may read or lock
DRAFT_RANDOM_BYTES = 8
READ_BYTES = 1 << 16  # at once
KINDS = (  # of what is no ordinary file, for people
    (stat.S_ISLNK, "is a symbolic link, which is not followed"),
    (stat.S_ISDIR, "is a folder, where a file is expected"),
    (stat.S_ISFIFO, "is a named pipe, not an ordinary file"),
    (stat.S_ISSOCK, "is a socket, not an ordinary file"),
    (lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode), "is a device, not an ordinary file"),
)


def open_descriptor(
    path: str | Path,
    flags: int,
    mode: int = 0o666,
    *,
    second_name: bool = False,
    may_be_character_device: bool = False,
) -> int:
    """Open an ordinary file and return its descriptor. Raises OSError; NotOrdinaryFile for links, pipes and the like.

    A file that has a second name (a hard link) is not opened for writing, unless it may have one (`second_name`):
    what is written to it would change the file of the other name. `may_be_character_device`: /dev/null will do, too.
    """
    # Before it is opened, because opening a device may already do something; and after, if it was swapped in between.
    must_be_ordinary(path, may_be_character_device=may_be_character_device)
    # Without O_NONBLOCK, opening a pipe that came in between would wait for ever.
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    try:
        status = os.fstat(file)
        _check(status, may_be_character_device=may_be_character_device)
        writes = flags & (os.O_WRONLY | os.O_RDWR) and stat.S_ISREG(status.st_mode)
        if writes and status.st_nlink > 1 and not second_name:
            cause = "has a second name (a hard link), and writing would change the file of that name too"
            cure = f"give it a copy of its own: cp {path} {path}.own && mv {path}.own {path}"
            raise NotOrdinaryFile(cause, cure)
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


def open_file(path: str | Path, mode: str = "rb", *, buffering: int = -1, **text: Any) -> Any:
    """Open an ordinary file as `open` does, without following links, and return it. Raises OSError."""
    return open(path, mode, buffering, opener=open_descriptor, **text)


def read_bytes(path: Path, max_bytes: int | None = None) -> bytes:
    """Return the bytes of an ordinary file. Raises OSError; NotOrdinaryFile for one of more than `max_bytes`."""
    data = bytearray()
    file = open_descriptor(path, os.O_RDONLY)  # hundreds of source files are read at once: `open` asks each a lot more
    try:
        while part := os.read(file, READ_BYTES):
            data += part
            if max_bytes is not None and len(data) > max_bytes:
                cause = f"has more than {max_bytes:,} bytes, and such a file never has"
                cure = "look at what is there (ls -l), and put the file that you meant in its place"
                raise NotOrdinaryFile(cause, cure)
    finally:
        os.close(file)
    return bytes(data)


def must_be_ordinary(path: str | Path, *, may_be_character_device: bool = False) -> None:
    """Raise NotOrdinaryFile if a name is taken by something else than an ordinary file. Raises OSError."""
    try:
        _check(os.lstat(path), may_be_character_device=may_be_character_device)
    except FileNotFoundError:
        return


def _check(status: os.stat_result, *, may_be_character_device: bool) -> None:
    if stat.S_ISREG(status.st_mode) or (may_be_character_device and stat.S_ISCHR(status.st_mode)):
        return
    cause = next((cause for test, cause in KINDS if test(status.st_mode)), "is not an ordinary file")
    raise NotOrdinaryFile(cause, "look at what is there (ls -l), and put an ordinary file in its place or remove it")


def draft_path(final: Path) -> Path:
    """Return an unforeseeable path in the folder of `final`, where renaming is one step."""
    return final.with_name(f".morgue-{os.urandom(DRAFT_RANDOM_BYTES).hex()}.part")


@contextmanager
def draft(final: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Yield a new file that takes the place of `final` at the end, durably; after an error it is removed.

    A link under the name `final` is replaced, never followed. Raises OSError.
    """
    path = draft_path(final)
    try:
        with open(path, "xb", opener=lambda name, flags: open_descriptor(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.replace(final)
    finally:
        path.unlink(missing_ok=True)


def create(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a new file. Raises OSError, FileExistsError if the name is taken, also by a link that leads nowhere."""
    with open(path, "xb", opener=lambda name, flags: open_descriptor(name, flags, mode)) as file:
        file.write(data)


def make_private(file: int) -> None:
    """Take an open file of ours from other users, who could read or lock it. Raises OSError."""
    status = os.fstat(file)
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & ~PRIVATE_MODE:
        os.fchmod(file, PRIVATE_MODE)


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
