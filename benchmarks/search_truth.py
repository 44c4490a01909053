"""Compare answers of the archive with what plain Python finds in the same articles: random queries, with filters.

Python reads each article once, and keeps one bit an article for each word that is asked for.
"""

from __future__ import annotations

import random
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest, nsmallest
from typing import Any

from search_corpus import DAYS, FAMILY, LANGUAGES, LAST_DAY, PAIR, PLANNED, GeneratedArticle, Vocabulary

from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts, hits

PAGE = 20  # hits
FREQUENT = 400  # words of each language of which most queries are made: rarer ones match little
# Of two terms, a source, a language and a year.
FORMS = {
    "{0}": lambda one, two, source, language, year: one,
    "{0} {1}": lambda one, two, source, language, year: one & two,
    "{0} OR {1}": lambda one, two, source, language, year: one | two,
    "{0} -{1}": lambda one, two, source, language, year: one & ~two,
    "{0} OR source:{2}": lambda one, two, source, language, year: one | source,
    "{0} (source:{2} OR {1})": lambda one, two, source, language, year: one & (source | two),
    "{0} -language:{3}": lambda one, two, source, language, year: one & ~language,
    "language:{3} -{1}": lambda one, two, source, language, year: language & ~two,
    "{0} published:{4}..": lambda one, two, source, language, year: one & year,
    "{0} OR (published:{4}.. {1})": lambda one, two, source, language, year: one | year & two,
}  # fmt: skip
# Letters as people type them
SPELLED = {"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "ß": "ss", "þ": "th", "ð": "d"}
TITLED_FORMS = ("title:{0}", "{0} -title:{1}")
COUNTED = (
    ("day",),
    ("week",),
    ("month",),
    ("year",),
    ("source",),
    ("language",),
    ("month", "language"),
    ("source", "year"),
)


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """Hold a query as a user types it, its two terms, source, language and year, and the filters."""

    form: str
    terms: tuple[str, str]
    fields: tuple[str, str, str]
    filters: ArticleFilters
    by: tuple[str, ...]  # what its matches are counted by

    @property
    def text(self) -> str:
        return self.form.format(*self.terms, *self.fields)

    def matches(self, of: Postings) -> int:
        """Return the articles that match, one bit each."""
        one, two = (of.term(term) for term in self.terms)
        source, language, year = self.fields
        if self.form == "title:{0}":
            found = of.term(f"title:{self.terms[0]}")
        elif self.form == "{0} -title:{1}":
            found = one & ~of.term(f"title:{self.terms[1]}")
        else:
            found = FORMS[self.form](
                one,
                two,
                of.passing(ArticleFilters(source=source)),
                of.passing(ArticleFilters(language=language)),
                of.passing(ArticleFilters(since=year)),
            )
        return found & of.passing(self.filters)

    def in_headline(self, of: Postings) -> int | None:
        """Return the articles that must come first by relevance, of those that match; None if that is not told."""
        titled = [of.term(f"title:{term}") for term in self.terms]
        return {"{0}": titled[0], "{0} {1}": titled[0] & titled[1], "{0} OR {1}": titled[0] | titled[1]}.get(self.form)


class Postings:
    """Know which articles hold each of the words that are asked for."""

    def __init__(self, asked: Iterable[AskedQuery]) -> None:
        terms = {term for query in asked for term in query.terms}
        self.prefixes = {term for term in terms if term.endswith("*")}
        self.phrases = {term: term.strip('"').split() for term in terms if term.startswith('"')}
        self.words = terms - self.prefixes - self.phrases.keys()
        self.stems = tuple(prefix[:-1] for prefix in self.prefixes)
        self.bits: dict[str, bytearray] = {}
        self.days, self.sources, self.languages = [""], [0], [""]  # article 0 does not exist
        self.passed: dict[ArticleFilters, int] = {}

    def read(self, articles: Iterable[GeneratedArticle]) -> None:
        """Note what is in each article."""
        for one in articles:
            self.days.append(one.day or "")
            self.sources.append(one.source)
            self.languages.append(one.language)
            title, byline, text = (fold(column).split() for column in (one.title, one.byline, one.text))
            everywhere = {*title, *byline, *text}
            for term in self.terms_in(everywhere, (title, byline, text)):
                self.note(term, one.number)
            for term in self.terms_in(set(title), (title,)):
                self.note(f"title:{term}", one.number)

    def terms_in(self, words: set[str], columns: tuple[list[str], ...]) -> Iterator[str]:
        """Yield the terms that are in the columns of an article."""
        yield from self.words & words
        for stem in self.stems:
            if any(word.startswith(stem) for word in words):
                yield f"{stem}*"
        for phrase, parts in self.phrases.items():
            if words.issuperset(parts) and any(f" {' '.join(parts)} " in f" {' '.join(c)} " for c in columns):
                yield phrase

    def note(self, term: str, number: int) -> None:
        bits = self.bits.setdefault(term, bytearray())
        if len(bits) <= number >> 3:
            bits.extend(bytes((number >> 3) + 1 - len(bits)))
        bits[number >> 3] |= 1 << (number & 7)

    def term(self, term: str) -> int:
        """Return the articles that hold a term, one bit each."""
        return int.from_bytes(self.bits.get(term, b""), "little")

    def passing(self, filters: ArticleFilters) -> int:
        """Return the articles that pass the filters, one bit each."""
        if filters not in self.passed:
            self.passed[filters] = self._passing(filters)
        return self.passed[filters]

    def _passing(self, filters: ArticleFilters) -> int:
        bits = bytearray((len(self.days) >> 3) + 1)
        for number, (day, source, language) in enumerate(zip(self.days, self.sources, self.languages, strict=True)):
            if (
                number
                and (not filters.source or f"p{source}" in filters.source)
                and (not filters.language or language in filters.language)
                and (not filters.is_dated or (day and (filters.since or "") <= day <= (filters.until or "9999")))
            ):
                bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")

    def age(self, number: int) -> tuple[str, int]:
        """Return by what articles are in order of age, the undated as the oldest."""
        return self.days[number], number

    def dated_age(self, number: int) -> tuple[bool, str, int]:
        """Return by what articles are in order of age, the undated as the newest."""
        return not self.days[number], self.days[number], number

    def counted(self, found: Iterable[int], by: Iterable[str]) -> dict[tuple[str | None, ...], int]:
        """Return how many of some articles there are by some keys."""
        return Counter(tuple(self.value(number, key) for key in by) for number in found)

    def value(self, number: int, key: str) -> str | None:
        """Return what an article is counted by."""
        day = self.days[number]
        match key:
            case "source":
                return f"p{self.sources[number]}"
            case "language":
                return self.languages[number]
            case "week":
                return date.fromisoformat(day).strftime("%G-W%V") if day else None
            case _:
                return day[: {"day": 10, "month": 7, "year": 4}[key]] or None


def fold(text: str) -> str:
    """Return a text in lower case, Latin letters without marks, full stops away: the words as the index has them."""
    letters: dict[str, str | int | None] = {
        letter: plain for letter in set(text.lower()) if (plain := _plain(letter)) != letter
    }
    return text.lower().replace(".", " ").translate(str.maketrans(letters))


def _plain(letter: str) -> str:
    if letter in SPELLED:
        return SPELLED[letter]
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def random_queries(number: int, sources: int, seed: int = 7) -> list[AskedQuery]:
    """Return so many queries, with and without filters."""
    chance = random.Random(seed)
    words = [word for _, syllables in LANGUAGES.values() for word in Vocabulary(syllables).words[:FREQUENT]]
    words = [fold(word) for word in words if len(word) > 1]
    special = [*PLANNED, *PAIR, *FAMILY[:4], "minist*", f'"{" ".join(PAIR)}"', "clim*"]
    asked = []
    for _ in range(number):
        terms = tuple(chance.choice(special if chance.random() < 0.5 else words) for _ in range(2))
        since = LAST_DAY - timedelta(days=chance.randrange(1, DAYS))
        period = {"since": since.isoformat(), "until": (since + timedelta(days=chance.randrange(900))).isoformat()}
        of_source = {"source": f"p{chance.randrange(1, sources + 1)}"}
        of_language = {"language": chance.choice(list(LANGUAGES))}
        filters: dict[str, Any] = chance.choice(
            ({}, {}, period, of_source, of_language, period | of_source, period | of_language)
        )
        fields = (
            f"p{chance.randrange(1, sources + 1)}",
            chance.choice(list(LANGUAGES)),
            str(chance.randrange(2008, 2026)),
        )
        form = chance.choice((*FORMS, *TITLED_FORMS))
        asked.append(AskedQuery(form, (terms[0], terms[1]), fields, ArticleFilters(**filters), chance.choice(COUNTED)))
    return asked


def disagreements(
    db: sqlite3.Connection, articles: Iterable[GeneratedArticle], number: int, sources: int
) -> Iterator[str]:
    """Yield the queries of which the number of matches, the newest hits or the most relevant ones are not right."""
    asked = random_queries(number, sources)
    postings = Postings(asked)
    postings.read(articles)
    for query in asked:
        matches = query.matches(postings)
        right = numbers_in(matches)
        wrong = [
            name
            for name, is_right in (
                ("number", counts.count(db, query.text, query.filters) == len(right)),
                ("newest", page(db, query, "newest") == nlargest(2 * PAGE, right, key=postings.age)),
                ("oldest", page(db, query, "oldest") == nsmallest(2 * PAGE, right, key=postings.dated_age)),
                ("relevance", ranks_right(db, query, postings, matches, right)),
                (
                    f"by {query.by}",
                    counts.counts(db, query.by, query.text, query.filters) == postings.counted(right, query.by),
                ),
            )
            if not is_right
        ]
        if wrong:
            yield f"{query.text} {query.filters}: {len(right):,} matches, wrong: {', '.join(wrong)}"


def numbers_in(bits: int) -> list[int]:
    """Return the articles whose bit is set."""
    return [number for number, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]  # the bit of article 0 is the last


def page(db: sqlite3.Connection, query: AskedQuery, sort: str) -> list[int]:
    """Return the numbers of the hits of two pages."""
    return [hit["id"] for offset in (0, PAGE) for hit in hits.search(db, query.text, query.filters, sort, PAGE, offset)]


def ranks_right(db: sqlite3.Connection, query: AskedQuery, postings: Postings, matches: int, right: list[int]) -> bool:
    """Return True if two pages by relevance have matches, each once, and those with the words in the headline first."""
    ranked = page(db, query, "relevance")
    first = query.in_headline(postings)
    titled = numbers_in(first & matches) if first is not None else []
    return (
        len(ranked) == len(set(ranked)) == min(2 * PAGE, len(right))
        and set(ranked) <= set(right)
        and set(ranked[: len(titled)]) <= set(titled or ranked)
    )
