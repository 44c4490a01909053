"""Test the runs of an archive as rows: how each ended, and its counts over all sources."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.database.connection import open_database
from pipelines.database.runs import NEVER_ENDED, PAGE_COUNTS, RUN_KEYS, RUNNING, beginnings, runs
from pipelines.database.store import ArticleStore
from pipelines.session.crawl_stats import OUTCOMES, CrawlStats

BEGUN = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
COUNTS = '{"a": {"fetched": 3, "listings": 2, "new": 2, "failed": 1, "why": {"failed: HTTP 500": 1}}, "b": {"new": 4}}'


@pytest.fixture
def db(tmp_path):
    """Yield an archive with a run that ended, one that did not, and one that may be running."""
    db = open_database(tmp_path / "morgue.db")
    db.row_factory = sqlite3.Row
    values = [
        (
            "2026-11-23T06:00:00Z",
            "2026-11-23T06:03:12Z",
            "done",
            "crawl -s crawl.proxy=http://me:pw@proxy/",
            COUNTS,
        ),
        ("2026-11-23T07:00:00Z", None, None, "crawl", None),
        ("2026-11-23T08:00:00Z", None, None, "import theirs.warc.gz", None),
    ]
    sql = "INSERT INTO crawls (started, finished, outcome, command, software, counts) VALUES (?, ?, ?, ?, 'x', ?)"
    db.executemany(sql, values)
    yield db
    db.close()


def test_run_has_its_length_and_its_counts_over_all_sources(db):
    """The newest is first; a count that a source does not have is 0; a proxy's password is not shown."""
    *_, first = runs(db, None, None)
    assert tuple(first) == (*RUN_KEYS, "by_source")
    assert (first["run"], first["outcome"], first["seconds"]) == (1, "done", 192)
    assert (first["pages"], first["new"], first["edited"], first["failed"]) == (5, 6, 0, 1)
    assert first["command"] == "crawl -s crawl.proxy=http://proxy/"
    assert first["by_source"]["b"] == {"new": 4}


@pytest.mark.parametrize(
    ("locked_since", "newest"),
    [(None, NEVER_ENDED), (BEGUN - timedelta(minutes=2), RUNNING), (BEGUN + timedelta(seconds=1), RUNNING),
     (BEGUN + timedelta(hours=1), NEVER_ENDED)],
    ids=["no lock", "a lock from before it", "the lock of its second", "a lock of a later command"],
)  # fmt: skip
def test_run_without_an_end_is_running_only_under_its_own_lock(db, locked_since, newest):
    """A lock may be that of a `morgue remove` after a crash; an older run never ended, whatever is locked."""
    newest_run, second, _ = runs(db, None, locked_since)
    assert (newest_run["outcome"], newest_run["seconds"] is None) == (newest, newest == NEVER_ENDED)
    assert (second["outcome"], second["seconds"]) == (NEVER_ENDED, None)


def test_limit_takes_the_newest(db):
    """What a user asks for is the last runs."""
    assert [run["run"] for run in runs(db, 2, None)] == [3, 2]


def test_every_outcome_of_a_page_is_a_key():
    """A new outcome in the counts of a crawl is not forgotten here."""
    stats = CrawlStats()
    stats.outcome("a", "new")
    assert PAGE_COUNTS == OUTCOMES
    assert {*PAGE_COUNTS, "fetched", "listings"} <= stats.as_dict()["a"].keys()


@pytest.mark.parametrize(
    ("command", "is_crawl"),
    [("crawl", True), ("crawl --quiet", True), ("-C /archive crawl --due paper", True), ("add crawl.example", False),
     ("morgue crawl (by morgue watch)", True), ("import crawls.warc.gz", False), ("import my crawl of 2019", False),
     ("sources check crawl", False), ("scrapy crawl news", True), ("", False)],
)  # fmt: skip
def test_time_between_crawls_is_taken_from_crawls_alone(db, command, is_crawl):
    """Whether or not the command names the archive."""
    db.execute("DELETE FROM crawls")
    db.execute(
        "INSERT INTO crawls (id, started, command, software) VALUES (1, '2026-11-23T06:00:00Z', ?, 'x')", (command,)
    )
    assert bool(beginnings(db, 2, 9)) == is_crawl


def test_crawl_whose_beginning_cannot_be_read_is_left_out(db):
    """One row that was edited must not end every crawl."""
    db.execute("UPDATE crawls SET started = 'yesterday' WHERE id = 2")
    assert beginnings(db, 3, 9) == [datetime(2026, 11, 23, 6, tzinfo=UTC)]


def test_command_of_a_run_is_kept_without_passwords(db):
    """The row goes into the journal, and so into a WARC file and a bucket."""
    run = ArticleStore(db).begin_crawl("crawl -s crawl.proxy=http://me:hunter2@proxy.example:1 paper", "newsmorgue")
    assert db.execute("SELECT command FROM crawls WHERE id = ?", (run,)).fetchone()[0] == (
        "crawl -s crawl.proxy=http://proxy.example:1 paper"
    )
