"""Read the records of WARC files of any version and of ARC files, one after another, with their offsets.

The reader is lenient where it can be: field names in any case, heads that end in LF, ids without angle brackets, dates
of WARC 0.18. Damage is reported with its offset, and reading goes on at the next record after it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pipelines.core.urls import address_in
from pipelines.importing.record_heads import (
    HEAD_END,
    MAX_ARC_LINE_BYTES,
    MAX_HEAD_BYTES,
    WARC_START,
    arc_line_at,
    fields_of,
    text_of,
    warc_date_of,
)
from pipelines.importing.record_search import DamagedRecord, RecordSearch
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from pipelines.warc.reader import TORN
from pipelines.warc.record import WarcFields, digest

MAX_BLOCK_BYTES = 1 << 28  # a record with a larger block is skipped
MAX_HEAD_LINES = 2000
NO_RECORD_HERE = "no WARC or ARC record begins here"
MAX_WARCINFO_IDS = 1000  # of one stream that are remembered; files put together of several have a few
MAX_ID_CHARS = 1000  # of an id that is remembered
DERIVED_ID_NAMESPACE = uuid.UUID("7b8f0e0c-6d6f-5d0a-9a51-6d6f72677565")  # of the record ids that we derive


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """Hold a record of another program."""

    # Of the gzip or zstd member in which the record begins. Where a member holds many records: unpacked offset.
    offset: int
    fields: WarcFields  # ids in angle brackets; an ARC record has the fields of the WARC record that it becomes
    block: bytes | None  # None: not wanted, or too large
    too_large: bool = False


FieldsFilter = Callable[[WarcFields], bool]


def read_records(
    source: UnpackedStream,
    is_wanted: FieldsFilter,
    on_damage: Callable[[DamagedRecord], object],
    place: Callable[[int], int] | None = None,
) -> Iterator[ForeignRecord]:
    """Yield the records of a stream in order. One block at a time is in memory, and only if `is_wanted(fields)`.

    `is_wanted` may raise ContainerDamage, too. `place`: as in RecordStream.
    """
    reader = _RecordReader(source)
    while True:
        try:
            if not reader.next_record():
                return
            found = reader.record(is_wanted)
        except ContainerDamage as damage:
            damages, is_found = reader.resync(str(damage))
            for one in damages:
                on_damage(one if place is None else one._replace(offset=place(one.offset)))
            if not is_found:
                return
        else:
            yield found if place is None else replace(found, offset=place(found.offset))


class _RecordReader:
    """Hold the position in a stream: between two records, or in one."""

    def __init__(self, source: UnpackedStream) -> None:
        self.source = source
        self.offset = 0  # of the record being read, as in ForeignRecord
        self._member = 0  # stored offset of the member in which it begins
        self._start = 0  # unpacked offset of the record
        self._url = ""  # its address, once it is known
        self._line_breaks: int | None = 0  # skipped before the next record; None: the stream ended there
        self._pending_damage: ContainerDamage | None = None  # of the next record, met while the one before was ended
        self._search = RecordSearch(source)

    def next_record(self) -> bool:
        """Go to the first byte of the next record. Return False at the end. Raises ContainerDamage."""
        source = self.source
        if self._pending_damage is not None:
            damage, self._pending_damage = self._pending_damage, None
            self._note_position(source.newest_member)
            raise damage
        try:
            self._line_breaks = source.skip_line_breaks()
        except ContainerDamage:
            self._note_position(source.newest_member)
            raise
        self._note_position()
        more = self._line_breaks is not None
        if more and source.compression and not source.at_member:
            source.in_one_piece = True
        return more

    def _note_position(self, member: int | None = None) -> None:
        source = self.source
        self._member = source.member if member is None else member
        self._start, self._url = source.offset, ""
        self.offset = self._member if source.compression and not source.in_one_piece else source.offset

    def record(self, is_wanted: FieldsFilter) -> ForeignRecord:
        """Return the record that begins here. Raises ContainerDamage."""
        self._note_position()
        self.source.fill(8)
        if not WARC_START.match(self.source.buffer, self.source.at):
            return self._arc_record(is_wanted)
        fields = fields_of(self._head())
        self._url = fields.get("WARC-Target-URI") or ""
        length = fields.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            found = self._record_without_length(fields, is_wanted)
        else:
            found = self._record_of_length(fields, int(length), is_wanted)
        self._search.formats.add("WARC")
        if len(self._search.warcinfo_ids) < MAX_WARCINFO_IDS:
            self._search.warcinfo_ids.update(one[:MAX_ID_CHARS] for one in fields.all("WARC-Warcinfo-ID")[:1])
        return found

    def _head(self) -> bytes:
        """Return the head of a WARC record with its blank line."""
        source, seen = self.source, 0
        while (match := HEAD_END.search(source.buffer, source.at + seen, source.at + MAX_HEAD_BYTES)) is None:
            seen = max(0, len(source.buffer) - source.at - 2)
            if seen > MAX_HEAD_BYTES:
                raise ContainerDamage(f"the head of a WARC record does not end within {MAX_HEAD_BYTES:,} bytes")
            if not source.unpack_more():
                raise ContainerDamage(TORN)
        other = source.next_member
        if other is not None and other < match.end() and begins_record(source.buffer, other):
            source.at = other
            raise ContainerDamage("the head of a WARC record does not end")
        head = source.buffer[source.at : match.end()]
        source.at = match.end()
        if head.count(b"\n") > MAX_HEAD_LINES:
            raise ContainerDamage(f"the head of a WARC record has more than {MAX_HEAD_LINES:,} lines")
        return head

    def _record_of_length(
        self, fields: WarcFields, length: int, is_wanted: FieldsFilter, line_breaks: int = 2
    ) -> ForeignRecord:
        block, too_large = None, length > MAX_BLOCK_BYTES
        if too_large or not is_wanted(fields):
            self.source.skip(length, begins_record)
        else:
            block = self.source.take(length, begins_record)
        self._check_end(line_breaks)
        return ForeignRecord(self.offset, fields, block, too_large)

    def _check_end(self, line_breaks: int) -> None:
        """Check that a record ends here: by enough line breaks, another record or the end, in a sound member.

        Raises ContainerDamage.
        """
        source = self.source
        try:
            self._line_breaks = source.skip_line_breaks()
            if self._line_breaks is None or source.at_member or self._line_breaks >= line_breaks:
                return
            source.fill(MAX_ARC_LINE_BYTES)
        except ContainerDamage as damage:
            if source.newest_member == self._member:
                raise
            self._pending_damage = damage
            return
        if not begins_record(source.buffer, source.at):
            raise ContainerDamage("a record does not end where it says")

    def _record_without_length(self, fields: WarcFields, is_wanted: FieldsFilter) -> ForeignRecord:
        """Return a record without Content-Length: the rest of its member, if it has a member to itself."""
        if not self.source.compression or self.source.in_one_piece:
            raise ContainerDamage("a record without Content-Length")
        block = self.source.rest_of_member(MAX_BLOCK_BYTES)
        end = next((end for end in (b"\r\n\r\n", b"\n\n") if block.endswith(end)), b"")
        return ForeignRecord(self.offset, fields, block.removesuffix(end) if is_wanted(fields) else None)

    def _arc_record(self, is_wanted: FieldsFilter) -> ForeignRecord:
        source = self.source
        while source.buffer.find(b"\n", source.at, source.at + MAX_ARC_LINE_BYTES) < 0:
            if len(source.buffer) - source.at > MAX_ARC_LINE_BYTES or not source.unpack_more():
                break
        found = arc_line_at(source.buffer, source.at)
        if found is None:
            raise ContainerDamage(NO_RECORD_HERE)
        line, source.at = found
        url, (ip, date, mime) = address_in(line[0]), map(text_of, line[1:4])
        self._url = url
        if line.length is None:
            raise ContainerDamage("a record without a length")
        if line.is_header:  # no capture, so its date is worth nothing; some programs wrote "-" there
            kind, dated = "filedesc", []
        else:
            kind, dated = "response", [("WARC-Date", warc_date_of(date))]
        content_type = "application/http;msgtype=response" if url.startswith("http") else mime
        rest = (("WARC-Target-URI", url), *dated, ("WARC-IP-Address", ip), ("Content-Type", content_type))
        fields = WarcFields((("WARC-Type", kind), *rest))
        record = self._record_of_length(fields, line.length, is_wanted, line_breaks=1)
        self._search.formats.add("ARC")
        if record.block is None:
            return record
        # The id is derived from what was captured, so that another copy of the same file gives the same id.
        seed = "\n".join((url, date, ip, digest(record.block)))
        record_id = ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(DERIVED_ID_NAMESPACE, seed)}>")
        return ForeignRecord(record.offset, WarcFields((record.fields[0], record_id, *rest)), record.block)

    def resync(self, why: str) -> tuple[list[DamagedRecord], bool]:
        """Go to the next record after a damaged one. Return what was passed over, and if a record was found."""
        damaged = DamagedRecord(self.offset, why, url=self._url)
        return self._search.next_record(damaged, self._member, self._start)


def begins_record(data: bytes, at: int) -> bool:
    """Return True if a record begins at an index."""
    return WARC_START.match(data, at) is not None or arc_line_at(data, at) is not None


def parse_warc_date(date: str) -> datetime:
    """Return a WARC-Date (WARC 1.1 section 5.4) as a time in UTC.

    A date without a day or time means its first moment, a time without a zone is UTC. Raises ValueError.
    """
    if re.fullmatch(r"\d{4}(-\d\d)?", date):
        date += "-01-01" if len(date) == 4 else "-01"
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", date))
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{date} is before the year 1 or after 9999 in UTC") from None
