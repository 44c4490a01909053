"""What one WARC file tells of an archive's database: its captures, and where its journal records lie. For a rebuild.

Runs in a worker process: a file of a gigabyte is a minute of inflating and hashing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines.archive.journal import JournalHeader, journal_header
from pipelines.database.columns import capture_row
from pipelines.warc.exchange import capture_of
from pipelines.warc.manifest import FileContents, ManifestEntry
from pipelines.warc.reader import StoredRecord, walk
from pipelines.warc.record import ARCHIVE_FIELD
from pipelines.warc.storage import WarcStorage


class JournalLocation(NamedTuple):
    """A journal record."""

    mark: JournalHeader
    offset: int
    length: int


class TombstoneNotice(NamedTuple):
    """What a tombstone says."""

    url: str
    time: str  # when it was removed: WARC-Date
    reason: str


class FileScan(NamedTuple):
    """A file, read to its end."""

    captures: list[dict[str, Any]]  # columns of `captures`, without whose it is, in the order of the records
    journal: list[JournalLocation]
    damaged: list[tuple[int, int, str]]  # offset, length, why
    gone: list[TombstoneNotice]
    archive: str | None  # id of the archive that wrote it; None: it does not say
    entry: ManifestEntry  # what the manifest should say of it


def scan(storage: WarcStorage, file: str) -> FileScan:
    """Read a file below `warc/`. Damage costs what it hits. Raises NotFound."""
    contents = FileContents()
    told = FileScan([], [], [], [], None, contents.entry(file))
    archive: str | None = None
    for member in walk(storage, file, on_damage=lambda *damage: told.damaged.append(damage)):
        contents.count(member.headers)
        if member.block.startswith(b"removed-uri: ") and member.headers.get("WARC-Type") == "metadata":
            told.gone.append(_gone(member))
        # An import leaves out such fields (pipelines/importing/adopt.py): they are of whoever wrote the file.
        archive = archive or member.headers.get(ARCHIVE_FIELD)
        mark = journal_header(member.headers)
        if mark is not None:
            told.journal.append(JournalLocation(mark, member.offset, member.length))
            continue
        try:
            capture = capture_of(member, file)
        except ValueError as error:
            told.damaged.append((member.offset, member.length, str(error)))
            continue
        if capture is not None:
            told.captures.append(capture_row(capture))
    with storage.open(file) as data:
        contents.add_file(data)
    return told._replace(archive=archive, entry=contents.entry(file))


def _gone(member: StoredRecord) -> TombstoneNotice:
    lines = dict(line.partition(": ")[::2] for line in member.block[:65536].decode("utf-8", "replace").split("\r\n"))
    time = (member.headers.get("WARC-Date") or "")[:19] + "Z"
    return TombstoneNotice(lines.get("removed-uri", ""), time, lines.get("reason", ""))
