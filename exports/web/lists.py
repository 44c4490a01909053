"""Answer with lists: edits and pages that are gone, counts over time, the health of the sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from exports.python_api.archive import Archive
from exports.web.rendering import as_json, page, wants_json
from exports.web.search_address import SearchAddress
from exports.web.served_archive import AnswerTime, ServedArchive
from pipelines.core.errors import MorgueError, QueryError
from pipelines.database.edits import edit_list
from pipelines.database.search import counts as counting
from pipelines.database.search.attention import Attention, attention

MAX_EDITS = 200
MAX_QUERIES = 6
MAX_SERIES = 8
KEYS = ("", *counting.KEYS)  # "": a unit of time that suits

# Returns what `morgue health --format json` prints. The view does not know the settings that it is judged by.
HealthOf = Callable[[], Sequence[dict[str, Any]]]


def edits(archive: Archive, request: Request) -> Response:
    """Answer /edits and /edits.json: the newest edits and vanished pages. Raises QueryError, NotFound."""
    asked = SearchAddress.read(request.query_params.multi_items())
    silent = "silent" in request.query_params
    wanted = edit_list.EditFilters(0.0, "titles" in request.query_params, silent)
    rows = list(edit_list.edits(archive.connection, asked.filters(), wanted, MAX_EDITS))
    gone = list(edit_list.gone(archive.connection, asked.filters(), MAX_EDITS))
    if wants_json(request):
        return as_json({"edits": rows, "gone": gone})
    days: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault(row["seen"][:10], []).append(row)
    return page(request, "edits.html", {"asked": asked, "days": days, "gone": gone, "silent": silent,
                                        "titles": wanted.title_only})  # fmt: skip


class CountWork:
    """Find what the page of counts shows: what each query finds, over time or by a key."""

    def __init__(self, archive: ServedArchive, request: Request) -> None:
        """Read the address. Raises QueryError."""
        given = request.query_params
        self.archive = archive
        self.asked = SearchAddress.read([one for one in given.multi_items() if one[0] != "q"])
        self.queries = [text.strip() for text in given.getlist("q") if text.strip()]
        if len(self.queries) > MAX_QUERIES:
            cause = f"at most {MAX_QUERIES} are compared"
            raise QueryError(f"{len(self.queries)} queries", cause, "leave some out")
        self.by = given.get("by", "")
        if self.by not in KEYS:
            raise QueryError(f"by {self.by!r}", "is no key to count by", f"say {', '.join(filter(None, KEYS))}")
        self.keys = KEYS
        self.share = "share" in given and bool(self.queries)
        self.left = AnswerTime()
        self.ready = False
        self.error: MorgueError | None = None
        self.rows: list[dict[str, Any]] = []
        self.chart: dict[str, Any] | None = None

    def find(self) -> None:
        """Count. Raises QueryError, NotFound (of the source)."""
        self.found = self.archive.ask_once(
            ("counts", tuple(self.queries), self.by, self.asked.filters()), self._count, self.left
        )
        self.rows = list(self.found.long_rows())
        self.chart = chart(self.found, share=self.share)
        self.ready = True

    def _count(self, archive: Archive) -> Attention:
        by = (self.by,) if self.by else ()
        return attention(archive.connection, self.queries, by, self.asked.filters(), MAX_SERIES if by else 0)


def counts_as_object(work: CountWork) -> Response:
    """Answer /counts.json. Raises QueryError, NotFound."""
    work.find()
    return as_json({"queries": work.found.queries, "by": work.found.by, "rows": work.rows})


def health(health_of: HealthOf, request: Request) -> Response:
    """Answer /health and /health.json."""
    found = list(health_of())
    if wants_json(request):
        return as_json(found)
    return page(request, "health.html", {"sources": found})


CHART = (720, 220)  # units of the drawing


def chart(found: Any, *, share: bool) -> dict[str, Any] | None:
    """Return the lines of a chart over time, or its bars: points that a template draws. None without numbers."""
    rows = found.dated_rows() if found.unit else found.rows
    if not rows:
        return None
    series = range(len(found.queries)) if found.queries else [None]
    values = [
        [row.articles if query is None else (row.share(query) if share else row.matches[query]) for row in rows]
        for query in series
    ]
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
    bars = [] if found.unit else [
        {"name": " · ".join(str(part or "(none)") for part in row.key),
         "numbers": [line[at] or 0 for line in values],
         "widths": [(line[at] or 0) / most * 100 for line in values]}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    return {"most": f"{most:.1%}" if share else f"{most:,}", "lines": list(zip(names, lines, strict=True)),
            "first": rows[0].key[0], "last": rows[-1].key[0], "over_time": found.unit is not None,
            "bars": bars}  # fmt: skip
