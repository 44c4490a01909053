"""Show each occurrence of the words found in its context (keyword in context), one line each. Read-only."""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.database.connection import Row, ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.addresses import is_address
from pipelines.database.query_language.conditions import Marking
from pipelines.database.query_language.index_terms import test_label
from pipelines.database.query_language.tokens import named_query
from pipelines.database.search.hits import RankedPool, SearchHits, search
from pipelines.database.search.ranking import CONTEXT_SORTS, SORTS
from pipelines.database.search.spans import FIELDS, PageIndex, Span
from pipelines.database.selection import article_at, query_conditions
from pipelines.database.shards.databases import Database, shards_of

LINE_KEYS = ("left", "keyword", "right", "id", "source", "published_day", "url", "field", "position")
LINE_SORTS = (*SORTS, *CONTEXT_SORTS)
MAX_SORTED_ARTICLES = 10_000  # whose lines are sorted by context: the first by relevance
WORD = re.compile(r"[^\W_]+")  # lines are sorted by words, whatever signs are between them
WHITE_SPACE = re.compile(r"\s+")
PAGE_ARTICLES = 20  # read at a time
SLACK_CHARS = 200  # of the text beyond the context, because white space in it counts as one character


class ContextLines(Iterator[Row]):
    """Yield lines once, with the keys LINE_KEYS. `lines_in_context` makes it."""

    def __init__(self, lines: Iterator[Row], hits: SearchHits, most: int | None = None) -> None:
        """`most`: how many articles the lines were sorted among, if by their context."""
        self._lines, self._hits, self._most = lines, hits, most

    def __next__(self) -> Row:
        return next(self._lines)

    @property
    def pool(self) -> RankedPool | None:
        """Return how many matches were ranked, if it is not all of them; None if the lines have another order."""
        return self._hits.pool if self._most is None else None

    @property
    def sorted_among(self) -> int | None:
        """Return of how many articles the lines were sorted by their context, if it is not all that match."""
        return self._most if self._most is not None and self._hits.total > self._most else None


def lines_in_context(
    db: Database,
    query: str,
    filters: ArticleFilters = EVERYTHING,
    sort: str = "relevance",
    limit: int | None = 20,
    offset: int = 0,
    width: int = 40,
) -> ContextLines:
    """Return a line for each occurrence of what a query looks for, with the keys LINE_KEYS.

    `left` and `right` have at most `width` characters of the same field, on one line. `position` is the place of the
    keyword in the field, in characters. `limit` and `offset` count lines; `limit` None means all. By relevance and by
    day, lines come as they are found, article by article. By "left" or "right" they are sorted by the context next to
    the keyword, among the MAX_SORTED_ARTICLES articles that match best. Raises QueryError, NotFound (of the source).
    """
    if sort not in LINE_SORTS:
        raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(LINE_SORTS)}")
    if offset < 0 or width < 0 or (limit is not None and limit < 0):
        raise QueryError("limit, offset and width", "less than nothing", "give numbers from 0")
    by_context = sort in CONTEXT_SORTS
    if is_address(query) and (number := article_at(db, query)) is not None:
        cure = (
            f'to find texts that name it, put it in quotes: "{query.strip()}"; `morgue show {number}` shows the article'
        )
        raise QueryError(named_query(query), f"is the address of article {number}, which has no words to show", cure)
    asked = query_conditions(db, query, filters) if query.strip() else None
    marking = asked.marking() if asked else None
    if asked is None or marking is None:
        cure = "give a word, a phrase or a prefix beside the fields and filters"
        raise QueryError(named_query(query), "has no word that could be shown in its context", cure)
    hits = search(db, query, filters, "relevance" if by_context else sort, MAX_SORTED_ARTICLES if by_context else None)
    lines = _lines(db, hits, marking, asked.values, width)
    if not by_context:
        return ContextLines(islice(lines, offset, None if limit is None else offset + limit), hits)
    key = _left_key if sort == "left" else _right_key
    ordered = (sorted(lines, key=key) if limit is None else heapq.nsmallest(offset + limit, lines, key))[offset:]
    return ContextLines(iter(ordered), hits, most=MAX_SORTED_ARTICLES)


def _lines(db: Database, hits: Iterator[Row], marking: Marking, values: Mapping[str, Any], width: int) -> Iterator[Row]:
    with closing(PageIndex(marking.expression)) as index:
        while page := list(islice(hits, PAGE_ARTICLES)):
            articles = _articles(db, [hit["id"] for hit in page], marking.tests, values)
            there = [hit for hit in page if hit["id"] in articles]  # the others were removed since
            texts = [articles[hit["id"]] for hit in there]
            for hit, text, spans in zip(there, texts, index.spans(texts), strict=True):
                yield from (_line(hit, text, span, width) for span in spans)


def _articles(
    db: Database, numbers: Sequence[int], tests: Sequence[str], values: Mapping[str, Any]
) -> dict[int, Mapping[str, Any]]:
    """Return articles by number, with KEYS. `labels` also has those of the conditions `tests` that one passes."""
    labels = ["a.labels", *(f"iif({test}, ' {test_label(number)}', '')" for number, test in enumerate(tests))]
    fields = ", ".join(f"a.{field}" for field in FIELDS)
    sql = f"""SELECT a.id, {fields}, {" || ".join(labels)} AS labels
                FROM articles a WHERE a.id IN ({", ".join(map(str, numbers))})"""  # noqa: S608 - constants and numbers
    return {row["id"]: dict(row) for one in shards_of(db) for row in ask(one, sql, values)}


def _line(hit: Row, article: Mapping[str, Any], span: Span, width: int) -> Row:
    text = article[span.field]
    reach = width + SLACK_CHARS
    return {
        "left": _last(_on_one_line(text[max(0, span.start - reach) : span.start]), width),
        "keyword": _on_one_line(text[span.start : span.end]),
        "right": _first(_on_one_line(text[span.end : span.end + reach]), width),
        "field": span.field,
        "position": span.start,
        **{key: hit[key] for key in ("id", "source", "published_day", "url")},
    }


def _on_one_line(text: str) -> str:
    """Return text with one space for each white space, also at its ends: a word apart stays apart."""
    return WHITE_SPACE.sub(" ", text)


def _last(text: str, number: int) -> str:
    """Return the last characters of a text. A mark that combines with a letter that is cut off goes with it."""
    cut = text[-number:] if number else ""
    while len(cut) < len(text) and cut and _is_mark(cut[0]):
        cut = cut[1:]
    return cut


def _first(text: str, number: int) -> str:
    """Return the first characters of a text, and the marks that combine with the last of them."""
    while number < len(text) and _is_mark(text[number]):
        number += 1
    return text[:number]


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _left_key(line: Row) -> tuple[Any, ...]:
    """Return what lines are sorted by: the words on the left, beginning at the keyword."""
    return (WORD.findall(line["left"].casefold())[::-1], *_tie(line))


def _right_key(line: Row) -> tuple[Any, ...]:
    return (WORD.findall(line["right"].casefold()), *_tie(line))


def _tie(line: Row) -> tuple[Any, ...]:
    return line["keyword"].casefold(), line["id"], FIELDS.index(line["field"]), line["position"]
