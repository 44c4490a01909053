"""Numbers are written with the right form of their noun and verb."""

from __future__ import annotations

from collections import Counter

import pytest

from pipelines.core.plural import counted, first_of, most_common_of, verb


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "file", "0 files"),
        (1, "file", "1 file"),
        (1, "match", "1 match"),
        (2, "match", "2 matches"),
        (3, "address", "3 addresses"),
        (12_345, "WARC file", "12,345 WARC files"),
    ],
)
def test_noun_is_singular_only_for_one(number, noun, said):
    """Zero takes the plural too."""
    assert counted(number, noun) == said


def test_verb_agrees_with_the_number():
    """The verb is singular or plural as the noun is."""
    assert [verb(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]


def test_list_that_is_cut_short_says_how_much_is_missing():
    """A list that is not cut says nothing of it."""
    assert first_of(["a", "b", "c"], 3) == "a, b, c"
    assert first_of([str(number) for number in range(2000)], 2) == "0, 1 and 1,998 more"


def test_frequent_texts_come_first_with_their_numbers():
    """Dots stand for the others."""
    numbers = Counter(a=1, b=3000, c=2)
    assert most_common_of(numbers, 3) == "b 3,000, c 2, a 1"
    assert most_common_of(numbers, 2) == "b 3,000, c 2, ..."
