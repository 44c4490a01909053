"""Run one import: find the files that the arguments name, open the archive, handle signals, draw the progress bar."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import IO, Any, NoReturn

from crawler.config.models import Config
from crawler.engine.comparing import compare_new
from crawler.engine.crawl import CrawlOutcome, open_context
from crawler.engine.interrupts import interrupts
from crawler.engine.lost_files import lost_files_note
from crawler.onboarding.owners import SourceOwners
from pipelines.core.errors import INTERRUPTED, ConfigError, MorgueError, os_errors
from pipelines.core.input_files import START_BYTES, binary_kind, open_input
from pipelines.core.worker_pool import WorkerPool
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import SUFFIXES, container_kind
from pipelines.importing.grouping import ID_CLASH
from pipelines.importing.job import ImportedFile, ImportReport
from pipelines.importing.pipeline import ImportPipeline
from pipelines.importing.reading import LocalFile

logger = logging.getLogger("morgue.engine")

COUNTS_SECONDS = 0.2  # between looks at the counts that the bar shows; rich redraws it by itself
MAX_LIST_LINE_CHARS = 4096
MAX_SHOWN_CHARS = 80  # of a line of a list that turns out to be no path
MAX_SHOWN_URL_CHARS = 200
PACKED_NAME = re.compile(r"\.(?:w?arc|wacz)\.(?:lz4|bz2|xz|7z|rar|zip)$")
NOT_IMPORTABLE = "is neither a WARC, ARC or WACZ file nor a list of such files"
CURE = "name WARC, ARC or WACZ files, folders that contain some, or a text file that lists them, one per line"


def files_of(arguments: Sequence[str], stdin: IO[str]) -> list[Path]:
    """Return the files that the arguments name, each once, in their order; folders sorted. Raise ConfigError."""
    found: dict[Path, None] = {}
    for argument in arguments:
        for path in _named_by(argument, stdin):
            found.setdefault(path.absolute())
    return list(found)


def _named_by(argument: str, stdin: IO[str]) -> Iterator[Path]:
    if argument == "-":
        buffer = getattr(stdin, "buffer", None)
        what = binary_kind(buffer.peek(START_BYTES)[:START_BYTES]) if buffer is not None else None
        if what is not None:
            cure = "name the file itself, or pass the names of files, one per line"
            raise ConfigError("standard input", f"is {what}, not a list of file names", cure)
        yield from _listed("-", stdin)
        return
    path = _local(argument, argument)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _is_meant(file.name.lower()) and file.is_file())
        if not files:
            raise ConfigError(argument, f"no file in this folder ends in {', '.join(SUFFIXES)}", CURE)
        yield from files
        return
    start = _start(path)
    if container_kind(start) is not None or path.name.lower().endswith(SUFFIXES):
        yield path
        return
    if not start or b"\x00" in start:
        raise ConfigError(argument, f"{NOT_IMPORTABLE}: it {'has other contents' if start else 'is empty'}", CURE)
    if b"<opml" in start.lower() or path.name.lower().endswith(".opml"):
        cure = f"morgue add --urls {quote(argument)} adds the sites"
        raise ConfigError(argument, "is OPML, a list of sites: it holds no captures", cure)
    with open_input(path, "r", encoding="utf-8", errors="surrogateescape") as lines:
        yield from _listed(argument, lines)


def _is_meant(name: str) -> bool:
    """Return True for the name of a file to import, or of one that cannot be read as it is, and is to be reported."""
    return name.endswith(SUFFIXES) or PACKED_NAME.search(name) is not None


def _listed(name: str, lines: IO[str]) -> Iterator[Path]:
    """Yield the files of a list, one per line; # begins a comment. Paths are relative to the current folder."""
    found = False
    for number, line in enumerate(iter(lambda: lines.readline(MAX_LIST_LINE_CHARS), ""), 1):
        text = line.strip().removeprefix("\ufeff")
        if text and not text.startswith("#"):
            path = _local(text, f"{name}, line {number}")
            if not (found or name == "-" or os.path.exists(path) or text.lower().endswith(SUFFIXES)):
                shown = text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}..."
                raise ConfigError(name, f"{NOT_IMPORTABLE}: line {number} names no file: {shown!r}", CURE)
            _start(path, f"{name}, line {number}")
            found = True
            yield path
    if not found:
        raise ConfigError(name, "lists no file", CURE)


def _local(text: str, where: str) -> Path:
    if re.match(r"\w+://", text):
        cure = "download it first (curl -O URL), then import the file"
        if text.startswith("s3://"):
            cure = "--in-place reads it where it lies; then --from-readings imports the articles that you choose"
        raise ConfigError(where, f"{text[:MAX_SHOWN_URL_CHARS]!r} is a URL; only files on this machine are read", cure)
    return Path(text)


def _start(path: Path, where: str = "") -> bytes:
    try:
        with os_errors(str(path)), open_input(path) as file:
            return file.read(START_BYTES)
    except (MorgueError, ValueError) as error:
        cause = getattr(error, "cause", str(error))
        raise ConfigError(where or str(path), f"{str(path)[:200]}: {cause}" if where else cause, CURE) from error


class ImportRun:
    """Hold one import into the archive of a config."""

    def __init__(
        self,
        config: Config,
        files: Sequence[Path] | Sequence[ImportedFile],
        import_filter: ImportFilter,
        command: str,
        workers: WorkerPool | None = None,
    ) -> None:
        """Lock the archive. `workers`: those of the caller, who closes them; None: the run makes its own.

        Raise ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull.
        """
        self.files: list[ImportedFile] = [LocalFile(one) if isinstance(one, Path) else one for one in files]
        self.context = open_context(config, command)
        self.lost_files = lost_files_note(self.context.archive_writer)
        self._own_workers = workers is None
        self.context.workers = workers or self.context.workers
        for own in config.sources.values():
            self.context.archive_writer.call(self.context.sources.rename_ad_hoc_source, own.source, config.sources)
        self.import_pipeline = ImportPipeline(
            self.context, SourceOwners(config), import_filter, comments=config.extract.comments == "separate"
        )
        self.report.notes += filter(None, [self.lost_files.summary])
        self.interrupted = False

    @property
    def report(self) -> ImportReport:
        return self.import_pipeline.report

    async def run(self, *, bar: bool) -> CrawlOutcome:
        """Import the files. SIGINT and SIGTERM stop it cleanly; a second one stops it at once."""
        with interrupts(self._stop, self._stop_at_once):
            return await self._run(bar=bar)

    async def _run(self, *, bar: bool) -> CrawlOutcome:
        drawing = asyncio.get_running_loop().create_task(self._draw_bar()) if bar else None
        error: MorgueError | None = None
        try:
            await self.import_pipeline.run(self.files)
            await compare_new(self.context, self.report.articles["new"], lambda: self.interrupted)
        except MorgueError as failure:
            error = failure
        finally:
            if drawing is not None:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing
            if self._own_workers and error is None:
                await self.context.workers.close()
            elif self._own_workers:
                self.context.workers.kill()
        outcome = self._outcome(error)
        counts = {"records": self.report.records, "kept": self.report.kept, "damaged": self.report.damaged}
        logger.info("imported (records: %(records)d, kept: %(kept)d, damaged places: %(damaged)d)", counts)
        self.context.close(outcome.word)
        failed = self.context.archive_writer.failed
        return CrawlOutcome(type(failed).__name__, failed.exit_code, failed) if failed is not None else outcome

    def _outcome(self, error: MorgueError | None) -> CrawlOutcome:
        if error is not None:
            return CrawlOutcome(type(error).__name__, error.exit_code, error)
        if self.interrupted:
            return CrawlOutcome("interrupted", INTERRUPTED)
        report = self.report
        wrong = any(check.problems for check in report.packages)
        failed = report.damaged or report.empty or report.passed[ID_CLASH] or wrong or self.lost_files.summary
        return CrawlOutcome("partly failed", MorgueError.exit_code) if failed else CrawlOutcome("done", 0)

    def _stop(self) -> None:
        logger.info("interrupted by a signal")
        self.interrupted = self.import_pipeline.stopping = True
        self.context.stop()

    def _stop_at_once(self) -> NoReturn:
        self.context.workers.kill()
        self.context.close("interrupted")
        print(
            "stopped at once: what was stored is kept; the same command continues from here",
            file=sys.stderr,
            flush=True,
        )
        os._exit(INTERRUPTED)

    async def _draw_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        total = sum(file.size() for file in self.files)
        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TextColumn("[bold]{task.fields[records]}[/] records  [green]{task.fields[kept]}[/] kept"),
            TextColumn("[red]{task.fields[damaged]}[/] damaged"),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        with bar:
            task = bar.add_task("importing", total=total, **self._numbers())
            while True:
                done = min(total, self.import_pipeline.bytes_read)
                word = "stopping" if self.interrupted else "importing"
                bar.update(task, description=word, completed=done, **self._numbers())
                await asyncio.sleep(COUNTS_SECONDS)

    def _numbers(self) -> dict[str, Any]:
        report = self.report
        return {"records": report.records, "kept": report.kept, "damaged": report.damaged}
