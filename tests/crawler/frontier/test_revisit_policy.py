"""When a URL is visited next: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.revisit_policy import LISTING_KINDS, after_failure, after_success, priority

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR, DAY = 3600.0, 86400.0
EVERY = {"feed": HOUR, "section": DAY}


def test_listings_come_before_articles_and_feeds_before_sitemaps():
    """What names new articles is read first."""
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
    """The newest first; what has no date in between."""
    assert priority("article", younger, NOW) < priority("article", older, NOW)


def test_a_listing_comes_back_every_so_often():
    """`every` of the source decides."""
    assert after_success("feed", NOW, NOW, EVERY, ()).at == NOW + timedelta(hours=1)
    assert after_success("section", NOW, NOW, EVERY, ()).at == NOW + timedelta(days=1)


def test_a_listing_of_a_site_that_is_not_watched_does_not_come_back():
    """An ad hoc crawl leaves no timetable behind."""
    plan = after_success("feed", NOW, NOW, {}, ())
    assert (plan.state, plan.at) == ("done", None)


def test_an_article_comes_back_at_the_ages_asked_for_and_then_no_more():
    """Ages count from the first visit, and one that has passed is not made up for."""
    first = NOW - timedelta(days=2)
    assert after_success("article", NOW, NOW, {}, (DAY, 7 * DAY)).at == NOW + timedelta(days=1)
    assert after_success("article", NOW, first, {}, (DAY, 7 * DAY)).at == first + timedelta(days=7)
    assert after_success("article", NOW, NOW - timedelta(days=8), {}, (DAY, 7 * DAY)).state == "done"
    assert after_success("page", NOW, NOW, {}, ()).state == "done"


def test_failures_back_off_and_an_article_is_given_up_in_the_end():
    """1 h, 2 h, 4 h, 8 h, then no more."""
    waits = [after_failure("article", NOW, n).at for n in (1, 2, 3, 4)]
    assert [wait - NOW for wait in waits] == [timedelta(hours=h) for h in (1, 2, 4, 8)]
    assert after_failure("article", NOW, 5).state == "failed"


def test_a_page_that_is_gone_is_not_asked_for_again():
    """404 and 410 end an article at once."""
    assert after_failure("article", NOW, 1, gone=True) == after_failure("article", NOW, 1, gone=True)
    assert after_failure("article", NOW, 1, gone=True).state == "failed"


@pytest.mark.parametrize("kind", LISTING_KINDS)
def test_a_listing_is_never_given_up(kind):
    """A paper that was down for a month is read again when it is back; at least weekly we look."""
    plan = after_failure(kind, NOW, 1000, gone=True)
    assert plan.state == "waiting"
    assert plan.at == NOW + timedelta(days=7)


def test_the_server_may_ask_for_a_longer_wait_but_not_for_ever():
    """Retry-After lengthens the back-off, up to a week."""
    assert after_failure("feed", NOW, 1, retry_after=2 * HOUR).at == NOW + timedelta(hours=2)
    assert after_failure("feed", NOW, 1, retry_after=10).at == NOW + timedelta(hours=1)
    assert after_failure("feed", NOW, 1, retry_after=1e9).at == NOW + timedelta(days=7)
