"""Test counts by every key, and facets, against counting by hand."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from pipelines.core.errors import ArchiveDamaged, QueryError
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts as counting
from pipelines.database.search.counts import KEYS, counts
from pipelines.database.search.facets import facet, newest_facets
from pipelines.database.search.periods import UNITS, period_of
from tests.support.counted_archive import SOURCE_NAMES, all_rows, build_counted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_counted(tmp_path_factory.mktemp("facets") / "archive")


@pytest.fixture(scope="module")
def db(folder):
    with closing(connect(folder / "morgue.db")) as opened:
        yield opened


def values_of(row, key):
    """Return the values of a key that a row has, [None] for none."""
    if key in UNITS:
        return [period_of(row["published_day"], key) if row["published"] else None]
    if key in ("author", "tag"):
        return sorted({value for value in json.loads(row[f"{key}s"]) if value}) or [None]
    return [SOURCE_NAMES[row["source_id"]] if key == "source" else row[key] or None]


def by_hand(*keys, rows=None):
    """Return how many rows have which values."""
    found = Counter()
    for row in all_rows() if rows is None else rows:
        combined = [()]
        for key in keys:
            combined = [(*before, value) for before in combined for value in values_of(row, key)]
        found.update(combined)
    return found


@pytest.mark.parametrize("key", KEYS)
def test_counts_by_one_key_agree_with_counting_by_hand(db, key):
    """Undated articles are none of any day; an article counts once for each of its authors."""
    assert counts(db, (key,)) == by_hand(key)


@pytest.mark.parametrize(
    "keys", [("month", "author"), ("author", "tag"), ("week", "source"), ("kind", "week"), ("language", "section")]
)
def test_counts_by_two_keys_agree_with_counting_by_hand(db, keys):
    """Keys of both kinds, in any order."""
    assert counts(db, keys) == by_hand(*keys)


def test_counts_follow_query_and_filters(db):
    """They count the articles that a search would find."""
    chosen = [
        row for row in all_rows() if row["source_id"] == 2 and "2024-01-01" <= (row["published_day"] or "") < "2025"
    ]
    filters = ArticleFilters(source="gazette", since="2024", until="2024")
    assert counts(db, ("author",), None, filters) == by_hand("author", rows=chosen)
    assert counts(db, ("kind", "author"), "nowhere") == {}


def test_facet_has_the_most_frequent_values(db):
    """Then by name; it says how many others there are, and how many articles have none."""
    found = facet(db, "author", limit=2)
    number = by_hand("author")
    without = number.pop((None,))
    assert found.values == (("Reporter 0", 6), ("Reporter 1", 6))
    assert (found.more_values, found.without) == (len(number) - 2, without)
    assert found.as_json()["values"] == [{"value": "Reporter 0", "count": 6}, {"value": "Reporter 1", "count": 6}]


def test_facet_of_time_is_in_the_order_of_time(db):
    """It has the most frequent periods, the earliest first, and counts undated articles as without one."""
    months = by_hand("month")
    most = sorted((key for (key,) in months if key), key=lambda key: (-months[key,], key))[:3]
    found = facet(db, "month", limit=3)
    assert [value for value, _ in found.values] == sorted(most)
    assert found.without == 2


def test_facet_without_limit_has_all_values(db):
    """Nothing is left out by 0."""
    found = facet(db, "source", limit=0)
    assert dict(found.values) == {key: number for (key,), number in by_hand("source").items()}
    assert found.more_values == 0


def test_facets_of_the_newest_matches_are_those_of_their_rows(db):
    """One look at each row counts by all keys. It says how many are counted; the undated are no newest ones."""
    rows = sorted((row for row in all_rows() if row["published"]), key=lambda row: row["published_day"])[-7:]
    found = newest_facets(db, KEYS, None, ArticleFilters(), 0, 7)
    assert {one.among for one in found.values()} == {7}
    assert found["author"].as_json()["among"] == 7
    for key in ("month", "source", "language", "kind", "author", "tag"):
        numbers = {value: number for (value,), number in by_hand(key, rows=rows).items()}
        assert numbers.pop(None, 0) == found[key].without
        assert dict(found[key].values) == numbers


def test_facets_of_as_many_as_there_are_agree_with_counts(db):
    """Also of a query, and of one without a match."""
    for query in ("climate", "nowhere", "title:report OR kind:opinion"):
        for key, found in newest_facets(db, KEYS, query, ArticleFilters(), 0, 1000).items():
            assert found._replace(among=None) == facet(db, key, query, limit=0), (query, key)


def test_kinds_are_counted_from_the_index(folder, monkeypatch, tmp_path):
    """As from the rows; a kind that has no name here sends the count back to the rows."""
    monkeypatch.setattr(counting, "ROWS_A_LABEL", 0)
    with closing(sqlite3.connect(folder / "morgue.db")) as old, closing(sqlite3.connect(tmp_path / "morgue.db")) as new:
        old.backup(new)
        asked = []
        new.row_factory = sqlite3.Row
        new.set_trace_callback(asked.append)
        assert counts(new, ("kind",)) == by_hand("kind")
        assert not any("GROUP BY" in sql for sql in asked)
        new.execute("UPDATE articles SET kind = 'riddle' WHERE id = 103")
        assert counts(new, ("kind",)) == {("riddle",) if kind == ("opinion",) else kind: number
                                          for kind, number in by_hand("kind").items()}  # fmt: skip


@pytest.mark.parametrize(("keys", "said"), [((), "unknown key"), (("month", "colour"), "colour")])
def test_unknown_key_is_an_error(db, keys, said):
    """It names the keys that there are."""
    with pytest.raises(QueryError, match=said) as caught:
        counts(db, keys)
    assert "section" in str(caught.value)


def test_damaged_list_names_its_row(tmp_path):
    """A column that holds no list is not counted as an author."""
    folder = build_counted(tmp_path / "archive")
    with closing(sqlite3.connect(folder / "morgue.db")) as writing, writing:
        writing.execute("UPDATE articles SET authors = '{\"a\": 1}' WHERE id = 3")
    with closing(connect(folder / "morgue.db")) as db, pytest.raises(ArchiveDamaged, match="articles, row 3"):
        counts(db, ("author",))
