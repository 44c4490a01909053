"""Read the values of filters, from options and from fields of a query: several at once, languages, whole words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.core.languages.spaced_runs import spaced_runs


def listed(name: str, texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the values of a repeatable option, each of which may be several with commas. Raises QueryError."""
    given = (texts,) if isinstance(texts, str) else tuple(texts) if isinstance(texts, Iterable) else texts or ()
    if not isinstance(given, tuple) or not all(isinstance(text, str) for text in given):
        raise TypeError(f"expected text or a list of texts for {name}, not {texts!r}")
    values = tuple(dict.fromkeys(part.strip() for text in given for part in text.split(",") if part.strip()))
    if given and not values:
        raise QueryError(f"{name} {given[0]!r}", "is empty", "give a value, or leave it out")
    return values


def given_query(query: str | None) -> str | None:
    """Return a query; None if none is given. Raises QueryError for an empty one, such as a variable that is not set."""
    if query is not None and not query.strip():
        raise QueryError("query", "is empty", "give a word, or leave the query out to select all articles")
    return query


def language_code(name: str, text: str) -> str:
    """Return the code of a language as the archive has it: `en` for en-GB, eng and English. Raises QueryError."""
    code = text.strip().replace("_", "-").lower().partition("-")[0]
    if len(code) == 2 and code.isascii() and code.isalpha():
        return code
    from pipelines.core.languages.codes import known_language, name_like  # most searches name no language

    if (known := known_language(text) or known_language(code)) is not None:
        return known
    if re.fullmatch("[a-z]{3}", code):  # of a language without a code of two letters
        return code
    near = name_like(text)
    cure = f"did you mean {near}?" if near else "say en, de, fr, ja, ..., or the name of the language"
    raise QueryError(f"{name} {text!r}", "is not a language code", cure)


SAME_LANGUAGE = {"nb": ("nb", "no"), "no": ("no", "nb")}  # one language that earlier versions filed under two codes


def language_codes(name: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return the codes under which the archive has articles in some languages. Raises QueryError."""
    codes = [language_code(name, text) for text in texts]
    return tuple(dict.fromkeys(same for code in codes for same in SAME_LANGUAGE.get(code, (code,))))


def one_of(column: str, name: str, wanted: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return a condition that a column has one of some values, and the values under names that begin with `name`.

    SQLite takes an IN with one value for `=`, so that an index gives its rows in order.
    """
    values = {f"{name}{number}": value for number, value in enumerate(wanted)}
    return f"{column} IN ({', '.join(f':{key}' for key in values)})", values


MAX_FOLDED_TEXTS = 4096  # kept, because sections and kinds repeat


@lru_cache(maxsize=MAX_FOLDED_TEXTS)
def folded_words(text: str | None) -> str:
    """Return the words of a text without case and accents, with a space around each, to look for whole words in it."""
    decomposed = unicodedata.normalize("NFKD", (text or "").casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return "".join(f" {word}" for word in re.findall(r"[^\W_]+", bare)) + " "


def has_words(text: str | None, wanted: str) -> bool:
    """Return True if a text has one of some phrases.

    `wanted`: from `folded_words`, one on each line. One without a space at the end is a prefix.
    """
    return any(map(folded_words(text).__contains__, wanted.split("\n")))


def run_words(text: str | None) -> str:
    """Return the runs of scripts without spaces in a text, one character a word, with a space around each."""
    return f" {(spaced_runs(text) or '').casefold()} "


def has_run(text: str | None, wanted: str) -> bool:
    """Return True if a text has a run, given as `run_words` returns it."""
    return wanted in run_words(text)
