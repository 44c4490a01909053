"""Test which visits are planned, when and why: what `morgue due` shows."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier.health import health
from pipelines.database.frontier.listing_states import listing_states
from pipelines.database.frontier.planned import held_up, planned_by_source, planned_visits, sources_with_addresses
from pipelines.database.frontier.rows import FrontierRow
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PROBE = NOW + timedelta(hours=3)


@pytest.fixture
def db(tmp_path):
    """Hold visits of two papers, one that is paused with the most urgent ones, one in trouble, and of no source."""
    db = open_database(tmp_path / "morgue.db")
    db.row_factory = sqlite3.Row
    names = ("a", "b", "ill", "paused")
    for number, name in enumerate(names, 1):
        db.execute("INSERT INTO sources (id, name, url, added) VALUES (?, ?, '', '')", (number, name))
    table = FrontierTable(db)

    def plan(host: str, source: int | None, minutes: float, priority: int, kind: str = "article") -> None:
        key = f"//{host}/{source}/{minutes:g}/{priority}"
        at = NOW + timedelta(minutes=minutes)
        table.insert(FrontierRow(key, f"https:{key}", host, source, kind, priority, 1, found=NOW, next_visit=at))

    plan("a.example", 1, -5, 200)
    plan("a.example", 1, -1, 100)
    plan("a.example", 1, 2000, 100)
    plan("b.example", 2, 30, 0, "feed")
    plan("c.example", None, 40, 100)
    plan("ill.example", 3, -60, 0, "feed")
    for number in range(30):
        plan("paused.example", 4, -10, number)
    db.execute("INSERT INTO hosts (host, trouble, retry_at, failures) VALUES ('ill.example', 'timed out', ?, 3)",
               (stamp(PROBE),))  # fmt: skip
    yield db
    db.close()


def test_next_visits_are_the_due_ones_by_urgency_then_the_others_by_time(db):
    """A source that is left out does not hide those after it, however many visits it has."""
    visits = list(planned_visits(db, None, NOW, 5, without=["paused"]))
    assert [visit["url"].removeprefix("https://") for visit in visits] == [
        "a.example/1/-1/100", "a.example/1/-5/200", "b.example/2/30/0", "c.example/None/40/100", "ill.example/3/-60/0"
    ]  # fmt: skip
    assert [visit["due"] for visit in visits] == [True, True, False, False, False]
    assert (visits[-1]["at"], visits[-1]["why"]) == (stamp(PROBE), "its host is in trouble: timed out")


def test_source_whose_host_is_in_trouble_is_named_while_something_of_it_is_due(db):
    """Until the host is asked again."""
    (row,) = held_up(db, NOW)
    assert tuple(row) == (3, "ill", "ill.example", "timed out", stamp(PROBE))
    assert held_up(db, PROBE) == []


def test_time_that_is_a_number_hides_no_other_source(db):
    """A row may have been edited by hand."""
    db.execute("UPDATE frontier SET next_visit = 7 WHERE source_id = 2")
    assert len(list(planned_by_source(db, None, NOW))) == 5


def test_next_visits_of_a_source_are_its_own(db):
    """As many as are asked for."""
    assert [visit["source"] for visit in planned_visits(db, ["a"], NOW, 2)] == ["a", "a"]
    assert list(planned_visits(db, ["a"], NOW, 0)) == []


def test_visits_are_counted_by_source_and_time(db):
    """Those of a host in trouble by its next probe; those without a source, too."""
    counts = {row["source"]: (row["due"], row["in_a_day"], row["later"]) for row in planned_by_source(db, None, NOW)}
    assert counts == {"a": (2, 0, 1), "b": (0, 1, 0), None: (0, 1, 0), "ill": (0, 1, 0), "paused": (30, 0, 0)}
    assert [row["source"] for row in planned_by_source(db, ["b", "a"], NOW)] == ["a", "b"]


@pytest.mark.parametrize(
    ("pages_only", "at", "why"),
    [(0, PROBE, "its host is in trouble: timed out"), (1, NOW - timedelta(hours=1), "first visit")],
)
def test_listing_waits_for_the_probe_of_its_host_unless_only_pages_are_refused(db, pages_only, at, why):
    """`morgue due`, `sources` and `sources show` say the same."""
    db.execute("UPDATE hosts SET pages_only = ?", (pages_only,))
    db.execute("UPDATE frontier SET depth = 0 WHERE source_id = 3")
    (visit,) = planned_visits(db, ["ill"], NOW, 9)
    (listing,) = listing_states(db)[3]
    waiting = health(db, NOW)[3].waiting
    assert (visit["at"], listing.next_visit, waiting) == (stamp(at), at, pages_only)
    assert visit["why"] == why


@pytest.mark.parametrize(
    ("values", "shown", "why"),
    [
        ({}, None, "first visit"),
        ({"visits": 2}, None, "looked at again for edits"),
        ({"visits": 2}, "consent wall", "asked again for its article: consent wall"),
        ({"failures": 1, "last_error": "HTTP 404"}, None, "tried again after a failure: HTTP 404"),
        ({"failures": 3, "last_error": "HTTP 503"}, None, "tried again after 3 failures in a row: HTTP 503"),
        ({"failures": 1, "last_error": "HTTP 404", "kind": "tdmrep"}, None, "asked whether there is one now"),
        ({"visits": 2, "kind": "feed"}, None, "read again for new articles"),
    ],
)
def test_visit_has_a_reason(db, values, shown, why):
    """A page that shows something in the place of its article is not looked at for edits."""
    (row_id, key) = db.execute("SELECT id, url_key FROM frontier WHERE source_id = 2").fetchone()
    for name, value in ({"kind": "article"} | values).items():
        db.execute(f"UPDATE frontier SET {name} = ? WHERE id = ?", (value, row_id))
    db.execute("PRAGMA foreign_keys = OFF")  # there is no capture
    db.execute("""INSERT INTO page_states (url_key, url, kind, since, capture_id, last_seen, last_capture_id, visits)
                  SELECT ?1, '', ?2, '', 1, '', 1, 1 WHERE ?2 IS NOT NULL""", (key, shown))  # fmt: skip
    assert [visit["why"] for visit in planned_visits(db, ["b"], NOW, 9)] == [why]


def test_sources_of_which_no_address_is_known_are_told_from_others(db):
    """Their listings are due: a crawl has not queued them yet."""
    db.execute("INSERT INTO sources (id, name, url, added) VALUES (9, 'new', '', '')")
    assert sources_with_addresses(db) == {"a", "b", "ill", "paused"}
