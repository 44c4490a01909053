"""Recognise what other search engines write, and say how it is written here. Pure; `tokens` asks about each word.

Left alone, these words would be looked for as they are: `flood NEAR/3 dam` for the word NEAR and the number 3.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.core.languages.lazy_patterns import lazy_pattern

# Factiva, LexisNexis, Westlaw and Ovid. N3 and W3 without a slash are words.
PROXIMITY = lazy_pattern(
    r"(?i:near|onear|adj|pre|within|w|n|p)?/(?P<words>\d{1,4})|(?i:near|adj)(?P<joined>\d{1,4})"
    r"|(?i:w?/(?:s|p|seg))|NEAR|ADJ"
)
WORDS_OF_PROXIMITY = ("NEAR", "ADJ")
WILDCARD = lazy_pattern(r"(?P<beginning>[\w'’-]*)[*?][\w*?'’-]*\w")
FUZZY = lazy_pattern(r"(?P<word>[^~/]*\w)~[\d.]*")
REGEX = lazy_pattern(r"/[^/]+/")
BOOST = lazy_pattern(r"(?P<word>.*\w)\^[\d.]+")
JOINED = lazy_pattern(r"(?P<before>.*\w)(?P<sign>&&|\|\|?)(?P<after>\w.*)")


class OtherSyntax(NamedTuple):
    """Hold what is wrong with a word of a query, and how to write what was meant."""

    cause: str
    cure: str


def wildcard_in(word: str) -> OtherSyntax | None:
    """Return what is wrong with a word that has a star or question mark before its end, as in `fl*d`; else None."""
    if word.isalnum() or (found := WILDCARD.fullmatch(word)) is None:
        return None
    prefix = f"write {found['beginning']}*, or" if found["beginning"] else "write the beginning of the word, flo*, or"
    cure = f'{prefix} each word that you mean, with OR between them; for a word that has the sign: "{word}", in quotes'
    return OtherSyntax(f"{word} has a star or question mark inside; only a star at the end is understood", cure)


def other_syntax(word: str, before: str | None, after: str | None) -> OtherSyntax | None:
    """Return what is wrong with a word that is an operator elsewhere; else None.

    `before`, `after`: the words or phrases next to it, as they are written.
    """
    if word.isalpha() and word not in WORDS_OF_PROXIMITY:
        return None  # as most words, for which no pattern need be compiled
    if found := PROXIMITY.fullmatch(word):
        words = f"{before} {after}" if before and after else "flood dam"
        cure = f'{near_instead(words, found["words"] or found["joined"])}; for the word itself: "{word}", in quotes'
        return OtherSyntax(f"{word} is not an operator here", cure)
    if found := FUZZY.fullmatch(word):
        meant = found["word"]
        cure = f"write ~{meant} for its forms, or {meant}* for words that begin so; a miss suggests words like it"
        return OtherSyntax(f"{word} has ~ at its end", cure)
    if REGEX.fullmatch(word):
        cure = f'write a prefix, flo*, or words with OR between them; for the words in it: "{word}", in quotes'
        return OtherSyntax("there are no regular expressions", cure)
    if found := BOOST.fullmatch(word):
        cure = f'write {found["word"]}, which counts more in the headline; for the word itself: "{word}", in quotes'
        return OtherSyntax(f"{word}: words have no weights", cure)
    if found := JOINED.fullmatch(word):
        sign = "AND" if found["sign"] == "&&" else "OR"
        return OtherSyntax(f"{found['sign']} is inside a word", f"write {found['before']} {sign} {found['after']}")
    return None


def near_instead(words: str, gap: str | None) -> str:
    """Return how to ask for words near each other. `gap`: how many others may be between them, if that was said."""
    most = f"at most {gap} other {'word' if gap == '1' else 'words'}" if gap else "at most ten other words"
    return f"write NEAR({words}{', ' * bool(gap)}{gap or ''}): in any order, with {most} between them"
