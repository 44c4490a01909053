"""Columns are chosen by name, in an export as in a table of Python, and a wrong name is an error that helps."""

from __future__ import annotations

import pytest

from exports.column_types import chosen_columns
from pipelines.core.errors import QueryError

KNOWN = ("id", "text", "title")


@pytest.mark.parametrize("wanted", ["text, id,", ["text", "id"], ("text", "id")])
def test_columns_are_those_named_in_their_order(wanted):
    """As a list, or as a text; there, blanks around a comma and a comma at the end do not matter."""
    assert chosen_columns(wanted, KNOWN) == ("text", "id")


def test_columns_that_are_not_chosen_are_all():
    """Without the option, or the argument."""
    assert chosen_columns(None, KNOWN) == KNOWN


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("id,titel", "column 'titel': there is no such column\n  did you mean title"),
        (["titel"], "column 'titel': there is no such column\n  did you mean title"),
        ("zzz", "columns: id, text"),
        ([1], "column 1: there is no such column"),
        ("id,id", "named twice"),
        (["id", "id"], "named twice"),
        (" , ", "columns: none is named"),
        ([], "columns: none is named"),
    ],
)
def test_columns_that_are_wrong_are_named_with_those_that_exist(wanted, words):
    """The error says which, and what may be meant."""
    with pytest.raises(QueryError, match=words):
        chosen_columns(wanted, KNOWN)
