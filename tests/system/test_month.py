"""Test what an archive has after days of scheduled crawls; benchmarks/month.py asks the same of a month."""

from __future__ import annotations

import pytest

from tests.support.month.live import live
from tests.support.month.papers import CONSENT, DAY, FORBIDDEN, Illness, Paper, papers

pytestmark = pytest.mark.slow

DAYS, EVERY_MINUTES = 2.0, 120
ILL_FROM, ILL_UNTIL = 0.5 * DAY, 1.25 * DAY


@pytest.fixture(scope="module")
def score(tmp_path_factory):
    """Return the figures of two days of two healthy papers, and of papers with a consent wall, a block, and headlines
    that move the address."""
    healthy = [paper for paper in papers(seed=1, days=DAYS) if paper.name in ("p01", "p04")]
    ill = [
        Paper("p10", 1, DAYS, a_day=6, illnesses=(Illness(CONSENT, ILL_FROM, ILL_UNTIL),)),
        Paper("p15", 1, DAYS, a_day=6, counter=True, illnesses=(Illness(FORBIDDEN, ILL_FROM, ILL_UNTIL),)),
        Paper("p18", 1, DAYS, a_day=12, moving=True),
    ]
    return live(healthy + ill, tmp_path_factory.mktemp("month"), DAYS, EVERY_MINUTES)


def test_article_of_a_healthy_paper_is_found_once(score):
    """By feed or news sitemap, though its ads and counts change with each look; what just came out is read later."""
    figures = score.figures
    assert figures["articles"] > 5
    assert (figures["articles missing that were out for long"], figures["articles filed twice"]) == (0, 0)


def test_widgets_of_a_healthy_paper_are_no_edits(score):
    """Ads, related articles, "3 hours ago", counts of comments and shares."""
    assert score.figures["false edits by cause"] == {}


def test_healthy_paper_causes_no_message(score):
    """Neither a line of `crawl --quiet` nor a reason of `health`."""
    assert score.figures["alarms about healthy papers, texts"] == {"p01": [], "p04": []}


def test_article_of_an_ill_paper_is_found(score):
    """What appeared during the illness too, once it is over."""
    assert score.figures["articles"] > 20
    assert score.figures["articles found"] == 1


def test_wall_takes_the_place_of_no_article(score):
    """Neither as a revision nor as the text that is there in the end."""
    assert score.figures["current text is a wall or an error"] == 0
    assert CONSENT not in score.figures["false edits by cause"]


def test_page_that_was_blocked_for_a_while_is_not_given_up(score):
    """By 403 to all requests but those for robots.txt, for eighteen hours."""
    assert score.figures["pages given up though they stand"] == 0


def test_article_that_moves_with_its_headline_is_filed_once(score):
    """The old address redirects to the new one."""
    assert score.figures["articles filed twice"] == 0


def test_counter_in_the_text_makes_no_edit(score):
    """That is a line such as "Read 4,321 times" among the paragraphs."""
    assert "counter" not in score.figures["false edits by cause"]


def test_illness_is_named_within_a_day_in_few_messages(score):
    """By `crawl --quiet` or by `health`."""
    illnesses = score.figures["illnesses"]
    assert len(illnesses) == score.figures["illnesses named within a day"] == 2
    assert score.figures["messages an illness, most"] <= 3
