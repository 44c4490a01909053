"""Which warcinfo records an archive holds: its own files', and those that imports brought along. None has a row.

An imported one is named by the record about the file that it came from (`adopt.origin`), which has a row, and which was
written right behind it. Used on the keeper's thread.
"""

from __future__ import annotations

from contextlib import suppress

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged, NotFound
from pipelines.warc.reader import read_record, walk
from pipelines.warc.record import RecordLocation, WarcRecord, digest

ORIGINS = """SELECT file, offset, length FROM captures
              WHERE url GLOB 'urn:sha256:*' AND kind = 'import' AND imported IS NOT NULL ORDER BY id"""
BEFORE = "SELECT offset + length FROM captures WHERE file = ? AND offset < ? ORDER BY offset DESC LIMIT 1"


class WarcinfoIndex:
    """Asked by record id. Nothing is read before the first question."""

    def __init__(self, archive_writer: ArchiveWriter) -> None:
        self._keeper = archive_writer
        self._blocks: dict[str, str] | None = None  # record id -> digest of the block
        self._origins: dict[str, list[RecordLocation]] = {}  # record id -> the records that name it, not looked at yet

    def block_of(self, record_id: str) -> str | None:
        """Digest of the block of a warcinfo record; None if none that is whole has this id."""
        if self._blocks is None:
            self._blocks = self._own()
            self._origins = self._named()
        for place in self._origins.pop(record_id, ()):
            block = self._written_before(record_id, place)
            if block is not None:
                self._blocks.setdefault(record_id, digest(block))
        return self._blocks.get(record_id)

    def add(self, record: WarcRecord) -> None:
        """One that was written since."""
        if self._blocks is not None:
            self._blocks[record.fields.get("WARC-Record-ID") or ""] = digest(record.block)

    def _own(self) -> dict[str, str]:
        """The first record of each file."""
        found = {}
        listing = self._keeper.storage.list()
        for file in sorted({*listing.finished, *listing.unfinished}):
            with suppress(NotFound, ArchiveDamaged):
                for first in walk(self._keeper.storage, file):
                    if first.headers.get("WARC-Type") == "warcinfo":
                        found[first.headers.get("WARC-Record-ID") or ""] = digest(first.block)
                    break
        return found

    def _named(self) -> dict[str, list[RecordLocation]]:
        named: dict[str, list[RecordLocation]] = {}
        for row in self._keeper.db.execute(ORIGINS):
            place = RecordLocation(*row)
            with suppress(NotFound, ArchiveDamaged):
                origin = read_record(self._keeper.storage, *place)
                named.setdefault(origin.fields.get("WARC-Refers-To") or "", []).append(place)
        return named

    def _written_before(self, record_id: str, origin: RecordLocation) -> bytes | None:
        """The block of the warcinfo record between the capture before `origin` and that, if it lies there."""
        (start,) = self._keeper.db.execute(BEFORE, (origin.file, origin.offset)).fetchone() or (0,)
        with suppress(NotFound, ArchiveDamaged):
            for found in walk(self._keeper.storage, origin.file, lambda *_: None, start=start):
                if found.offset >= origin.offset:
                    break
                if found.headers.get("WARC-Record-ID") == record_id:
                    return found.block
        return None
