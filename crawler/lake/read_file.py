"""Read one file of a lake into one Parquet file of readings. This is the item of work, which may run twice.

Pages are read in a worker process with a limit on CPU and memory, never on wall time: a full machine is slow.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from crawler.lake.cdxj_index import UnusableIndex
from crawler.lake.excerpt import chosen_streams
from crawler.lake.file_indexes import places_by_own_index
from crawler.lake.file_jobs import FileJobs
from crawler.lake.places import BucketServer, LakeOutput, opened, opened_ranges
from crawler.lake.rows import COLUMNS, row_of
from exports.extras import load_extra
from pipelines.archive.stored_response import outcome_of_block
from pipelines.bucket.ranges import Range
from pipelines.core.items import Article, NothingToRead
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.extraction.entry import WARM_UP
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import OnZipDamage, RecordStream, printable, streams_in
from pipelines.importing.foreign_records import NO_RECORD_HERE
from pipelines.importing.grouping import TOO_LARGE
from pipelines.importing.job import ImportJob, ImportReport
from pipelines.importing.record_errors import unexpected

AHEAD = 4  # pages that wait for the worker process
MAX_AHEAD_BYTES = 64 << 20
MAX_PAGE_SECONDS = 3600.0  # wall seconds after which a page that uses no CPU counts as hung
MAX_DAMAGES_NOTED = 20
NO_RECORD = "it holds no WARC or ARC record"


@dataclass(frozen=True, slots=True)
class FileTask:
    """Say what one item has to do. As a dictionary it is its argument, which JSON can hold."""

    address: str
    output: str  # address of the folder
    name: str  # of the output, without a suffix
    filters: dict[str, Any] = field(default_factory=dict)  # of ImportFilter
    languages: list[str] = field(default_factory=list)  # of articles; empty: all
    cpu_seconds: float = 15.0  # for one page
    memory: int = 1_000_000_000
    again: bool = False  # replace the output of an earlier attempt, which failed
    index: str = ""  # address of a CDXJ index of this file alone
    places: list[Range] | None = None  # of the records that are wanted, by another index; None: not known
    endpoint: str = ""  # as in BucketServer; keys of access are never here
    allow_http: bool = False

    @property
    def server(self) -> BucketServer:
        return BucketServer(self.endpoint, self.allow_http)


@lru_cache(maxsize=1)
def page_workers(cpu_seconds: float, memory: int) -> WorkerPool:
    """Return the worker process that reads pages, which the items of one process share."""
    return WorkerPool(1, seconds=MAX_PAGE_SECONDS, cpu_seconds=cpu_seconds, memory=memory, warm_up=WARM_UP)


def import_filter(filters: dict[str, Any]) -> ImportFilter:
    """Return the filter whose values JSON has held."""
    return ImportFilter(
        frozenset(filters.get("hosts", ())),
        frozenset(filters.get("domains", ())),
        filters.get("since"),
        filters.get("until"),
        tuple(filters.get("mimes", ())),
        filters.get("mismatched", False),
    )


def parquet_name(name: str) -> str:
    """Return the name of the output of a file."""
    return f"{name}.parquet"


def note_name(name: str) -> str:
    """Return the name of the note that says why a file was not read, or not to its end."""
    return f"_{name}.failed.json"  # readers of Parquet folders pass over names that begin so


def read_file(argument: dict[str, Any]) -> dict[str, Any]:
    """Read one file; return what was found in it. Raises MorgueError if it or the output cannot be reached."""
    task = FileTask(**argument)
    load_extra("pyarrow", "lake")
    from exports.formats import to_parquet

    output = LakeOutput(task.output, task.server)
    chosen = chosen_records(task)
    with source_of(task, chosen) as (source, moved):
        reading = _FileReading(task, source)
        why: str | None = None

        def write(draft: Any) -> None:
            nonlocal why
            to_parquet.write(reading.rows(), draft, COLUMNS)
            why = failure_of(source.report, is_whole=not source.by_index)
            if why is not None:  # before the output: what has an output and no note is done
                note = {"address": task.address, "why": why, "damages": damages_of(source.report)}
                text = json.dumps(note, ensure_ascii=False, indent=1).encode(errors="backslashreplace")
                output.put(note_name(task.name), lambda file: file.write(text), replace=True)

        output.put(parquet_name(task.name), write, replace=task.again)
    if why is None and task.again:
        output.remove(note_name(task.name))
    counts = {"readings": reading.count, "bytes": moved() + chosen.index_bytes, "why": why, "note": chosen.note}
    return counts | summary_of(source.report, reading)


@dataclass(frozen=True, slots=True)
class ChosenRecords:
    """Say which records of a file are read, and what was read to know it."""

    places: list[Range] | None  # None: all
    index_bytes: int = 0
    note: str = ""  # for people: of an index that is not used


def chosen_records(task: FileTask) -> ChosenRecords:
    """Return the records that indexes say are wanted. Raises MorgueError."""
    if not task.index:
        return ChosenRecords(None if task.places is None else [(start, length) for start, length in task.places])
    with opened(task.index, task.server) as index:
        size = index.seek(0, os.SEEK_END)
    try:
        name = task.address.rpartition("/")[2]
        places = places_by_own_index(task.index, name, import_filter(task.filters), task.server)
    except UnusableIndex as unusable:
        return ChosenRecords(None, size, f"{task.index} is not used: {unusable}")
    note = "" if places is not None else f"{task.index} is not used: it does not name {task.address}"
    return ChosenRecords(places, size, note)


@contextmanager
def source_of(task: FileTask, chosen: ChosenRecords) -> Iterator[tuple[FileJobs, Callable[[], int]]]:
    """Open a file, as a whole or only the chosen records; yield also how to tell how many bytes were read."""
    name, wanted = printable(task.address.rpartition("/")[2]), import_filter(task.filters)
    if chosen.places is None:
        with opened(task.address, task.server) as file:
            size = file.seek(0, os.SEEK_END)
            yield FileJobs(lambda on_damage: streams_in(file, name, on_damage), task.address, wanted), lambda: size
        return
    with opened_ranges(task.address, task.server) as ranges:

        def streams(on_damage: OnZipDamage) -> Iterator[RecordStream]:
            def on_too_large() -> None:
                source.report.passed[TOO_LARGE] += 1

            return chosen_streams(ranges, chosen.places or (), name, on_damage, on_too_large)

        source = FileJobs(streams, task.address, wanted, by_index=True)
        source.lengths |= {("", start): length for start, length in chosen.places}
        yield source, lambda: ranges.moved


def failure_of(report: ImportReport, *, is_whole: bool = True) -> str | None:
    """Return in one line what is wrong with a file; None if all was read that was asked for."""
    first = report.damages[0] if report.damaged else None
    if not report.records and is_whole and (first is None or first.why == NO_RECORD_HERE):
        return NO_RECORD
    if first is None:
        return None
    more = f", and {report.damaged - 1:,} more" if report.damaged > 1 else ""
    return f"damaged at byte {first.offset:,}: {first.why}{more}"


def damages_of(report: ImportReport) -> list[dict[str, Any]]:
    """Return the first damaged places of a file."""
    return [place._asdict() for place in report.damages[:MAX_DAMAGES_NOTED]]


def summary_of(report: ImportReport, reading: _FileReading) -> dict[str, Any]:
    """Return the counts of a file."""
    return {
        "records": report.records,
        "damaged": report.damaged,
        "skipped_bytes": report.skipped_bytes,
        "passed": dict(report.passed),
        "nothing": dict(report.nothing),
        "left_out": dict(report.by_shape),
        "other_language": reading.other_language,
    }


class _FileReading:
    """Read the pages of a file in a worker process, a few ahead, and make rows in the order of the file."""

    def __init__(self, task: FileTask, source: FileJobs) -> None:
        self._task, self._source, self._workers = task, source, page_workers(task.cpu_seconds, task.memory)
        self.count = self.other_language = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the row of each article."""
        for job, outcome in self._outcomes():
            if isinstance(outcome, NothingToRead):
                if job.page is not None and not job.page.listing:
                    self._source.report.nothing[outcome.reason] += 1
            elif self._task.languages and outcome.language not in self._task.languages:
                self.other_language += 1
            else:
                self.count += 1
                length = self._source.lengths.get((job.member, job.group.answer.offset))
                yield row_of(job, outcome, self._task.address, length)
            self._source.lengths.pop((job.member, job.group.answer.offset), None)

    def _outcomes(self) -> Iterator[tuple[ImportJob, Article | NothingToRead]]:
        waiting: deque[tuple[ImportJob, asyncio.Task[Article | NothingToRead]]] = deque()
        size = 0
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            try:
                for job in self._source.jobs():
                    waiting.append((job, loop.create_task(self._read(job))))
                    size += len(job.block)
                    runner.run(asyncio.sleep(0))  # hands the page to the thread of the worker
                    while len(waiting) > AHEAD or size > MAX_AHEAD_BYTES:
                        first, task = waiting.popleft()
                        size -= len(first.block)
                        yield first, loop.run_until_complete(task)
                for job, task in waiting:
                    yield job, loop.run_until_complete(task)
            except BaseException:
                page_workers.cache_clear()
                self._workers.kill()
                raise

    async def _read(self, job: ImportJob) -> Article | NothingToRead:
        assert job.page is not None
        try:
            return (await self._workers.run(outcome_of_block, job.page, job.block))[0]
        except WorkerFailure as failure:
            return NothingToRead(f"extractor {failure.reason}", failure.detail)
        except Exception as error:  # noqa: BLE001 one page must not end the reading of the others
            return NothingToRead(f"extractor raised {type(error).__name__}", unexpected(error))
