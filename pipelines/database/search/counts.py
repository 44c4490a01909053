"""Count the articles that match a query and filters: all, the undated, or by day, source and other keys. Read-only.

Counts come from the full-text index alone where it can tell: `place_counts` counts by day, this module by label. They
come from the rows of the matches if those are few, or if a condition is not in the index.
"""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from pipelines.core.errors import QueryError
from pipelines.database.connection import ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.index_terms import (
    EVERY_ARTICLE,
    NO_LANGUAGE,
    NO_SOURCE,
    in_languages,
    of_sources,
)
from pipelines.database.schema.places import DAY_BITS, FIRST_DATED_PLACE
from pipelines.database.search.place_counts import PERIODS, counts_by_period, has_prefix
from pipelines.database.selection import ArticleSelection, article_selection

# What articles are counted by besides periods, as SQL on rows. Each is NULL where the article has none.
ROW_KEYS = {"source": "(SELECT name FROM sources WHERE id = a.source_id)", "language": "a.language"}
COUNT_KEYS = (*PERIODS, *ROW_KEYS)
DAY = f"CASE WHEN a.place >= {FIRST_DATED_PLACE} THEN a.place >> {DAY_BITS} ELSE 0 END"  # 0: undated
# A count of one label takes as long as reading the rows of so many matches (measured at 100,000 and 500 sources).
ROWS_A_LABEL = 50
LABELS_OF_A_PREFIX = 25  # counted in the time of reading the rows: FTS5 makes the list of its matches for each

Counts = dict[tuple[str | None, ...], int]
Labels = list[tuple[str | None, str]]  # values of a key, and the FTS5 expression for each


def count(db: sqlite3.Connection, query: str | None = None, filters: ArticleFilters = EVERYTHING) -> int:
    """Return how many articles match. Raises QueryError, NotFound (of the source)."""
    return count_selected(db, article_selection(db, query, filters))


def count_selected(db: sqlite3.Connection, which: ArticleSelection) -> int:
    """Return how many articles a selection has."""
    which = by_index(which)
    return int(next(ask(db, f"SELECT count(*) {which.found()}", which.values))[0])


def count_undated(db: sqlite3.Connection, query: str | None, filters: ArticleFilters) -> int:
    """Return how many articles match but are left out by --since or --until because no day of theirs is known."""
    if not filters.is_dated:
        return 0
    return count(db, query, replace(filters, since=None, until=None, undated=True))


def counts(
    db: sqlite3.Connection, by: Sequence[str], query: str | None = None, filters: ArticleFilters = EVERYTHING
) -> Counts:
    """Return how many articles match, by the values of some of COUNT_KEYS, in the order of the values.

    A value is None where an article has none: undated, no language known. Values without an article are left out.
    Raises QueryError, NotFound (of the source).
    """
    if not by or (unknown := [key for key in by if key not in COUNT_KEYS]):
        names = ", ".join(unknown if by else by)
        raise QueryError(f"count by {names!r}", "unknown key", f"say {', '.join(COUNT_KEYS)}")
    which = by_index(article_selection(db, query, filters))
    labels = {key: LABELS[key](db) for key in dict.fromkeys(by) if key in LABELS}
    if which.tests or (labels and _rows_pay(db, which, sum(map(len, labels.values())))):
        found = _from_rows(db, by, which)
    elif labels:
        found = _from_labels(db, by, which, labels)
    else:
        return _named_periods(by, counts_by_period(db, which, by))  # they are in order
    return dict(sorted(found.items(), key=lambda item: [value or "" for value in item[0]]))


def by_index(which: ArticleSelection) -> ArticleSelection:
    """Return the same selection so that the index alone counts it, if it can: the rows of articles are large."""
    return which.also(EVERY_ARTICLE) if which.match is None and not which.tests else which


def _from_rows(db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection) -> Counts:
    periods = any(key in PERIODS for key in by)
    keys = [key for key in dict.fromkeys(by) if key in ROW_KEYS]
    columns = [DAY if periods else "0", *(ROW_KEYS[key] for key in keys)]
    numbers = ", ".join(map(str, range(1, len(columns) + 1)))
    sql = f"SELECT {', '.join(columns)}, count(*) {which.found(joined=True)} GROUP BY {numbers}"
    found: Counts = {}
    for day, *values, number in ask(db, sql, which.values):
        named = dict(zip(keys, values, strict=True))
        key = tuple([named[key] if key in named else _period(key, day) for key in by])
        found[key] = found.get(key, 0) + number
    return found


def _from_labels(
    db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection, labels: dict[str, Labels]
) -> Counts:
    periods = [key for key in by if key in PERIODS]
    found: Counts = {}
    for values, part in _parts(db, which, labels):
        numbers = counts_by_period(db, part, periods) if periods else {0: count_selected(db, part)}
        for names, number in _named_periods(periods, numbers).items():
            period = dict(zip(periods, names, strict=True))
            if number:
                found[tuple([values[key] if key in values else period[key] for key in by])] = number
    return found


def _named_periods(keys: Sequence[str], numbers: dict[int, int]) -> Counts:
    """Return numbers of days (0: undated) by the names of periods, in the same order."""
    names = [PERIODS[key].name for key in keys]
    found: Counts = {}
    for ordinal, number in numbers.items():
        key: tuple[str | None, ...] = (None,) * len(names)
        if ordinal:
            day = date.fromordinal(ordinal)
            key = tuple([name(day) for name in names])
        found[key] = found.get(key, 0) + number
    return found


def _parts(
    db: sqlite3.Connection, which: ArticleSelection, labels: dict[str, Labels]
) -> Iterator[tuple[dict[str, str | None], ArticleSelection]]:
    """Yield each combination of the values of some keys, and the selection of its articles."""
    if not labels:
        yield {}, which
        return
    (key, values), *others = labels.items()
    for value, term in values:
        part = which.also(term)
        if not others or count_selected(db, part):
            for inner, smaller in _parts(db, part, dict(others)):
                yield {key: value, **inner}, smaller


def _rows_pay(db: sqlite3.Connection, which: ArticleSelection, labels: int) -> bool:
    """Return True if reading the rows of all matches costs less than counting so many labels."""
    if has_prefix(which):
        return labels > LABELS_OF_A_PREFIX
    sql = f"SELECT count(*) FROM (SELECT 1 {which.found()} LIMIT :most)"
    most = ROWS_A_LABEL * labels
    return int(next(ask(db, sql, which.values | {"most": most + 1}))[0]) <= most


def _period(key: str, day: int) -> str | None:
    return PERIODS[key].name(date.fromordinal(day)) if day else None


def _source_labels(db: sqlite3.Connection) -> Labels:
    names = [(str(name), of_sources([number])) for number, name in ask(db, "SELECT id, name FROM sources")]
    return [(None, of_sources([NO_SOURCE])), *names]


def _language_labels(db: sqlite3.Connection) -> Labels:
    codes = [row[0] for row in ask(db, "SELECT DISTINCT language FROM articles")]
    return [(code, in_languages([code or NO_LANGUAGE])) for code in codes]


LABELS: dict[str, Callable[[sqlite3.Connection], Labels]] = {"source": _source_labels, "language": _language_labels}
