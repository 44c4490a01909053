"""Open WARC, ARC and WACZ files of other programs as streams of records.

The first bytes of a file decide what it is, never its name. The members of a zip are read as streams; their names are
only shown, and never become paths.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from pipelines.core.errors import os_errors
from pipelines.importing.unpacking import INFLATE_INPUT_BYTES, ContainerDamage, is_record_stream

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz")
ZIP_MAGIC = b"PK\x03\x04"
ZIP_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a zip member (APPNOTE 4.3.7): lengths of name and extra field
MAX_SHOWN_NAME_CHARS = 500
UNREADABLE_ZIP = (  # what zipfile raises for a file without a valid directory
    zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error, OSError, OverflowError, IndexError,
)  # fmt: skip

# How files begin that are compressed in a way that WARC does not know: name, and the command that unpacks them.
UNREAD_COMPRESSIONS = {
    b"\x04\x22\x4d\x18": ("LZ4", "lz4 -d"), b"\x02\x21\x4c\x18": ("LZ4", "lz4 -d"), b"BZh": ("bzip2", "bunzip2 -k"),
    b"\xfd7zXZ\x00": ("xz", "unxz -k"), b"7z\xbc\xaf\x27\x1c": ("7-Zip", "7z x"), b"Rar!": ("RAR", "unrar x"),
}  # fmt: skip
MAX_MAGIC_BYTES = max(map(len, UNREAD_COMPRESSIONS))


class UnreadCompression(NamedTuple):
    """Name a compression that is not read, and the command that undoes it."""

    name: str
    command: str


class RecordStream(NamedTuple):
    """Hold one stream of records in a file."""

    member: str  # name inside a zip, for people; "" for the file itself
    stream: BinaryIO  # positioned at its beginning
    size: int  # bytes in it as stored, for the progress bar
    name: str  # its suffix says how it is compressed, should its beginning be damaged


def container_kind(start: bytes) -> str | None:
    """Return what a file is that begins with these bytes: "records", "zip", or None for any other file."""
    if start.startswith(ZIP_MAGIC):
        return "zip"
    return "records" if is_record_stream(start) else None


def unread_compression(path: Path) -> UnreadCompression | None:
    """Return how a file is compressed that cannot be read because of that. Raises MorgueError."""
    with os_errors(str(path)), path.open("rb") as file:
        start = file.read(MAX_MAGIC_BYTES)
    return next(
        (UnreadCompression(*how) for magic, how in UNREAD_COMPRESSIONS.items() if start.startswith(magic)), None
    )


def record_streams(path: Path, on_damage: Callable[[str, int, str], object]) -> Iterator[RecordStream]:
    """Yield the streams of records in a file, one open at a time: the file itself, or the members of a WACZ.

    What cannot be read is passed to `on_damage(member, offset, why)`. A zip whose directory cannot be read is searched
    for records as one stream, because most of its members are stored uncompressed. Raises MorgueError if the file
    cannot be read.
    """
    with os_errors(str(path)), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        start = file.read(16)
        file.seek(0)
        if container_kind(start) != "zip":
            yield RecordStream("", file, size, path.name)
            return
        try:
            members = zipfile.ZipFile(file).infolist()
        except UNREADABLE_ZIP as error:
            on_damage("", 0, f"the directory of the zip cannot be read ({error}); it is searched for records")
            file.seek(0)
            yield RecordStream("", file, size, ".gz")
            return
        for info in members:
            name = printable(info.filename)
            if not info.filename.lower().endswith(SUFFIXES[:-1]):
                continue
            try:
                stream = _member(file, info, size)
            except ContainerDamage as damage:
                on_damage(name, info.header_offset, str(damage))
                continue
            yield RecordStream(name, stream, info.compress_size, info.filename)


def printable(name: str) -> str:
    """Return a file name on one line. Characters that a terminal would obey, and bytes that are no text, are escaped.

    Two names stay two: a record is known by the name of the file that it came from.
    """
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
    return shown[:MAX_SHOWN_NAME_CHARS]


def _member(file: BinaryIO, info: zipfile.ZipInfo, size: int) -> BinaryIO:
    """Open a zip member as a stream. zipfile's own stream would give up the whole member for one wrong bit (CRC)."""
    if not 0 <= info.header_offset < size:
        raise ContainerDamage("no zip member begins where the directory says")
    file.seek(info.header_offset)
    header = file.read(ZIP_LOCAL_HEADER.size)
    if len(header) < ZIP_LOCAL_HEADER.size or not header.startswith(ZIP_MAGIC):
        raise ContainerDamage("no zip member begins where the directory says")
    if info.flag_bits & 1:
        raise ContainerDamage("is encrypted")
    _, name, extra = ZIP_LOCAL_HEADER.unpack(header)
    start = info.header_offset + ZIP_LOCAL_HEADER.size + name + extra
    stored = FileSlice(file, start, max(0, min(info.compress_size, size - start)))
    if info.compress_type == zipfile.ZIP_STORED:
        return cast(BinaryIO, stored)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return cast(BinaryIO, InflatedMember(stored))
    raise ContainerDamage(f"is compressed by a method that cannot be read (number {info.compress_type})")


class FileSlice(io.RawIOBase):
    """Read a range of bytes of a file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file, self._start, self._length, self._at = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._length - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class InflatedMember(io.RawIOBase):
    """Read what a deflated zip member holds, forward only. A damaged member ends at the damage."""

    def __init__(self, stored: FileSlice) -> None:
        self._stored, self._stream, self._data = stored, zlib.decompressobj(-zlib.MAX_WBITS), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._stream.eof:
            data = self._data or self._stored.read(INFLATE_INPUT_BYTES) or b""
            try:
                out = self._stream.decompress(data, len(buffer))
            except zlib.error:
                return 0
            self._data = self._stream.unconsumed_tail
            buffer[: len(out)] = out
            if out or not data:
                return len(out)
        return 0
