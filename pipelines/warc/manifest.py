"""Keep the manifest of an archive: each finished WARC file, its size, SHA-256 and contents; one JSON object a line.

`manifest.jsonl` is beside `warc/`. A line is written, durably, before its file gets its final name. So a file below
`warc/` that is neither listed nor `.open` was put there by another program, and a listed file that is missing was taken
away.

A file that several runs write has a line for each part: `offset` says where the part begins, and `part_sha256` is the
SHA-256 of the part alone, so that no run hashes what an earlier one wrote. A line without them is about the whole file.
If several such lines name one file, the last one counts, with the parts after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.core import safe_open
from pipelines.core.archive_layout import MANIFEST_NAME, is_warc_name
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.safe_open import sync_folder
from pipelines.warc.record import WarcFields, is_capture

NAME = MANIFEST_NAME
# Fields that a line may lack: lines of older versions have none of them.
OPTIONAL_FIELD_DEFAULTS = {"archive": None, "journal": None, "was": None, "offset": 0}
READ_BYTES = 1 << 20
MAX_COUNT = 2**63 - 1  # bytes or records: the largest size of a file, and the largest integer of SQLite
SHA256_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """Describe one finished file, or a file up to the end of one of its parts."""

    file: str  # its name below warc/
    size: int  # bytes
    sha256: str  # of its bytes from `offset` on, hex
    records: int  # WARC records of all types, warcinfo included
    captures: int  # of these, records that have a row in `captures`
    first: str | None  # earliest WARC-Date of a capture in it, UTC; None if it holds none
    last: str | None  # the latest
    archive: str | None = None  # id of the archive that wrote it (Morgue-Archive); None: not known, or another one
    journal: int | None = None  # the last journal record whose rows were committed when the file was finished
    was: str | None = None  # SHA-256 that was listed, if the file no longer had it when something was removed from it
    offset: int = 0  # bytes that are in `earlier`; 0: this entry is about the whole file
    earlier: tuple[ManifestEntry, ...] = ()  # the lines about the bytes before `offset`, in order

    @property
    def parts(self) -> tuple[ManifestEntry, ...]:
        """All lines about the file, in order; the last one is this entry."""
        return (*self.earlier, self)

    def line(self) -> str:
        """Return the entry as a line of the manifest, without `earlier`."""
        said = {field.name: getattr(self, field.name) for field in LINE_FIELDS}
        if self.offset:  # versions that know no parts must not take it for the digest of the file
            said = {PART_SHA256 if name == "sha256" else name: value for name, value in said.items()}
        return json.dumps({name: value for name, value in said.items() if name not in LEFT_OUT or value}) + "\n"


LINE_FIELDS = [field for field in fields(ManifestEntry) if field.name != "earlier"]
PART_SHA256 = "part_sha256"
LEFT_OUT = ("was", "offset")  # fields that a line has only if they have a value


class PartHash:
    """Hash bytes in order: each stretch between two offsets by itself."""

    def __init__(self, ends: Sequence[int] = ()) -> None:
        """`ends`: where stretches end, in order. What comes after the last end is a stretch too."""
        self._ends, self._at = [*ends], 0
        self._done: list[str] = []
        self._sha256 = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        rest = memoryview(data)
        while len(self._done) < len(self._ends) and (room := self._ends[len(self._done)] - self._at) <= len(rest):
            self._add(rest[:room])
            self._done.append(self._sha256.hexdigest())
            self._sha256 = hashlib.sha256()
            rest = rest[room:]
        self._add(rest)

    def digests(self) -> list[str]:
        """Return the SHA-256 of each stretch in hex. The last one is that of the bytes after the last end, if any."""
        last = self._ends[len(self._done) - 1] if self._done else 0
        return [*self._done, self._sha256.hexdigest()] if self._at > last or not self._done else [*self._done]

    def _add(self, data: memoryview) -> None:
        self._sha256.update(data)
        self._at += len(data)


class FileContents:
    """Count what a file holds so far, while it is written or read through."""

    def __init__(self, before: ManifestEntry | None = None) -> None:
        """`before`: what is listed of the file already; only what comes after it is added. None: nothing."""
        self._before = before
        self.size = self.records = self.captures = 0
        self.first: str | None = None
        self.last: str | None = None
        if before is not None:
            self.size, self.records, self.captures = before.size, before.records, before.captures
            self.first, self.last = before.first, before.last
        self._sha256 = hashlib.sha256()

    @property
    def added_records(self) -> int:
        """Number of records that are not listed yet."""
        return self.records - (self._before.records if self._before is not None else 0)

    @property
    def listed_size(self) -> int:
        """Number of bytes that are listed already."""
        return self._before.size if self._before is not None else 0

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
        """Add the bytes of an open file that are not listed yet. Raises OSError."""
        file.seek(self.size)
        while data := file.read(READ_BYTES):
            self.add(data)

    def entry(self, file: str, state: DatabaseState | None = None) -> ManifestEntry:
        """Return the entry of the file under its final name.

        `state`: of the database that belongs to it; None: as it was listed before, if it was.
        """
        entry = ManifestEntry(
            file, self.size, self._sha256.hexdigest(), self.records, self.captures, self.first, self.last
        )
        if before := self._before:
            entry = replace(
                entry, archive=before.archive, journal=before.journal, offset=before.size, earlier=before.parts
            )
        return entry if state is None else replace(entry, **state._asdict())


def differing_parts(
    file: BinaryIO, entry: ManifestEntry, on_data: Callable[[bytes], object] = len
) -> list[ManifestEntry]:
    """Read an open file to its end, and return the parts that are not as they are listed. Raises OSError.

    What comes after the last part is not looked at. `on_data`: called with all bytes of the file, a piece at a time.
    """
    found = PartHash([part.size for part in entry.parts])
    file.seek(0)
    while data := file.read(READ_BYTES):
        found.update(data)
        on_data(data)
    digests = found.digests()
    return [part for number, part in enumerate(entry.parts) if digests[number : number + 1] != [part.sha256]]


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

    def refuse(number: int, error: Exception) -> None:
        if number < len(lines) or lines[-1].endswith("\n"):
            cure = "`morgue verify` still compares the files with the database; `morgue rebuild` writes a new manifest"
            raise ArchiveDamaged(f"{path}, line {number}", "is no entry of a manifest", cure) from error

    return _entries(lines, refuse)


def salvaged(data: bytes) -> tuple[dict[str, ManifestEntry], int]:
    """Return the entries of a manifest that is damaged, by file name, and how many of its lines are none."""
    damaged: list[int] = []
    found = _entries(
        data.decode(errors="replace").splitlines(keepends=True), lambda number, _error: damaged.append(number)
    )
    return found, len(damaged)


def _entries(lines: Iterable[str], on_damage: Callable[[int, Exception], None]) -> dict[str, ManifestEntry]:
    """Return the entries of lines by file name. `on_damage`: called for each line that is none, by its number."""
    parts: dict[str, list[ManifestEntry]] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = _entry(json.loads(line))
            if entry.offset and (entry.file not in parts or parts[entry.file][-1].size != entry.offset):
                raise ValueError("no line tells of the bytes before it")
        except (ValueError, RecursionError) as error:  # RecursionError: arrays in arrays in arrays
            on_damage(number, error)
            continue
        known = parts.pop(entry.file, [])  # the file listed last is to be the last one
        if not entry.offset:
            known = []
        known.append(entry)
        parts[entry.file] = known
    return {file: replace(found[-1], earlier=tuple(found[:-1])) for file, found in parts.items()}


def _entry(values: object) -> ManifestEntry:
    """Return the entry of a line. Raises ValueError unless every field has a value that `line` may have written."""
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    found: dict[str, Any] = {**OPTIONAL_FIELD_DEFAULTS, **values}
    found["sha256"] = found.get(PART_SHA256 if found["offset"] else "sha256")
    for name, is_right in FIELD_CHECKS.items():
        if not is_right(found.get(name)):
            raise ValueError(name)
    if found["offset"] > found["size"]:
        raise ValueError("offset")
    checked: dict[str, Any] = {name: found.get(name) for name in FIELD_CHECKS}
    return ManifestEntry(**checked)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT  # not isinstance: `true` is no number


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and SHA256_HEX.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


FIELD_CHECKS: dict[str, Callable[[Any], bool]] = {
    "file": lambda value: isinstance(value, str) and is_warc_name(value),
    "size": _is_count,
    "sha256": _is_digest,
    "records": _is_count,
    "captures": _is_count,
    "first": _is_text,
    "last": _is_text,
    "archive": _is_text,
    "journal": lambda value: value is None or _is_count(value),
    "was": lambda value: value is None or _is_digest(value),
    "offset": _is_count,
}


def add(path: Path, entry: ManifestEntry) -> None:
    """Append the line of one entry, durably.

    Raises DiskFull, NotWritable, MorgueError; the manifest is then as before.
    """
    append_line(path, entry.line().encode())


def append_line(path: Path, line: bytes) -> None:
    """Append a line to a file of lines, durably, in the place of a torn last line.

    Raises DiskFull, NotWritable, MorgueError; the file is then as before.
    """
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
            file.writelines(part.line().encode() for entry in entries for part in entry.parts)
        sync_folder(path.parent)
