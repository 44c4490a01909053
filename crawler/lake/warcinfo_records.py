"""Find the warcinfo record that a record of a WARC file names (WARC 1.1 section 5.6), byte for byte.

Most files begin with it. In files of our own crawls, the id of a later one says where it is. Any other is found by
reading the heads of the whole file, at most once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

from crawler.lake.excerpt import FileRanges
from crawler.lake.first_record import first_record
from pipelines.bucket.ranges import Range
from pipelines.importing.foreign_records import MAX_BLOCK_BYTES, ForeignRecord, read_records
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from pipelines.warc.record import warcinfo_offset

WARCINFO_BYTES = 8192  # read where one begins: it is small
StoredWarcinfo = tuple[int, bytes]  # offset, stored bytes
Opened = Callable[[], AbstractContextManager[BinaryIO | None]]


class WarcinfoRecords:
    """Find warcinfo records of one WARC file."""

    def __init__(self, ranges: FileRanges, stream: Opened, end: int) -> None:
        """`stream`: opens the whole file. `end`: offset of the last record that may ask for one."""
        self._ranges, self._stream, self._end = ranges, stream, min(end, ranges.size)
        self._found: dict[str, StoredWarcinfo | None] = {}  # by id
        self._places: dict[str, Range] | None = None  # by id, once the whole file was searched
        self.first_id = ""  # of the one at the beginning; "": there is none, or it is large
        self.first = self._at((0, min(WARCINFO_BYTES, self._end)), "") if self._end > 0 else None

    def named_by(self, record: ForeignRecord) -> tuple[str, StoredWarcinfo | None]:
        """Return the id of the warcinfo record that a record names, and that record; "" if it names none."""
        name = record.fields.get("WARC-Warcinfo-ID") or ""
        if name and name not in self._found:
            offset = warcinfo_offset(self.first_id, name) if self.first_id else None
            found = None
            if offset is not None and offset < self._end:
                found = self._at((offset, min(WARCINFO_BYTES, self._end - offset)), name)
            if found is None:
                if self._places is None:
                    self._places = self._search()
                found = self._at(self._places[name], name) if name in self._places else None
            self._found[name] = found
        return name, self._found.get(name)

    def _at(self, place: Range, name: str) -> StoredWarcinfo | None:
        """Return the warcinfo record at a place, if it has this id; "": any, which is the first of the file."""
        if place[1] > MAX_BLOCK_BYTES:
            return None
        offset, data = next(self._ranges.pieces([place]))
        found = first_record(data)
        if found is None or found.record.fields.get("WARC-Type") != "warcinfo":
            return None
        found_id = found.record.fields.get("WARC-Record-ID") or ""
        stored = offset, data[: found.end]
        if not name:
            self.first_id = found_id
            self._found[found_id] = stored
        return stored if name in ("", found_id) else None

    def _search(self) -> dict[str, Range]:
        """Return the places of all warcinfo records before `end`."""
        places: dict[str, Range] = {}
        last: tuple[str, int] | None = None  # the record before, if it is a warcinfo record: its id and offset
        with self._stream() as stream:
            if stream is None:
                return places
            try:
                for record in read_records(UnpackedStream(stream), lambda _: False, lambda _: None):
                    if last is not None and last[0] not in places:
                        places[last[0]] = last[1], record.offset - last[1]
                    if record.offset >= self._end:
                        break
                    is_one = record.fields.get("WARC-Type") == "warcinfo"
                    last = (record.fields.get("WARC-Record-ID") or "", record.offset) if is_one else None
            except ContainerDamage:  # it has no beginning that can be unpacked: nothing is found in it
                return places
        return places
