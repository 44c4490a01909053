"""Select articles, for every command that reads them: by a query and filters, as SQL, or by an address."""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from pipelines.database.clusters.copies import other_copies
from pipelines.database.connection import ask
from pipelines.database.filters import ArticleFilters, source_ids
from pipelines.database.query_language.addresses import (
    address_within,
    as_given,
    is_address,
    neighbours,
    normalised,
    spellings,
)
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.query_language.index_terms import EVERYWHERE, PlaceRange
from pipelines.database.query_language.near_runs import has_near
from pipelines.database.query_language.values import has_run, has_words
from pipelines.database.search.stems import ArchiveWordForms
from pipelines.database.search.vocabulary import is_there
from pipelines.database.shards.databases import Database, FleetDatabase, answers, shards_of

# CROSS JOIN keeps SQLite from turning the order round: it would query FTS5 for each article in turn.
FROM_MATCHES = "articles_fts CROSS JOIN articles a {index} ON a.place = articles_fts.rowid"


class ArticleSelection(NamedTuple):
    """Hold a query and filters as SQL on `articles a` and its full-text index."""

    match: str | None = None  # FTS5 expression of what the index knows; None: nothing
    headline: str | None = None  # `match` with its words in the headline; None: there is nothing to rank by
    in_title: str = ""  # what `headline` does not say of it: "", or conditions that begin with AND
    has_words: bool = False  # `match` has words that can be marked in a text
    places: PlaceRange = EVERYWHERE  # where the days are that fit
    tests: str = ""  # of the rest: "", or conditions that begin with AND
    test_values: Mapping[str, Any] = MappingProxyType({})  # bound in `tests`
    shards: tuple[int, ...] | None = None  # positions of the shards of a fleet that have its sources; None: all

    @property
    def is_everything(self) -> bool:
        """Return True if every article fits."""
        return self.match is None and not self.where

    @property
    def values(self) -> dict[str, Any]:
        """Return what is bound in all SQL of this selection."""
        first, last = self.places
        return dict(self.test_values) | {"match": self.match, "first_place": first, "last_place": last}

    @property
    def where(self) -> str:
        """Return what must hold besides `match`: "", or conditions on `articles a` that begin with AND."""
        between = "AND a.place BETWEEN :first_place AND :last_place"
        return self.tests if self.places == EVERYWHERE else f"{between} {self.tests}"

    def condition(self) -> str:
        """Return all as one condition on `articles a`."""
        if self.match is None:
            return f"1 {self.where}"
        return f"""a.place IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :match
                                  AND rowid BETWEEN :first_place AND :last_place) {self.tests}"""

    @property
    def place(self) -> str:
        """Return the name of the column of places in `found`."""
        return "a.place" if self.match is None else "articles_fts.rowid"

    def found(self, *, joined: bool = False, index: str = "") -> str:
        """Return the rest of a SELECT from FROM on. It gives each match once, from the index alone if that suffices.

        `joined`: with the columns of `articles a`. `index`: INDEXED BY one of its indexes, or "".
        """
        between = f"{self.place} BETWEEN :first_place AND :last_place {self.tests}"
        if self.match is None:
            return f"FROM articles a {index} WHERE {between}"
        tables = FROM_MATCHES.format(index=index) if joined or self.tests else "articles_fts"
        return f"FROM {tables} WHERE articles_fts MATCH :match AND {between}"

    def within(self, places: PlaceRange) -> ArticleSelection:
        """Return the selection of those that are also in a range of places."""
        return self._replace(places=self.places.within(places))

    def that(self, test: str, values: Mapping[str, Any]) -> ArticleSelection:
        """Return the selection of those of which a condition on `articles a` is true. `values` are bound in it."""
        return self._replace(tests=f"{self.tests} AND {test}", test_values={**self.test_values, **values})

    def also(self, term: str) -> ArticleSelection:
        """Return the selection of those that also fit an FTS5 expression. It is not for ranking."""
        return self._replace(match=term if self.match is None else f"{self.match} AND {term}")


def article_selection(db: Database, query: str | None, filters: ArticleFilters) -> ArticleSelection:
    """Return the SQL for a query and filters, and give the connection the function that it needs.

    Of a fleet, it is the same for all shards: what a name or a word means is looked up in all of them.

    An address selects the article that it leads to; if there is none, its words are searched for. Raises QueryError for
    the query, NotFound for a source.
    """
    if filters.unique:
        which = article_selection(db, query, replace(filters, unique=False))
        copies = json.dumps(_copies(db, which))
        return which.that("a.id NOT IN (SELECT value FROM json_each(:copies))", {"copies": copies})
    sources = source_ids(db, filters.source)
    terms, places = filters.terms(sources), filters.places()
    tests, values = filters.seen()
    asked = None
    if query is not None and query.strip():
        if is_address(query) and (number := article_at(db, query)) is not None:
            tests.append("a.id = :article")
            values["article"] = number
        else:
            asked = query_conditions(db, address_within(query) if is_address(query) else query, filters)
            tests += asked.where
            values |= asked.values
            places = places.within(asked.places)
            if asked.where or asked.in_title:
                for one in shards_of(db):
                    one.create_function("has_words", 2, has_words, deterministic=True)
                    one.create_function("has_run", 2, has_run, deterministic=True)
                    one.create_function("has_near", 2, has_near, deterministic=True)
    return ArticleSelection(
        match=_all_of(asked.match if asked else None, terms),
        headline=_all_of(asked.headline, terms) if asked and asked.headline else None,
        in_title=" ".join(f"AND {test}" for test in asked.in_title) if asked else "",
        has_words=asked is not None and asked.has_words,
        places=places,
        tests=" ".join(f"AND {test}" for test in tests),
        test_values=values,
        shards=_shards_with(db, sources) if sources and not isinstance(db, sqlite3.Connection) else None,
    )


def _shards_with(db: FleetDatabase, sources: list[int]) -> tuple[int, ...]:
    sql = f"SELECT 1 FROM sources WHERE id IN ({', '.join(map(str, sources))})"
    return tuple(number for number, one in enumerate(db.shards) if next(ask(one, sql), None) is not None)


def copies_selected(db: Database, query: str | None, filters: ArticleFilters) -> list[int]:
    """Return the articles that are copies of another one that is selected, too. Raises as `article_selection` does."""
    return _copies(db, article_selection(db, query, filters))


def _copies(db: Database, which: ArticleSelection) -> list[int]:
    """Return the copies among what is selected. Shards do not know copies of each other's articles."""
    found = answers(db, lambda one: other_copies(one, which.condition(), which.values))
    return [number for numbers in found for number in numbers]


def query_conditions(
    db: Database, query: str, filters: ArticleFilters, forms: ArchiveWordForms | None = None
) -> QueryConditions:
    """Return a query as SQL for this archive. ~word is in the language of the filters, if they name one."""
    forms = forms or ArchiveWordForms(db, filters.language)
    return QueryConditions(query, partial(source_ids, db), forms, partial(is_there, db))


def _all_of(match: str | None, terms: list[str]) -> str | None:
    """Return one FTS5 expression of several; None of none."""
    return " AND ".join([*([match] if match else []), *terms]) or None


def article_at(db: Database, url: str) -> int | None:
    """Return the id of the article at an address, in any spelling; else of that on another host of its site: `www.`."""
    keys = normalised(spellings(as_given(url)))
    return _first_of(db, keys) or _first_of(db, neighbours(keys))


def _first_of(db: Database, keys: list[str]) -> int | None:
    sql = """SELECT id FROM articles WHERE url_key = ?1
             UNION ALL SELECT article_id FROM aliases WHERE url_key = ?1 LIMIT 1"""
    return next((row["id"] for key in keys for one in shards_of(db) for row in ask(one, sql, (key,))), None)
