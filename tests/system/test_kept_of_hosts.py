"""Test what is kept of a host from one crawl to the next: its robots.txt for a day, and its pace."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from tests.support.command import LOOPBACK, ROOT, crawl, morgue, rows, start
from tests.support.newspaper import serve
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow

TURNED_CLOCK = ROOT / "tests" / "support" / "turned_clock.py"
DELAY_SECONDS = 3  # longer than a command takes to start
ETAG = {"Content-Type": "text/plain", "ETag": '"1"'}
OLD = "UPDATE robots_files SET checked = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-2 days')"
LISTINGS_DUE = "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE kind IN ('feed', 'front')"


@pytest.fixture
def paper():
    with serving() as paper:
        paper.front()
        yield paper


def change(archive, *statements):
    with sqlite3.connect(archive / "morgue.db") as db:
        for statement in statements:
            db.execute(statement)


def robots_asked(paper):
    """Return how often robots.txt was requested since the last call."""
    asked = paper.asked.count("/robots.txt")
    paper.asked.clear()
    return asked


def test_robots_txt_is_asked_for_once_a_day_however_many_crawls_there_are(archive, paper):
    """RFC 9309, 2.4. A crawl by hand asks again, and so does one after a day."""
    paper.watch(archive)
    crawl(archive)
    assert robots_asked(paper) == 1
    for _ in range(2):
        change(archive, LISTINGS_DUE)
        crawl(archive)
        assert "/feed" in paper.asked
        assert robots_asked(paper) == 0
    crawl(archive, "paper")
    assert robots_asked(paper) == 1
    change(archive, OLD, LISTINGS_DUE)
    crawl(archive)
    assert robots_asked(paper) == 1


def test_stored_rules_hold_in_the_next_crawl(archive, paper):
    """They are read from the WARC file."""
    paper.robots("/2024/")
    paper.watch(archive)
    crawl(archive)
    change(archive, "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z'")
    crawl(archive)
    assert not [path for path in paper.asked if path.startswith("/2024/01/0")]
    assert robots_asked(paper) == 1


def test_robots_txt_that_answers_304_after_a_day_is_fresh_for_another(archive, paper):
    """Its validators are sent; the capture that has the rules stays the one that is used."""
    asked = []
    paper.answers["/robots.txt"] = (200, b"User-agent: *\nDisallow: /2024/\n", ETAG)
    paper.watch(archive)
    crawl(archive)
    kept = rows(archive, "SELECT capture_id FROM robots_files")
    paper.answers["/robots.txt"] = lambda _cookie: asked.append(1) or (304, b"", {"ETag": '"1"'})
    change(archive, OLD, "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z'")
    crawl(archive)
    assert len(asked) == 1
    assert not [path for path in paper.asked if path.startswith("/2024/01/0")]
    assert rows(archive, "SELECT capture_id FROM robots_files") == kept
    assert rows(archive, "SELECT checked > strftime('%Y-%m-%d', 'now', '-1 day') FROM robots_files") == [(1,)]


def test_robots_txt_that_fails_leaves_the_stored_rules_for_thirty_days(archive, paper):
    """RFC 9309, 2.4: a cached copy may be older than a day while the file is unreachable."""
    paper.watch(archive)
    crawl(archive)
    paper.answers["/robots.txt"] = (503, b"", {})
    change(archive, OLD, LISTINGS_DUE)
    paper.asked.clear()
    crawl(archive, "-s", "crawl.retries=0")
    assert "/feed" in paper.asked
    change(archive, "UPDATE robots_files SET checked = '2024-01-01T00:00:00Z'", LISTINGS_DUE)
    paper.asked.clear()
    crawl(archive, "-s", "crawl.retries=0")
    assert paper.asked == ["/robots.txt"]


@pytest.mark.exhaustive
def test_robots_txt_that_fails_for_a_week_stops_nothing(archive, paper):
    """The rules of the day before it are the newest that there are."""
    paper.robots("/2024/")
    paper.watch(archive)
    crawl(archive)
    paper.answers["/robots.txt"] = (500, b"", {})
    for days in (2, 5, 8):
        paper.asked.clear()
        words = (days * 86_400, "-C", archive, "crawl", "--quiet", *LOOPBACK, "-s", "crawl.retries=0")
        start(*words, program=(str(TURNED_CLOCK),)).communicate(timeout=60)
        assert "/feed" in paper.asked
        assert not [path for path in paper.asked if path.startswith("/2024/01/0")]


def test_robots_txt_that_was_shut_for_an_hour_costs_an_hour(archive, paper):
    """It is asked again after an hour, and then all is due that it disallowed, whenever that was planned."""
    paper.watch(archive)
    crawl(archive)
    paper.robots("/")
    change(archive, OLD, "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z'")
    paper.asked.clear()
    crawl(archive)
    assert paper.asked == ["/robots.txt"]
    paper.robots()
    change(archive, "UPDATE robots_files SET checked = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-61 minutes')")
    change(archive, "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE kind = 'feed'")
    paper.asked.clear()
    crawl(archive)
    assert {"/robots.txt", "/", "/feed", *(urlsplit(url).path for url in paper.stories)} <= {*paper.asked}


@pytest.mark.parametrize(
    ("retry_after", "hours"),
    [("315360000", 24), ("-5", 1), ("Mon, 01 Jan 2024 00:00:00 GMT", 1), ("7200", 2), ("soon", 1)],
    ids=["ten years", "negative", "past", "two hours", "no time"],
)
def test_retry_after_of_a_failing_robots_txt_is_obeyed_for_a_day_at_most(archive, paper, retry_after, hours):
    """What is no time to come counts as if it were not there."""
    paper.answers["/robots.txt"] = (503, b"", {"Retry-After": retry_after})
    paper.watch(archive)
    crawl(archive, "-s", "crawl.retries=0")
    assert paper.asked == ["/robots.txt"]
    wait = "SELECT round((julianday(retry_at) - julianday('now')) * 24) FROM hosts WHERE trouble IS NOT NULL"
    assert rows(archive, wait) == [(hours,)]


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b"User-agent: *\nDisallow: /2024/01/01/\n" + b"# padding\n" * 200_000 + b"Disallow: /2024/\n", {"02", "03"}),
        (b"<!DOCTYPE html><html><body>User-agent: *\nDisallow: /\n</body></html>", {"01", "02", "03"}),
    ],
    ids=["two megabytes", "page"],
)
def test_odd_robots_txt_is_read_as_far_as_it_is_one(archive, paper, body, asked):
    """In the next crawl, too, which reads it from the archive."""
    paper.answers["/robots.txt"] = (200, body, {})
    paper.watch(archive)
    for _ in range(2):
        paper.asked.clear()
        change(archive, "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z'")
        crawl(archive)
        assert {path[9:11] for path in paper.asked if path.startswith("/2024/01/0")} == asked


def test_robots_txt_that_was_taken_down_is_fetched_again(archive, paper):
    """Its capture is gone, and nothing of it is used."""
    paper.watch(archive)
    crawl(archive)
    address = f"{paper.url}/robots.txt"
    assert morgue("-C", archive, "remove", address, "--yes", "--reason", "test").returncode == 0
    assert rows(archive, "SELECT * FROM robots_files") == []


def test_robots_txt_in_a_damaged_file_is_fetched_again(archive, paper):
    """The crawl goes on as if the archive had none."""
    paper.watch(archive)
    crawl(archive)
    change(archive, "UPDATE captures SET offset = offset + 7 WHERE kind = 'robots'", LISTINGS_DUE)
    paper.asked.clear()
    assert crawl(archive).returncode == 0
    assert "/feed" in paper.asked
    assert robots_asked(paper) == 1


def test_pace_of_a_host_goes_on_from_one_command_to_the_next(archive):
    """As the server sees it: between the last request of one and the first of the next, too. `sample` is no crawl."""
    pace = ("-s", "crawl.allow_private_ips=true", "-s", f"crawl.delay={DELAY_SECONDS}", "-s", "crawl.jitter=0")
    with serve() as paper:
        first, second, third = list(paper.truth)[:3]
        for words in (["crawl", first], ["sample", second, "-o", archive / "pair"], ["crawl", third]):
            assert morgue("-C", archive, *words, *pace).returncode in (0, 1)
        times = [entry.time for entry in paper.journal]
    assert len(times) >= 4
    assert min(late - early for early, late in pairwise(times)) >= DELAY_SECONDS - 0.2
