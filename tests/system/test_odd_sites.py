"""Crawls and `morgue add` of sites that are a little off the standard: what is odd costs itself, and is said."""

from __future__ import annotations

import pytest

from tests.support.command import LOOPBACK, crawl, morgue, rows
from tests.support.http_server import Answers, answering

pytestmark = pytest.mark.slow

HEADLINE = "The council buys back the pier"
STORY = f"<html lang=en><title>{HEADLINE}</title><body><article><h1>{HEADLINE}</h1>" + "".join(
    f"<p>On day {n} the members of the council agreed to disagree about the old pier of the island and its cranes.</p>"
    for n in range(8)
)
PAGE = (200, STORY.encode(), {})


def front(links: str = "") -> tuple[int, bytes, dict[str, str]]:
    return 200, f"<html lang=en><head><title>Paper</title></head><body>{links}</body></html>".encode(), {}


def refresh(url: str, seconds: int = 0) -> tuple[int, bytes, dict[str, str]]:
    return 200, f'<meta http-equiv=refresh content="{seconds};url={url}">'.encode(), {}


def link(path: str) -> str:
    return f'<a href="{path}">A headline of more than five words today</a>'


def test_article_and_front_page_that_only_refresh_are_followed(archive):
    """The pages that refresh are kept as they came; the article is read where it is; a circle ends."""
    answers: Answers = {
        "/": refresh("/en/"),
        "/en/": front(link("/alert-item-5501") + link("/2026/11/12/circle-a")),
        "/alert-item-5501": refresh("/2026/11/12/pier.html"),
        "/2026/11/12/pier.html": PAGE,
        "/2026/11/12/circle-a": refresh("/2026/11/12/circle-b"),
        "/2026/11/12/circle-b": refresh("/2026/11/12/circle-a"),
    }
    with answering(answers) as (url, asked):
        done = crawl(archive, f"{url}/")
        assert rows(archive, "SELECT url FROM articles") == [(f"{url}/2026/11/12/pier.html",)]
        kept = {address for (address,) in rows(archive, "SELECT url FROM captures WHERE status = 200")}
        assert {f"{url}/", f"{url}/alert-item-5501"} <= kept
        assert asked.count("/2026/11/12/circle-a") <= 12
        assert "redirect loop" in done.stdout
        added = morgue("-C", archive, "add", *LOOPBACK, f"{url}/", "--name", "paper")
    assert added.returncode == 0
    assert f'url = "{url}/en/"' in (archive / "sources" / "paper.toml").read_text()


def test_refresh_is_subject_to_robots_txt(archive):
    """As a redirect is."""
    answers: Answers = {
        "/robots.txt": (200, b"User-agent: *\nDisallow: /closed/\n", {}),
        "/": front(link("/2026/11/12/door")),
        "/2026/11/12/door": refresh("/closed/pier.html"),
        "/closed/pier.html": PAGE,
    }
    with answering(answers) as (url, asked):
        done = crawl(archive, f"{url}/")
    assert "/closed/pier.html" not in asked
    assert "1 disallowed" in done.stdout


def test_page_that_refreshes_after_a_while_is_named(archive):
    """It is not followed, because such pages are meant to be looked at."""
    answers: Answers = {"/": front(link("/2026/11/12/door")), "/2026/11/12/door": refresh("/elsewhere", 60)}
    with answering(answers) as (url, asked):
        done = crawl(archive, f"{url}/")
    assert "/elsewhere" not in asked
    assert "1 without an article: only a refresh" in done.stdout


def test_bad_sitemap_lines_of_robots_txt_cost_themselves(archive):
    """The others are read, relative ones too."""
    bad = "".join(
        f"Sitemap: {value}\n" for value in ("https://", "http://a b.example/", "https://[x/", "http://h:99999/")
    )
    sitemap = b"<root><urlset><urlset><url><loc>/article.php?id=77</loc></url><url><loc>/sport/</loc></url></urlset>"
    answers: Answers = {
        "/robots.txt": (200, f"{bad}Sitemap: /map.xml\n".encode(), {}),
        "/": front(),
        "/map.xml": (200, sitemap + b"</urlset></root>", {"Content-Type": "text/xml"}),
        "/article.php?id=77": PAGE,
    }
    with answering(answers) as (url, _asked):
        done = crawl(archive, f"{url}/")
    assert rows(archive, "SELECT url FROM articles") == [(f"{url}/article.php?id=77",)]
    assert "left out: 1 address in feeds and sitemaps of" in done.stdout
    assert f"short names 1; e.g. {url}/sport/" in done.stdout


def test_crawl_that_finds_nothing_says_so(archive):
    """With a hint; nothing failed, and still the user has nothing."""
    with answering({"/": front("<div id=app></div>")}) as (url, _asked):
        done = crawl(archive, f"{url}/")
    assert "no article found in 1 listing" in done.stdout
    assert "`morgue add URL` looks for feeds and sitemaps" in done.stdout


def test_add_goes_on_after_a_site_with_a_feed_that_breaks_the_parser(archive):
    """What can be read of the feed is taken, and the next site is asked."""
    item = "<item><title>Smile &#55357;&#56842; &#1114112;</title><link>/2026/11/12/pier.html</link></item>"
    place = '<gml:pos xmlns:gml="http://www.opengis.net/gml">1 2</gml:pos>'
    entries = f"{item}<item><link>/2026/11/13/pier.html</link>{place}</item>"
    feed = f'<rss version="2.0"><channel><title>P</title>{entries}</channel></rss>'.encode()
    head = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    bad: Answers = {
        "/": (200, f"<html><head><title>Bad</title>{head}</head><body></body></html>".encode(), {}),
        "/feed.xml": (200, feed, {"Content-Type": "application/rss+xml"}),
    }
    good: Answers = {"/": front(link("/2026/11/12/pier.html"))}
    with answering(bad) as (first, _), answering(good) as (second, _):
        done = morgue("-C", archive, "add", *LOOPBACK, f"{first}/", f"{second}/")
    assert done.returncode == 0
    assert "/feed.xml (2 articles" in done.stdout
    assert len(list((archive / "sources").glob("127*.toml"))) == 2


def test_large_slow_page_beside_a_paper_delays_no_request_of_it(archive, tmp_path):
    """The paper's article is asked for while six megabytes of another site are still being read."""
    slow = (200, b"<html><p " + b"".join(b"a%d=1 " % number for number in range(700_000)) + b">", {})
    log = tmp_path / "log.txt"
    options = ("-s", "extract.cpu_seconds=3", "-s", "extract.workers=2", "--log", log, "-vv")
    pages: Answers = {"/": front(link("/2026/11/12/pier")), "/2026/11/12/pier": PAGE}
    with answering({"/": slow}) as (large, _), answering(pages) as (paper, _):
        crawl(archive, *options, f"{large}/", f"{paper}/")
    lines = log.read_text(encoding="utf-8").splitlines()
    (asked,) = [number for number, line in enumerate(lines) if line.endswith(f"GET {paper}/2026/11/12/pier")]
    why = f"failed {large}/: reading it used too much CPU"
    (stopped,) = [number for number, line in enumerate(lines) if why in line]
    assert asked < stopped
