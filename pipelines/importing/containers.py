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
from pipelines.core.input_files import open_input
from pipelines.importing.unpacking import INFLATE_INPUT_BYTES, ContainerDamage, is_record_stream

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz")
ZIP_MAGIC = b"PK\x03\x04"
ZIP_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a zip member (APPNOTE 4.3.7): lengths of name and extra field
MAX_SHOWN_NAME_CHARS = 500
MAX_ZIP_DIRECTORY_BYTES = 1 << 22  # some 50,000 members; zipfile takes ten times that memory
MAX_REFUSED_NAMED = 10  # members of a zip; further ones are counted

OnZipDamage = Callable[[str, int, str], object]  # name of the member, offset, why
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
    place: Callable[[int], int] | None = None  # offset in the stream -> in the file; None: the stream is the whole file


def container_kind(start: bytes) -> str | None:
    """Return what a file is that begins with these bytes: "records", "zip", or None for any other file."""
    if start.startswith(ZIP_MAGIC):
        return "zip"
    return "records" if is_record_stream(start) else None


def unread_compression(path: Path) -> UnreadCompression | None:
    """Return how a file is compressed that cannot be read because of that. Raises MorgueError."""
    with os_errors(str(path)), open_input(path) as file:
        start = file.read(MAX_MAGIC_BYTES)
    found = (how for magic, how in UNREAD_COMPRESSIONS.items() if start.startswith(magic))
    return next((UnreadCompression(*how) for how in found), None)


def record_streams(path: Path, on_damage: OnZipDamage) -> Iterator[RecordStream]:
    """Yield the streams of records in a file, one open at a time: the file itself, or the members of a WACZ.

    What cannot be read is passed to `on_damage(member, offset, why)`. A zip whose directory cannot be read is searched
    for records as one stream, because most of its members are stored uncompressed. Raises MorgueError if the file
    cannot be read.
    """
    with os_errors(str(path)), open_input(path) as file:
        yield from streams_in(file, path.name, on_damage)


def streams_in(file: BinaryIO, name: str, on_damage: OnZipDamage) -> Iterator[RecordStream]:
    """Yield the streams of records in an open file, wherever it lies, as `record_streams` does."""
    size = file.seek(0, 2)
    file.seek(0)
    start = file.read(16)
    file.seek(0)
    if container_kind(start) != "zip":
        yield RecordStream("", file, size, name)
        return
    try:
        members = zip_members(file, size, on_damage)
    except UNREADABLE_ZIP as error:
        on_damage("", 0, f"the directory of the zip cannot be read ({error}); it is searched for records")
        file.seek(0)
        yield RecordStream("", file, size, ".gz")
        return
    for info in members:
        shown = printable(info.filename)
        if not info.filename.lower().endswith(SUFFIXES[:-1]):
            continue
        try:
            stream = member_stream(file, info, size)
        except ContainerDamage as damage:
            on_damage(shown, info.header_offset, str(damage))
            continue
        yield RecordStream(shown, stream, info.compress_size, info.filename)


class _SmallReads:
    """Pass on a file to zipfile, which would read a directory of any size at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > MAX_ZIP_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"it has {size:,} bytes")
        return self._file.read(size)


def zip_members(file: BinaryIO, size: int, on_damage: OnZipDamage) -> list[zipfile.ZipInfo]:
    """Return the members of a zip that begin where no other member is. Raises what UNREADABLE_ZIP lists.

    A member inside another one, or the same bytes under many names, would be unpacked again and again.
    """
    members = zipfile.ZipFile(cast(Any, _SmallReads(file))).infolist()
    refused, end, before = set(), 0, ""
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset >= end:
            end = min(size, info.header_offset + ZIP_LOCAL_HEADER.size + max(0, info.compress_size))
            before = info.filename
            continue
        refused.add(id(info))
        if len(refused) <= MAX_REFUSED_NAMED:
            on_damage(printable(info.filename), info.header_offset, f"lies inside another member, {printable(before)}")
    if len(refused) > MAX_REFUSED_NAMED:
        more = len(refused) - MAX_REFUSED_NAMED
        on_damage("", 0, f"{more:,} more entries of the zip's directory lie inside another member")
    return [info for info in members if id(info) not in refused]


def printable(name: str) -> str:
    """Return a file name on one line. Characters that a terminal would obey, and bytes that are no text, are escaped.

    Two names stay two: a record is known by the name of the file that it came from.
    """
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
    return shown[:MAX_SHOWN_NAME_CHARS]


def leads_out(name: str) -> bool:
    """Return True if a member's name is a path that leads out of the folder in which a zip is unpacked."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or parts[0] == "" != name or parts[0].endswith(":")


def member_stream(file: BinaryIO, info: zipfile.ZipInfo, size: int) -> BinaryIO:
    """Open a zip member as a stream. Raises ContainerDamage.

    zipfile's own stream would give up the whole member for one wrong bit (CRC).
    """
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
    method = zipfile.compressor_names.get(info.compress_type, "unknown")  # type: ignore[attr-defined]
    raise ContainerDamage(f"is compressed by a method that cannot be read (number {info.compress_type}, {method})")


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
