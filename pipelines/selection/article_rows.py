"""Select rows for datasets in other shapes than `queries.articles`: a row per revision, or rows by source and month.

Rows have the keys `queries.ARTICLE_KEYS` and are streamed.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any

from pipelines.database.connection import Row, ask, decode_rows
from pipelines.database.filters import ArticleFilters
from pipelines.database.queries import ARTICLE_COLUMNS, BATCH_ROWS, FROM_ARTICLES, article_selection, chosen_columns
from pipelines.database.shards.databases import Database, shards_of

# Columns that a revision has itself. All others are the newest that is known of the article.
OF_REVISION = ("title", "description", "authors", "modified", "text", "line_kinds", "text_digest", "extractor")
# What the article has for `modified` of its newest revision, and earlier ones lack.
OF_NEWEST = ("modified_raw", "modified_from", "word_count")
GROUPS = {"source": "s.name", "month": "substr(a.published_day, 1, 7)"}


def _revision_columns() -> str:
    columns = ARTICLE_COLUMNS.replace("a.revision,", "r.number AS revision,")
    for name in OF_REVISION:
        columns = re.sub(rf"\ba\.{name}\b(?!_)", f"r.{name}", columns)
    for name in OF_NEWEST:
        columns = columns.replace(f"a.{name},", f"CASE WHEN r.number = a.revision THEN a.{name} END AS {name},")
    return columns


# Besides the keys of an article: whether the revision is the newest.
REVISION_COLUMNS = f"{_revision_columns()}, r.number = a.revision AS is_newest"
FROM_REVISIONS = FROM_ARTICLES.replace(
    "articles a JOIN captures c ON c.id = a.capture_id",
    "articles a JOIN revisions r ON r.article_id = a.id JOIN captures c ON c.id = r.capture_id",
)


def revisions_of_articles(
    db: Database, filters: ArticleFilters, query: str | None, columns: Sequence[str] | None
) -> Iterator[Row]:
    """Yield every revision of the articles that match, by id and number.

    `columns`: their keys, as for `queries.articles`, and `is_newest`; None: all. Memory holds the ids of a selection.
    Raises QueryError, NotFound (of the source).
    """
    which = article_selection(db, query, filters)
    ids = f"a.id IN (SELECT a.id FROM articles a WHERE {which.condition()})"
    every = which.is_everything
    chosen = _chosen_of_revision(columns)
    sql = f"SELECT {chosen} FROM {FROM_REVISIONS} WHERE {'1' if every else ids} ORDER BY a.id, r.number"
    found = [decode_rows("revisions", ask(one, sql, which.values)) for one in shards_of(db)]
    in_order = found[0] if len(found) == 1 else merge(*found, key=itemgetter("id", "revision"))
    return map(_counted_words, in_order)


def grouped_articles(
    db: Database,
    groups: tuple[str, ...],
    filters: ArticleFilters,
    query: str | None,
    columns: Sequence[str] | None,
    *,
    every_revision: bool,
) -> Iterator[Row]:
    """Yield the articles that match, or all their revisions, ordered by `groups` (keys of GROUPS) and then by id.

    `columns` as above. SQLite sorts short rows of numbers, not the articles. Raises QueryError, NotFound (of the
    source).
    """
    which = article_selection(db, query, filters)
    order = ", ".join(GROUPS[name] for name in groups)
    keys = ", ".join(GROUPS[name] for name in groups)
    sql = f"""SELECT a.id, {keys} FROM articles a LEFT JOIN sources s ON s.id = a.source_id
               WHERE {which.condition()} ORDER BY {order}, a.id"""
    found_ids = [ask(one, sql, which.values) for one in shards_of(db)]
    in_order = found_ids[0] if len(found_ids) == 1 else merge(*found_ids, key=_group_key)
    ids = (row["id"] for row in in_order)
    if every_revision:
        table, chosen, tables, last = "revisions", _chosen_of_revision(columns), FROM_REVISIONS, "r.number"
    else:
        table, chosen, tables, last = "articles", chosen_columns(ARTICLE_COLUMNS, columns), FROM_ARTICLES, "a.id"
    while batch := list(islice(ids, BATCH_ROWS)):
        sql = f"SELECT {chosen} FROM {tables} WHERE a.id IN ({', '.join(map(str, batch))}) ORDER BY a.id, {last}"
        found: dict[int, list[Row]] = {}
        for row in (row for one in shards_of(db) for row in decode_rows(table, ask(one, sql))):
            found.setdefault(row["id"], []).append(_counted_words(row) if every_revision else row)
        for number in batch:
            yield from found.get(number, ())


def _group_key(row: sqlite3.Row) -> tuple[list[tuple[bool, Any]], int]:
    """Return what rows of groups are in order by, as SQLite has it: NULL first."""
    number, *values = row
    return [(value is not None, value) for value in values], number


def _chosen_of_revision(columns: Sequence[str] | None) -> str:
    if columns is not None and "word_count" in columns and "text" not in columns:
        columns = [*columns, "text"]  # whose words are counted
    return chosen_columns(REVISION_COLUMNS, columns)


def _counted_words(row: Row) -> Row:
    if "word_count" in row and row["word_count"] is None:
        from pipelines.extraction.extract import count_words

        row["word_count"] = count_words(row["text"])
    return row
