"""Select articles, for every command that reads them: by a query and filters, as SQL, or by an address."""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import re
import sqlite3
from functools import partial
from typing import Any, NamedTuple

from pipelines.database.connection import ask
from pipelines.database.filters import ArticleFilters, source_ids
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.query_language.values import has_run, has_words
from pipelines.database.search.stems import word_forms_of

ADDRESS = re.compile(r"(?i)(?:https?://\S+|(?:[\w-]+\.)+[^\W\d_]{2,}(?::[0-9]+)?/\S*)")  # a host alone is a word


class ArticleSelection(NamedTuple):
    """Hold a query and filters as SQL on `articles a`."""

    match: str | None  # FTS5 expression; None: no query, only filters
    where: str  # of the filters: "", or conditions that begin with AND
    values: dict[str, Any]  # bound by both

    def condition(self, *, walk: bool = True) -> str:
        """Return both as one condition.

        `walk`: follow an index on days or sources and look up each id in the set of matches. This is up to 15 times
        faster than fetching each matching row to learn its day. The `+` tells SQLite to do so.
        """
        if self.match is None:
            return f"1 {self.where}"
        plus = "+" if walk else ""
        return f"{plus}a.place IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :match) {self.where}"


def article_selection(db: sqlite3.Connection, query: str | None, filters: ArticleFilters) -> ArticleSelection:
    """Return the SQL for a query and filters, and give the connection the function that it needs.

    An address selects the article that it leads to; if there is none, its words are searched for. Raises QueryError for
    the query, NotFound for a source.
    """
    where, values = filters.where(source_ids(db, filters.source))
    if query is None or not query.strip():
        return ArticleSelection(None, where, values | {"match": None})
    if is_address(query) and (number := article_at(db, query)) is not None:
        return ArticleSelection(None, f"AND a.id = :article {where}", values | {"match": None, "article": number})
    asked = query_conditions(db, query, filters)
    if asked.where:
        db.create_function("has_words", 2, has_words, deterministic=True)
        db.create_function("has_run", 2, has_run, deterministic=True)
    tests = [*asked.where, *([where.removeprefix("AND ")] if where else [])]
    return ArticleSelection(
        asked.match, " ".join(f"AND {test}" for test in tests), values | asked.values | {"match": asked.match}
    )


def query_conditions(db: sqlite3.Connection, query: str, filters: ArticleFilters) -> QueryConditions:
    """Return a query as SQL for this archive. ~word is in the language of the filters, if they name one."""
    return QueryConditions(query, partial(source_ids, db), word_forms_of(db, filters.language))


def is_address(query: str) -> bool:
    """Return True if a query is one address, as people paste it: with a scheme, or a host and a path."""
    return ADDRESS.fullmatch(query.strip()) is not None


def article_at(db: sqlite3.Connection, url: str) -> int | None:
    """Return the id of the article at an address: as given, else as normalised, else by reading the whole table."""
    spelled = list(dict.fromkeys([as_given(url), *spellings(as_given(url.strip()))]))
    return _by_key(db, spelled) or _by_key(db, normalised(spelled)) or _by_address(db, spelled)


def _by_key(db: sqlite3.Connection, keys: list[str]) -> int | None:
    marks = ", ".join("?" * len(keys))
    sql = f"""SELECT id FROM articles WHERE url_key IN ({marks})
              UNION ALL SELECT article_id FROM aliases WHERE url_key IN ({marks}) LIMIT 1"""
    return next((row["id"] for row in ask(db, sql, keys * 2)), None)


def _by_address(db: sqlite3.Connection, urls: list[str]) -> int | None:
    marks = ", ".join("?" * len(urls))
    sql = f"SELECT id FROM articles WHERE url IN ({marks}) OR canonical_url IN ({marks}) LIMIT 1"
    return next((row["id"] for row in ask(db, sql, urls * 2)), None)


def as_given(wanted: str) -> str:
    """Return an argument as text that can be looked up. Bytes that are not UTF-8 are percent-encoded."""
    from pipelines.core.urls import address_in

    return wanted if wanted.isascii() else address_in(wanted.encode("utf-8", "surrogateescape"))


def spellings(url: str) -> list[str]:
    """Return spellings of an address as people copy it: without fragment, with or without scheme and final slash."""
    bare = url.partition("#")[0]
    rest = re.sub("^https?://", "", bare, flags=re.IGNORECASE)
    forms = (bare, f"https://{rest}", f"http://{rest}")
    return list(dict.fromkeys(spelling for form in forms for spelling in (form, form.rstrip("/"), form + "/")))


def normalised(spellings: list[str]) -> list[str]:
    """Return the keys of the addresses among some texts, without tracking parameters."""
    from pipelines.core.urls import url_key  # takes a millisecond or two, which most lookups need not pay

    keys = []
    for spelling in spellings:
        try:
            keys.append(url_key(spelling))
        except ValueError:  # not an address; the caller reports it as not found
            continue
    return list(dict.fromkeys(keys))
