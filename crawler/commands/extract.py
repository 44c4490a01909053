"""`morgue extract`: run the extractor alone. HTML in, one JSON object per page out; no archive, no network."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import click

from crawler.cli.log_options import log_options
from crawler.cli.output import json_text
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.input_files import bounded_lines, open_input, read_unpacked
from pipelines.core.items import Article, NothingToRead
from pipelines.core.plural import counted
from pipelines.core.urls import is_web_address
from pipelines.extraction.page.trace import Trace

UNREADABLE = "unreadable file"
COMMENTS = ("drop", "separate")  # as extract.comments in a morgue.toml
OUTPUT_FORMATS = ("text", "json", "jsonl")
# The fields of a page without an article that are known to be empty. The others are null, which means unknown.
EMPTY_FIELDS = {"authors": [], "tags": [], "rights": [], "found_in": {}, "text": "", "word_count": 0}


@dataclass(frozen=True, slots=True)
class PageInput:
    """Name one page to read."""

    id: str  # of the row that is printed: the manifest's id, or the file as named on the command line
    path: Path | None  # None: standard input
    url: str | None
    comments: bool = False  # extract readers' comments too


@dataclass(frozen=True, slots=True)
class PageResult:
    """Hold what was read from one input."""

    item: PageInput
    outcome: Article | NothingToRead
    ms: float = 0.0  # CPU milliseconds spent on reading it
    trace: Trace | None = None  # with --explain


Write = Callable[[PageResult], None]


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="JSONL",
    help='Read the pages listed in this file, one {"id", "url", "html"} per line. html is a path relative to the'
    " folder of the list, or to the folder above it.",
)
@click.option("--url", metavar="URL", help="The address of FILE, to resolve its relative links.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Worker processes (default: one per CPU). 1: in this process, without limits of time and memory.",
)
@click.option("--comments", type=click.Choice(COMMENTS), default="drop", show_default=True,
              help="Readers' comments: drop them, or keep them in a separate field.")  # fmt: skip
@click.option(
    "--explain",
    is_flag=True,
    help="Show how each page was read: the candidates of every field, and the rule that dropped each block.",
)
@click.option("--all", "everything", is_flag=True, help="With --explain: show everything, in full.")
@click.option("--format", "form", type=click.Choice(OUTPUT_FORMATS), metavar="FORMAT",
              help="jsonl (the default), json (one array), or text (the default with --explain).")  # fmt: skip
@log_options
def command(files: tuple[str, ...], manifest: Path | None, url: str | None, jobs: int | None, comments: str,
            explain: bool, everything: bool, form: str | None) -> int:  # fmt: skip
    """Read the articles out of HTML files ("-" is standard input; .gz is unpacked).

    Prints one JSON object per page, in the order of the input: id, the fields of an article, date (the day of
    "published", in the page's own time zone), ms (CPU milliseconds). A page without an article has a "reason" and a
    "detail" instead of a text. Needs no archive.

    --explain shows how a page was read. As JSON, "candidates" and "blocks" are added to the row of the page.

    Exit code 1: a file could not be read, and its row says why. 2: the manifest is malformed.
    """
    if bool(files) == bool(manifest):
        raise click.UsageError("name the pages to read: either FILE... or --manifest JSONL")
    if manifest and url:
        raise click.UsageError("--url needs FILE; a manifest has a url in each row")
    if url and len(files) > 1:
        raise click.UsageError("--url is the address of one FILE; for several, use --manifest")
    if url and not is_web_address(url):
        raise click.UsageError(f"--url {url!r} is no web address; give all of it: https://paper.example/story")
    if online := next((file for file in files if is_web_address(file) and not Path(file).exists()), None):
        raise click.UsageError(f"{online} is an address, not a file; `morgue crawl --urls` fetches and keeps pages")
    form = form or ("text" if explain else "jsonl")
    if form == "text" and not explain:
        raise click.UsageError("--format text needs --explain; to read an article, use `morgue show`")
    if form == "text" and manifest:
        raise click.UsageError("--explain of a manifest needs --format jsonl or json; for text, name one FILE")
    if everything and form != "text":
        raise click.UsageError("--all needs --explain as text; JSON is never shortened")
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
    """Yield the rows of a manifest. Raises ConfigError that names file and line."""
    cure = 'each line is one object: {"id": "1", "url": "https://example.org/story", "html": "pages/1.html.gz"}'
    with os_errors(str(manifest)), open_input(manifest, "r", encoding="utf-8") as stream:
        for number, line in enumerate(bounded_lines(stream, str(manifest)), 1):
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
    """Return the file that a row names: in the folder of the list, or in the folder above if it exists only there."""
    path = manifest.parent / name
    above = manifest.parent.resolve().parent / name
    return above if not path.exists() and above.exists() else path


async def _print_rows(inputs: list[PageInput], jobs: int | None, write: Write, *, explain: bool, progress: bool) -> int:
    """Print each result as soon as it and all before it are there; return the exit code."""
    failed, done, start = False, 0, time.monotonic()
    async for result in _results(inputs, jobs, explain):
        failed |= getattr(result.outcome, "reason", None) == UNREADABLE
        write(result)
        sys.stdout.flush()
        done += 1
        if progress:
            rate = done / (time.monotonic() - start)
            progress_line = f"{done:,} of {counted(len(inputs), 'page')}, {rate:.0f} per second"
            click.echo(f"\r{progress_line} ", nl=done == len(inputs), err=True)
    return 1 if failed else 0


async def _results(inputs: list[PageInput], jobs: int | None, explain: bool) -> AsyncIterator[PageResult]:
    """Yield the results in the order of `inputs`, reading only a few pages ahead."""
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
    except BaseException:  # Ctrl-C or a closed pipe: the pages in flight are of no use any more
        workers.kill()
        raise
    await workers.close()


async def _result(item: PageInput, workers: Any, explain: bool) -> PageResult:
    """Read one page in a worker process, or in this process if `workers` is None."""
    from pipelines.core.items import Page
    from pipelines.core.worker_pool import WorkerFailure
    from pipelines.extraction.explain import explain as explained
    from pipelines.extraction.extract import timed_read

    function: Any = explained if explain else timed_read
    try:
        page = Page(item.url or "", _bytes(item.path), "text/html", comments=item.comments)
        found = function(page) if workers is None else await workers.run(function, page)
    except OSError as error:
        cause = f"{item.path or '-'}: {getattr(error, 'strerror', None) or error}"
        return PageResult(item, NothingToRead(UNREADABLE, cause))
    except WorkerFailure as overrun:
        return PageResult(item, NothingToRead(overrun.reason, overrun.detail))
    return PageResult(item, found[0], trace=found[1]) if explain else PageResult(item, found.outcome, found.ms)


def _row(result: PageResult) -> dict[str, Any]:
    """Return the JSON object that is printed for a page."""
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
    print(json_text(_row(result), indent=None))


def _array_writer(total: int) -> Write:
    """Return a function that prints one JSON array over all pages, an element with each call."""
    done = 0
    if not total:
        print("[]")

    def write(result: PageResult) -> None:
        nonlocal done
        done += 1
        print("[" if done == 1 else ",")
        print(json_text(_row(result)))
        if done == total:
            print("]")

    return write


def _report_writer(everything: bool) -> Write:
    """Return a function that prints a report on each page, as wide as the terminal."""
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
    """Return the page in a file, unpacked; of a huge file, no more than shows that the extractor will refuse it."""
    from pipelines.extraction.page.parse import MAX_BYTES

    if path is None:
        return read_unpacked(sys.stdin.buffer, MAX_BYTES + 1)
    with open_input(path) as file:
        return read_unpacked(file, MAX_BYTES + 1)
