"""Read WARC files: one record by its place, or all records in order, in time linear in the size of the file."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.warc.record import WarcFields, WarcRecord, parse_record
from pipelines.warc.storage import WarcStorage

GZIP_MAGIC = b"\x1f\x8b\x08"  # first bytes of every gzip member (RFC 1952 section 2.3)
READ_BYTES = 1 << 18  # bytes read at once
INFLATE_STEP_BYTES = 1 << 15  # bytes inflated at once; few, because zlib copies those that it does not use
TORN = "the file ends inside a record"  # only a crash of the writer leaves this
MAX_RECORD_BYTES = 1 << 30  # a record that inflates to more is taken for damage
# Fields that may name the warcinfo record of the file. An imported record keeps its own WARC-Warcinfo-ID.
WARCINFO_FIELDS = ("WARC-Warcinfo-ID", "Morgue-Kept-In")

OnDamage = Callable[[int, int, str], object]  # offset, length, why


class StoredRecord(NamedTuple):
    """Hold a record and its place in a file."""

    offset: int  # bytes from the start of the file
    length: int  # bytes of its gzip member
    headers: WarcFields  # the record's named fields
    block: bytes


class RecordDamage(Exception):
    """Raised if there is no whole record at an offset."""

    def __init__(self, why: str, offset: int) -> None:
        super().__init__(why)
        self.offset = offset  # bytes from the start of the file


def read_member(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return the inflated bytes of the record at a place in a file, also while the file is being written.

    Raises NotFound if there is no such file, ArchiveDamaged if there is no whole gzip member at this place.
    """
    data = raw_member(storage, file, offset, length)
    stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
    try:
        inflated = stream.decompress(data, MAX_RECORD_BYTES)
    except zlib.error as error:
        raise damaged_record(file, offset, str(error)) from error
    if not stream.eof or stream.unused_data:
        raise damaged_record(file, offset, f"there is no gzip member of {length} bytes")
    return inflated


def raw_member(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return bytes of a file as they are stored. Raises NotFound, MorgueError."""
    with storage.open(file) as stream, os_errors(storage.location(file)):
        stream.seek(offset)
        return stream.read(length)


def read_record(storage: WarcStorage, file: str, offset: int, length: int) -> WarcRecord:
    """Return the record at a place in a file. Raises NotFound, ArchiveDamaged."""
    try:
        return parse_record(read_member(storage, file, offset, length))
    except ValueError as error:
        raise damaged_record(file, offset, str(error)) from error


def damaged_record(file: str, offset: int, why: str) -> ArchiveDamaged:
    """Return the error for a place in a file without a whole record."""
    cure = "restore the file from a copy; `morgue verify` names all that is damaged"
    return ArchiveDamaged(f"{file} at byte {offset}", why, cure)


def read_block(storage: WarcStorage, file: str, offset: int, length: int) -> bytes:
    """Return the block of the record at a place in a file. Raises NotFound, ArchiveDamaged."""
    return read_record(storage, file, offset, length).block


def walk(storage: WarcStorage, file: str, on_damage: OnDamage | None = None, start: int = 0) -> Iterator[StoredRecord]:
    """Yield the records of a file in order, from byte `start` on. Each is one gzip member; one is in memory at a time.

    Damage, a torn end included, raises ArchiveDamaged. With `on_damage`, this is called with (offset, length, why)
    instead, and the walk goes on at the next whole record. Raises NotFound if there is no such file.
    """
    with storage.open(file) as stream:
        try:
            yield from members(stream, start, stream.seek(0, 2), on_damage)
        except RecordDamage as damage:
            raise ArchiveDamaged(f"{file} at byte {damage.offset}", str(damage)) from damage


def members(file: BinaryIO, start: int, end: int, on_damage: OnDamage | None = None,
            warcinfo_id: str | None = None) -> Iterator[StoredRecord]:  # fmt: skip
    """Yield the records of an open file that begin at bytes `start` to `end`. A whole record must begin at `start`.

    `warcinfo_id`: of the file's warcinfo record, if `start` is after it. Damage is handled as in `walk`, but raised as
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
            next_offset = _next_record(file, offset + 1, file.seek(0, 2), warcinfo_id)
            on_damage(offset, next_offset - offset, str(damage))
            offset = next_offset


def _members(file: BinaryIO, offset: int) -> Iterator[StoredRecord]:
    """Yield whole records from `offset` to the end of the file. Raises RecordDamage at the first that is not whole."""
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
    """Return the offset of the next whole record at or after `start`, or `size` if there is no such record.

    A body may itself contain gzip members, even WARC records. Only the file's own records name its warcinfo record,
    because its id is random and was unknown to the site.
    """
    while (start := _find(file, GZIP_MAGIC, start)) < size:
        try:
            found = next(_members(file, start), None)
            if found and (warcinfo_id is None or warcinfo_id in map(found.headers.get, WARCINFO_FIELDS)):
                return start
        except RecordDamage:
            pass
        start += 1
    return size


def _find(file: BinaryIO, wanted: bytes, start: int) -> int:
    """Return the offset of some bytes in a file, at or after `start`, or the size of the file if they are not in it.

    Do not use mmap: if the file is cut back meanwhile, reading a mapped page kills the process.
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
