"""Count the articles that match by every key there is, and list the most frequent values of a key. Read-only.

`counts` here knows more keys than that of the module `counts`: authors and tags, which are lists, and the section, kind
and origin of an article. An article counts once for each of its authors (tags), so that the numbers of all authors may
add up to more than the number of articles.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import product
from typing import Any, NamedTuple

from pipelines.core.errors import QueryError
from pipelines.database.connection import ask, decode_json
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search import counts as plain_counts
from pipelines.database.search.place_counts import PERIODS
from pipelines.database.selection import article_selection

ValueCounts = dict[tuple[str | None, ...], int]

LIST_COLUMNS = {"author": "authors", "tag": "tags"}  # columns with a JSON list of texts
# The values of a key as SQL on `articles a`, where it is counted beside one of the keys that only this module has.
VALUES = {
    **dict.fromkeys(PERIODS, plain_counts.DAY),
    **plain_counts.ROW_KEYS,
    "section": "nullif(a.section, '')",
    "kind": "a.kind",
    "origin": "nullif(a.origin, '')",
    **{key: f"a.{column}" for key, column in LIST_COLUMNS.items()},
}
KEYS = tuple(VALUES)


class Facet(NamedTuple):
    """Hold the most frequent values of one key among the articles that match."""

    key: str
    values: tuple[tuple[str, int], ...]  # with their numbers, the most frequent first; periods in the order of time
    more_values: int  # values that are not among them
    without: int  # articles that have no value: undated, language not known, no author

    def as_json(self) -> dict[str, object]:
        """Return it as an object for programs."""
        values = [{"value": value, "count": number} for value, number in self.values]
        return {"values": values, "more_values": self.more_values, "without": self.without}


def check_keys(option: str, keys: Sequence[str]) -> None:
    """Check that all keys exist. Raises QueryError."""
    if not keys or (unknown := [key for key in keys if key not in KEYS]):
        names = ", ".join(unknown if keys else keys)
        raise QueryError(f"{option} {names!r}", "unknown key", f"say {', '.join(KEYS)}")


def counts(
    db: sqlite3.Connection, by: Sequence[str], query: str | None = None, filters: ArticleFilters = EVERYTHING
) -> ValueCounts:
    """Return how many articles match, by the values of some of KEYS, in the order of the values, None first.

    A value is None where an article has none: undated, no language known, no author. Values without an article are
    left out. Raises QueryError, NotFound (of the source), ArchiveDamaged.
    """
    check_keys("count by", by)
    if all(key in plain_counts.COUNT_KEYS for key in by):
        return plain_counts.counts(db, by, query, filters)
    which = article_selection(db, query, filters)
    names = [f"key{number}" for number in range(len(by))]
    columns = ", ".join(f"{VALUES[key]} AS {name}" for key, name in zip(by, names, strict=True))
    # One row for each list as it is written, not for each article: lists repeat, and reading them takes the most time.
    sql = f"""SELECT {columns}, count(*) AS number, min(a.id) AS example {which.found(joined=True)}
               GROUP BY {", ".join(names)}"""
    found: Counter[tuple[str | None, ...]] = Counter()
    for row in ask(db, sql, which.values):
        values = [_values(key, row[name], row["example"]) for key, name in zip(by, names, strict=True)]
        for combined in product(*values):
            found[combined] += row["number"]
    return dict(sorted(found.items(), key=lambda item: [(value is not None, value or "") for value in item[0]]))


def _values(key: str, value: Any, example: int) -> Sequence[str | None]:
    """Return the values of a key that an article has whose column holds `value`; (None,) if there is none."""
    if key in PERIODS:
        return (PERIODS[key].name(date.fromordinal(value)) if value else None,)
    if value is None or key not in LIST_COLUMNS:
        return (value,)
    return tuple(dict.fromkeys(filter(None, decode_json(value, list, "articles", example, LIST_COLUMNS[key])))) or (
        None,
    )


def facet(
    db: sqlite3.Connection, key: str, query: str | None = None, filters: ArticleFilters = EVERYTHING, limit: int = 10
) -> Facet:
    """Return the `limit` most frequent values of one of KEYS; 0: all. Raises as `counts` does."""
    found = {values[0]: number for values, number in counts(db, (key,), query, filters).items()}
    without = found.pop(None, 0)
    ranked = sorted(((value, number) for value, number in found.items() if value is not None), key=by_number)
    shown = ranked[: limit or None]
    return Facet(key, tuple(sorted(shown) if key in PERIODS else shown), len(ranked) - len(shown), without)


def by_number(counted: tuple[str, int]) -> tuple[int, str]:
    """Return what sorts values with their numbers: the most frequent first, then by name."""
    return -counted[1], counted[0]
