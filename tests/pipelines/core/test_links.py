"""Links as pages write them, resolved as browsers do (WHATWG URL, 4.4), by the one function that joins addresses."""

from __future__ import annotations

import pytest

from pipelines.core.links import resolve, resolve_location
from pipelines.core.urls import fetchable, host_of, url_key

BASE = "https://paper.example/news/list?page=2#top"

RESOLVED = {
    # relative references
    "story.html": "https://paper.example/news/story.html",
    "/story.html": "https://paper.example/story.html",
    "?page=3": "https://paper.example/news/list?page=3",
    "#foot": "https://paper.example/news/list?page=2#foot",
    "": "https://paper.example/news/list?page=2",
    "../a/./b/": "https://paper.example/a/b/",
    "..": "https://paper.example/",
    "../../../a": "https://paper.example/a",
    "%2e%2E/a": "https://paper.example/a",
    "a//b": "https://paper.example/news/a//b",
    "a:b/c": None,
    "./a:b": "https://paper.example/news/a:b",
    # hosts
    "//other.example/a": "https://other.example/a",
    "///other.example/a": "https://other.example/a",
    "////other.example/a": "https://other.example/a",
    "http://other.example/a": "http://other.example/a",
    "HTTP://other.example/a": "http://other.example/a",
    "http:other.example/a": "http://other.example/a",
    "http:/other.example/a": "http://other.example/a",
    "https:///other.example/a": "https://other.example/a",
    # the scheme of the page and less than two slashes: relative, but for the page's own site
    "https:other.example/a": "https://paper.example/news/other.example/a",
    "https:/other.example/a": "https://paper.example/other.example/a",
    "https:story.html": "https://paper.example/news/story.html",
    "https:/paper.example/a": "https://paper.example/a",
    # backslashes
    "\\2024\\05\\x": "https://paper.example/2024/05/x",
    "\\\\other.example\\a": "https://other.example/a",
    "/\\other.example/a": "https://other.example/a",
    "https:\\\\other.example\\a": "https://other.example/a",
    "a\\b?c\\d#e\\f": "https://paper.example/news/a/b?c\\d#e\\f",
    # white space
    " story.html\n": "https://paper.example/news/story.html",
    "sto\n\try.html": "https://paper.example/news/story.html",
    "ht\ntps://other.example/a": "https://other.example/a",
    # elsewhere
    "mailto:a@b.example": None,
    "javascript:void(0)": None,
    " JavaScript:x": None,
    "data:text/html,x": None,
    "ftp://paper.example/a": None,
}


@pytest.mark.parametrize(("reference", "url"), RESOLVED.items(), ids=map(repr, RESOLVED))
def test_link_is_resolved_as_browsers_do(reference, url):
    """Which is not always as RFC 3986 says."""
    assert resolve(reference, BASE) == url


@pytest.mark.parametrize(
    "reference", ["//", "https://", "https:////", "http://[", "https://exa mple.example/", "//h:99999/"]
)
def test_link_without_a_host_is_not_fetchable(reference):
    """It is joined without an exception, and refused afterwards."""
    address = resolve(reference, BASE)
    assert address is not None
    assert fetchable(address) is None


def test_other_host_of_the_own_site_is_named_with_less_than_two_slashes():
    """A site is a registrable domain."""
    assert resolve("https:/www.paper.org/a", "https://news.paper.org/list") == "https://www.paper.org/a"
    assert resolve("https:/www.other.org/a", "https://news.paper.org/") == "https://news.paper.org/www.other.org/a"


@pytest.mark.parametrize("base", ["", "paper.example", "mailto:a@b.example", "http://["])
def test_link_on_a_page_without_an_address_must_be_absolute(base):
    """Nothing can be joined to no address."""
    assert resolve("https://other.example/a", base) == "https://other.example/a"
    assert resolve("https:other.example/a", base) == "https://other.example/a"
    assert resolve("/a", base) is None


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (b"/a", "https://paper.example/a"),
        ("/caf\u00e9".encode(), "https://paper.example/caf\u00e9"),
        ("/caf\u00e9".encode("latin-1"), "https://paper.example/caf\u00e9"),
        (b"\\a", "https://paper.example/a"),
        (b"", None),
        (b" ", None),
        (b"javascript:x", None),
    ],
)
def test_location_of_a_redirect_is_resolved_like_a_link(location, url):
    """Its bytes are UTF-8 in practice, else Latin-1. An empty one leads nowhere."""
    assert resolve_location(location, BASE) == url


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("https://\u2603.net/", "xn--n3h.net"),
        ("https://i\u2764.ws/", "xn--i-7iq.ws"),
        ("https://\U0001f4a9.la/a", "xn--ls8h.la"),
        ("https://\u2603\u2603.MÜNCHEN.example:8080/", "xn--n3ha.xn--mnchen-3ya.example:8080"),
        ("https://xn--n3h.net/", "xn--n3h.net"),
    ],
)
def test_host_of_symbols_is_encoded_as_browsers_do(written, host):
    """IDNA 2008 has no emoji; browsers map names by UTS 46 and encode what is left."""
    assert host_of(written) == host
    assert fetchable(fetchable(written)) == fetchable(written)
    assert url_key(url_key(written)) == url_key(written)


@pytest.mark.parametrize(
    "written", ["https://\u200b/", "https://\ud800.example/", "https://\u2603" + "\u2603" * 80 + ".example/"]
)
def test_host_that_no_browser_takes_is_refused(written):
    """With ValueError, and no other exception."""
    with pytest.raises(ValueError):  # noqa: PT011 (the class is the promise)
        host_of(written)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (b"/x?a=b&utm_source=c#top", "http://a.example/x?a=b&utm_source=c"),
        (b" //B.example./y ", "http://b.example/y"),
        (b"https://me:secret@b.example?q", "https://b.example/?q"),
        ("/søk".encode(), "http://a.example/søk"),
        ("/søk".encode("latin-1"), "http://a.example/søk"),
        (b"javascript:alert(1)", None),
        (b"data:text/html,x", None),
        (b"mailto:me@a.example", None),
        (b"http://[::1]:80%20@h/", "http://h/"),
        (b"http://[bad]/x", None),
        (b"http://a.example:99999/", None),
        (rb"\x", "http://a.example/x"),
        (b"///b.example/a", "http://b.example/a"),
        (b"https:b.example/a", "https://b.example/a"),
    ],
)
def test_redirect_target_is_web_address_or_none(location: bytes, target: str | None) -> None:
    """Joined as browsers do; the host is normalised, path and query are not."""
    assert resolve_location(location, "http://a.example/old") == target
