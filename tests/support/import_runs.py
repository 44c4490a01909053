"""Import files into an archive within the test's own process, with workers that many tests share."""

from __future__ import annotations

import asyncio
import atexit
import io
from pathlib import Path
from typing import Any

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.engine.crawl import CrawlOutcome
from crawler.engine.import_run import ImportRun, files_of
from pipelines.core.worker_pool import WorkerPool
from pipelines.extraction.entry import WARM_UP
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.job import ImportReport

# Of all tests of one process: starting them takes longer than most of what they do.
WORKERS = WorkerPool(2, warm_up=WARM_UP)
atexit.register(WORKERS.kill)


def import_of(archive: Path, *files: Path | bytes, chosen: ImportFilter | None = None, **filters: Any) -> ImportRun:
    """Return an import of files, or of files with these bytes, that is not begun."""
    paths = []
    for number, file in enumerate(files):
        if isinstance(file, bytes):
            path = archive.parent / f"theirs-{number}"
            path.write_bytes(file)
            file = path
        paths.append(str(file))
    named = files_of(paths, io.StringIO())
    return ImportRun(load(ArchiveFolder(archive)), named, chosen or ImportFilter(**filters), "import", WORKERS)


def bring(archive: Path, *files: Path | bytes, **filters: Any) -> tuple[CrawlOutcome, ImportReport]:
    """Import files, or bytes as files; return (ending, report)."""
    job = import_of(archive, *files, **filters)
    return asyncio.run(job.run(bar=False)), job.report
