"""Test that a crawl under way lets go of what its owner paused meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.frontier.visit_limits import HOURS_CHECK, LimitCounter, SourceLimits
from pipelines.core import timestamps

MANY = 1_000
LIMITS = SourceLimits(MANY, MANY, MANY, MANY, MANY, MANY)
PAPER = 7


def test_source_that_is_paused_during_a_crawl_is_let_go_at_the_next_look(monkeypatch):
    """The files are looked at every half minute, not for each URL; a resumed source goes on."""
    time, resting, looks = datetime(2026, 3, 1, tzinfo=UTC), set(), []
    monkeypatch.setattr(timestamps, "clock", lambda: time)
    used = LimitCounter({None: LIMITS}, resting=lambda at: looks.append(at) or set(resting))
    assert used.choice("paper.example").without == frozenset()
    resting.add(PAPER)
    assert used.choice("paper.example").without == frozenset()
    time += HOURS_CHECK
    assert used.choice("paper.example").without == {PAPER}
    resting.clear()
    time += HOURS_CHECK
    assert used.choice("paper.example").without == frozenset()
    assert len(looks) == 3
