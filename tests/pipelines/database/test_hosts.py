"""Test what is kept of hosts and sites from one crawl to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier import hosts

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    for number in (1, 2):
        db.execute(
            """INSERT INTO captures (id, url, time, kind, file, offset, length, record_id, record_type)
                    VALUES (?, 'http://paper.example/robots.txt', ?, 'robots', 'f', 0, 1, ?, 'response')""",
            (number, stamp(NOW), f"urn:{number}"),
        )
    yield db
    db.close()


def test_robots_txt_of_http_and_https_are_kept_apart(db):
    """RFC 9309, 2.3: one holds for its scheme, host and port."""
    hosts.keep_robots(db, "http://paper.example", 1, NOW)
    hosts.keep_robots(db, "https://paper.example", 2, NOW)
    sites = ("http://paper.example", "https://paper.example", "https://paper.example:8443")
    kept = [hosts.stored_robots(db, site) for site in sites]
    assert [row and row["id"] for row in kept] == [1, 2, None]


def test_robots_txt_that_is_deleted_is_kept_no_longer(db):
    """The other stays."""
    hosts.keep_robots(db, "http://paper.example", 1, NOW)
    hosts.keep_robots(db, "https://paper.example", 2, NOW)
    hosts.forget_robots(db, [1])
    assert hosts.stored_robots(db, "http://paper.example") is None
    assert hosts.stored_robots(db, "https://paper.example") is not None


@pytest.mark.parametrize(
    ("finished", "paces", "left"),
    [
        (stamp(NOW), [], 0.0),
        (stamp(NOW), [(3.0, 5.0)], 2.0),
        (stamp(NOW), [(3.0, 500.0)], 57.0),  # up to max_delay
        (stamp(NOW), [(-99.0, 5.0)], 5.0),  # by a clock that was ahead
        (None, [], 4.0),
        (None, [(3.0, 5.0)], 5.0),
        (None, [(3.0, 1.0)], 4.0),
    ],
)
def test_host_is_left_alone_for_the_rest_of_its_delay_and_after_a_killed_run_for_all_of_it(db, finished, paces, left):
    """The last requests of a run that was killed were not written; `paces`: seconds since the last request, delay."""
    db.execute("INSERT INTO crawls (id, started, finished, command, software) VALUES (1, ?, ?, '', '')",
               (stamp(NOW), finished))  # fmt: skip
    for ago, delay in paces:
        hosts.keep_paces(db, {"paper.example:8080": hosts.HostPace(NOW - timedelta(seconds=ago), delay)})
    assert hosts.seconds_to_wait(db, "paper.example", NOW, 2, 4.0, 60.0) == left
