"""Name what the full-text index knows of an article besides its words: labels, and the place that has its day. Pure.

A label is a word that no person types: it begins with a character for private use. Source, language and kind have one
each (column `labels`, schema/search_index.py), so that FTS5 intersects them with the words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipelines.core.timestamps import day_number
from pipelines.database.schema.places import DAY_BITS, FIRST_DATED_PLACE

LABEL_MARK = "\ue000"
EVERY_ARTICLE = f'labels : "{LABEL_MARK}a"'
NO_SOURCE, NO_LANGUAGE = 0, ""  # in the labels of articles that have none
LAST_PLACE = (1 << 63) - 1


class PlaceRange(NamedTuple):
    """Hold a range of places, both ends included. It is empty if the last is before the first."""

    first: int = 0
    last: int = LAST_PLACE

    def within(self, other: PlaceRange) -> PlaceRange:
        """Return the places that are in both ranges."""
        return PlaceRange(max(self.first, other.first), min(self.last, other.last))


EVERYWHERE = PlaceRange()
DATED = PlaceRange(FIRST_DATED_PLACE)
UNDATED = PlaceRange(last=FIRST_DATED_PLACE - 1)


def places_between(since: str | None, until: str | None) -> PlaceRange:
    """Return the places of articles published from one ISO day to another; None: no bound, but dated."""
    last = LAST_PLACE if until is None else places_of_days(day_number(until), 1).last
    return PlaceRange(day_number(since) << DAY_BITS, last).within(DATED)


def places_of_days(first: int, days: int) -> PlaceRange:
    """Return the places of so many days from one on (`timestamps.day_number`)."""
    return PlaceRange(first << DAY_BITS, ((first + days) << DAY_BITS) - 1)


def of_sources(source_ids: Iterable[int]) -> str:
    """Return the FTS5 expression for the articles of some sources."""
    return _labels(f'"{LABEL_MARK}s{number}"' for number in source_ids)


def in_languages(codes: Iterable[str]) -> str:
    """Return the FTS5 expression for the articles in some languages."""
    return _labels(f'"{LABEL_MARK}l{code.replace("-", "")}"' for code in codes)


def of_kinds(phrases: Iterable[str]) -> str:
    """Return the FTS5 expression for the articles whose kind has one of some phrases; `live bl*` is a prefix."""
    return _labels(_kind(phrase) for phrase in phrases)


def passed_test(number: int) -> str:
    """Return the FTS5 expression for articles that pass a condition, where they have a label for it (`spans`)."""
    return f'labels : "{test_label(number)}"'


def test_label(number: int) -> str:
    """Return the label of what passes a condition of a query. No archive has it."""
    return f"{LABEL_MARK}q{number}"


def _kind(phrase: str) -> str:
    words = " ".join(f"{LABEL_MARK}k{word}" for word in phrase.rstrip("*").split())
    return f'"{words}"' + "*" * phrase.endswith("*")


def _labels(terms: Iterable[str]) -> str:
    alternatives = list(dict.fromkeys(terms))
    return f"labels : {alternatives[0]}" if len(alternatives) == 1 else f"labels : ({' OR '.join(alternatives)})"
