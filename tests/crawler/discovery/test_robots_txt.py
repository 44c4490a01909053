"""robots.txt (RFC 9309): what a response to GET /robots.txt lets us do."""

from __future__ import annotations

import pickle
import time

import pytest

from crawler.discovery.robots_txt import MAX_ROBOTS_BYTES, Robots

US = "Newsmorgue"


def rules(text: str) -> Robots:
    """Return a robots.txt with this text, as we read it."""
    return Robots.parse(200, text.encode(), US)


def allowed(text: str, path: str = "/a") -> bool:
    return rules(text).allowed(f"https://paper.example{path}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 301, 302, 308])
def test_unavailable_robots_txt_allows_all(status):
    """Sections 2.3.1.3 and 2.3.1.2: unavailable, or more redirects than are followed."""
    robots = Robots.parse(status, b"User-agent: *\nDisallow: /\n", US)
    assert robots.allowed("https://paper.example/a")
    assert robots.reason is None


@pytest.mark.parametrize("status", [None, 500, 502, 503, 504, 599, 429])
def test_unreachable_robots_txt_disallows_all_for_now(status):
    """Section 2.3.1.4; 429 asks us to stay away, and we do."""
    robots = Robots.parse(status, b"User-agent: *\nAllow: /\n", US)
    assert not robots.allowed("https://paper.example/a")
    assert robots.allowed("https://paper.example/robots.txt")
    assert robots.reason


@pytest.mark.parametrize(
    ("agent", "ours"),
    [
        ("Newsmorgue", True),
        ("newsmorgue", True),
        ("NEWSMORGUE", True),
        ("Newsmorgue/1.0", True),
        ("Newsmorgue # we know you", True),
        ("News", False),
        ("n", False),
        ("morgue", False),
        ("Newsmorguebot", False),
        ("Newsmorgue-Images", False),
        ("Mozilla/5.0 (compatible; Newsmorgue)", False),
        ("GPTBot", False),
    ],
)
def test_product_token_is_compared_whole_and_without_case(agent, ours):
    """Section 2.2.1. A group for another robot does not bind us; a group for us replaces the one for all."""
    assert allowed(f"User-agent: {agent}\nDisallow: /\n") is not ours
    assert allowed(f"User-agent: {agent}\nAllow: /\n\nUser-agent: *\nDisallow: /\n") is ours


def test_groups_for_our_token_are_combined():
    """Section 2.2.1: rules of several groups that match are combined; user agents may share a group."""
    text = "User-agent: a\nUser-agent: Newsmorgue\nDisallow: /x\n\nUser-agent: Newsmorgue\nDisallow: /y\n"
    assert [allowed(text, path) for path in ("/x", "/y", "/z")] == [False, False, True]


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/private/", False), ("/private/open/a", True), ("/private/open", True), ("/a.pdf", False), ("/a.pdf?x", True),
        ("/b/c?print=1", False), ("/caf%C3%A9/x", False), ("/café/x", False), ("/~jo/", False), ("/%7Ejo/", False),
        ("/robots.txt", True), ("/same", True),
    ],
)  # fmt: skip
def test_longest_match_wins_and_allow_wins_a_draw(path, may):
    """Section 2.2.2, wildcards of 2.2.3, and percent-encoding compared as octets."""
    text = (
        "User-agent: *\nDisallow: /private/\nAllow: /private/open\nDisallow: /*.pdf$\nDisallow: /*?print=\n"
        "Disallow: /café/\nDisallow: /~jo/\nDisallow: /same\nAllow: /same\n"
    )
    assert allowed(text, path) is may


def test_odd_spelling_of_robots_txt_is_tolerated():
    """Sections 2.3.1.1 and 2.2: byte order mark, any line end, comments, unknown lines, odd case and white space."""
    body = b"\xef\xbb\xbf# hello\rUSER-AGENT : *\r\n\tdisallow:/x # not this\r\nNoindex: /y\nFoo\n\x00\nDisallow: /z\n"
    robots = Robots.parse(200, body, US)
    assert [robots.allowed(f"https://p.example{path}") for path in ("/x", "/y", "/z")] == [False, True, False]
    assert Robots.parse(200, b"", US).allowed("https://p.example/")
    assert Robots.parse(200, bytes(range(256)) * 40, US).allowed("https://p.example/")


@pytest.mark.parametrize(
    "page",
    ["<!DOCTYPE html>\n<html>", "\ufeff \n<html>", "<!-- x --><HTML lang=en>", '<?xml version="1.0"?><html>'],
)
def test_web_page_in_place_of_robots_txt_allows_all(page):
    """A 404 page that says 200: unavailable."""
    assert allowed(f"{page}<body>\nUser-agent: *\nDisallow: /\n</body>")


def test_crawl_delay_and_sitemaps_are_read():
    """Neither is in the RFC, both are in the web; sitemaps belong to no group and are absolute URLs."""
    robots = rules(
        "Sitemap: https://p.example/1.xml\nUser-agent: *\nCrawl-delay: 2.5\nDisallow:\n\n"
        "User-agent: x\nCrawl-delay: 99\nsitemap:https://p.example/2.xml\nSitemap: /relative.xml\nSitemap: https://p.example/1.xml\n"
    )
    assert robots.crawl_delay == 2.5
    assert robots.sitemaps == ("https://p.example/1.xml", "https://p.example/2.xml")
    for odd in ("fast", "-1", "inf", "nan", ""):
        assert rules(f"User-agent: *\nCrawl-delay: {odd}\n").crawl_delay is None


def test_first_500_kib_are_read_and_no_half_rule():
    """Section 2.5. `Disallow: /` at the cut of `Disallow: /private` would forbid everything."""
    filler = "# filler\n" * (500 * 1024 // 9)
    assert not allowed(f"User-agent: *\n{filler}Disallow: /a\n")
    start = f"User-agent: *\n{filler}"
    start += "#" * (MAX_ROBOTS_BYTES - len(start) - len("\nDisallow: /")) + "\nDisallow: /"
    assert len(start) == MAX_ROBOTS_BYTES
    assert allowed(start + "private\n")


def test_hostile_pattern_takes_bounded_time():
    """The rules come from strangers and are asked on the event loop."""
    robots = rules("User-agent: *\n" + "Disallow: /" + "*a" * 200 + "*b$\n")
    began = time.process_time()
    robots.allowed("https://p.example/" + "a" * 2000)
    assert time.process_time() - began < 0.3


def test_robots_txt_can_be_pickled():
    """It crosses a process border."""
    robots = pickle.loads(pickle.dumps(rules("User-agent: *\nDisallow: /x\n")))
    assert not robots.allowed("https://p.example/x")
