"""Import captures that readings name: only their records are read, by range, wherever the WARC file lies.

A capture comes with the request beside it and with the warcinfo record that it names, as from the whole file. If
another record lies in its place, it is reported and not imported.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

from crawler.lake.excerpt import Excerpt, FileRanges
from crawler.lake.first_record import first_record
from crawler.lake.places import UNNAMED, BucketServer, opened, opened_ranges
from crawler.lake.warcinfo_records import WarcinfoRecords
from pipelines.bucket.ranges import Range
from pipelines.importing.adopt import FileVersion, record_id_of
from pipelines.importing.containers import OnZipDamage, RecordStream, UnreadCompression, printable, streams_in
from pipelines.importing.foreign_records import DERIVED_ID_NAMESPACE, MAX_BLOCK_BYTES, ForeignRecord
from pipelines.importing.grouping import is_request_of
from pipelines.importing.unpacking import GZIP_MAGIC, ZSTD_MAGIC
from pipelines.importing.wacz_package import PackageCheck

BESIDE_BYTES = 4096  # looked at before and after a response: requests are small
MAX_STARTS = 16  # places before a response at which its request may begin
RECORD_START = re.compile(rb"WARC/\d\.\d\r?\n|" + re.escape(GZIP_MAGIC) + b"|" + re.escape(ZSTD_MAGIC))
IMPORT_WHOLE = "import the file itself: morgue import"


class ChosenRecord(NamedTuple):
    """Name a response that is to be imported."""

    offset: int
    length: int | None  # stored bytes; None: not known
    record_id: str


class ChosenFile:
    """Give an import the chosen records of one WARC file, or of one in a WACZ."""

    def __init__(
        self, address: str, member: str, records: Sequence[ChosenRecord], server: BucketServer = UNNAMED
    ) -> None:
        self._address, self._member, self._server = address, member, server
        self._records = sorted(set(records), key=lambda one: one.offset)

    @property
    def name(self) -> str:
        return printable(self._address.rpartition("/")[2])

    def size(self) -> int:
        return sum(one.length or 0 for one in self._records)

    def version(self) -> FileVersion:
        with opened_ranges(self._address, self._server) as ranges:
            state, size = ranges.state, ranges.size
        urn = uuid.uuid5(DERIVED_ID_NAMESPACE, f"{self._address}\n{state}").urn
        return FileVersion(urn, size, (("address", self._address), ("state", state)))

    def unread_compression(self) -> UnreadCompression | None:
        return None  # such a file has no readings

    def package(self, go_on: Callable[[], object]) -> PackageCheck | None:
        return None  # to check a WACZ is to read all of it

    def streams(self, on_damage: OnZipDamage) -> Iterator[RecordStream]:
        """Yield one stream of the records, of those beside them, and of the warcinfo record."""
        with self._ranges() as ranges:
            if ranges is None:
                on_damage(self._member, 0, f"this part of the WACZ cannot be read by range: {IMPORT_WHOLE}")
                return
            suffix = (self._member or self._address).rpartition("/")[2]
            excerpt = Excerpt(self._pieces(ranges, lambda offset, why: on_damage(self._member, offset, why)))
            yield RecordStream(self._member, cast(BinaryIO, excerpt), self.size(), suffix, excerpt.place)

    @contextmanager
    def _ranges(self) -> Iterator[FileRanges | None]:
        if not self._member:
            with opened_ranges(self._address, self._server) as ranges:
                yield ranges
            return
        with self._stream() as stream:
            yield FileRanges(stream.seek(0, os.SEEK_END), stream) if stream is not None and stream.seekable() else None

    @contextmanager
    def _stream(self) -> Iterator[BinaryIO | None]:
        """Open the WARC file, wherever it is; None: the WACZ has none of this name."""
        with opened(self._address, self._server) as file:
            if self._member:
                parts = streams_in(file, self.name, lambda *_: None)
                yield next((part.stream for part in parts if part.member == self._member), None)
            else:
                yield file

    def _pieces(self, ranges: FileRanges, on_damage: Callable[[int, str], object]) -> Iterator[tuple[int, bytes]]:
        end = 0  # of what was taken
        infos = WarcinfoRecords(ranges, self._stream, self._records[-1].offset)
        if infos.first is not None:
            end = len(infos.first[1])
            yield infos.first
        info_id = infos.first_id  # of the warcinfo record that was taken last
        usable = [one for one in self._records if self._is_usable(one, ranges.size, on_damage)]
        windows = ranges.pieces(window_of(one) for one in usable)
        for chosen, (start_of_window, window) in zip(usable, windows, strict=True):
            at = chosen.offset - start_of_window
            here, there = window[at : at + (chosen.length or 0)], window[at + (chosen.length or 0) :]
            found = first_record(here)
            if found is None or found.end != len(here):
                on_damage(chosen.offset, f"no record can be read where the readings say: {IMPORT_WHOLE}")
                continue
            if record_id_of(found.record) != chosen.record_id:
                on_damage(chosen.offset, "another record is here than the readings say: read the lake again")
                continue
            name, info = infos.named_by(found.record)
            if info is not None and name != info_id:
                info_id = name
                yield info
            before = request_before(window[max(0, end - start_of_window) : at], found.record)
            after = request_after(there, found.record)
            yield chosen.offset - len(before), before + here + after
            end = chosen.offset + len(here) + len(after)

    def _is_usable(self, chosen: ChosenRecord, size: int, on_damage: Callable[[int, str], object]) -> bool:
        if chosen.length is None:
            on_damage(chosen.offset, f"the readings do not say how long this record is: {IMPORT_WHOLE}")
        elif not 0 < chosen.length <= MAX_BLOCK_BYTES or not 0 <= chosen.offset <= size - chosen.length:
            on_damage(chosen.offset, f"the readings name {chosen.length:,} bytes here, the file has {size:,} in all")
        else:
            return True
        return False


def window_of(chosen: ChosenRecord) -> Range:
    """Return the range of a record and of what may belong to it."""
    start = max(0, chosen.offset - BESIDE_BYTES)
    return start, chosen.offset - start + (chosen.length or 0) + BESIDE_BYTES


def request_after(data: bytes, answer: ForeignRecord) -> bytes:
    """Return the stored bytes of the request that these bytes begin with, if it is that of an answer; else none."""
    found = first_record(data) if data else None
    return data[: found.end] if found is not None and belongs(found.record, answer) else b""


def request_before(data: bytes, answer: ForeignRecord) -> bytes:
    """Return the stored bytes of the request that these bytes end with, if it is that of an answer; else none."""
    starts = [match.start() for match in RECORD_START.finditer(data)]
    for start in reversed(starts[-MAX_STARTS:]):
        found = first_record(data[start:])
        if found is not None and found.end == len(data) - start:
            return data[start:] if belongs(found.record, answer) else b""
    return b""


def belongs(record: ForeignRecord, answer: ForeignRecord) -> bool:
    """Return True for the request of an answer."""
    return (record.fields.get("WARC-Type") or "").lower() == "request" and is_request_of(record, answer)
