"""Test when a URL is visited next, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule.revisit_policy import LISTING_KINDS, after_failure, after_success, priority

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR, DAY = 3600.0, 86400.0
EVERY = {"feed": HOUR, "section": DAY}


def test_listings_come_before_articles_and_feeds_before_sitemaps():
    """Pages that name new articles are read first."""
    ranks = [priority(kind, None, NOW) for kind in ("feed", "news sitemap", "front", "section", "sitemap", "article")]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize(
    ("younger", "older"),
    [
        ("2026-11-23", "2026-11-22"),
        ("2026-11-22", "2019-01-01"),
        ("2027-01-01", "2026-11-22"),  # a date in the future is as young as today
        ("2026-11-01", None),  # undated ranks as a month old
        (None, "2026-01-01"),
        ("junk", "2026-01-01"),
    ],
)
def test_young_articles_come_before_old_ones(younger, older):
    """The newest first; articles without a date in between."""
    assert priority("article", younger, NOW) < priority("article", older, NOW)


def test_listing_is_due_again_after_its_interval():
    """`every` of the source decides."""
    assert after_success("feed", NOW, NOW, EVERY, ()).at == NOW + timedelta(hours=1)
    assert after_success("section", NOW, NOW, EVERY, ()).at == NOW + timedelta(days=1)


def test_listing_of_an_ad_hoc_site_is_not_due_again():
    """An ad hoc crawl leaves no timetable."""
    plan = after_success("feed", NOW, NOW, {}, ())
    assert (plan.state, plan.at) == ("done", None)


def test_article_is_due_at_the_recheck_ages():
    """And then no more. Ages count from the first visit, and one that has passed is not made up for."""
    first = NOW - timedelta(days=2)
    assert after_success("article", NOW, NOW, {}, (DAY, 7 * DAY)).at == NOW + timedelta(days=1)
    assert after_success("article", NOW, first, {}, (DAY, 7 * DAY)).at == first + timedelta(days=7)
    assert after_success("article", NOW, NOW - timedelta(days=8), {}, (DAY, 7 * DAY)).state == "done"
    assert after_success("page", NOW, NOW, {}, ()).state == "done"


def test_failing_article_backs_off_and_is_given_up():
    """1 h, 2 h, 4 h, 8 h, then no more."""
    waits = [after_failure("article", NOW, n).at for n in (1, 2, 3, 4)]
    assert [wait - NOW for wait in waits] == [timedelta(hours=h) for h in (1, 2, 4, 8)]
    assert after_failure("article", NOW, 5).state == "failed"


def test_article_that_is_gone_is_not_due_again():
    """404 and 410 end an article at once."""
    assert after_failure("article", NOW, 1, gone=True) == after_failure("article", NOW, 1, gone=True)
    assert after_failure("article", NOW, 1, gone=True).state == "failed"


@pytest.mark.parametrize("kind", LISTING_KINDS)
def test_failing_listing_is_never_given_up(kind):
    """A paper that was down for a month is read again when it is back; it is tried at least weekly."""
    plan = after_failure(kind, NOW, 1000, gone=True)
    assert plan.state == "waiting"
    assert plan.at == NOW + timedelta(days=7)


def test_retry_after_lengthens_the_back_off_up_to_a_week():
    """Retry-After lengthens the back-off, up to a week."""
    assert after_failure("feed", NOW, 1, retry_after=2 * HOUR).at == NOW + timedelta(hours=2)
    assert after_failure("feed", NOW, 1, retry_after=10).at == NOW + timedelta(hours=1)
    assert after_failure("feed", NOW, 1, retry_after=1e9).at == NOW + timedelta(days=7)
