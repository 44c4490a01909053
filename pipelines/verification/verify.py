"""Does an archive hold what it says it holds? Files, manifest, records and rows held against each other.

Reads only, and also while a crawl writes: the rows of a file are taken before its bytes, the list of files before the
manifest, so that what grows meanwhile is no finding. `findings` says what there is to find, `inspection` looks through
a file, `dbcheck` through the database, `links` follows references, `stock` counts files.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.archive_layout import WARC_FOLDER
from pipelines.core.errors import DiskFull, MorgueError, NoArchive
from pipelines.core.plural import counted
from pipelines.database.connection import ask, connect
from pipelines.verification import database_check
from pipelines.verification.findings import Finding, Findings
from pipelines.verification.inventory import Inventory, WarcFileInfo, take_stock
from pipelines.verification.references import RecordReferences
from pipelines.verification.warc_check import InspectionResult, InspectionTask, inspect
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import WarcStorage

if TYPE_CHECKING:
    from pipelines.core.worker_pool import WorkerFailure

WORTH = 32_000_000  # bytes of an archive below which other processes take longer to start than to help
STRETCH = 64_000_000  # bytes of a large file that one task looks through
SETTLE = 2.0  # seconds after which the rows of a file that is finished are committed, see `group_commit.COMMIT_SECONDS`
FRESH = 60.0  # seconds: a file that was touched since may have been written when its rows were taken
LEFT_OUT = (
    "records were not read: gzip members, block and payload digests, links between records",
    "files were not read: their SHA-256 and their numbers of records",
    "the pages of the database were not read",
)

Progress = Callable[[int, int], object]  # bytes done, of how many
Call = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(slots=True)
class VerificationReport:
    """What a verification saw."""

    quick: bool
    files: int = 0  # WARC files
    records: int = 0  # whole ones that were read; none with `quick`
    captures: int = 0  # of these; with `quick`: rows
    bytes: int = 0  # of the WARC files
    undigested: int = 0  # records without a block digest that could be checked
    writing: list[str] = field(default_factory=list)  # files that a living process writes; checked as far as they went
    left_out: tuple[str, ...] = ()  # sentences: what was not checked
    seconds: float = 0.0  # that it took
    findings: Findings = field(default_factory=Findings)

    @property
    def well(self) -> bool:
        """Nothing was found."""
        return not self.findings.counts


def verify(
    archive: Path, *, quick: bool = False, jobs: int | None = None, progress: Progress | None = None
) -> VerificationReport:
    """Hold everything in an archive's folder against everything else.

    quick: names, sizes, rows and their references only. jobs: processes (default: one a CPU). Raises MorgueError for
    what keeps it from looking at all (a folder that cannot be listed, another program's database lock).
    """
    return _Verification(archive, quick, jobs, progress).run()


class _Verification:
    def __init__(self, archive: Path, quick: bool, jobs: int | None, progress: Progress | None) -> None:
        self.archive, self.wanted, self.progress = archive, jobs, progress
        self.storage = WarcStorage(archive / WARC_FOLDER)
        self.jobs = 1  # processes that read
        self.database: Path | None = archive / database_check.NAME
        self.report = VerificationReport(quick, left_out=LEFT_OUT if quick else ())
        self.add = self.report.findings.add
        self.rows: dict[str, sqlite3.Row] = {}  # by file
        self.done = self.total = 0  # bytes
        self.pieces: dict[str, list[InspectionResult]] = {}  # by file, what came of its tasks
        self.orphans: list[tuple[str, int, str]] = []  # (file, offset, record id) of captures without a row

    def run(self) -> VerificationReport:
        began, report = time.monotonic(), self.report
        trouble = self._rows()
        self.stock = take_stock(self.archive)
        if self.stock.selection or self.stock.entries or trouble is None or trouble.kind != "no database":
            report.findings.extend([trouble] if trouble else [])
        report.findings.extend(self._wrong_database())
        report.findings.extend(self.stock.findings)
        report.findings.extend(self._missing())
        report.findings.extend(self._changed())
        report.files = len(self.stock.selection)
        report.writing = [one.name for one in self.stock.selection.values() if one.state == "being written"]
        if report.quick:
            self._quick()
        else:
            self.links = RecordReferences(self.storage)
            try:
                self._full()
            finally:
                self.links.close()
        first = "wrong database"  # others may follow from it
        report.findings.listed.sort(key=lambda one: (one.kind != first, one.file, one.offset or 0))
        report.seconds = time.monotonic() - began
        return report

    def _rows(self) -> Finding | None:
        """What the rows say of each file; what is wrong if nobody can say."""
        assert self.database is not None
        try:
            self.rows = database_check.files(self.database)
        except NoArchive:
            self.database = None
            return Finding(database_check.NAME, None, "no database", "the archive has no database")
        except DiskFull:
            raise  # a database that cannot be opened for want of space is not a bad one
        except MorgueError as error:
            self.database = None
            return database_check.bad(error)
        return None

    def _wrong_database(self) -> Iterator[Finding]:
        """Asked behind the manifest: what that says of the database was committed before."""
        if self.database is None or not self.stock.entries:
            return
        try:
            yield from database_check.not_of(self.database, self.stock.entries.values())
        except MorgueError:  # the looks at the database itself say so
            return

    def _changed(self) -> Iterator[Finding]:
        """Files that were not as listed when something was taken out of them: their lines cannot vouch for them."""
        for name, entry in sorted((self.stock.entries or {}).items()):
            if entry.was is not None and name in self.stock.selection:
                what = f"was damaged before a removal: listed is the damaged file; the whole one's was {entry.was}"
                yield Finding(f"warc/{name}", None, "changed", what)

    def _missing(self) -> Iterator[Finding]:
        for name in sorted({*(self.stock.entries or {}), *self.rows}):
            if name in self.stock.selection or self.storage.has(name):
                continue
            listed = "is in the manifest" if self.stock.entries and name in self.stock.entries else ""
            rows = f"{counted(self.rows[name]['rows'], 'row')} of captures in it" if name in self.rows else ""
            what = ", ".join(filter(None, (listed, rows)))
            yield Finding(f"warc/{name}", None, "missing", f"is not there, but {what}")

    # Without reading

    def _quick(self) -> None:
        report = self.report
        for holding in self.stock.selection.values():
            report.bytes += holding.size
            entry, row = (self.stock.entries or {}).get(holding.name), self.rows.get(holding.name)
            if row is not None:
                report.captures += row["rows"]
                if row["size"] > holding.size:
                    what = f"rows point at {counted(row['size'], 'byte')}, the file has {holding.size:,}"
                    self._tell(holding, "no record", what)
            if entry is None or holding.state != "finished":
                continue
            if entry.size != holding.size:
                self._tell(holding, "size", f"{counted(holding.size, 'byte')}, {entry.size:,} in the manifest")
        if self.database is not None:
            self._count_rows(self.database, again=True)
            report.findings.extend(database_check.check(self.database, quick=True))

    def _count_rows(self, database: Path, *, again: bool) -> None:
        """As many rows as the manifest lists captures; once more, later, where a file was finished just now."""
        wrong = []
        for holding in self.stock.selection.values():
            entry, row = (self.stock.entries or {}).get(holding.name), self.rows.get(holding.name)
            rows = row["rows"] if row is not None else 0
            if entry is not None and holding.state == "finished" and rows != entry.captures:
                wrong.append((holding, entry.captures, rows))
        if again and wrong:
            if _fresh(holding for holding, _, _ in wrong):
                time.sleep(SETTLE)
            self.rows = database_check.files(database)
            self._count_rows(database, again=False)
            return
        for holding, captures, rows in wrong:
            kind = "no row" if rows < captures else "no record"
            self._tell(holding, kind, f"{counted(captures, 'capture')} in the manifest, {counted(rows, 'row')}")

    def _tell(self, holding: WarcFileInfo, kind: str, what: str) -> None:
        self.add(Finding(f"warc/{holding.name}", None, kind, what))

    # Reading everything

    def _full(self) -> None:
        self.total = sum(holding.size for holding in self.stock.selection.values())
        if self.total >= WORTH and self.wanted != 1:
            from pipelines.core.worker_pool import available_cpus  # and with it asyncio, which takes 0.1 s to import

            self.jobs = self.wanted or available_cpus()
        tasks = [task for holding in self.stock.selection.values() for task in self._tasks(holding)]
        tasks.sort(key=lambda task: -(task.end or self.stock.selection[task.name].size) + task.start)
        calls: list[Call] = [(inspect, (task,)) for task in tasks]
        if self.database is not None:
            calls.insert(0, (_check_database, (self.database,)))
        self._do(calls)
        again = [task for name in list(self.pieces) for task in self._join(name)]
        self._do([(inspect, (task,)) for task in again])
        for task in again:
            self._take(self.pieces.pop(task.name))
        self._tell_orphans()
        self.report.findings.extend(self.links.findings())

    def _tasks(self, holding: WarcFileInfo) -> Iterator[InspectionTask]:
        """A file as one task, or, if it is large and the rows say where records begin, as several."""
        entry = (self.stock.entries or {}).get(holding.name)
        database = None if self._is_strange(holding) else self.database
        whole = InspectionTask(self.storage, holding.name, database, holding.state != "finished", entry is not None)
        cuts = self._cuts(holding) if self.jobs > 1 and not whole.growing else []
        if not cuts:
            yield whole
            return
        yield InspectionTask(whole.storage, whole.name, None, records=False)
        for start, end in zip([0, *cuts], [*cuts, None], strict=True):
            yield InspectionTask(
                whole.storage, whole.name, whole.database, False, whole.listed, start, end, digest=False
            )

    def _cuts(self, holding: WarcFileInfo) -> list[int]:
        """Offsets of records, by the rows, that cut a file into stretches."""
        cuts: list[int] = []
        sql = "SELECT min(offset) FROM captures WHERE file = ? AND offset >= ?"
        if self.database is None or holding.size < 2 * STRETCH:
            return cuts
        with connect(self.database) as db:
            while (at := (cuts[-1] if cuts else 0) + STRETCH) < holding.size - STRETCH // 2:
                (cut,) = next(ask(db, sql, (holding.name, at)))
                if cut is None or cut >= holding.size:
                    break
                cuts.append(cut)
        return cuts

    def _do(self, calls: list[Call]) -> None:
        """Have the work done, here or by other processes."""
        if self.jobs == 1 or len(calls) < 2:
            for function, arguments in calls:
                told = (self._progress,) if function is inspect else ()
                self._answer(function(*arguments, *told))
        else:
            import asyncio

            from pipelines.core.process_map import in_parallel

            asyncio.run(in_parallel(calls, min(self.jobs, len(calls)), self._answer, died=_died))

    def _progress(self, more: int) -> None:
        self.done += more
        if self.progress is not None:
            self.progress(self.done, self.total)

    def _answer(self, answer: InspectionResult | list[Finding]) -> None:
        """Take what a call brought."""
        if not isinstance(answer, InspectionResult):
            self.report.findings.extend(answer)
            return
        if self.jobs > 1:
            self._progress(answer.size)
        task = answer.task
        if task.records and task.start == 0 and task.end is None and task.digest:
            if task.name in self.pieces:  # looked through again in one go
                self.pieces[task.name] = [answer]
            else:
                self._take([answer])
        else:
            self.pieces.setdefault(task.name, []).append(answer)

    def _join(self, name: str) -> list[InspectionTask]:
        """Put the stretches of a file together; the task that looks through it in one go if they do not fit."""
        if all(piece.whole for piece in self.pieces[name]):
            self._take(sorted(self.pieces.pop(name), key=lambda piece: piece.task.start))
            return []
        first = self.pieces[name][-1].task
        entry = (self.stock.entries or {}).get(name)
        return [InspectionTask(first.storage, name, self.database, False, entry is not None)]

    def _take(self, pieces: list[InspectionResult]) -> None:
        """All that was seen of one file."""
        report, name = self.report, pieces[0].task.name
        holding, entry = self.stock.selection[name], (self.stock.entries or {}).get(name)
        seen = _joined(pieces)
        report.records += seen.records
        report.captures += seen.captures
        report.undigested += seen.undigested
        report.bytes += seen.size
        report.findings.merge(seen.findings)
        wrong = None if entry is None or holding.state != "finished" else _held_against(entry, seen, self.stock)
        if wrong is None and seen.called is not None:
            wrong = "swapped", f"its first record calls it {seen.called}"
        if wrong is not None:
            self._tell(holding, *wrong)
        if self._is_strange(holding):
            return  # a copy of another file, perhaps: its records are nobody's
        self.links.add(seen)
        if holding.state == "finished":
            self.orphans += [(name, offset, record_id) for offset, record_id in seen.orphans]
            if more := seen.unrowed - len(seen.orphans):
                report.findings.counts[f"warc/{name}", "no row"] += more

    def _is_strange(self, holding: WarcFileInfo) -> bool:
        """A finished file that neither the manifest nor a row knows."""
        entries = self.stock.entries
        known = entries is None or holding.name in entries or holding.name in self.rows
        return holding.state == "finished" and not known

    def _tell_orphans(self) -> None:
        """Captures without a row; the rows of a file that was finished just now may not have been committed yet."""
        if self.database is None or not self.orphans:
            return
        ids = [record_id for _, _, record_id in self.orphans]
        missing = database_check.still_without(self.database, ids)
        if missing and _fresh(self.stock.selection[name] for name, _, _ in self.orphans):
            time.sleep(SETTLE)
            missing = database_check.still_without(self.database, ids)
        for name, offset, record_id in self.orphans:
            if record_id in missing:
                self.add(Finding(f"warc/{name}", offset, "no row", f"no row of `captures` has the record {record_id}"))


def _fresh(selection: Iterable[WarcFileInfo]) -> bool:
    """Whether any of these files was touched so lately that its rows may still be on their way."""
    return any(holding.modified > time.time() - FRESH for holding in selection)


def _check_database(path: Path) -> list[Finding]:
    return database_check.check(path, quick=False)


def _died(call: Call, overrun: WorkerFailure) -> InspectionResult | list[Finding]:
    """The death of the process that looked at something, as a finding about that."""
    what = f"the process that read it {overrun}"
    _, (subject,) = call
    if not isinstance(subject, InspectionTask):
        return [Finding(database_check.NAME, None, "bad database", what)]
    seen = InspectionResult(subject)
    seen.findings.add(Finding(f"warc/{subject.name}", None, "unreadable", what))
    return seen


def _held_against(entry: ManifestEntry, seen: InspectionResult, stock: Inventory) -> tuple[str, str] | None:
    """(kind, what is wrong) of a finished file by its line in the manifest."""
    if seen.sha256 is None:
        return None  # it could not be read, and has a finding that says so
    if seen.sha256 != entry.sha256:
        other = next((one.file for one in (stock.entries or {}).values() if one.sha256 == seen.sha256), None)
        if other is not None:
            return "swapped", f"its bytes are those that the manifest lists for {other}"
        if seen.called is not None:
            return "swapped", f"its SHA-256 is not the listed one, and its first record calls it {seen.called}"
        if seen.size != entry.size:
            return "size", f"{counted(seen.size, 'byte')}, {entry.size:,} in the manifest"
        if not seen.findings.counts:
            return "sha256", "its SHA-256 is not the listed one; all its records are whole: bytes that no digest covers"
        return "sha256", "its SHA-256 is not the one in the manifest"
    wrong = [f"{counted(found, noun)}, {listed:,} in the manifest" for noun, found, listed in
             (("record", seen.records, entry.records), ("capture", seen.captures, entry.captures),
              ("byte", seen.size, entry.size)) if found != listed]  # fmt: skip
    return ("counts", "; ".join(wrong)) if wrong else None


def _joined(pieces: list[InspectionResult]) -> InspectionResult:
    """What was seen of a file, from its stretches in their order."""
    one = next(piece for piece in pieces if piece.task.records)
    for piece in pieces:
        one.sha256 = one.sha256 or piece.sha256
        if piece is one:
            continue
        one.called = one.called or piece.called
        one.findings.merge(piece.findings)
        for name in ("size", "records", "captures", "undigested", "unrowed"):
            setattr(one, name, getattr(one, name) + getattr(piece, name))
        for name in ("ids", "payloads", "offsets", "adopted", "links", "orphans"):
            getattr(one, name).extend(getattr(piece, name))
    return one
