"""Columns are chosen by name, in an export as in a table of Python, and a wrong name is an error that helps."""

from __future__ import annotations

import pytest

from exports.column_types import OTHER_NAMES, chosen_columns
from pipelines.core.errors import QueryError
from pipelines.database import queries

KNOWN = ("id", "text", "title")


@pytest.mark.parametrize("wanted", ["text, id,", ["text", "id"], ("text", "id")])
def test_columns_are_those_named_in_their_order(wanted):
    """As a list, or as a text; there, blanks around a comma and a comma at the end do not matter."""
    assert chosen_columns(wanted, KNOWN) == ("text", "id")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("day", "published_day"), ("Date", "published_day"), ("words", "word_count"), ("author", "authors"),
     ("headline", "title"), ("body", "text"), ("newspaper", "source"), ("published_dy", "published_day")],
)  # fmt: skip
def test_name_from_elsewhere_leads_to_the_column(name, meant):
    """Views, commands and other programs have their own."""
    with pytest.raises(QueryError, match=rf"did you mean {meant}"):
        chosen_columns(name, queries.ARTICLE_KEYS)


def test_other_names_are_of_columns_and_are_none_themselves():
    """So no column is explained away."""
    assert set(OTHER_NAMES.values()) <= set(queries.ARTICLE_KEYS)
    assert not OTHER_NAMES.keys() & set(queries.ARTICLE_KEYS)


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
