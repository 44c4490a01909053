"""Test at which ages the articles of a source are looked at, as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule.article_ages import (
    DAY,
    HOUR,
    MAX_EXTRA_LOOKS,
    are_claims_believed,
    earned_ages,
    hides_edit,
    is_first_look_after_a_day,
    sooner_after_alternate,
    sooner_after_edit,
)
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.items import FoundEdit, WatchedArticle

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
AGES = tuple(hours * HOUR for hours in (1, 3, 6, 12, 24, 48, 96, 168, 336, 720))
MONTH = 30 * DAY


def watched(number, *edits, age=MONTH):
    return [WatchedArticle(age, edits)] * number


def hours(ages):
    return [age / HOUR for age in ages]


@pytest.mark.parametrize(
    ("articles", "earned"),
    [
        (watched(200), [1, 24, 168]),  # no edit in 200 articles
        (watched(2000), [1, 24, 168]),
        (watched(150) + watched(20, (0, HOUR)) + watched(20, (HOUR, 3 * HOUR)), [1, 3, 24, 168]),
        (watched(150) + watched(30, (7 * DAY, 14 * DAY)), [1, 24, 168, 336]),  # edits come late
        # Only the three looks are made, and the edits came some time between two of them: most ages between are back.
        (watched(100) + watched(40, (HOUR, DAY)), [1, 6, 12, 24, 168]),
    ],
)
def test_source_gets_the_ages_that_its_edits_earn(articles, earned):
    """In hours; an hour, a day and a week are always among them."""
    assert hours(earned_ages(AGES, articles)) == earned


def test_source_that_is_not_known_yet_gets_the_early_ages():
    """Newspapers edit on the first day."""
    assert hours(earned_ages(AGES, []))[:5] == [1, 3, 6, 12, 24]


def test_source_whose_articles_are_too_young_to_tell_is_as_one_not_known():
    """Nobody looked at the ages in question yet."""
    assert earned_ages(AGES, watched(500, age=HOUR / 2)) == earned_ages(AGES, [])


@pytest.mark.parametrize("ages", [(), (5 * HOUR,), (DAY,)])
def test_short_list_of_ages_is_kept_in_part_at_least(ages):
    """An article is looked at again at least once, if any age is set."""
    assert earned_ages(ages, watched(500)) == ages


@pytest.mark.parametrize(
    ("since_edit", "early", "planned", "looks", "pause"),
    [
        (timedelta(0), timedelta(0), timedelta(days=5), 2, timedelta(hours=1)),
        (timedelta(hours=1), timedelta(0), timedelta(days=5), 2, timedelta(hours=1)),
        (timedelta(minutes=50), timedelta(minutes=10), timedelta(days=5), 2, timedelta(minutes=70)),
        (timedelta(hours=3), timedelta(0), timedelta(days=5), 2, timedelta(hours=1)),
        (timedelta(hours=13), timedelta(0), timedelta(days=5), 2, timedelta(hours=11)),
        (timedelta(hours=24), timedelta(0), timedelta(days=5), 2, timedelta(days=5)),
        (timedelta(0), timedelta(0), timedelta(minutes=20), 2, timedelta(minutes=20)),  # planned sooner anyway
        (timedelta(0), timedelta(0), timedelta(days=5), 2 + MAX_EXTRA_LOOKS, timedelta(days=5)),  # a live blog
    ],
)
def test_edited_article_is_looked_at_by_the_ages_of_its_edit(since_edit, early, planned, looks, pause):
    """For a day, a visit made `early` counting for its age, and only some times more than its own ages ask for."""
    plan, first = NextVisit("waiting", NOW + planned, "as planned"), NOW - timedelta(hours=1)
    after = sooner_after_edit(
        plan, NOW, first, FoundEdit(NOW - since_edit, timedelta(hours=1)), looks, AGES, due=NOW + early
    )
    assert after.at == NOW + pause


@pytest.mark.parametrize(("pause", "after"), [(1, 1), (12, 2), (24, 4), (24 * 6, 24), (24 * 7, 24 * 5)])
def test_edit_found_after_a_long_pause_is_taken_to_be_old(pause, after):
    """Hours since the look before, and to the next one, which is planned in five days."""
    plan, first = NextVisit("waiting", NOW + timedelta(days=5), "as planned"), NOW - timedelta(days=14)
    edit = FoundEdit(NOW, timedelta(hours=pause))
    assert sooner_after_edit(plan, NOW, first, edit, 8, AGES).at == NOW + timedelta(hours=after)


def test_article_edited_at_its_last_age_is_looked_at_again():
    """Its visits were done."""
    done = NextVisit("done", None, "at every age")
    assert (
        sooner_after_edit(
            done, NOW, NOW - timedelta(days=31), FoundEdit(NOW, 6 * HOUR * timedelta(seconds=1)), 11, AGES
        ).at
        is not None
    )


@pytest.mark.parametrize(
    ("first", "last", "is_first"),
    [
        (25, 13, True),
        (24, 12, True),
        (23.5, 12, True),
        (22, 11, False),
        (25, 1.5, False),
        (30, 5, False),
        (200, 190, True),
        (200, 24, False),
    ],
)
def test_first_look_after_a_day_is_told_from_all_others(first, last, is_first):
    """Hours before now of the first and the last visit."""
    visits = [NOW - timedelta(hours=hours) for hours in (first, last)]
    assert is_first_look_after_a_day(NOW, *visits) is is_first


@pytest.mark.parametrize(
    ("before", "after", "modified", "not_modified_at", "hidden"),
    [
        (('"1"', None), ('"1"', None), None, None, True),
        (('"1"', None), ('"2"', None), None, None, False),
        ((None, None), (None, None), None, None, False),
        (('"1"', None), ('"2"', None), "2026-11-23T05:00:00+00:00", "2026-11-23T07:00:00Z", True),
        (('"1"', None), ('"2"', None), "2026-11-23T06:50:00+00:00", "2026-11-23T07:00:00Z", False),  # a cache
        (('"1"', None), ('"2"', None), "2026-11-23T07:30:00+00:00", "2026-11-23T07:00:00Z", False),
        (('"1"', None), ('"2"', None), "2026-11-23", "2026-11-24T07:00:00Z", False),  # a day is too vague
        (('"1"', None), ('"2"', None), "2026-11-23T05:00:00+00:00", None, False),  # it was never 304
    ],
)
def test_server_whose_304_hid_an_edit_is_caught(before, after, modified, not_modified_at, hidden):
    """By validators that stay, or by a time of change before the 304."""
    assert hides_edit(before, after, modified, not_modified_at) is hidden


@pytest.mark.parametrize(
    ("plan", "wanted"),
    [
        (NextVisit("done", None, "every age"), 25),
        (NextVisit("waiting", NOW + timedelta(hours=200), "an age"), 25),
        (NextVisit("waiting", NOW + timedelta(hours=3), "an age"), 3),
    ],
)
def test_page_that_shows_an_earlier_text_is_looked_at_once_more(plan, wanted):
    """Hours from now. Looks that are over go on, and a sooner look stays."""
    found = sooner_after_alternate(plan, NOW)
    assert (found.state, found.at) == ("waiting", NOW + timedelta(hours=wanted))


@pytest.mark.parametrize(
    ("claims", "believed"),
    [([], True), ([False] * 2, True), ([False] * 3, False), ([True, True, False, False], True), ([True] * 3, True)],
)
def test_times_of_change_are_believed_if_edits_were_found_after_most_of_them(claims, believed):
    """One or two show nothing: a look may come before a cache gives the edit out."""
    assert are_claims_believed(claims) is believed
