"""Articles that a query, an address or both fields and words select, in a small archive."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipelines.core.errors import NotFound
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.addresses import is_address
from pipelines.database.search import counts, hits
from tests.support.article_archive import build, database, undate


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = build(tmp_path_factory.mktemp("selection") / "archive")
    with database(folder / "morgue.db") as writing:
        undate(writing, 2)
        writing.execute("UPDATE articles SET language = NULL, section = 'Élections 2024' WHERE id = 5")
        writing.execute("UPDATE articles SET kind = 'opinion', origin = 'Thomson Reuters' WHERE id IN (3, 4)")
        for number, access in ((1, "paywall"), (2, "truncated"), (3, "declared paywall, text whole")):
            writing.execute("UPDATE articles SET access = ? WHERE id = ?", (access, number))
    connection = connect(folder / "morgue.db")
    yield connection
    connection.close()


def ids(db, query, filters=EVERYTHING):
    return sorted(hit["id"] for hit in hits.search(db, query, filters, limit=None))


WRITTEN = ArticleFilters(seen_since="2023-06")  # the nine articles that are not made up by rule


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("source:courier climate", [1, 2]),
        ("source:courier.example climate", [1, 2]),
        ("source:gazette,shimbun", [4, 5, 6, 7]),
        ("source:(gazette OR shimbun) -language:ja", [4, 5, 7]),
        ("-source:courier", [4, 5, 6, 7]),
        ("source:gazette -climat", [5]),
        ("climate OR source:gazette", [1, 2, 4, 5]),
        ("(climate OR source:gazette) -title:cup", [1, 4, 5]),
        ("climate (source:gazette OR byline:berg)", [1]),
        ("change -(source:courier climate)", [3, 4]),
        ("change -(source:courier -climate)", [4]),
        ("climate NOT kind:opinion", [1, 2]),
        ("language:EN-gb", [1, 2, 3, 9]),
        ("-language:en", [4, 5, 6, 7, 8]),  # a language that is not known is not English
        ("published:2024-02", [6, 7]),  # the second article is of that month by the day on which it was met
        ("published:2024-02-02..2024-03", [5, 7]),
        ("published:2024-02..", [5, 6, 7]),
        ("published:..2023", [3]),
        ("climate -published:2024-01", [2]),
        ("seen:2024-02", [2, 6, 7]),
        ("kind:Opinion", [3, 4]),
        ("origin:reuters", [3, 4]),
        ("origin:reut", []),
        ("origin:reut*", [3, 4]),
        ("section:elections", [5]),
        ('tag:"tag 3"', [3]),
        ("tag:3,4 -title:ete", [3]),
        ("author:ormesson kind:opinion", [4]),
        ("access:cut", [1, 2]),
        ("access:Paywall", [1]),
        ("access:truncated,consent", [2]),
        ("access:whole change OR access:declared", [3, 4]),
        ('access:"declared paywall, text whole"', [3]),
        ("change -access:cut", [3, 4]),
    ],
)
def test_fields_and_words_combine(db, query, found):
    """Fields are compared with SQL, words by the index, and OR and NOT join both."""
    assert ids(db, query, WRITTEN) == found
    assert counts.count(db, query, WRITTEN) == len(found)
    assert [row["id"] for row in queries.articles(db, WRITTEN, query)] == found


@pytest.mark.parametrize(
    "query",
    ["kind:opinion " * 200, "(kind:opinion OR x) " * 200, "(kind:opinion climate) OR " * 199 + "tag:3",
     "tag:" + ",".join(f"{number}" for number in range(3, 1800)), "source:" + ",".join(["courier", "gazette"] * 500)],
    ids=["all", "all of any", "any of all", "many values", "many sources"],
)  # fmt: skip
def test_query_of_many_fields_is_within_the_limits_of_sqlite(db, query):
    """It takes expressions 1,000 deep."""
    assert 3 in ids(db, query)


LEAVES = {
    "climate": {1, 2}, "source:courier": {1, 2, 3, 8, 9}, "published:2024-01": {1, 4, 8, 9}, "kind:opinion": {3, 4},
    "language:fr": {4}, "change": {3, 4}, "title:cup": {2}, "section:elections": {5},
}  # fmt: skip


def random_tree(dice: random.Random, depth: int) -> tuple[str, set[int]]:
    """Return a query and the articles that must fit it."""
    if depth == 0 or dice.random() < 0.2:
        return dice.choice(list(LEAVES.items()))
    (one, left), (other, right) = random_tree(dice, depth - 1), random_tree(dice, depth - 1)
    return dice.choice(
        [(f"({one} {other})", left & right), (f"({one} OR {other})", left | right), (f"({one} -{other})", left - right)]
    )


def test_random_query_finds_what_sets_say(db):
    """Two hundred trees of words and fields, against the same operations on sets."""
    dice = random.Random(12)
    for _ in range(200):
        query, found = random_tree(dice, 4)
        assert ids(db, query, WRITTEN) == sorted(found), query


def test_source_of_a_query_that_is_not_there_is_named(db):
    """The error is that of the option."""
    with pytest.raises(NotFound, match="did you mean courier"):
        ids(db, "source:courrier climate")


@pytest.mark.parametrize(
    "url",
    [
        "https://courier.example/2024/article-1",
        " courier.example/2024/article-1/ ",
        "https://courier.example/2024/article-1?utm_source=mail&utm_medium=x#top",
        "http://courier.example/amp/article-1",
    ],
)
def test_address_selects_its_article(db, url):
    """It may be in any spelling that people paste. Filters hold besides."""
    assert ids(db, url) == [1]
    assert counts.count(db, url) == 1
    assert [row["id"] for row in queries.articles(db, query=url)] == [1]
    assert ids(db, url, ArticleFilters(source="gazette")) == []


def test_address_that_is_no_article_is_searched_for_as_words(tmp_path):
    """The text of an article may name it."""
    folder = Path(build(tmp_path / "archive"))
    with database(folder / "morgue.db") as writing:
        writing.execute("UPDATE articles SET text = 'See https://elsewhere.example/a?b=c for more' WHERE id = 3")
    with connect(folder / "morgue.db") as db:
        assert ids(db, "https://elsewhere.example/a?b=c") == [3]


@pytest.mark.parametrize("query", ["localhost:8701/a/b.html", "127.0.0.1:80/", "https://a.example", "a.example/x"])
def test_address_with_a_port_or_a_path_is_one(query):
    """Without a scheme, too."""
    assert is_address(query)


@pytest.mark.parametrize(
    "query",
    [
        "climate",
        "10:30",
        "title:climate/change",
        "source:7",
        "and/or",
        "courier.example",
        "see https://a.example/",
        "U.S./UN",
    ],
)
def test_words_are_no_address(query):
    """A host without a path is a word in texts."""
    assert not is_address(query)
