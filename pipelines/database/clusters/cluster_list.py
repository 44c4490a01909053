"""List clusters of copies: how many, in which papers, since when, from where, and what each copy keeps. Read-only."""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.database.clusters.copies import EARLIEST
from pipelines.database.connection import Row, ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database, answers, shards_of

DAY = "CASE WHEN a.published IS NOT NULL THEN a.published_day END"
# The order in which clusters are listed. An undated copy counts by the day on which it came in.
NEWEST = f"""(SELECT max(coalesce({DAY}, substr(a.first_seen, 1, 10)))
    FROM cluster_members m JOIN articles a ON a.id = m.article_id WHERE m.cluster_id = c.id)"""
ORDERED = {"size": "c.copies", "newest": NEWEST}
SORTS = {"size": "c.copies DESC, c.id", "newest": f"{NEWEST} DESC, c.id"}
COPY_KEYS = ("id", "source", "url", "title", "published_day", "first_seen", "kept", "origin_kept")
CLUSTER_KEYS = (
    "copies", "papers", "first_day", "last_day", "origin", "origin_in_archive", "evidence", "said_by", "article",
    "title", "members",
)  # fmt: skip
FLAT_KEYS = (*CLUSTER_KEYS[:-2], *COPY_KEYS)  # a row for each copy


def clusters(
    db: Database,
    query: str | None = None,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "size",
    limit: int | None = 20,
    offset: int = 0,
) -> Iterator[Row]:
    """Yield the clusters of which a copy matches, whole, with the keys CLUSTER_KEYS.

    `article`: the number of the article that the shares of its `members` are measured against, which is the probable
    origin, or the earliest copy if the origin is not in the archive. `kept`: the share of a copy's text that is in that
    article's; `origin_kept`: the share of that article's text that the copy keeps. Raises QueryError, NotFound (of the
    source).
    """
    if sort not in SORTS:
        raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
    matching, values = _matching(db, query, filters)
    end = None if limit is None else offset + limit
    page = {"limit": -1 if end is None else end}
    sql = f"SELECT {ORDERED[sort]} AS first, c.* FROM clusters c WHERE {matching} ORDER BY {SORTS[sort]} LIMIT :limit"
    found = [((row, one) for row in ask(one, sql, values | page)) for one in shards_of(db)]
    in_order = found[0] if len(found) == 1 else heapq.merge(*found, key=_position, reverse=True)
    return (_cluster(one, row) for row, one in islice(in_order, offset, end))


def _position(found: tuple[sqlite3.Row, sqlite3.Connection]) -> tuple[Any, int]:
    """Return what clusters of several shards are in order by; of equal ones, the one with the lower number is first."""
    row, _ = found
    return row["first"], -row["id"]


def count_clusters(db: Database, query: str | None = None, filters: ArticleFilters = EVERYTHING) -> int:
    """Return of how many clusters a copy matches. Raises QueryError, NotFound (of the source)."""
    matching, values = _matching(db, query, filters)
    sql = f"SELECT count(*) AS n FROM clusters c WHERE {matching}"
    return sum(answers(db, lambda one: int(next(ask(one, sql, values))["n"])))


def cluster_of(db: Database, article: int) -> Row | None:
    """Return the cluster that an article is in, with the keys CLUSTER_KEYS; None if it has no copy."""
    sql = "SELECT c.* FROM clusters c WHERE id = (SELECT cluster_id FROM cluster_members WHERE article_id = ?)"
    return next((_cluster(one, row) for one in shards_of(db) for row in ask(one, sql, (article,))), None)


def flat(cluster: Row) -> Iterator[Row]:
    """Yield a row for each copy in a cluster, with the keys FLAT_KEYS."""
    for copy in cluster["members"]:
        yield {name: copy[name] if name in COPY_KEYS else cluster[name] for name in FLAT_KEYS}


def _matching(db: Database, query: str | None, filters: ArticleFilters) -> tuple[str, dict[str, Any]]:
    """Return a condition on `clusters c`, and its values."""
    which = article_selection(db, query, filters)
    if which.is_everything:
        return "1", {}
    return (
        f"""c.id IN (SELECT m.cluster_id FROM articles a JOIN cluster_members m ON m.article_id = a.id
                         WHERE {which.condition()})""",
        which.values,
    )


def _cluster(db: sqlite3.Connection, row: sqlite3.Row) -> Row:
    members = [dict(one) for one in ask(db, f"""
        SELECT a.id, coalesce(s.name, a.site_name) AS source, a.url, a.title, {DAY} AS published_day, a.first_seen,
               m.kept, m.origin_kept
          FROM cluster_members m JOIN articles a ON a.id = m.article_id LEFT JOIN sources s ON s.id = a.source_id
         WHERE m.cluster_id = ? ORDER BY a.id != ?, {EARLIEST}""", (row["id"], row["origin_id"]))]  # fmt: skip
    days = sorted(one["published_day"] for one in members if one["published_day"])
    first = next((one for one in members if one["id"] == row["origin_id"]), {})
    for one in members:
        one["kept"], one["origin_kept"] = round(one["kept"], 3), round(one["origin_kept"], 3)
    return {
        "copies": len(members), "papers": len({one["source"] for one in members}),
        "first_day": days[0] if days else None, "last_day": days[-1] if days else None,
        "origin": row["origin_name"] or first.get("source"), "origin_in_archive": row["origin_name"] is None,
        "evidence": row["evidence"], "said_by": row["said_by"], "article": row["origin_id"],
        "title": first.get("title"), "members": members,
    }  # fmt: skip
