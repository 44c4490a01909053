"""Put the matches of a query in order, as places: by day, or by relevance within a pool. Read-only.

Ranking costs time for each match, and a frequent word has a million of them. So the newest matches are ranked, in two
parts: first those with the words in the headline, then the others. Those that are in neither part follow by day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import DATED, UNDATED, PlaceRange
from pipelines.database.selection import ArticleSelection

SORTS = ("relevance", "newest", "oldest")
CONTEXT_SORTS = ("left", "right")  # of lines in context
POOL_MATCHES = 20_000  # ranked in each part


def places_in_order(
    db: sqlite3.Connection, which: ArticleSelection, sort: str, limit: int | None, offset: int
) -> Iterator[int]:
    """Yield the places of a page of the matches, in one of the orders SORTS. `limit` None means all."""
    end = None if limit is None else offset + limit
    if sort == "relevance" and which.headline is not None:
        places = most_relevant_first(db, which, end)
    else:
        places = (oldest_first if sort == "oldest" else newest_first)(db, which)
    return islice(places, offset, end)


def newest_first(db: sqlite3.Connection, which: ArticleSelection) -> Iterator[int]:
    """Yield the places of all matches, the newest first. The undated follow after all days."""
    return _places(db, which, f"{which.place} DESC")


def oldest_first(db: sqlite3.Connection, which: ArticleSelection) -> Iterator[int]:
    """Yield the places of all matches, the oldest first. The undated follow after all days."""
    for places in (DATED, UNDATED):
        yield from _places(db, which.within(places), which.place)


def most_relevant_first(db: sqlite3.Connection, which: ArticleSelection, needed: int | None) -> Iterator[int]:
    """Yield the places of all matches: those in headlines, then the others, then what is not in the pool, by day.

    `needed`: how many the caller takes at most, which spares SQLite the order of the others. Of two that are equally
    relevant, the newer one comes first.
    """
    seen = set[int]()
    cut = 0
    parts = [which._replace(match=which.headline), which]
    if parts[0] == which and not which.in_title:
        parts.pop()
    for part in parts:
        cut = pool_end(db, part)
        pool = part.within(PlaceRange(cut + 1))
        if part is not which:
            pool = pool._replace(tests=pool.tests + which.in_title)  # of the pool, because it reads rows
        for place in _places(db, pool, f"rank, {pool.place} DESC", needed):
            if place not in seen:
                seen.add(place)
                yield place
    if cut:
        yield from (place for place in newest_first(db, which.within(PlaceRange(last=cut))) if place not in seen)


def pool_end(db: sqlite3.Connection, which: ArticleSelection) -> int:
    """Return the place of the newest match that is not in the pool; 0 if all are in it."""
    sql = f"SELECT {which.place} {which.found()} ORDER BY {which.place} DESC LIMIT 1 OFFSET {POOL_MATCHES}"
    return next((int(row[0]) for row in ask(db, sql, which.values)), 0)


def _places(db: sqlite3.Connection, which: ArticleSelection, order: str, limit: int | None = None) -> Iterator[int]:
    sql = f"SELECT {which.place} {which.found()} ORDER BY {order} LIMIT :limit"
    return (int(row[0]) for row in ask(db, sql, which.values | {"limit": -1 if limit is None else limit}))
