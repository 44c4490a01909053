"""Find the WARC records of an exchange by its capture, byte for byte, and the warcinfo records that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.warc.reader import RecordDamage, StoredRecord, first_warcinfo_id, members, walk
from pipelines.warc.record import WarcFields, is_capture, warcinfo_offset
from pipelines.warc.storage import WarcStorage

CURE = "nothing was moved; restore the file from a copy (`morgue verify` says what is wrong with it)"


class RawRecord(NamedTuple):
    """Hold a gzip member as it is stored, and the fields of its record."""

    data: bytes
    fields: WarcFields
    offset: int  # in its file

    @property
    def record_id(self) -> str:
        """Return the WARC-Record-ID."""
        return self.fields.get("WARC-Record-ID") or ""


class ExchangeReader:
    """Read exchanges of one archive, file after file."""

    def __init__(self, storage: WarcStorage) -> None:
        self.storage = storage
        self._name = ""
        self._file: BinaryIO | None = None
        self._first_id: str | None = None
        self._places: dict[str, tuple[str, int]] | None = None  # of all warcinfo records, if one had to be looked for

    def exchange(self, file: str, offset: int, end: int, record_id: str) -> list[RawRecord]:
        """Return the records of the capture at an offset, its own first; none of them begins at `end` or later.

        Raises NotFound, ArchiveDamaged.
        """
        found: list[RawRecord] = []
        for record in self._records(file, offset, end):
            if not found and record.record_id != record_id:
                break
            if found and record_id not in record.fields.all("WARC-Concurrent-To"):
                break
            found.append(record)
        if not found:
            raise ArchiveDamaged(f"{file} at byte {offset}", f"the record {record_id} is not there", CURE)
        return found

    def raw(self, file: str, offset: int, length: int) -> bytes:
        """Return bytes of a file as they are; fewer if it ends before."""
        stream = self._open(file)
        with os_errors(self.storage.location(file)):
            stream.seek(offset)
            return stream.read(length)

    def is_note(self, file: str, offset: int) -> bool:
        """Return True if the record at an offset is a note that an exchange is elsewhere now."""
        found = next(self._records(file, offset, offset + 1), None)
        fields = found.fields if found is not None else None
        return fields is not None and fields.get("WARC-Type") == "metadata" and not is_capture(fields)

    def warcinfo(self, file: str, record_id: str) -> RawRecord | None:
        """Return the warcinfo record of this id, which a record in a file names; None if the archive has none."""
        self._open(file)
        at = warcinfo_offset(self._first_id, record_id) if self._first_id else None
        if at is None:
            if self._places is None:
                self._places = dict(self._all_places())
            if record_id not in self._places:
                return None
            file, at = self._places[record_id]
        found = next(self._records(file, at, at + 1), None)
        return found if found is not None and found.record_id == record_id else None

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
        self._name, self._file = "", None

    def _all_places(self) -> Iterator[tuple[str, tuple[str, int]]]:
        listing = self.storage.list()
        for file in (*listing.finished, *listing.unfinished):
            for member in walk(self.storage, file, on_damage=lambda *_: None):
                if member.headers.get("WARC-Type") == "warcinfo":
                    yield member.headers.get("WARC-Record-ID") or "", (file, member.offset)

    def _open(self, file: str) -> BinaryIO:
        if self._name != file or self._file is None:
            self.close()
            self._file, self._name = self.storage.open(file), file
            self._first_id = first_warcinfo_id(self._file)
        return self._file

    def _records(self, file: str, offset: int, end: int) -> Iterator[RawRecord]:
        stream = self._open(file)
        try:
            for member in members(stream, offset, end):
                yield RawRecord(_bytes_of(stream, member), member.headers, member.offset)
        except RecordDamage as damage:
            raise ArchiveDamaged(f"{file} at byte {damage.offset}", str(damage), CURE) from damage


def _bytes_of(stream: BinaryIO, member: StoredRecord) -> bytes:
    """Return the gzip member of a record, and leave the position of the stream as it was."""
    at = stream.tell()
    stream.seek(member.offset)
    data = stream.read(member.length)
    stream.seek(at)
    return data
