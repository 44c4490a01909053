"""Test that what is not the article never takes its place, from the server's answers to what `morgue` shows."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.small_paper import TEXT, SmallPaper, serving

pytestmark = pytest.mark.slow

CONSENT = """<!DOCTYPE html><html><head><title>We value your privacy</title></head><body><div id="didomi-host">
<h1>We value your privacy</h1><p>We and our 824 partners use cookies to show personalised advertising. Do you accept
that we store cookies for our partners and their advertising?</p><p>You can accept all cookies or manage your consent
with each of our partners, who use cookies for advertising. I accept all cookies.</p></div></body></html>"""
LOST = """<!DOCTYPE html><html><head><title>Page not found</title></head><body><h1>Page not found</h1><p>The page that you
asked for has moved or never was. Go back to our start page or use the search, and have a look at what our readers like
best today, please.</p></body></html>"""
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def archive(tmp_path) -> Path:
    return make_archive(tmp_path / "archive")


def show_instead(paper: SmallPaper, number: int, status: int, page: str = "", **headers: str) -> None:
    path = paper.stories[number].removeprefix(paper.url)
    paper.answers[path] = (status, page.encode(), HTML | headers)


def crawl_again(archive: Path) -> dict:
    """Make every page due, crawl what is due, and return the counts of the paper."""
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute("UPDATE frontier SET state = 'waiting', next_visit = '2024-01-01T00:00:00Z' WHERE kind = 'article'")
    db.close()
    done = crawl(archive, "--format", "json", "--due", "paper")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["sources"]["paper"]


def periods(archive: Path) -> list[tuple]:
    return rows(archive, "SELECT kind, article_id IS NOT NULL, visits, ended IS NULL FROM page_states ORDER BY url, id")


def texts(archive: Path) -> set[tuple]:
    return set(rows(archive, "SELECT title, revision, access FROM articles"))


@pytest.mark.parametrize(
    ("kind", "status", "page", "headers"),
    [
        ("consent wall", 200, CONSENT, {}),
        ("soft 404", 200, LOST, {}),
        ("404", 404, LOST, {}),
        ("410", 410, "", {}),
        ("front page", 302, "", {"Location": "/"}),
        ("no text", 200, "<html><body><p>Hello</p></body></html>", {}),
        ("login page", 200, LOST.replace("Page not found", "Please log in"), {}),
    ],
)
def test_article_keeps_its_text_whatever_its_address_shows(archive, kind, status, page, headers):
    """The time is noted, the page is asked again, and when the article is back, all is as before."""
    with serving(stories=3) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        crawl(archive, "paper")
        before = texts(archive)
        assert len(before) == 3
        for number in range(3):
            show_instead(paper, number, status, page, **headers)
        counts = crawl_again(archive)
        assert counts["instead"] + counts["failed"] == 3, counts
        crawl_again(archive)
        assert texts(archive) == before
        assert periods(archive) == [(kind, 1, 2, 1)] * 3
        assert rows(archive, "SELECT DISTINCT state FROM frontier WHERE kind = 'article' AND visits > 0") == [
            ("waiting",)
        ]
        shown = morgue("-C", archive, "show", paper.stories[0]).stdout
        assert f"{kind} since " in shown or f"({kind}), last seen alive " in shown
        assert "harbour wall" in shown
        for number in range(3):
            paper.write_story(number)
        assert crawl_again(archive)["unchanged"] == 3
        assert texts(archive) == before
        assert periods(archive) == [(kind, 1, 2, 0)] * 3
        assert f"({kind})" in morgue("-C", archive, "show", paper.stories[0]).stdout


def test_wall_at_the_first_visit_waits_for_the_article(archive):
    """It is no article. When it goes, the article is new."""
    with serving(stories=2) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        for number in range(2):
            show_instead(paper, number, 200, CONSENT)
        done = crawl(archive, "paper")
        assert "2 in the place of an article: consent wall" in done.stdout, done.stdout
        assert texts(archive) == set()
        assert periods(archive) == [("consent wall", 0, 1, 1)] * 2
        states = rows(archive, "SELECT state, last_error, next_visit > last_visit FROM frontier WHERE kind = 'article'")
        assert ("waiting", "consent wall", 1) in states
        for number in range(2):
            paper.write_story(number)
        assert crawl_again(archive)["new"] == 2
        assert periods(archive) == [("consent wall", 0, 1, 0)] * 2


def test_page_that_is_gone_and_back_with_another_text_has_both(archive):
    """The period lies between the two revisions; the export says what is gone now."""
    with serving(stories=2) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        crawl(archive, "paper")
        for number in range(2):
            show_instead(paper, number, 404)
        crawl_again(archive)
        paper.write_story(0, TEXT + "The mayor has resigned.")
        assert crawl_again(archive)["edited"] == 1
        out = archive / "out.jsonl"
        done = morgue("-C", archive, "export", "jsonl", "--out", out)
        assert done.returncode == 0, done.stderr
        found = {row["url"]: row for row in map(json.loads, out.read_text("utf-8").splitlines())}
        assert [found[url]["gone"] for url in paper.stories] == [None, "404"]
        assert [found[url]["revision"] for url in paper.stories] == [2, 1]
        shown = json.loads(morgue("-C", archive, "show", paper.stories[0], "--format", "json").stdout)
        assert [period["kind"] for period in shown["page_states"]] == ["404"]
        before = rows(archive, "SELECT * FROM page_states ORDER BY id")
        assert morgue("-C", archive, "rebuild").returncode == 0
        assert rows(archive, "SELECT * FROM page_states ORDER BY id") == before
        assert morgue("-C", archive, "remove", paper.stories[1], "--reason", "test", "--yes").returncode == 0
        assert len(rows(archive, "SELECT * FROM page_states")) == 1


def test_wall_that_comes_and_goes_makes_no_chain_of_edits(archive):
    """An A/B test of a consent wall: one revision, and a period for each time."""
    with serving(stories=1) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        crawl(archive, "paper")
        for _ in range(3):
            show_instead(paper, 0, 200, CONSENT)
            crawl_again(archive)
            paper.write_story(0)
            crawl_again(archive)
        assert {revision for _, revision, _ in texts(archive)} == {1}
        assert periods(archive) == [("consent wall", 1, 1, 0)] * 3
