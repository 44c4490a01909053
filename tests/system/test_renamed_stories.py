"""Test that stories whose addresses change with their headlines stay one article each, from the crawl to a rebuild."""

from __future__ import annotations

import json

import pytest

from tests.support.command import TABLES, crawl, morgue, rows, tables
from tests.support.small_paper import TEXT, serving
from tests.support.waiting import let_a_day_pass

pytestmark = pytest.mark.slow

EDITED = TEXT.replace("Tuesday", "Wednesday")


def rename(paper, number: int, path: str, *, redirect: bool) -> None:
    """Move an edited story to another path."""
    old = paper.stories[number].removeprefix(paper.url)
    paper.stories[number] = paper.url + path
    paper.write_story(number, EDITED)
    paper.answers[old] = (301, b"", {"Location": paper.stories[number]}) if redirect else (404, b"", {})


def test_renamed_stories_are_one_article_each_and_come_back_in_a_rebuild(archive):
    """Known by a redirect, by a redirect while the feed names the new address, or by the number in both addresses."""
    with serving(4) as paper:
        paper.stories[3] = paper.url + "/2024/01/04/council-sits-1234567.html"
        paper.write_story(3)
        paper.feed(0, 1, 2, 3)
        paper.watch(archive)
        crawl(archive, "paper")
        before = dict(rows(archive, "SELECT url, first_visit FROM frontier WHERE kind = 'article' AND visits > 0"))
        old = list(paper.stories)
        let_a_day_pass(archive)
        first_visits = dict(rows(archive, "SELECT url, first_visit FROM frontier WHERE visits > 0"))
        rename(paper, 0, "/2024/01/01/first-story-of-the-day.html", redirect=True)
        rename(paper, 1, "/2024/01/02/second-story-of-the-day.html", redirect=True)
        rename(paper, 3, "/2024/01/04/council-falls-1234567.html", redirect=False)
        paper.feed(1, 2, 3)
        crawl(archive, "paper")
        crawl(archive, "paper")
    assert len(before) == 4
    moved = [(number, paper.stories[number - 1]) for number in (1, 2, 4)]
    found = rows(archive, "SELECT a.id, a.url FROM articles a WHERE revision = 2 ORDER BY id")
    assert sorted(url for _, url in found) == sorted(url for _, url in moved)
    assert rows(archive, "SELECT count(*) FROM articles") == [(4,)]
    changes = rows(archive, "SELECT changes FROM revisions WHERE number = 2")
    assert all("address" in json.loads(kinds) for (kinds,) in changes)
    for number in (0, 1, 3):
        new, was = paper.stories[number], old[number]
        state = rows(archive, "SELECT state, next_visit FROM frontier WHERE url = ?", was)
        assert state == [("done", None)] or number == 3
        assert rows(archive, "SELECT state, first_visit FROM frontier WHERE url = ?", new) == [
            ("waiting", first_visits[was])
        ]
        for url in (new, was):
            assert morgue("-C", archive, "show", url).returncode == 0
    kept = tables(archive / "morgue.db")
    for path in archive.glob("morgue.db*"):
        path.unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    again = tables(archive / "morgue.db")
    for name in TABLES:
        assert again[name] == kept[name], name
    assert morgue("-C", archive, "verify").returncode == 0
