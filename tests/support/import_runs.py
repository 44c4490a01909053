"""Import files into an archive within the test's own process, with workers that many tests share."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.engine.crawl import CrawlOutcome
from crawler.engine.import_run import ImportRun, files_of
from pipelines.core.worker_pool import WorkerPool
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.job import ImportReport


def bring(archive: Path, workers: WorkerPool, *files: bytes, **filters: Any) -> tuple[CrawlOutcome, ImportReport]:
    """Import bytes as files; return (ending, report)."""
    paths = [archive.parent / f"theirs-{number}" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    named = files_of([*map(str, paths)], io.StringIO())
    job = ImportRun(load(ArchiveFolder(archive)), named, ImportFilter(**filters), "import", workers)
    return asyncio.run(job.run(bar=False)), job.report
