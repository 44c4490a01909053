"""Other people's records: WARC of any age and ARC, packed in any way, told one after the other with where they lie.

Lenient where a reader can be: fields in any case, heads that end in LF, ids without angle brackets, dates of WARC 0.18.
What cannot be read is told as damage with its place, and the reading goes on at the next record behind it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from pipelines.importing.containers import GZIP, TORN, ZSTD, ContainerDamage, UnpackedStream
from pipelines.warc.record import WarcFields, digest

LARGEST = 1 << 28  # bytes of a block; a larger record is passed over
LARGEST_HEAD = 1 << 17
MOST_TRIES = 2000  # places of a file that look like a beginning and are none: hostile files are full of them
LONGEST_LINE = 1 << 14  # of an ARC record; and bytes in which a record shows that it is one
WARC = re.compile(rb"WARC/\d")
HEAD_END = re.compile(rb"\n\r?\n")
FOLD = re.compile(rb"\r?\n[ \t]+")
# URL, address, 14-digit date, media type, whatever version 2 adds, length; the URL may hold spaces.
ARC_LINE = re.compile(rb"([a-z][a-z0-9+.-]*:\S.{0,8000}?) (\S+) (\d{14}) (\S*)(?: .{0,2000}?)? (\d{1,15})\r?\n", re.I)
ANY = re.compile(rb"WARC/\d|[a-z][a-z0-9+.-]*:\S.{0,8000} \d{14} .{0,2000} \d{1,15}\r?\n", re.I)
IDS = ("warc-record-id", "warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id")
LONG_AGO = uuid.UUID("7b8f0e0c-6d6f-5d0a-9a51-6d6f72677565")  # the namespace of ids that we derive


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """A record of somebody else's."""

    offset: int  # byte of the file at which its member begins; where a member holds many, byte of what it inflates to
    fields: WarcFields  # ids in angle brackets; an ARC record's as those of the WARC record it becomes
    block: bytes | None  # None: not wanted, or too large
    too_large: bool = False


class DamagedRecord(NamedTuple):
    """What could not be read."""

    offset: int  # as Found.offset
    why: str


Wanted = Callable[[WarcFields], bool]


def records(
    source: UnpackedStream, wanted: Wanted, on_damage: Callable[[DamagedRecord], object]
) -> Iterator[ForeignRecord]:
    """The records of a stream in order; one block at a time is in memory, and only if its fields are `wanted`."""
    reader = _RecordReader(source)
    while True:
        try:
            if not reader.next_record():
                return
            yield reader.record(wanted)
        except ContainerDamage as damage:
            on_damage(DamagedRecord(reader.place, str(damage)))
            if not reader.go_on():
                return


class _RecordReader:
    """Where a stream stands, between two records or in one."""

    def __init__(self, source: UnpackedStream) -> None:
        self.source = source
        self.place = 0  # of the record being read, as Found.offset
        self._tries = 0  # in vain, to find the next record
        self._breaks = 0  # line breaks before what comes next
        self._member = 0  # in which the record being read begins
        self._late: ContainerDamage | None = None  # of the next record, met at the end of the one before
        self._warcinfo_ids: set[str] = set()  # what records of this stream name as theirs

    def next_record(self) -> bool:
        """Go to the first byte of the next record, behind any line breaks; False at the end. Raises Damage."""
        source = self.source
        if self._late is not None:
            late, self._late = self._late, None
            self._stands(source.newest)
            raise late
        try:
            more = self._pass_breaks()
        except ContainerDamage:
            self._stands(source.newest)
            raise
        self._stands()
        if more and source.form and not source.at_member:
            source.in_one_piece = True
        return more

    def _stands(self, member: int | None = None) -> None:
        self._member = self.source.member if member is None else member
        self.place = self._member if self.source.form and not self.source.in_one_piece else self.source.offset

    def _pass_breaks(self) -> bool:
        """Go behind line breaks, and count them; False at the end."""
        source, self._breaks = self.source, 0
        while source.have(1):
            char = source.buffer[source.at]
            if char not in b"\r\n":
                return True
            self._breaks += char == 10
            source.at += 1
        return False

    def record(self, wanted: Wanted) -> ForeignRecord:
        """The record that begins here. Raises Damage."""
        self._stands()
        self.source.have(8)
        if not WARC.match(self.source.buffer, self.source.at):
            return self._arc(wanted)
        fields = fields_of(self._head())
        length = fields.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            return self._without_length(fields, wanted)
        found = self._block(fields, int(length), wanted)
        self._warcinfo_ids.update(fields.all("WARC-Warcinfo-ID"))
        return found

    def _head(self) -> bytes:
        """The head of a WARC record with its blank line."""
        source = self.source
        while (match := HEAD_END.search(source.buffer, source.at)) is None:
            if len(source.buffer) - source.at > LARGEST_HEAD:
                raise ContainerDamage("the head of a WARC record does not end")
            if not source.more():
                raise ContainerDamage(TORN)
        other = source.next_member
        if other is not None and other < match.end() and ANY.match(source.buffer, other):
            source.at = other
            raise ContainerDamage("the head of a WARC record does not end")
        head = source.buffer[source.at : match.end()]
        source.at = match.end()
        return head

    def _block(self, fields: WarcFields, length: int, wanted: Wanted, breaks: int = 2) -> ForeignRecord:
        block, too_large = None, length > LARGEST
        if too_large or not wanted(fields):
            self.source.skip(length, ANY)
        else:
            block = self.source.take(length, ANY)
        self._end(breaks)
        return ForeignRecord(self.place, fields, block, too_large)

    def _end(self, breaks: int) -> None:
        """A record is followed by line breaks, so many at least, or by another, or by nothing, and its member is sound.

        Raises Damage.
        """
        try:
            if not self._pass_breaks() or self.source.at_member or self._breaks >= breaks:
                return
            self.source.have(LONGEST_LINE)
        except ContainerDamage as damage:
            if self.source.newest == self._member:
                raise
            self._late = damage
            return
        if not ANY.match(self.source.buffer, self.source.at):
            raise ContainerDamage("a record does not end where it says")

    def _without_length(self, fields: WarcFields, wanted: Wanted) -> ForeignRecord:
        """A record that does not say how long it is: where it has a member to itself, all of that."""
        if not self.source.form or self.source.in_one_piece:
            raise ContainerDamage("a record without Content-Length")
        block = self.source.rest_of_member(LARGEST)
        end = next((end for end in (b"\r\n\r\n", b"\n\n") if block.endswith(end)), b"")
        return ForeignRecord(self.place, fields, block.removesuffix(end) if wanted(fields) else None)

    def _arc(self, wanted: Wanted) -> ForeignRecord:
        source = self.source
        while source.buffer.find(b"\n", source.at) < 0:
            if len(source.buffer) - source.at > LONGEST_LINE or not source.more():
                break
        match = ARC_LINE.match(source.buffer, source.at)
        if match is None:
            raise ContainerDamage("no WARC or ARC record begins here")
        source.at = match.end()
        url, ip, date, mime, length = (group.decode("utf-8", "replace") for group in match.groups())
        kind = "filedesc" if url.startswith("filedesc:") else "response"
        content_type = "application/http;msgtype=response" if url.startswith("http") else mime
        rest = (("WARC-Target-URI", url), ("WARC-Date", when(date)), ("WARC-IP-Address", ip),
                ("Content-Type", content_type))  # fmt: skip
        found = self._block(WarcFields((("WARC-Type", kind), *rest)), int(length), wanted, breaks=1)
        if found.block is None:
            return found
        # Derived from what was captured: another copy of the same file gives the same id.
        seed = "\n".join((url, date, ip, digest(found.block)))
        own = ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(LONG_AGO, seed)}>")
        return ForeignRecord(found.offset, WarcFields((found.fields[0], own, *rest)), found.block)

    def go_on(self) -> bool:
        """Find the next record behind a damaged one; False if there is none."""
        source = self.source
        if source.at_member and source.member != self._member:
            return True  # what ended too early was the record before
        if self.source.in_one_piece and self._ahead():
            return True
        start = (self._member if source.form else self.place) + 1
        return self._behind(start) or (bool(self._warcinfo_ids) and self._behind(start, any_file=True))

    def _behind(self, at: int, *, any_file: bool = False) -> bool:
        magic = {"gzip": GZIP, "zstd": ZSTD}.get(self.source.form, b"WARC/")
        while (found := self.source.search(magic, at)) is not None:
            if self._sound(any_file=any_file):
                return True
            self._tries += 1
            if self._tries > MOST_TRIES:
                return False
            at = found + 1
        return False

    def _ahead(self) -> bool:
        """In a file compressed as one piece there is no way back: the next record ahead, if that can be unpacked."""
        source = self.source
        try:
            while source.have(LONGEST_LINE) or source.have(1):
                at = source.buffer.find(b"\nWARC/", source.at)
                source.at = at + 1 if at >= 0 else max(source.at + 1, len(source.buffer) - 6)
                if at >= 0 and self._sound():
                    return True
        except ContainerDamage:
            pass
        return False

    def _sound(self, *, any_file: bool = False) -> bool:
        """Whether a record of this file begins where the stream stands; it then still stands there.

        A body may hold records of its own: where this file's records name their warcinfo record, so must the next,
        unless `any_file`.
        """
        source = self.source
        with suppress(ContainerDamage):
            source.have(LONGEST_LINE)
        match = HEAD_END.search(source.buffer, source.at) if WARC.match(source.buffer, source.at) else None
        if match is None:
            return bool(source.form) and ARC_LINE.match(source.buffer, source.at) is not None
        fields = fields_of(source.buffer[source.at : match.start() + 1])
        known = {fields.get("WARC-Warcinfo-ID"), fields.get("Morgue-Kept-In")}
        ours = any_file or not self._warcinfo_ids or bool(self._warcinfo_ids & known)
        return fields.get("WARC-Type") is not None and ours


def fields_of(head: bytes) -> WarcFields:
    """The named fields in a record's head: lines unfolded, ids in angle brackets, addresses out of them."""
    lines = FOLD.sub(b" ", head.rstrip(b"\r\n")).split(b"\n")[1:]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            pairs.append(_tidied(_text(name), _text(value)))
    return WarcFields(pairs)


def _tidied(name: str, value: str) -> tuple[str, str]:
    known = name.lower()
    if known in IDS and value and not value.startswith("<"):
        return name, f"<{value}>"
    if known in ("warc-target-uri", "warc-refers-to-target-uri") and value.startswith("<") and value.endswith(">"):
        return name, value[1:-1]  # as wget writes them, by the grammar of WARC 1.0
    if known == "warc-date" and len(value) == 14:
        with suppress(ContainerDamage):  # whoever needs the date will say that there is none
            return name, when(value)
    return name, value


def _text(raw: bytes) -> str:
    try:
        return raw.strip().decode()
    except UnicodeDecodeError:
        return raw.strip().decode("latin-1")


def when(digits: str) -> str:
    """14 digits (ARC, WARC before 0.18) as WARC-Date. Raises Damage if they are no time."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise ContainerDamage(f"{digits[:40]} is no time") from None


def moment(date: str) -> datetime:
    """A WARC-Date (WARC 1.1 section 5.4) as a time in UTC; one without a time is its beginning. Raises ValueError."""
    if re.fullmatch(r"\d{4}(-\d\d)?", date):
        date += "-01-01" if len(date) == 4 else "-01"
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", date))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
