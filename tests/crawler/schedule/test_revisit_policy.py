"""Test when a URL is visited next, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule.revisit_policy import (
    LISTING_KINDS,
    after_failure,
    after_success,
    failures_in_row,
    next_turn,
    priority,
    probe_at,
    taken_until,
    usual_interval,
)

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


def test_article_found_today_comes_before_one_of_last_week_found_then():
    """The order is by age now, although nothing is written anew as time goes by."""
    last_week = NOW - timedelta(days=7)
    assert priority("article", "2026-11-23", NOW) < priority("article", "2026-11-16", last_week)
    assert priority("article", "2026-11-23", NOW) < priority("article", "2099-01-01", last_week)


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


def test_failing_article_backs_off_to_a_day_and_later_to_a_week():
    """It is never given up: what keeps us from it may pass."""
    waits = [after_failure("article", NOW, n).at - NOW for n in (0, 1, 2, 3, 4, 5, 15, 16, 9_999)]
    assert waits == [timedelta(hours=h) for h in (1, 2, 4, 8, 16, 24, 24, 168, 168)]


def test_article_that_is_gone_is_not_due_again():
    """404 and 410 end an article at once."""
    assert after_failure("article", NOW, gone=True).state == "failed"


@pytest.mark.parametrize(
    ("minutes", "failures", "at_minutes"),
    [(1, 3, 240), (119, 3, 240), (120, 4, 120 + 480), (240, 4, 240 + 480), (-9999, 4, -9999 + 480)],
)
def test_failure_of_a_visit_long_before_it_was_due_leaves_the_pause_as_it_is(minutes, failures, at_minutes):
    """By hand, so many minutes after the third failure; the pause grows with the time that the trouble lasts."""
    now = NOW + timedelta(minutes=minutes)
    assert failures_in_row(3, NOW, now) == failures
    assert after_failure("feed", now, 3, last_visit=NOW).at == NOW + timedelta(minutes=at_minutes)


def test_server_that_asks_to_wait_is_believed_also_if_it_was_asked_early():
    """Its wish counts from its answer."""
    now = NOW + timedelta(minutes=1)
    assert after_failure("feed", now, 1, last_visit=NOW, retry_after=2 * HOUR).at == now + timedelta(hours=2)
    assert probe_at(now, 0, 2 * HOUR, timedelta(hours=6)) == now + timedelta(hours=2)


@pytest.mark.parametrize("kind", LISTING_KINDS)
def test_failing_listing_is_never_given_up(kind):
    """A paper that was down for a month is read again when it is back; it is tried at least daily."""
    plan = after_failure(kind, NOW, 1000, gone=True)
    assert plan.state == "waiting"
    assert plan.at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("retry_after", "hours"),
    [(2 * HOUR, 2), (10, 1), (0, 1), (-5 * DAY, 1), (3650 * DAY, 24), (float("inf"), 24), (float("nan"), 1)],
)
def test_retry_after_lengthens_the_back_off_up_to_a_day(retry_after, hours):
    """A server may ask for ten years, or for a date in the past."""
    assert after_failure("feed", NOW, retry_after=retry_after).at == NOW + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("visited", "seconds", "next_turn_at"),
    [
        (0, 60, 60),  # on time
        (5, 60, 60),  # late: the grid stays
        (-20, 60, 60),  # taken early by the pass that is nearest
        (29, 60, 60),
        (31, 60, 120),  # nearer to the next turn than to its own: that is made up for
        (60, 60, 120),
        (605, 60, 660),  # ten missed turns are one visit
        (-120, 60, -60),  # planned by a wrong clock
        (7, 0, 7),
    ],
)
def test_listing_is_planned_from_when_it_was_due(visited, seconds, next_turn_at):
    """In minutes after that time."""
    now, at = NOW + timedelta(minutes=visited), NOW + timedelta(minutes=next_turn_at)
    assert next_turn(NOW, now, seconds * 60) == at


@pytest.mark.parametrize(("minutes", "delay"), [(5, 4), (15, 4), (15, 40), (20, 4), (30, 4), (60, 4), (60, 240)])
def test_feed_of_an_hour_is_read_24_times_a_day(minutes, delay):
    """By a timer of so many minutes, whose passes end `delay` seconds after they began, and begin some seconds late."""
    interval, due, readings = timedelta(minutes=minutes), NOW, 0
    for number in range(24 * 60 // minutes):
        began = NOW + number * interval + timedelta(seconds=number * 7 % 5)
        if due <= taken_until(began, interval):
            readings += 1
            due = next_turn(due, began + timedelta(seconds=delay), HOUR)
    assert abs(readings - 24) <= 1


def test_article_that_was_looked_at_early_is_not_looked_at_again_at_that_age():
    """A pass takes what falls due before the next one would."""
    due = NOW + timedelta(days=1)
    plan = after_success("article", due - timedelta(minutes=20), NOW, {}, (DAY, 7 * DAY), due=due)
    assert plan.at == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("minutes_ago", "usual"),
    [
        ([0], 0),
        ([0, 60], 0),  # two beginnings may be by hand
        ([0, 60, 120], 60),
        ([0, 15, 30, 45, 50, 60, 75], 15),  # one by hand in between
        ([0, 60, 120, 600, 660], 60),  # a night in which the machine was off
        ([0, 60, 120, -600_000, 180, 240], 60),  # a clock that was ahead once
    ],
)
def test_usual_interval_of_passes_is_the_median(minutes_ago, usual):
    """From their beginnings, the newest first."""
    begun = [NOW - timedelta(minutes=minutes) for minutes in minutes_ago]
    assert usual_interval(begun) == timedelta(minutes=usual)


@pytest.mark.parametrize(("interval", "early"), [(0, 0), (15 * 60, 7.5 * 60), (DAY, DAY / 2), (7 * DAY, DAY / 2)])
def test_pass_takes_what_falls_due_within_half_an_interval(interval, early):
    """But no more than half a day: in seconds."""
    assert taken_until(NOW, timedelta(seconds=interval)) == NOW + timedelta(seconds=early)


@pytest.mark.parametrize(
    ("failures", "retry_after", "interval", "minutes"),
    [
        (1, None, 0, 60),
        (1, None, 60, 30),  # the next hourly pass is to send it
        (1, None, 15, 52.5),
        (5, None, 60, 15.5 * 60),
        (99, None, 60, 23.5 * 60),
        (1, None, 1440, 0),  # the next daily pass is to send it
        (1, HOUR, 60, 60),  # what the server asks for is kept
        (1, 3650 * DAY, 60, 1440),
        (1, -1, 60, 30),
    ],
)
def test_probe_of_a_host_backs_off_from_an_hour_to_a_day(failures, retry_after, interval, minutes):
    """Less half the usual interval between passes."""
    at = probe_at(NOW, failures, retry_after, timedelta(minutes=interval))
    assert at == NOW + timedelta(minutes=minutes)
