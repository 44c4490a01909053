"""Find the articles that match a query and filters: the hits in their order, with a passage of each. Read-only."""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from pipelines.core.errors import QueryError
from pipelines.database.connection import Row, ask, decode_row
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.queries import BATCH_ROWS, PUBLISHED_DAY, column_names
from pipelines.database.query_language.index_terms import EVERY_ARTICLE
from pipelines.database.search import ranking
from pipelines.database.search.counts import count_selected
from pipelines.database.search.ranking import SORTS
from pipelines.database.search.snippets import clip_snippet, passages
from pipelines.database.search.spans import INDEXED_COLUMNS, PageIndex
from pipelines.database.selection import ArticleSelection, article_selection
from pipelines.database.shards.databases import Database, by_shard

HIT_COLUMNS = (
    f"a.id, s.name AS source, a.url, a.title, a.published, {PUBLISHED_DAY}, a.language, a.byline, a.authors, "
    "a.word_count, a.revision, a.first_seen, a.last_seen"
)
HIT_KEYS = (*column_names(HIT_COLUMNS), "snippet")
ROW_COLUMNS = f"{HIT_COLUMNS}, a.place, substr(coalesce(nullif(a.description, ''), a.text), 1, 400) AS snippet"
# The same text for each page, so that the connection keeps what SQLite made of it.
AT = "WHERE a.place IN (SELECT value FROM json_each(?))"
HITS = f"SELECT {ROW_COLUMNS} FROM articles a LEFT JOIN sources s ON s.id = a.source_id {AT}"
TEXTS = f"SELECT {', '.join(f'a.{name}' for name in ('place', *INDEXED_COLUMNS))} FROM articles a {AT}"


class RankedPool(NamedTuple):
    """Say that only the newest of many matches are ranked by relevance."""

    ranked: int  # the newest matches; beside them, as many of those with the words in the headline
    total: int  # matches


class SearchHits(Iterator[Row]):
    """Yield hits once, with the keys HIT_KEYS. `search` makes it."""

    def __init__(self, db: Database, which: ArticleSelection, hits: Iterator[Row], *, ranked: bool) -> None:
        """`ranked`: the order is that of relevance."""
        self._db, self._which, self._hits, self._ranked = db, which, hits, ranked

    def __next__(self) -> Row:
        return next(self._hits)

    @cached_property
    def total(self) -> int:
        """Return the number of all matches, of which the hits are a page."""
        return count_selected(self._db, self._which)

    @property
    def pool(self) -> RankedPool | None:
        """Return how many matches were ranked, if it is not all of them. The others follow them, the newest first."""
        if not self._ranked or self.total <= ranking.POOL_MATCHES:
            return None
        return RankedPool(ranking.POOL_MATCHES, self.total)


def search(
    db: Database,
    query: str | None,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "relevance",
    limit: int | None = 20,
    offset: int = 0,
    markers: tuple[str, str] = ("[", "]"),
) -> SearchHits:
    """Return the articles that match, with the keys HIT_KEYS; without a query, all that pass the filters.

    `snippet` is the part of the text around the words found, each between `markers`, or the beginning of the text.
    `limit` None means all. Without words to rank by, "relevance" is "newest"; see `SearchHits.pool`. Raises QueryError,
    NotFound (of the source).
    """
    if sort not in SORTS:
        raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
    if offset < 0 or (limit is not None and limit < 0):
        raise QueryError("limit and offset", "less than nothing", "give numbers from 0")
    which = article_selection(db, query, filters)
    ranked = which.headline is not None and sort == "relevance"
    asked = db
    if isinstance(db, sqlite3.Connection):
        places = ranking.places_in_order(db, which, sort, limit, offset)
    else:
        from pipelines.database.shards.merged_places import merged_places  # one archive does not need it

        asked = db.part(which.shards)
        places = merged_places(asked, which, sort, limit, offset)
    return SearchHits(db, which, _hits(asked, which, places, markers), ranked=ranked)


def latest(
    db: Database, query: str | None, filters: ArticleFilters, limit: int, markers: tuple[str, str] = ("", "")
) -> Iterator[Row]:
    """Yield the articles that match and came in last, the last first, with the keys HIT_KEYS.

    The number of an article, not a day, says when it came in: older articles come in, too, and some have no day. Raises
    QueryError, NotFound (of the source).
    """
    from pipelines.database.schema.numbers import own_numbers, ranges_in  # which a search need not load

    which = article_selection(db, query, filters)
    matches = "+a.place IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH :match)" if which.match else "1"
    # + : the index of numbers is read from its end, and it has the places, so that few rows of articles are read.
    tests = f"""+a.place BETWEEN :first_place AND :last_place AND {matches}
               {which.tests} ORDER BY a.id DESC LIMIT :limit"""

    def places(one: sqlite3.Connection) -> list[int]:
        values = {**which.values, "limit": limit}
        if own_numbers(one) is None:
            return [row["place"] for row in ask(one, f"SELECT a.place FROM articles a WHERE {tests}", values)]
        in_range = f"""SELECT a.place, a.first_seen, a.id FROM articles a
                        WHERE a.id BETWEEN :first AND :last AND {tests}"""
        found = [
            row for numbers in ranges_in(one, "articles") for row in ask(one, in_range, {**values, **numbers._asdict()})
        ]
        # A shard may have articles that came in elsewhere.
        found.sort(key=lambda row: (row["first_seen"], row["id"]), reverse=True)
        return [row["place"] for row in found[:limit]]

    if isinstance(db, sqlite3.Connection):
        return _hits(db, which, iter(places(db)), markers)
    found = db.each(db.shards, places)
    hits = [_hits(one, which, iter(of_one), markers) for one, of_one in zip(db.shards, found, strict=True)]
    return islice(heapq.merge(*hits, key=_came_in, reverse=True), limit)


def _came_in(hit: Row) -> tuple[str, int]:
    """Return what says across shards which article came in last."""
    return hit["first_seen"], hit["id"]


def _hits(db: Database, which: ArticleSelection, places: Iterator[int], markers: tuple[str, str]) -> Iterator[Row]:
    """Yield the hits at some places, in their order. An article that was removed meanwhile is left out."""
    with closing(PageIndex(which.match or EVERY_ARTICLE)) as index:
        while batch := list(islice(places, BATCH_ROWS)):
            found: dict[int, sqlite3.Row] = {}
            texts: list[Row] = []
            for one, given in by_shard(db, batch):
                at = (json.dumps([*given]),)
                found |= {given[row["place"]]: row for row in ask(one, HITS, at)}
                if which.has_words:
                    texts += [dict(row) | {"place": given[row["place"]]} for row in ask(one, TEXTS, at)]
            marked = passages(index, texts, markers)
            for place in batch:
                if place in found:
                    hit = decode_row(found[place], "articles")
                    del hit["place"]
                    passage = marked.get(place) or hit["snippet"]
                    hit["snippet"] = clip_snippet(passage, markers)
                    yield hit
