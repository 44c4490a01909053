"""Find where in an article the words of a query are, in title, byline and text, as FTS5 finds them.

The articles of a page go into an index in memory, with the tokenizer of the archive's own, and FTS5 marks what the
query matches there: folding, prefixes, phrases and NEAR mean what they mean in the search. The cost is that of the
page, whatever the size of the archive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

FIELDS = ("title", "byline", "text")
COLUMNS = FIELDS
# FTS5 puts them around what it found. The texts get a space for each of them, and for NUL, at which SQLite would stop.
OPEN, CLOSE = "\x02", "\x03"
CLEAN = dict.fromkeys((0, 2, 3), " ")
MAKE_INDEX = f"CREATE VIRTUAL TABLE page USING fts5({', '.join(COLUMNS)}, tokenize='unicode61 remove_diacritics 2')"
MARKED = f"""SELECT rowid, {", ".join(f"highlight(page, {n}, '{OPEN}', '{CLOSE}')" for n, _ in enumerate(COLUMNS))}
               FROM page WHERE page MATCH ? ORDER BY rowid"""  # noqa: S608 - constants


class Span(NamedTuple):
    """Hold a place in an article."""

    field: str  # title, byline, text
    start: int  # in characters
    end: int


class SpanFinder:
    """Find the spans of one expression of FTS5 in articles."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.index = sqlite3.connect(":memory:", isolation_level=None)
        self.index.execute(MAKE_INDEX)

    def close(self) -> None:
        """Give the memory back."""
        self.index.close()

    def spans(self, articles: Sequence[Mapping[str, Any]]) -> Iterator[list[Span]]:
        """Yield the spans of each article, in the order of its fields, from the keys title, byline and text."""
        self.index.execute("DELETE FROM page")
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        rows = [[number, *_columns(article)] for number, article in enumerate(articles)]
        self.index.executemany(f"INSERT INTO page(rowid, {', '.join(COLUMNS)}) VALUES ({marks})", rows)  # noqa: S608
        found = {row[0]: row[1:] for row in self.index.execute(MARKED, (self.expression,))}
        for number, _ in enumerate(articles):
            yield _spans(found[number]) if number in found else []


def _columns(article: Mapping[str, Any]) -> list[str]:
    return [(article[field] or "").translate(CLEAN) for field in FIELDS]


def _spans(marked: Sequence[str]) -> list[Span]:
    return [Span(field, *place) for field, text in zip(FIELDS, marked, strict=False) for place in places(text)]


def places(marked: str) -> Iterator[tuple[int, int]]:
    """Yield where the marked parts of a text begin and end in the text without marks."""
    at, start = 0, 0
    for number, part in enumerate(marked.split(OPEN)):
        if number:
            inside, _, part = part.partition(CLOSE)
            start, at = at, at + len(inside)
            yield start, at
        at += len(part)
