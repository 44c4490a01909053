"""Select rows for datasets in other shapes than `queries.articles`: a row per revision, or rows by source and month.

Rows have the keys `queries.ARTICLE_KEYS` and are streamed.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from itertools import islice

from pipelines.database.connection import Row, ask, decode_row, decode_rows
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.queries import ARTICLE_COLUMNS, BATCH_ROWS, FROM_ARTICLES, article_selection

# Columns that a revision has itself. All others are the newest that is known of the article.
OF_REVISION = ("title", "description", "authors", "modified", "text", "text_digest", "extractor")
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


REVISION_COLUMNS = _revision_columns()
FROM_REVISIONS = FROM_ARTICLES.replace(
    "articles a JOIN captures c ON c.id = a.capture_id",
    "articles a JOIN revisions r ON r.article_id = a.id JOIN captures c ON c.id = r.capture_id",
)


def revisions_of_articles(
    db: sqlite3.Connection, filters: ArticleFilters = EVERYTHING, query: str | None = None
) -> Iterator[Row]:
    """Yield every revision of the articles that match, by id and number.

    Memory holds the ids of a selection. Raises QueryError, NotFound (of the source).
    """
    from pipelines.extraction.extract import count_words

    which = article_selection(db, query, filters)
    ids = f"a.id IN (SELECT a.id FROM articles a WHERE {which.condition()})"
    every = which.is_everything
    sql = f"SELECT {REVISION_COLUMNS} FROM {FROM_REVISIONS} WHERE {'1' if every else ids} ORDER BY a.id, r.number"
    for row in decode_rows("revisions", ask(db, sql, which.values)):
        if row["word_count"] is None:
            row["word_count"] = count_words(row["text"])
        yield row


def grouped_articles(
    db: sqlite3.Connection, groups: tuple[str, ...], filters: ArticleFilters = EVERYTHING, query: str | None = None
) -> Iterator[Row]:
    """Yield the articles that match, ordered by `groups` (keys of GROUPS) and then by id.

    SQLite sorts short rows of numbers, not the articles. Raises QueryError, NotFound (of the source).
    """
    which = article_selection(db, query, filters)
    order = ", ".join(GROUPS[name] for name in groups)
    sql = f"""SELECT a.id FROM articles a LEFT JOIN sources s ON s.id = a.source_id
               WHERE {which.condition()} ORDER BY {order}, a.id"""
    ids = (row["id"] for row in ask(db, sql, which.values))
    while batch := list(islice(ids, BATCH_ROWS)):
        sql = f"SELECT {ARTICLE_COLUMNS} FROM {FROM_ARTICLES} WHERE a.id IN ({', '.join(map(str, batch))})"
        found = {row["id"]: row for row in ask(db, sql)}
        yield from (decode_row(found[number], "articles") for number in batch if number in found)
