"""Test what an archive has after days of scheduled crawls; benchmarks/month.py asks the same of a month."""

from __future__ import annotations

import pytest

from tests.support.month.live import live
from tests.support.month.papers import CONSENT, DAY, FORBIDDEN, Illness, Paper, papers

pytestmark = pytest.mark.exhaustive

DAYS, EVERY_MINUTES = 2.0, 120
ILL_FROM, ILL_UNTIL = 0.5 * DAY, 1.25 * DAY


def test_days_of_healthy_and_ill_papers_are_kept_and_told(tmp_path):
    """Two healthy papers, and papers with a consent wall, a block, and headlines that move the address.

    One test, because the days take 20 seconds, and tests of a file may run in several processes.
    """
    healthy = [paper for paper in papers(seed=1, days=DAYS) if paper.name in ("p01", "p04")]
    ill = [
        Paper("p10", 1, DAYS, a_day=6, illnesses=(Illness(CONSENT, ILL_FROM, ILL_UNTIL),)),
        Paper("p15", 1, DAYS, a_day=6, counter=True, illnesses=(Illness(FORBIDDEN, ILL_FROM, ILL_UNTIL),)),
        Paper("p18", 1, DAYS, a_day=12, moving=True),
    ]
    figures = live(healthy + ill, tmp_path, DAYS, EVERY_MINUTES).figures
    assert figures["articles"] > 25
    assert figures["articles found"] == 1
    assert (figures["articles missing that were out for long"], figures["articles filed twice"]) == (0, 0)
    assert figures["current text is a wall or an error"] == 0
    # Ads, related articles, "3 hours ago", "Read 4,321 times", counts of comments and shares; the wall.
    assert figures["false edits by cause"] == {}
    assert figures["pages given up though they stand"] == 0
    assert figures["alarms about healthy papers, texts"] == {"p01": [], "p04": [], "p18": []}
    assert len(figures["illnesses"]) == figures["illnesses named within a day"] == 2
    assert figures["messages an illness, most"] <= 3
