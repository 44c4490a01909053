"""Lay out what `morgue count` shows: a table, or a table for each query with a column for each source, and totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crawler.cli.archive_options import undated_sentence
from crawler.cli.counting.bars import DrawingCharacters, bar, sparkline
from crawler.cli.output import UNDATED
from pipelines.core import terminal
from pipelines.core.plural import counted, verb
from pipelines.database.query_language.tokens import OPERATORS
from pipelines.database.search.attention import Attention, AttentionRow

GAP = "  "
MAX_QUERY_WIDTH = 24  # columns of a query as the title of a column; a longer one gets a number
MAX_VALUE_WIDTH = 24  # columns of a source, author, ...
BAR_WIDTH = 30  # columns
MIN_SPARKLINE_WIDTH = 10  # columns
MANY_COLUMNS = 20  # of sources, authors, ...; a table by time with more is hard to read
PARTIAL = "*"  # after a period that the archive does not cover as a whole
NONE = {"source": "(no source)", "language": "(unknown)"}  # what a value that is missing is called


class CountColumn(NamedTuple):
    """Hold one column of a table."""

    title: str
    cells: list[str]
    is_number: bool = True  # aligned on the right


@dataclass(frozen=True, slots=True)
class CountLayout:
    """Hold how the numbers are to be shown."""

    room: int  # columns of the terminal
    is_cut: bool  # columns that do not fit go below the others, and long names are cut
    share: bool  # shares of all articles in place of numbers
    smooth: int  # periods of which a sparkline shows the mean
    drawn: DrawingCharacters


def value_name(key: str, value: str | None) -> str:
    """Return a value of a key as people read it."""
    return NONE.get(key, f"(no {key})") if value is None else terminal.plain(value).replace("\n", " ")


def percent(share: float | None) -> str:
    """Return a share in percent; "" where there are no articles."""
    return "" if share is None else f"{share:.1%}"


def lines(found: Attention, layout: CountLayout) -> Iterator[str]:
    """Yield the table or tables, a line for each query with its total, and notes on what the numbers leave out."""
    if found.unit and len(found.by) > 1:
        yield from _pivots(found, layout)
    else:
        yield from _table(_columns(found, layout), layout)
    yield ""
    yield from _totals(found, layout)
    for note in notes(found):
        yield from terminal.wrap(note, layout.room)
    if layout.is_cut and found.unit and (columns := len(found.values())) > MANY_COLUMNS:
        note = f"There are {columns:,} columns: --limit 10 shows only the most frequent values of {found.by[-1]}."
        yield from terminal.wrap(note, layout.room)


def titles_of(found: Attention) -> list[str]:
    """Return what queries are called in the table: by themselves, or by numbers if one of them is long."""
    if all(terminal.width(query) <= MAX_QUERY_WIDTH for query in found.queries):
        return [terminal.plain(query) for query in found.queries]
    return [f"query {number}" for number in range(1, len(found.queries) + 1)]


def _columns(found: Attention, layout: CountLayout) -> list[CountColumn]:
    """Return the columns of the one table: what is counted by, each query, all articles, bars if they say something."""
    columns: list[CountColumn] = []
    start = 1 if found.unit else 0
    if found.unit:
        columns.append(CountColumn(found.unit, [_period(row) for row in found.rows], is_number=False))
    for place, key in enumerate(found.by[start:], start):
        names = [value_name(key, row.key[place]) for row in found.rows]
        columns.append(CountColumn(key, [_named(name, layout) for name in names], is_number=False))
    for number, title in enumerate(titles_of(found)):
        shares = [percent(row.share(number)) for row in found.rows]
        if layout.share:
            columns.append(CountColumn(title, shares))
        else:
            columns.append(CountColumn(title, [f"{row.matches[number]:,}" for row in found.rows]))
            columns.append(CountColumn("share", shares))
    columns.append(CountColumn("articles", [f"{row.articles:,}" for row in found.rows]))
    if not found.unit and len(found.queries) <= 1:
        query = 0 if found.queries else None
        numbers = [row.number(query, share=layout.share) or 0 for row in found.rows]
        bars = [bar(number, max(numbers), BAR_WIDTH, layout.drawn) for number in numbers]
        columns.append(CountColumn("", bars, is_number=False))
    return columns


def _pivots(found: Attention, layout: CountLayout) -> Iterator[str]:
    """Yield a table for each query: a line for each period, a column for each value of the other key."""
    values = [value[0] for value in found.values()]
    periods = list(dict.fromkeys(row.key[0] for row in found.rows))
    rows = {row.key: row for row in found.rows}
    first = CountColumn(found.by[0], [_period(rows[period, values[0]]) for period in periods], is_number=False)
    for number, title in enumerate(titles_of(found) or [""]):
        query = number if found.queries else None
        if number:
            yield ""
        if title:
            yield f"{title}{', share of all articles' if layout.share else ''}, by {found.by[1]}"
        columns = [first]
        for value in values:
            cells = [_cell(rows[period, value], query, share=layout.share) for period in periods]
            columns.append(CountColumn(_named(value_name(found.by[1], value), layout), cells))
        yield from _table(columns, layout)


def _named(name: str, layout: CountLayout) -> str:
    return terminal.cut(name, MAX_VALUE_WIDTH) if layout.is_cut else name


def _period(row: AttentionRow) -> str:
    return UNDATED if row.key[0] is None else row.key[0] + (PARTIAL if row.is_partial else "")


def _cell(row: AttentionRow, query: int | None, *, share: bool) -> str:
    """Return a cell of a pivot; "" where the archive has no article at all."""
    if not row.articles:
        return ""
    return percent(row.share(query or 0)) if share and query is not None else f"{row.number(query):,}"


def _table(columns: Sequence[CountColumn], layout: CountLayout) -> Iterator[str]:
    """Yield the lines of a table. Columns that do not fit follow below, each time after the first column."""
    sizes = [max(map(terminal.width, (column.title, *column.cells))) for column in columns]
    start = 1
    while start < len(columns):
        used, end = sizes[0] + len(GAP) + sizes[start], start + 1
        while end < len(columns) and (not layout.is_cut or used + len(GAP) + sizes[end] <= layout.room):
            used, end = used + len(GAP) + sizes[end], end + 1
        if start > 1:
            yield ""
        chosen = [(columns[at], sizes[at]) for at in (0, *range(start, end))]
        for texts in zip(*((column.title, *column.cells) for column, _ in chosen), strict=True):
            cells = (_aligned(text, size, column) for text, (column, size) in zip(texts, chosen, strict=True))
            yield GAP.join(cells).rstrip()
        start = end


def _aligned(text: str, size: int, column: CountColumn) -> str:
    spaces = " " * (size - terminal.width(text))
    return spaces + text if column.is_number else text + spaces


def _totals(found: Attention, layout: CountLayout) -> Iterator[str]:
    """Yield for each query its sparkline and its total; without a query, those of all articles."""
    share = layout.share and bool(found.queries)
    whole = counted(found.articles, "article")
    labels = titles_of(found) or ["all articles"]
    label_width = max(map(terminal.width, labels))
    merged = False
    for number, label in enumerate(labels):
        query = number if found.queries else None
        text = whole
        if query is not None:
            total = found.matches[query]
            text = f"{total:,} of {whole}" + (f" ({percent(total / found.articles)})" if found.articles else "")
        parts = [label + " " * (label_width - terminal.width(label)), text]
        if found.unit and len(found.by) == 1:
            numbers = found.curve(query, share=share, smooth=layout.smooth)
            room = layout.room - label_width - terminal.width(text) - 2 * len(GAP)
            parts.insert(1, sparkline(numbers, max(MIN_SPARKLINE_WIDTH, room), layout.drawn))
            merged |= len(numbers) > max(MIN_SPARKLINE_WIDTH, room)
        yield GAP.join(parts)
        if query is not None and label != (whole_query := terminal.plain(found.queries[query])):
            yield from (GAP + line for line in terminal.wrap(whole_query, layout.room - len(GAP)))
    if merged:
        yield f"Each character of a sparkline is the mean of several {found.unit}s."


def notes(found: Attention) -> Iterator[str]:
    """Yield sentences on what the numbers leave out, and on queries that are the same."""
    same: dict[str, list[str]] = {}
    for query in found.queries:
        words = (word if word in OPERATORS else word.lower() for word in query.split())
        same.setdefault(" ".join(words), []).append(query.strip())
    for repeated in same.values():
        if len(repeated) > 1:
            yield f"The same query {len(repeated)} times: {terminal.plain(', '.join(repeated))}."
    if any(row.is_partial for row in found.rows):
        yield f"{PARTIAL} Only a part of this {found.unit} is covered: from {found.first_day} to {found.last_day}."
    if more := found.more_values:
        yield f"{counted(more, 'more value')} of {found.by[-1]} {verb(more, 'is', 'are')} not shown."
    if found.left_out:
        yield undated_sentence(max(found.undated))
