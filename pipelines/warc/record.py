"""Write a WARC record (its fields and its block) as one gzip member, and parse it again.

warcio writes the head of a record. The block is written as it is: warcio's own writer parses HTTP heads and would
change what it cannot parse. Spec: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

import re
import struct
import uuid
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple
from urllib.parse import quote

VERSION = "WARC/1.1"
RECORD_END = b"\r\n\r\n"  # of a record
GZIP_BITS = zlib.MAX_WBITS + 16
MAX_HEAD_BYTES = 1 << 16  # bytes within which the head of an HTTP message is looked for
SMALL_WINDOW_BITS = 12  # base 2 logarithm of bytes; smaller than zlib's, cheaper to make, for records that fit
SMALL_RECORD_BYTES, SMALL_GZIP_BITS = 1 << SMALL_WINDOW_BITS, SMALL_WINDOW_BITS + 16
SAMPLES = 5
MIN_PACKED_BYTES, SAMPLE_BYTES, MIN_DISTINCT_BYTES = (
    4096,
    256,
    140,
)  # bytes of a body that is worth a look; of a sample; different ones in a packed sample
STORED_HEADER, MAX_STORED_BYTES = (
    struct.Struct("<BHH"),
    0xFFFF,
)  # RFC 1951 section 3.2.4: header of a stored block, and the most bytes that it may hold
FOLD = re.compile(rb"\r\n[ \t]+")  # section 4: a field may be folded
SPACE = " \t\n\r\v\f"
ARCHIVE_FIELD = "Morgue-Archive"  # the field with the id of the archive that wrote a file, or a record of its journal
UUID_STEM_CHARS = len("<urn:uuid:01234567-0123-")  # of an id that the ids of a file's later warcinfo records share
LATER_WARCINFO_ID = re.compile(r"<urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}>")
LINE_BREAKING = re.compile(r"[\x00\r\n]")
BASE_32_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 section 6
BASE_32_PAIRS = [
    one + other for one in BASE_32_LETTERS for other in BASE_32_LETTERS
]  # for ten bits each; the library takes twice as long
SHA1_SHIFTS = range(150, -1, -10)  # of the 160 bits of a SHA-1
VISIBLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class RecordLocation(NamedTuple):
    """Name the place of a record in a WARC file."""

    file: str  # name of the file, without the `.open` that it has while it is written
    offset: int  # bytes from the start of the file to the record's gzip member
    length: int  # bytes of that member


class WarcFields(tuple[tuple[str, str], ...]):
    """Hold the named fields of a record in their order: names are matched without case, and may repeat."""

    first: dict[str, str]

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        wanted = name.lower()
        return [value for field, value in self if field.lower() == wanted]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a field."""
        return self.first.get(name.lower(), default)

    def __getattr__(self, name: str) -> dict[str, str]:
        """Make `first` when it is first used: the first value of each field, by its name in lower case."""
        if name != "first":
            raise AttributeError(name)
        self.first = {field.lower(): value for field, value in reversed(self)}
        return self.first


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """Hold the fields and the block of a WARC record. `gzip_member` adds Content-Length."""

    fields: WarcFields
    block: bytes


def is_capture(fields: WarcFields) -> bool:
    """Return True if a record with these fields gets a row in `captures`.

    An answer does, and so does the note about an imported file. For a failed exchange of ours it is the metadata record
    that says why. Other metadata gets no row: bytes received instead of an answer, a crawl's journal, notes of foreign
    crawlers.
    """
    first = fields.first
    if "warc-target-uri" not in first:
        return False
    kind = first.get("warc-type")
    if kind == "metadata" and first.get("content-type") == "application/warc-fields":
        return "morgue-error" in first or first.get("morgue-kind") == "import"
    return kind in ("response", "revisit")


def new_id() -> str:
    """Return a new WARC-Record-ID (section 5.1)."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def later_warcinfo_id(first_id: str, offset: int) -> str:
    """Return an id for the warcinfo record at an offset of a file whose first warcinfo record is called `first_id`.

    It is a UUID of version 8 (RFC 9562 section 5.8): 48 bits of the first id, 26 random bits, 48 bits of the offset. So
    a reader recognises the warcinfo records of a file, even those that it did not read, and finds them.
    """
    chance = uuid.uuid4().hex
    return f"{first_id[:UUID_STEM_CHARS]}8{chance[:3]}-{chance[16:20]}-{offset:012x}>"


def warcinfo_offset(first_id: str, warcinfo_id: str) -> int | None:
    """Return where in a file the warcinfo record of this id is; None if it is no warcinfo record of the file.

    `first_id`: of the file's first warcinfo record.

    >>> first = "<urn:uuid:aa4c2b9e-71d3-4f6e-9d3c-08b2f1a96e55>"
    >>> warcinfo_offset(first, first), warcinfo_offset(first, later_warcinfo_id(first, 70_000))
    (0, 70000)
    >>> warcinfo_offset(first, new_id())
    """
    if warcinfo_id == first_id:
        return 0
    if not LATER_WARCINFO_ID.fullmatch(warcinfo_id) or warcinfo_id[:UUID_STEM_CHARS] != first_id[:UUID_STEM_CHARS]:
        return None
    return int(warcinfo_id[-13:-1], 16)


def digest(*parts: bytes | memoryview) -> str:
    """Return the labelled digest (section 5.8) of bytes: SHA-1 in base 32, the form that every tool reads."""
    state = sha1(usedforsecurity=False)
    for part in parts:
        state.update(part)
    number = int.from_bytes(state.digest(), "big")
    return "sha1:" + "".join([BASE_32_PAIRS[number >> shift & 0x3FF] for shift in SHA1_SHIFTS])


def target_uri(url: str) -> str:
    """Return a URL as WARC-Target-URI: all but visible ASCII is percent-encoded (RFC 3986 section 2.1)."""
    return quote(url, safe=VISIBLE_ASCII)


def warc_fields(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return a block of type application/warc-fields. Raises ValueError for a value that would break its line."""
    return "".join(f"{name}: {one_line(name, value)}\r\n" for name, value in pairs).encode()


def one_line(name: str, value: str) -> str:
    """Return `value` if it fits on one line. Raises ValueError: CR, LF or NUL would forge a field (section 4)."""
    if LINE_BREAKING.search(value):
        raise ValueError(f"{name} holds a line break or NUL: {value!r}")
    return value


def gzip_member(record: WarcRecord, level: int = 6) -> bytes:
    """Return a record as one gzip member. Raises ValueError for a field that would break its line."""
    from warcio.statusandheaders import StatusAndHeaders  # takes 50 ms, which commands that only read save

    fields, block = record.fields, record.block
    if LINE_BREAKING.search("".join([value for _name, value in fields])):
        for name, value in fields:
            one_line(name, value)
    head = StatusAndHeaders("", [*fields, ("Content-Length", str(len(block)))], protocol=VERSION)
    start = head.to_bytes(encoding="utf-8")
    cut = block.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES) + len(RECORD_END)
    if cut >= len(RECORD_END) and _is_packed(body := memoryview(block)[cut:]):
        return _stored(start + block[:cut], body, level)
    if len(start) + len(block) + len(RECORD_END) <= SMALL_RECORD_BYTES:
        return zlib.compress(start + block + RECORD_END, level, SMALL_GZIP_BITS)
    squeeze = zlib.compressobj(level, zlib.DEFLATED, GZIP_BITS)
    return b"".join([squeeze.compress(start), squeeze.compress(block), squeeze.compress(RECORD_END), squeeze.flush()])


def _is_packed(body: memoryview) -> bool:
    """Return True if samples say that deflating a body would hardly make it smaller.

    Most bodies come gzip-coded, and pictures are packed. 256 random bytes have 162 different values; 256 bytes of a
    text, in any encoding, hardly ever have 140.
    """
    if len(body) < MIN_PACKED_BYTES:
        return False
    step = len(body) // SAMPLES
    return all(
        len(set(bytes(body[at : at + SAMPLE_BYTES]))) > MIN_DISTINCT_BYTES for at in range(step // 2, len(body), step)
    )


def _stored(start: bytes, body: memoryview, level: int) -> bytes:
    """Return a gzip member of `start`, deflated, and a body in stored blocks, as it is (RFC 1951 section 3.2.4).

    If zlib deflated such a body, readers would get the same, at the same size, and it would take most of the time of a
    recording.
    """
    squeeze = zlib.compressobj(
        level, zlib.DEFLATED, -(SMALL_WINDOW_BITS if len(start) < SMALL_RECORD_BYTES else zlib.MAX_WBITS)
    )
    parts: list[bytes | memoryview] = [_gzip_header(level), squeeze.compress(start), squeeze.flush(zlib.Z_FULL_FLUSH)]
    for at in range(0, len(body), MAX_STORED_BYTES):
        piece = body[at : at + MAX_STORED_BYTES]
        parts += [STORED_HEADER.pack(0, len(piece), len(piece) ^ 0xFFFF), piece]
    parts += [STORED_HEADER.pack(1, len(RECORD_END), len(RECORD_END) ^ 0xFFFF), RECORD_END]
    checksum = zlib.crc32(RECORD_END, zlib.crc32(body, zlib.crc32(start)))
    parts.append(struct.pack("<II", checksum, (len(start) + len(body) + len(RECORD_END)) & 0xFFFFFFFF))
    return b"".join(parts)


@lru_cache
def _gzip_header(level: int) -> bytes:
    """Return the ten bytes with which zlib begins a member."""
    return zlib.compressobj(level, zlib.DEFLATED, GZIP_BITS).flush()[:10]


def parse_record(data: bytes) -> WarcRecord:
    """Return the record in an inflated member. Raises ValueError if it is not exactly one whole record."""
    end = data.find(b"\r\n\r\n")
    if not data.startswith(b"WARC/1.") or end < 0:
        raise ValueError("no WARC record")
    fields = parse_fields(data[:end])
    length = fields.get("Content-Length") or ""
    if not length.isdigit():
        raise ValueError("a WARC record without Content-Length")
    start, stop = end + 4, end + 4 + int(length)
    if data[stop:] != b"\r\n\r\n" or stop > len(data):
        raise ValueError("a WARC record that does not end where it says")
    return WarcRecord(fields, data[start:stop])


def parse_fields(head: bytes) -> WarcFields:
    """Return the named fields of a record's head, without its first line."""
    head = FOLD.sub(b" ", head)
    try:
        text = head.decode()
    except UnicodeDecodeError:  # each line is decoded by itself: the others may be UTF-8
        text = "\r\n".join(map(_text, head.split(b"\r\n")))
    pairs = [line.partition(":") for line in text.split("\r\n")[1:]]
    return WarcFields([(name.strip(SPACE), value.strip(SPACE)) for name, colon, value in pairs if colon])


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
