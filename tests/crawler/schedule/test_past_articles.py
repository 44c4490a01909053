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
