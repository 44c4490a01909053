"""Test what an archive has after days of scheduled crawls; benchmarks/month.py asks the same of a month."""

from __future__ import annotations

import pytest

from tests.support.month.live import live
from tests.support.month.papers import papers

pytestmark = pytest.mark.slow

DAYS, EVERY_MINUTES = 1.5, 120


@pytest.fixture(scope="module")
def score(tmp_path_factory):
    """Return the figures of a day and a half of two healthy papers."""
    healthy = [paper for paper in papers(seed=1, days=DAYS) if paper.name in ("p01", "p04")]
    return live(healthy, tmp_path_factory.mktemp("month"), DAYS, EVERY_MINUTES)


def test_article_of_a_healthy_paper_is_found_once(score):
    """By feed or news sitemap, though its ads and counts change with each look."""
    figures = score.figures
    assert figures["articles"] > 10
    assert (figures["articles found"], figures["articles filed twice"]) == (1, 0)


def test_widgets_of_a_healthy_paper_are_no_edits(score):
    """Ads, related articles, "3 hours ago", counts of comments and shares."""
    assert score.figures["false edits by cause"] == {}


def test_healthy_paper_causes_no_message(score):
    """Neither a line of `crawl --quiet` nor a reason of `health`."""
    assert score.figures["mails of crawl --quiet"] == 0
    assert score.figures["alarms about healthy papers, texts"] == {"p01": [], "p04": []}
