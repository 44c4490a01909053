"""Pages that robots.txt disallows are asked for again one day: nothing is lost because of one bad robots.txt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule.revisit_policy import after_disallowed

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(("times", "days"), [(1, 1), (2, 1), (7, 1), (8, 2), (11, 16), (12, 30), (1000, 30)])
def test_pause_after_disallowed_grows_to_thirty_days(times, days):
    """It is never given up, and asked for daily for a week."""
    plan = after_disallowed("article", NOW, times)
    assert (plan.state, plan.at) == ("waiting", NOW + timedelta(days=days))


def test_disallowed_listing_of_unwatched_site_waits_for_the_user():
    """The user asked for one visit."""
    assert after_disallowed("section", NOW, 1, watched=False).at is None
