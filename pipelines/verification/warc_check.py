"""One WARC file, or a stretch of a large one, looked through: every record, its digests, its links, its row.

Runs in a process of its own as well as in the command's; reads only, and one record is in memory at a time.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import fine_stamp
from pipelines.database.connection import ask, connect
from pipelines.verification.findings import MOST, Finding, Findings
from pipelines.warc.digests import check_digests
from pipelines.warc.exchange import capture_of
from pipelines.warc.reader import TORN, RecordDamage, StoredRecord, members
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage

WINDOW = 1 << 20  # bytes read at once where nothing is inflated
TOLD = 1 << 23  # bytes between two calls of `tell`
NEEDED = ("warc-type", "warc-record-id", "warc-date")  # section 5: every record has them
LINKS = (("warc-concurrent-to", "WARC-Concurrent-To"), ("warc-refers-to", "WARC-Refers-To"),
         ("warc-warcinfo-id", "WARC-Warcinfo-ID"))  # fmt: skip
COMPARED: tuple[str, ...] = (
    "time", "record_id", "record_type", "url", "length", "status", "block_digest", "payload_digest", "refers_to",
)  # fmt: skip
GROUP = 4  # records that one exchange becomes, at most

Tell = Callable[[int], object]  # bytes done since the last call


@dataclass(frozen=True, slots=True)
class InspectionTask:
    """What to look through."""

    storage: WarcStorage
    name: str  # of the file, without `.open`
    database: Path | None  # None: there is none to compare with
    growing: bool = False  # it is `.open`: it may end inside a record, and rows may be behind
    listed: bool = False  # the manifest has its SHA-256
    start: int = 0  # bytes from the start of the file to the first record
    end: int | None = None  # to the first record that is somebody else's task; None: to the end of the file
    digest: bool = True  # its SHA-256 is wanted
    records: bool = True  # False: the SHA-256 is all that is wanted


class RecordReference(NamedTuple):
    """A record names another that is not in the same file."""

    offset: int  # of the record that names it
    name: str  # of the field
    target: str  # WARC-Record-ID
    payload: str | None  # of a revisit: its WARC-Payload-Digest


@dataclass(slots=True)
class InspectionResult:
    """What came of a task."""

    task: InspectionTask
    size: int = 0  # bytes that were looked at
    records: int = 0  # whole ones
    captures: int = 0  # of these
    undigested: int = 0  # of these, without a block digest that could be checked
    sha256: str | None = None  # of the file, hex
    called: str | None = None  # what its first record calls the file, if that is another name
    whole: bool = True  # its records lie side by side from the first byte to the last
    findings: Findings = field(default_factory=Findings)
    ids: array[int] = field(default_factory=lambda: array("q"))  # `short` of each record's id,
    payloads: array[int] = field(default_factory=lambda: array("q"))  # of its payload digest (0: none),
    offsets: array[int] = field(default_factory=lambda: array("q"))  # and where it lies
    adopted: array[int] = field(default_factory=lambda: array("q"))  # offsets of imported records that are no capture
    links: list[RecordReference] = field(default_factory=list)
    unrowed: int = 0  # captures without a row, and
    orphans: list[tuple[int, str]] = field(default_factory=list)  # (offset, record id) of the first of them


def short(text: str) -> int:
    """Eight bytes that stand for a text: two of ten million differ but for one chance in 300,000."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) or 1


class HashedFile:
    """A file whose bytes are hashed once, in order, while they are read here and there."""

    def __init__(self, file: FileIO, *, wanted: bool) -> None:
        self._file = file
        self._sum = hashlib.sha256() if wanted else None
        self._at = self._done = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(size) or b""
        start, self._at = self._at, self._at + len(data)
        if self._sum is not None and start <= self._done < self._at:
            self._sum.update(memoryview(data)[self._done - start :])
            self._done = self._at
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = self._file.seek(offset, whence)
        return self._at

    def sha256(self) -> str | None:
        """Of the whole file, in hex; None if it was not wanted."""
        if self._sum is None:
            return None
        self.seek(self._done)
        while self.read(WINDOW):
            pass
        return self._sum.hexdigest()

    def peek(self, offset: int, size: int) -> bytes:
        """Bytes from anywhere; reading goes on where it was."""
        return os.pread(self._file.fileno(), size, offset)

    def close(self) -> None:
        self._file.close()


def inspect(task: InspectionTask, tell: Tell | None = None) -> InspectionResult:
    """Look a file through. What is wrong with it is in the answer; nothing is raised."""
    seen = InspectionResult(task)
    try:
        rows = CaptureRows(task) if task.records else None
        with closing(_opened(task)) as file:
            if task.records:
                _Inspection(task, seen, file, rows, tell).run()
            if task.digest:
                seen.sha256 = file.sha256()
    except OSError as error:
        seen.findings.add(Finding(f"warc/{task.name}", None, "unreadable", error.strerror or str(error)))
    except MemoryError:
        seen.findings.add(Finding(f"warc/{task.name}", None, "unreadable", "a record is too large for the memory here"))
    return seen


def _opened(task: InspectionTask) -> HashedFile:
    if task.growing:
        try:
            return HashedFile(task.storage.open_unbuffered(task.name + OPEN_SUFFIX), wanted=False)
        except FileNotFoundError:  # finished meanwhile
            pass
    return HashedFile(task.storage.open_unbuffered(task.name), wanted=task.digest)


class CaptureRows:
    """The rows of `captures` that point into a stretch of a file, as they were before its bytes were read."""

    def __init__(self, task: InspectionTask) -> None:
        self.known = False  # whether there are rows to compare with at all
        self.compared = COMPARED  # without columns that this archive's database has not got yet
        self._by_offset: dict[int, list[sqlite3.Row]] = {}
        if task.database is None:
            return
        end = 1 << 62 if task.end is None else task.end
        try:
            with closing(connect(task.database)) as db:
                there = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('captures')")}
                self.compared = tuple(name for name in COMPARED if name in there)
                sql = f"SELECT id, offset, {', '.join(self.compared)} FROM captures"  # noqa: S608 our own names
                where = " WHERE file = ? AND offset >= ? AND offset < ? ORDER BY offset"
                for row in ask(db, sql + where, (task.name, task.start, end)):
                    self._by_offset.setdefault(row["offset"], []).append(row)
            self.known = True
        except MorgueError:  # the task that looks at the database says so
            self._by_offset.clear()

    def take(self, offset: int) -> list[sqlite3.Row]:
        """The rows that point at `offset`; none the next time."""
        return self._by_offset.pop(offset, [])

    def within(self, start: int, end: int) -> list[sqlite3.Row]:
        """The rows that point into damage, taken."""
        return [row for offset in sorted(self._by_offset) if start <= offset < end for row in self.take(offset)]

    def rest(self) -> Iterator[sqlite3.Row]:
        """The rows that nobody took."""
        for rows in self._by_offset.values():
            yield from rows


class _Inspection:
    """The walk through one file."""

    def __init__(
        self,
        task: InspectionTask,
        seen: InspectionResult,
        file: HashedFile,
        rows: CaptureRows | None,
        tell: Tell | None,
    ) -> None:
        self.task, self.seen, self.file, self.tell = task, seen, file, tell
        self.rows = rows if rows is not None and rows.known else None
        self.size = file.seek(0, 2)
        self.end = self.size if task.end is None else min(task.end, self.size)
        self.damaged = False
        self.open_links: list[tuple[int, RecordReference]] = []  # (number of the record, link)
        self.inside: set[str] = set()  # ids of this stretch, and of the file's warcinfo record
        self.header = b""  # the first gzip header of the file
        self.other_headers: list[int] = []  # offsets of records with another, where nothing else tells of a flipped bit
        self.repaired: list[int] = []  # numbers of the records that say that a torn one was cut off

    def run(self) -> None:
        first_id = self._first()
        at, told = self.task.start, self.task.start
        for found in members(self.file, self.task.start, self.end, self._damage, first_id):  # type: ignore[arg-type]
            self.seen.whole &= found.offset == at
            at = found.offset + found.length
            self._record(found)
            if self.tell is not None and at - told >= TOLD:
                self.tell(at - told)
                told = at
        if self.tell is not None:
            self.tell(self.end - told)
        self.seen.whole &= at == self.end
        self.seen.size = self.end - self.task.start
        self._close()

    def _first(self) -> str | None:
        """Look at the file's first record; its id."""
        self.header = self.file.peek(0, 10)
        try:
            first = next(members(self.file, 0, 1), None)  # type: ignore[arg-type]
        except RecordDamage:  # the walk will say what it is
            return None
        if first is None or first.headers.get("WARC-Type") != "warcinfo":
            return None
        name, first_id = first.headers.get("WARC-Filename"), first.headers.get("WARC-Record-ID")
        if name is not None and name != self.task.name:
            self.seen.called = name
            self.rows = None  # they would all differ
        if first_id is not None:
            self.inside.add(first_id)
        return first_id

    def _add(self, offset: int | None, kind: str, what: str) -> None:
        self.seen.findings.add(Finding(f"warc/{self.task.name}", offset, kind, what))

    def _damage(self, offset: int, length: int, why: str) -> None:
        self.seen.whole = False
        torn = why == TORN and offset + length >= self.size
        if torn and self.task.growing:
            return
        self.damaged = True
        lost = self.rows.within(offset, offset + length) if self.rows else []
        why = "its end cannot be found" if why == TORN and not torn else why
        what = f"{counted(length, 'byte')} {verb(length, 'is', 'are')} no whole record: {why}"
        if lost:
            more = f" and {len(lost) - 1:,} more" if len(lost) > 1 else ""
            what += f"; it was capture {lost[0]['id']}, {lost[0]['url']}{more}"
        self._add(offset, "torn" if torn else "damaged", what)

    def _record(self, found: StoredRecord) -> None:
        fields = found.headers.first
        number, self.seen.records = self.seen.records, self.seen.records + 1
        for name in NEEDED:
            if name not in fields:
                self._add(found.offset, "bad record", f"it has no {name}")
        record_id = fields.get("warc-record-id", "")
        self.inside.add(record_id)
        try:
            capture = capture_of(found, self.task.name)
        except ValueError:
            self._add(found.offset, "bad record", f"its WARC-Date is no date: {fields.get('warc-date')!r}")
            capture = None
        entity = capture.payload_digest if capture is not None else None
        problems, undigested = check_digests(fields, found.block, entity)
        self.seen.undigested += undigested
        for kind, what in problems:
            self._add(found.offset, kind, f"{what}{_of(fields)}")
        if capture is not None:
            self.seen.captures += 1
            self._compare(found, fields, capture)
        self.seen.ids.append(short(record_id))
        self.seen.payloads.append(short(entity) if entity else 0)
        self.seen.offsets.append(found.offset)
        if capture is None and "morgue-imported" in fields:
            self.seen.adopted.append(found.offset)
        self._links(number, found, fields)
        if fields.get("warc-type") == "metadata" and found.block.startswith(b"repair:"):
            self.repaired.append(number)
        if not self.task.listed and self._header_differs(found.offset):
            self.other_headers.append(found.offset)

    def _compare(self, found: StoredRecord, fields: dict[str, str], capture: Capture) -> None:
        """The row of a capture with its record."""
        if self.rows is None:
            return
        rows = self.rows.take(found.offset)
        if not rows:
            self.seen.unrowed += 1
            if len(self.seen.orphans) < MOST:
                self.seen.orphans.append((found.offset, capture.record_id))
            return
        said = [fields["warc-date"], *(getattr(capture, name) for name in self.rows.compared[1:])]
        for row in rows:
            there = [row[name] for name in self.rows.compared]
            if there == said:
                continue
            wrong = [f"{name} is {one!r}, of the record {other!r}"
                     for name, one, other in zip(self.rows.compared, there, said, strict=True)
                     if not _same(one, other)]  # fmt: skip
            if wrong:
                self._add(found.offset, "row differs", f"capture {row['id']}: {'; '.join(wrong)}")

    def _links(self, number: int, found: StoredRecord, fields: dict[str, str]) -> None:
        for key, name in LINKS:
            if key not in fields:
                continue
            revisit = key == "warc-refers-to" and fields.get("warc-type") == "revisit"
            payload = fields.get("warc-payload-digest") if revisit else None
            for target in found.headers.all(name) if key == "warc-concurrent-to" else [fields[key]]:
                if revisit or target not in self.inside:
                    self.open_links.append((number, RecordReference(found.offset, name, target, payload)))

    def _header_differs(self, offset: int) -> bool:
        """Flags, time and system of a gzip header, which no checksum covers: all of a file's records have the same."""
        there = self.file.peek(offset, 10)
        return there[3:8] != self.header[3:8] or there[9:] != self.header[9:] or there[8] not in (0, 2, 4)

    def _close(self) -> None:
        """What can be said only when all has been read."""
        for number, link in self.open_links:
            if link.payload is None and link.target in self.inside:
                continue
            # A crash tore the other record of the exchange off, or it has a finding of its own.
            torn = any(0 < repair - number <= GROUP for repair in self.repaired)
            if link.name == "WARC-Concurrent-To" and (self.task.growing or self.damaged or torn):
                continue
            if link.name == "WARC-Warcinfo-ID" and self.damaged:
                continue
            self.seen.links.append(link)
        if self.other_headers:
            count = len(self.other_headers)
            what = f"another gzip header than that of the file's first record: {count:,} of"
            self._add(self.other_headers[0], "gzip header", f"{what} {counted(self.seen.records, 'record')}")
        for row in self.rows.rest() if self.rows else ():
            self._add(row["offset"], "no record", f"capture {row['id']} of {row['url']}: no record begins there")


def _same(row: object, record: object) -> bool:
    return row == record or (isinstance(row, str) and isinstance(record, str) and _moment(row) == _moment(record) != "")


def _moment(text: str) -> str:
    """A time as one spelling; "" for any other text."""
    try:
        return fine_stamp(datetime.fromisoformat(text))
    except ValueError:
        return ""


def _of(fields: dict[str, str]) -> str:
    """Whose record it is, for people."""
    return f" ({fields.get('warc-type')} of {fields['warc-target-uri']})" if "warc-target-uri" in fields else ""
