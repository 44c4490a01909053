"""Unpack a stream of records piece by piece, so that memory does not depend on what the stream holds."""

from __future__ import annotations

import io
import re
import sys
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any, BinaryIO

from pipelines.core.errors import MorgueError
from pipelines.warc.reader import TORN

try:  # twice as fast; `pip install newsmorgue[fast]`
    from isal import isal_zlib as gzlib
except ImportError:
    gzlib = zlib

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
ZSTD_DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"  # of a skippable frame before the first record (warc-zstd 1.0)
UNCOMPRESSED_START = re.compile(rb"WARC/\d|filedesc:")
READ_BYTES = 1 << 18  # read from disk at once
INFLATE_INPUT_BYTES = 16_384  # inflated at once; small, because zlib copies the input that it does not use
MAX_ZSTD_OUTPUT_BYTES = 1 << 20  # of one step; deflate has a limit of its own: a thousand times its input
MAX_DICTIONARY_BYTES = 1 << 24
MAX_PROBE_BYTES = 1 << 14  # unpacked to see what a member holds
MAX_ZSTD_BLOCK_BYTES = 1 << 17  # RFC 8878, 3.1.1.2.4: nothing comes out before a block is complete
PROBE_STEP_BYTES = 256  # unpacked at once then: so much may be lost before an error
LINE_BREAKS = re.compile(rb"[\r\n]*")

RecordStartCheck = Callable[[bytes, int], bool]  # does a record begin in these bytes at this index?


class ContainerDamage(Exception):
    """Say that bytes cannot be read; the text says why, for people."""


def is_record_stream(start: bytes) -> bool:
    """Return True if a WARC or ARC file can begin with these bytes."""
    known = start.startswith((GZIP_MAGIC, ZSTD_MAGIC, ZSTD_DICTIONARY_MAGIC))
    return known or UNCOMPRESSED_START.match(start) is not None


def compression_of(start: bytes, name: str) -> str:
    """Return how a stream that begins with these bytes is compressed: "gzip", "zstd" or "" (not at all).

    Where the bytes are damaged, the suffix of its name decides.
    """
    if start.startswith(GZIP_MAGIC):
        return "gzip"
    if start.startswith((ZSTD_MAGIC, ZSTD_DICTIONARY_MAGIC)):
        return "zstd"
    if UNCOMPRESSED_START.match(start) or not name.lower().endswith((".gz", ".zst")):
        return ""
    return "gzip" if name.lower().endswith(".gz") else "zstd"


class UnpackedStream:
    """Unpack a stream of records, and take or skip what it unpacks to.

    `buffer[at:]` holds the bytes that are unpacked and not taken yet. Gzip and zstd streams consist of members; most
    programs write one member per record. An offset that is called "stored" counts bytes of the stream as it is stored.
    """

    def __init__(self, stream: BinaryIO, name: str = "") -> None:
        """`name`: as in RecordStream.

        Raises ContainerDamage if the dictionary of a zstd stream cannot be read, MorgueError if no zstd module is
        installed.
        """
        self._stream = stream
        self.position = 0  # stored bytes that were read, for the progress bar
        self._raw = b""  # stored bytes
        self._raw_at = 0  # how many of `_raw` were passed to the inflater
        self._inflater: Any = None  # of the member being read; None between members
        self._errors: Any = zlib.error
        self.compression = compression_of(self.peek(16), name)  # "gzip", "zstd", ""
        self._dictionary = self._zstd_dictionary() if self.peek(4) == ZSTD_DICTIONARY_MAGIC else None
        self.buffer, self.at = b"", 0
        self.in_one_piece = False  # a member was met that holds more than one record
        self.unpacked = 0  # bytes unpacked in all, up to the end of `buffer`
        self._members = deque([(0, 0)])  # (unpacked, stored) offset of the members in `buffer`; both ascend

    @property
    def offset(self) -> int:
        """Unpacked offset of the next byte to be taken."""
        return self.unpacked - len(self.buffer) + self.at

    @property
    def member(self) -> int:
        """Stored offset of the member to which the next byte belongs."""
        return self._first_member()[1]

    @property
    def newest_member(self) -> int:
        """Stored offset of the member that was unpacked last."""
        return self._members[-1][1]

    @property
    def at_member(self) -> bool:
        """True if the next byte to be taken is the first of a member."""
        return bool(self.compression) and self._first_member()[0] == self.offset

    @property
    def is_checked(self) -> bool:
        """True if a checksum covers the record that was taken last: the gzip member that holds it has ended."""
        return self.compression == "gzip" and (self._inflater is None or self.at_member)

    @property
    def next_member(self) -> int | None:
        """Index in `buffer` of the beginning of another member, or None."""
        self._first_member()
        return self._members[1][0] - self.unpacked + len(self.buffer) if len(self._members) > 1 else None

    def _first_member(self) -> tuple[int, int]:
        while len(self._members) > 1 and self._members[1][0] <= self.offset:
            self._members.popleft()
        return self._members[0]

    @property
    def stored_offset(self) -> int:
        """Stored offset of the next byte to be unpacked."""
        return self.position - len(self._raw) + self._raw_at

    def unpack_more(self) -> bool:
        """Append a piece to what is left in `buffer`. Return False at the end of the stream. Raises ContainerDamage."""
        piece = self._piece()
        if piece:
            self.buffer = self.buffer[self.at :] + piece if self.at < len(self.buffer) else piece
            self.at = 0
            self.unpacked += len(piece)
        return bool(piece)

    def fill(self, length: int) -> bool:
        """Unpack until `buffer` holds `length` bytes. Return False if the stream has fewer. Raises ContainerDamage."""
        while len(self.buffer) - self.at < length:
            if not self.unpack_more():
                return False
        return True

    def skip_line_breaks(self) -> int | None:
        """Pass over line breaks. Return how many there are; None at the end of the stream. Raises ContainerDamage."""
        count = 0
        while self.fill(1):
            end = LINE_BREAKS.match(self.buffer, self.at).end()  # type: ignore[union-attr]  # it matches everything
            count += self.buffer.count(b"\n", self.at, end)
            self.at = end
            if end < len(self.buffer):
                return count
        return None

    def take(self, length: int, begins_record: RecordStartCheck) -> bytes:
        """Return the next `length` bytes.

        Raises ContainerDamage if the stream ends before that, or if a member begins there that begins a record.
        """
        out = io.BytesIO()
        self.skip(length, begins_record, out)
        return out.getvalue()

    def skip(self, length: int, begins_record: RecordStartCheck, out: io.BytesIO | None = None) -> None:
        """Pass over the next `length` bytes, or write them to `out`. Raises ContainerDamage as `take` does."""
        while length > (held := len(self.buffer) - self.at):
            if out is not None:
                out.write(self.buffer[self.at :])
            length -= held
            self.at = len(self.buffer)
            if not self.unpack_more():
                raise ContainerDamage(TORN)
            if self.at_member and begins_record(self.buffer, self.at):
                raise ContainerDamage("a record ends before it says that it does")
        if out is not None:
            out.write(self.buffer[self.at : self.at + length])
        self.at += length

    def rest_of_member(self, limit: int) -> bytes:
        """Return all that is left of the newest member. Raises ContainerDamage, also if it has over `limit` bytes."""
        out, member = io.BytesIO(), self.member
        while True:
            out.write(self.buffer[self.at :])
            self.at = len(self.buffer)
            if out.tell() > limit:
                raise ContainerDamage(f"more than {limit:,} bytes")
            if not self.unpack_more() or self.member != member:
                return out.getvalue()

    def restart(self, offset: int, unpacked: int | None = None) -> None:
        """Go on at a stored offset, where a member (or, uncompressed, a record) begins; `unpacked`: its offset there.

        A stream that cannot be rewound goes on there only if these bytes are still in memory, else where it is.
        """
        self._inflater, self.buffer, self.at = None, b"", 0
        self.unpacked = self.unpacked if unpacked is None else unpacked
        first = self.position - len(self._raw)
        if first <= offset <= self.position:
            self._raw_at = offset - first
        elif self._stream.seekable():
            self._stream.seek(offset)
            self.position, self._raw, self._raw_at = offset, b"", 0
        self._begin_member()

    def _begin_member(self) -> int:
        """Note that a member begins here and nothing is unpacked yet. Return its stored offset."""
        stored = self.stored_offset
        if not self.compression:
            self.unpacked = stored
        self._members = deque([(self.unpacked, stored)])
        return stored

    def search(self, wanted: bytes, start: int) -> int | None:
        """Go to the first stored offset, from `start` on, at which `wanted` is found. Return it, or None."""
        self.restart(start)
        while self._refill(len(wanted)):
            at = self._raw.find(wanted, self._raw_at)
            if at >= 0:
                self._raw_at = at
                return self._begin_member()
            self._raw_at = len(self._raw) - len(wanted) + 1
        return None

    def probe(self, limit: int = MAX_PROBE_BYTES) -> tuple[bytes, str]:
        """Return about the first `limit` bytes of the member that begins here, and why there are no more, if known.

        The position does not change. Of a damaged member, what comes before the damage is returned.
        """
        inflater, errors = self._new_inflater(zlib)
        wanted = 2 * limit if self.compression == "gzip" else MAX_ZSTD_BLOCK_BYTES + 2 * limit
        data, out = self.peek(wanted), bytearray()
        try:
            for at in range(0, len(data), PROBE_STEP_BYTES):
                piece = data[at : at + PROBE_STEP_BYTES]
                while len(out) < limit and not inflater.eof:
                    more = inflater.decompress(piece, PROBE_STEP_BYTES)
                    out += more
                    piece = inflater.unconsumed_tail if self.compression == "gzip" else b""
                    if not piece and len(more) < PROBE_STEP_BYTES:
                        break
                if len(out) >= limit or inflater.eof:
                    return bytes(out), ""
        except errors as error:
            return bytes(out), str(error)
        return bytes(out), TORN if len(data) < wanted else ""

    def unread(self) -> int:
        """Return how many stored bytes are not unpacked yet; if the stream cannot be rewound, those that were seen."""
        if not self._stream.seekable():
            return self.position - self.stored_offset
        end = self._stream.seek(0, io.SEEK_END)
        self._stream.seek(self.position)
        return end - self.stored_offset

    def peek(self, length: int) -> bytes:
        """Return the next stored bytes without taking them, fewer at the end."""
        self._refill(length)
        return self._raw[self._raw_at : self._raw_at + length]

    def _refill(self, length: int = 1) -> bool:
        """Read until at least `length` stored bytes are in memory. Return False if the stream has fewer."""
        while len(self._raw) - self._raw_at < length:
            data = self._stream.read(READ_BYTES)
            if not data:
                return False
            self.position += len(data)
            self._raw, self._raw_at = self._raw[self._raw_at :] + data, 0
        return True

    def _piece(self) -> bytes:
        """Return the next unpacked bytes, b"" at the end of the stream. Raises ContainerDamage."""
        while True:
            needs_input = self._inflater is None or self.compression == "gzip" or self._inflater.needs_input
            if needs_input and not self._refill():
                if self._inflater is not None:
                    raise ContainerDamage(TORN)
                return b""
            if not self.compression:
                piece = self._raw[self._raw_at :]
                self._raw_at = len(self._raw)
                return piece
            if self._inflater is None:
                if self._members[-1][0] == self.unpacked:  # what came before holds nothing
                    self._members.pop()
                self._members.append((self.unpacked, self.stored_offset))
                self._inflater, self._errors = self._new_inflater()
            if out := self._inflate(
                self._raw[self._raw_at : self._raw_at + INFLATE_INPUT_BYTES] if needs_input else b""
            ):
                return out

    def _inflate(self, data: bytes) -> bytes:
        inflater, is_gzip = self._inflater, self.compression == "gzip"
        try:
            out: bytes = inflater.decompress(data) if is_gzip else inflater.decompress(data, MAX_ZSTD_OUTPUT_BYTES)
        except self._errors as error:
            raise ContainerDamage(str(error)) from error
        self._raw_at += len(data)
        if inflater.eof:
            self._raw_at -= len(inflater.unused_data)
            self._inflater = None
        return out

    def _new_inflater(self, gzip: Any = gzlib) -> tuple[Any, Any]:
        """Return the inflater for a member, and the errors that it may raise."""
        if self.compression == "gzip":
            return gzip.decompressobj(zlib.MAX_WBITS + 16), (gzlib.error, zlib.error)
        return _zstd().ZstdDecompressor(self._dictionary), _zstd().ZstdError

    def _zstd_dictionary(self) -> Any:
        head = self.peek(8)
        length = int.from_bytes(head[4:8], "little")
        if length > MAX_DICTIONARY_BYTES:
            raise ContainerDamage(f"its dictionary is said to be {length:,} bytes long")
        data = self.peek(8 + length)[8:]
        self._raw_at += 8 + length
        try:
            data = _zstd().decompress(data) if data.startswith(ZSTD_MAGIC) else data
            return _zstd().ZstdDict(data)
        except (_zstd().ZstdError, ValueError) as error:  # ValueError: it is too short to be one
            raise ContainerDamage(f"its dictionary cannot be read ({error})") from error


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd  # Scrapy requires it there
    except ImportError as error:
        cure = "pip install backports.zstd"
        raise MorgueError("a .warc.zst file", "no module for zstd is installed", cure) from error
    return zstd
