"""Say for a query that finds nothing how many articles each of its words has, and what the archive has like it.

Read-only. For words it is bounded whatever the size of the archive: neighbours one letter away are looked up one by one
(some hundred look-ups a word), all others are read from the words that begin alike, within the bounds of `vocabulary`.
For fields see `field_values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise, product
from typing import NamedTuple

from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.database.connection import ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.parser import QueryText
from pipelines.database.query_language.phrases import has_run, quoted, term, words_of
from pipelines.database.query_language.spelling import as_indexed, is_within
from pipelines.database.query_language.tokens import near_members
from pipelines.database.search.counts import count
from pipelines.database.search.field_values import FieldValues, values_like
from pipelines.database.search.stems import archive_languages, same_stem
from pipelines.database.search.vocabulary import IndexVocabulary, IndexWord, is_there
from pipelines.database.selection import query_conditions
from pipelines.database.shards.databases import Database, answers

MAX_TEXTS = 8  # words and phrases of a query that are looked at
MAX_WORD_CHARS = 40  # of a word that neighbours are looked for
MAX_SUGGESTIONS = 5  # for one word
MAX_PHRASES = 5  # counted, of those that a word may have been joined from
MIN_CHARS_FOR_NEIGHBOURS = 4  # shorter words have too many
MIN_CHARS_FOR_TWO_EDITS = 6
SHARED_BEGINNING = 3  # characters that words two edits away have in common
HANGUL = lazy_pattern("[가-힣]+")  # a character is a syllable, so that words are half as long
HANGUL_BEGINNING = 2  # of Hangul, in place of the three lengths above
MAX_RUN_CHARS = 20  # of a run of a script without spaces that parts are looked for
MIN_RUN_CHARS = 2  # of such a part
# Letters of each alphabet, with those that the index does not fold to others
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzøæœłđßıþð",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёґєіїў",
    "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئءپچژگکی",
    "אבגדהוזחטיכלמנסעפצקרשתםןףךץ",
)
TRANSLITERATIONS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("oe", "ø"), ("ae", "æ"), ("aa", "a"), ("sch", "sh"))
ONE_SIGN = (("oe", "œ"), ("i", "ı"), ("fi", "ﬁ"), ("fl", "ﬂ"), ("ff", "ﬀ"), ("ffi", "ﬃ"))  # that texts have


class WordsApart(NamedTuple):
    """Hold how many articles have all words of a phrase or NEAR that none has as it was asked."""

    query: str  # that finds them
    articles: int
    is_near: bool  # of a NEAR
    is_joined: bool  # the user typed one word, which is a phrase for the index: rent/tram


class TextReport(NamedTuple):
    """Hold what the archive says about one word, phrase or field of a query."""

    text: str  # as the user typed it
    articles: int  # that have it
    similar: list[IndexWord]  # that the archive has instead, best first; only if no article has it
    among: FieldValues | None = None  # the values that `similar` is of, if `text` is one of a field
    misspelled: tuple[str, ...] = ()  # the words of a phrase that no article has
    apart: WordsApart | None = None  # if the archive has each word of `text`, but no article has them together


def reports(db: Database, query: str, filters: ArticleFilters = EVERYTHING) -> list[TextReport]:
    """Return what the archive has of each word, phrase and field that a query looks for, without filters.

    Raises QueryError, NotFound (of a source that the query names).
    """
    asked = query_conditions(db, query, filters)
    finder, texts = _Finder(db), asked.texts[:MAX_TEXTS]
    found = [finder.report(text, asked.expression(text)) for text in texts]
    joined = _joined_neighbours(finder, texts) if not any(report.articles == 0 for report in found) else []
    fields = asked.fields[: MAX_TEXTS - len(texts)]
    return found + joined + [_field_report(db, field.name, field.typed, field.value) for field in fields]


def _field_report(db: Database, name: str, typed: str, value: str) -> TextReport:
    if articles := count(db, typed):
        return TextReport(typed, articles, [])
    found = values_like(db, name, value, MAX_SUGGESTIONS)
    return TextReport(typed, articles, found.values, found)


class _Finder:
    def __init__(self, db: Database) -> None:
        self.db, self.vocabulary, self.languages = db, IndexVocabulary(db), archive_languages(db)

    def count(self, expression: str) -> int:
        sql = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
        return sum(answers(self.db, lambda one: int(next(ask(one, sql, (expression,)))[0])))

    def report(self, text: QueryText, expression: str) -> TextReport:
        is_near = text.token.form == "near"
        articles = count(self.db, text.typed) if is_near else self.count(expression)
        words = words_of(" ".join(near_members(text.token.raw)[0]) if is_near else text.token.raw)
        similar: list[IndexWord] = []
        anywhere = self.count(text.token.fts or "") if text.column and not articles else 0
        if not articles and text.field and text.column == "byline":
            authors = values_like(self.db, text.field, text.token.raw, MAX_SUGGESTIONS)
            if authors.are_near or not anywhere:
                return TextReport(text.typed, articles, authors.values, authors)
        if anywhere:
            similar = [IndexWord(f"{text.token.raw} anywhere", anywhere)]
        elif not articles and has_run(text.token.raw):
            similar = self.run_parts(text.token.raw)
        elif not articles and len(words) == 1:
            similar = self.similar(as_indexed(words[0]))
        elif not articles:
            if misspelled := [word for word in words if not is_there(self.db, quoted(word))]:
                similar = self.corrected(text, words, misspelled)
                return TextReport(text.typed, articles, similar, misspelled=tuple(misspelled))
            return TextReport(text.typed, articles, self.whole(words), apart=self.apart(text, words))
        return TextReport(text.typed, articles, similar)

    def similar(self, word: str) -> list[IndexWord]:
        """Return words like one that the index does not have: its forms, then how it may be spelled."""
        if len(word) > MAX_WORD_CHARS:
            return []
        ways = (
            lambda: same_stem(self.vocabulary, word, self.languages),
            lambda: chain(self.known(spellings_meant(word)), self.split(word), self.known(one_edit(word))),
            lambda: chain(self.beginning(word), self.two_edits(word)),
        )
        for way in ways:  # the first that finds something: the next ones are further away
            if found := list(dict.fromkeys(way())):
                return found[:MAX_SUGGESTIONS]
        return []

    def known(self, words: Iterable[str]) -> list[IndexWord]:
        """Return those words that the index has, the most frequent first."""
        there = (IndexWord(word, self.vocabulary.articles(word)) for word in dict.fromkeys(words))
        return _by_frequency(one for one in there if one.articles)

    def beginning(self, word: str) -> list[IndexWord]:
        """Return the words that begin with a word."""
        return _by_frequency(self.vocabulary.starting_with(word)) if len(word) >= _shared(word) else []

    def two_edits(self, word: str) -> list[IndexWord]:
        """Return the words that begin alike and are at most two edits away."""
        if len(word) < (HANGUL_BEGINNING if HANGUL.fullmatch(word) else MIN_CHARS_FOR_TWO_EDITS) or word.isdecimal():
            return []
        alike = self.vocabulary.starting_with(word[: _shared(word)])
        return _by_frequency(one for one in alike if is_within(2, word, one.word))

    def split(self, word: str) -> list[IndexWord]:
        """Return the phrases that a word may have been joined from: "heat wave", "e mail" of e-mail."""
        pairs = [(word[:at], word[at:]) for at in range(1, len(word))]
        there = [quoted(" ".join(pair)) for pair in pairs if all(is_there(self.db, quoted(part)) for part in pair)]
        phrases = (IndexWord(phrase, self.count(phrase)) for phrase in there[:MAX_PHRASES])
        return _by_frequency(one for one in phrases if one.articles)

    def whole(self, words: list[str]) -> list[IndexWord]:
        """Return for a phrase that no article has: its words joined, and the phrase with another end."""
        phrase = f"{quoted(' '.join(words))}*"
        longer = [IndexWord(phrase, number)] if (number := self.count(phrase)) else []
        return [*self.known([as_indexed("".join(words))]), *longer]

    def run_parts(self, text: str) -> list[IndexWord]:
        """Return the longest parts that articles have of a run of a script without spaces, which no article has."""
        text = text[:MAX_RUN_CHARS]
        for size in range(len(text) - 1, MIN_RUN_CHARS - 1, -1):
            parts = dict.fromkeys(text[at : at + size] for at in range(len(text) - size + 1))
            found = (IndexWord(part, self.count(term(part) or quoted(part))) for part in parts if has_run(part))
            if there := _by_frequency(one for one in found if one.articles):
                return there[:MAX_SUGGESTIONS]
        return []

    def corrected(self, text: QueryText, words: list[str], misspelled: list[str]) -> list[IndexWord]:
        """Return a phrase with other words for those that no article has; words alone if no article has it so."""
        alike = {word: self.similar(as_indexed(word)) for word in misspelled}
        found = self.known([as_indexed("".join(words))])
        if text.token.form != "near":
            instead = {word: [one.word.strip('"') for one in ways] for word, ways in alike.items()}
            choices = product(*(instead.get(word, [word]) for word in words))
            phrases = [quoted(" ".join(chosen)) for chosen in islice(choices, MAX_PHRASES)]
            before = f"{text.field}:" if text.field else ""
            found += _by_frequency(
                IndexWord(before + phrase, number) for phrase in phrases if (number := self.count(text.inside(phrase)))
            )
        return found or list(chain.from_iterable(alike.values()))[:MAX_SUGGESTIONS]

    def apart(self, text: QueryText, words: list[str]) -> WordsApart:
        """Return how many articles have all words of a phrase or NEAR, wherever they are."""
        several = list(dict.fromkeys(words))
        query = " ".join(several)
        if text.field:
            query = f"{text.field}:({query})"
        number = self.count(text.inside(f"({' AND '.join(map(quoted, several))})"))
        return WordsApart(query, number, text.token.form == "near", text.token.form == "word")


def _joined_neighbours(finder: _Finder, texts: list[QueryText]) -> list[TextReport]:
    """Return the words that two neighbouring words of a query make together: heatwave for heat wave."""
    plain = [
        (one.token.raw, other.token.raw) for one, other in pairwise(texts)
        if {one.token.form, other.token.form} <= {"word", "stem"}
    ]  # fmt: skip
    found = finder.known(as_indexed(one + other) for one, other in plain)
    return [TextReport(one.word, one.articles, []) for one in found]


def spellings_meant(word: str) -> Iterator[str]:
    """Yield a word without the letters that stand for an accented one, Muenchen, or for one sign: coeur."""
    for letters, letter in (*TRANSLITERATIONS, *ONE_SIGN):
        if letters in word:
            yield word.replace(letters, letter)


def one_edit(word: str) -> Iterator[str]:
    """Yield the words that differ in one letter: missing, added, changed, or swapped with the next one.

    A word without its first letter is another word, unless that is doubled. A number is no other number.
    """
    if not MIN_CHARS_FOR_NEIGHBOURS <= len(word) <= MAX_WORD_CHARS or word.isdecimal():
        return
    alphabet = next((letters for letters in ALPHABETS if any(one in letters for one in word)), "")
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            if head or word[0] == word[1]:
                yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in alphabet)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in alphabet)


def _shared(word: str) -> int:
    return HANGUL_BEGINNING if HANGUL.fullmatch(word) else SHARED_BEGINNING


def _by_frequency(words: Iterable[IndexWord]) -> list[IndexWord]:
    return sorted(words, key=lambda one: (-one.articles, one.word))
