"""Read stored pages again, on all cores: revisions -> pages from the WARC files -> articles.

`rebuild` and `reextract` share this module. A page is read as it was the first time: with the rules of its source for
the day of its capture, with what the feed said about it, with or without its readers' comments.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple

from pipelines.archive.replay import replay
from pipelines.core.errors import BucketFailing, MorgueError
from pipelines.core.items import Article, Capture, NothingToRead, Page, Source
from pipelines.core.timestamps import parse
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.database.connection import decode_json
from pipelines.extraction.entry import outcome_of
from pipelines.warc.storage import WarcStorage

PAGES_PER_WORKER = 2  # so that a worker need not wait for its next page


class RereadPage(NamedTuple):
    """Hold a page that was read again."""

    row: Mapping[str, Any]  # columns of `database.readings.REVISION`, or as many as a page needs
    page: Page | None  # None: the stored page cannot be read
    outcome: Article | NothingToRead


async def reread(
    db: sqlite3.Connection,
    storage: WarcStorage,
    rows: Iterable[Mapping[str, Any]],
    sources: Mapping[str, Source],
    workers: WorkerPool,
) -> AsyncIterator[RereadPage]:
    """Read revisions again, on all workers, and yield each as it gets ready.

    `sources`: sources that have a file, by name; their rules apply. A page that cannot be read any more (a damaged
    record, a page that breaks a limit) has the outcome NothingToRead. Raises BucketFailing.
    """
    todo, running = iter(rows), set[asyncio.Task[RereadPage]]()
    try:
        while True:
            while len(running) < PAGES_PER_WORKER * workers.size and (row := next(todo, None)) is not None:
                running.add(asyncio.ensure_future(reread_one(db, storage, row, sources, workers)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()


async def reread_one(
    db: sqlite3.Connection,
    storage: WarcStorage,
    row: Mapping[str, Any],
    sources: Mapping[str, Source],
    workers: WorkerPool,
) -> RereadPage:
    """Read one page again."""
    try:
        page = stored_page(db, storage, row, sources)
    except BucketFailing:
        raise
    except MorgueError as error:
        return RereadPage(row, None, NothingToRead("record cannot be read", f"{error.subject}: {error.cause}"))
    try:
        outcome, _ms = await workers.run(outcome_of, page)
    except WorkerFailure as overrun:
        outcome = NothingToRead(f"extractor {overrun.reason}", overrun.detail)
    return RereadPage(row, page, outcome)


def stored_page(
    db: sqlite3.Connection, storage: WarcStorage, row: Mapping[str, Any], sources: Mapping[str, Source]
) -> Page:
    """Return the page that a revision was read from. Raises NotFound, ArchiveDamaged, MorgueError."""
    response = replay(db, storage, row)
    return Page(
        url=fetchable(row["url"]) or row["url"],
        body=response.body,
        content_type=response.content_type,
        capture=_capture(row),
        source=source_of(row, sources),
        source_id=row["source_id"],
        hint=decode_json(row["hint"], dict, "revisions", row["url"], "hint", values=str) if row["hint"] else {},
        comments=bool(row["comments"]),
        listing=bool(row.get("listing")),
    )


def source_of(row: Mapping[str, Any], sources: Mapping[str, Source]) -> Source | None:
    """Return the source of a revision: as its file is now, else as the row says; None if it has none."""
    name = row["source_name"]
    if name is None:
        return None
    return sources.get(name) or Source(name, row["source_url"], row["source_title"], row["source_language"])


def _capture(row: Mapping[str, Any]) -> Capture:
    """Return as much of a capture as reading and filing need."""
    return Capture(
        id=row["capture_id"], url=row["url"], time=parse(row["time"]), status=200, mime=None, file=row["warc_file"],
        offset=row["warc_offset"], length=row["warc_length"], record_id=row["warc_record_id"], record_type="response",
        block_digest=None, payload_digest=None, kind="article",
    )  # fmt: skip
