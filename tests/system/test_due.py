"""Test `morgue due`: what is visited next, when and why."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.support.command import crawl, morgue
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow


@pytest.fixture
def crawled(archive):
    """Return an archive with one source that was crawled, and whose feed is due."""
    with serving() as paper:
        paper.front()
        paper.watch(archive)
        crawl(archive)
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute("UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE kind = 'feed'")
    return archive


def due(archive, *args):
    return morgue("-C", archive, "due", *args)


def test_due_names_the_soonest_visits_first_with_the_reason(crawled):
    """With the numbers of the source before them."""
    done = due(crawled)
    assert done.returncode == 0
    head, counts, empty, titles, first, *_more = done.stdout.splitlines()
    assert head.split() == ["source", "due", "in", "a", "day", "later", "next"]
    assert counts.split()[:2] == ["paper", "1"]
    assert (empty, titles.split()) == ("", ["at", "source", "kind", "why", "url"])
    assert first.split()[:3] == ["now", "paper", "feed"]
    assert "read again for new articles" in first
    assert "looked at again for edits" in done.stdout


def test_due_as_json_has_every_visit_that_was_asked_for(crawled):
    """One object for each visit; --limit counts them."""
    visits = json.loads(due(crawled, "paper", "--format", "json", "--limit", "2").stdout)
    assert [visit["due"] for visit in visits] == [True, False]
    assert visits[0]["kind"] == "feed"


def test_due_says_what_a_source_waits_for(crawled):
    """Its hours, in their own zone; or its limit of a day."""
    hours = due(crawled, "-s", "crawl.hours=Mon 00:00-00:01 Europe/Berlin").stdout
    assert "Mon 00:00 Europe/Berlin" in hours
    with sqlite3.connect(crawled / "morgue.db") as db:
        db.execute("UPDATE captures SET time = strftime('%Y-%m-%dT%H:%M:%S.000000Z', 'now')")
    assert "pages_per_day is reached" in due(crawled, "-s", "crawl.pages_per_day=2").stdout


def test_due_names_a_host_in_trouble_and_its_next_probe(crawled):
    """What is due of it waits for that probe."""
    with sqlite3.connect(crawled / "morgue.db") as db:
        db.execute("UPDATE hosts SET trouble = 'HTTP 403', retry_at = '2999-01-01T00:00:00Z'")
    visits = json.loads(due(crawled, "--format", "json").stdout)
    assert {visit["why"] for visit in visits} == {"its host is in trouble: HTTP 403"}
    assert {visit["at"] for visit in visits} == {"2999-01-01T00:00:00Z"}


def test_due_of_an_unknown_source_names_it(crawled):
    """With exit code 8, and the name that it is like."""
    done = due(crawled, "papr")
    assert done.returncode == 8
    assert "papr" in done.stderr
    assert "paper" in done.stderr


def test_due_tells_removed_sources_from_new_ones(crawled):
    """One whose file is gone is not visited; the listings of one that was never crawled are due."""
    (crawled / "sources" / "paper.toml").rename(crawled / "sources" / "other.toml")
    shown = due(crawled).stdout
    assert "it is not crawled without one" in shown
    visits = json.loads(due(crawled, "--format", "json").stdout)
    assert {(visit["source"], visit["why"]) for visit in visits} == {("other", "first visit")}
    assert shown.count("first visit") == len(visits)
    states = json.loads(morgue("-C", crawled, "sources", "--format", "json").stdout)
    assert [(one["name"], one["health"]) for one in states] == [("paper", "removed")]


def test_listing_that_is_read_for_another_source_is_not_due(crawled):
    """Its source was never crawled, and never will be for that listing; `sources` says the same."""
    text = (crawled / "sources" / "paper.toml").read_text()
    (crawled / "sources" / "a-twin.toml").write_text(f'{text}sections = ["https://twin.example/sport/"]\n')
    visits = json.loads(due(crawled, "a-twin", "--format", "json").stdout)
    assert [visit["url"] for visit in visits] == ["https://twin.example/sport/"]
    with sqlite3.connect(crawled / "morgue.db") as db:
        db.execute("INSERT INTO sources (name, url, watched, added) VALUES ('a-twin', '', 1, '')")
    states = json.loads(morgue("-C", crawled, "sources", "--format", "json").stdout)
    assert {one["name"]: one["waiting"] for one in states}["a-twin"] == 1
