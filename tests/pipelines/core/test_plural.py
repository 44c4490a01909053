"""A number with its noun."""

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
def test_one_is_singular_and_all_else_is_plural(number, noun, said):
    """None is many."""
    assert counted(number, noun) == said


def test_the_verb_goes_with_the_number():
    """As the noun does."""
    assert [verb(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
