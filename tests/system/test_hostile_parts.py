"""Test that no part of a page (picture, style sheet, font) harms a crawl, whatever its server does."""

from __future__ import annotations

from collections import Counter
from time import monotonic

import pytest

from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.endless_server import endless
from tests.support.furnished_paper import CSS, PARTS_OF_FIRST, PNG, furnish, furnished_paper, paths_of_parts, watch
from tests.support.http_server import answering

pytestmark = pytest.mark.slow


@pytest.fixture
def paper():
    with furnished_paper() as paper:
        yield paper


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive")


@pytest.mark.parametrize(
    ("block", "pause", "why"), [(b"\0" * 65_536, 0.0, "body too large"), (b"\0", 0.1, "timed out")]
)
def test_part_that_never_ends_is_cut_off(paper, archive, block, pause, why):
    """By its size, or by the time of a request; it is asked for once in a crawl, and the others are there."""
    with endless("image/png", block, pause) as (url, asked):
        furnish(paper, 0, markup=f'<img src="{url}/endless.png">')
        watch(paper, archive, "all", 'part_hosts = ["localhost"]\npart_bytes = "200kB"\n')
        done = crawl(archive, "-s", "crawl.timeout=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"1 part left out: {why}" in done.stdout
    assert f"parts: {len(PARTS_OF_FIRST)} fetched" in done.stdout
    assert asked.count("/endless.png") == 1
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)]
    assert rows(archive, "SELECT max(length) < 1000000 FROM captures") == [(1,)]


def test_page_of_a_hundred_thousand_pictures_brings_a_limited_number(paper, archive):
    """The others are counted, and the crawl takes no longer than for any long page."""
    pictures = "".join(f".n{number} {{ background: url(/many/{number}.png) }}" for number in range(100_000))
    furnish(paper, 0, markup=f"<style>{pictures}</style>")
    watch(paper, archive, "all", "parts_per_page = 10\n")
    began = monotonic()
    done = crawl(archive)
    assert monotonic() - began < 60
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stdout
    assert len(paths_of_parts(paper)) <= 10 + 3  # of the page, and of its sheets
    assert rows(archive, "SELECT count(*) FROM frontier WHERE kind = 'part'")[0][0] <= 13
    assert "99,994 parts left out: capture.parts_per_page is reached" in done.stdout


def test_page_of_a_hundred_thousand_elements_is_no_article_and_brings_no_part(paper, archive):
    """No article has as many."""
    furnish(paper, 0, markup="".join(f'<img src="/many/{number}.png">' for number in range(100_000)))
    watch(paper, archive, "all")
    done = crawl(archive)
    assert "1 without an article: too large" in done.stdout
    assert paths_of_parts(paper) == set()


def test_host_that_a_rule_allows_is_asked_for_parts(paper, archive):
    """With its own robots.txt; without the rule nothing is asked there."""
    with answering({"/a.png": (200, b"\x89PNG a", PNG), "/robots.txt": (404, b"", {})}) as (url, asked):
        cdn = url.replace("127.0.0.1", "localhost")
        furnish(paper, 0, 1, markup=f'<img src="{cdn}/a.png">')
        watch(paper, archive, "images")
        done = crawl(archive)
        assert "1 part left out: on another host (capture.part_hosts allows it)" in done.stdout
        assert asked == []
        watch(paper, archive, "images", 'part_hosts = ["localhost"]\n')
        paper.feed(0, 1)
        crawl(archive, "paper")
    assert asked == ["/robots.txt", "/a.png"]
    assert rows(archive, "SELECT status FROM captures WHERE url = ?", f"{cdn}/a.png") == [(200,)]


def test_redirect_of_a_part_is_followed_only_to_hosts_that_a_rule_allows(paper, archive):
    """Another is not asked for anything, and the part is counted."""
    with answering({"/a.png": (200, b"\x89PNG a", PNG)}) as (url, asked):
        cdn = url.replace("127.0.0.1", "localhost")
        for number in (0, 1):
            paper.answers[f"/p{number}.png"] = (302, b"", {"Location": f"{cdn}/a.png"})
        watch(paper, archive, "images")
        done = crawl(archive)
        assert "1 part left out: redirect to another host" in done.stdout
        assert asked == []
        watch(paper, archive, "images", 'part_hosts = ["localhost"]\n')
        paper.feed(0, 1)
        crawl(archive, "paper")
    assert asked == ["/robots.txt", "/a.png"]
    linked = "SELECT replace(f.url, ?, '') FROM page_parts p JOIN frontier f ON f.id = p.page_id WHERE p.part_id = "
    target = f"(SELECT id FROM frontier WHERE url = '{cdn}/a.png')"
    assert rows(archive, linked + target, paper.url) == [("/p1.png",)]


def test_part_on_a_host_that_was_taken_down_is_not_asked_for(paper, archive):
    """Also at an address that was not known then."""
    parts = {"/a0.png": (200, b"\x89PNG a", PNG), "/a1.png": (200, b"\x89PNG b", PNG)}
    with answering(parts) as (url, asked):
        cdn = url.replace("127.0.0.1", "localhost")
        furnish(paper, 0, markup=f'<img src="{cdn}/a0.png">')
        furnish(paper, 1, markup=f'<img src="{cdn}/a1.png">')
        watch(paper, archive, "images", 'part_hosts = ["localhost"]\n')
        crawl(archive)
        done = morgue("-C", archive, "remove", "localhost", "--reason", "test", "--yes")
        assert done.returncode == 0, done.stderr
        paper.feed(0, 1)
        done = crawl(archive, "paper")
    assert asked == ["/robots.txt", "/a0.png"]
    assert "1 part left out: taken down on" in done.stdout


def test_host_to_which_a_part_redirects_and_that_asks_to_wait_is_left_alone_itself(paper, archive):
    """The paper's own host is not."""
    busy = {"/a.png": (503, b"", {"Retry-After": "3600"}), "/b.png": (200, b"\x89PNG b", PNG)}
    with answering(busy) as (url, _):
        cdn = url.replace("127.0.0.1", "localhost")
        furnish(paper, 0, markup=f'<img src="{cdn}/b.png">')
        paper.answers["/p0.png"] = (302, b"", {"Location": f"{cdn}/a.png"})
        paper.answers["/b.png"] = (404, b"", {})
        watch(paper, archive, "all", 'part_hosts = ["localhost"]\n')
        crawl(archive)
    troubled = [host for (host,) in rows(archive, "SELECT host FROM hosts WHERE trouble IS NOT NULL")]
    assert troubled == [cdn.removeprefix("http://")]
    assert paths_of_parts(paper) == PARTS_OF_FIRST


def test_style_sheets_that_import_each_other_come_once_each(paper, archive):
    """Also if each is old enough to be asked for again."""
    paper.answers["/s.css"] = (200, b'@import "type.css"; @import "s.css"; @import "s.css?2"', CSS)
    paper.answers["/type.css"] = (200, b'@import "/s.css"; @import "/type.css"', CSS)
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_recheck=1ms")
    assert max(Counter(paper.asked).values()) <= 3
    assert {"/s.css", "/type.css", "/s.css?2"} <= paths_of_parts(paper)
