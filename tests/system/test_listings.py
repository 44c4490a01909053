"""Test listings over days of scheduled crawls, with a clock that is ahead: outrun, dead, moved, and faded ones."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from pipelines.database.connection import connect
from pipelines.database.frontier.listing_states import listing_states
from tests.support.command import LOOPBACK, ROOT, environment, make_archive, rows
from tests.support.small_paper import HTML_WALL, serving

pytestmark = pytest.mark.slow

PROGRAM = ROOT / "tests" / "support" / "turned_clock.py"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive")


@pytest.fixture
def paper():
    with serving(stories=12) as small:
        small.front()
        yield small


def scheduled(archive, ahead, *, expected=0):
    """Run a scheduled crawl at a time that is ahead; return what it printed."""
    words = [sys.executable, PROGRAM, ahead.total_seconds(), "-C", archive, "crawl", "--due", *LOOPBACK]
    done = subprocess.run([*map(str, words)], env=environment(), capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def listing(archive, path):
    (row,) = rows(archive, "SELECT trouble, moved_to, replaces, interval FROM listings WHERE url LIKE ?", f"%{path}")
    return row


def test_outrun_feed_is_noted_and_the_other_listings_fill_the_gap(archive, paper):
    """The articles that were gone from the feed are in a section page, which was not due."""
    paper.answers["/politics/"] = (200, b"<html><body><h1>Politics</h1></body></html>", {})
    paper.feed(0, 1, 2, 3)
    paper.watch(archive, more=f'sections = ["{paper.url}/politics/"]')
    scheduled(archive, timedelta(0), expected=1)  # the section page lists nothing yet
    links = "".join(f'<a href="{story}">A headline of some length</a>' for story in paper.stories)
    paper.answers["/politics/"] = (200, f"<html><body><h1>Politics</h1>{links}</body></html>".encode(), {})
    paper.feed(8, 9, 10, 11)
    said = scheduled(archive, 2 * HOUR)
    assert "was outrun" in said
    assert rows(archive, "SELECT count(*) FROM articles") == [(12,)]
    ((url, began, ended, capture, found),) = rows(archive, "SELECT url, began, ended, capture_id, found FROM gaps")
    assert (url, began < ended) == (f"{paper.url}/feed", True)
    assert found in (4, 8)  # on a busy machine the page is read before the new entries of the feed are in the queue
    assert rows(archive, "SELECT url FROM captures WHERE id = ?", capture) == [(url,)]
    assert listing(archive, "/feed")[3] <= HOUR.total_seconds() / 2


def test_articles_that_a_front_page_showed_first_count_for_the_rhythm_of_the_feed(archive, paper):
    """And not for that of the page. Else it would be read ever more often, and the feed ever less."""
    paper.feed(0, 1, 2, 3)
    paper.watch(archive, more='[every]\nfeed = "20h"')
    scheduled(archive, timedelta(0))
    links = "".join(f'<a href="{story}">A headline of some length</a>' for story in paper.stories[:6])
    paper.answers["/"] = (200, f"<html><body>{links}</body></html>".encode(), {})
    paper.feed(2, 3, 4, 5)
    scheduled(archive, 12 * HOUR)
    assert rows(archive, "SELECT count(*) FROM articles") == [(6,)]
    scheduled(archive, 21 * HOUR)
    known = dict(rows(archive, "SELECT kind, rhythm FROM listings"))
    assert {kind: round(sum(json.loads(rhythm)["new"].values())) for kind, rhythm in known.items()} == {
        "feed": 2,
        "front": 0,
    }


def test_feed_that_brings_nothing_new_is_no_gap(archive, paper):
    """One old entry is enough; and so is a feed that is empty for a while."""
    paper.watch(archive)
    paper.feed(0, 1, 2, 3)
    scheduled(archive, timedelta(0))
    paper.feed(3, 4, 5, 6)
    scheduled(archive, 2 * HOUR)
    paper.feed()
    scheduled(archive, 30 * HOUR, expected=1)
    paper.feed(6, 7, 8, 9)
    said = scheduled(archive, 60 * HOUR)
    assert "was outrun" not in said
    assert rows(archive, "SELECT count(*) FROM gaps") == [(0,)]


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        pytest.param((404, b"", {}), True, id="404, named on the front page"),
        pytest.param(HTML_WALL, False, id="HTML, in a common place"),
        pytest.param((404, b"", {}), False, id="404, in a common place", marks=pytest.mark.exhaustive),
        pytest.param((410, b"", {}), True, id="410, named on the front page", marks=pytest.mark.exhaustive),
        pytest.param((410, b"", {}), False, id="410, in a common place", marks=pytest.mark.exhaustive),
        pytest.param(HTML_WALL, True, id="HTML, named on the front page", marks=pytest.mark.exhaustive),
    ],
)
def test_dead_feed_is_replaced_in_the_same_crawl(archive, paper, gone, named):
    """The user's file stays as it is, and the change is said once."""
    paper.feed(0, 1, 2, 3)
    paper.watch(archive)
    scheduled(archive, timedelta(0))
    paper.feed(2, 3, 4, 5)
    place = "/new-feed.xml" if named else "/rss.xml"
    paper.answers[place] = paper.answers["/feed"]
    head = f'<link rel="alternate" type="application/rss+xml" href="{place}">' if named else ""
    page = f'<html><head>{head}</head><body><a href="{paper.stories[2]}">A headline of some length</a></body></html>'
    paper.answers["/"] = (200, page.encode(), {})
    paper.answers["/feed"] = gone
    file = (archive / "sources" / "paper.toml").read_text()
    said = scheduled(archive, 30 * HOUR, expected=1)
    assert f"{paper.url}{place}: is read from now on in place of" in said
    assert rows(archive, "SELECT count(*) FROM articles") == [(6,)]
    trouble, moved_to, *_ = listing(archive, "/feed")
    assert (bool(trouble), moved_to) == (True, f"{paper.url}{place}")
    with closing(connect(archive / "morgue.db")) as db:
        assert [one.replaced_by for one in listing_states(db)[1] if one.trouble] == [moved_to]
    paper.answers[place] = (200, paper.answers[place][1].replace(b"story-number-2", b"story-number-6"), {})
    said = scheduled(archive, 60 * HOUR)
    assert "in place of" not in said
    assert (archive / "sources" / "paper.toml").read_text() == file


def test_dead_feed_that_works_again_is_read_as_before(archive, paper):
    """Without a word of trouble."""
    paper.watch(archive)
    scheduled(archive, timedelta(0))
    healthy, paper.answers["/feed"] = paper.answers["/feed"], (404, b"", {})
    scheduled(archive, 2 * HOUR, expected=1)
    assert listing(archive, "/feed")[0] == "HTTP 404"
    paper.answers["/feed"] = healthy
    scheduled(archive, 30 * HOUR)
    assert listing(archive, "/feed")[:2] == (None, None)


@pytest.mark.parametrize(
    ("status", "is_moved"), [(301, True), pytest.param(308, True, marks=pytest.mark.exhaustive), (302, False)]
)
def test_permanent_redirect_of_a_week_is_a_move(archive, paper, status, is_moved):
    """A temporary one is followed, however long."""
    paper.watch(archive)
    paper.answers["/moved.xml"] = paper.answers["/feed"]
    paper.answers["/feed"] = (status, b"", {"Location": f"{paper.url}/moved.xml"})
    said = [scheduled(archive, days * DAY) for days in (0, 4, 8, 10)]
    assert ["has moved to" in text for text in said] == [False, False, is_moved, False]
    assert rows(archive, "SELECT count(*) FROM listings WHERE replaces IS NOT NULL") == [(int(is_moved),)]
    assert rows(archive, "SELECT count(*) FROM frontier WHERE url LIKE '%/feed' AND state = 'waiting'") == [(1,)]


@pytest.mark.exhaustive
def test_unchanged_sitemap_fades_and_one_change_is_found(archive, paper):
    """After 30 days it is read about weekly. Entries that were there at the last reading are not queued again."""
    paper.watch(archive, more=f'sitemaps = ["{paper.url}/sitemap.xml"]')
    paper.feed(0)

    def sitemap(*numbers):
        urls = "".join(f"<url><loc>{paper.stories[number]}</loc></url>" for number in numbers)
        paper.answers["/sitemap.xml"] = (200, f"<urlset>{urls}</urlset>".encode(), {})

    sitemap(1, 2, 3)
    scheduled(archive, timedelta(0))
    scheduled(archive, 32 * DAY)
    assert 7 * DAY.total_seconds() <= listing(archive, "/sitemap.xml")[3] < 9 * DAY.total_seconds()
    sitemap(1, 2, 3, 4)
    scheduled(archive, 41 * DAY)
    assert rows(archive, "SELECT new_entries FROM listings WHERE url LIKE '%/sitemap.xml'") == [(1,)]
    assert listing(archive, "/sitemap.xml")[3] <= DAY.total_seconds()
