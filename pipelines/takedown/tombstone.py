"""Records taken out of a WARC file without moving any other: in their place, in just their length, stands a tombstone.

Offsets are what indexes everywhere remember, so no byte behind a removed record may move. A tombstone is a metadata
record (WARC 1.1 section 6.6) that says what stood there, when and why it was taken away. What its gzip member lacks in
length is filled with a field `padding`, stored without compression; a journal record that has lost lines likewise.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import MorgueError, os_errors
from pipelines.core.timestamps import fine_stamp
from pipelines.warc.record import VERSION, WarcRecord, digest, new_id, one_line, warc_fields
from pipelines.warc.storage import PART_SUFFIX, WarcStorage

MOST_EXTRA = 4096  # bytes of a gzip header's extra field; readers take a longer one for the end of the file
LARGEST_STORED = 65_535  # bytes of a stored block (RFC 1951 section 3.2.4)
COPY = 1 << 20  # bytes copied at a time


class MemberSpan(NamedTuple):
    """Neighbouring gzip members that give way to one."""

    offset: int
    length: int
    data: bytes  # the member that takes their place, as long as they are together


class Tombstone(NamedTuple):
    """What a tombstone says."""

    url: str
    records: tuple[str, ...]  # WARC-Record-IDs that stood there
    date: str  # WARC-Date of what stood there
    removed: datetime
    reason: str


def tombstone(grave: Tombstone, length: int) -> bytes:
    """A gzip member of `length` bytes. Raises MorgueError if not even the shortest one fits."""
    # Not WARC-Refers-To: what it names must be there.
    said = [("removed-uri", grave.url), ("captured", grave.date), ("reason", " ".join(grave.reason.split()))]
    records = [("removed-record", record_id) for record_id in grave.records]
    head = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(grave.removed)),
        ("Content-Type", "application/warc-fields"),
    ]
    for text in ([*said, *records], said, said[:1], []):
        member = _fitted(head, warc_fields(text), b"padding: ", b"\r\n", length)
        if member is not None:
            return member
    raise MorgueError(grave.url, f"a tombstone does not fit into the {length} bytes of its record")


def without(record: WarcRecord, drop: Callable[[str, dict[str, object]], bool], length: int) -> bytes | None:
    """A journal record without the rows for which `drop(table, row)` holds, as a member of `length` bytes.

    None if there is no such row in it. Raises MorgueError.
    """
    lines = record.block.split(b"\n")
    kept = [line for line in lines if not (line and drop(*next(iter(json.loads(line).items()))))]
    if len(kept) == len(lines):
        return None
    fields = [(name, value) for name, value in record.fields if name not in ("Content-Length", "WARC-Block-Digest")]
    # Another compressor may have done better than ours: then what can be spared goes.
    for spared in ((), ("WARC-Warcinfo-ID",), ("WARC-Warcinfo-ID", "WARC-Date")):
        left = [(name, value) for name, value in fields if name not in spared]
        member = _fitted(left, b"\n".join(kept), b'{"padding":{"gone":"', b'"}}\n', length)
        if member is not None:
            return member
    cause = "a shorter journal record does not fit its place"
    raise MorgueError(record.fields.get("WARC-Record-ID") or "", cause, "report this; nothing was taken away")


def _fitted(
    fields: Sequence[tuple[str, str]], block: bytes, opening: bytes, closing: bytes, length: int
) -> bytes | None:
    """A record as a gzip member of exactly `length` bytes: padded by a last line, and by a few bytes in its header."""
    room = length - len(_packed(fields, block, 0))
    if 0 <= room <= MOST_EXTRA:
        return _packed(fields, block, room)
    padding = length - len(_member(fields, block, b"", 0))
    if padding < 0:
        return None
    while padding > 0:
        member = _member(fields, block, opening + b"0" * padding + closing, 0)
        if len(member) <= length:
            return _member(fields, block, opening + b"0" * padding + closing, length - len(member))
        padding -= len(member) - length
    return None


def _packed(fields: Sequence[tuple[str, str]], block: bytes, extra: int) -> bytes:
    """A gzip member all of which is deflated, and whose header is `extra` bytes longer than needed."""
    whole = _head(fields, block) + block + b"\r\n\r\n"
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join([_gzip_head(extra), squeeze.compress(whole), squeeze.flush(), _gzip_tail(whole)])


def _head(fields: Sequence[tuple[str, str]], block: bytes) -> bytes:
    named = [*fields, ("WARC-Block-Digest", digest(block)), ("Content-Length", str(len(block)))]
    lines = "".join(f"{name}: {one_line(name, value)}\r\n" for name, value in named)
    return f"{VERSION}\r\n{lines}\r\n".encode()


def _member(fields: Sequence[tuple[str, str]], block: bytes, padding: bytes, extra: int) -> bytes:
    """A gzip member (RFC 1952) whose `padding` is stored, and whose header is `extra` bytes longer than needed."""
    start, end = _head(fields, block + padding) + block, padding + b"\r\n\r\n"
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = [squeeze.compress(start), squeeze.flush(zlib.Z_FULL_FLUSH)]  # ends on a byte's edge
    for at in range(0, len(end), LARGEST_STORED):
        part = end[at : at + LARGEST_STORED]
        last = at + LARGEST_STORED >= len(end)
        body.append(struct.pack("<BHH", int(last), len(part), len(part) ^ 0xFFFF) + part)
    return b"".join([_gzip_head(extra), *body, _gzip_tail(start + end)])


def _gzip_tail(whole: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(whole), len(whole) & 0xFFFFFFFF)


def _gzip_head(extra: int) -> bytes:
    """A header without time and name: with an empty name for one more byte, with an extra field for more."""
    flags = 0 if extra == 0 else 8 if extra == 1 else 4
    head = struct.pack("<2sBBIBB", b"\x1f\x8b", 8, flags, 0, 0, 255)
    if extra == 1:
        return head + b"\0"
    return head + (struct.pack("<H", extra - 2) + bytes(extra - 2) if extra else b"")


def rewrite(storage: WarcStorage, file: str, spans: Sequence[MemberSpan]) -> str:
    """Write a durable copy of a WARC file with spans in their places; return its name. Raises MorgueError."""
    part = file + PART_SUFFIX
    with os_errors(storage.location(part)):
        try:
            with storage.open(file) as old, storage.create_part(file) as new:
                for span in sorted(spans):
                    _copy(old, new, span.offset - old.tell())
                    assert len(span.data) == span.length
                    new.write(span.data)
                    old.seek(span.length, os.SEEK_CUR)
                _copy(old, new, None)
                new.flush()
                os.fsync(new.fileno())
        except BaseException:
            storage.discard_part(file)
            raise
    return part


def _copy(old: BinaryIO, new: BinaryIO, length: int | None) -> None:
    """The next `length` bytes, or all that are left."""
    while length is None or length > 0:
        data = old.read(COPY if length is None else min(COPY, length))
        if not data:
            return
        new.write(data)
        length = None if length is None else length - len(data)
