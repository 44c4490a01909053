"""Test how a source is doing, by the rows of the frontier and the captures of a real database."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier.forgetting import forget_host, forget_source
from pipelines.database.frontier.health import health, sites_of_lists, sources_of_lists
from pipelines.database.frontier.rows import BY_ROBOTS, FrontierRow, SourceHealth, error_text
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.row_factory = sqlite3.Row  # as connections that read have it
    db.execute("INSERT INTO sources (id, name, url, watched, added) VALUES (1, 'a', '', 1, 'x'), (2, 'b', '', 0, 'x')")
    yield db
    db.close()


def visited(db, name, kind="article", depth=1, source_id=1, at=NOW, error=None, status=None, hint=None, **changes):
    """Add a row that was visited once: answered, or not answered because of `error`."""
    table = FrontierTable(db)
    key = f"//a.example/{name}"
    table.insert(FrontierRow(key, f"https:{key}", "a.example", source_id, kind, 0, depth, NOW, NOW, hint=hint or {}))
    (row_id,) = db.execute("SELECT id FROM frontier WHERE url_key = ?", (key,)).fetchone()
    values = {"state": "waiting", "next_visit": NOW + MINUTE, "etag": None, "last_modified": None}
    table.record_visit(row_id, at, answered=error is None, status=status, error=error, **values | changes)


def captured(db, kind="article", status=200, at=NOW, source_id=1):
    db.execute(
        """INSERT INTO captures (source_id, url, time, kind, status, file, offset, length, record_id, record_type)
           VALUES (?, '', ?, ?, ?, '', 0, 0, ?, 'response')""",
        (source_id, stamp(at), kind, status, f"{kind} {status} {at}"),
    )


@pytest.mark.parametrize(
    "row",
    [
        {"name": ".well-known/tdmrep.json", "kind": "tdmrep", "error": "HTTP 404", "status": 404},
        {"name": "rss", "kind": "feed", "error": "HTTP 500", "status": 500, "hint": {"guess": "1"}},
        {"name": "dead", "error": "HTTP 404", "status": 404, "state": "failed", "next_visit": None},
        {"name": "dead/", "kind": "section", "error": "HTTP 410", "status": 410, "state": "failed"},
        {"name": "private", "error": BY_ROBOTS, "state": "disallowed", "next_visit": None},
        {"name": "search/", "kind": "section", "error": BY_ROBOTS},
        {"name": "", "kind": "front", "depth": 0, "error": BY_ROBOTS},
        {"name": "empty", "error": None, "status": 200, "state": "done"},
    ],
)
def test_healthy_source_has_no_error(db, row):
    """Paths that we guess, dead links and links that robots.txt disallows are no errors of a paper."""
    visited(db, "feed.xml", "feed", depth=0, status=200)
    visited(db, **row)
    assert health(db, NOW)[1].last_error is None
    assert health(db, NOW)[1].failed == 0


@pytest.mark.parametrize(
    "row",
    [
        {"name": "feed", "kind": "feed", "depth": 0, "error": "HTTP 404", "status": 404},
        {"name": "feed", "kind": "feed", "depth": 0, "error": BY_ROBOTS},
        {"name": "feed", "kind": "feed", "depth": 0, "error": "an HTML page, not a feed", "status": 200},
        {"name": "", "kind": "front", "depth": 0, "error": BY_ROBOTS},
        {"name": "uk/", "kind": "section", "error": "timed out"},
        {"name": "story", "error": "HTTP 500", "status": 500, "at": NOW + MINUTE},
    ],
)
def test_failing_listing_or_newest_page_is_the_error_of_its_source(db, row):
    """A listing as long as it fails; a page if nothing was answered after it. The next good visit ends both."""
    captured(db, at=NOW)
    visited(db, **row)
    found = health(db, NOW)[1]
    assert (found.failed, found.last_error) == (1, error_text(row["error"]))
    assert found.last_error_time == stamp(row.get("at", NOW))
    FrontierTable(db).record_visit(1, NOW + 2 * MINUTE, state="done", next_visit=None, answered=True, status=200,
                                   error=None, etag=None, last_modified=None)  # fmt: skip
    assert health(db, NOW)[1][-3:] == (0, None, None)


def test_page_that_failed_before_another_was_answered_is_no_error_of_its_source(db):
    """It is counted as failing all the same."""
    visited(db, "story", error="HTTP 500", status=500)
    captured(db, at=NOW + MINUTE)
    assert health(db, NOW)[1] == SourceHealth(stamp(NOW + MINUTE), 0, 1, 1)


def test_last_success_is_the_newest_answer_to_a_listing_or_page(db):
    """It is a fact of a capture: a later failure does not undo it, and robots.txt does not count."""
    captured(db, "feed", 304, NOW)
    captured(db, "article", 404, NOW + MINUTE)
    captured(db, "robots", 200, NOW + MINUTE)
    captured(db, "tdmrep", 200, NOW + MINUTE)
    visited(db, "feed", "feed", 0, error="HTTP 500", status=500, at=NOW + MINUTE)
    assert health(db, NOW)[1].last_success == stamp(NOW)


def test_waiting_is_what_is_due_now(db):
    """What is planned for later is counted apart; the optional tdmrep.json in neither."""
    for number, next_visit in enumerate((NOW - MINUTE, NOW, NOW + MINUTE)):
        visited(db, str(number), status=200, next_visit=next_visit)
    visited(db, "tdmrep", "tdmrep", status=200, next_visit=NOW)
    assert health(db, NOW)[1][1:4] == (2, 1, 0)
    assert health(db, NOW)[7] == SourceHealth()


def test_host_of_a_list_shows_the_newest_error_of_its_failing_pages(db):
    """A page that is gone is no failure, as for sources."""
    visited(db, "1", "page", 0, source_id=None, error="HTTP 500", status=500)
    visited(db, "2", "page", 0, source_id=None, error="timed out", at=NOW + MINUTE)
    visited(db, "3", "page", 0, source_id=None, error="HTTP 404", status=404, at=NOW + 2 * MINUTE, state="failed")
    (row,) = sites_of_lists(db, NOW)
    assert (row["failed"], row["last_error"], row["last_error_time"]) == (2, "timed out", stamp(NOW + MINUTE))


@pytest.mark.parametrize("changes", [{}, {"error": "no text"}, {"error": "HTTP 500", "state": "waiting"}])
def test_forgotten_host_is_listed_no_more(db, changes):
    """Its page stays known, without a plan, until the user lists it again and it is visited."""
    values = {"state": "done", "next_visit": None} | changes
    visited(db, "1", "page", 0, source_id=None, status=200)
    visited(db, "1", "page", 0, source_id=None, **values)
    forget_host(db, "a.example")
    assert list(sites_of_lists(db, NOW)) == []
    assert [tuple(row) for row in db.execute("SELECT visits > 0, state, next_visit FROM frontier")] == [
        (1, "done", None)
    ]
    visited(db, "1", "page", 0, source_id=None, status=200)
    assert [row["name"] for row in sites_of_lists(db, NOW)] == ["a.example"]


def test_forgotten_source_is_no_host_of_a_list(db):
    """Its pages that were answered stay known; one that was taken down stays taken down."""
    visited(db, "1", source_id=2, status=200)
    visited(db, "2", source_id=2, status=200, state="removed", next_visit=None, error="removed")
    forget_source(db, 2)
    assert list(sites_of_lists(db, NOW)) == []
    assert [row["state"] for row in db.execute("SELECT state FROM frontier ORDER BY url_key")] == ["done", "removed"]


def test_hosts_of_lists_are_told_from_sources(db):
    """Pages without a source are counted by host; a source that has only listed pages is one of an earlier version."""
    visited(db, "1", "page", 0, source_id=None, status=200, state="done", next_visit=None)
    visited(db, "2", "page", 0, source_id=2, status=200, state="done", next_visit=None)
    assert [(row["name"], row["articles"]) for row in sites_of_lists(db, NOW)] == [("a.example", 0)]
    assert sources_of_lists(db) == {2}
    visited(db, "", "front", 0, source_id=2, status=200)
    assert sources_of_lists(db) == set()
