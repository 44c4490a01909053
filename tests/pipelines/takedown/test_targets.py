"""Test what a takedown finds: every spelling of an address, and nothing beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from pipelines.core.errors import NotFound
from pipelines.takedown.targets import find
from tests.support.article_archive import database, insert, rows


@pytest.fixture
def db(tmp_path):
    with closing(database(tmp_path / "morgue.db")) as db:
        yield db


SPELLINGS = (
    "http://xn--bcher-kva.example/x", "http://B\u00fccher.example/x", "http://b%C3%BCcher.example/x",
    "http://XN--bcher-kva.example:80/x", "http://b\u00fccher%2Eexample/x",
)  # fmt: skip


@pytest.mark.parametrize(
    "target",
    ["http://b\u00fccher.example/x", "http://xn--bcher-kva.example/x", "b\u00fccher.example", "xn--bcher-kva.example",
     "http://b\u00fccher.example/*"],
)  # fmt: skip
def test_host_is_matched_in_every_spelling(db, target):
    """An import brings addresses as others wrote them; none may be left when a host is reported as removed."""
    for number, url in enumerate((*SPELLINGS, "http://buecher.example/x"), 1):
        insert(db, "captures", url=url, time=f"2026-11-0{number}T00:00:00.000000Z", kind="article", file="a",
               offset=number, length=1, record_id=f"<{number}>", record_type="response", signals="[]")  # fmt: skip
    assert sorted(find(db, [target]).captures) == [1, 2, 3, 4, 5]


NEAR = {
    "www.a.example": "did you mean a.example?",
    "www.gazette.example": "did you mean gazette.example?",
    "courier.example": "did you mean www.courier.example?",
    "gazete.example": "did you mean gazette.example or www.courier.example?",
    "https://nowhere.example/": "`morgue show URL` says what it knows",
}


@pytest.mark.parametrize("target", NEAR)
def test_host_of_which_there_is_nothing_is_answered_with_one_like_it(two_stories, target):
    """It is only named: a removal cannot be undone, and a host means exactly that host."""
    for name, home in (("gazette", "https://gazette.example/"), ("courier", "https://www.courier.example/")):
        insert(two_stories, "sources", name=name, url=home, watched=1, added="2024")
    with pytest.raises(NotFound) as missing:
        find(two_stories, [target])
    assert missing.value.cure == NEAR[target]


@pytest.fixture
def two_stories(db):
    """Articles 1 at /x* and 2 at /xyz, each with its capture of the same number."""
    place = {"time": "2024", "kind": "article", "file": "x", "offset": 0, "length": 0, "record_type": "response"}
    for number, url in ((1, "https://a.example/x*"), (2, "https://a.example/xyz")):
        insert(db, "captures", id=number, url=url, record_id=str(number), **place)
        key = url.removeprefix("https:")
        row = {"id": number, "url": url, "url_key": key, "capture_id": number, "source_id": None}
        insert(db, "articles", **rows()[0] | row)
    return db


def test_article_whose_address_ends_in_a_star_is_one_page(two_stories):
    """Named by its number, its address is not the beginning of other addresses."""
    targets = find(two_stories, ["1"])
    assert (set(targets.articles), set(targets.captures), set(targets.names)) == ({1}, {1}, {"//a.example/x%2A"})
    assert set(find(two_stories, ["https://a.example/x*"]).articles) == {1, 2}


@pytest.mark.parametrize("row_factory", [None, sqlite3.Row], ids=["tuples", "rows by name"])
@pytest.mark.parametrize("target", ["1", "https://a.example/x*", "a.example"])
def test_find_leaves_the_connection_of_its_caller_as_it_was(two_stories, row_factory, target):
    """`morgue remove` hands it the archive writer's own connection, whose rows are tuples."""
    two_stories.row_factory = row_factory
    assert find(two_stories, [target]).captures
    assert two_stories.row_factory is row_factory


def test_article_that_a_rebuild_could_not_read_is_found_by_its_key(two_stories):
    """It has no address then, and no text."""
    two_stories.execute("UPDATE articles SET url = '', canonical_url = NULL, text = ''")
    assert list(find(two_stories, ["https://a.example/xyz"]).articles) == [2]
