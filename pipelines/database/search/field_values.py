"""Say for a field of a query that no article has which values the archive has like it. Read-only.

The values are those of the newest articles, because all of a large archive would take many seconds to read.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.database.connection import ask
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.parser import in_quotes
from pipelines.database.query_language.spelling import is_within
from pipelines.database.query_language.values import folded_words
from pipelines.database.search.counts import counts
from pipelines.database.search.vocabulary import IndexWord
from pipelines.database.shards.databases import Database, shards_of

MIN_ARTICLES_READ = 100_000  # the newest, and the others of the first day of theirs
MAX_VALUES_COMPARED = 20_000  # the most frequent
MIN_CHARS_OF_BEGINNING = 3  # that a word shares with one that is like it
MIN_CHARS_FOR_EDITS = (4, 6)  # of a word that differs in one letter, in two


class FieldValues(NamedTuple):
    """Hold values of a field, as a user types them, the most frequent first."""

    field: str
    values: list[IndexWord]
    are_near: bool  # like the one that was asked for; else they are the most frequent
    since: str | None  # first day of the articles that were counted; None: all


def values_like(db: Database, field: str, wanted: str, limit: int) -> FieldValues:
    """Return at most `limit` values of a field that have the most words like those of `wanted`; if none has, others.

    The most frequent come first. Values that differ in case or signs are one, because a query finds all of them.
    """
    words, since = folded_words(wanted).split(), _first_day_read(db)
    known: dict[str, list[IndexWord]] = {}
    for value, number in _most_frequent(db, field, since):
        known.setdefault(folded_words(value), []).append(IndexWord(f"{field}:{_typed(value)}", number))
    alike = {
        folded: sum(max((likeness(word, one) for one in folded.split()), default=0) for word in words)
        for folded in known
    }
    most = max(alike.values(), default=0)
    same = [values for folded, values in known.items() if alike[folded] == most]
    best = [IndexWord(values[0].word, sum(one.articles for one in values)) for values in same]
    return FieldValues(field, sorted(best, key=lambda one: (-one.articles, one.word))[:limit], most > 0, since)


def _first_day_read(db: Database) -> str | None:
    sql = "SELECT published_day FROM articles ORDER BY place DESC LIMIT 1 OFFSET ?"
    shards = shards_of(db)
    share = MIN_ARTICLES_READ // len(shards) if shards else 0
    return min((row[0] for one in shards for row in ask(one, sql, (share,)) if row[0]), default=None)


def _most_frequent(db: Database, field: str, since: str | None) -> list[IndexWord]:
    numbers = counts(db, ["author" if field == "byline" else field], None, ArticleFilters(since=since))
    known = [IndexWord(value, number) for (value,), number in numbers.items() if value is not None]
    return sorted(known, key=lambda one: -one.articles)[:MAX_VALUES_COMPARED]


def likeness(word: str, other: str) -> int:
    """Return 2 for the same word, 1 for one that a word begins or that differs in a letter or two, else 0."""
    if word == other:
        return 2
    if len(word) >= MIN_CHARS_OF_BEGINNING and other.startswith(word):
        return 1
    edits = sum(len(word) >= least for least in MIN_CHARS_FOR_EDITS)
    return int(edits > 0 and is_within(edits, word, other))


def _typed(value: str) -> str:
    """Return a value as a field takes it: a comma would separate two values."""
    return in_quotes(" ".join(value.replace('"', " ").replace(",", " ").split()))
