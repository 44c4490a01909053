"""Say which articles are copies of others: for hits, selections and datasets. Read-only."""

# ruff: noqa: S608 - SQL is put together here from conditions of our own; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.database.connection import Row, ask
from pipelines.database.shards.databases import Database, answers, shards_of

# Of a cluster, the probable origin comes first, then what was published first; of one day, what came in first.
EARLIEST = "coalesce(a.published_day, substr(a.first_seen, 1, 10)), a.first_seen, a.id"


def waiting(db: Database) -> int:
    """Return how many articles are not compared yet, or are to be compared again."""
    return sum(int(next(ask(one, "SELECT count(*) FROM unclustered"))[0]) for one in shards_of(db))


def is_waiting(db: Database, article: int) -> bool:
    """Return True if an article is not compared yet, or is to be compared again."""
    sql = "SELECT 1 FROM unclustered WHERE article_id = ?"
    return any(next(ask(one, sql, (article,)), None) is not None for one in shards_of(db))


def other_copies(db: sqlite3.Connection, condition: str, values: Mapping[str, Any]) -> list[int]:
    """Return, of the articles `a` that meet a condition, those that are copies of another one that meets it, too.

    Of each cluster one is left: its probable origin if that meets the condition, else the earliest.
    """
    found: list[int] = []
    before = None
    for row in ask(db, f"""
        SELECT a.id, m.cluster_id FROM articles a JOIN cluster_members m ON m.article_id = a.id
          JOIN clusters c ON c.id = m.cluster_id
         WHERE {condition} ORDER BY m.cluster_id, a.id != c.origin_id, {EARLIEST}""", values):  # fmt: skip
        if row["cluster_id"] == before:
            found.append(row["id"])
        before = row["cluster_id"]
    return found


def other_copies_among(db: Database, articles: Iterable[int]) -> set[int]:
    """Return the same for articles with these numbers."""
    listed = {"articles": json.dumps(list(articles))}
    found = answers(db, lambda one: other_copies(one, "a.id IN (SELECT value FROM json_each(:articles))", listed))
    return {number for numbers in found for number in numbers}


def with_copies(db: Database, hits: Iterable[Row]) -> Iterator[Row]:
    """Yield hits with one more key, `copies`: how many other copies of their text the archive has."""
    query = """SELECT copies - 1 AS others FROM clusters
                WHERE id = (SELECT cluster_id FROM cluster_members WHERE article_id = ?)"""
    for hit in hits:
        row = next((row for one in shards_of(db) for row in ask(one, query, (hit["id"],))), None)
        yield hit | {"copies": 0 if row is None else row["others"]}


def first_url(db: Database, article: int) -> str | None:
    """Return the address that all copies of a text share: of the article that came in first; None for a single one."""
    query = """SELECT f.url FROM cluster_members m JOIN articles f ON f.id = m.cluster_id WHERE m.article_id = ?"""
    return next((str(row["url"]) for one in shards_of(db) for row in ask(one, query, (article,))), None)
