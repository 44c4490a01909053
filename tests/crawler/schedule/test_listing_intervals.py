"""Test when a listing is read again: single decisions, and months of simulated newspapers."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule.listing_intervals import (
    Bounds,
    Rhythm,
    after_outrun,
    after_reading,
    faded_interval,
    is_body_old,
    is_outrun,
    next_reading,
    pinned,
)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
BOUNDS = Bounds(timedelta(minutes=5), timedelta(days=1))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class SimulatedFeed:
    """Hold what reading a feed by the rules found, and how often it was read."""

    def __init__(self, published, window, days, *, dated=False):
        self.published, self.found, self.readings, self.outrun = sorted(published), set(), [], 0
        end, time, since, before = MONDAY + days * DAY, MONDAY, None, set()
        rhythm, wait = Rhythm(), None
        while time < end:
            shown = set([one for one in self.published if one <= time][-window:])
            new = shown - self.found
            outrun = since is not None and is_outrun("feed", len(before), len(shown), len(shown & before), len(new))
            self.outrun += outrun
            self.found |= shown
            known_times = new if dated else ()
            rhythm = after_reading(rhythm, since, time, len(new) * (1 + outrun), known_times)
            planned = next_reading(rhythm, time, BOUNDS, entries=len(shown))
            wait = after_outrun(planned, wait, BOUNDS) if outrun else planned
            self.readings.append(time)
            before, since, time = shown, time, time + wait

    def share_found(self, since=MONDAY):
        wanted = [one for one in self.published if since <= one < self.readings[-1]]
        return len(self.found.intersection(wanted)) / len(wanted)

    def readings_a_day(self, since=MONDAY):
        late = [time for time in self.readings if time >= since]
        return len(late) / ((late[-1] - since) / DAY)


def at_random(number, begin, span, seed=1):
    chance = random.Random(seed)
    return [begin + chance.random() * span for _ in range(number)]


@pytest.mark.parametrize("dated", [True, False])
def test_fast_and_slow_feeds_are_complete_without_settings(dated):
    """15 an hour and one a week; the slow one is asked at most twice a day."""
    fast = SimulatedFeed(at_random(15 * 24 * 14, MONDAY, 14 * DAY), 20, 14, dated=dated)
    slow = SimulatedFeed([MONDAY + 3 * DAY + week * 7 * DAY for week in range(4)], 10, 28, dated=dated)
    assert fast.share_found() == 1
    assert slow.share_found() == 1
    assert slow.readings_a_day(MONDAY + DAY) <= 2


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_burst_at_noon_is_not_outrun_from_the_second_day_on(seed, dated):
    """Four fifths of twelve articles a day come within ten minutes, in a feed of ten entries."""
    published = []
    for day in range(14):
        noon = MONDAY + day * DAY + 12 * HOUR - 3 * MINUTE
        published += at_random(10, noon, 10 * MINUTE, seed + day) + at_random(2, MONDAY + day * DAY, DAY, day)
    feed = SimulatedFeed(published, 10, 14, dated=dated)
    assert feed.share_found(MONDAY + DAY) >= 0.98
    assert feed.readings_a_day() <= 60


def test_paper_that_rests_at_night_and_on_sundays_is_read_by_its_rhythm():
    """The median article waits less than a quarter of an hour, at about three readings for each article."""
    published = []
    for day in range(28):
        number = 4 if day % 7 == 6 else 20
        published += at_random(number, MONDAY + day * DAY + 6 * HOUR, 14 * HOUR, day)
    feed = SimulatedFeed(published, 30, 28)
    last_week = MONDAY + 21 * DAY
    waits = sorted(
        min(time for time in feed.readings if time >= one) - one
        for one in feed.published
        if last_week <= one < feed.readings[-1]
    )
    assert feed.share_found() == 1
    assert waits[len(waits) // 2] < 15 * MINUTE
    assert feed.readings_a_day(last_week) <= 65
    nights = [time for time in feed.readings if time >= last_week and time.hour < 5]
    assert len(nights) <= 45


def test_feed_of_ever_new_addresses_is_read_no_more_often_than_the_bound():
    """All of its entries are others at each reading."""
    wait = next_reading(Rhythm(dict.fromkeys(range(168), 1000000.0), 168), MONDAY, BOUNDS, entries=5000)
    assert wait == BOUNDS.shortest


def test_unchanged_listing_is_read_ever_less_often():
    """Down to the longest interval."""
    rhythm, time, since, waits = Rhythm(), MONDAY, None, []
    for _ in range(25):
        rhythm = after_reading(rhythm, since, time, 0)
        waits.append(next_reading(rhythm, time, BOUNDS, entries=10))
        since, time = time, time + waits[-1]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (24 * MINUTE, DAY)


def test_first_reading_shows_the_burst_of_the_day_before():
    """At the next noon the feed is read each six minutes, though it was never seen to change."""
    noon = MONDAY + 12 * HOUR
    dates = [MONDAY - 90 * DAY, *(noon + number * MINUTE for number in range(8)), noon + 9 * HOUR]
    rhythm = after_reading(Rhythm(), None, MONDAY + DAY, len(dates), dates)
    assert rhythm.new[12] == pytest.approx(7)
    assert next_reading(rhythm, MONDAY + DAY + 12 * HOUR, BOUNDS, entries=10) <= 6 * MINUTE


def test_reading_falls_on_the_beginning_of_an_hour_that_had_a_burst_on_the_only_day_known():
    """Let nothing come all morning, so that the hour looks less and less like a habit."""
    noon = MONDAY + 12 * HOUR
    dates = [noon + number * MINUTE for number in range(7)] + [noon + 2 * HOUR, noon + 5 * HOUR, noon + 9 * HOUR]
    time, since = MONDAY + DAY, None
    rhythm = after_reading(Rhythm(), since, time, len(dates), dates)
    while time < noon + DAY:
        since, time = time, time + next_reading(rhythm, time, BOUNDS, entries=10)
        rhythm = after_reading(rhythm, since, time, 0)
    assert time == noon + DAY


@pytest.mark.parametrize(
    "dates",
    [[], [MONDAY - HOUR], [MONDAY] * 30, [MONDAY + DAY] * 30],
    ids=["none", "one", "all now", "all in the future"],
)
def test_first_reading_whose_dates_say_nothing_is_that_of_a_new_listing(dates):
    """It is read by what it brings from then on."""
    assert after_reading(Rhythm(), None, MONDAY, 30, dates) == Rhythm()


def test_rhythm_survives_the_database():
    """And a damaged one counts as that of a new listing."""
    rhythm = after_reading(Rhythm(), MONDAY, MONDAY + HOUR, 7)
    assert Rhythm.from_json(rhythm.to_json()).new == {0: 7.0}
    assert [Rhythm.from_json(text) for text in (None, "", "[]", '{"new":{"900":1}}', '{"hours":"x"}')] == [Rhythm()] * 5


def test_clock_that_was_set_back_teaches_nothing():
    """Nor does it fail."""
    assert after_reading(Rhythm({3: 1.0}, 5), MONDAY, MONDAY - 3 * DAY, 4) == Rhythm({3: 1.0}, 5)


@pytest.mark.parametrize(
    ("kind", "before", "entries", "shared", "new", "expected"),
    [
        ("feed", 10, 10, 0, 10, True),
        ("feed", 10, 10, 0, 2, True),  # the others were found in section pages
        ("feed", 10, 10, 0, 0, False),  # all were found elsewhere
        ("feed", 10, 10, 1, 9, False),
        ("feed", 0, 10, 0, 10, False),  # its first reading
        ("feed", 1, 1, 0, 1, False),  # it shows the newest article only
        ("news sitemap", 40, 30, 0, 30, True),
        ("sitemap", 40, 30, 0, 30, False),
        ("front", 40, 30, 0, 30, False),
    ],
)
def test_listing_is_outrun_if_it_shares_no_entry_with_the_reading_before(kind, before, entries, shared, new, expected):
    """Only of feeds and news sitemaps can that be said."""
    assert is_outrun(kind, before, entries, shared, new) is expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("abcdefgh", "azyxwvut", 1),  # one on top
        ("abcdefgh", "abzyxwvu", 2),
        ("abcdefgh", "azyxwvuts", 1),  # the feed has grown
        ("abcdefgh", "zyxwvuth", 1),  # one at the end
        ("abcdefgh", "zyxwvuta", 0),  # seven new ones; the newest of the last reading is the last
        ("abcdefgh", "zyxwvabc", 0),
        ("hgfedcba", "abcdefgz", 0),
        ("abc", "zyxabc", 0),  # the feed has grown, and nothing is gone
        ("abcdefgh", "abcdefgh", 0),
        ("abcdefgh", "zyxwvuts", 0),
    ],
)
def test_entry_that_keeps_its_place_while_the_others_change_is_pinned(before, now, expected):
    """One that moves on is not: it shows that no article was missed between two readings."""
    assert pinned([*before.encode()], [*now.encode()]) == expected


@pytest.mark.parametrize(
    ("kind", "last_change", "newest", "interval"),
    [
        ("sitemap", MONDAY - 31 * DAY, None, 7.75 * DAY),
        ("sitemap", MONDAY - 29 * DAY, None, None),
        ("sitemap", MONDAY - 1 * DAY, 31 * DAY, 7.75 * DAY),  # of a past month
        ("sitemap", None, 31 * DAY, 7.75 * DAY),  # at its first reading
        ("sitemap", None, None, None),
        ("sitemap", None, 3000 * DAY, 30 * DAY),  # one of thousands
        ("sitemap", MONDAY - 0 * DAY, 31 * DAY, None),  # it has just changed
        ("sitemap", MONDAY - 29 * DAY, -20_000 * DAY, None),  # a date far in the future
        ("news sitemap", MONDAY - 31 * DAY, 31 * DAY, 7.75 * DAY),
        ("feed", MONDAY - 31 * DAY, 31 * DAY, None),
    ],
)
def test_sitemap_fades_if_it_is_old_and_unchanged(kind, last_change, newest, interval):
    """Then it is read weekly, and one of past years monthly."""
    assert faded_interval(kind, MONDAY, last_change, newest and MONDAY - newest) == interval


@pytest.mark.parametrize(
    ("kind", "age", "wanted"),
    [("feed", 23 * HOUR, False), ("front", DAY, True), ("sitemap", 6 * DAY, False),
     ("sitemap", 7 * DAY, True), ("news sitemap", DAY, True)],
)  # fmt: skip
def test_listing_is_asked_for_whole_once_its_body_is_old(kind, age, wanted):
    """A day; of a sitemap, which may have 50 MB, a week."""
    assert is_body_old(kind, MONDAY, MONDAY - age) is wanted
    assert not is_body_old(kind, MONDAY, None)
