"""Find where the articles that match are, in their order: for a reader that then takes its time. Read-only."""

from __future__ import annotations

import sqlite3
from array import array

from pipelines.database.filters import ArticleFilters
from pipelines.database.search.ranking import places_in_order
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database


def article_places(
    db: Database, query: str | None, filters: ArticleFilters, sort: str, limit: int | None, offset: int
) -> array[int]:
    """Return the places of the articles that match, in the order of `hits.search`: eight bytes each.

    `sort` is one of SORTS in `ranking`. Raises QueryError, NotFound (of the source).
    """
    which = article_selection(db, query, filters)
    if not isinstance(db, sqlite3.Connection):
        from pipelines.database.shards.merged_places import merged_places

        return array("q", merged_places(db, which, sort, limit, offset))
    return array("q", places_in_order(db, which, sort, limit, offset))
