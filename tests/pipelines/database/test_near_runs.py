"""NEAR of words of scripts with and without spaces, which the index has in two columns."""

from __future__ import annotations

import pytest

from crawler.cli.searching.hints import word_hints
from pipelines.database.connection import connect
from pipelines.database.query_language.near_runs import has_near
from pipelines.database.search.counts import count
from pipelines.database.search.hits import search
from pipelines.database.search.suggestions import reports
from tests.support.worded_archive import worded

ARTICLES = [
    ("東京とJR東日本", "東京の駅で、「JR」は新しい列車を見せた。"),
    ("選挙", "東京都知事選挙が行われた。投票率は上がった。候補者は語った。\nThe Climate group of JR was there."),
    ("Climate", "COVID-19 疫情在北京。Nothing else."),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    connection = connect(worded(tmp_path_factory.mktemp("near") / "morgue.db", ARTICLES, "ja"))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("NEAR(東京 JR, 3)", {1}),  # JR is between signs, not beside a run
        ("NEAR(JR 東京, 3)", {1}),
        ("NEAR(JR 駅, 0)", set()),
        ("NEAR(JR 駅, 1)", {1}),
        ("NEAR(東京 JR, 999)", {1, 2}),
        ('NEAR(語った "climate group", 1)', {2}),
        ("NEAR(語った clim*, 1)", {2}),
        ("NEAR(語った clim, 1)", set()),
        ("NEAR(covid-19 疫情, 0)", {3}),
        ("title:NEAR(東京 JR, 1)", {1}),
        ("text:NEAR(東京 JR, 1)", set()),
        ("title:NEAR(東京 東日, 3)", {1}),  # runs alone, in one field
        ("text:NEAR(東京 選挙, 3)", {2}),
        ("title:NEAR(東京 選挙, 3)", set()),
        ("NEAR(東京 JR, 999) -climate", {1}),
        ("列車 OR NEAR(語った climate, 1)", {1, 2}),
        ("JR -NEAR(東京 JR, 3)", {2}),
    ],
)
def test_near_finds_words_of_both_kinds(db, query, ids):
    """In any order; a character of a run counts as a word, and so does a word beside it."""
    assert {hit["id"] for hit in search(db, query)} == ids
    assert count(db, query) == len(ids)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [(None, "NEAR(a 東, 3)", False), ("", "NEAR(a 東, 3)", False), ("a b c 東", "NEAR(a 東, 2)", True),
     ("a b c 東", "NEAR(a 東, 1)", False), ("Élan。東", "NEAR(elan 東)", True),
     ("東 a 東 a", 'NEAR("a 東" a, 0)', True), ("東a", "NEAR(東 !! a, 0)", True)],
)  # fmt: skip
def test_near_counts_the_words_between(text, wanted, expected):
    """As FTS5 does: from the end of the first to the beginning of the last."""
    assert has_near(text, wanted) is expected


def test_miss_of_near_says_how_many_articles_have_the_words(db):
    """Without the word NEAR and the number, which are not looked for."""
    assert list(word_hints(reports(db, "NEAR(nothing group, 1)"))) == [
        "Each of the words is there, but no article has them all."
    ]
    assert list(word_hints(reports(db, "NEAR(jr climate, 0)"))) == [
        "The words are there, but never so near to each other; 1 article has them all: morgue search 'jr climate'"
    ]
    assert [report.articles for report in reports(db, "NEAR(東京 JR, 3)")] == [1]
