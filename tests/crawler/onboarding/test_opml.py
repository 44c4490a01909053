"""Lists of sites that feed readers export."""

from __future__ import annotations

import pytest

from crawler.onboarding.opml import ListedSite, read_opml
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


def test_opml_joins_the_feeds_of_a_host():
    """A feed reader has one outline a feed; pages of one host that differ give its front page."""
    assert read_opml(OPML, "subscriptions.opml") == [
        ListedSite("line 3", "https://herald.example/", ("https://herald.example/feed",), title="Ferry Herald"),
        ListedSite(
            "line 5",
            "https://post.example/",
            ("https://post.example/sport.rss", "https://post.example/news.rss"),
            title="Skerry Post: sport",
        ),
        ListedSite("line 7", "https://feeds.example/lamp.xml", title="No page"),
        ListedSite("line 8", "https://lamp.example/", title="A link"),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"<rss><channel/></rss>", "is XML, but not OPML"), (b"<", "OPML")],
)
def test_unusable_list_is_an_error_that_names_it(data, why):
    """Never a traceback, and nothing is guessed."""
    with pytest.raises(ConfigError, match=why):
        read_opml(data, "list")


def test_opml_reads_no_other_file():
    """External entities of a stranger's file are not resolved."""
    evil = (
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body><outline xmlUrl="&x;"/></body></opml>'
    )
    assert [site.address for site in read_opml(evil, "list")] in ([], ["&x;"])


def test_many_feeds_of_one_host_are_joined_once_each():
    """The work grows with the number of outlines: each address is looked at once."""
    outlines = "".join(f'<outline xmlUrl="https://a.example/{n}" htmlUrl="https://a.example/"/>' for n in range(20_000))
    (site,) = read_opml(f"<opml><body>{outlines}</body></opml>".encode(), "list")
    assert len(site.feeds) == 20_000


@pytest.mark.parametrize("cut", range(60, len(OPML.rstrip()) - 1, 7))
def test_opml_cut_at_any_place_says_that_it_is_cut_off(cut):
    """Also between two outlines, and within the end tag."""
    assert "cut off" in read_opml(OPML[:cut], "list")[-1].problem


def test_bare_ampersand_in_an_address_is_kept():
    """Many programs forget to write it as `&amp;`."""
    data = b'<opml><body><outline text="B & C" xmlUrl="http://b.example/feed?a=1&b=2&amp;c=3"/></body></opml>'
    assert [site.address for site in read_opml(data, "list")] == ["http://b.example/feed?a=1&b=2&c=3"]


def test_outlines_that_name_their_source_are_joined_by_that_name():
    """`morgue sources export` writes it; two sources of one host would become its front page otherwise."""
    named = b"""<opml version="2.0" xmlns:m="https://github.com/newsmorgue/newsmorgue#opml"><body>
      <outline m:source="herald" type="rss" xmlUrl="https://herald.example/f" htmlUrl="https://herald.example/"/>
      <outline m:source="sport" type="rss" xmlUrl="https://herald.example/s" htmlUrl="https://herald.example/sport/"/>
      <outline m:source="sport" type="rss" xmlUrl="https://herald.example/t" htmlUrl="https://herald.example/sport/"/>
    </body></opml>"""
    found = [(site.name, site.address, len(site.feeds)) for site in read_opml(named, "list")]
    assert found == [("herald", "https://herald.example/", 1), ("sport", "https://herald.example/sport/", 2)]


@pytest.mark.parametrize(
    ("outline", "address", "feeds"),
    [
        ('xmlUrl="feed://a.example/f" htmlUrl=""', "http://a.example/f", ()),
        (
            'xmlUrl="feed:https://a.example/f" htmlUrl="https://a.example/"',
            "https://a.example/",
            ("https://a.example/f",),
        ),
        ('type="rss" url="https://a.example/f"', "https://a.example/f", ()),
    ],
)
def test_outlines_as_older_readers_write_them_are_read(outline, address, feeds):
    """Read the scheme `feed:`, and a feed as `url`."""
    (site,) = read_opml(f"<opml><body><outline {outline}/></body></opml>".encode(), "list")
    assert (site.address, site.feeds) == (address, feeds)


@pytest.mark.parametrize("data", [b'<opml xmlns="http://opml.org/spec2">%s</opml>', b"<OPML>%s</OPML>"])
@pytest.mark.parametrize(
    "outline", [b'<outline xmlUrl="http://a.example/f"/>', b'<OUTLINE XMLURL="http://a.example/f"/>']
)
def test_opml_with_a_namespace_or_capital_letters_is_read(data, outline):
    """Neither is in the standard; both are met."""
    assert [site.address for site in read_opml(data % outline, "list")] == ["http://a.example/f"]


def test_outline_that_includes_another_list_is_a_problem_that_names_it():
    """Its sites are not read; the user must hear of it."""
    data = b'<opml><body><outline type="include" url="http://a.example/more.opml"/></body></opml>'
    (site,) = read_opml(data, "list")
    assert "names another list, which is not read: http://a.example/more.opml" in site.problem
