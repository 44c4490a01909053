"""What an archive holds already, asked by an import before it writes: by record id, and by what a revisit repeats."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged, NotFound
from pipelines.core.timestamps import fine_stamp
from pipelines.importing.adopt import kept_in
from pipelines.importing.foreign_records import moment
from pipelines.importing.grouping import ALREADY, CLASH
from pipelines.warc.reader import StoredRecord, read_block, read_record, walk
from pipelines.warc.record import RecordLocation, WarcFields, WarcRecord


class KnownRecords:
    """The records of an archive, rows or not. Used on the keeper's thread."""

    def __init__(self, archive_writer: ArchiveWriter) -> None:
        self._keeper = archive_writer
        self._orphans: dict[str, RecordLocation] = {}

    def find_orphans(self) -> None:
        """Look for imported records that have no row: a crash may take rows away, never whole records.

        Such records are the last of their file, because rows are committed in the order in which records are written.
        """
        storage = self._keeper.storage
        for file in storage.list().finished:
            last = self._keeper.db.execute(
                "SELECT offset + length FROM captures WHERE file = ? ORDER BY offset DESC LIMIT 1", (file,)
            ).fetchone()
            end = last[0] if last else 0
            if end >= (storage.size(file) or 0):
                continue
            with suppress(NotFound, ArchiveDamaged):
                for found in walk(storage, file, lambda *_: None, start=end):
                    if found.headers.get("Morgue-Imported") is not None:
                        place = RecordLocation(file, found.offset, found.length)
                        self._orphans[found.headers.get("WARC-Record-ID") or ""] = place

    def why_not(self, record_id: str, fields: WarcFields) -> str | None:
        """`why_not`, of the keeper's database."""
        return why_not(self._keeper.db, record_id, fields)

    def holds(self, record_id: str) -> bool:
        """Whether a capture with that id is filed."""
        row = self._keeper.db.execute("SELECT 1 FROM captures WHERE record_id = ?", (record_id,)).fetchone()
        return row is not None

    def append(self, records: Sequence[WarcRecord]) -> list[tuple[WarcRecord, StoredRecord, str]]:
        """Write records side by side, but those that a crash left without a row; each as it lies, and in which file."""
        writer, storage = self._keeper.writer, self._keeper.storage
        new = [record for record in records if _id(record) not in self._orphans]
        new = [kept_in(record, writer.warcinfo_id()) for record in new]
        places = dict(zip(map(_id, new), writer.append(new), strict=True)) if new else {}
        lie = {_id(record): record for record in new}
        found = []
        for record in records:
            place = places.get(_id(record)) or self._orphans[_id(record)]
            # An orphan is what lies there, not what we would write now.
            record = lie.get(_id(record)) or read_record(storage, *place)
            found.append((record, StoredRecord(place.offset, place.length, record.fields, record.block), place.file))
        return found


def why_not(db: sqlite3.Connection, record_id: str, fields: WarcFields) -> str | None:
    """Why a record is not kept once more, in words for counting; None if the archive has none with its id.

    An id is for one record only (section 5.1), but some writers number theirs anew in each file.
    """
    query = "SELECT url, time, block_digest FROM captures WHERE record_id = ?"
    row = db.execute(query, (record_id,)).fetchone()
    if row is None:
        return None
    stated = fields.get("WARC-Block-Digest")
    same = fields.get("WARC-Target-URI") == row[0] and (stated is None or stated == row[2])
    with suppress(ValueError):
        same &= fine_stamp(moment(fields.get("WARC-Date") or "")) == row[1]
    return ALREADY if same else CLASH


def _id(record: WarcRecord) -> str:
    return record.fields.get("WARC-Record-ID") or ""


def original_of(archive_writer: ArchiveWriter, fields: WarcFields) -> tuple[str, bytes] | None:
    """(record id, block) of the response that a revisit repeats, if it is kept: by its id, by address and date, else by
    the digest of its payload. Raises ArchiveDamaged."""
    row = _by_id(archive_writer, fields) or _by_date(archive_writer, fields) or _by_digest(archive_writer, fields)
    if row is None:
        return None
    record_id, file, offset, length = row
    return record_id, read_block(archive_writer.storage, file, offset, length)


COLUMNS = "SELECT record_id, file, offset, length FROM captures WHERE record_type = 'response' AND "
Row = tuple[str, str, int, int]


def _by_id(archive_writer: ArchiveWriter, fields: WarcFields) -> Row | None:
    row: Row | None = archive_writer.db.execute(COLUMNS + "record_id = ?", (fields.get("WARC-Refers-To"),)).fetchone()
    return row


def _by_date(archive_writer: ArchiveWriter, fields: WarcFields) -> Row | None:
    try:
        time = fine_stamp(moment(fields.get("WARC-Refers-To-Date") or ""))
    except ValueError:
        return None
    url = fields.get("WARC-Refers-To-Target-URI") or fields.get("WARC-Target-URI")
    row: Row | None = archive_writer.db.execute(COLUMNS + "url = ? AND time = ?", (url, time)).fetchone()
    return row


def _by_digest(archive_writer: ArchiveWriter, fields: WarcFields) -> Row | None:
    label, _, value = (fields.get("WARC-Payload-Digest") or "").partition(":")
    payload = f"{label.lower()}:{value.upper()}"
    row: Row | None = archive_writer.db.execute(
        COLUMNS + "status = 200 AND payload_digest = ? ORDER BY time LIMIT 1", (payload,)
    ).fetchone()
    return row
