"""Read files that the user names: ordinary ones, and lists whose lines have an end.

A link is followed here, because the user names it. A named pipe that nobody writes to, a device or an endless line
would keep a command busy without end. `-` (standard input) and what a shell writes for `<(command)` may be pipes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pipelines.core.errors import ConfigError, NotOrdinaryFile

MAX_LINE_CHARS = 1_000_000  # of a list; a row of a spreadsheet may hold whole texts
MAX_LIST_CHARS = 1_000_000_000  # of all lines of a list
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1
SHELL_PIPE = re.compile(r"/dev/fd/\d+|/proc/(?:self|\d+)/fd/\d+|/dev/stdin")  # bash(1), "Process Substitution"

# First bytes of files that are given in place of a list of names -> what such a file is.
BINARY_STARTS = {
    b"\x1f\x8b": "a gzip file", b"WARC/": "a WARC file", b"filedesc://": "an ARC file", b"PK\x03\x04": "a zip file",
    b"\x28\xb5\x2f\xfd": "a zstd file", b"BZh": "a bzip2 file", b"\xfd7zXZ\x00": "an xz file", b"%PDF-": "a PDF file",
    b"SQLite format 3\x00": "an SQLite database", b"\x89PNG": "an image", b"\xff\xd8\xff": "an image",
}  # fmt: skip
START_BYTES = 512  # of a file, by which its kind is recognised
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def binary_kind(start: bytes) -> str | None:
    """Return what a file is that begins with these bytes, for people; None if it may be text."""
    found = next((what for magic, what in BINARY_STARTS.items() if start.startswith(magic)), None)
    if found is None and b"\x00" in start and not start.startswith(UTF16_MARKS):
        return "a binary file"
    return found


def open_input(path: str | Path, mode: str = "rb", *, may_be_pipe: bool = False, **text: Any) -> Any:
    """Open an ordinary file for reading, and return it. Raises OSError; NotOrdinaryFile for a folder, a pipe, a device.

    `may_be_pipe`: a pipe that the shell made will do, too.
    """
    is_shell_pipe = may_be_pipe and SHELL_PIPE.fullmatch(str(path)) is not None

    def opener(name: str, flags: int) -> int:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        file = os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            _check(os.fstat(file).st_mode, is_shell_pipe=is_shell_pipe)
            os.set_blocking(file, True)
        except BaseException:
            os.close(file)
            raise
        return file

    _check(os.stat(path).st_mode, is_shell_pipe=is_shell_pipe)  # before: opening a device may already do something
    return open(path, mode, opener=opener, **text)


def _check(mode: int, *, is_shell_pipe: bool) -> None:
    if stat.S_ISREG(mode) or (is_shell_pipe and stat.S_ISFIFO(mode)):
        return
    what = "is a folder" if stat.S_ISDIR(mode) else "is a named pipe" if stat.S_ISFIFO(mode) else "is a device"
    cure = "name an ordinary file; what another program writes can be passed on standard input"
    raise NotOrdinaryFile(f"{what}, not an ordinary file", cure, of_archive=False)


def read_unpacked(file: IO[bytes], max_bytes: int) -> bytes:
    """Return at most `max_bytes` of a file, unpacked if it begins like gzip. Raises OSError, BadGzipFile for damage."""
    data = file.read(max_bytes)
    if not data.startswith(GZIP_MAGIC):
        return data
    import gzip
    import zlib
    from io import BytesIO

    try:
        with gzip.open(BytesIO(data)) as unpacked:
            return unpacked.read(max_bytes)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise gzip.BadGzipFile("cannot be unpacked: the gzip data are damaged or not whole") from error


def bounded_lines(stream: IO[str], name: str) -> Iterator[str]:
    """Yield the lines of a list. Raises ConfigError for a line or a list that is too long to be one."""
    total = 0
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_CHARS + 1), ""), 1):
        total += len(line)
        if len(line) > MAX_LINE_CHARS:
            cause = f"is longer than {MAX_LINE_CHARS:,} characters, so this is no list"
            raise ConfigError(f"{name}: line {number}", cause, "name a text file with one entry on each line")
        if total > MAX_LIST_CHARS:
            cause = f"is longer than {MAX_LIST_CHARS:,} characters"
            raise ConfigError(name, cause, "split the list, and name one part after the other")
        yield line
