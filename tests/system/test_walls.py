"""Test that what is not the article never takes its place, from the server's answers to what `morgue` shows."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from pipelines.database.columns import insert_article
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.small_paper import TEXT, SmallPaper, serving

pytestmark = pytest.mark.slow

CONSENT = """<!DOCTYPE html><html><head><title>We value your privacy</title></head><body><div id="didomi-host">
<h1>We value your privacy</h1><p>We and our 824 partners use cookies to show personalised advertising. Do you accept
that we store cookies for our partners and their advertising?</p><p>You can accept all cookies or manage your consent
with each of our partners, who use cookies for advertising. I accept all cookies.</p></div></body></html>"""
LOST = """<!DOCTYPE html><html><head><title>Page not found</title></head><body><h1>Page not found</h1><p>The page you
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


SHOWN_INSTEAD = {
    # kind -> status, page, headers
    "404": (404, LOST, {}),
    "410": (410, "", {}),
    "consent wall": (200, CONSENT, {}),
    "front page": (302, "", {"Location": "/"}),
    "login page": (200, LOST.replace("Page not found", "Please log in"), {}),
    "no text": (200, "<html><body><p>Hello</p></body></html>", {}),
    "soft 404": (200, LOST, {}),
}


def test_article_keeps_its_text_whatever_its_address_shows(archive):
    """The time is noted, the page is asked again, and when the article is back, all is as before."""
    kinds = list(SHOWN_INSTEAD)
    with serving(stories=len(kinds)) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        crawl(archive, "paper")
        before = texts(archive)
        assert len(before) == len(kinds)
        for number, kind in enumerate(kinds):
            status, page, headers = SHOWN_INSTEAD[kind]
            show_instead(paper, number, status, page, **headers)
        counts = crawl_again(archive)
        assert (counts["instead"], counts["failed"]) == (5, 2), counts
        assert texts(archive) == before
        assert periods(archive) == [(kind, 1, 1, 1) for kind in kinds]
        waiting = "SELECT count(*) FROM frontier WHERE kind = 'article' AND visits > 0 AND state = 'waiting'"
        assert rows(archive, waiting) == [(len(kinds),)]
        shown = morgue("-C", archive, "show", paper.stories[0]).stdout
        assert "(404), last seen alive " in shown
        assert "harbour wall" in shown
        for number in range(len(kinds)):
            paper.write_story(number)
        assert crawl_again(archive)["unchanged"] == len(kinds)
        assert texts(archive) == before
        assert periods(archive) == [(kind, 1, 1, 0) for kind in kinds]


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
        done = morgue("-C", archive, "export", "jsonl", out)
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
        for _ in range(2):
            show_instead(paper, 0, 200, CONSENT)
            crawl_again(archive)
            paper.write_story(0)
            crawl_again(archive)
        assert {revision for _, revision, _ in texts(archive)} == {1}
        assert periods(archive) == [("consent wall", 1, 1, 0)] * 2


def copy_row(db: sqlite3.Connection, table: str, row_id: int, **values: object) -> int:
    """Insert a copy of a row with other values. Return its id."""
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] not in ("id", "place")]
    row = dict(
        zip(
            names, db.execute(f"SELECT {', '.join(names)} FROM {table} WHERE id = ?", (row_id,)).fetchone(), strict=True
        )
    )
    row |= values
    if table == "articles":
        return insert_article(db, row)
    marks = ", ".join(f":{name}" for name in row)
    return db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row).lastrowid or 0


def file_as_older_versions_did(archive: Path, urls: list[str]) -> None:
    """Make a second revision of the wall over the first article, and an article of the wall at the second address."""
    wall = {"title": "We value your privacy", "text": "We and our partners use cookies.", "text_digest": "0" * 64}
    wall |= {"extractor": "ancient 0.1"}
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        captures = dict(db.execute("SELECT url, capture_id FROM page_states").fetchall())
        db.execute("DELETE FROM page_states")
        ((article, revision),) = db.execute("SELECT article_id, id FROM revisions").fetchall()
        own = copy_row(db, "revisions", revision, number=2, capture_id=captures[urls[0]], **wall)
        db.execute("INSERT INTO sightings (capture_id, revision_id) VALUES (?, ?)", (captures[urls[0]], own))
        newest = wall | {"revision": 2, "access": "consent wall", "capture_id": captures[urls[0]]}
        sets = ", ".join(f"{name} = :{name}" for name in newest)
        db.execute(f"UPDATE articles SET {sets} WHERE id = :id", newest | {"id": article})
        new = newest | {"revision": 1, "url": urls[1], "url_key": urls[1].partition(":")[2]}
        new["capture_id"] = captures[urls[1]]
        other = copy_row(db, "articles", article, **new)
        first = copy_row(db, "revisions", revision, article_id=other, capture_id=captures[urls[1]], **wall)
        db.execute("INSERT INTO sightings (capture_id, revision_id) VALUES (?, ?)", (captures[urls[1]], first))
    db.close()


def test_reextract_takes_back_walls_that_older_versions_filed(archive):
    """The article has its text again; what never was an article waits for it."""
    with serving(stories=2) as paper:
        paper.front("/private/a-story-of-the-archive-2024.html")
        paper.watch(archive)
        show_instead(paper, 1, 200, CONSENT)
        crawl(archive, "paper")
        before = texts(archive)
        assert len(before) == 1
        show_instead(paper, 0, 200, CONSENT)
        crawl_again(archive)
        noted = periods(archive)
        file_as_older_versions_did(archive, paper.stories)
        assert len(texts(archive)) == 2
        shown = morgue("-C", archive, "reextract", "--diff").stdout
        assert "2 revisions would be taken back, in the place of an article: consent wall" in shown
        done = morgue("-C", archive, "reextract")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 revisions taken back, in the place of an article: consent wall" in done.stdout
        assert texts(archive) == before
        assert [row[:2] for row in periods(archive)] == [row[:2] for row in noted]
        assert rows(archive, "PRAGMA foreign_key_check") == []
        for number in range(2):
            paper.write_story(number)
        counts = crawl_again(archive)
        assert (counts["unchanged"], counts["new"]) == (1, 1)
