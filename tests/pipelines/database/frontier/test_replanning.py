"""Visits planned anew after settings have changed, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier.replanning import make_failures_due, replan_articles, replan_listings
from pipelines.database.frontier.rows import FrontierRow
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
AN_HOUR_AGO = NOW - HOUR


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.execute("INSERT INTO sources (id, name, url, added) VALUES (1, 'a', '', '')")
    yield db
    db.close()


def visited(db, kind, *, at=AN_HOUR_AGO, state="waiting", next_visit=NOW + 100 * HOUR, answered=True, status=200):
    """Make the one row, which was visited once."""
    table = FrontierTable(db)
    table.insert(FrontierRow("//a.example/", "https://a.example/", "a.example", 1, kind, 0, 0, at, at))
    error = None if answered else "HTTP 500"
    table.record_visit(1, at, state=state, next_visit=next_visit, answered=answered, status=status, error=error,
                       etag=None, last_modified=None)  # fmt: skip


def plan(db):
    return db.execute("SELECT state, next_visit FROM frontier").fetchone()


def test_listing_is_planned_from_its_last_visit(db):
    """A longer or a shorter interval: also one that is over already."""
    visited(db, "feed")
    replan_listings(db, 1, "feed", 7200, NOW)
    assert plan(db) == ("waiting", stamp(NOW + HOUR))
    replan_listings(db, 1, "feed", 60, NOW)
    assert plan(db) == ("waiting", stamp(AN_HOUR_AGO + HOUR / 60))


@pytest.mark.parametrize(
    "changes",
    [{"next_visit": NOW}, {"answered": False, "status": 500}, {"answered": False, "status": 429}],
)
def test_listing_that_is_due_or_failing_keeps_its_plan(db, changes):
    """What is due stays due; pauses after failures are no interval of a listing."""
    visited(db, "feed", **changes)
    before = plan(db)
    replan_listings(db, 1, "feed", 7200, NOW)
    assert plan(db) == before


@pytest.mark.parametrize(
    ("row", "ages", "planned"),
    [
        ({}, [7200], ("waiting", stamp(NOW + HOUR))),
        ({}, [1800], ("waiting", stamp(NOW - HOUR / 2))),
        ({}, [], ("done", None)),
        ({"state": "done", "next_visit": None}, [7200, 9000], ("waiting", stamp(NOW + HOUR))),
        ({"state": "done", "next_visit": None}, [1800], ("done", None)),
        ({"next_visit": NOW}, [7200], ("waiting", stamp(NOW))),
        ({"state": "failed", "next_visit": None, "answered": False}, [7200], ("failed", None)),
    ],
)
def test_article_is_planned_at_the_first_age_it_was_not_visited_at(db, row, ages, planned):
    """One that was done comes back only for an age that is still to come."""
    visited(db, "article", **row)
    replan_articles(db, 1, ages, NOW)
    assert plan(db) == planned


@pytest.mark.parametrize(
    ("state", "error", "status", "answered", "is_due"),
    [
        ("failed", "consent wall", 200, True, True),  # for 30 days; no article was ever seen
        ("failed", "paywall", 200, True, True),
        ("done", "login page", 200, True, True),  # of a known article: its last planned visit is over
        ("done", "paywall", 200, True, False),
        ("failed", "soft 404", 200, True, False),
        ("failed", "404", 404, False, False),
        ("failed", "HTTP 500", 500, False, True),
        ("failed", "damaged row", None, True, False),
        ("done", None, 200, True, False),
    ],
)
def test_user_who_asks_for_a_source_has_its_walls_asked_again(db, state, error, status, answered, is_due):
    """Not what is gone, and not a known article that went behind a paywall."""
    visited(db, "article", state=state, next_visit=None, answered=answered, status=status)
    db.execute("UPDATE frontier SET last_error = ?", (error,))
    make_failures_due(db, 1, NOW, but=(404, 410))
    assert (plan(db) == ("waiting", stamp(NOW))) is is_due
