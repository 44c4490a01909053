"""Test that a trouble stops its host and none of its pages, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.database.connection import open_database
from pipelines.database.frontier.host_troubles import HostTroubles
from pipelines.database.frontier.replanning import mend_times
from pipelines.database.frontier.rows import ClaimScope, FrontierRow
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOST = "a.example"


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    for kind, name in (("feed", "feed"), ("article", "x"), ("article", "y")):
        key = f"//{HOST}/{name}"
        FrontierTable(db).insert(FrontierRow(key, f"https:{key}", HOST, None, kind, 100, 1, NOW, NOW))
    yield db
    db.close()


def troubles(db):
    return HostTroubles(db, lambda now, failures, wait: now + (timedelta(seconds=wait) if wait else failures * HOUR))


def due(db, now=NOW):
    return FrontierTable(db).count_due(ClaimScope(), now)


def test_three_refusals_in_a_row_stop_the_host_also_over_several_crawls(db):
    """And a good answer between starts the count again."""
    for number in range(2):
        assert not troubles(db).refused(HOST, "HTTP 403", NOW, is_page=False), number
    troubles(db).answered(HOST, NOW, is_page=True)
    assert [troubles(db).refused(HOST, "HTTP 403", NOW, is_page=False) for _ in range(3)] == [False, False, True]
    assert (due(db), due(db, NOW + HOUR)) == (0, 3)
    assert FrontierTable(db).next_due(ClaimScope(), NOW) == "2026-11-23T09:00:00Z"


def test_refused_pages_do_not_stop_the_listings_of_their_host(db):
    """Only the answer of a page ends that."""
    hosts = troubles(db)
    for _ in range(3):
        hosts.refused(HOST, "HTTP 403", NOW, is_page=True)
    assert due(db) == 1
    assert not hosts.answered(HOST, NOW, is_page=False)
    assert hosts.answered(HOST, NOW, is_page=True)
    assert due(db) == 3


def test_only_a_failed_probe_makes_the_pause_longer(db):
    """Not the requests that were under way when the trouble was noted."""
    hosts = troubles(db)
    assert hosts.begin(HOST, "timed out", NOW) == NOW + HOUR
    assert hosts.begin(HOST, "timed out", NOW) == NOW + HOUR
    hosts.probe(HOST, NOW + HOUR)
    assert due(db, NOW + HOUR) == 0
    assert hosts.begin(HOST, "timed out", NOW + HOUR) == NOW + 3 * HOUR


def test_user_who_asks_for_a_source_has_its_host_asked_now(db):
    """By a probe."""
    troubles(db).begin(HOST, "HTTP 503", NOW, wait=86_400)
    assert due(db) == 0
    troubles(db).ask_again((), [1], NOW)
    assert due(db) == 3


def test_probe_that_the_user_sends_early_does_not_make_the_pause_longer(db):
    """However often; the probe that was planned does, if it fails."""
    troubles(db).begin(HOST, "timed out", NOW)
    for minute in range(1, 6):
        time, hosts = NOW + timedelta(minutes=minute), troubles(db)
        hosts.ask_again((), [1], time)
        hosts.probe(HOST, time)
        hosts.begin(HOST, "timed out", time)
        assert (hosts.of(HOST).failures, hosts.of(HOST).retry_at) == (1, "2026-11-23T09:00:00Z")
    hosts.ask_again((), [1], NOW + HOUR)
    hosts.probe(HOST, NOW + HOUR)
    assert hosts.begin(HOST, "timed out", NOW + HOUR) == NOW + 3 * HOUR


@pytest.mark.parametrize("days", [20, 400])
def test_visits_planned_by_a_clock_that_was_ahead_are_planned_again(db, days):
    """Listings are due now, and an article as far ahead as it was; what is right stays."""
    ahead = NOW + timedelta(days=days)
    for row, planned in ((1, ahead + HOUR), (2, ahead + 24 * HOUR)):
        FrontierTable(db).record_visit(row, ahead, state="waiting", next_visit=planned, answered=True, status=200,
                                       error=None, etag=None, last_modified=None)  # fmt: skip
    assert mend_times(db, NOW, timedelta(days=31)) == 2
    planned = [row[0] for row in db.execute("SELECT next_visit FROM frontier ORDER BY id")]
    assert planned == ["2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z", "2026-11-23T08:00:00Z"]
    assert mend_times(db, NOW, timedelta(days=31)) == 0


def test_article_that_a_clock_ahead_took_for_older_is_looked_at_by_its_true_age(db):
    """It is due now. That it was two days old by the wrong clock must not cost the looks of these days."""
    for time, pause in ((NOW, HOUR), (NOW + timedelta(days=2), timedelta(days=2))):
        FrontierTable(db).record_visit(2, time, state="waiting", next_visit=time + pause, answered=True, status=200,
                                       error=None, etag=None, last_modified=None)  # fmt: skip
    mend_times(db, NOW + 2 * HOUR, timedelta(days=31))
    assert db.execute("SELECT next_visit FROM frontier WHERE id = 2").fetchone() == ("2026-11-23T10:00:00Z",)


@pytest.mark.parametrize(("day", "state"), [("2026-11-20", "waiting"), ("2026-11-01", "past"), (None, "past")])
def test_article_that_was_old_by_a_clock_ahead_only_is_due(db, day, state):
    """It is a few days old by the clock as it is now."""
    ahead = (NOW + timedelta(days=400)).isoformat()
    db.execute("UPDATE frontier SET state = 'past', next_visit = NULL, found = ?, day = ? WHERE id = 2", (ahead, day))
    mend_times(db, NOW, timedelta(days=31))
    assert db.execute("SELECT state FROM frontier WHERE id = 2").fetchone() == (state,)


def test_refusal_of_our_own_ends_with_the_setting(db):
    """What it held up is due, also a page that was given up for it. Other hosts stay in trouble."""
    hosts = troubles(db)
    hosts.begin(HOST, "address is not public", NOW)
    hosts.begin("down.example", "timed out", NOW)
    with db:
        db.execute(
            """UPDATE frontier SET state = 'failed', next_visit = NULL, failures = 9,
                                   last_error = 'address is not public' WHERE url LIKE '%/x'"""
        )
    assert due(db) == 0
    hosts.allow("address is not public", NOW)
    assert (due(db), hosts.of(HOST)) == (3, None)
    assert hosts.of("down.example") is not None
    assert troubles(db).of(HOST) is None
