"""Numbers are written with the right form of their noun and verb."""

from __future__ import annotations

import pytest

from pipelines.core.plural import counted, verb


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
