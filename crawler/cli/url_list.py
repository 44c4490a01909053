"""Read lists of addresses, of pages or of sites: one address per line, or a column of a CSV or TSV file.

A row that is no address does not end the crawl: it is kept with the reason, for the summary and the report.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import ConfigError, MorgueError, os_errors
from pipelines.core.input_files import START_BYTES, binary_kind, bounded_lines, open_input
from pipelines.core.urls import typed_address

if TYPE_CHECKING:
    from crawler.onboarding.opml import ListedSite

NO_ADDRESS = "the row has no address"
NAME_COLUMNS = ("name", "source")  # of a CSV list: the first that is there
FEED_COLUMNS = ("feeds", "feed", "rss", "feed url", "feed_url", "rss url", "rss_url", "xmlurl")
FEED_GAP = re.compile(r"[;,|]?\s+|[;,|](?=https?://)")  # between two feeds in a cell
MAX_LIST_BYTES = 10_000_000  # of a list of sites; OPML of thousands of feeds has a tenth of it
LIST_SUFFIXES = (".opml", ".xml", ".csv", ".tsv", ".txt")  # of files that list sites
DELIMITERS = ",;\t"  # spreadsheets write semicolons in many languages, and some programs write tabs
# The first of these that is a column holds the addresses.
COLUMN_NAMES = (
    *("url", "urls", "link", "links", "address", "uri", "href", "page", "web address", "permalink", "loc"),
    *("website", "homepage", "home page", "home_page", "site", "domain", "host"),
)
SEPARATOR_LINE = re.compile(r"sep=(.)(?=\r?\n)", re.IGNORECASE)  # the first line of some CSV files, for Excel
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
INPUT_COLUMN = "input"  # the one column of a list without columns
LIST_ADVICE = "one URL per line; a line that begins with # is a comment"
BOM = "\ufeff"
MAX_CELL_CHARS = 1 << 24  # of a CSV file; a cell may hold the whole text of a page


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Hold one row of the list."""

    place: str  # "line 12"
    cells: tuple[str, ...]  # the row as it is in the file
    text: str  # the address as given
    url: str | None  # None: it is no address
    assumed_https: bool = False  # the address has no scheme in the list


@dataclass(frozen=True)
class UrlList:
    """Hold a list in its order, with rows that are no addresses."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[ListedPage, ...]
    has_bom: bool = False  # the file begins with a byte order mark, as Excel writes it, and needs it to read UTF-8

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """Return each address once."""
        return tuple(dict.fromkeys(row.url for row in self.rows if row.url is not None))

    def only(self, urls: Collection[str]) -> UrlList:
        """Return the list with only the rows of these addresses, and those that are no addresses."""
        return replace(self, rows=tuple(row for row in self.rows if row.url is None or row.url in urls))

    @cached_property
    def assumed_https(self) -> frozenset[str]:
        """Return the addresses that have no scheme in the list."""
        return frozenset(row.url for row in self.rows if row.url is not None and row.assumed_https)

    @cached_property
    def bad_rows(self) -> tuple[ListedPage, ...]:
        """Return the rows that are no addresses."""
        return tuple(row for row in self.rows if row.url is None)


def read_url_list(file: str, column: str | None) -> UrlList:
    """Return the list in a file, `-` for standard input. Raises ConfigError if it cannot be read or lists nothing."""
    return listed_in(text_of(file), file, column)


def listed_in(text: str, file: str, column: str | None) -> UrlList:
    """Return the addresses that a text lists; `file` is its name. Raises ConfigError if it lists nothing."""
    has_bom, text = text.startswith(BOM), text.removeprefix(BOM)
    csv.field_size_limit(MAX_CELL_CHARS)
    if separator := SEPARATOR_LINE.match(text):
        text = text[separator.end() :]  # the line stays, empty: others keep their numbers
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if not first:
        raise ConfigError(file, "lists no address", LIST_ADVICE)
    delimiter = separator[1] if separator else max(DELIMITERS, key=first.count)
    names = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    at: int | str | None = column
    if column is None and any(typed_address(name)[0] for name in names):
        at = None if typed_address(first.strip())[0] else address_cell(names)
    elif column is None:
        is_table = file.lower().endswith(TABLE_SUFFIXES) or has_addresses_below(text, first, delimiter)
        at = guessed_column(file, names, is_table=is_table)
    found = UrlList(file, *(lines_of(text) if at is None else table_of(file, text, delimiter, at)), has_bom)
    if not found.rows:
        raise ConfigError(file, "lists no address", LIST_ADVICE)
    return found


def address_cell(cells: Sequence[str]) -> int:
    """Return the number of the cell that holds the address, in a table without a header: the first with a scheme."""
    return max(
        range(len(cells)), key=lambda number: (typed_address(cells[number])[0] is not None, "://" in cells[number])
    )


def has_addresses_below(text: str, first: str, delimiter: str) -> bool:
    """Return True if `first` is the header of a table: the next line has as many cells, and one is an address."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#") and line != first)
    header, row = next(csv.reader([first], delimiter=delimiter)), next(csv.reader(lines, delimiter=delimiter), [])
    return 1 < len(header) == len(row) and any(typed_address(cell.strip())[0] for cell in row)


def guessed_column(file: str, names: Sequence[str], *, is_table: bool) -> str | None:
    """Return the column of a table that holds addresses, by its name; None for a list without columns.

    Raises ConfigError for a table without such a column.
    """
    guessed = next((name for known in COLUMN_NAMES for name in names if name.casefold() == known), None)
    if guessed is None and is_table:
        there = ", ".join(names) or "none"
        raise ConfigError(file, "has no column with a name for addresses", f"say --column NAME; it has: {there}")
    return guessed


def text_of(file: str) -> str:
    """Return a list as text: UTF-8 with or without BOM, or UTF-16 with one, as spreadsheets write it.

    Raises ConfigError, also for a list or a line without end.
    """
    if file == "-":
        return decoded(sys.stdin.buffer, file)
    try:
        with os_errors(file), open_input(file, may_be_pipe=True) as stream:
            return decoded(stream, file)
    except ConfigError:
        raise
    except MorgueError as error:
        raise ConfigError(file, error.cause, "name a file that can be read, or - for standard input") from error


def decoded(stream: Any, file: str) -> str:
    """Return the text of a list with its byte order mark, from a stream of bytes. Raises ConfigError."""
    start = stream.peek(START_BYTES)[:START_BYTES]
    if (what := binary_kind(start)) is not None:
        cure = f"name a text file: {LIST_ADVICE}"
        raise ConfigError("standard input" if file == "-" else file, f"is {what}, not a list of addresses", cure)
    utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = io.TextIOWrapper(stream, "utf-16" if utf16 else "utf-8", errors="replace", newline="")
    try:
        return BOM * utf16 + "".join(bounded_lines(text, file))  # UTF-16 is decoded without its mark
    finally:
        text.detach()  # standard input stays open


def lines_of(text: str) -> tuple[tuple[str, ...], tuple[ListedPage, ...]]:
    """Return the column and the rows of a list with one address per line; # begins a comment."""
    rows = (
        (f"line {number}", stripped)
        for number, line in enumerate(text.splitlines(), 1)
        if (stripped := line.strip()) and not stripped.startswith("#")
    )
    return (INPUT_COLUMN,), tuple(ListedPage(place, (line,), line, *typed_address(line)) for place, line in rows)


def table_of(file: str, text: str, delimiter: str, column: str | int) -> tuple[tuple[str, ...], tuple[ListedPage, ...]]:
    """Return the columns and the rows of a CSV or TSV file. Raises ConfigError.

    `column` holds the addresses: its name, or its number in a table without a header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        records = [(reader.line_num, record) for record in reader if any(cell.strip() for cell in record)]
    except csv.Error as error:
        raise ConfigError(f"{file}: line {reader.line_num}", str(error), "check that the file is CSV") from error
    while records and records[0][1][0].startswith("#"):  # comments above the header
        records.pop(0)
    header: list[str] = []
    if isinstance(column, str):
        (_, header), *records = records or [(0, [])]
        names = [name.strip() for name in header]
        if column not in names:
            raise ConfigError(file, f"has no column {column!r}", f"its columns are: {', '.join(names) or 'none'}")
        column = names.index(column)
    at, width = column, max(map(len, (header, *(record for _, record in records))))
    columns = (*header, *(f"column {number}" for number in range(len(header) + 1, width + 1)))
    return columns, tuple(table_rows(records, at, width))


def table_rows(records: Sequence[tuple[int, list[str]]], at: int, width: int) -> Iterator[ListedPage]:
    """Yield the rows of a table whose addresses are in the column number `at`; all get `width` cells."""
    for number, record in records:
        cells = (*record, *("" for _ in range(width - len(record))))
        text = cells[at].strip()
        yield ListedPage(f"line {number}", cells, text, *typed_address(text))


def is_list_file(text: str) -> bool:
    """Return True for an address that names a list of sites in a file of this machine."""
    return text.lower().endswith(LIST_SUFFIXES) and "//" not in text and os.path.isfile(text)


def bytes_of(file: str) -> bytes:
    """Return what a list holds. Raises ConfigError."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_LIST_BYTES + 1)
        else:
            with os_errors(file), open_input(file, may_be_pipe=True) as opened:
                data = opened.read(MAX_LIST_BYTES + 1)
        if len(data) > MAX_LIST_BYTES:
            raise MorgueError(file, f"is longer than {MAX_LIST_BYTES:,} bytes, so this is no list of sites")
        return data
    except MorgueError as error:
        raise ConfigError(file, error.cause, "name a file that can be read, or - for standard input") from error


def sites_of_list(data: bytes, file: str, column: str | None) -> list[ListedSite]:
    """Return the sites of a list in its order: OPML if it begins with `<`, else lines or CSV. Raises ConfigError."""
    from crawler.onboarding.opml import ListedSite, is_xml, read_opml

    if not is_xml(data):
        found = listed_in(decoded(io.BufferedReader(io.BytesIO(data)), file), file, column)
        names, feeds = cells_of(found, NAME_COLUMNS), cells_of(found, FEED_COLUMNS)
        return [
            ListedSite(
                row.place, row.text, tuple(filter(None, FEED_GAP.split(told))), "" if row.text else NO_ADDRESS, name
            )
            for row, name, told in zip(found.rows, names, feeds, strict=True)
        ]
    if column is not None:
        raise ConfigError("--column", f"{file} is OPML, which has no columns", "leave out --column")
    return read_opml(data, file)


def cells_of(listed: UrlList, names: Sequence[str]) -> list[str]:
    """Return the cells of the first column of a list that has one of these names; if there is none, empty ones."""
    columns = [column.strip().casefold() for column in listed.columns]
    number = next((columns.index(name) for name in names if name in columns), None)
    return ["" if number is None else row.cells[number].strip() for row in listed.rows]
