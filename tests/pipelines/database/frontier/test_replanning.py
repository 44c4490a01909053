"""Visits planned anew after settings have changed, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier.replanning import replan_articles, replan_listings
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
