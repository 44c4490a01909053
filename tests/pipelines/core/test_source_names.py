"""Names of sources: which one a user means, and the advice for a mistyped one."""

from __future__ import annotations

import pytest

from pipelines.core.source_names import near_names, source_at, source_meant


@pytest.mark.parametrize(
    ("name", "names", "advice"),
    [
        ("theguardain", ["theguardian", "faz", "waz"], "did you mean theguardian?"),
        ("FAZ", ["faz", "theguardian"], "did you mean faz?"),
        ("https://www.papre.example/", ["paper.example", "le-monde"], "did you mean paper.example?"),
        ("courier.exmple", ["www.courier.example", "gazette"], "did you mean www.courier.example?"),
        ("xyz", ["Bild", "Welt"], "sources: Bild, Welt"),
        ("xyz", [], "there are no sources yet"),
        ("xyz", [f"paper-{number:02}" for number in range(14)], "paper-11 and 2 more"),
    ],
)
def test_advice_names_what_is_like_it_or_what_there_is(name, names, advice):
    """Whatever their case; a long list is cut."""
    assert near_names(name, names, "source").endswith(advice)


TITLES = {"courier": "The Daily Courier", "gazette": "La Gazette", "north": "Morning Post", "south": "Morning Post"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("The Daily Courier", "courier"),
        (" daily  courier", "courier"),
        ("LA GAZETTE", "gazette"),
        ("Morning Post", None),
    ],
)
def test_source_is_meant_by_its_title_if_no_other_has_it(text, meant):
    """In any case, with or without its article."""
    assert source_meant(text, dict.fromkeys(TITLES, "https://x.example/"), TITLES) == meant


@pytest.mark.parametrize(
    ("text", "advice"),
    [("the dayly corier", "did you mean courier (The Daily Courier)?"), ("Evening News", "sources: courier, gazette")],
)
def test_advice_names_the_source_with_a_title_like_it(text, advice):
    """Before it lists all."""
    assert near_names(text, TITLES, "source", TITLES).startswith(advice)


HOMES = {
    "courier": "https://www.courier.example/",
    "gazette.example": "http://gazette.example/",
    "www.gazette.example": "http://www.gazette.example/",
    "xn--mnchen-3ya.example": "https://xn--mnchen-3ya.example/",
    "sport": "https://herald.example/sport/",
    "herald": "https://herald.example/",
    "127.0.0.1:8000": "http://127.0.0.1:8000/",
    "times.example": "https://elsewhere.example/",
    "odd": "not an address",
}
MEANT = {
    "courier": "courier",
    "courier.example": "courier",
    "www.courier.example": "courier",
    "COURIER.example.": "courier",
    " http://courier.example ": "courier",
    "https://www.courier.example": "courier",
    "//courier.example/": "courier",
    "https://courier.example:443/?utm_source=x#top": "courier",
    "gazette.example": "gazette.example",
    "www.gazette.example": "www.gazette.example",
    "https://gazette.example/": "gazette.example",
    "https://www.gazette.example": "www.gazette.example",
    "m\u00fcnchen.example": "xn--mnchen-3ya.example",
    "https://www.M\u00dcNCHEN.example/": "xn--mnchen-3ya.example",
    "herald.example/sport": "sport",
    "www.herald.example": "herald",
    "http://127.0.0.1:8000": "127.0.0.1:8000",
    "www.times.example": "times.example",
    "odd": "odd",
}


@pytest.mark.parametrize("text", MEANT)
def test_source_is_meant_by_its_name_and_by_every_spelling_of_its_address(text):
    """With or without scheme, `www.`, final slash and capitals; the very address counts first."""
    assert source_meant(text, HOMES) == MEANT[text]


@pytest.mark.parametrize("text", ["", "courie", "Courier", "http://", "courier.example/story", "news.courier.example"])
def test_text_that_is_neither_name_nor_front_page_means_no_source(text):
    """A page or another host of its site is not the source."""
    assert source_meant(text, HOMES) is None


def test_name_is_no_address_where_only_front_pages_count():
    """`morgue add` may add a site that is called as a source of another address."""
    assert source_at("https://times.example/", HOMES) is None
    assert source_at("https://www.elsewhere.example", HOMES) == "times.example"
