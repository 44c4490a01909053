"""Other people's files as streams of bytes: what is in them by what they begin with, never by their names.

    parts(path)     the streams in a file: itself, or the WARC and ARC members of a WACZ
    Unpacked        what a stream inflates to, and where the members of its compression begin

Members of a zip are read as streams; their names are only shown, and never become paths. Compression is undone in small
steps, so that memory does not depend on what a file holds.
"""

from __future__ import annotations

import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from pipelines.core.errors import MorgueError, os_errors

try:  # twice as fast; `pip install newsmorgue[fast]`
    from isal import isal_zlib as gzlib
except ImportError:
    gzlib = zlib

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz")
GZIP, ZSTD, ZIP = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"  # a skippable frame before the first record, as warc-zstd 1.0 has it
PLAIN = re.compile(rb"WARC/\d|filedesc:")
WINDOW = 1 << 18  # bytes read from disk at once
STEP = 16_384  # bytes inflated at once; small, because zlib copies what it does not use of them
MOST = 1 << 20  # bytes that one step of zstd may give; deflate gives at most a thousandfold of STEP
LARGEST_DICTIONARY = 1 << 24
TORN = "the file ends inside a record"
UNREADABLE_ZIP = (  # what zipfile raises for a directory that is none
    zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error, OSError, OverflowError, IndexError,
)  # fmt: skip
LOCAL_HEAD = struct.Struct("<4s22xHH")  # a zip member's own head (APPNOTE 4.3.7): lengths of name and extra field


class ContainerDamage(Exception):
    """What lies here cannot be read; the text says why, for people."""


class RecordStream(NamedTuple):
    """One stream of records in a file."""

    member: str  # name inside of the zip, for people; "" for the file itself
    stream: BinaryIO  # positioned at its beginning
    size: int  # bytes in it as stored, for the progress bar
    named: str  # what says how it is compressed, should its beginning be damaged


def form_of(start: bytes, name: str) -> str:
    """How a stream of records is compressed that begins with these bytes; where they are damaged, its name says it."""
    if start.startswith(GZIP):
        return "gzip"
    if start.startswith((ZSTD, ZSTD_DICTIONARY)):
        return "zstd"
    known = bool(PLAIN.match(start)) or not name.lower().endswith((".gz", ".zst"))
    return "" if known else "gzip" if name.lower().endswith(".gz") else "zstd"


def kind_of(start: bytes) -> str | None:
    """What a file is that begins with these bytes: "records", "zip"; None: nothing that is known here."""
    if start.startswith(ZIP):
        return "zip"
    known = start.startswith((GZIP, ZSTD, ZSTD_DICTIONARY)) or PLAIN.match(start)
    return "records" if known else None


def parts(path: Path, on_damage: Callable[[str, int, str], object]) -> Iterator[RecordStream]:
    """The streams of records in a file, one open at a time. `on_damage` is told (member, offset, why).

    A zip whose directory cannot be read is searched for records as if it were one stream: most are stored as they are.
    Raises MorgueError if the file cannot be read.
    """
    with os_errors(str(path)), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        start = file.read(16)
        file.seek(0)
        if kind_of(start) != "zip":
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
            name = shown(info.filename)
            if not info.filename.lower().endswith(SUFFIXES[:-1]):
                continue
            try:
                stream = _member(file, info, size)
            except ContainerDamage as damage:
                on_damage(name, info.header_offset, str(damage))
                continue
            yield RecordStream(name, stream, info.compress_size, info.filename)


def shown(name: str) -> str:
    """A name from a stranger on one line, without what a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in name)[:500]


def _member(file: BinaryIO, info: zipfile.ZipInfo, size: int) -> BinaryIO:
    """A zip member as a stream of its own. zipfile's would give up all of it for one wrong bit (its CRC)."""
    if not 0 <= info.header_offset < size:
        raise ContainerDamage("no zip member begins where the directory says")
    file.seek(info.header_offset)
    head = file.read(LOCAL_HEAD.size)
    if len(head) < LOCAL_HEAD.size or not head.startswith(ZIP):
        raise ContainerDamage("no zip member begins where the directory says")
    if info.flag_bits & 1:
        raise ContainerDamage("is encrypted")
    _, name, extra = LOCAL_HEAD.unpack(head)
    start = info.header_offset + LOCAL_HEAD.size + name + extra
    stored = FileSlice(file, start, max(0, min(info.compress_size, size - start)))
    if info.compress_type == zipfile.ZIP_STORED:
        return cast(BinaryIO, stored)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return cast(BinaryIO, InflatedMember(stored))
    raise ContainerDamage(f"is compressed by a method that is not read here (number {info.compress_type})")


class FileSlice(io.RawIOBase):
    """Some bytes of a file as a file."""

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
    """What a deflated zip member holds; forward only. A damaged one ends at the damage."""

    def __init__(self, stored: FileSlice) -> None:
        self._stored, self._stream, self._data = stored, zlib.decompressobj(-zlib.MAX_WBITS), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._stream.eof:
            data = self._data or self._stored.read(STEP) or b""
            try:
                out = self._stream.decompress(data, len(buffer))
            except zlib.error:
                return 0
            self._data = self._stream.unconsumed_tail
            buffer[: len(out)] = out
            if out or not data:
                return len(out)
        return 0


class UnpackedStream:
    """A stream of records, unpacked: taken or passed over piece by piece.

    `buffer[at:]` is what was unpacked and not taken yet. Gzip and zstd files have members; most have one a record.
    """

    def __init__(self, stream: BinaryIO, named: str = "") -> None:
        """`named`: as in Part.

        Raises Damage if the dictionary of a zstd file cannot be read, MorgueError without a module for zstd.
        """
        self._stream = stream
        self.position = 0  # bytes of the stream that were read, for the progress bar
        self._raw = b""
        self._raw_at = 0  # of `_raw`, what was handed on
        self._inflater: Any = None  # of the member being read; None between members
        self._errors: Any = zlib.error
        self.form = form_of(self._peek(16), named)  # "gzip", "zstd"; "" for not compressed at all
        self._dictionary = self._zstd_dictionary() if self._peek(4) == ZSTD_DICTIONARY else None
        self.buffer, self.at = b"", 0
        self.in_one_piece = False  # a member was met that holds more than one record
        self.unpacked = 0  # bytes in all that `buffer` ends behind
        self._members: list[tuple[int, int]] = [(0, 0)]  # (unpacked, stored) beginning of those in `buffer`

    @property
    def offset(self) -> int:
        """Byte of the unpacked stream at which the next byte to be taken lies."""
        return self.unpacked - len(self.buffer) + self.at

    @property
    def member(self) -> int:
        """Where in the stream, as stored, the member begins to which the next byte belongs."""
        return self._first_member()[1]

    @property
    def newest(self) -> int:
        """Where the member begins that was unpacked last."""
        return self._members[-1][1]

    @property
    def at_member(self) -> bool:
        """Whether the next byte to be taken is the first of a member."""
        return bool(self.form) and self._first_member()[0] == self.offset

    @property
    def next_member(self) -> int | None:
        """Where in `buffer` another member begins, if it does."""
        first, base = self._first_member(), self.unpacked - len(self.buffer)
        return next((start - base for start, _ in self._members if start > first[0]), None)

    def _first_member(self) -> tuple[int, int]:
        while len(self._members) > 1 and self._members[1][0] <= self.offset:
            del self._members[0]
        return self._members[0]

    @property
    def _stored(self) -> int:
        """Byte of the stream as stored behind what has been handed on."""
        return self.position - len(self._raw) + self._raw_at

    def more(self) -> bool:
        """Unpack a further piece, behind what is left in `buffer`; False at the end of the stream. Raises Damage."""
        piece = self._piece()
        if piece:
            self.buffer = self.buffer[self.at :] + piece if self.at < len(self.buffer) else piece
            self.at = 0
            self.unpacked += len(piece)
        return bool(piece)

    def have(self, length: int) -> bool:
        """Have so many bytes in `buffer`; False if there are not as many. Raises Damage."""
        while len(self.buffer) - self.at < length:
            if not self.more():
                return False
        return True

    def take(self, length: int, anew: re.Pattern[bytes]) -> bytes:
        """The next `length` bytes. Raises Damage if they end before that, or a member begins that looks `anew`."""
        out = io.BytesIO()
        self.skip(length, anew, out)
        return out.getvalue()

    def skip(self, length: int, anew: re.Pattern[bytes], out: io.BytesIO | None = None) -> None:
        """`take`, into `out`; without it, nobody wants them."""
        while length > (have := len(self.buffer) - self.at):
            if out is not None:
                out.write(self.buffer[self.at :])
            length -= have
            self.at = len(self.buffer)
            if not self.more():
                raise ContainerDamage(TORN)
            if self.at_member and anew.match(self.buffer):
                raise ContainerDamage("a record ends before it says that it does")
        if out is not None:
            out.write(self.buffer[self.at : self.at + length])
        self.at += length

    def rest_of_member(self, limit: int) -> bytes:
        """All that is left of the newest member. Raises Damage, also if that is more than `limit` bytes."""
        out, member = io.BytesIO(), self.member
        while True:
            out.write(self.buffer[self.at :])
            self.at = len(self.buffer)
            if out.tell() > limit:
                raise ContainerDamage(f"more than {limit:,} bytes")
            if not self.more() or self.member != member:
                return out.getvalue()

    def restart(self, offset: int) -> None:
        """Go on at a byte of the stream as stored, where a member (or, uncompressed, a record) begins.

        A stream that cannot be rewound goes on there if it is at hand, else where it stands.
        """
        self._inflater, self.buffer, self.at = None, b"", 0
        first = self.position - len(self._raw)
        if first <= offset <= self.position:
            self._raw_at = offset - first
        elif self._stream.seekable():
            self._stream.seek(offset)
            self.position, self._raw, self._raw_at = offset, b"", 0
        self._here()

    def _here(self) -> int:
        """A member begins where the stream stands, and nothing is unpacked yet; where that is."""
        stored = self._stored
        if not self.form:
            self.unpacked = stored
        self._members = [(self.unpacked, stored)]
        return stored

    def search(self, wanted: bytes, start: int) -> int | None:
        """The first byte as stored, at or behind `start`, at which `wanted` stands, and go on there; None: nowhere."""
        self.restart(start)
        while self._refill(len(wanted)):
            at = self._raw.find(wanted, self._raw_at)
            if at >= 0:
                self._raw_at = at
                return self._here()
            self._raw_at = len(self._raw) - len(wanted) + 1
        return None

    def _peek(self, length: int) -> bytes:
        """Bytes as stored that come next, fewer at the end."""
        self._refill(length)
        return self._raw[self._raw_at : self._raw_at + length]

    def _refill(self, least: int = 1) -> bool:
        """Have at least so many bytes as stored at hand; False if there are not as many."""
        while len(self._raw) - self._raw_at < least:
            data = self._stream.read(WINDOW)
            if not data:
                return False
            self.position += len(data)
            self._raw, self._raw_at = self._raw[self._raw_at :] + data, 0
        return True

    def _piece(self) -> bytes:
        """The next unpacked bytes; empty at the end of the stream. Raises Damage."""
        while True:
            hungry = self._inflater is None or self.form == "gzip" or self._inflater.needs_input
            if hungry and not self._refill():
                if self._inflater is not None:
                    raise ContainerDamage(TORN)
                return b""
            if not self.form:
                piece = self._raw[self._raw_at :]
                self._raw_at = len(self._raw)
                return piece
            if self._inflater is None:
                self._members.append((self.unpacked, self._stored))
                self._new_inflater()
            if out := self._inflate(self._raw[self._raw_at : self._raw_at + STEP] if hungry else b""):
                return out

    def _inflate(self, data: bytes) -> bytes:
        inflater = self._inflater
        try:
            out: bytes = inflater.decompress(data) if self.form == "gzip" else inflater.decompress(data, MOST)
        except self._errors as error:
            raise ContainerDamage(str(error)) from error
        self._raw_at += len(data)
        if inflater.eof:
            self._raw_at -= len(inflater.unused_data)
            self._inflater = None
        return out

    def _new_inflater(self) -> None:
        if self.form == "gzip":
            self._inflater, self._errors = gzlib.decompressobj(zlib.MAX_WBITS + 16), (gzlib.error, zlib.error)
        else:
            self._inflater, self._errors = _zstd().ZstdDecompressor(self._dictionary), _zstd().ZstdError

    def _zstd_dictionary(self) -> Any:
        head = self._peek(8)
        length = int.from_bytes(head[4:8], "little")
        if length > LARGEST_DICTIONARY:
            raise ContainerDamage(f"its dictionary is said to be {length:,} bytes long")
        data = self._peek(8 + length)[8:]
        self._raw_at += 8 + length
        try:
            data = _zstd().decompress(data) if data.startswith(ZSTD) else data
            return _zstd().ZstdDict(data)
        except _zstd().ZstdError as error:
            raise ContainerDamage(f"its dictionary cannot be read ({error})") from error


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd  # required by Scrapy there
    except ImportError as error:
        cure = "pip install backports.zstd"
        raise MorgueError("a .warc.zst file", "no module for zstd is installed", cure) from error
    return zstd
