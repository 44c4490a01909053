"""Find the articles that match a query and filters: the hits in their order, with a passage of each. Read-only."""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice

from pipelines.core.errors import QueryError
from pipelines.database.connection import Row, ask, decode_row, decode_rows
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.queries import BATCH_ROWS, PUBLISHED_DAY, column_names
from pipelines.database.selection import ArticleSelection, article_selection

SORTS = ("relevance", "newest", "oldest")
# A word in the headline counts as ten in the text, a word in the byline as five.
WEIGHTS = "bm25(10.0, 5.0, 1.0, 1.0, 0.0)"
SNIPPET_WORDS = 24
SNIPPET_CHARS = 320  # if words are not separated (CJK), 24 "words" are a page


HIT_COLUMNS = (
    f"a.id, s.name AS source, a.url, a.title, a.published, {PUBLISHED_DAY}, a.language, a.byline, a.authors, "
    "a.word_count, a.revision, a.first_seen, a.last_seen"
)
HIT_KEYS = (*column_names(HIT_COLUMNS), "snippet")

# CROSS JOIN keeps SQLite from turning the order round: it would query FTS5 for each article in turn.
FROM_MATCHES = "articles_fts CROSS JOIN articles a ON a.place = articles_fts.rowid"
BEGINNING = "substr(coalesce(nullif(a.description, ''), a.text), 1, 400)"
SNIPPET = f"snippet(articles_fts, 2, :open, :close, '…', {SNIPPET_WORDS})"


def search(
    db: sqlite3.Connection,
    query: str | None,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "relevance",
    limit: int | None = 20,
    offset: int = 0,
    markers: tuple[str, str] = ("[", "]"),
) -> Iterator[Row]:
    """Yield the articles that match, with the keys HIT_KEYS; without a query, all that pass the filters.

    `snippet` is the part of the text around the words found, each between `markers`, or the beginning of the text.
    `limit` None means all. Without a query, "relevance" is "newest". Raises QueryError, NotFound (of the source).
    """
    if sort not in SORTS:
        raise QueryError(f"--sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
    if offset < 0 or (limit is not None and limit < 0):
        raise QueryError("--limit and --offset", "less than nothing", "give numbers from 0")
    which = article_selection(db, query, filters)
    page, order = {"limit": -1 if limit is None else limit, "offset": offset}, "ASC" if sort == "oldest" else "DESC"
    is_ranked = which.match is not None and sort == "relevance"
    hits = _by_rank(db, which, page, markers) if is_ranked else _by_day(db, which, page, order, markers)
    return (hit | {"snippet": clip_snippet(hit["snippet"], markers)} for hit in hits)


def _by_rank(db: sqlite3.Connection, which: ArticleSelection, page: Row, markers: tuple[str, str]) -> Iterator[Row]:
    # Ordering by `rank` alone lets FTS5 sort, and snippets are made only for the rows that are returned. A second
    # term, or bm25() instead, makes SQLite sort finished rows, which takes twice the time.
    sql = f"""
        SELECT {HIT_COLUMNS}, {SNIPPET} AS snippet FROM {FROM_MATCHES} LEFT JOIN sources s ON s.id = a.source_id
         WHERE articles_fts MATCH :match AND rank MATCH '{WEIGHTS}' {which.where}
         ORDER BY rank LIMIT :limit OFFSET :offset"""
    return decode_rows("articles", ask(db, sql, which.values | page | _marks(markers)))


def _by_day(
    db: sqlite3.Connection, which: ArticleSelection, page: Row, order: str, markers: tuple[str, str]
) -> Iterator[Row]:
    """Yield hits by day: take the places that the page needs from the index alone, then fetch rows and snippets."""
    sql = f"""SELECT a.place FROM articles a WHERE {which.condition()}
               ORDER BY a.place {order} LIMIT :limit OFFSET :offset"""
    places = (row["place"] for row in ask(db, sql, which.values | page))
    if which.match is None:
        select = f"SELECT {HIT_COLUMNS}, a.place, {BEGINNING} AS snippet FROM articles a"
        where = "a.place"
    else:
        select = f"SELECT {HIT_COLUMNS}, a.place, {SNIPPET} AS snippet FROM {FROM_MATCHES}"
        # `+`: one pass over the matches. By rowid, FTS5 would start again for each: 20 times 0.2 s for a short a*.
        where = "articles_fts MATCH :match AND +articles_fts.rowid"
    while batch := list(islice(places, BATCH_ROWS)):
        sql = f"""{select} LEFT JOIN sources s ON s.id = a.source_id
                   WHERE {where} IN ({", ".join(map(str, batch))})"""
        found = {row["place"]: row for row in ask(db, sql, {"match": which.match} | _marks(markers))}
        hits = (decode_row(found[place], "articles") for place in batch if place in found)
        yield from ({name: value for name, value in hit.items() if name != "place"} for hit in hits)


def _marks(markers: tuple[str, str]) -> Row:
    return {"open": markers[0], "close": markers[1]}


def clip_snippet(snippet: str, markers: tuple[str, str]) -> str:
    """Return a snippet on one line of at most SNIPPET_CHARS, cut around the first word that was found."""
    line = " ".join(snippet.split())
    if len(line) <= SNIPPET_CHARS:
        return line
    start = max(0, min(line.find(markers[0]) - SNIPPET_CHARS // 3, len(line) - SNIPPET_CHARS))
    cut = line[start : start + SNIPPET_CHARS]
    unclosed = cut.count(markers[0]) > cut.count(markers[1])
    return ("…" if start else "") + cut + (markers[1] if unclosed else "") + "…"
