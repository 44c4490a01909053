"""Other people's archives into ours: records copied, captures filed, articles read, all of it or nothing of each.

    reader thread        containers -> foreign records -> groups that are wanted and not here yet
    worker processes     the page of a group, if it may hold an article
    keeper               one transaction a group, in the order of the files: WARC records, row, article

Because a capture's row and what was read from it are written together, a row says that the work is done: an import that
was interrupted goes on where it stopped when it is run again, and one that was finished changes nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from pipelines.archive.stored_response import kind_of, may_hold_article, outcome_of_block
from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture, NothingToRead, Page
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure
from pipelines.importing import adopt
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import ContainerDamage, UnpackedStream, parts, shown
from pipelines.importing.filing import ExchangeFiling
from pipelines.importing.foreign_records import DamagedRecord, records
from pipelines.importing.grouping import ALREADY, TOO_LARGE, RecordGrouping
from pipelines.importing.job import EmptyFile, ImportJob, ImportReport, Read, SourceClassifier
from pipelines.importing.known_records import original_of, why_not
from pipelines.session.context import CrawlContext
from pipelines.takedown.targets import TakedownRegister
from pipelines.warc.record import WarcFields
from pipelines.warc.storage import sha256_of

REMOVED = "taken down"
IN_FLIGHT = 64 << 20  # bytes of blocks that are read and not filed yet, or one group


class ByteBudget:
    """How many bytes are under way; `spend` waits until there is room, and lets one too large through alone."""

    def __init__(self, most: int) -> None:
        self._most, self._spent, self._changed = most, 0, threading.Condition()

    def spend(self, size: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._spent == 0 or self._spent + size <= self._most)
            self._spent += size

    def give_back(self, size: int) -> None:
        with self._changed:
            self._spent -= size
            self._changed.notify_all()


class ReaderStopped(Exception):
    """The reader thread is to end."""


class ImportPipeline:
    """One import. `run` does it; `report` may be looked at meanwhile."""

    def __init__(
        self, context: CrawlContext, judge: SourceClassifier, chosen: ImportFilter, *, comments: bool = False
    ) -> None:
        self.context, self.judge, self.chosen, self.comments = context, judge, chosen, comments
        self.report = ImportReport()
        self.done = 0  # bytes of the files that were read
        self.current: UnpackedStream | None = None
        self.stopping = False
        self.failed: BaseException | None = None
        self._budget = ByteBudget(IN_FLIGHT)
        self._filing = ExchangeFiling(context, judge, self.report)
        self._later: list[Path] = []  # files with revisits whose originals had not come when they were met
        self._last = False  # the second reading of those files
        self._why = ""
        self._hashes: dict[Path, str] = {}
        self._removed: TakedownRegister
        self._queue: asyncio.Queue[tuple[ImportJob, asyncio.Task[Read | None]] | None]

    async def run(self, files: Sequence[Path]) -> None:
        """Read the files and file what is wanted. Raises MorgueError if the archive cannot be written."""
        self._queue = asyncio.Queue(4 * self.context.workers.size)
        loop = asyncio.get_running_loop()
        await self.context.do(self._filing.begin)
        self._removed = await self.context.do(TakedownRegister, self.context.archive_writer.db)
        filer = loop.create_task(self._filer())
        try:
            await asyncio.to_thread(self._read, files, loop)
            await self._queue.join()
            if self._later and not self.stopping and self.failed is None:
                self._last = True
                await asyncio.to_thread(self._read, self._later, loop)
        finally:
            await self._queue.put(None)
            await filer
        if self.failed is not None:
            raise self.failed

    # In the reader thread.

    def _read(self, files: Sequence[Path], loop: asyncio.AbstractEventLoop) -> None:
        here = sqlite3.connect(f"{self.context.archive_writer.database.as_uri()}?mode=ro", uri=True)
        try:
            for path in files:
                if not self._last:
                    self.report.files += 1
                base = self.done
                try:
                    self._read_file(path, here, loop)
                    if not self._last:
                        self.done = base + path.stat().st_size
                except (MorgueError, OSError) as error:
                    self._damaged(shown(path.name), 0, getattr(error, "cause", None) or str(error))
        except ReaderStopped:
            pass
        finally:
            self.current = None
            here.close()

    def _read_file(self, path: Path, here: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        name, found_any, before = shown(path.name), False, (self.report.records, self.report.damaged)
        for part in parts(path, lambda member, offset, why: self._damaged(labelled(name, member), offset, why)):
            label, base, found_any = labelled(name, part.member), self.done, True
            try:
                self.current = UnpackedStream(part.stream, part.named)
            except ContainerDamage as damage:
                self._damaged(label, 0, str(damage))
                continue
            self._read_part(path, label, part.member, here, loop)
            self.current = None
            if part.member and not self._last:
                self.done = base + part.size
        if not self._last and before == (self.report.records, self.report.damaged):
            self.report.empty.append(empty(name, path.stat().st_size, found_any=found_any))

    def _read_part(
        self, path: Path, label: str, member: str, here: sqlite3.Connection, loop: asyncio.AbstractEventLoop
    ) -> None:
        source = self.current
        assert source is not None
        grouping = RecordGrouping(
            lambda found: TOO_LARGE if found.too_large else self._why,
            self._passed,
            lambda offset, why: self._damaged(label, offset, why),
            self.chosen.other_type,
        )

        def wanted(fields: WarcFields) -> bool:
            if self.stopping or self.failed is not None:
                raise ReaderStopped
            if not self._last:
                self.report.records += 1
            self._why = self.chosen.why_not(fields) or self._not_again(fields, here) or ""
            if not self._why and (fields.get("WARC-Target-URI") or "") in self._removed:
                self._why = REMOVED
            return not self._why

        def damaged(damage: DamagedRecord) -> None:
            self._damaged(label, damage.offset, damage.why)

        for group in grouping.groups(records(source, wanted, damaged)):
            job = ImportJob(path, label, member, group, self._sha256(path))
            self._budget.spend(group.bytes)
            asyncio.run_coroutine_threadsafe(self._offer(job), loop).result()
        if source.in_one_piece and not self._last:
            self.report.notes.append(
                f"{label}: is compressed as one piece, not record by record; offsets are those of what it unpacks to"
            )

    def _not_again(self, fields: WarcFields, here: sqlite3.Connection) -> str | None:
        """Whether a record is kept already, or is none of those that are looked at a second time."""
        kind = fields.get("WARC-Type")
        if kind in ("request", "warcinfo", "filedesc"):
            return None
        if self._last and kind != "revisit":
            return ALREADY
        return why_not(here, fields.get("WARC-Record-ID") or "", fields)

    def _sha256(self, path: Path) -> str:
        if path not in self._hashes:
            self._hashes = {path: sha256_of(path)}
        return self._hashes[path]

    def _passed(self, why: str) -> None:
        if not self._last:
            self.report.passed[why] += 1

    def _damaged(self, label: str, offset: int, why: str) -> None:
        if not self._last:
            self.report.damage(label, offset, why)

    # On the event loop.

    async def _offer(self, job: ImportJob) -> None:
        """Send a group on its way, once there is room. Raises Stop."""
        if self.failed is not None or self.stopping:
            raise ReaderStopped
        if job.group.answer.fields.get("WARC-Type") == "revisit":
            known = await self._resolved(job)
            if not known:
                await self._queue.join()  # what it repeats may be on its way
                known = await self._resolved(job)
            if not known and not self._last:
                self._budget.give_back(job.group.bytes)
                if job.path not in self._later:
                    self._later.append(job.path)
                return
        else:
            job.block = job.group.answer.block or b""
        self._plan(job)
        await self._queue.put((job, asyncio.get_running_loop().create_task(self._outcome(job))))

    async def _resolved(self, job: ImportJob) -> bool:
        try:
            found = await self.context.do(original_of, self.context.archive_writer, job.group.answer.fields)
        except MorgueError as error:
            self.failed = self.failed or error
            raise ReaderStopped from error
        if found is not None:
            job.refers_to, job.block = found
        return found is not None

    def _plan(self, job: ImportJob) -> None:
        """What a group is, and whether there is a page to read in it."""
        answer, fields = job.group.answer, job.group.answer.fields
        url = fields.get("WARC-Target-URI") or ""
        job.kind = fields.get("Morgue-Kind") or kind_of(url, job.block, self.judge.kind)
        whole = fields.get("WARC-Truncated") is None and fields.get("Morgue-Error") is None
        if not whole and job.kind in ("article", "page") and fields.get("Morgue-Error") is None:
            job.kind = "other"
        if whole and job.kind in ("article", "page") and may_hold_article(job.block):
            capture = Capture(
                None, url, adopt.time_of(answer), 200, None, "", 0, 0, adopt.record_id(answer), "response", None, None,
                job.kind,
            )  # fmt: skip
            job.page = Page(
                fetchable(url) or url, b"", capture=capture, source=self.judge.source(url), comments=self.comments
            )

    async def _outcome(self, job: ImportJob) -> Read | None:
        if job.page is None:
            return None
        try:
            return await self.context.workers.run(outcome_of_block, job.page, job.block)
        except WorkerFailure as overrun:
            return NothingToRead(f"extractor {overrun.reason}", overrun.detail), 0.0

    async def _filer(self) -> None:
        while (item := await self._queue.get()) is not None:
            job, task = item
            try:
                outcome = await task
                if self.failed is None:
                    await self.context.do(self._filing.file, job, outcome)
            except BaseException as error:  # noqa: BLE001 the reader must not wait for ever; `run` raises it
                self.failed = self.failed or error
            finally:
                self._budget.give_back(job.group.bytes)
                self._queue.task_done()


def empty(name: str, size: int, *, found_any: bool) -> EmptyFile:
    """Why nothing came of a file in which nothing is damaged; `found_any`: it, or a part of it, is one of records."""
    if not size:
        return EmptyFile(name, "it has 0 bytes", "copy or download it again")
    if not found_any:
        return EmptyFile(name, "it is a ZIP without a WARC or ARC file", "unzip -l shows what is in it")
    return EmptyFile(name, "it unpacks to 0 bytes", "copy or download it again")


def labelled(name: str, member: str) -> str:
    """How a stream in a file is called: FILE, or FILE!MEMBER."""
    return f"{name}!{member}" if member else name
