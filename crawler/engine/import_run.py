"""One import from the command line's side: which files are meant, the archive opened, signals, the bar, the ending."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

from crawler.config.models import Config
from crawler.engine.crawl import CrawlOutcome, open_context
from crawler.onboarding.owners import SourceOwners
from pipelines.core.errors import INTERRUPTED, ConfigError, MorgueError, os_errors
from pipelines.core.worker_pool import WorkerPool
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import SUFFIXES, kind_of
from pipelines.importing.grouping import CLASH
from pipelines.importing.job import ImportReport
from pipelines.importing.pipeline import ImportPipeline

TICK = 0.2  # seconds between redraws of the bar
LONGEST_LIST_LINE = 4096
SHOWN_OF_LINE = 80  # characters of what turns out to be no path
NEITHER = "is neither a WARC, ARC or WACZ file nor a list of such files"
CURE = "name WARC, ARC or WACZ files, folders that hold some, or a text file that lists them, one a line"


def files_of(arguments: Sequence[str], stdin: IO[str]) -> list[Path]:
    """The files that the arguments mean, each once, in their order; folders in the alphabet's. Raises ConfigError."""
    found: dict[Path, None] = {}
    for argument in arguments:
        for path in _meant(argument, stdin):
            found.setdefault(path.absolute())
    return list(found)


def _meant(argument: str, stdin: IO[str]) -> Iterator[Path]:
    if argument == "-":
        yield from _listed("-", stdin)
        return
    path = _local(argument, argument)
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if one.name.lower().endswith(SUFFIXES) and one.is_file())
        if not inside:
            raise ConfigError(argument, f"no file in this folder ends in {', '.join(SUFFIXES)}", CURE)
        yield from inside
        return
    start = _start(path)
    if kind_of(start) is not None or path.name.lower().endswith(SUFFIXES):
        yield path
        return
    if not start or b"\x00" in start:
        raise ConfigError(argument, f"{NEITHER}: it {'holds other bytes' if start else 'is empty'}", CURE)
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        yield from _listed(argument, lines)


def _listed(name: str, lines: IO[str]) -> Iterator[Path]:
    """The files of a list, one a line; # begins a comment. Paths are from the current folder."""
    found = False
    for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LIST_LINE), ""), 1):
        text = line.strip().removeprefix("\ufeff")
        if text and not text.startswith("#"):
            path = _local(text, f"{name}, line {number}")
            if not (found or name == "-" or os.path.exists(path) or text.lower().endswith(SUFFIXES)):
                shown = text if len(text) <= SHOWN_OF_LINE else f"{text[:SHOWN_OF_LINE]}..."
                raise ConfigError(name, f"{NEITHER}: there is no file of the name in line {number}, {shown!r}", CURE)
            _start(path, f"{name}, line {number}")
            found = True
            yield path
    if not found:
        raise ConfigError(name, "lists no file", CURE)


def _local(text: str, where: str) -> Path:
    if re.match(r"\w+://", text):
        cure = "download it first (curl -O URL), and import the file"
        raise ConfigError(where, f"{text[:200]!r} is an address, and only files on this machine are read", cure)
    return Path(text)


def _start(path: Path, where: str = "") -> bytes:
    try:
        with os_errors(str(path)), path.open("rb") as file:
            return file.read(512)
    except (MorgueError, ValueError) as error:
        cause = getattr(error, "cause", str(error))
        raise ConfigError(where or str(path), f"{str(path)[:200]}: {cause}" if where else cause, CURE) from error


class ImportRun:
    """One import into the archive of a config."""

    def __init__(
        self,
        config: Config,
        files: Sequence[Path],
        chosen: ImportFilter,
        command: str,
        workers: WorkerPool | None = None,
    ) -> None:
        """Locks the archive. `workers`: the caller's, who closes them; else its own.

        Raises ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull.
        """
        self.files = files
        self.context = open_context(config, command)
        self._own_workers = workers is None
        self.context.workers = workers or self.context.workers
        for own in config.sources.values():
            self.context.archive_writer.call(self.context.store.rename_ad_hoc_source, own.source, config.sources)
        self.import_pipeline = ImportPipeline(
            self.context, SourceOwners(config), chosen, comments=config.extract.comments == "separate"
        )
        self.interrupted = False

    @property
    def report(self) -> ImportReport:
        return self.import_pipeline.report

    async def run(self, *, bar: bool) -> CrawlOutcome:
        """Do it; SIGINT and SIGTERM stop it cleanly, a second one at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        shown = loop.create_task(self._bar()) if bar else None
        error: MorgueError | None = None
        try:
            await self.import_pipeline.run(self.files)
        except MorgueError as failure:
            error = failure
        finally:
            if shown is not None:
                shown.cancel()
                with suppress(asyncio.CancelledError):
                    await shown
            if self._own_workers and error is None:
                await self.context.workers.close()
            elif self._own_workers:
                self.context.workers.kill()
        ending = self._ending(error)
        self.context.close(ending.word)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        failed = self.context.archive_writer.failed
        return CrawlOutcome(type(failed).__name__, failed.exit_code, failed) if failed is not None else ending

    def _ending(self, error: MorgueError | None) -> CrawlOutcome:
        if error is not None:
            return CrawlOutcome(type(error).__name__, error.exit_code, error)
        if self.interrupted:
            return CrawlOutcome("interrupted", INTERRUPTED)
        failed = self.report.damaged or self.report.empty or self.report.passed[CLASH]
        return CrawlOutcome("partly failed", MorgueError.exit_code) if failed else CrawlOutcome("done", 0)

    def _on_signal(self) -> None:
        if self.interrupted:
            self._stop_at_once()
        self.interrupted = self.import_pipeline.stopping = True

    def _stop_at_once(self) -> NoReturn:
        self.context.workers.kill()
        self.context.archive_writer.close()
        said = "stopped at once: what was filed is kept; the same command goes on from here"
        print(said, file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)

    async def _bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        total = sum(path.stat().st_size for path in self.files)
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
                reading = self.import_pipeline.current
                done = min(total, self.import_pipeline.done + (reading.position if reading is not None else 0))
                word = "stopping" if self.interrupted else "importing"
                bar.update(task, description=word, completed=done, **self._numbers())
                await asyncio.sleep(TICK)

    def _numbers(self) -> dict[str, Any]:
        report = self.report
        return {"records": report.records, "kept": report.kept, "damaged": report.damaged}
