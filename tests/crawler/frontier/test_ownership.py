"""Test which addresses a source may list, and to whom they belong."""

import pytest

from crawler.frontier.ownership import ANY_SITE, SiteOwners, listed_sites

BBC = listed_sites("https://www.bbc.co.uk/news", ["https://www.bbc.com/sport"], ["https://feeds.bbci.co.uk/rss.xml"])
PLANET = listed_sites("https://planet.example/", (), ["https://planet.example/feed"], ANY_SITE)
PAPER = listed_sites(
    "https://paper.example/", (), ["https://feeds.feedburner.com/paper"], ["paper.com", "www.paper.co.uk"]
)
OWNERS = SiteOwners({1: BBC, 2: PLANET, 3: PAPER, None: listed_sites("")}, {1: "www.bbc.co.uk", 2: "", 3: "", None: ""})


@pytest.mark.parametrize(
    ("listed", "url", "may"),
    [
        (BBC, "https://sport.bbc.co.uk/1", True),
        (BBC, "https://www.bbc.com/news/1", True),
        (BBC, "https://feeds.bbci.co.uk/more.xml", True),
        (BBC, "https://other.bbci.co.uk/1", False),
        (BBC, "https://paper.example/1", False),
        (PAPER, "https://feeds.feedburner.com/~r/paper/1", True),
        (PAPER, "https://feedburner.com/other", False),
        (PAPER, "https://news.paper.co.uk/1", True),
        (PAPER, "https://evil-paper.example/1", False),
        (PAPER, "https://paper.example.evil.com/1", False),
        (PLANET, "https://anything.example/1", True),
    ],
)
def test_source_lists_its_own_sites_and_those_that_its_file_names(listed, url, may):
    """The registrable domain counts, and of a feed elsewhere only its very host."""
    assert listed.may_list(url) is may


def test_page_belongs_to_the_source_that_owns_its_site():
    """Else to the source that led there."""
    assert OWNERS.file_under("https://paper.example/1", 1) == 3
    assert OWNERS.file_under("https://paper.example/1", 2) == 3
    assert OWNERS.file_under("https://paper.example/1", 3) == 3
    assert OWNERS.file_under("https://nobody.example/1", 2) == 2
    assert OWNERS.file_under("https://nobody.example/1", None) is None


def test_source_with_the_host_of_a_page_gets_it_among_the_sources_of_a_site():
    """Else the one whose host is highest in the site."""
    whole, blog = listed_sites("https://paper.example/"), listed_sites("https://blog.paper.example/")
    owners = SiteOwners({1: blog, 2: whole}, {1: "blog.paper.example", 2: "paper.example"})
    assert owners.file_under("https://blog.paper.example/1", None) == 1
    assert owners.file_under("https://shop.paper.example/1", None) == 2
    assert owners.file_under("https://shop.paper.example/1", 1) == 1


def test_feed_on_the_host_of_another_source_may_not_name_that_host():
    """A source file could otherwise claim a paper by naming its feed."""
    evil = listed_sites("https://evil.example/", (), ["https://www.paper.example/feed"])
    assert evil.may_list("https://www.paper.example/1")
    assert not OWNERS.without_foreign_hosts(evil, 9).may_list("https://www.paper.example/1")
    assert OWNERS.without_foreign_hosts(BBC, 1).may_list("https://feeds.bbci.co.uk/more.xml")
