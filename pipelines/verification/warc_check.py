"""Read one WARC file, or a stretch of a large one, and check every record: its digests, its references, its row.

Runs in a process of its own or in the command's. Reads only, and holds one record in memory at a time.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import NamedTuple

from pipelines.archive.journal import JournalHeader, journal_header
from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture
from pipelines.core.plural import counted, verb
from pipelines.verification.capture_rows import CaptureRows
from pipelines.verification.findings import MAX_LISTED_FINDINGS, Finding, Findings
from pipelines.warc.digests import PAYLOAD_DIGEST, check_digests
from pipelines.warc.exchange import capture_of
from pipelines.warc.import_marks import OWN_REFERS_TO, flaws_of, references_of
from pipelines.warc.manifest import PartHash
from pipelines.warc.reader import TORN, RecordDamage, StoredRecord, members
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage

READ_BYTES = 1 << 20  # at once, where nothing is inflated
PROGRESS_BYTES = 1 << 23  # between two calls of `on_progress`
REQUIRED_FIELDS = ("warc-type", "warc-record-id", "warc-date")  # of every record (WARC 1.1 section 5)
REFERS_TO = ("WARC-Refers-To", OWN_REFERS_TO)
MAX_EXCHANGE_RECORDS = 4
MAX_OFFSET = 1 << 62

OnProgress = Callable[[int], object]  # bytes done since the last call


@dataclass(frozen=True, slots=True)
class InspectionTask:
    """Say what to read."""

    storage: WarcStorage
    name: str  # of the file, without `.open`
    database: Path | None  # None: no rows to compare with
    growing: bool = False  # it is `.open`: it may end inside a record, and its last rows may still be missing
    listed: bool = False  # the manifest has its SHA-256
    limit: int | None = None  # bytes of the file that are read: a crawl may append more meanwhile; None: all
    ends: tuple[int, ...] = ()  # offsets between which the manifest has a SHA-256 of its own
    start: int = 0  # offset of the first record to read
    end: int | None = None  # offset of the first record of another task; None: read to the end of the file
    digest: bool = True  # compute the SHA-256 of the file, or of its parts
    records: bool = True  # False: compute only that


class RecordReference(NamedTuple):
    """Hold the name of a record that is not in the same file as the record that names it."""

    offset: int  # of the record that names the other
    name: str  # of the field
    target: str  # WARC-Record-ID
    payload: str | None  # WARC-Payload-Digest, if it is a revisit whose digest was right when it was imported


@dataclass(slots=True)
class InspectionResult:
    """Hold the result of a task."""

    task: InspectionTask
    size: int = 0  # bytes that were read
    records: int = 0  # whole records
    captures: int = 0  # records that are captures
    undigested: int = 0  # records without a block digest that could be checked
    sha256: tuple[str, ...] = ()  # of the file, or of its parts, hex
    called: str | None = None  # the name that the first record gives the file, if it is another
    whole: bool = True  # the records follow each other without a gap, from the first byte to the last
    findings: Findings = field(default_factory=Findings)
    # Three numbers per record: hashes of its id and of its payload digest (0: it has none), and its offset.
    ids: array[int] = field(default_factory=lambda: array("q"))
    payloads: array[int] = field(default_factory=lambda: array("q"))
    offsets: array[int] = field(default_factory=lambda: array("q"))
    imported: array[int] = field(default_factory=lambda: array("q"))  # offsets of imported records, not of captures
    references: list[RecordReference] = field(default_factory=list)
    unrowed: int = 0  # captures without a row
    orphans: list[tuple[int, str]] = field(default_factory=list)  # (offset, record id) of the first of them
    journal: list[tuple[JournalHeader, int, int]] = field(default_factory=list)  # header, offset, length of its records


def short_hash(text: str) -> int:
    """Return eight bytes of a hash, never 0. Of ten million texts two collide with a probability of 1 in 300,000."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) or 1


class HashedFile:
    """Read a file at any place, and hash all its bytes in order while they pass."""

    def __init__(self, file: RawIOBase, *, wanted: bool, ends: Sequence[int] = (), limit: int | None = None) -> None:
        """`wanted`: compute the hash; `ends`: of parts that are hashed by themselves; `limit`: where the file ends."""
        self._file, self._limit = file, MAX_OFFSET if limit is None else limit
        self._hash = PartHash(ends) if wanted else None
        self._at = self._hashed = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(max(0, min(size, self._limit - self._at))) or b""
        start, self._at = self._at, self._at + len(data)
        if self._hash is not None and start <= self._hashed < self._at:
            self._hash.update(memoryview(data)[self._hashed - start :])
            self._hashed = self._at
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = self._file.seek(offset, whence)
        if self._at > self._limit:
            self._at = self._file.seek(self._limit)
        return self._at

    def sha256(self) -> tuple[str, ...]:
        """Return the SHA-256 of the file, or of its parts, in hex, after reading the rest; () if it is not wanted."""
        if self._hash is None:
            return ()
        self.seek(self._hashed)
        while self.read(READ_BYTES):
            pass
        return tuple(self._hash.digests())

    def peek(self, offset: int, size: int) -> bytes:
        """Return bytes from any place, without moving the position."""
        self._file.seek(offset)
        data = self._file.read(size) or b""
        self._file.seek(self._at)
        return data

    def close(self) -> None:
        self._file.close()


def inspect(task: InspectionTask, on_progress: OnProgress | None = None) -> InspectionResult:
    """Read a file as the task says. All that is wrong with it is in the result; nothing is raised."""
    result = InspectionResult(task)
    name = f"warc/{task.name}"
    try:
        rows = _rows(task) if task.records else None
        with closing(_opened(task)) as file:
            if task.records:
                _Inspection(task, result, file, rows, on_progress).run()
            if task.digest:
                result.sha256 = file.sha256()
    except OSError as error:
        result.findings.add(Finding(name, None, "unreadable", error.strerror or str(error)))
    except MorgueError as error:  # of a file in a bucket
        result.findings.add(Finding(name, None, "unreadable", f"{error.cause} ({error.subject})"))
    except MemoryError:
        result.findings.add(Finding(name, None, "unreadable", "a record is too large for the memory of this machine"))
    return result


def _opened(task: InspectionTask) -> HashedFile:
    wanted = task.digest and (task.listed or not task.growing)
    names = [task.name, task.name + OPEN_SUFFIX]
    for name in reversed(names) if task.growing else names:  # a crawl may have finished or continued it meanwhile
        with suppress(FileNotFoundError):
            return HashedFile(task.storage.open_unbuffered(name), wanted=wanted, ends=task.ends, limit=task.limit)
    return HashedFile(task.storage.open_unbuffered(task.name), wanted=wanted, ends=task.ends, limit=task.limit)


def _rows(task: InspectionTask) -> CaptureRows:
    end = next((offset for offset in (task.end, task.limit) if offset is not None), MAX_OFFSET)
    return CaptureRows(task.database, task.name, task.start, end)


class _Inspection:
    """Walk through one file."""

    def __init__(
        self,
        task: InspectionTask,
        result: InspectionResult,
        file: HashedFile,
        rows: CaptureRows | None,
        on_progress: OnProgress | None,
    ) -> None:
        self.task, self.result, self.file, self.on_progress = task, result, file, on_progress
        self.rows = rows if rows is not None and rows.known else None
        self.size = file.seek(0, 2)
        self.end = self.size if task.end is None else min(task.end, self.size)
        self.damaged = False
        self.open_references: list[tuple[int, RecordReference]] = []  # (number of the record, reference)
        self.ids_here: set[str] = set()  # of this stretch, and of the file's warcinfo record
        self.header = b""  # the first gzip header of the file
        # Offsets of records with another gzip header, where no SHA-256 shows a flipped bit.
        self.other_headers: list[int] = []
        self.repairs: list[int] = []  # numbers of the records that say that a torn record was cut off

    def run(self) -> None:
        first_id = self._read_first()
        at = reported = self.task.start
        for found in members(self.file, self.task.start, self.end, self._on_damage, first_id):  # type: ignore[arg-type]
            self.result.whole &= found.offset == at
            at = found.offset + found.length
            self._check_record(found)
            if self.on_progress is not None and at - reported >= PROGRESS_BYTES:
                self.on_progress(at - reported)
                reported = at
        if self.on_progress is not None:
            self.on_progress(self.end - reported)
        self.result.whole &= at == self.end
        self.result.size = self.end - self.task.start
        self._finish()

    def _read_first(self) -> str | None:
        """Read the first record of the file. Return its id; None if it is not a warcinfo record."""
        self.header = self.file.peek(0, 10)
        try:
            first = next(members(self.file, 0, 1), None)  # type: ignore[arg-type]
        except RecordDamage:  # the walk will report it
            return None
        if first is None or first.headers.get("WARC-Type") != "warcinfo":
            return None
        name, first_id = first.headers.get("WARC-Filename"), first.headers.get("WARC-Record-ID")
        if name is not None and name != self.task.name:
            self.result.called = name
            self.rows = None  # all of them would differ
        if first_id is not None:
            self.ids_here.add(first_id)
        return first_id

    def _add(self, offset: int | None, kind: str, what: str) -> None:
        self.result.findings.add(Finding(f"warc/{self.task.name}", offset, kind, what))

    def _on_damage(self, offset: int, length: int, why: str) -> None:
        self.result.whole = False
        torn = why == TORN and offset + length >= self.size
        if torn and self.task.growing:
            return
        self.damaged = True
        lost = self.rows.take_within(offset, offset + length) if self.rows else []
        why = "its end cannot be found" if why == TORN and not torn else why
        what = f"{counted(length, 'byte')} {verb(length, 'is', 'are')} not a whole record: {why}"
        if lost:
            more = f" and {len(lost) - 1:,} more" if len(lost) > 1 else ""
            what += f"; it was capture {lost[0]['id']}, {lost[0]['url']}{more}"
        self._add(offset, "torn" if torn else "damaged", what)

    def _check_record(self, found: StoredRecord) -> None:
        result, fields = self.result, found.headers.first
        number, result.records = result.records, result.records + 1
        for name in REQUIRED_FIELDS:
            if name not in fields:
                self._add(found.offset, "bad record", f"it has no {name}")
        record_id = fields.get("warc-record-id", "")
        self.ids_here.add(record_id)
        try:
            capture = capture_of(found, self.task.name)
        except ValueError:
            self._add(found.offset, "bad record", f"its WARC-Date is not a date: {fields.get('warc-date')!r}")
            capture = None
        payload_digest = capture.payload_digest if capture is not None else None
        flaws = flaws_of(found.headers)
        problems, undigested = check_digests(fields, found.block, payload_digest, flaws)
        result.undigested += undigested
        for problem in problems:
            self._add(found.offset, problem.kind, f"{problem.what}{_type_and_url(fields)}")
        if capture is not None:
            result.captures += 1
            self._compare_row(found, fields, capture)
        result.ids.append(short_hash(record_id))
        result.payloads.append(short_hash(payload_digest) if payload_digest else 0)
        result.offsets.append(found.offset)
        if capture is None and "morgue-imported" in fields:
            result.imported.append(found.offset)
        self._collect_references(number, found, fields, flaws)
        if (header := journal_header(found.headers)) is not None:
            result.journal.append((header, found.offset, found.length))
        if fields.get("warc-type") == "metadata" and found.block.startswith(b"repair:"):
            self.repairs.append(number)
        if not self.task.listed and self._has_other_header(found.offset):
            self.other_headers.append(found.offset)

    def _compare_row(self, found: StoredRecord, fields: dict[str, str], capture: Capture) -> None:
        """Compare the row of a capture with its record."""
        if self.rows is None:
            return
        rows = self.rows.take(found.offset)
        if not rows:
            self.result.unrowed += 1
            if len(self.result.orphans) < MAX_LISTED_FINDINGS:
                self.result.orphans.append((found.offset, capture.record_id))
            return
        for row in rows:
            wrong = self.rows.differing(row, capture, fields["warc-date"])
            if wrong:
                self._add(found.offset, "row differs", f"capture {row['id']}: {'; '.join(wrong)}")

    def _collect_references(
        self, number: int, found: StoredRecord, fields: dict[str, str], flaws: Collection[str]
    ) -> None:
        for name, target in references_of(found.headers):
            if f"{name} {target}" in flaws:
                continue
            revisit = name in REFERS_TO and fields.get("warc-type") == "revisit"
            payload = fields.get("warc-payload-digest") if revisit and PAYLOAD_DIGEST not in flaws else None
            if revisit or target not in self.ids_here:
                self.open_references.append((number, RecordReference(found.offset, name, target, payload)))

    def _has_other_header(self, offset: int) -> bool:
        """Return True if flags, time or system in a gzip header differ from those of the first record.

        No checksum covers them, and all records of a file have the same ones.
        """
        header = self.file.peek(offset, 10)
        return header[3:8] != self.header[3:8] or header[9:] != self.header[9:] or header[8] not in (0, 2, 4)

    def _finish(self) -> None:
        """Report what can be known only when all records are read."""
        for number, reference in self.open_references:
            if reference.payload is None and reference.target in self.ids_here:
                continue
            # A crash tore off the other record of the exchange, or that record has a finding of its own.
            torn = any(0 < repair - number <= MAX_EXCHANGE_RECORDS for repair in self.repairs)
            if reference.name == "WARC-Concurrent-To" and (self.task.growing or self.damaged or torn):
                continue
            if reference.name == "WARC-Warcinfo-ID" and self.damaged:
                continue
            self.result.references.append(reference)
        if self.other_headers:
            count, records = len(self.other_headers), counted(self.result.records, "record")
            what = (
                f"{count:,} of {records} {verb(count, 'has', 'have')} another gzip header than the file's first record"
            )
            self._add(self.other_headers[0], "gzip header", what)
        for row in self.rows.rest() if self.rows else ():
            self._add(row["offset"], "no record", f"capture {row['id']} of {row['url']}: no record begins there")


def _type_and_url(fields: dict[str, str]) -> str:
    """Return a record's type and URL, for people."""
    return f" ({fields.get('warc-type')} of {fields['warc-target-uri']})" if "warc-target-uri" in fields else ""
