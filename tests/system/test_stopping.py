"""Test that a crawl which is stopped waits out no delay of a host, and that what it did not ask for is due."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import crawl, make_archive, morgue, rows, start
from tests.support.small_paper import SmallPaper, serving
from tests.support.waiting import let_a_day_pass, wait_until

pytestmark = pytest.mark.slow

HOURS = "2h"  # a delay that the test would not survive


def slow_by_settings(paper: SmallPaper) -> None:
    """Leave the paper as it is: the user's own delay is long."""


def slow_by_crawl_delay(paper: SmallPaper) -> None:
    paper.answers["/robots.txt"] = (200, b"User-agent: *\nCrawl-delay: 7200\n", {"Content-Type": "text/plain"})


def slow_by_retry_after(paper: SmallPaper) -> None:
    for path in ("/", "/feed"):
        paper.answers[path] = (503, b"", {"Retry-After": "6000"})


@pytest.mark.parametrize(
    ("slow_down", "delay", "number"),
    [(slow_by_settings, HOURS, 1), (slow_by_crawl_delay, "0s", 1), (slow_by_retry_after, "0s", 3)],
)
def test_crawl_that_is_stopped_does_not_wait_for_delays_of_hosts(
    tmp_path: Path, slow_down: Callable[[SmallPaper], None], delay: str, number: int
) -> None:
    """Nothing is asked for after the signal, and the next crawl fetches all of it."""
    archive = make_archive(tmp_path / "archive")
    with serving() as paper:
        paper.watch(archive)
        healthy = dict(paper.answers)
        slow_down(paper)
        long = [f"crawl.delay={delay}", f"crawl.max_delay={HOURS}"]
        settings = [word for one in ("crawl.allow_private_ips=true", *long) for word in ("-s", one)]
        running = start("-C", archive, "crawl", *settings)
        try:
            wait_until(lambda: rows(archive, "SELECT count(*) FROM captures")[0][0] >= number)
            os.killpg(running.pid, signal.SIGINT)
            _out, err = running.communicate(timeout=60)
        finally:
            running.kill()
        assert running.returncode == 130, err
        assert "Traceback" not in err
        assert len(paper.asked) == number
        assert rows(archive, "SELECT count(*) FROM frontier WHERE state = 'claimed'") == [(0,)]
        assert rows(archive, "SELECT count(*) FROM frontier WHERE last_error IS NOT NULL") == [(0,)]
        paper.answers |= healthy
        paper.asked.clear()
        let_a_day_pass(archive)  # for so long robots.txt is not asked for again
        done = crawl(archive)
        assert {"/", "/feed", *(story.removeprefix(paper.url) for story in paper.stories)} <= set(paper.asked), (
            done.stdout
        )
        assert rows(archive, "SELECT count(*) FROM articles") == [(len(paper.stories),)]
    assert morgue("-C", archive, "verify").returncode == 0
