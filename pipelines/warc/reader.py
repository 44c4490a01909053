"""Read WARC files back: one record by its place, or all in order in time linear in the file's size."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.plural import counted
from pipelines.warc.record import WarcFields, WarcRecord, parse_record, warcinfo_offset
from pipelines.warc.storage import WarcStorage

GZIP_MAGIC = b"\x1f\x8b\x08"  # how every gzip member begins (RFC 1952 section 2.3)
READ_BYTES = 1 << 18  # bytes read at once
INFLATE_STEP_BYTES = 1 << 15  # bytes inflated at once; small, because zlib copies those that it does not use
TORN = "the file ends inside a record"  # what a crash of the writer leaves, and nothing else does
MAX_RECORD_BYTES = 1 << 30  # bytes of one record; what inflates to more is taken for damage
# The fields that may name the warcinfo record of the file that a record is in. An imported record keeps the
# WARC-Warcinfo-ID of the file that it came from.
WARCINFO_FIELDS = ("WARC-Warcinfo-ID", "Morgue-Kept-In")

OnDamage = Callable[[int, int, str], object]  # offset, length, why


class StoredRecord(NamedTuple):
    """Hold one record and its place in a file."""

    offset: int  # bytes from the start of the file
    length: int  # bytes of its gzip member
    headers: WarcFields  # the record's named fields
    block: bytes


class RecordDamage(Exception):
    """Report that there is no whole record at an offset."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset  # bytes from the start of the file


def read_member(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return the inflated bytes of the record at a place in a file, also while that file still is `.open`.

    Raises NotFound if there is no such file, ArchiveDamaged if there is no whole gzip member at that place.
    """
    data = raw_member(storage, file, offset, length)
    stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
    try:
        inflated = stream.decompress(data, MAX_RECORD_BYTES)
    except zlib.error as error:
        raise damaged_record(file, offset, str(error)) from error
    if not stream.eof or stream.unused_data:
        raise damaged_record(file, offset, f"no gzip member of {length} bytes lies there")
    return inflated


def raw_member(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return bytes of a file as they are. Raises NotFound, ArchiveDamaged, MorgueError."""
    with storage.open(file) as stream, os_errors(storage.location(file)):
        size = stream.seek(0, os.SEEK_END)
        if not 0 <= offset <= size - length or length <= 0:  # a row of the database may say anything
            where = f"bytes {offset:,} to {offset + length:,} are not in this file of {counted(size, 'byte')}"
            raise damaged_record(file, offset, where)
        stream.seek(offset)
        return stream.read(length)


def whole_member(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return the gzip member of a record, byte for byte, once it is sure that it is one whole member.

    Raises NotFound, ArchiveDamaged.
    """
    read_member(storage, file, offset, length)
    return raw_member(storage, file, offset, length)


def read_record(storage: WarcStorage, file: str, offset: int, length: int) -> WarcRecord:
    """Return the record at a place in a file. Raises NotFound, ArchiveDamaged."""
    try:
        return parse_record(read_member(storage, file, offset, length))
    except ValueError as error:
        raise damaged_record(file, offset, str(error)) from error


def damaged_record(file: str, offset: int, why: str) -> ArchiveDamaged:
    """Return the error for a place in a file where there is no record."""
    cure = "restore the file from a copy; `morgue verify` names all that is damaged"
    return ArchiveDamaged(f"{file} at byte {offset}", why, cure)


def read_block(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return the block of the record at a place in a file. Raises NotFound, ArchiveDamaged."""
    return read_record(storage, file, offset, length).block


def walk(storage: WarcStorage, file: str, on_damage: OnDamage | None = None, start: int = 0) -> Iterator[StoredRecord]:
    """Yield the records of a file (one gzip member each) in order, from byte `start` on; one is in memory at a time.

    `start`: 0, or where a whole record begins. Damage, a torn end included, raises ArchiveDamaged. With `on_damage`,
    that is called with (offset, length, why) instead, and the walk goes on at the next whole record. Raises NotFound if
    there is no such file.
    """
    with storage.open(file) as stream:
        try:
            first_id = first_warcinfo_id(stream) if start else None
            yield from members(stream, start, stream.seek(0, 2), on_damage, first_id)
        except RecordDamage as damage:
            raise ArchiveDamaged(f"{file} at byte {damage.offset}", str(damage)) from damage


def first_warcinfo_id(file: BinaryIO) -> str | None:
    """Return the id of the warcinfo record at the start of an open file; None if there is none. Raises OSError."""
    try:
        first = next(members(file, 0, 1), None)
    except RecordDamage:
        return None
    return first.headers.get("WARC-Record-ID") if first and first.headers.get("WARC-Type") == "warcinfo" else None


def members(file: BinaryIO, start: int, end: int, on_damage: OnDamage | None = None,
            warcinfo_id: str | None = None) -> Iterator[StoredRecord]:  # fmt: skip
    """Yield the records of an open file that begin at bytes `start` to `end`; a whole one begins at `start`.

    `warcinfo_id`: of the file's first record, if `start` is after it. Damage is handled as in `walk`, but raises
    RecordDamage. Raises OSError.
    """
    offset = start
    while offset < end:
        try:
            for found in _members(file, offset):
                offset = found.offset + found.length
                if found.headers.get("WARC-Type") == "warcinfo":
                    warcinfo_id = warcinfo_id or found.headers.get("WARC-Record-ID")
                yield found
                if offset >= end:
                    return
        except RecordDamage as damage:
            if on_damage is None:
                raise
            behind = _next_record(file, offset + 1, file.seek(0, 2), warcinfo_id)
            on_damage(offset, behind - offset, str(damage))
            offset = behind


def _members(file: BinaryIO, offset: int) -> Iterator[StoredRecord]:
    """Yield whole records from `offset` to the end of the file. Raises RecordDamage if the next is not whole."""
    file.seek(offset)
    window, at = memoryview(file.read(READ_BYTES)), 0
    while window:
        stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
        parts, length, inflated = [], 0, 0
        while not stream.eof:
            if at == len(window):
                window, at = memoryview(file.read(READ_BYTES)), 0
                if not window:
                    raise RecordDamage(TORN, offset)
            piece = window[at : at + INFLATE_STEP_BYTES]
            try:
                part = stream.decompress(piece)
            except zlib.error as error:
                raise RecordDamage(str(error), offset) from error
            parts.append(part)
            inflated += len(part)
            if inflated > MAX_RECORD_BYTES:
                raise RecordDamage(f"a record of more than {MAX_RECORD_BYTES} bytes", offset)
            used = len(piece) - len(stream.unused_data)
            at, length = at + used, length + used
        try:
            record = parse_record(parts[0] if len(parts) == 1 else b"".join(parts))
        except ValueError as error:
            raise RecordDamage(str(error), offset) from error
        yield StoredRecord(offset, length, record.fields, record.block)
        offset += length
        if at == len(window):
            window, at = memoryview(file.read(READ_BYTES)), 0


def _next_record(file: BinaryIO, start: int, size: int, warcinfo_id: str | None) -> int:
    """Return the offset of the next whole record at or after `start`, or `size`.

    A body may itself hold gzip members, even WARC records. Only this file's own records name one of its warcinfo
    records, or are one: no server could know their ids.
    """
    while (start := _find(file, GZIP_MAGIC, start)) < size:
        try:
            found = next(_members(file, start), None)
            if found and (warcinfo_id is None or _is_of_file(found.headers, warcinfo_id)):
                return start
        except RecordDamage:
            pass
        start += 1
    return size


def _is_of_file(fields: WarcFields, first_id: str) -> bool:
    """Return True if a record names a warcinfo record of the file whose first one is called `first_id`, or is one."""
    names = [fields.get(name) or "" for name in WARCINFO_FIELDS]
    if fields.get("WARC-Type") == "warcinfo":
        names.append(fields.get("WARC-Record-ID") or "")
    return any(warcinfo_offset(first_id, name) is not None for name in names)


def _find(file: BinaryIO, wanted: bytes, start: int) -> int:
    """Return the offset of `wanted` in a file, at or after `start`; the file's size if it is not found.

    The file is not mapped: if a mapped file is cut back, its readers are killed.
    """
    file.seek(start)
    window = file.read(1 << 20)
    while len(window) >= len(wanted):
        at = window.find(wanted)
        if at >= 0:
            return start + at
        kept = len(wanted) - 1
        start += len(window) - kept
        window = window[-kept:] + file.read(1 << 20)
    return file.seek(0, 2)
