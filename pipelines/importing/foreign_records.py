"""Read the records of WARC files of any version and of ARC files, one after another, with their offsets.

The reader is lenient where it can be: field names in any case, heads that end in LF, ids without angle brackets, dates
of WARC 0.18. Damage is reported with its offset, and reading goes on at the next record after it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from pipelines.core.urls import address_in
from pipelines.importing.unpacking import GZIP_MAGIC, ZSTD_MAGIC, ContainerDamage, UnpackedStream
from pipelines.warc.reader import TORN
from pipelines.warc.record import WarcFields, digest

MAX_BLOCK_BYTES = 1 << 28  # a record with a larger block is skipped
MAX_HEAD_BYTES = 1 << 17
MAX_ARC_LINE_BYTES = 1 << 14  # also the bytes in which a record must show that it is one
MAX_RESYNC_TRIES = 2000  # places of a file that look like a record and are not; a hostile file is full of them
WARC_START = re.compile(rb"WARC/\d")
HEAD_END = re.compile(rb"\n\r?\n")
FOLDED_LINE = re.compile(rb"\r?\n[ \t]+")
# URL, IP address, 14-digit date, media type, further columns of version 2, length. The URL may hold spaces.
ARC_LINE = re.compile(rb"([a-z][a-z0-9+.-]*:\S.{0,8000}?) (\S+) (\d{14}) (\S*)(?: .{0,2000}?)? (\d{1,15})\r?\n", re.I)
RECORD_START = re.compile(rb"WARC/\d|[a-z][a-z0-9+.-]*:\S.{0,8000} \d{14} .{0,2000} \d{1,15}\r?\n", re.I)
ID_FIELDS = ("warc-record-id", "warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id")
URL_FIELDS = ("warc-target-uri", "warc-refers-to-target-uri")
URL_FIELD_BYTES = tuple(name.encode() for name in URL_FIELDS)
DERIVED_ID_NAMESPACE = uuid.UUID("7b8f0e0c-6d6f-5d0a-9a51-6d6f72677565")  # of the record ids that we derive


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """Hold a record of another program."""

    # Of the gzip or zstd member in which the record begins. Where a member holds many records: unpacked offset.
    offset: int
    fields: WarcFields  # ids in angle brackets; an ARC record has the fields of the WARC record that it becomes
    block: bytes | None  # None: not wanted, or too large
    too_large: bool = False


class DamagedRecord(NamedTuple):
    """Say where a stream cannot be read, and why."""

    offset: int  # as in ForeignRecord
    why: str


FieldsFilter = Callable[[WarcFields], bool]


def read_records(
    source: UnpackedStream, is_wanted: FieldsFilter, on_damage: Callable[[DamagedRecord], object]
) -> Iterator[ForeignRecord]:
    """Yield the records of a stream in order. One block at a time is in memory, and only if `is_wanted(fields)`."""
    reader = _RecordReader(source)
    while True:
        try:
            if not reader.next_record():
                return
            yield reader.record(is_wanted)
        except ContainerDamage as damage:
            on_damage(DamagedRecord(reader.offset, str(damage)))
            if not reader.resync():
                return


class _RecordReader:
    """Hold the position in a stream: between two records, or in one."""

    def __init__(self, source: UnpackedStream) -> None:
        self.source = source
        self.offset = 0  # of the record being read, as in ForeignRecord
        self._member = 0  # stored offset of the member in which it begins
        self._line_breaks = 0  # skipped before the next record
        self._resync_tries = 0  # failed ones
        self._pending_damage: ContainerDamage | None = None  # of the next record, met while the one before was ended
        self._warcinfo_ids: set[str] = set()  # named by the records of this stream

    def next_record(self) -> bool:
        """Go to the first byte of the next record. Return False at the end. Raises ContainerDamage."""
        source = self.source
        if self._pending_damage is not None:
            damage, self._pending_damage = self._pending_damage, None
            self._note_position(source.newest_member)
            raise damage
        try:
            more = self._skip_line_breaks()
        except ContainerDamage:
            self._note_position(source.newest_member)
            raise
        self._note_position()
        if more and source.compression and not source.at_member:
            source.in_one_piece = True
        return more

    def _note_position(self, member: int | None = None) -> None:
        source = self.source
        self._member = source.member if member is None else member
        self.offset = self._member if source.compression and not source.in_one_piece else source.offset

    def _skip_line_breaks(self) -> bool:
        """Skip line breaks and count them. Return False at the end of the stream."""
        source, self._line_breaks = self.source, 0
        while source.fill(1):
            char = source.buffer[source.at]
            if char not in b"\r\n":
                return True
            self._line_breaks += char == 10
            source.at += 1
        return False

    def record(self, is_wanted: FieldsFilter) -> ForeignRecord:
        """Return the record that begins here. Raises ContainerDamage."""
        self._note_position()
        self.source.fill(8)
        if not WARC_START.match(self.source.buffer, self.source.at):
            return self._arc_record(is_wanted)
        fields = fields_of(self._head())
        length = fields.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            return self._record_without_length(fields, is_wanted)
        found = self._record_of_length(fields, int(length), is_wanted)
        self._warcinfo_ids.update(fields.all("WARC-Warcinfo-ID"))
        return found

    def _head(self) -> bytes:
        """Return the head of a WARC record with its blank line."""
        source = self.source
        while (match := HEAD_END.search(source.buffer, source.at)) is None:
            if len(source.buffer) - source.at > MAX_HEAD_BYTES:
                raise ContainerDamage("the head of a WARC record does not end")
            if not source.unpack_more():
                raise ContainerDamage(TORN)
        other = source.next_member
        if other is not None and other < match.end() and RECORD_START.match(source.buffer, other):
            source.at = other
            raise ContainerDamage("the head of a WARC record does not end")
        head = source.buffer[source.at : match.end()]
        source.at = match.end()
        return head

    def _record_of_length(
        self, fields: WarcFields, length: int, is_wanted: FieldsFilter, line_breaks: int = 2
    ) -> ForeignRecord:
        block, too_large = None, length > MAX_BLOCK_BYTES
        if too_large or not is_wanted(fields):
            self.source.skip(length, RECORD_START)
        else:
            block = self.source.take(length, RECORD_START)
        self._check_end(line_breaks)
        return ForeignRecord(self.offset, fields, block, too_large)

    def _check_end(self, line_breaks: int) -> None:
        """Check that a record ends here: by enough line breaks, another record or the end, in a sound member.

        Raises ContainerDamage.
        """
        try:
            if not self._skip_line_breaks() or self.source.at_member or self._line_breaks >= line_breaks:
                return
            self.source.fill(MAX_ARC_LINE_BYTES)
        except ContainerDamage as damage:
            if self.source.newest_member == self._member:
                raise
            self._pending_damage = damage
            return
        if not RECORD_START.match(self.source.buffer, self.source.at):
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
        while source.buffer.find(b"\n", source.at) < 0:
            if len(source.buffer) - source.at > MAX_ARC_LINE_BYTES or not source.unpack_more():
                break
        match = ARC_LINE.match(source.buffer, source.at)
        if match is None:
            raise ContainerDamage("no WARC or ARC record begins here")
        source.at = match.end()
        url, (ip, date, mime, length) = address_in(match[1]), map(_text, match.groups()[1:])
        kind = "filedesc" if url.startswith("filedesc:") else "response"
        content_type = "application/http;msgtype=response" if url.startswith("http") else mime
        rest = (("WARC-Target-URI", url), ("WARC-Date", warc_date_of(date)), ("WARC-IP-Address", ip),
                ("Content-Type", content_type))  # fmt: skip
        fields = WarcFields((("WARC-Type", kind), *rest))
        found = self._record_of_length(fields, int(length), is_wanted, line_breaks=1)
        if found.block is None:
            return found
        # The id is derived from what was captured, so that another copy of the same file gives the same id.
        seed = "\n".join((url, date, ip, digest(found.block)))
        record_id = ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(DERIVED_ID_NAMESPACE, seed)}>")
        return ForeignRecord(found.offset, WarcFields((found.fields[0], record_id, *rest)), found.block)

    def resync(self) -> bool:
        """Find the next record after a damaged one. Return False if nothing is found."""
        source = self.source
        if source.at_member and source.member != self._member:
            return True  # the record before ended too early, and this is the next one
        if self.source.in_one_piece and self._search_unpacked():
            return True
        start = (self._member if source.compression else self.offset) + 1
        return self._search_stored(start) or (bool(self._warcinfo_ids) and self._search_stored(start, any_file=True))

    def _search_stored(self, at: int, *, any_file: bool = False) -> bool:
        """Go to the next member (or, uncompressed, record) from a stored offset on. Return False if none is found."""
        magic = {"gzip": GZIP_MAGIC, "zstd": ZSTD_MAGIC}.get(self.source.compression, b"WARC/")
        while (found := self.source.search(magic, at)) is not None:
            if self._is_record_start(any_file=any_file):
                return True
            self._resync_tries += 1
            if self._resync_tries > MAX_RESYNC_TRIES:
                return False
            at = found + 1
        return False

    def _search_unpacked(self) -> bool:
        """Go to the next record of a file that is compressed as one piece, if it can be unpacked up to there."""
        source = self.source
        try:
            while source.fill(MAX_ARC_LINE_BYTES) or source.fill(1):
                at = source.buffer.find(b"\nWARC/", source.at)
                source.at = at + 1 if at >= 0 else max(source.at + 1, len(source.buffer) - 6)
                if at >= 0 and self._is_record_start():
                    return True
        except ContainerDamage:
            pass
        return False

    def _is_record_start(self, *, any_file: bool = False) -> bool:
        """Return True if a record of this file begins here; the position does not change.

        A body may hold records of its own. So where the records of this file name their warcinfo record, the next one
        must name it too, unless `any_file`.
        """
        source = self.source
        with suppress(ContainerDamage):
            source.fill(MAX_ARC_LINE_BYTES)
        match = HEAD_END.search(source.buffer, source.at) if WARC_START.match(source.buffer, source.at) else None
        if match is None:
            return bool(source.compression) and ARC_LINE.match(source.buffer, source.at) is not None
        fields = fields_of(source.buffer[source.at : match.start() + 1])
        named = {fields.get("WARC-Warcinfo-ID"), fields.get("Morgue-Kept-In")}
        is_of_file = any_file or not self._warcinfo_ids or bool(self._warcinfo_ids & named)
        return fields.get("WARC-Type") is not None and is_of_file


def fields_of(head: bytes) -> WarcFields:
    """Return the named fields of a record's head: lines unfolded, ids in angle brackets, URLs without them."""
    lines = FOLDED_LINE.sub(b" ", head.rstrip(b"\r\n")).split(b"\n")[1:]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            is_url = name.strip().lower() in URL_FIELD_BYTES
            pairs.append(_normalized(_text(name), address_in(value.strip()) if is_url else _text(value)))
    return WarcFields(pairs)


def _normalized(name: str, value: str) -> tuple[str, str]:
    known = name.lower()
    if known in ID_FIELDS and value and not value.startswith("<"):
        return name, f"<{value}>"
    if known in URL_FIELDS and value.startswith("<") and value.endswith(">"):
        return name, value[1:-1]  # wget writes brackets, by the grammar of WARC 1.0
    if known == "warc-date" and len(value) == 14:
        with suppress(ContainerDamage):  # the caller that needs the date will refuse it
            return name, warc_date_of(value)
    return name, value


def _text(raw: bytes) -> str:
    try:
        return raw.strip().decode()
    except UnicodeDecodeError:
        return raw.strip().decode("latin-1")


def warc_date_of(digits: str) -> str:
    """Return 14 digits (ARC, WARC before 0.18) as a WARC-Date. Raises ContainerDamage if they are not a time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise ContainerDamage(f"{digits[:40]} is not a time") from None


def parse_warc_date(date: str) -> datetime:
    """Return a WARC-Date (WARC 1.1 section 5.4) as a time in UTC.

    A date without a day or time means its first moment, a time without a zone is UTC. Raises ValueError.
    """
    if re.fullmatch(r"\d{4}(-\d\d)?", date):
        date += "-01-01" if len(date) == 4 else "-01"
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", date))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
