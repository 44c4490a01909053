"""Test what counts as taken down: a page, a host, all addresses with a common beginning."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.extraction.own_addresses import DeclaredAddresses
from pipelines.takedown.register import TakedownRegister, refusal_to_request, was_removed
from tests.support.article_archive import database, insert, rows


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


OWN, VERSIONS = "own", "versions"


@pytest.mark.parametrize(
    ("name", "kind", "address", "is_copy"),
    [
        ("//a.example/x", OWN, "https://www.a.example/y", False),
        ("//a.example/x", OWN, "http://a.example/x?utm_source=z", True),
        ("//www.a.example/x", OWN, "https://www.a.example/x", True),
        ("*www.a.example", OWN, "https://www.a.example/x", True),
        ("//a.example/blogs/*", OWN, "https://a.example/blogs/x", True),
        ("//b.example/x", OWN, "https://b.example/x", False),
        ("//a.example/amp/x", VERSIONS, "https://a.example/amp/x", True),
        ("*amp.a.example", VERSIONS, "https://amp.a.example/x", False),
        ("//a.example/amp/*", VERSIONS, "https://a.example/amp/x", False),
    ],
    ids=["another page", "removed page", "on another host of the site", "removed host", "removed section",
         "another site", "its AMP page", "host of AMP pages", "section of AMP pages"],
)  # fmt: skip
def test_copy_of_a_removed_page_is_recognised_by_what_it_declares_within_its_site(db, name, kind, address, is_copy):
    """Another site's canonical link has no effect here, and removing all AMP pages removes no other."""
    remember(db, name)
    declared = DeclaredAddresses(**{kind: (address,)})
    found = TakedownRegister(db).original_of("https://a.example/print/7", declared)
    assert found == (address if is_copy else None)


def test_page_that_is_filed_under_its_own_address_is_no_copy(db):
    """Its text differed from that of the page that it names: its canonical link is wrong."""
    remember(db, "//a.example/x")
    insert(db, "captures", id=1, url="https://a.example/y", time="2024", kind="article", file="x", offset=0, length=0,
           record_id="1", record_type="response", signals="[]")  # fmt: skip
    own = {"url": "https://a.example/y", "url_key": "//a.example/y", "capture_id": 1, "source_id": None}
    insert(db, "articles", **rows()[0] | own)
    declared = DeclaredAddresses(("https://a.example/x",))
    register = TakedownRegister(db)
    assert register.original_of("https://a.example/y", declared) is None
    assert register.original_of("https://a.example/z", declared) == "https://a.example/x"


@pytest.mark.parametrize("name", ["//a.example/x", "*www.a.example", "//blog.a.example/x/*"])
def test_register_concerns_the_sites_of_which_something_was_removed(db, name):
    """Pages of other sites need not be asked what they declare."""
    remember(db, name)
    register = TakedownRegister(db)
    assert register.concerns_site_of("https://m.a.example/y")
    assert not register.concerns_site_of("https://b.example/x")
    assert not register.concerns_site_of("no address")


def test_refusal_to_request_names_address_day_and_reason(db):
    """For the messages of `morgue add`; None for what was not taken down."""
    remember(db, "*a.example")
    assert refusal_to_request(db, "https://a.example/robots.txt") == (
        "https://a.example/robots.txt was taken down on 2026-11-01 (reason 1), and is not requested"
    )
    assert refusal_to_request(db, "https://b.example/") is None
