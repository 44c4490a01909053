"""Test when the next pass of a watch begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.watch.next_pass import SPACE_BYTES, PassResult, has_jumped, has_space_again, seconds_to_next

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
WORK = (("listings", 1),)


def due_in(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("result", "failures", "seconds"),
    [
        (PassResult("done", 0), 0, 900),  # nothing is planned
        (PassResult("done", 0, counts=WORK, next_due=due_in(300)), 0, 300),
        (PassResult("done", 0, counts=WORK, next_due=due_in(5)), 0, 60),  # taken together with what follows
        (PassResult("done", 0, counts=WORK, next_due=due_in(86_400)), 0, 900),  # others may write to the archive
        (PassResult("partly failed", 1, counts=WORK, next_due=due_in(-5)), 0, 60),
        (PassResult("done", 0, next_due=due_in(-5)), 0, 900),  # a limit keeps it away: no pass each minute
        (PassResult("nothing reachable", 3, counts=WORK, next_due=due_in(120)), 0, 120),
        (PassResult("ArchiveLocked", 4, "locked"), 9, 60),
        (PassResult("DiskFull", 5, "full", counts=WORK), 1, 900),
        (PassResult("killed", 1, "ended"), 1, 60),
        (PassResult("killed", 1, "ended"), 3, 240),
        (PassResult("NotWritable", 6, "read-only"), 5000, 900),
    ],
)
def test_next_pass_begins_when_something_is_due_within_bounds(result, failures, seconds):
    """Not sooner than after a minute, not later than after `every`."""
    assert seconds_to_next(result, NOW, 900, failures) == seconds


def test_short_every_is_also_the_shortest_wait():
    """`--every 1s` asks for passes a second apart."""
    result = PassResult("done", 0, counts=WORK, next_due=due_in(-1))
    assert seconds_to_next(result, NOW, 1, 0) == 1


@pytest.mark.parametrize(
    ("monotonic", "wall", "jumped"),
    [(30, 30.2, False), (30, 60, False), (5, 400 * 86_400, True), (5, -3 * 86_400, True), (5, 7200, True)],
)
def test_jump_of_the_clock_ends_a_wait(monotonic, wall, jumped):
    """Also the sleep of the machine, during which only the wall clock goes on; a small correction does not."""
    assert has_jumped(monotonic, wall) == jumped


def test_full_disk_has_space_again_once_some_was_freed():
    """A few bytes are no space."""
    assert not has_space_again(0, SPACE_BYTES - 1)
    assert has_space_again(0, SPACE_BYTES)
