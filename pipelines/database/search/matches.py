"""Find the ids of the articles that match, in their order: what a reader needs that then takes its time. Read-only."""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import sqlite3
from array import array

from pipelines.core.errors import QueryError
from pipelines.database.connection import ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search.hits import FROM_MATCHES, SORTS, WEIGHTS
from pipelines.database.selection import article_selection


def article_ids(
    db: sqlite3.Connection,
    query: str | None,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "relevance",
    limit: int | None = None,
    offset: int = 0,
) -> array[int]:
    """Return the ids of the articles that match, in the order of `hits.search`: all of them, eight bytes each.

    Raises QueryError, NotFound (of the source).
    """
    if sort not in SORTS:
        raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
    which = article_selection(db, query, filters)
    if which.match is not None and sort == "relevance":
        ranked = f"articles_fts MATCH :match AND rank MATCH '{WEIGHTS}'"
        sql = f"SELECT a.id FROM {FROM_MATCHES} WHERE {ranked} {which.where} ORDER BY rank"
    else:
        order = "ASC" if sort == "oldest" else "DESC"
        sql = f"SELECT a.id FROM articles a WHERE {which.condition()} ORDER BY a.published_day {order}, a.id {order}"
    page = {"limit": -1 if limit is None else limit, "offset": offset}
    return array("q", (row[0] for row in ask(db, f"{sql} LIMIT :limit OFFSET :offset", which.values | page)))
