"""Test which articles of a sitemap wait for a backfill."""

from datetime import timedelta

import pytest

from crawler.schedule.past_articles import MAX_PUBLISHED_A_DAY, past_rule
from pipelines.core.timestamps import parse

NOW, WEEK = parse("2026-03-30T12:00:00Z"), timedelta(days=7)


@pytest.mark.parametrize(
    ("read", "named", "entries", "before", "undated"),
    [
        (None, None, 10, "2026-03-23", True),  # the first reading of a source's sitemap
        (1, None, 10, "2026-03-23", False),
        (20, None, 10, "2026-03-09", False),  # the machine was off for longer than a week
        (None, 1, MAX_PUBLISHED_A_DAY, "2026-03-23", False),  # its index names it since yesterday
        (None, 12, 10, "2026-03-17", False),  # its index was not read for 12 days
        (None, 1, MAX_PUBLISHED_A_DAY + 1, "2026-03-23", True),  # an archive that is new in the index
        (-400, None, 10, "2026-03-23", False),  # a reading from a clock that jumped
    ],
)
def test_article_published_since_the_last_reading_is_not_of_the_past(read, named, entries, before, undated):
    """Times are days ago."""
    ago = {"last_read": read, "named_after": named}
    times = {name: None if days is None else NOW - timedelta(days=days) for name, days in ago.items()}
    rule = past_rule(NOW, WEEK, entries=entries, **times)
    assert (rule.before, rule.undated) == (before, undated)
    assert rule.holds_for(None) is undated


@pytest.mark.parametrize(
    ("read", "named_day", "changed", "entries", "listed_on"),
    [
        (None, ("2026-03-29", True), None, 10, "2026-03-29"),  # of yesterday: its articles are new
        (None, ("2019-05-01", True), "2026-03-30", 10, "2019-05-01"),
        (None, ("2026-03-29", True), None, MAX_PUBLISHED_A_DAY + 1, None),  # more than a paper writes in a day
        (None, ("2026-03-31", False), None, 10, None),  # of a month: only some of its articles are new
        (None, ("2026-02-28", False), None, 10, "2026-02-28"),  # all of its articles are old
        (None, None, "2026-02-20", 10, "2026-02-20"),  # it was not changed since
        (None, None, "2026-03-30", 10, None),
        (
            parse("2026-03-29T12:00:00Z"),
            ("2026-03-29", True),
            None,
            10,
            None,
        ),  # what came since the last reading is new
    ],
)
def test_articles_without_a_day_have_that_of_their_sitemap(read, named_day, changed, entries, listed_on):
    """At the first reading, if it is of one day, or shows that they are old."""
    rule = past_rule(NOW, WEEK, last_read=read, entries=entries, named_day=named_day, changed=changed)
    assert rule.listed_on == listed_on
