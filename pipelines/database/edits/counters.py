"""Recognise counters in a line: views, comments, ratings, prices, ages such as "3 hours ago", printed times. Pure.

A number in a sentence is news: "12 killed" and "15 killed" differ. A number is a counter if a word of a counter stands
next to it ("321 views", "Rating: 4.5", "3 hours ago"), and nothing but such words is between them. The words are in the
sections [counter.*] of `extraction/languages`.
"""

from __future__ import annotations

import re
from functools import cache

MAX_LINE_CHARS = 200  # a line with counters is short
MAX_LINE_WORDS = 12  # in a line that has other words than those of counters
TOKEN = re.compile(r"\d+(?:[.,:'/ -]{1,2}\d+)*|[^\W\d_]+")
SENTENCE_END = re.compile(r"[.!?…。！？۔।]['\")\]]*$")
MASK = "#"  # in place of a counter
MIN_AGE_WORDS = 2  # "an hour ago" has no number; one word of an age alone, such as "yesterday", is a word like others


@cache
def vocabulary() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the words of counters, the words of ages among them, and words that join them: months, too.

    A month makes no counter: "12 March: 3 dead" is news.
    """
    from pipelines.extraction.languages.tables import LinePattern, lines  # most readings need none of them

    def words(*sections: str) -> frozenset[str]:
        every = (line for name in sections for line in lines(name) if not isinstance(line, LinePattern))
        return frozenset(word for line in every for word in TOKEN.findall(line.casefold()) if word.isalpha())

    ages = words("counter.ages")
    return words("counter.words", "line.updated") | ages, ages, words("counter.joins", "months", "months.short")


def masked(line: str) -> str | None:
    """Return a line (as `comparable` gives it) with a mark in place of each counter; None if it has no counter.

    Two lines with the same result differ in their counters only.
    """
    if len(line) > MAX_LINE_CHARS or not line:
        return None
    counters, ages, joins = vocabulary()
    tokens = TOKEN.findall(line.casefold())
    if not tokens:
        return None
    parts: list[str] = []
    run: list[str] = []
    for token in [*tokens, ""]:
        if token and (token[0].isdigit() or token in counters or token in joins):
            run.append(token)
            continue
        parts += _without_counter(run, counters, ages)
        run = []
        parts += [token] if token else []
    if parts == [MASK] or all(token[0].isdigit() or token in joins for token in tokens):  # printed dates, too
        return MASK if any(token[0].isdigit() or token in ages for token in tokens) else None
    if MASK not in parts or len(tokens) > MAX_LINE_WORDS or SENTENCE_END.search(line):
        return None
    return " ".join(parts)


def _without_counter(run: list[str], counters: frozenset[str], ages: frozenset[str]) -> list[str]:
    """Return neighbouring numbers and words of counters: as a mark if they make a counter, otherwise as they are."""
    has_number = any(token[0].isdigit() for token in run)
    is_age = sum(token in ages for token in run) >= MIN_AGE_WORDS
    return [MASK] if is_age or (has_number and any(token in counters for token in run)) else run
