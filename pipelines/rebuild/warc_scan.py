"""Scan one WARC file for a rebuild: its captures, its tombstones, and where its journal records are.

Runs in a worker process, because inflating and hashing a file of a gigabyte takes a minute.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines.archive.journal import JournalHeader, journal_header
from pipelines.database.columns import capture_row
from pipelines.takedown.tombstone import TombstoneNotice, notice_of
from pipelines.warc.exchange import capture_of
from pipelines.warc.manifest import FileContents, ManifestEntry
from pipelines.warc.reader import walk
from pipelines.warc.record import ARCHIVE_FIELD
from pipelines.warc.storage import WarcStorage


class JournalLocation(NamedTuple):
    """Hold the header and the place of a journal record."""

    header: JournalHeader
    offset: int
    length: int


class FileScan(NamedTuple):
    """Hold what a file contains."""

    captures: list[dict[str, Any]]  # columns of `captures` but crawl and source, in the order of the records
    journal: list[JournalLocation]
    damaged: list[tuple[int, int, str]]  # offset, length, why
    tombstones: list[TombstoneNotice]
    archive: str | None  # id of the archive that wrote the file; None: it does not say
    entry: ManifestEntry | None  # the line that the manifest should have for it; None: its beginning was not read


def scan(storage: WarcStorage, file: str, start: int = 0) -> FileScan:
    """Read a file in `warc/` to its end. Damage costs only the records that it hits. Raises NotFound.

    `start`: where to begin; a whole record begins there.
    """
    contents = FileContents()
    found = FileScan([], [], [], [], None, None)
    archive: str | None = None
    for member in walk(storage, file, on_damage=lambda *damage: found.damaged.append(damage), start=start):
        contents.count(member.headers)
        if (notice := notice_of(member)) is not None:
            found.tombstones.append(notice)
        # The field is always of the archive that wrote the file: an import removes it from the records that it copies.
        archive = archive or member.headers.get(ARCHIVE_FIELD)
        header = journal_header(member.headers)
        if header is not None:
            found.journal.append(JournalLocation(header, member.offset, member.length))
            continue
        try:
            capture = capture_of(member, file)
        except ValueError as error:
            found.damaged.append((member.offset, member.length, str(error)))
            continue
        if capture is not None:
            found.captures.append(capture_row(capture))
    if start:
        return found._replace(archive=archive)
    with storage.open(file) as data:
        contents.add_file(data)
    return found._replace(archive=archive, entry=contents.entry(file))
