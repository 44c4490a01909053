"""Test the line that shows the progress of a crawl, on terminals of any width and in a pipe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.cli.crawl_progress import CrawlProgressState, pipe_line, status_line
from crawler.cli.progress_bar import clock

BEGUN = CrawlProgressState("crawling", 0, 0, 0, 0, 23, None, 2.0)
RUNNING = CrawlProgressState("crawling", 1204, 12345, 12000, 17, 32, 40647, 7384.0)


@pytest.mark.parametrize("columns", [20, 40, 60, 79, 120])
@pytest.mark.parametrize("state", [BEGUN, RUNNING, replace(RUNNING, failed=0, word="stopping")])
def test_line_fits_and_says_how_long_it_takes(state, columns):
    """The time elapsed is there at every width, with its label. Nothing is cut in the middle."""
    line = status_line(state, columns)
    assert len(line) <= columns
    assert f"{clock(state.seconds)} elapsed"[:columns] in line


def test_line_of_sixty_columns_has_counts_and_both_times():
    """Listings count, so that a pass over feeds is seen to go on."""
    state = CrawlProgressState("crawling", 12, 34, 30, 1, 4, 138, 7.0)
    assert status_line(state, 60) == "12+34 fetched  1 failed  0:07 elapsed, about 0:14 left"
    assert status_line(state, 66) == "12 listings  30 articles  1 failed  0:07 elapsed, about 0:14 left"
    healthy = replace(state, failed=0)
    assert status_line(healthy, 60) == "12 listings  30 articles  0:07 elapsed, about 0:14 left"


def test_time_left_is_not_guessed_from_nothing():
    """There is no estimate before the first answer, and none in the first seconds."""
    assert status_line(BEGUN, 60).endswith("0:02 elapsed")
    assert "left" not in status_line(replace(RUNNING, seconds=1.0), 120)


def test_line_in_a_pipe_carries_times():
    """The line also says what is still to be fetched."""
    state = CrawlProgressState("crawling", 12, 34, 30, 1, 4, 138, 7.0)
    assert pipe_line(state) == (
        "12 listings, 34 pages, 30 articles, 1 failed, 6.6 pages/s, 92 to go, 0:07 elapsed, about 0:14 left"
    )


def test_parts_that_wait_are_told_and_count_for_the_time_left():
    """A crawl that fetched its pages and now their pictures is not nearly over, nor slow."""
    state = CrawlProgressState("crawling", 2, 8, 8, 0, 4, 420, 10.0, parts=10, parts_waiting=396)
    assert pipe_line(state) == (
        "2 listings, 8 pages, 8 articles, 10 parts (396 wait), 0 failed, 2.0 requests/s, 400 to go, "
        "0:10 elapsed, about 3:20 left"
    )
    assert "10 parts (396 wait)" in status_line(state, 120)
    assert status_line(state, 50) == "2+8+10 fetched  0:10 elapsed, about 3:20 left"


def test_crawl_that_stops_says_for_what_it_waits():
    """Nothing more is handed out, so an estimate of the time left would grow and mean nothing."""
    stopping = replace(RUNNING, word="stopping")
    said = "stopping: waiting for 32 requests (Ctrl-C again stops at once)"
    assert status_line(stopping, 120) == f"{said}  2:03:04 elapsed"
    assert pipe_line(stopping) == f"{said}, 2:03:04 elapsed"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (750, "12:30"),
                                                (3723, "1:02:03"), (90_000, "25:00:00")])  # fmt: skip
def test_durations_are_shown_as_clocks_do(seconds, text):
    """Hours only where there are some."""
    assert clock(seconds) == text
