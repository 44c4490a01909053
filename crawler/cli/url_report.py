"""Write the report of `morgue crawl --urls LIST --report OUT.csv`: every row of the list, with what became of it."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from crawler.cli.url_list import ListedPage, UrlList
from exports.formats.to_csv import cell
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.safe_open import draft, open_file
from pipelines.core.urls import host_of, url_key
from pipelines.database.connection import connect
from pipelines.database.frontier.asked_pages import asked_page
from pipelines.session.crawl_stats import PageOutcome

COLUMNS = ("requested_url", "final_url", "http_status", "outcome", "article", "reason", "captured")
NOT_AN_ADDRESS, KNOWN, NOT_YET, TAKEN_DOWN = (
    "not an address",
    "already in the archive",
    "not fetched yet",
    "taken down",
)
NO_ARTICLE = "no article"  # the word of a report for the outcomes "nothing" and "instead"


def check_report(path: Path, pages: UrlList) -> None:
    """Check that a report may be written to `path`. A report of ours is replaced, another file never.

    Raises ConfigError.
    """
    with os_errors(str(path)):
        if not path.parent.is_dir():
            raise ConfigError(str(path), "the folder does not exist", f"mkdir -p {path.parent}")
        if not os.path.lexists(path):
            return
        if path.is_symlink() or not path.is_file():
            raise ConfigError(str(path), "exists and is not an ordinary file", "name another file")
        if pages.file != "-" and path.samefile(pages.file):
            raise ConfigError(f"--report {path}", "is the list itself", "name another file")
        with open_file(path, "r", encoding="utf-8-sig", errors="replace", newline="") as file:
            header = next(csv.reader([file.readline(1 << 16)]), [])
    if len(header) <= len(COLUMNS) or not all(
        name.startswith(ours) for name, ours in zip(header[-len(COLUMNS) :], COLUMNS, strict=True)
    ):
        raise ConfigError(str(path), "exists and is not a report of an earlier crawl", "name another file")


def write_report(
    path: Path, pages: UrlList, outcomes: Mapping[str, PageOutcome], database: Path, *, again: bool
) -> None:
    """Write the report in one step. `outcomes`: what became of pages in this crawl, by url_key.

    `again`: pages that the archive had were to be fetched again. Raises DiskFull, NotWritable, ArchiveDamaged.
    """
    with closing(connect(database)) as db:
        write_rows(path, pages, report_rows(pages, outcomes, db, again=again))


def write_rows(path: Path, pages: UrlList, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write a report of these rows in one step. Raises DiskFull, NotWritable, and what `rows` raise."""
    with os_errors(str(path)), draft(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig" if pages.has_bom else "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        for row in (own_names(pages.columns), *rows):
            writer.writerow([cell(value, raw=False) for value in row])
        text.flush()
        text.detach()  # `draft` closes the file


def read_rows(path: Path, pages: UrlList) -> list[tuple[str, ...]]:
    """Return the rows of a report that `write_rows` has written. Raises FileNotFoundError, MorgueError."""
    if not path.exists():
        raise FileNotFoundError(path)
    with (
        os_errors(str(path)),
        open_file(path, "r", encoding="utf-8-sig" if pages.has_bom else "utf-8", newline="") as file,
    ):
        return [tuple(row) for row in csv.reader(file)][1:]


def own_names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of the list followed by ours, which get a number if the list has one of that name."""
    names = list(columns)
    for name in COLUMNS:
        number = 2
        free = name
        while free in names:
            free, number = f"{name}_{number}", number + 1
        names.append(free)
    return tuple(names)


def report_rows(
    pages: UrlList, outcomes: Mapping[str, PageOutcome], db: sqlite3.Connection, *, again: bool
) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of every row of the list, in its order."""
    failed = {key: page.reason for key, page in outcomes.items() if page.outcome in ("failed", "postponed")}
    failed_hosts = {host_of(url): failed[key] for url in pages.urls if (key := url_key(url)) in failed}
    for row in pages.rows:
        yield (*row.cells, *result_of(row, outcomes, failed_hosts, db, again=again))


def result_of(
    row: ListedPage,
    outcomes: Mapping[str, PageOutcome],
    failed_hosts: Mapping[str, str],
    db: sqlite3.Connection,
    *,
    again: bool,
) -> tuple[Any, ...]:
    """Return the cells of COLUMNS for one row."""
    if row.url is None:
        return result_of_bad_row(row)
    known, now = asked_page(db, row.url), outcomes.get(url_key(row.url))
    if known.state == "removed":
        return (row.url, None, None, TAKEN_DOWN, None, "was removed from the archive", None)
    if now is not None:
        word = NO_ARTICLE if now.outcome in ("nothing", "instead") else now.outcome
        final, reason = now.final_url or (known.final_url if now.outcome == "duplicate" else None), now.reason
        status, captured = now.status or known.status, now.captured or known.captured
        return (row.url, final, status, word, known.article, reason or None, captured)
    if known.visits and not again:
        filed = known.filed and f"filed {known.filed}"
        why_known = "; last visit: ".join(filter(None, (filed, known.error))) or None
        return (row.url, known.final_url, known.status, KNOWN, known.article, why_known, known.captured)
    why = failed_hosts.get(host_of(row.url))
    return (row.url, None, None, NOT_YET, known.article, f"its host failed: {why}" if why else known.error, None)


def result_of_unasked_row(row: ListedPage, why: str) -> tuple[Any, ...]:
    """Return the cells of COLUMNS for a row that no crawl has come to."""
    return (row.url, None, None, NOT_YET, None, why, None)


def result_of_bad_row(row: ListedPage) -> tuple[Any, ...]:
    """Return the cells of COLUMNS for a row that is no address."""
    what = "is not a web address" if row.text else "is empty"
    return (row.text, None, None, NOT_AN_ADDRESS, None, what, None)
