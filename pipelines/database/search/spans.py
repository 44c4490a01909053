"""Find where in an article the words of a query are, in title, byline and text, as FTS5 finds them.

The articles of a page go into an index in memory, with the tokenizer of the archive's own, and FTS5 marks what the
query matches there: folding, prefixes, phrases and NEAR mean what they mean in the search. The cost is that of the
page, whatever the size of the archive.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from pipelines.core.languages.spaced_runs import BREAK, runs_of
from pipelines.database.query_language.conditions import RUNS_IN
from pipelines.database.search.snippets import TOKENIZER

CHARS_BEFORE = 40  # of a passage, before the first word found
PASSAGE_CHARS = 120  # in scripts without spaces, as much as 24 words
FIELDS = ("title", "byline", "text")
KEYS = (*FIELDS, "labels")  # of an article, that are needed
COLUMNS = (*FIELDS, *RUNS_IN.values(), "spaced", "labels")  # the archive's index has the first and the last two
# FTS5 puts them around what it found. The texts get a space for each of them, and for NUL, at which SQLite would stop.
OPEN, CLOSE = "\x02", "\x03"
CLEAN = dict.fromkeys((0, 2, 3), " ")
MAKE_INDEX = f"CREATE VIRTUAL TABLE page USING fts5({', '.join(COLUMNS)}, tokenize='{TOKENIZER}')"
MARKED = f"""SELECT rowid, {", ".join(f"highlight(page, {n}, '{OPEN}', '{CLOSE}')" for n, _ in enumerate(COLUMNS[:-1]))}
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
        self.index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.index.execute(MAKE_INDEX)

    def close(self) -> None:
        """Give the memory back."""
        self.index.close()

    def spans(self, articles: Sequence[Mapping[str, Any]]) -> Iterator[list[Span]]:
        """Yield the spans of each article, given with KEYS, in the order of FIELDS. None overlaps the next."""
        self.index.execute("BEGIN")
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        runs = [_runs(article) for article in articles]
        rows = [
            [number, *_cleaned(article), *(column.spaced for column in runs[number]), article["labels"]]
            for number, article in enumerate(articles)
        ]
        self.index.executemany(f"INSERT INTO page(rowid, {', '.join(COLUMNS)}) VALUES ({marks})", rows)  # noqa: S608
        found = {row[0]: row[1:] for row in self.index.execute(MARKED, (self.expression,)).fetchall()}
        self.index.execute("ROLLBACK")
        for number, columns in enumerate(runs):
            yield _merged([*_in_fields(found[number]), *_in_runs(columns, found[number])]) if number in found else []


class _Runs:
    """Hold the runs of fields in scripts without spaces, as the index has them, with their places."""

    def __init__(self, article: Mapping[str, Any], fields: Sequence[str]) -> None:
        self.starts: list[int] = []  # of each word in `spaced`
        self.places: list[Span] = []
        parts, length = list[str](), 0
        for field in fields:
            for run in runs_of(article[field] or ""):
                before = f" {BREAK} " if parts else ""
                parts.append(before + " ".join(word.word for word in run))
                length += len(before)
                for word in run:
                    self.starts.append(length)
                    self.places.append(Span(field, word.start, word.end))
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


def run_passages(expression: str, articles: Sequence[Mapping[str, Any]], markers: tuple[str, str]) -> dict[int, str]:
    """Return by its place a passage of each article that the expression finds in a script without spaces.

    `articles`: with KEYS and `place`. The index has such text in a column of its own, which is nothing to read.
    """
    found = {}
    with closing(SpanFinder(expression)) as finder:
        for article, spans in zip(articles, finder.spans(articles), strict=True):
            if in_text := [span for span in spans if span.field == "text"]:
                found[article["place"]] = _passage(article["text"], in_text, markers)
    return found


def _passage(text: str, spans: Sequence[Span], markers: tuple[str, str]) -> str:
    start = max(0, spans[0].start - CHARS_BEFORE)
    end = start + PASSAGE_CHARS
    parts, at = ["…" * (start > 0)], start
    for span in spans:
        if span.start < end:
            parts += [text[at : span.start], markers[0], text[span.start : span.end], markers[1]]
            at = span.end
    return "".join([*parts, text[at : max(at, end)], "…" * (max(at, end) < len(text))])
