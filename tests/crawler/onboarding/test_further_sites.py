"""Further sites of a paper, from what its feeds and sitemaps name."""

import pytest

from crawler.discovery.results import Discovery, FoundLink
from crawler.onboarding.further_sites import further_sites, names_site


def listing(*hosts, kind="article"):
    return Discovery(tuple(FoundLink(f"https://{host}/{n}", kind) for n, host in enumerate(hosts)))


BBC = "https://www.bbc.co.uk/news"


@pytest.mark.parametrize(
    ("hosts", "own", "others"),
    [
        (["www.bbc.com"] * 3 + ["www.bbc.co.uk"], ("bbc.com",), ()),
        (["www.bbc.com"] + ["www.bbc.co.uk"] * 3, (), (("bbc.com", 1),)),
        (["evil.example"] * 4, (), (("evil.example", 4),)),
        (["bbc.evil.example"] * 4, (), (("evil.example", 4),)),
        (["www.bbc.co.uk", "news.bbc.co.uk"], (), ()),
    ],
)
def test_further_site_has_the_name_of_the_paper_and_half_of_a_listing(hosts, own, others):
    """Every other site is only reported: it may be somebody else's."""
    found = further_sites(BBC, [listing(*hosts)])
    assert (found.own, found.others) == (own, others)


def test_further_site_of_another_source_is_not_taken():
    """It has an owner already."""
    found = further_sites(BBC, [listing("www.bbc.com")])
    assert found.without(["https://www.bbc.com/"]).own == ()


def test_ip_addresses_have_no_name_to_share():
    """127.0.0.1:1 and 127.0.0.1:2 are two sites."""
    assert further_sites("http://127.0.0.1:1/", [listing("127.0.0.1:2")]).own == ()


def test_listing_names_a_site_by_any_of_its_hosts():
    """As a sitemap on a host of its own does (sitemaps.org, cross submits)."""
    assert names_site(listing("other.example", "news.bbc.co.uk"), BBC)
    assert not names_site(listing("other.example"), BBC)
