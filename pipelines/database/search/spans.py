"""Find what an FTS5 expression matches in articles, with an index in memory that holds the articles of a page only.

It has the tokenizer of the archive's own index: folding, prefixes, phrases and NEAR mean what they mean in the search.
The cost is that of the page. FTS5 would look in the archive's index again for each article, which takes long for a
prefix.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.core.languages.spaced_runs import BREAK, indexed_runs
from pipelines.database.query_language.conditions import RUNS_IN

TOKENIZER = "unicode61 remove_diacritics 2"  # as in schema/search_index.py
FIELDS = ("title", "byline", "text")
KEYS = (*FIELDS, "labels")  # of an article, that are needed
INDEXED_COLUMNS = (*FIELDS, "spaced", "labels")  # of the archive's index
COLUMNS = (*FIELDS, *RUNS_IN.values(), "spaced", "labels")
# FTS5 puts them around what it found. The texts get a space for each of them, and for NUL, at which SQLite would stop.
OPEN, CLOSE = "\x02", "\x03"
CLEAN = dict.fromkeys((0, 2, 3), " ")
MAKE_INDEX = f"CREATE VIRTUAL TABLE page USING fts5({', '.join(COLUMNS)}, tokenize='{TOKENIZER}')"
MARKED = ", ".join(f"highlight(page, {number}, '{OPEN}', '{CLOSE}')" for number, _ in enumerate(COLUMNS[:-1]))


class Span(NamedTuple):
    """Hold a place in an article."""

    field: str  # title, byline, text
    start: int  # in characters
    end: int


class PageIndex:
    """Index the articles of a page, and show what one FTS5 expression matches in them."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.db.execute(MAKE_INDEX)

    def close(self) -> None:
        """Free the memory."""
        self.db.close()

    def matches(
        self, columns: Sequence[str], articles: Iterable[Sequence[object]], shown: str, *values: object
    ) -> dict[int, tuple[Any, ...]]:
        """Return by its number what is `shown` (SQL, with values bound) of each article that matches.

        `articles`: a number and the `columns` of each.
        """
        names, marks = ", ".join(("rowid", *columns)), ", ".join("?" * (len(columns) + 1))
        self.db.execute("BEGIN")
        self.db.executemany(f"INSERT INTO page({names}) VALUES ({marks})", articles)  # noqa: S608 - constants
        sql = f"SELECT rowid, {shown} FROM page WHERE page MATCH ?"  # noqa: S608 - constants
        found = {row[0]: row[1:] for row in self.db.execute(sql, (*values, self.expression))}
        self.db.execute("ROLLBACK")
        return found

    def spans(self, articles: Sequence[Mapping[str, Any]]) -> Iterator[list[Span]]:
        """Yield the spans of each article, given with KEYS, in the order of FIELDS. None overlaps the next."""
        runs = [_runs(article) for article in articles]
        rows = (
            [number, *_cleaned(article), *(column.spaced for column in runs[number]), article["labels"]]
            for number, article in enumerate(articles)
        )
        found = self.matches(COLUMNS, rows, MARKED)
        for number, columns in enumerate(runs):
            yield _merged([*_in_fields(found[number]), *_in_runs(columns, found[number])]) if number in found else []


class _Runs:
    """Hold the runs of fields in scripts without spaces, as the index has them, with their places."""

    def __init__(self, article: Mapping[str, Any], fields: Sequence[str]) -> None:
        self.starts: list[int] = []  # of each word in `spaced`
        self.places: list[Span] = []
        parts, length = list[str](), 0
        for number, run in indexed_runs([article[field] if field in fields else None for field in FIELDS]):
            before = f" {BREAK} " if parts else ""
            parts.append(before + " ".join(word.word for word in run))
            length += len(before)
            for word in run:
                self.starts.append(length)
                self.places.append(Span(FIELDS[number], word.start, word.end))
                length += len(word.word) + 1
            length -= 1
        self.spaced = "".join(parts)

    def spans(self, marked: str) -> Iterator[Span]:
        """Yield what is marked in `spaced`, by its places in the article."""
        for start, end in places(marked):
            first = self.places[bisect_right(self.starts, start) - 1]
            last = self.places[bisect_right(self.starts, end - 1) - 1]
            yield first._replace(end=last.end)


def _runs(article: Mapping[str, Any]) -> list[_Runs]:
    """Return what the index has of runs: of each field, and of all."""
    return [*(_Runs(article, (field,)) for field in FIELDS), _Runs(article, FIELDS)]


def _in_runs(runs: Sequence[_Runs], marked: Sequence[str]) -> Iterator[Span]:
    for column, text in zip(runs, marked[len(FIELDS) :], strict=True):
        yield from column.spans(text)


def _cleaned(article: Mapping[str, Any]) -> list[str]:
    return [(article[field] or "").translate(CLEAN) for field in FIELDS]


def _in_fields(marked: Sequence[str]) -> list[Span]:
    return [Span(field, *place) for field, text in zip(FIELDS, marked, strict=False) for place in places(text)]


def _merged(spans: list[Span]) -> list[Span]:
    """Return spans in order. Those that overlap (a word, and the run that it belongs to) are one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (FIELDS.index(one.field), one.start, -one.end)):
        if found and found[-1].field == span.field and span.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def places(marked: str) -> Iterator[tuple[int, int]]:
    """Yield where the marked parts of a text begin and end in the text without marks."""
    at, start = 0, 0
    for number, part in enumerate(marked.split(OPEN)):
        if number:
            inside, _, part = part.partition(CLOSE)
            start, at = at, at + len(inside)
            yield start, at
        at += len(part)
