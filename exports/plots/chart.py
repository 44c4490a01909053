"""Decide what a plot of counted articles shows: lines over time or bars, labels, and the note on the source. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from pipelines.core import terminal
from pipelines.core.errors import NotFound
from pipelines.core.plural import counted, first_of, verb
from pipelines.core.terminal import cut, width
from pipelines.database.filters import ArticleFilters
from pipelines.database.search.attention import Attention, AttentionRow
from pipelines.database.search.periods import days_of

MAX_SERIES = 7  # lines or bars of one panel, each with a colour and a pattern of its own
MAX_BARS = 30  # values of one plot
MAX_LABEL_WIDTH = 76  # columns of a query; the note has a longer one in full
MAX_NAME_WIDTH = 40  # columns of a source, author, ...; a longer one would push the bars off the page
MAX_PERIODS_NAMED = 4  # partial periods in the note
NO_TEXT = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")  # XML 1.0, 2.2
NO_VALUE = {"source": "no source", "language": "unknown"}


class ChartSource(NamedTuple):
    """Hold what the note of a plot says of where its numbers come from."""

    archive: str  # name of the folder
    software: str
    filters: ArticleFilters


class ChartSeries(NamedTuple):
    """Hold one line, or the bars of one query."""

    label: str
    values: tuple[float | None, ...]  # numbers of articles, or shares in percent; None: no article at all


class ChartPanel(NamedTuple):
    """Hold one of the drawings that are above each other on the same time axis."""

    title: str
    series: tuple[ChartSeries, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Hold everything that a plot shows, as values."""

    title: str  # for programs and screen readers, and the heading of a page
    panels: tuple[ChartPanel, ...]
    unit: str  # of the time axis: day, week, month, year; "" for bars
    periods: tuple[str, ...]  # of the time axis; empty for bars
    names: tuple[str, ...]  # of the bars; empty for lines
    x_label: str
    y_label: str
    is_share: bool
    partial: tuple[int, ...]  # places of the periods that are covered only in part
    gaps: tuple[tuple[date, date], ...]  # first and last day of each time without any article
    note: tuple[str, ...]  # sentences

    def days(self) -> list[date]:
        """Return the first day of each period, which is its place on the time axis."""
        return [days_of(period)[0] for period in self.periods]

    def has_numbers(self) -> bool:
        """Return True if a number is not zero."""
        return any(value for panel in self.panels for series in panel.series for value in series.values)

    def texts(self) -> str:
        """Return every text of the plot that comes from a user or an archive."""
        labels = [text for panel in self.panels for text in (panel.title, *(series.label for series in panel.series))]
        return "\n".join((*labels, *self.names, *self.note, self.y_label, self.x_label))


def chart_of(found: Attention, source: ChartSource, *, share: bool = False, smooth: int = 1) -> Chart:
    """Return the plot of counted articles. Raises NotFound if there is nothing to draw."""
    share = share and bool(found.queries)
    panels, left_out = _lines(found, share, smooth) if found.unit else _bars(found, share)
    rows = found.dated_rows() if found.unit else ()
    by_period = [list(group) for _, group in groupby(rows, key=lambda row: row.key[0])]
    partial = tuple(place for place, group in enumerate(by_period) if group[0].is_partial)
    periods = tuple(str(group[0].key[0]) for group in by_period)
    gaps = tuple(_gaps(by_period)) if any(row.articles for row in rows) else ()
    by_unit = f", by {found.unit}" if found.unit else ""
    numbers = f"share of all articles{by_unit} (%)" if share else f"articles{by_unit.replace(',', '')}"
    what = " and ".join(found.by)
    return Chart(
        title=f"{'Share of all articles' if share else 'Articles'} by {what}",
        panels=panels,
        unit=found.unit or "",
        periods=periods,
        names=() if found.unit else tuple(_name(found, value) for value in found.values()[:MAX_BARS]),
        x_label=f"{found.unit} of publication (UTC)" if found.unit else what,
        y_label=numbers,
        is_share=share,
        partial=partial,
        gaps=gaps,
        note=tuple(_note(found, source, [periods[place] for place in partial], smooth, left_out)),
    )


def _lines(found: Attention, share: bool, smooth: int) -> tuple[tuple[ChartPanel, ...], int]:
    """Return the panels of a plot over time, and how many values of the other key are not drawn."""
    if not found.dated_rows():
        raise NotFound("--plot", "there is no dated article to draw", "other filters, or --by source, may show some")
    shown = range(len(found.queries)) if found.queries else (None,)
    if len(found.by) == 1:
        series = tuple(_series(found, query, _query_label(found, query), share, smooth) for query in shown)
        return (ChartPanel("", series),), 0
    values = found.values()[:MAX_SERIES]
    panels = [
        ChartPanel(
            _query_label(found, query),
            tuple(_series(found, query, _name(found, value), share, smooth, value) for value in values),
        )
        for query in shown
    ]
    return tuple(panels), len(found.values()) - len(values)


def _series(
    found: Attention, query: int | None, label: str, share: bool, smooth: int, value: tuple[str | None, ...] = ()
) -> ChartSeries:
    numbers = found.curve(query, share=share, smooth=smooth, value=value)
    return ChartSeries(label, _drawn(numbers, share))


def _bars(found: Attention, share: bool) -> tuple[tuple[ChartPanel, ...], int]:
    """Return the panel of a plot of bars, and how many values are not drawn."""
    rows = found.rows[:MAX_BARS]
    if not rows:
        raise NotFound("--plot", "there is no article to draw", "other filters may show some")
    shown = range(len(found.queries)) if found.queries else (None,)
    series = tuple(
        ChartSeries(_query_label(found, query), _drawn([row.number(query, share=share) for row in rows], share))
        for query in shown
    )
    return (ChartPanel("", series),), len(found.rows) - len(rows)


def _drawn(numbers: Sequence[float | None], share: bool) -> tuple[float | None, ...]:
    """Return numbers as they are drawn: shares in percent."""
    return tuple(100 * number if share and number is not None else number for number in numbers)


def _query_label(found: Attention, query: int | None) -> str:
    return "all articles" if query is None else cut(plain(found.queries[query]), MAX_LABEL_WIDTH)


def _name(found: Attention, value: Sequence[str | None]) -> str:
    keys = found.by[1:] if found.unit else found.by
    names = [
        NO_VALUE.get(key, f"no {key}") if one is None else plain(one) for key, one in zip(keys, value, strict=True)
    ]
    return cut(" · ".join(names), MAX_NAME_WIDTH)


def _gaps(by_period: Sequence[Sequence[AttentionRow]]) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each run of periods without any article."""
    for is_empty, run in groupby(by_period, key=lambda group: not any(row.articles for row in group)):
        if is_empty:
            periods = [str(group[0].key[0]) for group in run]
            yield days_of(periods[0])[0], days_of(periods[-1])[1]


def _note(found: Attention, source: ChartSource, partial: Sequence[str], smooth: int, left_out: int) -> Iterator[str]:
    """Yield sentences on the source of the numbers, and on what they leave out."""
    dated = f", published {_from_to(found.first_day, found.last_day)} (UTC)" if found.first_day else ""
    as_of = f" as of {found.as_of}" if found.as_of else ""
    yield f"Source: archive “{plain(source.archive)}”{as_of}: {counted(found.articles, 'article')}{dated}."
    if filters := "; ".join(_filters_in_words(source.filters)):
        yield f"Only {filters}."
    for query, number in zip(found.queries, found.matches, strict=True):
        share = f" ({100 * number / found.articles:.1f} %)" if found.articles else ""
        yield f"“{plain(query)}” finds {counted(number, 'article')}{share}."
    if smooth > 1 and found.unit:
        yield f"Lines are moving averages of {smooth} {found.unit}s."
    if partial:
        are = verb(len(partial), "is", "are")
        yield f"{first_of(partial, MAX_PERIODS_NAMED)} {are} covered only in part (hollow points)."
    if found.unit and any(found.undated):
        yield _undated_in_words(found)
    if more := left_out + found.more_values:
        what = "combination" if not found.unit and len(found.by) > 1 else found.by[-1]
        yield f"{counted(more, f'more {what}')} {verb(more, 'is', 'are')} not drawn."
    if {"author", "tag"} & {*found.by}:
        yield "An article counts once for each of its authors or tags."
    yield f"Drawn by {source.software}."


def _undated_in_words(found: Attention) -> str:
    """Return how many undated articles the drawing leaves out: of each query, because queries may share some."""
    if len(found.undated) == 1:
        (undated,) = found.undated
        return f"{counted(undated, 'undated article')} {verb(undated, 'is', 'are')} not drawn."
    numbers = zip(found.queries, found.undated, strict=True)
    each = ", ".join(f"{number:,} of “{plain(query)}”" for query, number in numbers if number)
    return f"Undated articles are not drawn: {each}."


def _filters_in_words(filters: ArticleFilters) -> Iterator[str]:
    """Yield what filters select."""
    if filters.source:
        yield f"source {', '.join(map(plain, filters.source))}"
    if filters.language:
        yield f"language {', '.join(filters.language)}"
    for said, since, until in (
        ("published", filters.since, filters.until),
        ("first seen", filters.seen_since, filters.seen_until),
    ):
        if since or until:
            yield f"{said} {_from_to(since, until)}"
    if filters.undated:
        yield "undated articles"


def _from_to(first: str | None, last: str | None) -> str:
    """Return a period as words: on a day, or from one to another, of which one may be open."""
    if first == last:
        return f"on {first}"
    return " ".join([*([f"from {first}"] if first else []), *([f"to {last}"] if last else [])])


def plain(text: str) -> str:
    """Return text on one line with characters that XML and fonts know: no controls, surrogates or noncharacters."""
    return NO_TEXT.sub("\ufffd", terminal.plain(text)).replace("\n", " ")


def longest(labels: Sequence[str]) -> int:
    """Return the columns of the longest label."""
    return max(map(width, labels), default=0)
