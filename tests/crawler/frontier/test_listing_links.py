"""Test which links of a feed, sitemap or page are followed."""

from datetime import UTC, datetime

import pytest

from crawler.frontier.listing_links import ListingRules, read_listing, split_by_site
from crawler.frontier.ownership import ANY_SITE, listed_sites
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.items import Source

HOME = "https://paper.example/"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
STORIES = [
    "https://paper.example/2026/11/01/own-story.html",
    "https://news.paper.example/2026/11/02/own-story.html",
    "https://other.example/2026/11/03/a-story.html",
    "https://other.example/2026/11/04/a-story.html",
    "http://127.0.0.1/2026/11/05/a-story.html",
]
RSS = f"<rss><channel>{''.join(f'<item><link>{url}</link></item>' for url in STORIES)}</channel></rss>".encode()
URLSET = f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in STORIES)}</urlset>".encode()
INDEX = b"<sitemapindex><sitemap><loc>https://other.example/map.xml</loc></sitemap></sitemapindex>"
PAGE = "".join(f'<a href="{url}">A story of five words here</a>' for url in STORIES).encode()


def followed(kind, body, further=(), explain=False):
    listed = listed_sites(HOME, (), [HOME + "feed.xml"], further)
    site = WatchedSite(Source("paper", HOME), 1, watched=True, listed=listed)
    rules = ListingRules(HOME + kind, kind, 0, site, 2000, NOW, explain=explain)
    return read_listing(body, HOME + kind, None, rules)


@pytest.mark.parametrize(("kind", "body"), [("feed", RSS), ("sitemap", URLSET), ("news sitemap", URLSET)])
def test_entries_on_other_sites_are_left_out_and_counted(kind, body):
    """By their sites, the most frequent first."""
    found = followed(kind, body)
    assert [entry.url for entry in found.entries] == STORIES[:2]
    assert (found.off_site, found.off_sites) == (3, (("other.example", 2), ("127.0.0.1", 1)))


def test_sitemaps_of_an_index_on_another_site_are_left_out():
    """They would be rows of another site's addresses as sitemaps."""
    found = followed("sitemap", INDEX)
    assert (found.entries, found.off_site) == ((), 1)


@pytest.mark.parametrize(("further", "urls"), [(["other.example"], STORIES[:4]), (ANY_SITE, STORIES)])
def test_sites_that_the_source_file_names_are_followed(further, urls):
    """By name, or all of them."""
    assert [entry.url for entry in followed("feed", RSS, further).entries] == urls


@pytest.mark.parametrize("further", [(), ANY_SITE])
def test_page_leads_within_its_own_site_only(further):
    """Pages link anywhere, so their links to other sites are not counted as left out."""
    found = followed("section", PAGE, further, explain=True)
    assert [entry.url for entry in found.entries] == STORIES[:2]
    assert found.off_site == 0
    assert {rule for _, rule in found.rejected} == {"another site"}


def test_page_leads_to_further_sites_that_the_source_file_names():
    """A paper with two domains links from one to the other."""
    assert [entry.url for entry in followed("section", PAGE, ["other.example"]).entries] == STORIES[:4]


def test_front_page_that_redirects_to_another_site_is_a_problem_with_a_cure():
    """Nothing of that site is followed, and the user is told why."""
    site = WatchedSite(Source("paper", HOME), 1, watched=False, listed=listed_sites(HOME))
    rules = ListingRules(HOME, "front", 0, site, 2000, NOW)
    found = read_listing(PAGE, "https://other.example/", None, rules)
    assert [entry.url for entry in found.entries] == STORIES[:2]
    assert found.problem == "it redirects to https://other.example/: crawl that address, or add its site to `sites`"


def test_sitemaps_of_robots_txt_are_taken_from_the_own_site_only():
    """Those on other sites are counted."""
    site = WatchedSite(Source("paper", HOME), 1, watched=False, listed=listed_sites(HOME))
    own, others = split_by_site(["https://www.paper.example/a.xml", "https://other.example/b.xml"], site)
    assert (own, dict(others)) == (["https://www.paper.example/a.xml"], {"other.example": 1})
