"""Answer with lists: edits and pages that are gone, counts over time, the health of the sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from exports.python_api.archive import Archive
from exports.web.rendering import as_json, page, wants_json
from exports.web.search_address import IN_QUERY, LISTS, SearchAddress
from exports.web.served_archive import AnswerTime, ServedArchive
from pipelines.core.errors import MorgueError, QueryError
from pipelines.core.plural import counted
from pipelines.core.timestamps import now
from pipelines.database.edits import edit_list
from pipelines.database.search import counts as counting
from pipelines.database.search.attention import Attention, AttentionRow, attention
from pipelines.database.search.periods import UNITS, day_of, days_of
from pipelines.database.shards.databases import Database

MAX_EDITS = 200
MAX_QUERIES = 6
MAX_VALUES = 100  # of a key that is no time
MAX_ROWS = 500
EMPTY_RUN = 3  # periods without an article that share a row of a table
MAX_YEAR_MARKS = 12  # below a chart
WHOLE = "(archive)"  # the name under which the archive itself is listed
KEYS = ("", *counting.KEYS)  # "": a unit of time that suits

# Returns what `morgue health --format json` prints. The view does not know the settings that it is judged by.
HealthOf = Callable[[Database], Sequence[dict[str, Any]]]


def edits(archive: Archive, request: Request) -> Response:
    """Answer /edits and /edits.json: the newest edits and vanished pages. Raises QueryError, NotFound."""
    asked, wanted = edits_asked(request)
    rows = list(edit_list.edits(archive.database, asked.filters(), wanted, MAX_EDITS))
    gone = list(edit_list.gone(archive.database, asked.filters(), MAX_EDITS))
    if wants_json(request):
        return as_json({"edits": rows, "gone": gone})
    days: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(row["seen"][:10], []).append(row)
    flags = edit_flags(wanted)
    is_cut = len(rows) == MAX_EDITS and len(days) > 1
    earlier = _with(asked.up_to(min(days)), flags, "/edits") if is_cut else None
    return page(request, "edits.html", {"asked": asked, "days": days, "gone": gone, "most": MAX_EDITS,
                                        "silent": wanted.silent, "titles": wanted.title_only, "earlier": earlier,
                                        "flags": flags, "feed": _with(asked, flags, "/edits.atom")})  # fmt: skip


def edits_asked(request: Request) -> tuple[SearchAddress, edit_list.EditFilters]:
    """Return which edits an address asks for. Raises QueryError."""
    given = request.query_params
    wanted = edit_list.EditFilters(0.0, "titles" in given, "silent" in given)
    return SearchAddress.read(given.multi_items(), ("titles", "silent")), wanted


def edit_flags(wanted: edit_list.EditFilters) -> list[tuple[str, str]]:
    """Return the parameters of an address that a search has not."""
    return [(name, "1") for name, is_on in (("silent", wanted.silent), ("titles", wanted.title_only)) if is_on]


def _with(asked: SearchAddress, flags: Sequence[tuple[str, str]], path: str) -> str:
    parameters = [*asked.parameters(), *flags]
    return f"{path}?{urlencode(parameters)}" if parameters else path


class CountWork:
    """Find what the page of counts shows: what each query finds, over time or by a key."""

    keys, max_queries = KEYS, MAX_QUERIES

    def __init__(self, archive: ServedArchive, request: Request) -> None:
        """Read the address. Raises QueryError."""
        given = request.query_params
        self.archive = archive
        self.asked = SearchAddress.read([one for one in given.multi_items() if one[0] != "q"], ("by", "share"))
        self.queries = [text.strip() for text in given.getlist("q") if text.strip()]
        if len(self.queries) > MAX_QUERIES:
            cause = f"at most {MAX_QUERIES} are compared"
            raise QueryError(f"{len(self.queries)} queries", cause, "leave some out")
        self.by = given.get("by", "")
        if self.by not in KEYS:
            raise QueryError(f"by {self.by!r}", "is no key to count by", f"say {', '.join(filter(None, KEYS))}")
        self.share = "share" in given and bool(self.queries)
        self.more_parameters = [one for one in given.multi_items() if one[0] in ("q", "by", "share")]
        self.left = AnswerTime()
        self.ready = False
        self.error: MorgueError | None = None
        self.rows: list[dict[str, Any]] = []
        self.more = ""
        self.chart: dict[str, Any] | None = None

    def find(self) -> None:
        """Count. Raises QueryError, NotFound (of the source)."""
        key = ("counts", tuple(self.queries), self.by, self.asked.filters())
        self.found = found = self.archive.ask_once(key, self._count, self.left)
        asked = replace(self.asked, query=self.queries[0] if len(self.queries) == 1 else "")
        rows = without_empty_runs(count_rows(found, asked, share=self.share), found.unit)
        if len(rows) > MAX_ROWS:
            self.more = f"the last {MAX_ROWS:,} of {len(rows):,}; the json has all"
        elif found.more_values:
            self.more = f"{found.more_values:,} more are left out"
        self.rows = rows[-MAX_ROWS:]
        self.chart = chart(found, share=self.share)
        self.ready = True

    def _count(self, archive: Archive) -> Attention:
        by = (self.by,) if self.by else ()
        return attention(archive.database, self.queries, by, self.asked.filters(), MAX_VALUES if by else 0)


def counts_as_object(work: CountWork) -> Response:
    """Answer /counts.json. Raises QueryError, NotFound."""
    work.find()
    found = work.found
    return as_json({"queries": found.queries, "by": found.by, "rows": list(found.long_rows()),
                    "more_values": found.more_values})  # fmt: skip


def count_rows(found: Attention, asked: SearchAddress, *, share: bool) -> list[dict[str, Any]]:
    """Return the rows of a table: a period or value, with its numbers, their bars, and the search that it leads to."""
    key, most = found.by[0], 0.0
    if not found.unit:
        most = max((number for row in found.rows for number in _numbers(row, share=share)), default=0)
    return [
        {"name": row.key[0] if row.key[0] is not None else "undated" if found.unit else "(none)",
         "link": _search_of(asked, key, row.key[0]), "articles": row.articles, "why_cut": why_cut(row, found, asked),
         "numbers": [(number, row.share(at)) for at, number in enumerate(row.matches)],
         "widths": [round(number / most * 100, 2) for number in _numbers(row, share=share)] if most else []}
        for row in found.rows
    ]  # fmt: skip


def why_cut(row: AttentionRow, found: Attention, asked: SearchAddress) -> str:
    """Return why a period is covered in part only, in words; empty if it is covered as a whole."""
    if not row.is_partial or row.key[0] is None:
        return ""
    (begins, ends), filters, reasons = days_of(row.key[0]), asked.filters(), []
    if filters.since and day_of(filters.since) > begins:
        reasons.append(f"counted from {filters.since}")
    elif found.first_day and day_of(found.first_day) > begins:
        reasons.append(f"first article on {found.first_day}")
    if ends >= now().date():
        reasons.append("not over yet")
    elif filters.until and day_of(filters.until) < ends:
        reasons.append(f"counted to {filters.until}")
    elif found.last_day and day_of(found.last_day) < ends:
        reasons.append(f"last article on {found.last_day}")
    return ", ".join(reasons) or "in part"


def without_empty_runs(rows: list[dict[str, Any]], unit: str | None) -> list[dict[str, Any]]:
    """Return the rows of a table over time with one row in place of several periods without an article."""
    found: list[dict[str, Any]] = []
    for is_empty, run in groupby(rows, lambda row: not row["articles"]):
        periods = list(run)
        if unit and is_empty and len(periods) >= EMPTY_RUN:
            words = f"{counted(len(periods), unit)} without an article"
            found.append({"empty": words, "name": f"{periods[0]['name']} to {periods[-1]['name']}"})
        else:
            found += periods
    return found


def _numbers(row: AttentionRow, *, share: bool) -> list[float]:
    """Return what is drawn of a row: of each query, or of all articles."""
    series = range(len(row.matches)) if row.matches else [None]
    return [row.number(query, share=share) or 0 for query in series]


def _search_of(asked: SearchAddress, key: str, value: str | None) -> str | None:
    """Return the search for the articles of a period or value; None if there is no such search."""
    if value is None:
        return None
    if key in UNITS:
        return asked.in_period(*(day.isoformat() for day in days_of(value))).link()
    return asked.with_value(key, value).link() if key in (*LISTS, *IN_QUERY) and not asked.chosen(key, value) else None


def health(health_of: HealthOf, archive: Archive, request: Request) -> Response:
    """Answer /health and /health.json."""
    found = list(health_of(archive.database))
    if wants_json(request):
        return as_json(found)
    return page(request, "health.html", {"sources": found, "whole": WHOLE})


CHART = (720, 220)  # units of the drawing


def chart(found: Attention, *, share: bool) -> dict[str, Any] | None:
    """Return the lines of a chart over time: points that a template draws. None without numbers above 0."""
    rows = found.dated_rows() if found.unit else found.rows
    if not rows:
        return None
    values = list(zip(*(_numbers(row, share=share) for row in rows), strict=True))
    most = max((value for line in values for value in line if value), default=0)
    if not most:
        return None
    width, height = CHART
    step = width / max(len(rows) - 1, 1)
    lines = [
        " ".join(f"{at * step:.1f},{height - (value or 0) / most * height:.1f}" for at, value in enumerate(line))
        for line in values
    ]
    names = list(found.queries) or ["articles"]
    return {"most": f"{most:.1%}" if share else f"{most:,}", "lines": list(zip(names, lines, strict=True)),
            "years": year_marks([row.key[0] or "" for row in rows]) if found.unit else [],
            "first": rows[0].key[0], "last": rows[-1].key[0], "over_time": found.unit is not None}  # fmt: skip


def year_marks(periods: Sequence[str]) -> list[tuple[str, float]]:
    """Return the years that begin within a chart, and where, in percent of its width; not all of them if many."""
    begins = [at for at in range(1, len(periods)) if periods[at][:4] != periods[at - 1][:4]]
    every = -(-len(begins) // MAX_YEAR_MARKS)
    return [(periods[at][:4], round(100 * at / (len(periods) - 1), 1)) for at in begins[:: every or 1]]
