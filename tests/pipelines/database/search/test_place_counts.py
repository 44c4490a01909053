"""Counts by day: of the matches, or of all articles without those that do not match."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from pipelines.core.timestamps import day_number
from pipelines.database.connection import connect
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search import counts, place_counts
from tests.support.article_archive import database, insert, rows

# Day, source, title, text. The days before 1600 and None have no number; those from 2738-11-28 on have seven digits.
ARTICLES = [
    (None, 1, "said", "flood said"),
    ("1599-12-31", 1, "rain", "said"),
    ("0999-01-01", 2, "rain", "flood"),
    ("1600-01-01", 1, "said", "x"),
    ("2024-01-05", 1, "said", "flood"),
    ("2024-01-05", 2, "rain", "said"),
    ("2024-01-05", 1, "rain", "flood"),
    ("2024-01-06", 1, "rain", "nothing"),
    ("2024-02-01", 1, "saying", "said flood"),
    ("2738-11-27", 1, "said", "x"),
    ("2738-11-28", 2, "said", "x"),
    ("9999-12-31", 1, "rain", "said"),
]
Article = tuple[str | None, int, str, str]
Test = Callable[[Article], bool]


def says(word: str) -> Test:
    return lambda one: word in f"{one[2]} {one[3]}"


QUERIES: dict[str | None, Test] = {
    None: lambda one: True,
    "said": says("said"),
    "sai*": says("sai"),
    "said -flood": lambda one: says("said")(one) and not says("flood")(one),
    "said OR rain": lambda one: says("said")(one) or says("rain")(one),
    "title:said": lambda one: one[2] == "said",
    "said source:b": lambda one: says("said")(one) and one[1] == 2,
    "said published:2024": lambda one: says("said")(one) and (one[0] or "").startswith("2024"),
    "absent": lambda one: False,
}
FILTERS: dict[ArticleFilters, Test] = {
    EVERYTHING: lambda one: True,
    ArticleFilters(since="2024-01-05", until="2024-01-05"): lambda one: one[0] == "2024-01-05",
    ArticleFilters(since="2024-01-06"): lambda one: (one[0] or "") >= "2024-01-06",
    ArticleFilters(until="2024-01-05"): lambda one: "1600" <= (one[0] or "") <= "2024-01-05",
    ArticleFilters(since="2025-01-01", until="2025-12-31"): lambda one: False,
    ArticleFilters(undated=True): lambda one: (one[0] or "") < "1600",
    ArticleFilters(source=("b",)): lambda one: one[1] == 2,
}


@pytest.fixture(scope="module")
def db(tmp_path_factory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("days") / "morgue.db"
    with closing(database(path)) as made:
        for name in "ab":
            insert(made, "sources", name=name, url=f"https://{name}.example/", added="2022-01-01T00:00:00Z")
        for number, (day, source, title, text) in enumerate(ARTICLES, 1):
            row = rows()[0] | {"id": number, "url_key": f"//a/{number}", "capture_id": number, "byline": None}
            dated = {"published": day, "published_day": day, "source_id": source, "title": title, "text": text}
            insert(made, "articles", **row | dated)
        made.commit()
    with closing(connect(path)) as opened:
        yield opened


@pytest.mark.parametrize("frequent", [-1, 2], ids=["by the others", "by the matches"])
@pytest.mark.parametrize("query", QUERIES)
def test_count_by_day_is_that_of_the_articles(db, monkeypatch, query, frequent):
    """Whatever is read, on the first and last days that there are, in any period, of a source and of the undated."""
    monkeypatch.setattr(place_counts, "FREQUENT", frequent)
    for filters, passes in FILTERS.items():
        right = [one for one in ARTICLES if QUERIES[query](one) and passes(one)]
        days = Counter((one[0] if day_number(one[0]) else None,) for one in right)
        found = counts.counts(db, ("day",), query, filters)
        assert found == days, filters
        assert list(found) == sorted(found, key=lambda key: key[0] or "~")
        assert counts.count(db, query, filters) == len(right)


@pytest.mark.parametrize(
    ("query", "filters", "by_the_others"),
    [
        ("said OR rain", EVERYTHING, True),  # all
        ("title:said", EVERYTHING, False),
        ("(said OR rain) source:a", EVERYTHING, False),
        ("said OR rain", ArticleFilters(source=("a",)), False),
        ("sai* OR rain", EVERYTHING, False),  # FTS5 would make the list of its matches for each question
        (None, EVERYTHING, False),
    ],
)
def test_articles_that_do_not_match_are_read_if_they_are_few(db, query, filters, by_the_others):
    """Of a frequent word nothing else is read. Without a query, the index is not read at all."""
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    counts.counts(db, ("day",), query, filters)
    db.set_trace_callback(None)
    matches = [sql for sql in asked if "MATCH" in sql and "group_concat" in sql]
    assert len(matches) == (query is not None)
    assert any(" NOT (" in sql for sql in matches) == by_the_others


@pytest.mark.parametrize("query", ["said", "sai*", None])
def test_count_by_source_and_language_reads_no_row_of_an_article(db, query):
    """The rows are large; all that it needs is in an index."""
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    counts.counts(db, ("source", "language"), query)
    db.set_trace_callback(None)
    (sql,) = [sql for sql in asked if "GROUP BY" in sql]
    plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert (
        [step for step in plan if step.split()[1] == "a"] == [step for step in plan if "articles_place" in step] != []
    )
    assert all("COVERING INDEX" in step for step in plan if "articles_place" in step)
