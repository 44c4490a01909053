"""Test what a user asks for by name is fetched now; settings that change plan visits anew."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.command import crawl, morgue, rows
from tests.support.small_paper import TEXT, serving

pytestmark = pytest.mark.slow


def pages(paper):
    """Return the stories that were requested since the last call."""
    asked = [path for path in paper.asked if path.startswith("/2024/01/0")]
    paper.asked.clear()
    return sorted(asked)


def test_address_typed_by_hand_is_fetched_now(archive):
    """An article that is in the archive and not due, a listing of a source, and with --again all of a source."""
    with serving() as paper:
        paper.watch(archive)
        crawl(archive, "paper")
        paths = [url.removeprefix(paper.url) for url in paper.stories]
        assert pages(paper) == paths
        paper.write_story(1, TEXT.replace("Tuesday", "Wednesday"))
        one = crawl(archive, paper.stories[1])
        assert (one.returncode, pages(paper)) == (0, [paths[1]])
        assert rows(archive, "SELECT url, revision, source_id FROM articles WHERE revision > 1") == [
            (paper.stories[1], 2, 1)
        ]
        crawl(archive, paper.url + "/feed")
        assert [path for path in paper.asked if path != "/robots.txt"] == ["/feed"]
        paper.asked.clear()
        crawl(archive, "paper")
        assert pages(paper) == []
        crawl(archive, "paper", "--again")
        assert pages(paper) == paths


def test_typed_address_that_gives_nothing_is_an_error(archive):
    """Gone, or disallowed: it was asked for by name, so a silent `done` would be wrong."""
    with serving() as paper:
        gone = crawl(archive, paper.url + "/2024/01/30/dead-story-of-the-day.html")
        shut = crawl(archive, paper.url + "/private/a-story-of-the-archive-2024.html")
    assert (gone.returncode, shut.returncode) == (1, 1)
    assert "needs attention: (no source): HTTP 404: " in gone.stdout
    assert "needs attention: (no source): disallowed by robots.txt: " in shut.stdout
    assert rows(archive, "SELECT count(*) FROM sources") == [(0,)]


def test_typed_old_address_leads_to_its_page(archive):
    """Its redirect is followed, though the page that it leads to is known."""
    with serving() as paper:
        paper.watch(archive)
        crawl(archive, "paper")
        paper.answers["/2024/01/02/old-name-of-the-story.html"] = (301, b"", {"Location": paper.stories[1]})
        paper.write_story(1, TEXT.replace("Tuesday", "Wednesday"))
        crawl(archive, paper.url + "/2024/01/02/old-name-of-the-story.html")
    assert rows(archive, "SELECT revision FROM articles WHERE url = ?", paper.stories[1]) == [(2,)]


def test_site_typed_without_scheme_is_read_by_http_if_https_is_not_there(archive):
    """Its front page, and the listings that are looked for from there; again the same, and so is a single page."""
    with serving() as paper:
        paper.front(*paper.stories)
        host = paper.url.removeprefix("http://")
        first = crawl(archive, host)
        assert first.returncode == 0, first.stderr + first.stdout
        assert pages(paper)
        assert rows(archive, "SELECT url FROM frontier WHERE kind = 'front'") == [(f"{paper.url}/",)]
        assert crawl(archive, host).returncode == 0
        paper.asked.clear()
        assert crawl(archive, f"{host}/2024/01/20/another-story-of-the-day.html").returncode == 1
        assert "/2024/01/20/another-story-of-the-day.html" in paper.asked


@pytest.mark.parametrize("means", ["redirect", "refresh"])
def test_typed_address_that_leads_to_a_removed_page_does_not_bring_it_back(archive, means):
    """Exit code 1, and the outcome names the day of the takedown."""
    with serving() as paper:
        removed, path = paper.stories[1], "/2024/01/02/old-name-of-the-story.html"
        refresh = f'<meta http-equiv="refresh" content="0;url={removed}">'.encode()
        paper.answers[path] = {"redirect": (301, b"", {"Location": removed}), "refresh": (200, refresh, {})}[means]
        crawl(archive, removed)
        assert morgue("-C", archive, "remove", removed, "--reason", "court", "--yes").returncode == 0
        paper.asked.clear()
        again = crawl(archive, paper.url + path)
    assert (again.returncode, pages(paper)) == (1, [path])
    assert "redirect to an address that was taken down on 20" in again.stdout
    assert rows(archive, "SELECT count(*) FROM articles") == [(0,)]


def test_interrupted_crawl_goes_on_with_articles(archive):
    """Listings that it has just read are not read again, unless nothing else is due, or --again says so."""
    with serving() as paper:
        paper.watch(archive)
        crawl(archive, "paper", "--limit", "1")
        interrupt(archive)
        before = [path for path in paper.asked if path.startswith("/2024/")]
        paper.asked.clear()
        again = crawl(archive, "paper")
        assert "listings were read by the interrupted crawl and are not read again" in again.stdout
        after = [path for path in paper.asked if path.startswith("/2024/")]
        assert len(before + after) == len({*before, *after}) == 4  # each story once, and the dead link
        assert [path for path in paper.asked if path in ("/", "/feed")] == []
        interrupt(archive)
        paper.asked.clear()
        crawl(archive, "paper")
        assert sorted(path for path in paper.asked if path in ("/", "/feed")) == ["/", "/feed"]


def interrupt(archive):
    """Let the last crawl look as if it had been interrupted."""
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute("UPDATE crawls SET outcome = 'interrupted' WHERE id = (SELECT max(id) FROM crawls)")
    db.close()


def test_changed_settings_plan_visits_anew(archive):
    """In a source's file, not with -s: listings count from their last visit, articles from their first."""
    next_visits = "SELECT kind, round((julianday(next_visit) - julianday(last_visit)) * 86400) FROM frontier WHERE {}"
    with serving(1) as paper:
        paper.watch(archive)
        crawl(archive, "paper")
        paper.watch(archive, more='[every]\nfeed = "2h"\n[crawl]\nrecheck = ["5h"]\n')
        assert "next at" in crawl(archive).stdout
        assert dict(rows(archive, next_visits.format("kind = 'feed'"))) == {"feed": 7200}
        assert rows(archive, next_visits.format("visits > 0 AND kind = 'article'")) == [("article", 18000)]
        crawl(archive, "-s", "every.feed=3h")
        assert rows(archive, next_visits.format("kind = 'feed'")) == [("feed", 7200)]
