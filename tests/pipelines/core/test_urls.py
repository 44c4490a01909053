"""Addresses as text: which spellings share a key, which do not, and what may be requested."""

from __future__ import annotations

import random
import time

import pytest

from crawler.http.address import parse_target
from pipelines.core.urls import MAX_URL_CHARS, fetchable, host_of, same_site, site_of, url_key

ONE_ADDRESS = [
    ("http://paper.example/a", "https://paper.example/a"),
    ("https://PAPER.example/a", "https://paper.example/a"),
    ("https://paper.example./a", "https://paper.example/a"),
    ("https://paper.example:443/a", "https://paper.example/a"),
    ("http://paper.example:80/a", "https://paper.example/a"),
    ("http://paper.example:443/a", "https://paper.example/a"),
    ("https://paper.example", "https://paper.example/"),
    ("https://paper.example?a=1", "https://paper.example/?a=1"),
    ("https://paper.example/a#top", "https://paper.example/a"),
    ("https://paper.example/a?#top", "https://paper.example/a"),
    ("https://paper.example/a?&", "https://paper.example/a"),
    ("https://reader:secret@paper.example/a", "https://paper.example/a"),
    ("  https://paper.example/a\n", "https://paper.example/a"),
    ("https://paper.example/a\n/b", "https://paper.example/a/b"),
    ("https:\\\\paper.example\\a", "https://paper.example/a"),
    ("https:///paper.example/a", "https://paper.example/a"),
    ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
    ("https://MÜNCHEN.example/", "https://xn--mnchen-3ya.example/"),
    ("https://m%C3%BCnchen.example/", "https://xn--mnchen-3ya.example/"),
    ("https://paper.example/%7Ejo/%2e%2e/b", "https://paper.example/b"),
    ("https://paper.example/a/../b/./c", "https://paper.example/b/c"),
    ("https://paper.example/../../b", "https://paper.example/b"),
    ("https://paper.example/caf%c3%a9", "https://paper.example/café"),
    ("https://paper.example/a b", "https://paper.example/a%20b"),
    ("https://paper.example/100%", "https://paper.example/100%25"),
    ("https://paper.example/?b=2&a=1", "https://paper.example/?a=1&b=2"),
    ("https://paper.example/?q=a+b", "https://paper.example/?q=a%20b"),
    ("https://paper.example/?a=1&amp;b=2", "https://paper.example/?a=1&b=2"),
    ("https://paper.example/?a=1&#038;b=2", "https://paper.example/?a=1&b=2"),
    ("https://paper.example/?a=1&amp;amp;b=2", "https://paper.example/?a=1&b=2"),
    ("https://paper.example/?a[]=1", "https://paper.example/?a%5B%5D=1"),
    ("https://paper.example/a?utm_source=feed&utm_medium=rss", "https://paper.example/a"),
    ("https://paper.example/a?UTM_Source=feed", "https://paper.example/a"),
    ("https://paper.example/a?ut%6D_source=feed", "https://paper.example/a"),
    ("https://paper.example/a?fbclid=IwAR0x", "https://paper.example/a"),
    ("https://paper.example/a?id=7&gclid=x&mc_cid=y", "https://paper.example/a?id=7"),
    ("https://paper.example/a?xtor=RSS-3208", "https://paper.example/a"),
    ("https://paper.example/a?at_medium=RSS&at_campaign=KARANGA", "https://paper.example/a"),
    ("https://paper.example/a?wt_zmc=sm.ext.zonaudev", "https://paper.example/a"),
    ("https://paper.example/a?ref=rss", "https://paper.example/a"),
    ("https://paper.example/a?source=twitter", "https://paper.example/a"),
    ("https://paper.example/a;jsessionid=1A2B.node3", "https://paper.example/a"),
    ("https://paper.example/a?PHPSESSID=0123456789abcdef", "https://paper.example/a"),
    ("https://paper.example/a?sid=0123456789abcdef0123456789abcdef", "https://paper.example/a"),
    ("http://[2001:DB8:0::1]:8080/a", "http://[2001:db8::1]:8080/a"),
]

TWO_ADDRESSES = [
    ("https://paper.example/a", "https://paper.example/a/"),
    ("https://paper.example/a/", "https://paper.example/a/index.html"),
    ("https://paper.example/a", "https://www.paper.example/a"),
    ("https://paper.example/a", "https://paper.example/A"),
    ("https://paper.example/a/b", "https://paper.example/a//b"),
    ("https://paper.example/a%2Fb", "https://paper.example/a/b"),
    ("https://paper.example/?a=1&a=2", "https://paper.example/?a=2&a=1"),
    ("https://paper.example/?id=1", "https://paper.example/?id=2"),
    ("https://paper.example/?sid=8576", "https://paper.example/?sid=8577"),
    ("https://paper.example/?gallery=1", "https://paper.example/?gallery=2"),
    ("https://paper.example/?ref=4711", "https://paper.example/?ref=4712"),
    ("https://paper.example/?source=ap", "https://paper.example/"),
    ("https://paper.example/?feed=rss2", "https://paper.example/"),
    ("https://paper.example/forum.php?mod=rss", "https://paper.example/forum.php"),
    ("https://paper.example/?copy=1", "https://paper.example/?%C2%A9=1"),
    ("https://paper.example:8080/a", "https://paper.example/a"),
    ("https://paper.example/?q=%26", "https://paper.example/?q=&"),
]


@pytest.mark.parametrize(("one", "other"), ONE_ADDRESS)
def test_spellings_of_one_address_share_a_key(one, other):
    """Otherwise an article would be stored twice."""
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(("one", "other"), TWO_ADDRESSES)
def test_addresses_that_may_differ_have_different_keys(one, other):
    """Otherwise one of two articles would never be fetched; rel=canonical joins them where they are one."""
    assert url_key(one) != url_key(other)


def test_key_is_readable():
    """The key is in the database, where people read it."""
    assert url_key("HTTP://Paper.example:80/2026/11/crane?b=2&a=1&utm_x=y#p") == "//paper.example/2026/11/crane?a=1&b=2"


@pytest.mark.parametrize(
    "junk",
    ["", " ", "paper.example", "/a/b", "mailto:a@b.example", "javascript:void(0)", "ftp://paper.example/", "https://",
     "https://paper example/", "https://paper.example:99999/", "https://paper.example:x/", "http://[::1",
     "https://a..b/", "https://" + "a" * 64 + ".example/", "//", "https://?", "https://%zz/", "https://%ff/"],
)  # fmt: skip
def test_junk_raises_value_error_and_is_not_fetchable(junk):
    """No other error is raised, whatever strangers write into a href."""
    with pytest.raises(ValueError):  # noqa: PT011 (the class is the promise)
        url_key(junk)
    assert fetchable(junk) is None
    assert not same_site(junk, junk)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("https://Paper.example", "https://paper.example/"),
        ("https://paper.example/a b?c=d e#f", "https://paper.example/a%20b?c=d%20e"),
        ("https://paper.example/ü?ä=ö", "https://paper.example/%C3%BC?%C3%A4=%C3%B6"),
        ("https://paper.example/a?b=2&a=1", "https://paper.example/a?b=2&a=1"),
        ("https://paper.example/a?utm_source=x&b=2&fbclid=y", "https://paper.example/a?b=2"),
        ("https://paper.example/a?b=1&amp;c=2", "https://paper.example/a?b=1&c=2"),
        ("https://u:p@paper.example/a", "https://paper.example/a"),
        ("http://paper.example:80/%7ejo/../x", "http://paper.example/%7ejo/../x"),
        ("https://paper.example/a?PHPSESSID=1", "https://paper.example/a?PHPSESSID=1"),
    ],
)
def test_request_url_is_escaped_but_otherwise_as_written(written, asked):
    """It is escaped, and stripped of what no server needs; some servers insist on their own spelling."""
    assert fetchable(written) == asked


def test_url_over_the_length_limit_is_not_fetchable():
    """An address of exactly the limit is fetched. A link that holds a page's whole text is a mistake of its
    template."""
    start = "https://paper.example/"
    assert fetchable(start + "a" * (MAX_URL_CHARS - len(start))) is not None
    assert fetchable(start + "a" * (MAX_URL_CHARS - len(start) + 1)) is None
    assert fetchable(start + "ü" * (MAX_URL_CHARS - len(start))) is None


@pytest.mark.parametrize(
    ("url", "host", "site"),
    [
        ("https://www.bbc.co.uk/news", "www.bbc.co.uk", "bbc.co.uk"),
        ("https://news.paper.example:8443/", "news.paper.example:8443", "paper.example"),
        ("https://edition.cnn.com/", "edition.cnn.com", "cnn.com"),
        ("https://name.blogspot.com/", "name.blogspot.com", "name.blogspot.com"),
        ("https://www.asahi.co.jp/", "www.asahi.co.jp", "asahi.co.jp"),
        ("http://127.0.0.1:8000/a", "127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost:8000/a", "localhost:8000", "localhost:8000"),
        ("http://[::1]:8000/", "[::1]:8000", "[::1]:8000"),
        ("https://co.uk/", "co.uk", "co.uk"),
    ],
)
def test_host_and_site_of_a_url(url, host, site):
    """Politeness counts hosts; a site is the registered domain, by the Public Suffix List."""
    assert (host_of(url), site_of(url)) == (host, site)


def test_http_and_www_are_the_same_site():
    """Another port of loopback is another site."""
    assert same_site("http://bbc.co.uk/a", "https://www.bbc.co.uk/b")
    assert same_site("https://sport.orf.at/", "https://wien.orf.at/")
    assert not same_site("https://a.blogspot.com/", "https://b.blogspot.com/")
    assert not same_site("http://127.0.0.1:1/", "http://127.0.0.1:2/")
    assert not same_site("https://bbc.co.uk/", "https://independent.co.uk/")


BITS = [
    "http://", "https://", "HTTP:\\\\", "//", "/", "a.example", "b.example:80", ":443", ":", "@",
    "?", "&", "&amp;", "amp;", "am%70;", "#", "%", "%41", "%2e", "%2E%2e", "..", ".",
    ";jsessionid=", "1", "utm_source=x", "ut%6d_source", "=", "sid=abcdefabcdefabcdefabcdef11", "ä",
    "\ud800", "é", "%C3%A9", "%zz", " ", "\t", "\n", "\x00", "+", "%20", "[::1]", "[", "]", "|",
    "\\", "xn--", "münchen.example", "İ", "中文", "e=", "b=2", "a=1", ";", "ref=rss", "&#38;", "😀",
    "①", "。", "\u200b", "localhost", "127.0.0.1", "٣",
]  # fmt: skip


@pytest.mark.slow
def test_any_text_gets_a_stable_key_or_none():
    """Keys are ASCII and their own keys; what is fetchable has a key, the same key, and our client can send it."""
    rng = random.Random(20261115)
    keyed = 0
    for _ in range(60_000):
        start = rng.choice(["http://a.example/", "https://", "", "http://a.example/?"])
        url = start + "".join(rng.choice(BITS) for _ in range(rng.randint(0, 9)))
        clean = fetchable(url)
        try:
            key = url_key(url)
        except ValueError:
            assert clean is None, url
            continue
        keyed += 1
        assert key.isascii(), url
        assert url_key(key) == key, url
        if clean is not None:
            assert fetchable(clean) == clean, url
            assert url_key(clean) == key, url
            parse_target(clean)
            assert same_site(clean, clean)
    assert keyed > 20_000


def test_key_is_made_in_microseconds():
    """Sitemaps have 50,000 URLs. Measured: 5 us; the limit leaves room for slow machines."""
    urls = [f"https://www.paper.example/science/2026/mar/{n}/a-name?utm_source=x&page={n}" for n in range(5000)]
    began = time.process_time()
    for url in urls:
        url_key(url)
    assert (time.process_time() - began) / len(urls) < 180e-6


@pytest.mark.parametrize(
    "host", ["ä" * 64 + ".example", "☃" * 1000, "a." * 127 + "aa", ".".join(["ä" * 60] * 5), "%C3%A4" * 64]
)
def test_host_that_is_too_long_is_refused_before_it_is_encoded(host, monkeypatch):
    """Punycode of a long label costs time with the square of its length, and strangers choose the host."""
    monkeypatch.setattr("idna.encode", lambda *_args, **_options: pytest.fail("the host was encoded"))
    assert fetchable(f"https://{host}/") is None
