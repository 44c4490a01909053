"""Test what the tables of `morgue count` say beside the numbers."""

from __future__ import annotations

import pytest

from crawler.cli.counting.bars import PLAIN
from crawler.cli.counting.count_table import MANY_COLUMNS, CountLayout, lines, notes
from pipelines.database.search.attention import Attention, AttentionRow

HINT = "--limit 10 shows only the most frequent values of source."


@pytest.mark.parametrize(
    ("sources", "is_terminal", "says_so"),
    [(MANY_COLUMNS + 1, True, True), (MANY_COLUMNS + 1, False, False), (MANY_COLUMNS, True, False)],
)
def test_table_of_many_columns_says_how_to_have_fewer(sources, is_terminal, says_so):
    """It says so on a terminal; a program gets all columns and no advice."""
    rows = tuple(AttentionRow(("2026-01", f"paper-{n}"), (), 1, is_partial=False) for n in range(sources))
    found = Attention((), ("month", "source"), rows, (), sources, (0,), False, 0, "2026-01-01", "2026-01-31", None)
    layout = CountLayout(room=80, is_cut=is_terminal, share=False, smooth=1, drawn=PLAIN)
    text = " ".join(lines(found, layout))
    assert (HINT in text) is says_so
    assert f"paper-{sources - 1}" in text


@pytest.mark.parametrize(("days", "said"), [(31, False), (300, True)])
def test_sparkline_of_means_says_so(days, said):
    """If there are more periods than characters."""
    rows = tuple(AttentionRow((f"day {n:03}",), (), 1, is_partial=False) for n in range(days))
    found = Attention((), ("day",), rows, (), days, (0,), False, 0, "2026-01-01", "2026-12-31", "day")
    text = list(lines(found, CountLayout(room=80, is_cut=True, share=False, smooth=1, drawn=PLAIN)))
    assert ("Each character of a sparkline is the mean of several days." in text) is said


def test_queries_that_are_the_same_are_named():
    """Case and spaces make no difference; those of an operator do."""
    queries = ("flood", "flood ", "FLOOD", "a OR b", "a or b")
    found = Attention(queries, ("day",), (), (1,) * 5, 9, (0,), False, 0, "2026-01-01", "2026-01-02", "day")
    assert list(notes(found)) == ["The same query 3 times: flood, flood, FLOOD."]
