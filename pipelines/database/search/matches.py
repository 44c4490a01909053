"""Find where the articles that match are, in their order: for a reader that then takes its time. Read-only."""

from __future__ import annotations

import sqlite3
from array import array

from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search.ranking import places_in_order
from pipelines.database.selection import article_selection


def article_places(
    db: sqlite3.Connection,
    query: str | None,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "relevance",
    limit: int | None = None,
    offset: int = 0,
) -> array[int]:
    """Return the places of the articles that match, in the order of `hits.search`: all of them, eight bytes each.

    `sort` is one of SORTS in `hits`. Raises QueryError, NotFound (of the source).
    """
    which = article_selection(db, query, filters)
    return array("q", places_in_order(db, which, sort, limit, offset))
