"""Recognise counters in a line: views, comments, prices, ages such as "3 hours ago", printed times of an update. Pure.

A number in prose is news: "12 killed" and "15 killed" differ, and so do "jailed for 3 years" and "for 13 years". A
number is a counter if its line, or its part of the line, has no other words than those of counters: "321 views",
"Anna Berg · 3 hours ago". The words are in the sections [counter.*] of `extraction/languages`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

MAX_LINE_CHARS = 200  # a line with counters is short
MAX_LINE_WORDS = 12  # in a line that has other words than those of counters
TOKEN = re.compile(r"\d+(?:[.,:'/ -]{1,2}\d+)*|[^\W\d_]+")
PLAIN_NUMBER = re.compile(r"\d+(?:[.,' ]\d+)*")  # no score, no time and no date
CLOCK_OR_DATE = re.compile(r"\d{1,2}[:.]\d\d|\d{1,4}([-./] ?)\d{1,2}\1\d{1,4}.*")
CURRENCY = re.compile(r"[€$£¥]")
AMOUNT, CODES = r"\d[\d.,' ]{0,20}", r"\b(?:eur|usd|gbp|chf|jpy|cny|inr|cad|aud|pln|sek|nok|dkk|czk|huf|try|rub|uah)\b"
LABELLED_PRICE = re.compile(
    rf"[^\W\d_]{{1,30}}+(?: [^\W\d_]{{1,30}}+){{0,2}}: ?(?:(?:[€$£¥]|{CODES}) ?{AMOUNT}|{AMOUNT}(?:[€$£¥]|{CODES}))"
)  # "Ticket: 10,50 EUR"
SENTENCE_END = re.compile(r"[.!?…。！？۔।]['\")\]]*$")
COUNTER_PARTS = re.compile(r"\s*[·•|]\s*")  # between a name and a counter; a comma may be in a sentence
AGE_PARTS = re.compile(r"\s*[·•|]\s*|, | - ")
MASK = "#"  # in place of a counter
NUMBER = "\N{OBJECT REPLACEMENT CHARACTER}"  # in place of a number in a `shape`; no line that people write has it
MIN_AGE_WORDS = 2  # "an hour ago" has no number; one word of an age alone, such as "yesterday", is a word like others


class Vocabulary(NamedTuple):
    """Hold the words of counters in all languages."""

    counters: frozenset[str]
    ages: frozenset[str]  # words or groups of words with a space at both ends; each makes an age of what is beside it
    units: frozenset[str]
    months: frozenset[str]  # a month makes no counter: "12 March: 3 dead" is news
    known: frozenset[str]  # all of them, and the words that join them


@cache
def vocabulary() -> Vocabulary:
    """Return the words of counters in all languages."""
    from pipelines.extraction.languages.tables import LinePattern, lines  # most readings need none of them

    def groups(*sections: str) -> list[list[str]]:
        every = (line for name in sections for line in lines(name) if not isinstance(line, LinePattern))
        return [TOKEN.findall(line.casefold()) for line in every]

    def words(*sections: str) -> frozenset[str]:
        return frozenset(word for group in groups(*sections) for word in group if word.isalpha())

    ages = frozenset(f" {' '.join(group)} " for group in groups("counter.ages", "line.updated"))
    counters, units, months = words("counter.words"), words("counter.units"), words("months", "months.short")
    joins = words("counter.joins", "counter.ages", "line.updated")
    return Vocabulary(counters, ages, units, months, counters | units | months | joins)


def shape(line: str) -> str | None:
    """Return the words of a short line that is no sentence, with a mark in place of each number; None of any other.

    On a site that changes such numbers on most of its pages they are counters, in whatever language.
    """
    tokens = TOKEN.findall(line.casefold()) if len(line) <= MAX_LINE_CHARS else []
    if SENTENCE_END.search(line) or len(tokens) > MAX_LINE_WORDS or not any(map(str.isdigit, line)):
        return None
    return " ".join(NUMBER if _is_number(token) else token for token in tokens)


def is_age_in_a_word(line: str) -> bool:
    """Return True for a line such as "yesterday", which may take the place of "23 hours ago"."""
    tokens = TOKEN.findall(line.casefold())
    return len(tokens) == 1 and f" {tokens[0]} " in vocabulary().ages


def masked(line: str) -> str | None:
    """Return a line (as `comparable` gives it) with a mark in place of each counter; None if it has no counter.

    Two lines with the same result differ in their counters only.
    """
    if not line or len(line) > MAX_LINE_CHARS:
        return None
    lowered = line.casefold()
    tokens = TOKEN.findall(lowered)
    if not tokens:
        return None
    is_price = bool(CURRENCY.search(line)) and _are_known(tokens) and any(map(_is_number, tokens))
    is_figure = len(tokens) == 1 and PLAIN_NUMBER.fullmatch(tokens[0])
    if is_figure or is_price or LABELLED_PRICE.fullmatch(lowered) or _is_counter(tokens) or _is_age(tokens):
        return MASK
    if SENTENCE_END.search(line) or len(tokens) > MAX_LINE_WORDS:
        return None
    parts = [MASK if _is_counter(TOKEN.findall(part)) else part for part in COUNTER_PARTS.split(lowered)]
    pieces = [piece for part in parts for piece in ([MASK] if part == MASK else _without_age(part))]
    return " ".join(pieces) if MASK in pieces else None


def _without_age(part: str) -> list[str]:
    """Return the pieces of a part of a line, with a mark in place of an age: after a comma, or beside a name."""
    pieces: list[str] = []
    for piece in AGE_PARTS.split(part):
        tokens = TOKEN.findall(piece)
        if pieces[-1:] == [MASK] and CLOCK_OR_DATE.fullmatch(piece):
            continue  # "updated 12 May 2024, 10:32"
        pieces += [MASK] if _is_age(tokens) else _without_last_age(tokens)
    return pieces


def _without_last_age(tokens: list[str]) -> list[str]:
    """Return the words of a piece, with a mark in place of an age at its end: "Anna Berg 3 hours ago"."""
    words = vocabulary()
    at = len(tokens)
    while at and (_is_number(tokens[at - 1]) or tokens[at - 1] in words.known):
        at -= 1
    run = tokens[at:]
    numbers = [token for token in run if _is_number(token)]
    return [*tokens[:at], MASK] if len(numbers) == 1 and _is_age(run, of_units=True) else tokens


def _is_counter(tokens: list[str]) -> bool:
    """Return True if tokens are a number with a word of a counter, and nothing else but words that join them."""
    return _are_known(tokens) and any(map(_is_number, tokens)) and not vocabulary().counters.isdisjoint(tokens)


def _is_age(tokens: list[str], *, of_units: bool = False) -> bool:
    """Return True if tokens are an age or the time of an update. `of_units`: only one such as "3 hours ago"."""
    words = vocabulary()
    if not _are_known(tokens) or not any(age in f" {' '.join(tokens)} " for age in words.ages):
        return False
    numbers = [at for at, token in enumerate(tokens) if _is_number(token)]
    if not numbers:
        return len(tokens) >= MIN_AGE_WORDS
    if any(_has_unit(tokens, at) for at in numbers):
        return True
    is_dated = not words.months.isdisjoint(tokens) or any(CLOCK_OR_DATE.fullmatch(tokens[at]) for at in numbers)
    return is_dated and not of_units


def _has_unit(tokens: list[str], at: int) -> bool:
    """Return True if a unit of time stands after a number, or before it."""
    return any(0 <= beside < len(tokens) and tokens[beside] in vocabulary().units for beside in (at - 1, at + 1))


def _are_known(tokens: list[str]) -> bool:
    known = vocabulary().known
    return bool(tokens) and all(_is_number(token) or token in known for token in tokens)


def _is_number(token: str) -> bool:
    return token[0].isdigit()
