"""Test the throttle: how fast a host is asked, in its pure parts."""

from datetime import UTC, datetime

import pytest

from crawler.middleware.throttle import next_delay, retry_after

NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b" 0 ", 0.0),
        (b"Mon, 23 Nov 2026 08:01:00 GMT", 60.0),
        (b"Mon, 23 Nov 2026 07:00:00 GMT", 0.0),  # already past
        (b"soon", None),
        (b"-5", None),
        (b"", None),
        (None, None),
        (b"99999999999999999999", 999999999.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """RFC 9110, 10.2.3; a value that cannot be read is ignored."""
    assert retry_after(value, NOW) == seconds


def test_delay_follows_latency_between_floor_and_ceiling():
    """The delay follows the latency between floor and ceiling."""
    assert next_delay(1.0, 4.0, 1.0, 60.0, ok=True) == 4.0
    assert next_delay(4.0, 0.1, 1.0, 60.0, ok=True) == 2.05
    assert next_delay(1.0, 0.1, 1.0, 60.0, ok=True) == 1.0
    assert next_delay(1.0, 500.0, 1.0, 60.0, ok=True) == 60.0


def test_error_page_may_lengthen_the_delay_but_not_shorten_it():
    """Error pages are quick to make."""
    assert next_delay(8.0, 0.01, 1.0, 60.0, ok=False) == 8.0
    assert next_delay(1.0, 9.0, 1.0, 60.0, ok=False) == 9.0


def test_floor_above_the_ceiling_wins():
    """robots.txt's Crawl-delay, or the user's own, is never undercut."""
    assert next_delay(1.0, 0.1, 90.0, 60.0, ok=True) == 90.0
