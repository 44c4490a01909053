"""Answer a search: its matches, its facets, and when they were published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from exports.python_api.archive import Archive
from exports.web.rendering import FOUND_MARKS, as_json, wants_json
from exports.web.search_address import PAGE_ROWS, SearchAddress
from exports.web.served_archive import AnswerTime, ServedArchive
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.connection import Row
from pipelines.database.search.counts import count_undated
from pipelines.database.search.facets import Facet, facet, newest_facets
from pipelines.database.search.hits import SearchHits
from pipelines.database.search.periods import days_of, periods_between, unit_for
from pipelines.database.selection import article_selection

T = TypeVar("T")

FACETS = ("source", "language", "kind", "access", "author")
IN_INDEX = ("source", "language", "kind")  # that are counted without reading rows
FACET_VALUES = 8
NEWEST = 10_000  # matches whose rows are read for all facets at once: a tenth of a second
MAX_BARS = 400
CHART_WIDTH, CHART_HEIGHT = 720, 64  # units of the drawing


class TimelineBar(NamedTuple):
    """Hold one period of a timeline, as it is drawn. One without an article has no link."""

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


class SearchWork:
    """Find what the page of a search shows: first its matches, then, when they are asked for, its numbers."""

    def __init__(self, archive: ServedArchive, request: Request) -> None:
        """Read the address. Raises QueryError."""
        self.archive = archive
        self.asked = SearchAddress.read(request.query_params.multi_items())
        self.filters = self.asked.filters()
        self.left = AnswerTime()
        self.ready = False
        self.error: MorgueError | None = None
        self.trouble: MorgueError | None = None  # that ended the counting
        self.hits: list[Row] = []
        self.total = 0
        self.ranked: str | None = None
        self.undated_left_out = 0
        self.extent: Mapping[str, Any] | None = None  # of the archive, if nothing matches
        self._marks = ("[", "]") if wants_json(request) else FOUND_MARKS

    def find(self) -> None:
        """Find the matches of the page and the number of all. Raises QueryError, NotFound (of the source)."""
        hits = self.archive.ask(self._hits, self.left)
        self.total = hits.total = self._once("total", lambda _: hits.total)
        if pool := hits.pool:
            self.ranked = f"{pool.ranked:,} of {counted(pool.total, 'match')}"
        if self.filters.is_dated:
            self.undated_left_out = self._once("undated", self._undated)
        if not self.total:
            self.extent = self.archive.ask(lambda archive: queries.extent(archive.database), self.left)
        self.ready = True

    def _hits(self, archive: Archive) -> SearchHits:
        start = (self.asked.page - 1) * PAGE_ROWS
        found = self.asked.articles(archive)[start : start + PAGE_ROWS].hits(self._marks)
        self.hits = list(found)
        return found

    def _undated(self, archive: Archive) -> int:
        return count_undated(archive.database, self.asked.words(), self.filters)

    @property
    def is_large(self) -> bool:
        """Return True if not all rows are read, so that the numbers take time, and some are of a part."""
        return self.total > NEWEST

    @property
    def pages(self) -> int:
        """Return the number of pages of matches."""
        return -(-self.total // PAGE_ROWS)

    def facets(self) -> Iterator[tuple[Facet, list[dict[str, Any]]]]:
        """Yield each facet with the search that each of its values leads to, up to the one that takes too long."""
        for key in FACETS:
            if (found := self._counted(partial(self.facet, key))) is None:
                return
            yield found, facet_rows(self.asked, found)

    def facet(self, key: str) -> Facet:
        """Return a facet: of all matches if the index knows it or if they are few, else of the newest."""
        if self.is_large and key in IN_INDEX and self._once("tests", self._reads_rows) is False:
            return self._once(key, lambda archive: facet(
                archive.database, key, self.asked.words(), self.filters, FACET_VALUES
            ))  # fmt: skip
        found = self._once("rows", lambda archive: newest_facets(
            archive.database, FACETS, self.asked.words(), self.filters, FACET_VALUES, NEWEST
        ))[key]  # fmt: skip
        return found if self.is_large else found._replace(among=None)

    def _reads_rows(self, archive: Archive) -> bool:
        return bool(article_selection(archive.database, self.asked.words(), self.filters).tests)

    def timeline(self) -> Timeline | None:
        """Return when the articles were published; None if none of them has a day, or if that takes too long."""
        return self._counted(self.drawn_timeline)

    def drawn_timeline(self) -> Timeline | None:
        """Return the same. Raises MorgueError."""
        by = self._period("month")
        if not by.values:
            return None
        unit = unit_for(*_ends(by))
        if unit == "year":
            years = Counter[str]()
            for month, number in by.values:
                years[month[:4]] += number
            by = by._replace(values=tuple(years.items()))
        elif unit != "month":
            by = self._period(unit)
        return _drawn(unit, by, self.asked)

    def _period(self, unit: str) -> Facet:
        return self._once(unit, lambda archive: facet(archive.database, unit, self.asked.words(), self.filters, 0))

    def _once(self, name: str, question: Callable[[Archive], T]) -> T:
        return self.archive.ask_once((name, self.asked.words(), self.filters), question, self.left)

    def _counted(self, count: Callable[[], T]) -> T | None:
        """Return what is counted; None if that or something before it took too long, which the page says."""
        if self.trouble is None:
            try:
                return count()
            except MorgueError as error:
                self.trouble = error
        return None


def as_object(work: SearchWork) -> Response:
    """Answer /search.json. Raises QueryError, NotFound (of the source)."""
    work.find()
    asked, time = work.asked, work.drawn_timeline()
    shown = (asked.page - 1) * PAGE_ROWS + len(work.hits)
    return as_json({
        "asked": asked.as_json(), "total": work.total, "page": asked.page, "hits": work.hits,
        "facets": {key: work.facet(key).as_json() for key in FACETS},
        "timeline": time and {"unit": time.unit, "counts": {bar.period: bar.number for bar in time.bars},
                              "undated": time.undated},
        "next": asked.at_page(asked.page + 1).link("/search.json") if shown < work.total else None,
    })  # fmt: skip


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
        if number := numbers.get(period, 0):
            link = asked.in_period(*(day.isoformat() for day in days_of(period))).link()
        else:
            link = ""
        height = max(number / most * CHART_HEIGHT, 1.5) if number else 0
        bars.append(TimelineBar(period, number, link, round(at * width, 2), round(width * 0.86, 2), round(height, 2)))
    return Timeline(unit, bars, most, by.without)


def facet_rows(asked: SearchAddress, found: Facet) -> list[dict[str, Any]]:
    """Return the values of a facet with the search that each leads to."""
    return [
        {"value": value, "number": number, "chosen": asked.chosen(found.key, value),
         "link": asked.with_value(found.key, value).link()}
        for value, number in found.values
    ]  # fmt: skip
