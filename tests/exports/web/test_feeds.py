"""Test the feeds of the view: what is new comes, once, whatever its date and by whatever address a reader asks."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import feedparser
import pytest

from pipelines.database.connection import connect
from pipelines.database.filters import EVERYTHING
from pipelines.database.search import hits
from tests.support.web_apps import web_apps

REASON = {"kind": "silence", "status": "bad", "since": "2026-03-01T00:00:00Z", "evidence": "e", "next_step": "n"}
HEALTH = [{"name": "courier", "reasons": [REASON]}]
EDITED = """
INSERT INTO revisions (article_id, number, capture_id, seen, title, authors, text, extractor, text_digest, changes,
                       change_ratio, words_added, words_removed, silent)
SELECT id, revision + {n}, capture_id, '2026-02-0{n}T00:00:00Z', title, authors, text, extractor, text_digest,
       '{changes}', 0.5, 1, 1, {silent} FROM articles WHERE id = {id}
"""
GONE = """
INSERT INTO page_states (article_id, url_key, url, kind, since, capture_id, last_seen, last_capture_id)
SELECT id, url_key, url, '404', '2026-02-03T00:00:00Z', capture_id, '2026-02-03T00:00:00Z', capture_id
  FROM articles WHERE id = 4
"""


@pytest.fixture
def view(archive):
    with web_apps(archive, lambda db: HEALTH, public=True) as asked:
        yield asked


def feed(view, path, **options):
    answer = view.get(path, **options)
    assert answer.status == 200, answer.text
    found = feedparser.parse(answer.body)
    assert not found.bozo
    return found


def numbers(found):
    return [int(entry.link.rpartition("/")[2]) for entry in found.entries]


@pytest.mark.parametrize("query", ["", "?q=markets", "?q=markets&source=gazette", "?source=courier", "?q=title:report"])
def test_feed_has_what_came_in_last_whatever_its_day(view, archive, monkeypatch, query):
    """Articles of any day come in, by a backfill or an import; the newest by day are others."""
    monkeypatch.setattr("exports.web.feeds.ENTRIES", 7)
    pages = view.get(f"/search.json{query}").json()
    every = [hit["id"] for hit in pages["hits"]]
    if pages["next"]:
        every += [hit["id"] for hit in view.get(pages["next"]).json()["hits"]]
    assert numbers(feed(view, f"/search.atom{query}")) == sorted(every, reverse=True)[:7]
    assert every[:7] != sorted(every, reverse=True)[:7]


def test_latest_articles_are_found_without_reading_those_before(archive):
    """The index of their numbers is read from its end, and has their places, too."""
    with closing(connect(archive / "morgue.db")) as db:
        seen: list[str] = []
        db.set_trace_callback(seen.append)
        found = list(hits.latest(db, "markets", EVERYTHING, 3))
        assert [hit["id"] for hit in found] == [39, 38, 37]
        (sql,) = (one for one in seen if "ORDER BY a.id DESC" in one)
        plan = " ".join(row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}"))
        assert "SCAN a USING COVERING INDEX" in plan
        assert "B-TREE FOR ORDER BY" not in plan


FEEDS = ("/search.atom?q=climate", "/edits.atom", "/health.atom")


@pytest.mark.parametrize("path", FEEDS)
def test_ids_do_not_depend_on_how_a_reader_reaches_the_archive(view, archive, path):
    """RFC 4287, 4.2.6. Another name or port of the same archive is the same feed; another archive is another one."""
    edited(archive)
    here, there = feed(view, path), feed(view, path, host="localhost:9000")
    assert here.entries
    assert [entry.id for entry in here.entries] == [entry.id for entry in there.entries]
    assert here.feed.id == there.feed.id
    assert there.entries[0].link.startswith("http://localhost:9000/")
    assert len({here.feed.id, *(entry.id for entry in here.entries)}) == len(here.entries) + 1
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE journal SET archive = 'another'")
    other = feed(view, path)
    assert {other.feed.id, *(entry.id for entry in other.entries)}.isdisjoint(
        {here.feed.id, *(entry.id for entry in here.entries)}
    )


def test_id_of_a_feed_is_that_of_what_it_asks(view):
    """In whatever order the address says it, and with what it need not say."""
    one = feed(view, "/search.atom?q=climate&source=courier").feed
    for same in ("source=courier&q=climate", "q=climate&source=courier&page=2&sort=newest"):
        assert feed(view, f"/search.atom?{same}").feed.id == one.id
    assert feed(view, "/search.atom?q=climate").feed.id != one.id
    assert feed(view, "/edits.atom?silent=1").feed.id != feed(view, "/edits.atom").feed.id


def edited(archive):
    """Edit articles 1 and 2, the second silently, and have the page of another vanish."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute(EDITED.format(id=1, n=1, changes='["title"]', silent=0))
        db.execute(EDITED.format(id=2, n=1, changes='["text"]', silent=1))
        db.execute(EDITED.format(id=2, n=2, changes='["text"]', silent=1))
        db.execute(GONE)


def test_feed_of_edits_has_what_the_page_has(view, archive):
    """Edits and vanished pages, the newest first; the page leads to the feed of the same edits, and the feed back."""
    edited(archive)
    found = feed(view, "/edits.atom")
    assert found.entries[0].title.startswith("Vanished: ")
    assert len(found.entries) == 5
    for flag in ("silent", "titles"):
        page = view.get(f"/edits?{flag}=1").text
        assert page.count(f'href="/edits.atom?{flag}=1"') == 2
        narrowed = feed(view, f"/edits.atom?{flag}=1")
        assert len(narrowed.entries) < len(found.entries)
        assert {one.href for one in narrowed.feed.links} == {
            f"http://127.0.0.1:8001/edits?{flag}=1", f"http://127.0.0.1:8001/edits.atom?{flag}=1"
        }  # fmt: skip
