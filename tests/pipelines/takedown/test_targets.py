"""Takedown targets: a page, a host, or everything that begins with an address; and what a star means."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.takedown.targets import TakedownRegister, find, name_of
from tests.support.article_archive import database, insert


@pytest.fixture
def db(tmp_path):
    with closing(database(tmp_path / "morgue.db")) as db:
        yield db


def remember(db, *names):
    for name in names:
        insert(db, "removals", time="2026-11-01T00:00:00Z", url_key=name, reason="asked for", captures=1)


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
def test_target_matches_its_pages_and_nothing_beside_them(db, case):
    """However their addresses are spelled."""
    name, inside, outside = CASES[case]
    remember(db, name)
    removed = TakedownRegister(db)
    assert [url for url in inside if url not in removed] == []
    assert [url for url in outside if url in removed] == []


NAMES = {
    "a.example": "*a.example",
    "https://a.example/x": "//a.example/x",
    "https://a.example/x/*": "//a.example/x/*",
    "https://a.example/*": "//a.example/*",
    "https://a.example/x/.*": "//a.example/x/.*",
    "https://a.example/x/..*": "//a.example/x/..*",
    "https://A.example:443/Stra\u00dfe/*": "//a.example/Stra%C3%9Fe/*",
    "B\u00fccher.example": "*xn--bcher-kva.example",
    "a.example:8080": "*a.example:8080",
}


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
    """An import brings addresses as others wrote them; none of them may be left when a host is reported as removed."""
    for number, url in enumerate((*SPELLINGS, "http://buecher.example/x"), 1):
        insert(db, "captures", url=url, time=f"2026-11-0{number}T00:00:00.000000Z", kind="article", file="a",
               offset=number, length=1, record_id=f"<{number}>", record_type="response", signals="[]")  # fmt: skip
    assert sorted(find(db, [target]).captures) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("target", NAMES)
def test_target_is_named_in_the_archives_spelling(db, target):
    """Dots before a star are no folders, which would take more than was asked for."""
    assert name_of(db, target) == NAMES[target]


def test_article_whose_url_ends_in_a_star_is_one_page(db):
    """By its number: the address is not the beginning of others."""
    from tests.support.article_archive import rows

    place = {"time": "2024", "kind": "article", "file": "x", "offset": 0, "length": 0, "record_type": "response"}
    for number, url in ((1, "https://a.example/x*"), (2, "https://a.example/xyz")):
        insert(db, "captures", id=number, url=url, record_id=str(number), **place)
        key = url.removeprefix("https:")
        row = {"id": number, "url": url, "url_key": key, "capture_id": number, "source_id": None}
        insert(db, "articles", **rows()[0] | row)
    doomed = find(db, ["1"])
    assert (set(doomed.articles), set(doomed.captures), set(doomed.targets)) == ({1}, {1}, {"//a.example/x%2A"})
    assert set(find(db, ["https://a.example/x*"]).articles) == {1, 2}
