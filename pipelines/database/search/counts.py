"""Count the articles that match a query and filters: all, the undated, or by day, source and other keys. Read-only."""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from pipelines.core.errors import QueryError
from pipelines.database.connection import ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.selection import article_selection

# What articles are counted by. Each is NULL where the article has none: an undated article has no day.
PUBLISHED_DAY = "CASE WHEN a.published IS NOT NULL THEN a.published_day END"
COUNT_KEYS = {
    "day": PUBLISHED_DAY,
    "week": f"strftime('%G-W%V', {PUBLISHED_DAY})",  # ISO 8601
    "month": f"substr({PUBLISHED_DAY}, 1, 7)",
    "year": f"substr({PUBLISHED_DAY}, 1, 4)",
    "source": "(SELECT name FROM sources WHERE id = a.source_id)",
    "language": "a.language",
}


def count(db: sqlite3.Connection, query: str | None = None, filters: ArticleFilters = EVERYTHING) -> int:
    """Return how many articles match. Raises QueryError, NotFound (of the source)."""
    which = article_selection(db, query, filters)
    if which.match is not None and not which.where:
        sql = "SELECT count(*) AS n FROM articles_fts WHERE articles_fts MATCH :match"
    else:
        indexed = bool(filters.source) or filters.is_dated  # there is no index on the others
        sql = f"SELECT count(*) AS n FROM articles a WHERE {which.condition(walk=indexed)}"
    return int(next(ask(db, sql, which.values))["n"])


def count_undated(db: sqlite3.Connection, query: str | None, filters: ArticleFilters) -> int:
    """Return how many articles match but are left out by --since or --until because no day of theirs is known."""
    if not filters.is_dated:
        return 0
    return count(db, query, replace(filters, since=None, until=None, undated=True))


def counts(
    db: sqlite3.Connection, by: Sequence[str], query: str | None = None, filters: ArticleFilters = EVERYTHING
) -> dict[tuple[str | None, ...], int]:
    """Return how many articles match, by the values of some of COUNT_KEYS, in the order of the values.

    A value is None where an article has none: undated, no language known. Values without an article are left out.
    Raises QueryError, NotFound (of the source).
    """
    if not by or (unknown := [key for key in by if key not in COUNT_KEYS]):
        names = ", ".join(unknown if by else by)
        raise QueryError(f"count by {names!r}", "unknown key", f"say {', '.join(COUNT_KEYS)}")
    which = article_selection(db, query, filters)
    keys = ", ".join(f"{COUNT_KEYS[key]} AS key{number}" for number, key in enumerate(by))
    numbers = ", ".join(map(str, range(1, len(by) + 1)))
    sql = f"SELECT {keys}, count(*) FROM articles a WHERE {which.condition()} GROUP BY {numbers} ORDER BY {numbers}"
    return {tuple(row)[:-1]: row[-1] for row in ask(db, sql, which.values)}
