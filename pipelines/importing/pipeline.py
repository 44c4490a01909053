"""Import files of other programs: copy records, file captures, read articles, each exchange as a whole or not at all.

    reader thread (`reading`)     files -> streams -> foreign records -> exchanges that are wanted and new
    event loop (this module)      resolves revisits, decides which exchanges hold a page
    worker processes              the page of an exchange -> article
    writer's thread (`filing`)    one transaction per exchange, in the order of the files: records, row, article

A capture's row and the article read from it are written together, so a row says that the work is done. An interrupted
import goes on where it stopped when it is run again, and a finished one changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence

from pipelines.archive.stored_response import (
    ResponseStart,
    addresses_of_block,
    kind_of,
    outcome_of_block,
    start_of,
    why_no_page,
)
from pipelines.core.errors import MorgueError
from pipelines.core.items import Article, Capture, NothingToRead, Page
from pipelines.core.urls import fetchable, is_web_address
from pipelines.core.worker_pool import WorkerFailure
from pipelines.extraction.page.media import NOT_HTML
from pipelines.extraction.page.running_text import is_front
from pipelines.importing import adopt
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import printable
from pipelines.importing.filing import ExchangeFiling
from pipelines.importing.grouping import ANSWER_DAMAGED, DAMAGED
from pipelines.importing.job import (
    DamageLocation,
    ImportedFile,
    ImportJob,
    ImportReport,
    ReadResult,
    SourceClassifier,
)
from pipelines.importing.known_records import repeated_response
from pipelines.importing.reading import FileReader
from pipelines.importing.record_errors import ERRORS_OF_THE_RUN, ReaderStopped, unexpected
from pipelines.session.context import CrawlContext
from pipelines.warc.record import WarcFields

logger = logging.getLogger("morgue.importing")

MAX_UNFILED_BYTES = 64 << 20  # of blocks that are read and not filed yet
QUEUED_JOBS_PER_WORKER = 4
# Reasons for which a page is not read, as the summary counts them.
CUT_OFF, BAD_ADDRESS = "cut off", "address that is not valid"
PAGE_KINDS = ("article", "page", "section", "front")  # what is HTML
LEFT_OUT_KINDS = ("section", "front", "other")  # by the shape of the address: not read for an article


class ByteBudget:
    """Limit the bytes in memory. A single item larger than the limit is let through when nothing else is in memory."""

    def __init__(self, limit: int) -> None:
        self._limit, self._spent, self._changed = limit, 0, threading.Condition()

    def spend(self, size: int) -> None:
        """Wait until there is room for `size` bytes, and take it."""
        with self._changed:
            self._changed.wait_for(lambda: self._spent == 0 or self._spent + size <= self._limit)
            self._spent += size

    def give_back(self, size: int) -> None:
        with self._changed:
            self._spent -= size
            self._changed.notify_all()


class ImportPipeline:
    """Run one import. `report` and `bytes_read` may be read meanwhile, and `stopping` may be set."""

    def __init__(
        self,
        context: CrawlContext,
        classifier: SourceClassifier,
        wanted: ImportFilter,
        *,
        comments: bool = False,
    ) -> None:
        self.context, self.classifier, self.wanted, self.comments = context, classifier, wanted, comments
        self.report = ImportReport()
        self.stopping = False
        self.failed: BaseException | None = None
        self._budget = ByteBudget(MAX_UNFILED_BYTES)
        self._filing = ExchangeFiling(context, classifier, self.report)
        # The places of revisits whose responses had not come yet, by file and stream (`ImportJob.label`).
        self._waiting: dict[ImportedFile, dict[str, set[int]]] = {}
        self._reader: FileReader | None = None
        self._queue: asyncio.Queue[tuple[ImportJob, asyncio.Task[ReadResult | None]] | None]

    @property
    def bytes_read(self) -> int:
        """Stored bytes of the files that were read."""
        return self._reader.bytes_read if self._reader is not None else 0

    async def run(self, files: Sequence[ImportedFile]) -> None:
        """Read the files and file what is wanted. Raises MorgueError if the archive cannot be written."""
        self._queue = asyncio.Queue(QUEUED_JOBS_PER_WORKER * self.context.workers.size)
        loop = asyncio.get_running_loop()
        await self.context.do(self._filing.begin)

        def pass_on(job: ImportJob) -> None:  # in the reader's thread
            self._budget.spend(job.group.bytes)
            try:
                asyncio.run_coroutine_threadsafe(self._accept(job), loop).result()
            except BaseException:
                self._budget.give_back(job.group.bytes)
                raise

        reader = self._reader = FileReader(
            self.context.archive_writer.database,
            self.wanted,
            self._filing.removed,
            self._filing.known_records.lost_files,
            self.report,
            pass_on,
            self._is_stopping,
        )
        filer = loop.create_task(self._file_jobs())
        try:
            await asyncio.to_thread(reader.read, files)
            await self._queue.join()
            if self._waiting and not self._is_stopping():
                reader.second_pass = True
                await asyncio.to_thread(reader.read, list(self._waiting))
        finally:
            await self._queue.put(None)
            await filer
        if self.failed is not None:
            raise self.failed

    def _is_stopping(self) -> bool:
        return self.stopping or self.failed is not None

    async def _accept(self, job: ImportJob) -> None:
        """Queue a job once there is room. Raises ReaderStopped."""
        if self._is_stopping():
            raise ReaderStopped
        assert job.file is not None
        is_second = self._reader is not None and self._reader.second_pass
        if is_second and job.group.answer.offset not in self._waiting[job.file].get(job.label, ()):
            self._budget.give_back(job.group.bytes)  # it was filed and counted in the first pass
            return
        if job.group.answer.fields.get("WARC-Type") == "revisit":
            known = await self._resolve(job)
            if not known:
                await self._queue.join()  # the response may be among the jobs that are not filed yet
                known = await self._resolve(job)
            if not known and not is_second:
                self._budget.give_back(job.group.bytes)
                about = {"file": job.label, "url": job.group.answer.fields.get("WARC-Target-URI")}
                logger.info("%(url)s in %(file)s waits for the response that it repeats: the file is read again", about)
                self._waiting.setdefault(job.file, {}).setdefault(job.label, set()).add(job.group.answer.offset)
                return
        else:
            job.block = job.group.answer.block or b""
        classify(job, self.classifier, comments=self.comments)
        await self._queue.put((job, asyncio.get_running_loop().create_task(self._read_page(job))))

    async def _resolve(self, job: ImportJob) -> bool:
        """Find the response that a revisit repeats. Return False if the archive does not have it."""
        try:
            found = await self.context.do(repeated_response, self.context.archive_writer, job.group.answer.fields)
        except MorgueError as error:
            self.failed = self.failed or error
            raise ReaderStopped from error
        if found is not None:
            job.original, job.block = found, found.block
        return found is not None

    async def _read_page(self, job: ImportJob) -> ReadResult | None:
        if job.page is None:
            return None
        try:
            outcome = await self.context.workers.run(outcome_of_block, job.page, job.block)
            if isinstance(outcome[0], Article) and self._filing.removed.concerns_site_of(job.page.url):
                job.declared = await self.context.workers.run(addresses_of_block, job.page, job.block)
            return outcome
        except WorkerFailure as overrun:
            logger.warning("reading %(url)s was stopped: %(why)s", {"url": job.page.url, "why": overrun})
            return NothingToRead(f"extractor {overrun.reason}", overrun.detail), 0.0
        except Exception as error:  # noqa: BLE001 the record is kept, though its page cannot be read
            why = unexpected(error)
            self._note_damage(job, f"its page {why}; the record is kept")
            return NothingToRead(f"extractor raised {type(error).__name__}", why), 0.0

    def _note_damage(self, job: ImportJob, why: str) -> None:
        answer = job.group.answer
        url = printable(answer.fields.get("WARC-Target-URI") or "")
        self.report.damage(DamageLocation(job.label, answer.offset, why, url=url))

    async def _file_jobs(self) -> None:
        """File the queued jobs in their order, until None comes."""
        while (item := await self._queue.get()) is not None:
            job, task = item
            kept_before = self.report.kept
            try:
                outcome = await task
                if self.failed is None:
                    await self.context.do(self._filing.file, job, outcome)
            except ERRORS_OF_THE_RUN as error:
                self.failed = self.failed or error  # `run` raises it; the reader must not wait for ever
            except Exception as error:  # noqa: BLE001 one record must not end the import of the others
                self._note_damage(job, unexpected(error))
                if self.report.kept == kept_before:
                    self.report.passed.update([DAMAGED, *[ANSWER_DAMAGED] * len(job.group.requests)])
            except BaseException as error:  # noqa: BLE001 as for errors of the run
                self.failed = self.failed or error
            finally:
                self._budget.give_back(job.group.bytes)
                self._queue.task_done()


def classify(job: ImportJob, classifier: SourceClassifier, *, comments: bool = False) -> None:
    """Set the kind of a job's capture, and its page if it holds one to be read, or why that is not read."""
    answer, fields = job.group.answer, job.group.answer.fields
    url, given, start = fields.get("WARC-Target-URI") or "", fields.get("Morgue-Kind"), start_of(job.block)
    shape = given or kind_of(url, start, classifier.kind)
    why, is_found = _why_unread(url, fields, start), start.head is not None and start.head.status == 200
    is_listing = shape in ("front", "section")
    job.kind = "other" if given is None and why in (NOT_HTML, CUT_OFF) and shape in PAGE_KINDS else shape
    if why == BAD_ADDRESS or (why and shape in ("article", "page")):
        job.unread = why
    elif given is None and why != NOT_HTML and is_found and shape in LEFT_OUT_KINDS:
        job.left_out = classifier.why_no_article(url)
    if is_found and why is None and (shape in ("article", "page") or (is_listing and not is_front(url))):
        capture = Capture(
            None, url, adopt.time_of(answer), 200, None, "", 0, 0, adopt.record_id_of(answer), "response", None,
            None, shape,
        )  # fmt: skip
        job.page = Page(
            fetchable(url) or url, b"", capture=capture, source=classifier.source(url), comments=comments,
            listing=is_listing,
        )  # fmt: skip


def _why_unread(url: str, fields: WarcFields, start: ResponseStart) -> str | None:
    """Return why a response of status 200 holds no page to read; None if it may, or if it has another status."""
    if start.head is None or start.head.status != 200:
        return None
    if why_no_page(start) is not None:
        return NOT_HTML
    if fields.get("WARC-Truncated") is not None or fields.get("Morgue-Error") is not None:
        return CUT_OFF
    return None if is_web_address(url) else BAD_ADDRESS
