"""Know which records the archive holds already: by record id, and by what a revisit repeats."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged, NotFound
from pipelines.core.timestamps import fine_stamp
from pipelines.database import captures
from pipelines.importing.adopt import with_warcinfo_of_file
from pipelines.importing.foreign_records import parse_warc_date
from pipelines.importing.grouping import ALREADY_HERE, ID_CLASH, LOST_HERE
from pipelines.warc.digests import spellings_of
from pipelines.warc.reader import StoredRecord, read_record, walk
from pipelines.warc.record import RecordLocation, WarcFields, WarcRecord


class KnownRecords:
    """Hold the records of an archive, with and without rows. Used on the writer's thread."""

    def __init__(self, archive_writer: ArchiveWriter) -> None:
        self._archive_writer = archive_writer
        self._orphans: dict[str, RecordLocation] = {}  # record id -> place of a record without a row
        self.lost_files: dict[str, int] = {}  # WARC file that is not as listed -> bytes that are there

    def look_through(self) -> None:
        """Look for lost files, and for imported records without a row: a crash may take rows, but never whole records.

        Such records are the last of their file, because rows are committed in the order in which records are written.
        """
        storage = self._archive_writer.storage
        unlike = self._archive_writer.writer.files_unlike_manifest()
        self.lost_files = {file: storage.size(file) or 0 for file in unlike}
        for file in (*(listing := storage.list()).finished, *listing.unfinished):
            end = captures.end_of_rows(self._archive_writer.db, file)
            if (size := storage.size(file)) is not None and end >= size:
                continue
            with suppress(NotFound, ArchiveDamaged):
                for found in walk(storage, file, lambda *_: None, start=end):
                    if found.headers.get("Morgue-Imported") is not None:
                        place = RecordLocation(file, found.offset, found.length)
                        self._orphans[found.headers.get("WARC-Record-ID") or ""] = place

    def reason_to_skip(self, record_id: str, fields: WarcFields) -> str | None:
        """Return `reason_to_skip` by the writer's own database."""
        return reason_to_skip(self._archive_writer.db, record_id, fields, self.lost_files)

    def has_row(self, record_id: str) -> bool:
        """Return True if a capture with this record id has its row."""
        return captures.has_record(self._archive_writer.db, record_id)

    def has(self, record_id: str) -> bool:
        """Return True if the archive is known to have a record with this id: a capture, or one without a row yet."""
        return record_id in self._orphans or self.has_row(record_id)

    def append(self, records: Sequence[WarcRecord]) -> list[tuple[WarcRecord, StoredRecord, str]]:
        """Write records as neighbours, except those that are there and only lack a row.

        Return each record as it is stored, with its place and the name of its file.
        """
        writer, storage = self._archive_writer.writer, self._archive_writer.storage
        new = [record for record in records if _id_of(record) not in self._orphans]
        new = [with_warcinfo_of_file(record, writer.warcinfo_id()) for record in new]
        places = dict(zip(map(_id_of, new), writer.append(new), strict=True)) if new else {}
        written = {_id_of(record): record for record in new}
        stored = []
        for record in records:
            place = places.get(_id_of(record)) or self._orphans[_id_of(record)]
            # An orphan is given as it was stored, which may differ from what would be written now.
            record = written.get(_id_of(record)) or read_record(storage, *place)
            stored.append((record, StoredRecord(place.offset, place.length, record.fields, record.block), place.file))
        return stored


def reason_to_skip(
    db: sqlite3.Connection, record_id: str, fields: WarcFields, lost_files: Mapping[str, int]
) -> str | None:
    """Return why a record is not imported once more, as a reason to count; None if its id is new to the archive.

    `lost_files`: as in KnownRecords. A record that lay in them is not taken again: a file that is restored later would
    hold it a second time, and a takedown would miss one of the two. After a rebuild its id is new.

    An id is for one record only (WARC 1.1 section 5.1), but some programs start numbering again in each file.
    """
    known = captures.known_capture(db, record_id)
    if known is None:
        return None
    stated = fields.get("WARC-Block-Digest")
    same = fields.get("WARC-Target-URI") == known.url and (stated is None or stated == known.block_digest)
    with suppress(ValueError):
        same &= fine_stamp(parse_warc_date(fields.get("WARC-Date") or "")) == known.time
    if not same:
        return ID_CLASH
    return LOST_HERE if known.end > lost_files.get(known.file, known.end) else ALREADY_HERE


def _id_of(record: WarcRecord) -> str:
    return record.fields.get("WARC-Record-ID") or ""


def repeated_response(archive_writer: ArchiveWriter, fields: WarcFields) -> WarcRecord | None:
    """Return the response that a revisit repeats; None if the archive does not have it, or has lost or damaged it.

    It is found by its record id, else by address and date, else by the digest of its payload, as the revisit declares
    it: another record may declare the same one, or we may have computed it.
    """
    db = archive_writer.db
    found = captures.response_with_id(db, fields.get("WARC-Refers-To"))
    if found is None:
        with suppress(ValueError):
            first = parse_warc_date(fields.get("WARC-Refers-To-Date") or "")
            last = first.replace(microsecond=first.microsecond or 999_999)  # some write a finer date to the second
            url = fields.get("WARC-Refers-To-Target-URI") or fields.get("WARC-Target-URI")
            found = captures.response_at(db, url, fine_stamp(first), fine_stamp(last))
    if found is None and (declared := fields.get("WARC-Payload-Digest")):
        found = captures.response_with_payload(db, spellings_of(declared), fields.get("WARC-Target-URI"))
    if found is not None:
        with suppress(NotFound, ArchiveDamaged):
            return read_record(archive_writer.storage, found.file, found.offset, found.length)
    return None
