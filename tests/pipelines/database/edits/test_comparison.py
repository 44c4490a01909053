"""Test how the values of two revisions are compared: texts by words, authors by name, times as a whole."""

from __future__ import annotations

import pytest

from pipelines.database.edits.comparison import HEAD_KEYS, Comparison

NAMES = {
    "one more": (["A"], ["A", "B"], "A[, B+]"),
    "first gone": (["A", "B"], ["B"], "[A, -]B"),
    "last replaced": (["A", "B"], ["A", "C"], "A[, B-][, C+]"),
    "all replaced": (["A"], ["B"], "[A-][B+]"),
    "middle gone": (["A", "B", "C"], ["A", "C"], "A[, B-], C"),
    "none before": ([], ["A", "B"], "[A, B+]"),
}
MARKS = {"same": "{}", "removed": "[{}-]", "added": "[{}+]"}


def compared(**sides):
    """Return the comparison of two revisions that differ in these values."""
    blank = dict.fromkeys(HEAD_KEYS) | {"text": "Same.", "title": "Same", "authors": [], "revision": 1}
    old, new = (blank | {name: values[at] for name, values in sides.items()} for at in (0, 1))
    return Comparison(1, "https://paper.example/", old, new | {"revision": 2}, False)


@pytest.mark.parametrize("name", NAMES)
def test_authors_are_compared_by_name(name):
    """A name that stays is never marked, and each side reads as a list."""
    old, new, shown = NAMES[name]
    (found,) = compared(authors=(old, new)).fields_by_words()
    assert found[0] == "authors"
    assert "".join(MARKS[one.kind].format(one.text) for one in found[1]) == shown


def test_description_is_compared_by_words_and_time_as_a_whole():
    """What did not change is not listed; JSON has the same."""
    found = compared(description=("A red lamp", "A green lamp"), modified=("2026-01-01", "2026-01-02"))
    fields = {
        name: "".join(MARKS[one.kind].format(one.text) for one in parts) for name, parts in found.fields_by_words()
    }
    assert fields == {"description": "A [red -][green +]lamp", "modified": "[2026-01-01-][2026-01-02+]"}
    assert list(found.as_dict()["fields"]) == ["description", "modified"]
    assert found.as_dict()["fields"]["modified"][0] == {"kind": "removed", "text": "2026-01-01"}
