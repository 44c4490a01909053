"""Test what an archive has instead of a value of a field that no article has."""

from __future__ import annotations

import json

import pytest

from crawler.cli.searching.hints import word_hints
from pipelines.database.connection import connect
from pipelines.database.search import field_values
from pipelines.database.search.counts import count
from pipelines.database.search.field_values import likeness, values_like
from pipelines.database.search.suggestions import reports
from tests.support.article_archive import SOURCES, database, insert
from tests.support.worded_archive import TEMPLATE

MOST = "The most frequent in this archive"
# section, tags, kind, origin, language, byline
ARTICLES = [
    ("Sports", ["flood", "Cup, final"], "article", "dpa", "en", "Anna Berg"),
    ("sports", ["Flood"], "article", "dpa", "en", "Anna Berg"),
    ("Home news", ["harbour"], "article", "Reuters", "de", "Bert Noël"),
    ("Politik", [], "live blog", None, "en", None),
    (None, ["flooding"], "opinion", None, None, "Carla Smythe"),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    path = tmp_path_factory.mktemp("values") / "morgue.db"
    writing = database(path)
    for name in ("courier", "empty"):
        url, title, language = SOURCES[name]
        insert(writing, "sources", name=name, url=url, title=title, language=language, added="2022-01-01T00:00:00Z")
    for number, (section, tags, kind, origin, language, byline) in enumerate(ARTICLES, 1):
        varied = {
            "id": number, "url": f"https://x/{number}", "url_key": f"//x/{number}", "section": section,
            "tags": json.dumps(tags), "kind": kind, "origin": origin, "language": language, "byline": byline,
            "authors": json.dumps([byline] if byline else []), "title": "Title", "text": "About Nowhere",
        }  # fmt: skip
        insert(writing, "articles", **TEMPLATE | varied)
    writing.commit()
    writing.close()
    connection = connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("section:sprots", "In this archive: section:Sports (2)."),  # however it is written
        ("section:sport", "In this archive: section:Sports (2)."),
        ("section:politics", "In this archive: section:Politik (1)."),
        ('section:"hone news"', 'In this archive: section:"Home news" (1).'),
        ("section:x,sprts", "In this archive: section:Sports (2)."),
        ("section:zzz", f'{MOST}: section:Sports (2), section:"Home news" (1), section:Politik (1).'),
        ("tag:flod", "In this archive: tag:Flood (2)."),
        ("tag:cpu", f'{MOST}: tag:Flood (2), tag:"Cup final" (1), tag:flooding (1), tag:harbour (1).'),
        ("tag:finale", 'In this archive: tag:"Cup final" (1).'),
        ("origin:retuers", "In this archive: origin:Reuters (1)."),
        ("kind:gallery", f'{MOST}: kind:article (3), kind:"live blog" (1), kind:opinion (1).'),
        ("language:pt", f"{MOST}: language:en (3), language:de (1)."),
        ("author:smyte", 'In this archive: author:"Carla Smythe" (1).'),
        ('byline:"ana berg"', 'In this archive: byline:"Anna Berg" (2).'),
        ("author:nowhere", "In this archive: nowhere anywhere (5)."),
        ("source:empty", f"{MOST}: source:courier (5)."),
    ],
)  # fmt: skip
def test_value_that_no_article_has_is_answered_with_those_that_are_there(db, query, line):
    """Those with a word like it, however they are written; if none is like it, the most frequent ones."""
    assert list(word_hints(reports(db, query))) == [line]


@pytest.mark.parametrize("field", ["section", "tag", "origin", "kind", "language", "author", "source"])
def test_value_that_is_suggested_finds_as_many_articles_as_it_says(db, field):
    """It can be typed as it is shown."""
    found = values_like(db, field, "zzz", 10).values
    assert found
    assert [count(db, one.word) for one in found] == [one.articles for one in found]


def test_values_of_a_large_archive_are_those_of_its_newest_articles(db, monkeypatch):
    """The answer says since when."""
    monkeypatch.setattr(field_values, "MIN_ARTICLES_READ", 2)
    day = TEMPLATE["published_day"]
    assert list(word_hints(reports(db, "origin:retuers"))) == [f"In this archive since {day}: origin:Reuters (1)."]
    monkeypatch.setattr(field_values, "MIN_ARTICLES_READ", 5)
    assert values_like(db, "origin", "x", 9).since is None


def test_only_what_must_be_there_is_looked_up(db):
    """Not what is left out, and no periods."""
    found = reports(db, "title -section:zzz published:1999 seen:1999 tag:flod")
    assert [(report.text, report.articles) for report in found] == [("title", 5), ("tag:flod", 0)]


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [("sport", "sports", 1), ("sp", "sports", 0), ("sprt", "sport", 1), ("spt", "sport", 0),
     ("retuers", "reuters", 1), ("politics", "politik", 1), ("news", "home", 0), ("uk", "uk", 2)],
)  # fmt: skip
def test_word_may_be_meant_for_one_that_differs_little(word, other, expected):
    """The longer it is, the more letters may differ."""
    assert likeness(word, other) == expected
