"""Test what counts as taken down: a page, a host, all addresses with a common beginning."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.takedown.register import TakedownRegister, was_removed
from tests.support.article_archive import database, insert


@pytest.fixture
def db(tmp_path):
    with closing(database(tmp_path / "morgue.db")) as db:
        yield db


def remember(db, *names):
    for day, name in enumerate(names, 1):
        insert(db, "removals", time=f"2026-11-0{day}T00:00:00Z", url_key=name, reason=f"reason {day}", captures=1)


CASES = {
    "page": ("//a.example/x", ["http://a.example/x", "https://A.example:443/x#top"], ["https://a.example/x/y"]),
    "host": ("*a.example", ["https://a.example/", "https://a.example:8080/x"], ["https://www.a.example/"]),
    "prefix": ("//a.example/x/*", ["https://a.example/x/", "http://a.example/x/y?z=1"],
               ["https://a.example/x", "https://a.example/X/y", "https://b.example/x/y", "https://a.example:81/x/y"]),
    "half a name": ("//a.example/x*", ["https://a.example/x", "https://a.example/xyz"], ["https://a.example/y"]),
    "a page with a star": ("//a.example/x%2A", ["https://a.example/x*", "https://a.example/x%2A"],
                           ["https://a.example/x", "https://a.example/xy"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_register_covers_every_spelling_of_an_address_and_no_other(db, case):
    """A removed page, host or prefix is removed however its address is spelled."""
    name, inside, outside = CASES[case]
    remember(db, name)
    removed = TakedownRegister(db)
    assert [url for url in inside if url not in removed] == []
    assert [url for url in outside if url in removed] == []


def test_last_removal_is_the_newest_that_covers_the_address(db):
    """Of a page that was removed alone and with its host, the later takedown is given."""
    remember(db, "//a.example/x", "*a.example", "*b.example")
    assert TakedownRegister(db).last_removal("https://a.example/x") == ("2026-11-02T00:00:00Z", "reason 2")
    assert TakedownRegister(db).last_removal("https://c.example/x") is None
    assert TakedownRegister(db).last_removal("no address") is None


def test_was_removed_takes_targets_as_the_user_writes_them(db):
    """A number means nothing any more once its article is gone."""
    remember(db, "*a.example", "//b.example/x")
    assert was_removed(db, "A.example")
    assert was_removed(db, "https://b.example/x")
    assert not was_removed(db, "https://a.example/x")  # its host was removed, not this page
    assert not was_removed(db, "7")
