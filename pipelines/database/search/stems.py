"""Find the words of the index that are forms of one word: those with the same stem, by Snowball. Read-only.

Stems are compared when a question is asked; the index has the words as they are. A language without a stemmer has
only the exact word.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from os.path import commonprefix
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.core.languages.spaced_runs import MARKS
from pipelines.database.connection import ask
from pipelines.database.query_language.spelling import as_indexed
from pipelines.database.query_language.values import language_code
from pipelines.database.search.vocabulary import IndexVocabulary, IndexWord
from pipelines.database.shards.databases import Database, answers

MIN_RANGE_CHARS = 3  # of the beginning that forms of a word share; shorter ones are the beginning of too many
MAX_FORMS = 50  # of one word, the most frequent
SAMPLED_ARTICLES = 1_000  # the newest, which tell the languages of an archive
MIN_LANGUAGE_SHARE = 0.05  # of the sample
ARABIC_BEGINNINGS = ("ال", "لل", "وال", "بال", "كال", "فال", "ولل", "وبال", "و", "ب", "ل")
STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


class ArchiveWordForms:
    """Give the forms of a word: in the language named with it, else in `languages`, else in those of the archive.

    It is the `WordForms` of `QueryConditions`. `cut_off`: beginnings of words of which there were too many to read all.
    """

    def __init__(self, db: Database, languages: Sequence[str] = ()) -> None:
        self.db, self.languages = db, tuple(languages)
        self.cut_off: list[str] = []

    def __call__(self, word: str, language: str | None) -> list[str]:
        """Return the forms as the index has them. Raises QueryError for a language without stems."""
        language = language and language_code("~", language)
        if language is not None and language not in STEMMERS:
            raise QueryError(f"~{language}:{word}", "there are no stems in this language", f"say {', '.join(STEMMERS)}")
        words = IndexVocabulary(self.db)
        wanted = [language] if language else self.languages or archive_languages(self.db)
        forms = [form.word for form in same_stem(words, word, wanted)]
        self.cut_off += words.cut_off
        return forms


def archive_languages(db: Database) -> list[str]:
    """Return the languages of the newest articles (of each shard), the most frequent first."""
    found = Counter[str]()
    for rows in answers(db, lambda one: list(ask(one, _newest_languages(one)))):
        found.update({row["language"]: row["n"] for row in rows})
    by_number = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return [language for language, number in by_number if number >= found.total() * MIN_LANGUAGE_SHARE]


def _newest_languages(db: sqlite3.Connection) -> str:
    """Return SQL that counts the languages of the newest articles of an archive."""
    from pipelines.database.schema.numbers import ranges_in  # most searches need not load it

    newest = " UNION ALL ".join(
        f"""SELECT * FROM (SELECT language FROM articles WHERE id BETWEEN {first} AND {last}
                            ORDER BY id DESC LIMIT {SAMPLED_ARTICLES})"""  # noqa: S608 - numbers
        for first, last in ranges_in(db, "articles")
    )
    newest = newest or "SELECT language FROM articles WHERE 0"
    return f"SELECT language, count(*) AS n FROM ({newest}) WHERE language IS NOT NULL GROUP BY language"  # noqa: S608


def same_stem(vocabulary: IndexVocabulary, word: str, languages: Iterable[str]) -> list[IndexWord]:
    """Return the words of the index with the stem that a word has in one of some languages, the most frequent first."""
    found: set[IndexWord] = set()
    for name in dict.fromkeys(STEMMERS[language] for language in languages if language in STEMMERS):
        stems = _stems(name, word)
        for beginning in _beginnings(as_indexed(word), stems, is_arabic=name == "arabic"):
            words = vocabulary.starting_with(beginning)
            found.update(one for one in words if not stems.isdisjoint(_stem(name, one.word)))
    return sorted(found, key=lambda one: (-one.articles, one.word))[:MAX_FORMS]


def _stems(name: str, word: str) -> set[str]:
    """Return the stem of a word, and of the word as the index has it, without accents."""
    bare = MARKS.sub("", word.lower())
    return {*map(as_indexed, _stem(name, bare)), *_stem(name, as_indexed(bare))}


def _beginnings(word: str, stems: set[str], *, is_arabic: bool) -> list[str]:
    """Return the beginnings that words with these stems have."""
    shared = {commonprefix([word, stem]) for stem in stems} | stems  # noqa: RUF071 - of words, not paths
    if is_arabic:  # its stemmer takes off the article, and the prepositions and "and" before it, as well
        shared |= {before + stem for before in ARABIC_BEGINNINGS for stem in stems}
    found: list[str] = []
    for beginning in sorted(one for one in shared if len(one) >= MIN_RANGE_CHARS):
        if not any(map(beginning.startswith, found)):
            found.append(beginning)
    return found


def _stem(name: str, word: str) -> list[str]:
    """Return the stem of a word; of an Arabic one also that with an article, which protects its first letter."""
    words = [word, "ال" + word] if name == "arabic" else [word]
    return list(_stemmer(name).stemWords(words))


@lru_cache(maxsize=len(STEMMERS))
def _stemmer(name: str) -> Any:
    import snowballstemmer  # takes some milliseconds, which most searches need not pay

    return snowballstemmer.stemmer(name)
