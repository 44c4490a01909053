"""`morgue extract`: the extractor alone. HTML in, one JSON object a page out; no archive, no network."""

from __future__ import annotations

import gzip
import json
import sys
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from pipelines.errors import ConfigError

UNREADABLE = "unreadable file"
EMPTY = {"authors": [], "tags": [], "rights": [], "found_in": {}, "text": "", "word_count": 0}  # None means unknown


@dataclass(frozen=True, slots=True)
class Input:
    """One page to read."""

    id: str  # what its row is called: the manifest's id, or the file as it was named
    path: Path | None  # None: standard input
    url: str | None


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="JSONL",
    help='Read the pages listed there, one {"id", "url", "html"} a line; html is a path relative to the list.',
)
@click.option("--url", metavar="URL", help="Where FILE came from: resolves its relative links.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes (default: one a CPU). 1: in this process, without limits of time and memory.",
)
def command(files: tuple[str, ...], manifest: Path | None, url: str | None, jobs: int | None) -> int:
    """Read the articles out of HTML files ("-" is standard input; .gz is unpacked).

    Prints one JSON object a page, in the order of the input: id, the fields of an article, date (the day of published,
    in the page's own time zone), ms (CPU milliseconds). A page that holds no article has a "reason" and a "detail"
    instead of a text. Needs no archive.

    Exit code 1: a file could not be read; its row says why. 2: the manifest is malformed.
    """
    if bool(files) == bool(manifest):
        raise click.UsageError("name the pages to read: FILE... or --manifest JSONL, one of them")
    if manifest and url:
        raise click.UsageError("--url goes with FILE; a manifest has a url in each row")
    inputs = list(_listed(manifest)) if manifest else [_named(file, url) for file in files]
    import asyncio  # 20 ms that `morgue --help` need not pay

    return asyncio.run(_print_rows(inputs, jobs, progress=bool(manifest) and sys.stderr.isatty()))


def _named(file: str, url: str | None) -> Input:
    return Input(file, None if file == "-" else Path(file), url)


def _listed(manifest: Path) -> Iterator[Input]:
    """The rows of a manifest. Raises ConfigError naming file and line, before any page is read."""
    cure = 'each line is one object: {"id": "1", "url": "https://example.org/story", "html": "pages/1.html.gz"}'
    with manifest.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{manifest}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigError(where, f"not JSON ({error})", cure) from None
            if not isinstance(row, dict) or not isinstance(row.get("html"), str):
                raise ConfigError(where, 'has no "html"', cure)
            if not isinstance(row.get("url"), str | None):
                raise ConfigError(where, '"url" is neither a string nor null', cure)
            yield Input(str(row.get("id", row["html"])), manifest.parent / row["html"], row.get("url"))


async def _print_rows(inputs: list[Input], jobs: int | None, *, progress: bool) -> int:
    """Print a row for each input as soon as it and all before it are read; the exit code."""
    failed, done, start = False, 0, time.monotonic()
    async for row in _rows(inputs, jobs):
        failed |= row.get("reason") == UNREADABLE
        print(json.dumps(row, ensure_ascii=False), flush=True)
        done += 1
        if progress:
            rate = done / (time.monotonic() - start)
            click.echo(f"\r{done:,} of {len(inputs):,} pages, {rate:.0f} a second ", nl=done == len(inputs), err=True)
    return 1 if failed else 0


async def _rows(inputs: list[Input], jobs: int | None) -> AsyncIterator[dict[str, Any]]:
    """The rows in the order of `inputs`, at most a few pages ahead of the reader."""
    from pipelines.workers import Workers, available_cpus

    jobs = min(jobs or available_cpus(), len(inputs))
    if jobs == 1 and len(inputs) > 1:
        for item in inputs:
            yield await _row(item, None)
        return
    workers = Workers(jobs)
    import asyncio

    waiting: deque[asyncio.Task[dict[str, Any]]] = deque()
    try:
        for item in inputs:
            waiting.append(asyncio.create_task(_row(item, workers)))
            if len(waiting) >= 4 * jobs:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    except BaseException:  # Ctrl-C, or nobody reads our output any more: what is in flight is of no use
        workers.kill()
        raise
    await workers.close()


async def _row(item: Input, workers: Any) -> dict[str, Any]:
    """Read one page. `workers` None: in this process."""
    from pipelines.extract import extractor, timed_read
    from pipelines.items import Article, NothingToRead, Page
    from pipelines.workers import Overrun

    ms = 0.0
    try:
        page = Page(item.url or "", _bytes(item.path), "text/html")
        reading = timed_read(page) if workers is None else await workers.run(timed_read, page)
        outcome, ms = reading.outcome, reading.ms
    except (OSError, EOFError, zlib.error) as error:
        outcome = NothingToRead(UNREADABLE, f"{item.path or '-'}: {getattr(error, 'strerror', None) or error}")
    except Overrun as overrun:
        outcome = NothingToRead(overrun.reason, overrun.detail)
    row: dict[str, Any] = {"id": item.id}
    if isinstance(outcome, Article):
        row |= {field.name: getattr(outcome, field.name) for field in fields(Article)}
    else:
        row |= {field.name: None for field in fields(Article)} | EMPTY | {"extractor": extractor()}
        row |= {"reason": outcome.reason, "detail": outcome.detail}
    return row | {"url": item.url, "date": (row["published"] or "")[:10] or None, "ms": ms}


def _bytes(path: Path | None) -> bytes:
    """The page in a file, unpacked, and not much more of it than the extractor would accept."""
    from pipelines.extract import MAX_BYTES

    if path is None:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    if data[:2] == b"\x1f\x8b":
        import io

        with gzip.open(io.BytesIO(data)) as unpacked:
            data = unpacked.read(MAX_BYTES + 1)
    return data
