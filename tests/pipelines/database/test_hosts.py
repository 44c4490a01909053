"""Test what is kept of hosts and sites from one crawl to the next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database import hosts
from pipelines.database.connection import open_database

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
