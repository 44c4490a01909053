"""`morgue extract`: the extractor alone. HTML in, one JSON object a page out; no archive, no network."""

from __future__ import annotations

import gzip
import json
import sys
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError
from pipelines.core.items import Article, NothingToRead
from pipelines.core.plural import counted
from pipelines.extraction.page.trace import Trace

UNREADABLE = "unreadable file"
COMMENTS = ("drop", "separate")  # as extract.comments in a morgue.toml
OUTPUT_FORMATS = ("text", "json", "jsonl")
EMPTY_FIELDS = {
    "authors": [],
    "tags": [],
    "rights": [],
    "found_in": {},
    "text": "",
    "word_count": 0,
}  # None means unknown


@dataclass(frozen=True, slots=True)
class PageInput:
    """One page to read."""

    id: str  # what its row is called: the manifest's id, or the file as it was named
    path: Path | None  # None: standard input
    url: str | None
    comments: bool = False  # readers' comments are wanted too


@dataclass(frozen=True, slots=True)
class PageResult:
    """What came of one input."""

    item: PageInput
    outcome: Article | NothingToRead
    ms: float = 0.0  # CPU milliseconds of the reading
    trace: Trace | None = None  # where one was asked for


Write = Callable[[PageResult], None]


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="JSONL",
    help='Read the pages listed there, one {"id", "url", "html"} a line; html is a path from the folder of the list,'
    " or from the one above it.",
)
@click.option("--url", metavar="URL", help="Where FILE came from: resolves its relative links.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes (default: one a CPU). 1: in this process, without limits of time and memory.",
)
@click.option("--comments", type=click.Choice(COMMENTS), default="drop", show_default=True,
              help="Readers' comments on the page: separate keeps them, in a field of their own.")  # fmt: skip
@click.option(
    "--explain",
    is_flag=True,
    help="Show how it was read: every field's candidates, and every block that was dropped, by which rule.",
)
@click.option("--all", "everything", is_flag=True, help="With --explain: nothing folded, nothing cut.")
@click.option("--format", "form", type=click.Choice(OUTPUT_FORMATS), metavar="FORMAT",
              help="jsonl, json (one array), text (only with --explain, and then the default).")  # fmt: skip
@log_options
def command(files: tuple[str, ...], manifest: Path | None, url: str | None, jobs: int | None, comments: str,
            explain: bool, everything: bool, form: str | None) -> int:  # fmt: skip
    """Read the articles out of HTML files ("-" is standard input; .gz is unpacked).

    Prints one JSON object a page, in the order of the input: id, the fields of an article, date (the day of published,
    in the page's own time zone), ms (CPU milliseconds). A page that holds no article has a "reason" and a "detail"
    instead of a text. Needs no archive.

    --explain tells how a page was read. Its JSON has the row of the page, and "candidates" and "blocks".

    Exit code 1: a file could not be read; its row says why. 2: the manifest is malformed.
    """
    if bool(files) == bool(manifest):
        raise click.UsageError("name the pages to read: FILE... or --manifest JSONL, one of them")
    if manifest and url:
        raise click.UsageError("--url goes with FILE; a manifest has a url in each row")
    form = form or ("text" if explain else "jsonl")
    if form == "text" and not explain:
        raise click.UsageError("--format text goes with --explain; an article for reading is `morgue show`")
    if form == "text" and manifest:
        raise click.UsageError("--explain of a manifest is for programs: add --format jsonl (or name one FILE)")
    if everything and form != "text":
        raise click.UsageError("--all goes with --explain; its JSON is never folded")
    inputs = list(_listed(manifest)) if manifest else [_named(file, url) for file in files]
    if comments == "separate":
        inputs = [replace(item, comments=True) for item in inputs]
    import asyncio  # 20 ms that `morgue --help` need not pay

    write = _report_writer(everything) if form == "text" else _array_writer(len(inputs)) if form == "json" else _line
    progress = bool(manifest) and sys.stderr.isatty()
    return asyncio.run(_print_rows(inputs, jobs, write, explain=explain, progress=progress))


def _named(file: str, url: str | None) -> PageInput:
    return PageInput(file, None if file == "-" else Path(file), url)


def _listed(manifest: Path) -> Iterator[PageInput]:
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
            yield PageInput(str(row.get("id", row["html"])), _beside(manifest, row["html"]), row.get("url"))


def _beside(manifest: Path, name: str) -> Path:
    """The file that a row names: beside the list, or in the folder above it, where lists of one collection share it."""
    path = manifest.parent / name
    above = manifest.parent.resolve().parent / name
    return above if not path.exists() and above.exists() else path


async def _print_rows(inputs: list[PageInput], jobs: int | None, write: Write, *, explain: bool, progress: bool) -> int:
    """Print what was read from each input as soon as it and all before it are read; the exit code."""
    failed, done, start = False, 0, time.monotonic()
    async for result in _results(inputs, jobs, explain):
        failed |= getattr(result.outcome, "reason", None) == UNREADABLE
        write(result)
        sys.stdout.flush()
        done += 1
        if progress:
            rate = done / (time.monotonic() - start)
            said = f"{done:,} of {counted(len(inputs), 'page')}, {rate:.0f} a second"
            click.echo(f"\r{said} ", nl=done == len(inputs), err=True)
    return 1 if failed else 0


async def _results(inputs: list[PageInput], jobs: int | None, explain: bool) -> AsyncIterator[PageResult]:
    """The results in the order of `inputs`, at most a few pages ahead of the reader."""
    from pipelines.core.worker_pool import WorkerPool, available_cpus
    from pipelines.extraction.entry import WARM_UP

    jobs = min(jobs or available_cpus(), len(inputs))
    if jobs == 1 and len(inputs) > 1:
        for item in inputs:
            yield await _result(item, None, explain)
        return
    workers = WorkerPool(jobs, warm_up=WARM_UP)
    import asyncio

    waiting: deque[asyncio.Task[PageResult]] = deque()
    try:
        for item in inputs:
            waiting.append(asyncio.create_task(_result(item, workers, explain)))
            if len(waiting) >= 4 * jobs:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    except BaseException:  # Ctrl-C, or nobody reads our output any more: what is in flight is of no use
        workers.kill()
        raise
    await workers.close()


async def _result(item: PageInput, workers: Any, explain: bool) -> PageResult:
    """Read one page. `workers` None: in this process."""
    from pipelines.core.items import Page
    from pipelines.core.worker_pool import WorkerFailure
    from pipelines.extraction.explain import explain as explained
    from pipelines.extraction.extract import timed_read

    function: Any = explained if explain else timed_read
    try:
        page = Page(item.url or "", _bytes(item.path), "text/html", comments=item.comments)
        found = function(page) if workers is None else await workers.run(function, page)
    except (OSError, EOFError, zlib.error) as error:
        cause = f"{item.path or '-'}: {getattr(error, 'strerror', None) or error}"
        return PageResult(item, NothingToRead(UNREADABLE, cause))
    except WorkerFailure as overrun:
        return PageResult(item, NothingToRead(overrun.reason, overrun.detail))
    return PageResult(item, found[0], trace=found[1]) if explain else PageResult(item, found.outcome, found.ms)


def _row(result: PageResult) -> dict[str, Any]:
    """What is printed of a page as JSON."""
    from crawler.cli.extraction_report import as_json
    from pipelines.extraction.extract import extractor

    item, outcome = result.item, result.outcome
    row: dict[str, Any] = {"id": item.id}
    if isinstance(outcome, Article):
        row |= {field.name: getattr(outcome, field.name) for field in fields(Article)}
    else:
        row |= {field.name: None for field in fields(Article)} | EMPTY_FIELDS | {"extractor": extractor()}
        row |= {"reason": outcome.reason, "detail": outcome.detail}
    row |= {"url": item.url, "date": (row["published"] or "")[:10] or None}
    return row | (as_json(result.trace) if result.trace is not None else {"ms": result.ms})


def _line(result: PageResult) -> None:
    print(json.dumps(_row(result), ensure_ascii=False))


def _array_writer(total: int) -> Write:
    """One array over all pages, each printed as it comes."""
    done = 0
    if not total:
        print("[]")

    def write(result: PageResult) -> None:
        nonlocal done
        done += 1
        print("[" if done == 1 else ",")
        print(json.dumps(_row(result), ensure_ascii=False, indent=2))
        if done == total:
            print("]")

    return write


def _report_writer(everything: bool) -> Write:
    """For reading, on a terminal as wide as it is."""
    from crawler.cli import extraction_report as report
    from crawler.cli import output
    from pipelines.extraction.page.trace import Trace

    layout = report.ReportLayout(output.terminal_width(sys.stdout), output.supports_style(sys.stdout), everything)
    done = 0

    def write(result: PageResult) -> None:
        nonlocal done
        if done:
            click.echo()
        done += 1
        trace = result.trace if result.trace is not None else Trace()
        for line in report.lines(result.item.id, result.item.url, result.outcome, trace, layout):
            click.echo(line)

    return write


def _bytes(path: Path | None) -> bytes:
    """The page in a file, unpacked, and not much more of it than the extractor would accept."""
    from pipelines.extraction.page.parse import MAX_BYTES

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
