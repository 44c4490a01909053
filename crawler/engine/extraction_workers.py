"""Make the worker processes that read pages, with the limits of an archive's settings."""

from __future__ import annotations

from crawler.config.models import Config
from pipelines.core.worker_pool import WorkerPool
from pipelines.extraction.entry import WARM_UP


def extraction_workers(config: Config) -> WorkerPool:
    """Return a pool of worker processes. None of them is started before there is a page to read."""
    extract = config.extract
    return WorkerPool(
        extract.workers or None,
        seconds=extract.seconds,
        cpu_seconds=extract.cpu_seconds,
        memory=extract.memory,
        warm_up=WARM_UP,
    )
