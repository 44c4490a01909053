"""Answer a search: its matches, its facets, and when they were published."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from exports.python_api.archive import Archive
from exports.web.rendering import FOUND_MARKS, as_json, page, wants_json
from exports.web.search_address import PAGE_ROWS, SearchAddress
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.search.facets import Facet, facet
from pipelines.database.search.periods import days_of, periods_between, unit_for

FACETS = ("source", "language", "kind", "access", "author")
FACET_VALUES = 8
MAX_BARS = 400
CHART_WIDTH, CHART_HEIGHT = 720, 64  # units of the drawing


class TimelineBar(NamedTuple):
    """Hold one period of a timeline, as it is drawn."""

    period: str
    number: int
    link: str
    x: float
    width: float
    height: float


class Timeline(NamedTuple):
    """Hold the articles of a search by time of publication."""

    unit: str
    bars: list[TimelineBar]
    most: int
    undated: int

    @property
    def first(self) -> str:
        """Return the first period."""
        return self.bars[0].period

    @property
    def last(self) -> str:
        """Return the last period."""
        return self.bars[-1].period


def answer(archive: Archive, request: Request) -> Response:
    """Answer /search and /search.json. Raises QueryError, NotFound (of the source)."""
    asked = SearchAddress.read(request.query_params.multi_items())
    found = asked.articles(archive)
    start = (asked.page - 1) * PAGE_ROWS
    hits = found[start : start + PAGE_ROWS].hits(("[", "]") if wants_json(request) else FOUND_MARKS)
    rows, total = list(hits), hits.total
    facets = [facet(archive.connection, key, found.query, found.filters, FACET_VALUES) for key in FACETS]
    time = timeline(archive, asked)
    if wants_json(request):
        return as_json({
            "asked": asked.as_json(), "total": total, "page": asked.page, "hits": rows,
            "facets": {one.key: one.as_json() for one in facets},
            "timeline": time and {"unit": time.unit, "counts": {bar.period: bar.number for bar in time.bars},
                                  "undated": time.undated},
            "next": asked.at_page(asked.page + 1).link("/search.json") if start + len(rows) < total else None,
        })  # fmt: skip
    pool = hits.pool
    return page(request, "search.html", {
        "asked": asked, "hits": rows, "total": total, "pages": -(-total // PAGE_ROWS),
        "facets": [(one, facet_rows(asked, one)) for one in facets],
        "timeline": time, "ranked": pool and f"{pool.ranked:,} of {counted(pool.total, 'match')}",
        "undated_left_out": found.undated_left_out if found.filters.is_dated else 0,
        "extent": queries.extent(archive.connection) if not total else None,
    })  # fmt: skip


def timeline(archive: Archive, asked: SearchAddress) -> Timeline | None:
    """Return when the articles of a search were published; None if none of them has a day."""
    found = asked.articles(archive)
    by = facet(archive.connection, "month", found.query, found.filters, 0)
    if not by.values:
        return None
    unit = unit_for(*_ends(by))
    if unit != "month":
        by = facet(archive.connection, unit, found.query, found.filters, 0)
    return _drawn(unit, by, asked)


def _ends(found: Facet) -> tuple[date, date]:
    """Return the first day of the first period, and the last day of the last."""
    return days_of(found.values[0][0])[0], days_of(found.values[-1][0])[1]


def _drawn(unit: str, by: Facet, asked: SearchAddress) -> Timeline:
    numbers = dict(by.values)
    periods = list(periods_between(*_ends(by), unit))[-MAX_BARS:]
    most = max(numbers.values())
    width = CHART_WIDTH / max(len(periods), 12)
    bars = []
    for at, period in enumerate(periods):
        number = numbers.get(period, 0)
        begin, end = (day.isoformat() for day in days_of(period))
        height = max(number / most * CHART_HEIGHT, 1.5) if number else 0
        link = asked.in_period(begin, end).link()
        bars.append(TimelineBar(period, number, link, round(at * width, 2), round(width * 0.86, 2), round(height, 2)))
    return Timeline(unit, bars, most, by.without)


def facet_rows(asked: SearchAddress, found: Facet) -> list[dict[str, Any]]:
    """Return the values of a facet with the search that each leads to."""
    return [
        {"value": value, "number": number, "chosen": asked.chosen(found.key, value),
         "link": asked.with_value(found.key, value).link()}
        for value, number in found.values
    ]  # fmt: skip
