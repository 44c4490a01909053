"""Find words of scripts with and without spaces near each other in a text. Pure.

The index has them in two columns, and FTS5 compares places within one column only. So it finds the articles that have
all of them, and this looks how near they are. A character of a script without spaces counts as a word.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pipelines.core.languages.spaced_runs import runs_of
from pipelines.database.query_language.phrases import words_of
from pipelines.database.query_language.spelling import folded
from pipelines.database.query_language.tokens import near_members

MAX_WANTED = 256  # that are kept after they were read


class NearPhrase(NamedTuple):
    """Hold words that must be side by side. The last one may be a prefix."""

    words: list[str]
    is_prefix: bool

    def places(self, words: list[str]) -> list[int]:
        """Return where it begins among the words of a text."""
        *first, last = self.words
        size = len(first)
        return [
            at for at in range(len(words) - size)
            if words[at : at + size] == first
            and (words[at + size].startswith(last) if self.is_prefix else words[at + size] == last)
        ]  # fmt: skip


def has_near(text: str | None, wanted: str) -> bool:
    """Return True if a text has what a NEAR(...) asks for, in any order."""
    if not text:
        return False
    phrases, gap = _read(wanted)
    words = list(words_in(text))
    places = [phrase.places(words) for phrase in phrases]
    return any(
        all(_has_between(others, start, start + len(phrase.words) + gap) for others in places)
        for phrase, starts in zip(phrases, places, strict=True) for start in starts  # of the first of them
    )  # fmt: skip


def _has_between(numbers: list[int], least: int, most: int) -> bool:
    at = bisect_left(numbers, least)
    return at < len(numbers) and numbers[at] <= most


@lru_cache(maxsize=MAX_WANTED)
def _read(wanted: str) -> tuple[list[NearPhrase], int]:
    members, gap = near_members(wanted)
    phrases = ((list(words_in(member)), member.endswith("*")) for member in members)
    return [NearPhrase(words, is_prefix) for words, is_prefix in phrases if words], gap


def words_in(text: str) -> Iterator[str]:
    """Yield the words of a text in plain letters, and of a run of a script without spaces each character."""
    end = 0
    for run in runs_of(text):
        yield from map(folded, words_of(text[end : run[0].start]))
        yield from (folded(word.word) for word in run)
        end = run[-1].end
    yield from map(folded, words_of(text[end:]))
