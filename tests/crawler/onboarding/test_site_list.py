"""A user's list of sites: lines, CSV, OPML."""

from __future__ import annotations

import pytest

from crawler.onboarding.site_list import ListedSite, read_site_list
from pipelines.core.errors import ConfigError

OPML = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Papers</title></head><body>
  <outline text="Ferry Herald" type="rss" xmlUrl="https://herald.example/feed" htmlUrl="https://herald.example/"/>
  <outline text="North">
    <outline text="Skerry Post: sport" xmlUrl="https://post.example/sport.rss" htmlUrl="https://post.example/sport"/>
    <outline text="Skerry Post: news" xmlUrl="https://post.example/news.rss" htmlUrl="https://www.post.example/news"/>
    <outline text="No page" type="rss" xmlUrl="https://feeds.example/lamp.xml"/>
    <outline text="A link" type="link" url="https://lamp.example/"/>
  </outline>
</body></opml>"""


def addresses(data, **options):
    return [site.address for site in read_site_list(data, "list", **options)]


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (b"https://a.example/\n# a comment\n\n  b.example  \n", None),
        (b"\xef\xbb\xbfhttps://a.example/\r\nb.example\r\n", None),
        (b"name,url\nA,https://a.example/\nB,b.example\nnone,\n", None),
        (b"Name;Homepage\nA;https://a.example/\nB;b.example\n", None),
        (b"name\tweb\nA\thttps://a.example/\nB\tb.example\n", "web"),
        (b'name,url\n"A\n(island)",https://a.example/\nB,b.example\n', None),
    ],
)
def test_addresses_of_any_kind_of_list_are_read(data, column):
    """Lines with comments, a byte order mark, CSV by a known or a named column, cells with line breaks."""
    assert addresses(data, column=column) == ["https://a.example/", "b.example"]


def test_opml_joins_the_feeds_of_a_host():
    """A feed reader has one outline a feed; pages of one host that differ give its front page."""
    assert read_site_list(OPML, "subscriptions.opml") == [
        ListedSite("line 3", "https://herald.example/", ("https://herald.example/feed",)),
        ListedSite(
            "line 5", "https://post.example/", ("https://post.example/sport.rss", "https://post.example/news.rss")
        ),
        ListedSite("line 7", "https://feeds.example/lamp.xml"),
        ListedSite("line 8", "https://lamp.example/"),
    ]


@pytest.mark.parametrize(
    ("data", "column", "why"),
    [
        (b"<rss><channel/></rss>", None, "is XML, but not OPML"),
        (b"<", None, "OPML"),
        (OPML, "url", "has no columns"),
        (b"name,url\nA,https://a.example/\n", "site", "has no column 'site'"),
    ],
)
def test_unusable_list_is_an_error_that_names_it(data, column, why):
    """Never a traceback, and nothing is guessed."""
    with pytest.raises(ConfigError, match=why):
        read_site_list(data, "list", column)


def test_opml_reads_no_other_file():
    """External entities of a stranger's file are not resolved."""
    evil = (
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body><outline xmlUrl="&x;"/></body></opml>'
    )
    assert addresses(evil) in ([], ["&x;"])
