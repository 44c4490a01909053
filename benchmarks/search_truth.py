"""Compare answers of the archive with what plain Python finds in the same articles: random queries, with filters.

Python reads each article once, and keeps one bit an article for each word that is asked for.
"""

from __future__ import annotations

import random
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from heapq import nlargest
from typing import Any

from search_corpus import DAYS, FAMILY, LANGUAGES, LAST_DAY, PAIR, PLANNED, GeneratedArticle, Vocabulary

from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts, hits

PAGE = 20  # hits
FREQUENT = 400  # words of each language of which most queries are made: rarer ones match little
FORMS = ("{0}", "{0} {1}", "{0} OR {1}", "{0} -{1}", "title:{0}", "{0} -title:{1}")


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """Hold a query as a user types it, its two terms, and the filters."""

    form: str
    terms: tuple[str, str]
    filters: ArticleFilters

    @property
    def text(self) -> str:
        return self.form.format(*self.terms)

    def matches(self, of: Postings) -> int:
        """Return the articles that match, one bit each."""
        one, two = (of.term(term) for term in self.terms)
        match self.form:
            case "{0}":
                found = one
            case "{0} {1}":
                found = one & two
            case "{0} OR {1}":
                found = one | two
            case "{0} -{1}":
                found = one & ~two
            case "title:{0}":
                found = of.term(f"title:{self.terms[0]}")
            case _:
                found = one & ~of.term(f"title:{self.terms[1]}")
        return found & of.passing(self.filters)


class Postings:
    """Know which articles hold each of the words that are asked for."""

    def __init__(self, asked: Iterable[AskedQuery]) -> None:
        terms = {term for query in asked for term in query.terms}
        self.prefixes = {term for term in terms if term.endswith("*")}
        self.phrases = {term: term.strip('"').split() for term in terms if term.startswith('"')}
        self.words = terms - self.prefixes - self.phrases.keys()
        self.stems = tuple(prefix[:-1] for prefix in self.prefixes)
        self.bits: dict[str, bytearray] = {}
        self.dated: set[int] = set()
        self.days, self.sources, self.languages = [""], [0], [""]  # article 0 does not exist

    def read(self, articles: Iterable[GeneratedArticle]) -> None:
        """Note what is in each article."""
        for one in articles:
            self.days.append(one.day or one.seen)
            if one.day:
                self.dated.add(one.number)
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
        bits = bytearray((len(self.days) >> 3) + 1)
        for number, (day, source, language) in enumerate(zip(self.days, self.sources, self.languages, strict=True)):
            if (
                number
                and (not filters.source or f"p{source}" in filters.source)
                and (not filters.language or language in filters.language)
                and (
                    not filters.is_dated
                    or (number in self.dated and (filters.since or "") <= day <= (filters.until or "9999"))
                )
            ):
                bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")


def fold(text: str) -> str:
    """Return a text in lower case, Latin letters without marks, full stops away: the words as the index has them."""
    letters: dict[str, str | int | None] = {
        letter: plain for letter in set(text.lower()) if (plain := _plain(letter)) != letter
    }
    return text.lower().replace(".", " ").translate(str.maketrans(letters))


def _plain(letter: str) -> str:
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
        asked.append(AskedQuery(chance.choice(FORMS), (terms[0], terms[1]), ArticleFilters(**filters)))
    return asked


def disagreements(
    db: sqlite3.Connection, articles: Iterable[GeneratedArticle], number: int, sources: int
) -> Iterator[str]:
    """Yield the queries of which the number of matches, the newest hits or the most relevant ones are not right."""
    asked = random_queries(number, sources)
    postings = Postings(asked)
    postings.read(articles)
    for query in asked:
        found = bin(query.matches(postings))[:1:-1]  # the bit of article 0 first
        right = [place for place, bit in enumerate(found) if bit == "1"]
        newest = nlargest(2 * PAGE, right, key=lambda one: (postings.days[one], one))
        hits = [
            hit["id"]
            for offset in (0, PAGE)
            for hit in hits.search(db, query.text, query.filters, "newest", PAGE, offset)
        ]
        ranked = [hit["id"] for hit in hits.search(db, query.text, query.filters, limit=PAGE)]
        all_right = (
            counts.count(db, query.text, query.filters) == len(right)
            and hits == newest
            and len(ranked) == len(set(ranked)) == min(PAGE, len(right))
            and set(ranked) <= set(right)
        )
        if not all_right:
            yield f"{query.text} {query.filters}: {len(right):,} matches"
