"""Test what the database says of listings."""

from datetime import UTC, datetime, timedelta

from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.listings import ListingState, add_gap, gaps

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_crawl_reads_the_gaps_of_a_source_that_ended_lately(tmp_path):
    """Two listings of a source may be outrun in one hour. The connection of a crawl gives plain tuples."""
    db = open_database(tmp_path / "morgue.db")
    db.execute(
        "INSERT INTO sources (id, name, url, added) VALUES (1, 'paper', 'https://paper.example/', ?)", (stamp(NOW),)
    )
    began, ended = (stamp(NOW - timedelta(minutes=minutes)) for minutes in (40, 10))
    add_gap(db, ListingState("key", "https://paper.example/feed", "feed", 1), began, ended, None)
    found = {"url": "https://paper.example/feed", "began": began, "ended": ended, "found": 0}
    assert gaps(db, 1, NOW - timedelta(hours=1)) == gaps(db, 1) == [found]
    assert gaps(db, 1, NOW) == gaps(db, 2) == []
    db.close()
