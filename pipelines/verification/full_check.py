"""Check an archive by reading all of it: every file, record and row, on several processes if that is faster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.bucket.opening import warc_storage
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.plural import counted, first_of
from pipelines.fleet.layout import fleet_above
from pipelines.verification import database_check
from pipelines.verification.findings import Finding, VerificationReport
from pipelines.verification.inventory import Inventory, WarcFileInfo
from pipelines.verification.journal_check import JournalCheck, JournalPlace
from pipelines.verification.references import RecordReferences
from pipelines.verification.snapshot import ArchiveSnapshot, wait_for_rows
from pipelines.verification.warc_check import InspectionResult, InspectionTask, inspect
from pipelines.warc.manifest import ManifestEntry

if TYPE_CHECKING:
    from pipelines.core.worker_pool import WorkerFailure

logger = logging.getLogger("morgue.verification")

MIN_PARALLEL_BYTES = 32_000_000  # of an archive; below, other processes take longer to start than to help
STRETCH_BYTES = 64_000_000  # of a large file, for one task
MAX_NAMED_PARTS = 3  # of a file, that a finding names

Progress = Callable[[int, int], object]  # bytes done, of how many
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class FullCheck:
    """Read everything once, and add findings and totals to the report."""

    def __init__(
        self, snapshot: ArchiveSnapshot, report: VerificationReport, jobs: int | None, progress: Progress | None
    ) -> None:
        """`jobs`: processes that read; None: one per CPU."""
        self.snapshot, self.report, self.wanted_jobs, self.progress = snapshot, report, jobs, progress
        self.warc = warc_storage(snapshot.archive)
        self.jobs = 1
        self.done_bytes, self.total_bytes = 0, sum(file.size for file in snapshot.files.values())
        self.results: dict[str, list[InspectionResult]] = {}  # by file, of its tasks so far
        self.orphans: list[tuple[str, int, str]] = []  # (file, offset, record id) of captures without a row
        self.journal: dict[str, list[JournalPlace]] = {}  # by file

    def run(self) -> None:
        """Check the database and all files."""
        self.references = RecordReferences(self.warc, is_shard=fleet_above(self.snapshot.archive) is not None)
        try:
            self._run()
        finally:
            self.references.close()

    def _run(self) -> None:
        files, database = self.snapshot.files, self.snapshot.database
        if self.total_bytes >= MIN_PARALLEL_BYTES and self.wanted_jobs != 1:
            from pipelines.core.worker_pool import available_cpus  # and with it asyncio, which takes 0.1 s to import

            self.jobs = self.wanted_jobs or available_cpus()
        tasks = [task for file in files.values() for task in self._tasks(file)]
        tasks.sort(key=lambda task: -(task.end or files[task.name].size) + task.start)  # the largest first
        calls: list[Call] = [(inspect, (task,)) for task in tasks]
        if database is not None:
            calls.insert(0, (_check_database, (database,)))
        self._call_all(calls)
        again = [task for name in list(self.results) for task in self._join(name)]
        self._call_all([(inspect, (task,)) for task in again])
        for task in again:
            self._take(self.results.pop(task.name))
        self._report_orphans()
        self.report.findings.extend(self.references.findings())
        if database is not None and not self.snapshot.is_export:
            self._check_journal(database)

    def _check_journal(self, database: Path) -> None:
        """Compare the database with the journal records in the files."""
        order = dict.fromkeys([*(self.snapshot.inventory.entries or {}), *sorted(self.journal)])
        places = [place for name in order for place in self.journal.get(name, ())]
        check = JournalCheck(database, self.warc, places)
        sound = all(file == DATABASE_NAME for file, _kind in self.report.findings.counts)
        check.run(self.snapshot.journal, sound=sound)
        self.report.findings.extend(check.findings)
        self.report.left_out += tuple(check.left_out)

    def _tasks(self, file: WarcFileInfo) -> Iterator[InspectionTask]:
        """Yield one task for a file. Of a large file whose rows say where records begin, yield several."""
        whole = self._task(file)
        cuts = self._cuts(file) if self.jobs > 1 and not whole.growing else []
        if not cuts:
            yield whole
            return
        yield replace(whole, database=None, records=False)
        for start, end in zip([0, *cuts], [*cuts, None], strict=True):
            yield replace(whole, start=start, end=end, digest=False)

    def _task(self, file: WarcFileInfo) -> InspectionTask:
        """Return a task that reads a file in one go."""
        entry = self.snapshot.entry(file.name)
        database = None if self.snapshot.is_unknown(file) else self.snapshot.database
        task = InspectionTask(self.warc, file.name, database, file.state != "finished", entry is not None)
        if entry is None:
            return task
        if task.growing:
            return replace(task, ends=tuple(part.size for part in entry.parts))
        row = self.snapshot.rows.get(file.name)
        # The rows were read first, then the files were listed, then the manifest. What is beyond it now came later.
        grows = file.size <= entry.size and (row is None or row["size"] <= entry.size)
        return replace(task, ends=tuple(part.size for part in entry.earlier), limit=entry.size if grows else None)

    def _cuts(self, file: WarcFileInfo) -> list[int]:
        """Return offsets of records, as the rows give them, that cut a file into stretches."""
        if self.snapshot.database is None or file.size < 2 * STRETCH_BYTES:
            return []
        return database_check.record_offsets(self.snapshot.database, file.name, file.size, STRETCH_BYTES)

    def _call_all(self, calls: list[Call]) -> None:
        """Make the calls, in this process or in others."""
        if self.jobs == 1 or len(calls) < 2:
            for function, arguments in calls:
                on_progress = (self._add_progress,) if function is inspect else ()
                self._on_result(function(*arguments, *on_progress))
        else:
            import asyncio

            from pipelines.verification.process_map import in_parallel

            asyncio.run(in_parallel(calls, min(self.jobs, len(calls)), self._on_result, died=_result_of_death))

    def _add_progress(self, more: int) -> None:
        self.done_bytes += more
        if self.progress is not None:
            self.progress(self.done_bytes, self.total_bytes)

    def _on_result(self, result: InspectionResult | list[Finding]) -> None:
        if not isinstance(result, InspectionResult):
            self.report.findings.extend(result)
            return
        if self.jobs > 1:
            self._add_progress(result.size)
        task = result.task
        if task.records and task.start == 0 and task.end is None and task.digest:
            if task.name in self.results:  # read again, in one go
                self.results[task.name] = [result]
            else:
                self._take([result])
        else:
            self.results.setdefault(task.name, []).append(result)

    def _join(self, name: str) -> list[InspectionTask]:
        """Join the stretches of a file. If they do not fit together, return a task that reads the file in one go."""
        if all(result.whole for result in self.results[name]):
            self._take(sorted(self.results.pop(name), key=lambda result: result.task.start))
            return []
        return [self._task(self.snapshot.files[name])]

    def _take(self, results: list[InspectionResult]) -> None:
        """Add all results of one file to the report."""
        report, name = self.report, results[0].task.name
        file, entry = self.snapshot.files[name], self.snapshot.entry(name)
        result = _joined(results)
        report.records += result.records
        report.captures += result.captures
        report.undigested += result.undigested
        report.bytes += result.size
        about = {"file": name, "records": result.records, "findings": result.findings.counts.total()}
        logger.info("%(file)s is checked (records: %(records)d, findings: %(findings)d)", about)
        report.findings.merge(result.findings)
        wrong = None
        if entry is not None:
            compare = _compare_with_manifest if file.state == "finished" else _compare_listed_parts
            wrong = compare(entry, result, self.snapshot.inventory)
        if wrong is None and result.called is not None:
            wrong = "swapped", f"its first record calls it {result.called}"
        if wrong is not None:
            report.findings.add(Finding(f"warc/{name}", None, *wrong))
        if self.snapshot.is_unknown(file):
            return  # it may be a copy of another file: its records do not count as the archive's
        self.references.add(result)
        self.journal[name] = [JournalPlace(header, name, *place) for header, *place in result.journal]
        if file.state == "finished":
            self.orphans += [(name, offset, record_id) for offset, record_id in result.orphans]
            if more := result.unrowed - len(result.orphans):
                report.findings.counts[f"warc/{name}", "no row"] += more

    def _report_orphans(self) -> None:
        """Report captures without a row, unless their rows are committed now."""
        if self.snapshot.database is None or not self.orphans:
            return
        record_ids = [record_id for _, _, record_id in self.orphans]
        missing = database_check.without_row(self.snapshot.database, record_ids)
        if missing and wait_for_rows(self.snapshot.files[name] for name, _, _ in self.orphans):
            missing = database_check.without_row(self.snapshot.database, record_ids)
        for name, offset, record_id in self.orphans:
            if record_id in missing:
                what = f"no row of `captures` has the record {record_id}"
                self.report.findings.add(Finding(f"warc/{name}", offset, "no row", what))


def _check_database(path: Path) -> list[Finding]:
    return database_check.check(path, quick=False)


def _result_of_death(call: Call, failure: WorkerFailure) -> InspectionResult | list[Finding]:
    """Return a result that says that the process died which made the call."""
    what = f"the process that read it {failure}"
    _, (subject,) = call
    if not isinstance(subject, InspectionTask):
        return [Finding(DATABASE_NAME, None, "bad database", what)]
    result = InspectionResult(subject)
    result.findings.add(Finding(f"warc/{subject.name}", None, "unreadable", what))
    return result


def _compare_with_manifest(
    entry: ManifestEntry, result: InspectionResult, inventory: Inventory
) -> tuple[str, str] | None:
    """Return (kind of finding, what is wrong) if a finished file differs from its line in the manifest."""
    if not result.sha256:
        return None  # it could not be read, and a finding says so
    if result.sha256 != tuple(part.sha256 for part in entry.parts):
        entries = (inventory.entries or {}).values()
        other = next((one.file for one in entries if (one.sha256,) == result.sha256 and not one.offset), None)
        if other is not None:
            return "swapped", f"its bytes are those that the manifest lists for {other}"
        if result.called is not None:
            return (
                "swapped",
                f"its SHA-256 is not the one in the manifest, and its first record calls it {result.called}",
            )
        if result.size != entry.size:
            return "size", f"{counted(result.size, 'byte')}, {entry.size:,} in the manifest"
        what = _differing_parts(entry, result)
        if not result.findings.counts:
            what += "; all its records are whole, so bytes have changed that no digest covers"
        return "sha256", what
    wrong = [f"{counted(found, noun)}, {listed:,} in the manifest" for noun, found, listed in
             (("record", result.records, entry.records), ("capture", result.captures, entry.captures),
              ("byte", result.size, entry.size)) if found != listed]  # fmt: skip
    return ("counts", "; ".join(wrong)) if wrong else None


def _compare_listed_parts(
    entry: ManifestEntry, result: InspectionResult, _inventory: Inventory
) -> tuple[str, str] | None:
    """Return (kind of finding, what is wrong) if what is listed of an `.open` file is not as it is listed."""
    if not result.sha256:
        return None  # it could not be read, and a finding says so
    if result.size < entry.size:
        return "size", f"{counted(result.size, 'byte')}, {entry.size:,} in the manifest"
    what = _differing_parts(entry, result)
    return ("sha256", what) if what else None


def _differing_parts(entry: ManifestEntry, result: InspectionResult) -> str:
    """Say which parts of a file have another SHA-256 than the manifest; "" if none has."""
    parts = entry.parts
    wrong = [part for part, found in zip(parts, result.sha256, strict=False) if part.sha256 != found]
    if not wrong:
        return ""
    if len(parts) == 1:
        return "its SHA-256 is not the one in the manifest"
    places = first_of([f"{part.offset} to {part.size}" for part in wrong], MAX_NAMED_PARTS)
    return f"the SHA-256 of its bytes {places} is not the one in the manifest"


def _joined(results: list[InspectionResult]) -> InspectionResult:
    """Return one result for a file, from those of its stretches in their order."""
    joined = next(result for result in results if result.task.records)
    for result in results:
        joined.sha256 = joined.sha256 or result.sha256
        if result is joined:
            continue
        joined.called = joined.called or result.called
        joined.findings.merge(result.findings)
        for name in ("size", "records", "captures", "undigested", "unrowed"):
            setattr(joined, name, getattr(joined, name) + getattr(result, name))
        for name in ("ids", "payloads", "offsets", "imported", "references", "orphans", "journal"):
            getattr(joined, name).extend(getattr(result, name))
    return joined
