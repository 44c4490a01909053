"""Know the warcinfo records of an archive: those of its own files, and those that imports copied. None has a row.

A copied warcinfo record is found by the record about the imported file (`adopt.import_record`), which has a row, names
the warcinfo record, and was written right after it. Everything here runs on the writer's thread.
"""

from __future__ import annotations

from contextlib import suppress

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged, NotFound
from pipelines.database import captures
from pipelines.database.captures import CaptureLocation
from pipelines.warc.reader import read_record, walk
from pipelines.warc.record import WarcRecord, digest


class WarcinfoIndex:
    """Answer questions about warcinfo records by their id. Nothing is read before the first question."""

    def __init__(self, archive_writer: ArchiveWriter) -> None:
        self._archive_writer = archive_writer
        self._digests: dict[str, str] | None = None  # record id -> digest of the block
        self._unread: dict[str, list[CaptureLocation]] = {}  # record id -> import records that name it

    def block_digest(self, record_id: str) -> str | None:
        """Return the digest of the block of a warcinfo record; None if no undamaged one has this id."""
        if self._digests is None:
            self._digests = self._digests_of_own_files()
            self._unread = self._import_records()
        for import_record in self._unread.pop(record_id, ()):
            block = self._copied_block(record_id, import_record)
            if block is not None:
                self._digests.setdefault(record_id, digest(block))
        return self._digests.get(record_id)

    def add(self, record: WarcRecord) -> None:
        """Add a record that was written since."""
        if self._digests is not None:
            self._digests[record.fields.get("WARC-Record-ID") or ""] = digest(record.block)

    def _digests_of_own_files(self) -> dict[str, str]:
        """Return record id -> digest of the first record of each file."""
        found = {}
        listing = self._archive_writer.storage.list()
        for file in sorted({*listing.finished, *listing.unfinished}):
            with suppress(NotFound, ArchiveDamaged):
                for first in walk(self._archive_writer.storage, file):
                    if first.headers.get("WARC-Type") == "warcinfo":
                        found[first.headers.get("WARC-Record-ID") or ""] = digest(first.block)
                    break
        return found

    def _import_records(self) -> dict[str, list[CaptureLocation]]:
        """Return the records about imported files by the id of the warcinfo record that they name."""
        named: dict[str, list[CaptureLocation]] = {}
        for found in captures.import_records(self._archive_writer.db):
            with suppress(NotFound, ArchiveDamaged):
                record = read_record(self._archive_writer.storage, found.file, found.offset, found.length)
                named.setdefault(record.fields.get("WARC-Refers-To") or "", []).append(found)
        return named

    def _copied_block(self, record_id: str, import_record: CaptureLocation) -> bytes | None:
        """Return the block of the warcinfo record between an import record and the capture before it, or None."""
        file, end = import_record.file, import_record.offset
        start = captures.end_of_rows(self._archive_writer.db, file, before=end)
        with suppress(NotFound, ArchiveDamaged):
            for found in walk(self._archive_writer.storage, file, lambda *_: None, start=start):
                if found.offset >= end:
                    break
                if found.headers.get("WARC-Record-ID") == record_id:
                    return found.block
        return None
