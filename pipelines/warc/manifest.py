"""Keep the manifest of an archive: each finished WARC file, its size, SHA-256 and contents; one JSON object a line.

`manifest.jsonl` is beside `warc/`. A line is written, durably, before its file gets its final name. So a file below
`warc/` that is neither listed nor `.open` was put there by another program, and a listed file that is missing was taken
away. If several lines name one file, the last one counts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import BinaryIO

from pipelines.core import safe_open
from pipelines.core.archive_layout import MANIFEST_NAME
from pipelines.core.durability import sync_folder
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.items import DatabaseState
from pipelines.warc.record import WarcFields, is_capture

NAME = MANIFEST_NAME
OLDER_LINE_DEFAULTS = {"archive": None, "journal": None, "was": None}  # fields that lines of older versions do not have


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """Describe one finished file."""

    file: str  # its name below warc/
    size: int  # bytes
    sha256: str  # of all its bytes, hex
    records: int  # WARC records of all types, warcinfo included
    captures: int  # of these, records that have a row in `captures`
    first: str | None  # earliest WARC-Date of a capture in it, UTC; None if it holds none
    last: str | None  # the latest
    archive: str | None = None  # id of the archive that wrote it (Morgue-Archive); None: not known, or another one
    journal: int | None = None  # the last journal record whose rows were committed when the file was finished
    was: str | None = None  # SHA-256 that was listed, if the file no longer had it when something was removed from it

    def line(self) -> str:
        """Return the entry as a line of the manifest."""
        said = asdict(self)
        if self.was is None:
            del said["was"]
        return json.dumps(said) + "\n"


class FileContents:
    """Count what a file holds so far, while it is written or read through."""

    def __init__(self) -> None:
        self.size = self.records = self.captures = 0
        self.first: str | None = None
        self.last: str | None = None
        self._sha256 = hashlib.sha256()

    def count(self, fields: WarcFields) -> None:
        """Count one more record."""
        self.records += 1
        if is_capture(fields):
            self.captures += 1
            date = fields.get("WARC-Date") or ""
            self.first = min(self.first or date, date)
            self.last = max(self.last or date, date)

    def add(self, data: bytes) -> None:
        """Add more bytes."""
        self.size += len(data)
        self._sha256.update(data)

    def add_file(self, file: BinaryIO) -> None:
        """Add all bytes of an open file. Raises OSError."""
        while data := file.read(1 << 20):
            self.add(data)

    def entry(self, file: str, state: DatabaseState | None = None) -> ManifestEntry:
        """Return the entry of the file under its final name; `state`: of the database that belongs to it, if known."""
        entry = ManifestEntry(
            file, self.size, self._sha256.hexdigest(), self.records, self.captures, self.first, self.last
        )
        return entry if state is None else replace(entry, **state._asdict())


def load(path: Path) -> dict[str, ManifestEntry]:
    """Return the entries by file name, in the order in which files were finished; empty if there is no manifest.

    A torn last line (a crash while it was written) is skipped: its file is still `.open`. Raises ArchiveDamaged for any
    other line that is not an entry.
    """
    with os_errors(str(path)):
        try:
            lines = safe_open.read_bytes(path).decode(errors="replace").splitlines(keepends=True)
        except FileNotFoundError:
            return {}
    entries: dict[str, ManifestEntry] = {}
    for number, line in enumerate(lines, 1):
        try:
            values = OLDER_LINE_DEFAULTS | json.loads(line)
            entry = ManifestEntry(**{field.name: values[field.name] for field in fields(ManifestEntry)})
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            cure = "`morgue verify` still compares the files with the database; `morgue rebuild` writes a new manifest"
            raise ArchiveDamaged(f"{path}, line {number}", "is no entry of a manifest", cure) from error
        entries.pop(entry.file, None)
        entries[entry.file] = entry
    return entries


def add(path: Path, entry: ManifestEntry) -> None:
    """Append one entry, durably. Raises DiskFull, NotWritable, MorgueError; the manifest is then as before."""
    line = entry.line().encode()
    with os_errors(str(path)):
        file = safe_open.open_descriptor(path, os.O_RDWR | os.O_CREAT)
        try:
            size = _whole_lines(file)
            try:
                if os.pwrite(file, line, size) != len(line):
                    raise OSError(28, os.strerror(28))  # ENOSPC: what a short write to a file means
                os.fsync(file)
            except OSError:
                os.ftruncate(file, size)
                raise
        finally:
            os.close(file)


def _whole_lines(file: int) -> int:
    """Cut a torn last line off and return the size of the file."""
    size = os.fstat(file).st_size
    while size and os.pread(file, 1, size - 1) != b"\n":
        size -= 1
    os.ftruncate(file, size)
    return size


def write(path: Path, entries: Iterable[ManifestEntry]) -> None:
    """Replace the whole manifest in one step. Raises DiskFull, NotWritable, MorgueError."""
    with os_errors(str(path)):
        with safe_open.draft(path) as file:
            file.writelines(entry.line().encode() for entry in entries)
        sync_folder(path.parent)
