"""Test when an address is asked again that shows something in the place of its article."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from crawler.schedule.revisit_policy import NextVisit
from crawler.schedule.stand_in_visits import after_no_article, after_stand_in, names_same_page
from pipelines.core.items import PageState
from pipelines.core.timestamps import parse, stamp

SINCE = parse("2026-03-01T08:00:00Z")
DONE = NextVisit("done", None, "checked for edits at every age of crawl.recheck")


def visits(kind: str, article_id: int | None, planned: NextVisit = DONE) -> list[float]:
    """Return the ages in hours at which an address is visited that always shows the same, up to a year."""
    now, ages = SINCE, [0.0]
    for number in range(1, 100):
        plan = after_stand_in(PageState(kind, stamp(SINCE), number, article_id, None), now, planned)
        if plan.at is None:
            assert plan.state in ("failed", "done")
            break
        now = plan.at
        ages.append((now - SINCE) / timedelta(hours=1))
    return ages


@pytest.mark.parametrize("kind", ["404", "410", "soft 404", "front page"])
def test_gone_article_is_asked_again_after_a_day_a_week_and_a_month(kind):
    """Then its visits end. An address that never had an article is given up after a week."""
    assert visits(kind, 7) == [0, 24, 168, 720]
    assert visits(kind, None) == [0, 24, 168]


def test_gone_page_seen_once_after_a_long_pause_is_asked_again():
    """Three visits, days apart, end it; not the time alone."""
    state, now = PageState("404", stamp(SINCE), 2, 7, None), SINCE + timedelta(days=400)
    assert after_stand_in(state, now, DONE).at == now + timedelta(days=1)


def test_wall_without_an_article_is_asked_again_for_30_days():
    """At first soon, then daily."""
    ages = visits("consent wall", None)
    assert ages[:6] == [0, 1, 3, 7, 15, 31]
    assert {later - earlier for earlier, later in pairwise(ages[5:])} == {24}
    assert 28 * 24 < ages[-1] <= 30 * 24


def test_wall_over_a_known_article_is_asked_again_until_it_goes():
    """A planned visit that comes sooner counts; a paywall gets none of its own."""
    assert visits("consent wall", 7) == [0, 1, 24, 168, 720]
    sooner = NextVisit("waiting", SINCE + timedelta(minutes=30), "checked for edits")
    assert after_stand_in(PageState("login page", stamp(SINCE), 1, 7, None), SINCE, sooner) == sooner
    assert visits("paywall", 7) == [0]


def test_time_of_a_visit_is_utc():
    """So that it can be compared with those of the frontier."""
    plan = after_stand_in(PageState("404", stamp(SINCE), 1, 7, None), SINCE, DONE)
    assert isinstance(plan.at, datetime)
    assert stamp(plan.at) == "2026-03-02T08:00:00Z"


def test_address_that_led_to_no_article_is_asked_again_four_times():
    """After an hour, a day, a week and a month; one that was not asked for long is asked at the next of these ages."""
    ages, now = [], SINCE
    while (plan := after_no_article("no article text", now, SINCE)).at is not None:
        now = plan.at
        ages.append((now - SINCE) / timedelta(hours=1))
    assert ages == [1, 24, 168, 720]
    assert plan.state == "done"
    assert after_no_article("redirects", SINCE, None).at == SINCE + timedelta(hours=1)
    assert after_no_article("redirects", SINCE + timedelta(days=3), SINCE).at == SINCE + timedelta(days=7)


@pytest.mark.parametrize(
    ("url", "target", "same"),
    [
        (
            "http://paper.example/2026/03/01/flood-in-ulm.html",
            "https://www.paper.example/2026/03/01/flood-in-ulm",
            True,
        ),
        ("https://paper.example/news/flood-in-ulm/amp", "https://paper.example/news/flood-in-ulm", True),
        ("https://paper.example/?p=123456", "https://paper.example/news/flood-123456", True),
        ("https://go.example/r/abc", "https://paper.example/r/abc", True),
        ("https://paper.example/south-africa/flood-in-ulm", "https://paper.example/south-africa/vote-in-rome", False),
        ("https://paper.example/news/flood-in-ulm-123456", "https://paper.example/back-soon?at=123456", False),
        ("https://paper.example/news/1/index.html", "https://paper.example/maintenance/index.html", False),
    ],
)
def test_redirect_to_a_page_of_the_same_name_or_number_is_no_detour(url, target, same):
    """A short or counted link leads to its article, one by one; other redirects may lead to a notice for all."""
    assert names_same_page(url, target) is same
