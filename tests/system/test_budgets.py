"""Test what limits the requests for a source in a day: pages, bytes, and the hours in which it may be asked."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.command import crawl
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow

DUE = "UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE state = 'waiting'"
NEVER = "Mon 00:00-00:01 Europe/Berlin"


@pytest.fixture
def paper():
    with serving() as paper:
        paper.front()
        yield paper


def make_all_due(archive):
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute(DUE)


def stories_asked(paper):
    asked = [path for path in paper.asked if path.startswith("/2024/01/0")]
    paper.asked.clear()
    return len(asked)


def test_source_gets_as_many_pages_a_day_as_its_file_allows(archive, paper):
    """In all crawls of the day together. Its feed is read all the same, and the summary says what waits."""
    paper.watch(archive, more="[crawl]\npages_per_day = 2\n")
    done = crawl(archive)
    assert stories_asked(paper) == 2
    assert "limit: paper reached crawl.pages_per_day: 1 address left for the next day" in done.stdout
    make_all_due(archive)
    again = crawl(archive)
    assert "/feed" in paper.asked
    assert stories_asked(paper) == 0
    assert "reached crawl.pages_per_day: 3 addresses left for the next day" in again.stdout
    with sqlite3.connect(archive / "morgue.db") as db:  # as if all that had been yesterday
        db.execute("UPDATE captures SET time = '2024-01-01T00:00:00.000000Z'")
    make_all_due(archive)
    crawl(archive)
    assert stories_asked(paper) == 2


def test_source_is_left_alone_when_the_bytes_of_its_day_are_used_up(archive, paper):
    """Nothing of it is asked for in later crawls of the day either."""
    paper.watch(archive, more='[crawl]\nbytes_per_day = "1kB"\n')
    crawl(archive)
    assert stories_asked(paper) < 3
    make_all_due(archive)
    done = crawl(archive)
    assert paper.asked == []
    assert "reached crawl.bytes_per_day" in done.stdout


def test_source_is_not_asked_outside_its_hours(archive, paper):
    """The crawl says what it waits for; a source without hours is crawled."""
    paper.watch(archive, more=f'[crawl]\nhours = "{NEVER}"\n')
    done = crawl(archive)
    assert done.returncode == 0
    assert "paper: waits for Mon 00:00 Europe/Berlin" in done.stdout
    assert paper.asked == []


def test_zone_that_does_not_exist_costs_its_source_only(archive, paper):
    """It is refused by name, and the other source is crawled."""
    paper.watch(archive)
    paper.watch(archive, name="wrong", more='[crawl]\nhours = "09:00-17:00 Europe/Berln"\n')
    done = crawl(archive)
    assert done.returncode == 1
    assert "names the time zone Europe/Berln, which does not exist" in done.stdout + done.stderr
    assert stories_asked(paper) == 3
