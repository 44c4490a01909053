"""Reading again what was read before: revisions -> pages out of the WARC files -> articles, on all cores.

What `rebuild` and `reextract` share. A page is read as it was the first time: with the rules of its source that hold on
the day of its capture, with what the feed said of it, with or without its readers' comments.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, NamedTuple

from pipelines.archive.replay import replay
from pipelines.core.errors import MorgueError
from pipelines.core.items import Article, Capture, NothingToRead, Page, Source
from pipelines.core.timestamps import parse
from pipelines.core.urls import fetchable
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.extraction.entry import outcome_of
from pipelines.warc.storage import WarcStorage

CAPTURED = """c.id AS capture_id, c.url, c.time, c.file AS warc_file, c.offset AS warc_offset,
           c.length AS warc_length, c.record_id AS warc_record_id"""
# In the order of the files, where it is read: ORDER BY c.file, c.offset.
REVISIONS = f"""
    SELECT r.id, r.article_id, r.number, r.number = a.revision AS newest, r.hint, r.title, r.description, r.authors,
           r.modified, r.text, r.text_digest, r.extractor, a.comments IS NOT NULL AS comments, s.name AS source_name,
           s.url AS source_url, s.title AS source_title, s.language AS source_language, a.source_id,
           {CAPTURED}
      FROM revisions r JOIN articles a ON a.id = r.article_id JOIN captures c ON c.id = r.capture_id
      LEFT JOIN sources s ON s.id = a.source_id
"""  # noqa: S608 (our own names)


class RereadPage(NamedTuple):
    """One page, read again."""

    row: Mapping[str, Any]  # of REVISIONS, or as much of it as a page needs
    page: Page | None  # what it was read from; None if that could not be had
    outcome: Article | NothingToRead


async def reread(
    db: sqlite3.Connection,
    storage: WarcStorage,
    rows: Iterable[Mapping[str, Any]],
    sources: Mapping[str, Source],
    workers: WorkerPool,
) -> AsyncIterator[RereadPage]:
    """Read revisions again, as many at a time as there are workers; they come back as they get ready.

    `sources`: those that have a file, by name, for their rules. What cannot be read any more (a damaged record, a page
    that breaks a limit) comes back as NothingToRead.
    """
    todo, running = iter(rows), set[asyncio.Task[RereadPage]]()
    try:
        while True:
            while len(running) < 2 * workers.size and (row := next(todo, None)) is not None:
                running.add(asyncio.ensure_future(read_one(db, storage, row, sources, workers)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()


async def read_one(
    db: sqlite3.Connection,
    storage: WarcStorage,
    row: Mapping[str, Any],
    sources: Mapping[str, Source],
    workers: WorkerPool,
) -> RereadPage:
    """Read one page again; `row` as in REVISIONS."""
    try:
        page = page_of(db, storage, row, sources)
    except MorgueError as error:
        return RereadPage(row, None, NothingToRead("record cannot be read", f"{error.subject}: {error.cause}"))
    try:
        outcome, _ms = await workers.run(outcome_of, page)
    except WorkerFailure as overrun:
        outcome = NothingToRead(f"extractor {overrun.reason}", overrun.detail)
    return RereadPage(row, page, outcome)


def page_of(
    db: sqlite3.Connection, storage: WarcStorage, row: Mapping[str, Any], sources: Mapping[str, Source]
) -> Page:
    """The page that a revision was read from. Raises NotFound, ArchiveDamaged, MorgueError."""
    got = replay(db, storage, row)
    return Page(
        url=fetchable(row["url"]) or row["url"],
        body=got.body,
        content_type=got.content_type,
        capture=_capture(row),
        source=source_of(row, sources),
        source_id=row["source_id"],
        hint=json.loads(row["hint"]) if row["hint"] else {},
        comments=bool(row["comments"]),
    )


def source_of(row: Mapping[str, Any], sources: Mapping[str, Source]) -> Source | None:
    """The source of a revision: its file as it is now, else what the row says."""
    name = row["source_name"]
    if name is None:
        return None
    return sources.get(name) or Source(name, row["source_url"], row["source_title"], row["source_language"])


def _capture(row: Mapping[str, Any]) -> Capture:
    """As much of a capture as reading and filing need."""
    return Capture(
        id=row["capture_id"], url=row["url"], time=parse(row["time"]), status=200, mime=None, file=row["warc_file"],
        offset=row["warc_offset"], length=row["warc_length"], record_id=row["warc_record_id"], record_type="response",
        block_digest=None, payload_digest=None, kind="article",
    )  # fmt: skip
