"""Test counts over time of several queries: nothing is missing, and what is not known is not zero."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from pipelines.core import timestamps
from pipelines.core.errors import NotFound, QueryError
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.search import attention as attention_module
from pipelines.database.search.attention import AttentionRow, attention
from tests.support.article_archive import database, insert, rows
from tests.support.counted_archive import build_counted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_counted(tmp_path_factory.mktemp("attention") / "archive")


@pytest.fixture(scope="module")
def db(folder):
    with closing(connect(folder / "morgue.db")) as opened:
        yield opened


@pytest.fixture
def archive_of(tmp_path):
    """Return a function that makes an archive with one article for each of some days, and opens it."""
    opened = []

    def make(*days):
        with closing(database(tmp_path / "morgue.db")) as writing, writing:
            insert(writing, "sources", name="courier", url="https://courier.example/", added="2022-01-01T00:00:00Z")
            for number, day in enumerate(days, 1):
                row = rows()[0] | {"id": number, "url_key": f"{number}", "url": f"https://courier.example/{number}"}
                insert(writing, "articles", **row | {"published": f"{day}T09:00:00Z", "published_day": day})
        opened.append(connect(tmp_path / "morgue.db"))
        return opened[-1]

    yield make
    for db in opened:
        db.close()


def test_month_without_articles_is_in_the_table(db):
    """It has 0 and no share; a month whose articles do not match has a share of 0."""
    found = attention(db, ["climate"], ["month"])
    periods = [row.key[0] for row in found.rows]
    assert periods[0] == "2022-01"
    assert periods[-2:] == ["2024-03", None]
    assert len(periods) == 27 + 1
    by_period = {row.key[0]: row for row in found.rows}
    assert by_period["2023-06"] == AttentionRow(("2023-06",), (0,), 0, False)
    assert by_period["2023-06"].share(0) is None
    assert by_period["2023-12"].share(0) == 0


def test_undated_articles_have_a_row_of_their_own(db):
    """They are part of the total, and of no period."""
    found = attention(db, ["climate"], ["year"])
    assert found.rows[-1].key == (None,)
    assert found.rows[-1].articles == found.undated[0] == 2
    assert sum(row.matches[0] for row in found.rows) == found.matches[0] == 2 + 4
    assert sum(row.articles for row in found.rows) == found.articles == 43
    assert not found.left_out


def test_filter_by_time_leaves_undated_articles_out_and_says_so(db):
    """Those that would match, for each query."""
    found = attention(db, ["climate", "nowhere"], ["year"], ArticleFilters(since="2024"))
    assert [row.key for row in found.rows] == [("2024",)]
    assert found.left_out
    assert found.undated == (2, 0)


def test_same_articles_whatever_they_are_counted_by(db):
    """Each article has one month, one source and one language."""
    for keys in (["day"], ["week"], ["month", "source"], ["language", "source"], ["kind"], ["year", "section"]):
        found = attention(db, ["climate", "filler OR climate"], keys)
        assert sum(row.articles for row in found.rows) == found.articles
        assert tuple(sum(column) for column in zip(*(row.matches for row in found.rows), strict=True)) == found.matches


def test_unit_of_time_comes_first(db):
    """`--by source,month` is `--by month,source`; every source has a row in every month."""
    found = attention(db, ["climate"], ["source", "year"])
    assert found.by == ("year", "source")
    assert len(found.rows) == (3 + 1) * 3
    assert [value for (value,) in found.values()] == ["courier", "gazette", "shimbun"]


def test_unit_is_chosen_from_the_span(db):
    """Two years by month; less by week and by day."""
    assert attention(db, []).by == ("month",)
    assert attention(db, [], filters=ArticleFilters(since="2023-12")).by == ("week",)
    assert attention(db, [], filters=ArticleFilters(since="2024-02")).by == ("day",)


def test_most_frequent_values_come_first_and_others_are_counted(db):
    """Values are in the order of the matches of all queries, then of the articles."""
    found = attention(db, ["title:élections"], ["source"], limit=2)
    assert [row.key[0] for row in found.rows] == ["gazette", "courier"]
    assert found.more_values == 1


@pytest.mark.parametrize(
    ("since", "until", "partial"),
    [
        (None, None, ["2024-01", "2024-03"]),  # the first and last article are within the month
        ("2024-01", "2024-03", ["2024-01", "2024-03"]),  # the same: there are no articles before and after
        ("2023-11", "2024-05", ["2024-01", "2024-03"]),
        ("2024-02", "2024-02", []),  # the whole month, and there are articles before and after
        ("2024-02-03", "2024-02-20", ["2024-02"]),
        ("2024-01-20", None, ["2024-01", "2024-03"]),
    ],
)
def test_period_that_is_covered_in_part_is_marked(archive_of, since, until, partial):
    """Only the first and the last can be."""
    db = archive_of("2024-01-05", "2024-01-31", "2024-02-10", "2024-03-30")
    found = attention(db, [], ["month"], ArticleFilters(since=since, until=until))
    assert [row.key[0] for row in found.rows if row.is_partial] == partial


def test_today_is_not_over(archive_of, monkeypatch):
    """The newest day is marked while more articles may come; days that are still to come have no rows."""
    db = archive_of("2024-02-08", "2024-02-10")
    monkeypatch.setattr(timestamps, "clock", lambda: datetime(2024, 2, 10, 12, tzinfo=UTC))
    found = attention(db, [], ["day"], ArticleFilters(until="2024-12"))
    assert [row.key[0] for row in found.rows] == ["2024-02-08", "2024-02-09", "2024-02-10"]
    assert [row.is_partial for row in found.rows] == [False, False, True]
    monkeypatch.setattr(timestamps, "clock", lambda: datetime(2024, 2, 12, 12, tzinfo=UTC))
    assert len(attention(db, [], ["day"], ArticleFilters(until="2024-12")).rows) == 5


def test_given_period_begins_and_ends_the_table(archive_of):
    """It does so also if the archive has nothing there."""
    db = archive_of("2024-02-08")
    found = attention(db, [], ["month"], ArticleFilters(since="2023-12", until="2024-04"))
    assert [row.articles for row in found.rows] == [0, 0, 1, 0, 0]


def test_archive_without_articles_has_no_rows(archive_of):
    """A filter that nothing passes gives none either."""
    assert attention(archive_of(), ["x"]).rows == ()


def test_curve_has_a_gap_where_there_is_no_article(archive_of):
    """A moving share is that of the articles of all its periods; there are fewer at the ends."""
    db = archive_of("2020-03-01", "2020-03-02", "2021-03-01", "2023-03-01")
    found = attention(db, ["climate"], ["year"])
    assert found.curve(0, share=False) == [2, 1, None, 1]
    assert found.curve(None, share=False, smooth=3) == [1.5, 1.5, 1, 1]
    assert found.curve(0, share=True) == [1, 1, None, 1]
    assert found.curve(0, share=True, smooth=2) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        (["climate", "a AND (b"], "query 2 of 2, character 7: this parenthesis is not closed"),
        (["a AND (b"], "query, character 7: this parenthesis"),
        (["climate", "sport", "published:2024-13"], "query 3 of 3, character"),
        (["climate", " "], "query 2 of 2: has no words"),
        (["caf\udce9"], "query: has bytes that are not UTF-8"),
    ],
)
def test_mistake_in_a_query_says_which_query_it_is(db, queries, said):
    """The error comes before anything is counted."""
    with pytest.raises(QueryError) as caught:
        attention(db, queries)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("keys", "said"),
    [(["colour"], "unknown key"), (["month", "month"], "names a key twice"), (["month", "week"], "two units of time"),
     (["month", "source", "kind"], "too many keys")],
)  # fmt: skip
def test_keys_that_make_no_table_are_an_error(db, keys, said):
    """It says what to name instead."""
    with pytest.raises(QueryError, match=said):
        attention(db, [], keys)


def test_unknown_source_is_not_found(db):
    """A search says the same."""
    with pytest.raises(NotFound):
        attention(db, ["climate"], filters=ArticleFilters(source="nosuch"))


def test_numbers_are_of_one_state_of_the_archive(archive_of, tmp_path, monkeypatch):
    """No number counts an article that a crawl files in between."""
    db = archive_of("2024-01-01", "2024-01-02")
    plain = attention_module.counts

    def counts_beside_a_crawl(*args):
        found = plain(*args)
        with closing(sqlite3.connect(tmp_path / "morgue.db")) as writing, writing:
            number = writing.execute("SELECT max(id) + 1 FROM articles").fetchone()[0]
            insert(
                writing, "articles", **rows()[0] | {"id": number, "url_key": f"{number}", "url": f"https://x/{number}"}
            )
        return found

    monkeypatch.setattr(attention_module, "counts", counts_beside_a_crawl)
    found = attention(db, ["climate"], ["month"])
    assert (found.articles, found.matches) == (2, (2,))
    assert [(row.articles, row.matches) for row in found.rows] == [(2, (2,))]
    assert not db.in_transaction
    assert attention(db, ["climate"], ["month"]).articles == 4


def test_same_query_twice_is_counted_once(db):
    """Two equal columns would say nothing more."""
    assert attention(db, ["climate", "climate"]).queries == ("climate",)


def test_long_rows_have_the_columns_that_they_name(db):
    """One for each key and query; without a query, one for each key."""
    found = attention(db, ["climate", "sport"], ["year", "source"])
    made = list(found.long_rows())
    assert len(made) == 2 * len(found.rows)
    assert dict.fromkeys(found.columns()).keys() == made[0].keys()
    assert found.columns() == ("year", "source", "query", "count", "articles", "share", "partial")
    assert attention(db, [], ["kind"]).columns() == ("kind", "articles")
