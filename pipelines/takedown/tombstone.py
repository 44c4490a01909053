"""Replace records in a WARC file by tombstones of the same length, so that no other record moves.

Indexes everywhere remember offsets, so no byte after a removed record may move. A tombstone is a metadata record
(WARC 1.1 section 6.6) that says what was removed, when and why. A field `padding`, stored without compression, fills
what its gzip member lacks in length. A journal record that has lost lines is padded in the same way.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import MorgueError, os_errors
from pipelines.core.timestamps import fine_stamp
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import VERSION, WarcRecord, digest, new_id, one_line, warc_fields
from pipelines.warc.storage import PART_SUFFIX, WarcStorage

MAX_EXTRA_FIELD_BYTES = 4096  # in a gzip header; readers take a longer extra field for the end of the file
MAX_STORED_BLOCK_BYTES = 65_535  # RFC 1951 section 3.2.4
MAX_FIELDS_BYTES = 65_536  # of a tombstone, without its padding
COPY_CHUNK_BYTES = 1 << 20
URL_FIELD, RECORD_FIELD, REASON_FIELD = "removed-uri", "removed-record", "reason"
PART_FIELD = "removed-with"  # its value: "page"; the address itself was not taken down, and may come again
MOVED_FIELD, MOVED_RECORD_FIELD = "moved-uri", "moved-record"


class MemberSpan(NamedTuple):
    """Neighbouring gzip members of a file, and the one member that replaces them."""

    offset: int
    length: int
    data: bytes  # of exactly this length


class Tombstone(NamedTuple):
    """Hold what a tombstone is to say."""

    url: str
    record_ids: tuple[str, ...]  # WARC-Record-IDs of what was removed
    date: str  # WARC-Date of what was removed
    removed: datetime
    reason: str
    is_part: bool = False  # of a page that was taken down, and of no other


class TombstoneNotice(NamedTuple):
    """Hold what a tombstone in a WARC file says."""

    url: str
    time: str  # when the records were removed: WARC-Date, to the second
    reason: str
    is_part: bool  # of a page that was taken down: its address itself was not


def notice_of(member: StoredRecord) -> TombstoneNotice | None:
    """Return what a tombstone says; None for any other record."""
    if member.headers.get("WARC-Type") != "metadata" or not _is_tombstone(member.block):
        return None
    text = member.block[:MAX_FIELDS_BYTES].decode("utf-8", "replace")
    lines = dict(line.partition(": ")[::2] for line in text.split("\r\n"))
    time = (member.headers.get("WARC-Date") or "")[:19] + "Z"
    return TombstoneNotice(lines.get(URL_FIELD, ""), time, lines.get(REASON_FIELD, ""), PART_FIELD in lines)


def removed_record_ids(block: bytes) -> set[str]:
    """Return the WARC-Record-IDs that a tombstone's block names; nothing for any other block."""
    if not _is_tombstone(block):
        return set()
    prefix = f"{RECORD_FIELD}: ".encode()
    lines = block[:MAX_FIELDS_BYTES].split(b"\r\n")
    return {line.removeprefix(prefix).decode("utf-8", "replace") for line in lines if line.startswith(prefix)}


def _is_tombstone(block: bytes) -> bool:
    return block.startswith(f"{URL_FIELD}: ".encode())


def tombstone_member(tombstone: Tombstone, length: int) -> bytes:
    """Return a tombstone as a gzip member of exactly `length` bytes.

    Where there is little room, it leaves out the record ids, then date and reason, then the URL. Raises MorgueError if
    not even an empty tombstone fits.
    """
    url = [(URL_FIELD, tombstone.url), *([(PART_FIELD, "page")] if tombstone.is_part else [])]
    # The ids are not given in WARC-Refers-To: that field may only name records that exist.
    about = [
        *url,
        ("captured", tombstone.date),
        (REASON_FIELD, " ".join(tombstone.reason.split())),
    ]
    record_ids = [(RECORD_FIELD, record_id) for record_id in tombstone.record_ids]
    return _note(tombstone.url, ([*about, *record_ids], about, url, []), tombstone.removed, length)


def moved_member(url: str, record_ids: Sequence[str], moved: datetime, length: int) -> bytes:
    """Return a note in the place of an exchange that is in another file now, as a gzip member of `length` bytes.

    The records keep their ids there. Where there is little room, the note leaves out the ids, then the URL. Raises
    MorgueError if not even an empty note fits.
    """
    about = [(MOVED_FIELD, url)]
    return _note(url, ([*about, *((MOVED_RECORD_FIELD, one) for one in record_ids)], about, []), moved, length)


def _note(url: str, versions: Iterable[Sequence[tuple[str, str]]], time: datetime, length: int) -> bytes:
    """Return a metadata record with the first version of its fields that fits. Raises MorgueError if none does."""
    head = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(time)),
        ("Content-Type", "application/warc-fields"),
    ]
    for fields in versions:
        member = padded_member(head, warc_fields(fields), b"padding: ", b"\r\n", length)
        if member is not None:
            return member
    raise MorgueError(url, f"a tombstone does not fit into the {length} bytes of its record")


def journal_member_without(
    record: WarcRecord, drop: Callable[[str, dict[str, object]], bool], length: int
) -> bytes | None:
    """Return a journal record without the rows for which `drop(table, row)` is true, as a member of `length` bytes.

    Return None if it has no such row. Raises MorgueError if the shorter record does not fit.
    """
    lines = record.block.split(b"\n")
    remaining = [line for line in lines if not (line and drop(*next(iter(json.loads(line).items()))))]
    if len(remaining) == len(lines):
        return None
    fields = [(name, value) for name, value in record.fields if name not in ("Content-Length", "WARC-Block-Digest")]
    # Another program may have compressed the record better than we can. Then fields that can be spared are left out.
    for spared in ((), ("WARC-Warcinfo-ID",), ("WARC-Warcinfo-ID", "WARC-Date")):
        left = [(name, value) for name, value in fields if name not in spared]
        member = padded_member(left, b"\n".join(remaining), b'{"padding":{"gone":"', b'"}}\n', length)
        if member is not None:
            return member
    cause = "a shorter journal record does not fit into the place of the old one"
    raise MorgueError(record.fields.get("WARC-Record-ID") or "", cause, "report this; nothing was removed")


def padded_member(
    fields: Sequence[tuple[str, str]], block: bytes, opening: bytes, closing: bytes, length: int
) -> bytes | None:
    """Return a record as a gzip member of exactly `length` bytes; None if it is longer than that.

    A last line of the block (`opening`, zeros, `closing`) and a few bytes in the gzip header fill the length.
    """
    room = length - len(_deflated_member(fields, block, 0))
    if 0 <= room <= MAX_EXTRA_FIELD_BYTES:
        return _deflated_member(fields, block, room)
    padding = length - len(_stored_member(fields, block, b"", 0))
    if padding < 0:
        return None
    while padding > 0:
        member = _stored_member(fields, block, opening + b"0" * padding + closing, 0)
        if len(member) <= length:
            return _stored_member(fields, block, opening + b"0" * padding + closing, length - len(member))
        padding -= len(member) - length
    return None


def _deflated_member(fields: Sequence[tuple[str, str]], block: bytes, extra: int) -> bytes:
    """Return a gzip member that is deflated as a whole, with a header `extra` bytes longer than needed."""
    whole = _record_head(fields, block) + block + b"\r\n\r\n"
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join([_gzip_header(extra), deflater.compress(whole), deflater.flush(), _gzip_trailer(whole)])


def _stored_member(fields: Sequence[tuple[str, str]], block: bytes, padding: bytes, extra: int) -> bytes:
    """Return a gzip member (RFC 1952) whose `padding` is stored, with a header `extra` bytes longer than needed."""
    start, end = _record_head(fields, block + padding) + block, padding + b"\r\n\r\n"
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = [deflater.compress(start), deflater.flush(zlib.Z_FULL_FLUSH)]  # a full flush ends on a whole byte
    for at in range(0, len(end), MAX_STORED_BLOCK_BYTES):
        part = end[at : at + MAX_STORED_BLOCK_BYTES]
        last = at + MAX_STORED_BLOCK_BYTES >= len(end)
        body.append(struct.pack("<BHH", int(last), len(part), len(part) ^ 0xFFFF) + part)
    return b"".join([_gzip_header(extra), *body, _gzip_trailer(start + end)])


def _record_head(fields: Sequence[tuple[str, str]], block: bytes) -> bytes:
    named = [*fields, ("WARC-Block-Digest", digest(block)), ("Content-Length", str(len(block)))]
    lines = "".join(f"{name}: {one_line(name, value)}\r\n" for name, value in named)
    return f"{VERSION}\r\n{lines}\r\n".encode()


def _gzip_trailer(whole: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(whole), len(whole) & 0xFFFFFFFF)


def _gzip_header(extra: int) -> bytes:
    """Return a gzip header without time and name, `extra` bytes longer than needed.

    An empty file name takes one byte; an extra field takes two or more.
    """
    flags = 0 if extra == 0 else 8 if extra == 1 else 4
    header = struct.pack("<2sBBIBB", b"\x1f\x8b", 8, flags, 0, 0, 255)
    if extra == 1:
        return header + b"\0"
    return header + (struct.pack("<H", extra - 2) + bytes(extra - 2) if extra else b"")


def write_copy(storage: WarcStorage, file: str, spans: Sequence[MemberSpan]) -> str:
    """Write a copy of a file beside it, with the spans replaced, and return its name. The copy is durable.

    Raises MorgueError.
    """
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
    """Copy the next `length` bytes (None: all that are left)."""
    while length is None or length > 0:
        data = old.read(COPY_CHUNK_BYTES if length is None else min(COPY_CHUNK_BYTES, length))
        if not data:
            return
        new.write(data)
        length = None if length is None else length - len(data)
