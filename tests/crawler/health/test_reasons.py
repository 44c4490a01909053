"""Test what is said of a source, and what is not: a table of papers and the kinds of reasons they have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crawler.health.kinds import BAD, OF_ARCHIVE, PAUSED, WARN
from crawler.health.reasons import archive_reasons, verdicts
from crawler.health.told_changes import ENDED, news, noted, with_history
from pipelines.database.frontier.rows import BY_ROBOTS
from pipelines.database.health.facts import (
    ListingGap,
    PageCounts,
    PageStates,
    Refusals,
    SilentHost,
    SourceFacts,
    SourcePause,
)
from pipelines.database.health.told import Heard, ToldReason
from tests.support.health_cases import FEED, NOW, ago, archive, listing, paper, source_day

FRI_20_SUN_4 = lambda day: {4: 20, 6: 4}.get(day.weekday(), 12)  # noqa: E731
NOT_FOUND = listing(status=404, error="HTTP 404", failures=3, since=ago(hours=3))
BACK_SOON = listing(status=502, error="HTTP 502", failures=1, since=ago(hours=1))
SHUT = listing(status=None, error=BY_ROBOTS, failures=0)
FRONT = listing(url="https://paper.example/", kind="front")
DOWN = listing(status=None, error="host not found", failures=3, since=ago(hours=4))


def changed(facts, **counts):
    """Return a source whose last three days differ in some counts."""
    old = [day for day in facts.days if day.day < str(ago(days=2).date())]
    return replace(facts, days=(*old, *(source_day(ago(days=back), 20, **counts) for back in (2, 1, 0))))


@pytest.mark.parametrize(("facts", "expected"), [
    (paper(), []),
    (paper(FRI_20_SUN_4), []),
    (paper(lambda day: 20 if day.weekday() < 5 else 0), []),
    (paper(listings=(BACK_SOON,)), []),
    (paper(listings=(BACK_SOON, FRONT)), []),
    (paper(lambda day: 0, added=ago(days=3)), []),
    (paper(quiet_days=1), []),
    (paper(quiet_days=3), [("silent", BAD)]),
    (paper(quiet_days=20), [("silent", BAD)]),
    (paper(lambda day: 100 if day < ago(days=2) else 55), [("few articles", WARN)]),
    (paper(lambda day: 20 if day < ago(days=3) else 10), [("few articles", WARN)]),
    (paper(lambda day: 20 if day < ago(days=3) else 15), []),
    (paper(listings=(NOT_FOUND, FRONT)), [("dead listing", WARN)]),
    (paper(listings=(NOT_FOUND,)), [("dead listing", BAD)]),
    (paper(listings=(listing(error="an HTML page, not a feed", failures=3, since=ago(hours=3)), FRONT)),
     [("no listing", WARN)]),
    (paper(listings=(listing(trouble="empty", trouble_since=ago(days=1), failures=3), FRONT)), [("no listing", WARN)]),
    (paper(listings=(listing(trouble="empty", trouble_since=ago(days=1)), FRONT)), [("no listing", WARN)]),
    (paper(listings=(listing(trouble="empty", trouble_since=ago(hours=1)), FRONT)), []),
    (paper(listings=(listing(moved_to="https://new.example/", moved_since=ago(days=8)),)), [("moved listing", WARN)]),
    (paper(listings=(listing(moved_to="https://new.example/", moved_since=ago(days=6)),)), []),
    (paper(listings=(FRONT, listing(kind="sitemap", last_change=ago(days=31)))), [("stale sitemap", WARN)]),
    (paper(listings=(DOWN,), quiet_days=4), [("host down", BAD)]),
    (paper(hosts=(SilentHost("paper.example", "timed out", ago(hours=9), 4),)), [("host down", BAD)]),
    (paper(hosts=(SilentHost("paper.example", "HTTP 403", ago(hours=9), 4),)), [("refused", BAD)]),
    (paper(hosts=(SilentHost("paper.example", "HTTP 502", ago(hours=1), 1),)), []),
    (paper(refusals=Refusals(10, ago(hours=5), 77, 403)), [("refused", BAD)]),
    (paper(refusals=Refusals(2, ago(hours=1), 77, 403)), []),
    (paper(hosts=(SilentHost("paper.example", "HTTP 403", ago(hours=9), 4),),
           refusals=Refusals(10, ago(hours=5), 77, 403)), [("refused", BAD)]),
    (paper(listings=(SHUT,)), [("robots", BAD)]),
    (paper(listings=(replace(SHUT, kind="front"), listing())), []),
    (paper(pages=PageCounts(disallowed=4)), [("robots", BAD)]),
    (paper(page_states=(PageStates("consent wall", 5, ago(days=1), 9),)), [("consent wall", BAD)]),
    (paper(page_states=(PageStates("paywall", 5, ago(days=1), 9),)), [("paywall", WARN)]),
    (paper(page_states=(PageStates("error page", 5, ago(days=1), 9),)), [("error page", WARN)]),
    (paper(page_states=(PageStates("error page", 12, ago(days=1), 9),)), [("error page", BAD)]),
    (paper(page_states=(PageStates("consent wall", 1, ago(days=1), 9),)), []),
    (changed(paper(), consent=15), [("consent wall", BAD)]),
    (changed(paper(), paywalled=8), [("paywall", WARN)]),
    (changed(paper(), dated=12), [("fields", WARN)]),
    (changed(paper(), words=900), [("fields", WARN)]),
    (changed(paper(), words=900, paywalled=20), [("paywall", BAD)]),
    (changed(paper(), dated=12, words=900, paywalled=20), [("paywall", BAD), ("fields", WARN)]),
    (changed(paper(), signed=19), []),
    (paper(gaps=(ListingGap("https://paper.example/feed", ago(hours=3), ago(hours=2), 5),)), [("outrun", WARN)]),
    (paper(pages=PageCounts(fetched=40, nothing=30)), [("nothing to read", WARN)]),
    (paper(pages=PageCounts(fetched=40, nothing=10, duplicate=30)), [("duplicates", WARN)]),
    (paper(lambda day: 0, has_pages=False, listings=(listing(),)), [("no articles", BAD)]),
])  # fmt: skip
def test_reasons_of_a_source(facts, expected):
    """A cause hides its consequences; what is usual for the paper, or a single failure, is no reason."""
    _archive, verdict = verdicts(archive(facts), NOW)
    assert [(reason.kind, reason.status) for reason in verdict.reasons] == expected


def test_fields_may_fall_as_far_as_the_setting_says():
    """Dates of 12 in 20 articles are a fall of 40 points."""
    found = archive(changed(paper(), dated=12))
    assert [verdicts(found, NOW, coverage_drop=drop)[1].status for drop in (0.39, 0.41)] == [WARN, "ok"]


def test_fields_that_fall_are_named_with_both_numbers():
    """The share before, and the share now."""
    _archive, verdict = verdicts(archive(changed(paper(), dated=12)), NOW)
    assert verdict.reasons[0].evidence.startswith("date 100% -> 60%")


def test_day_without_a_crawl_says_nothing_of_a_source():
    """Few articles on a day on which the machine was off are no sickness."""
    facts = paper(lambda day: 20 if str(day.date()) != str(ago(days=1).date()) else 2)
    runs = frozenset(str(ago(days=back).date()) for back in range(40) if back != 1)
    assert verdicts(archive(facts, days_with_runs=runs), NOW)[1].reasons == ()


PAUSED_TILL_NOW = (SourcePause(ago(days=6), ago(hours=1)),)


@pytest.mark.parametrize("facts", [
    paper(quiet_days=6, pauses=PAUSED_TILL_NOW),
    paper(gaps=(ListingGap("https://paper.example/feed", ago(days=6), ago(hours=1), 5),), pauses=PAUSED_TILL_NOW),
    paper(quiet_days=20, is_paused=True),
    paper(is_paused=True, listings=(DOWN,)),
])  # fmt: skip
def test_silence_and_gap_of_a_pause_are_no_reasons(facts):
    """Silence, few articles and missed entries of that time are as the owner wished."""
    assert verdicts(archive(facts), NOW)[1].reasons == ()


def test_silence_before_and_after_a_pause_counts():
    """A paper that is still silent six days after its pause is ill; the pause is not in its habit."""
    facts = paper(quiet_days=9, pauses=(SourcePause(ago(days=8), ago(days=6)),))
    reason = verdicts(archive(facts), NOW)[1].reasons[0]
    assert (reason.kind, reason.evidence.partition(";")[0]) == ("silent", "no new article for 6 days")


def test_reason_told_before_a_pause_is_neither_over_nor_told_again():
    """There is no verdict on a paused source."""
    verdict = verdicts(archive(paper(is_paused=True)), NOW)[1]
    assert (verdict.status, verdict.is_unjudged("silent")) == (PAUSED, True)


OFFLINE = ("done",) * 2997 + ("nothing reachable",) * 3


@pytest.mark.parametrize(("facts", "expected"), [
    (archive(), []),
    (archive(free=150_000_000), [("disk", BAD)]),
    (archive(free=1_500_000_000, size=10**12), [("disk", WARN)]),
    (archive(free=1_500_000_000, size=10**10), []),
    (archive(free=None), []),
    (archive(outcomes=OFFLINE), [("offline", BAD)]),
    (archive(outcomes=(*OFFLINE[:-1], "done")), []),
    (archive(starts=tuple(ago(days=2, minutes=15 * n) for n in range(9, 0, -1)), outcomes=("done",) * 9),
     [("no pass", BAD)]),
    (archive(starts=tuple(ago(hours=5, minutes=15 * n) for n in range(9, 0, -1)), outcomes=("done",) * 9),
     [("no pass", WARN)]),
    (archive(starts=tuple(ago(days=7 * n) for n in range(9, 0, -1)), outcomes=("done",) * 9), []),
    (archive(starts=(ago(days=-400),), outcomes=("done",)), [("clock", BAD)]),
    (archive(clock_ahead=(0, 86_400, 0)), [("clock", BAD)]),
    (archive(clock_ahead=(86_400, 0, 0)), []),
    (archive(paper(listings=(listing(next_visit=ago(days=-400)),))), [("clock", BAD)]),
])  # fmt: skip
def test_reasons_of_the_archive(facts, expected):
    """Its disk, its clock, its passes and its network."""
    found = list(archive_reasons(facts, NOW))
    assert [(reason.kind, reason.status) for reason in found] == expected
    assert {reason.kind for reason in found} <= {*OF_ARCHIVE}


def test_machine_without_network_says_nothing_of_its_sources():
    """One message, not one for each of 500 papers."""
    found = verdicts(archive(paper(listings=(DOWN,)), outcomes=OFFLINE), NOW)
    assert [(one.status, one.is_away) for one in found] == [(BAD, False), ("ok", True)]


def test_replaced_feed_is_told_with_the_address_to_write_into_its_file():
    """It is known from a front page after one failure; what was told as dead before is going on as moved."""
    new = "https://paper.example/rss"
    dead = replace(NOT_FOUND, moved_to=new, moved_since=ago(hours=1))
    found = {
        one: verdicts(archive(paper(listings=(one, FRONT))), NOW) for one in (dead, replace(dead, replaced_by=new))
    }
    (was,), (reason,) = (verdict.reasons for _archive, verdict in found.values())
    assert (was.kind, reason.kind, reason.status) == ("dead listing", "moved listing", WARN)
    assert reason.evidence.endswith(f"{new} is read in its place")
    assert reason.next_step("paper") == f"write {new} in place of {FEED} into `feeds` of sources/paper.toml"
    first, then = found.values()
    heard = noted([], first, NOW)
    (began,) = news(heard, first, "printed", NOW)
    (change,) = news(noted(began.rows, then, NOW), then, "printed", NOW)
    assert (change.change, change.was) == ("changed", "dead listing")


def test_paywall_that_lasts_for_weeks_is_not_over():
    """The articles that new ones are compared with have it, too, and no older one is looked at that lost its text."""
    walled = paper()
    walled = replace(walled, days=tuple(replace(day, paywalled=day.articles) for day in walled.days))
    known = ToldReason(
        walled.id, "paywall", WARN, ago(days=20), "capture 9", ago(hours=1), printed=Heard(WARN, ago(days=20))
    )
    found = with_history(verdicts(archive(walled), NOW), [known])
    assert [reason.kind for reason in found[1].reasons] == ["paywall"]
    assert news(noted([known], found, NOW), found, "printed", NOW) == ()


def test_paywall_is_over_with_new_articles_that_have_none():
    """It is said once."""
    known = ToldReason(1, "paywall", WARN, ago(days=20), "capture 9", ago(days=2), printed=Heard(WARN, ago(days=20)))
    found = with_history(verdicts(archive(paper()), NOW), [known])
    assert [change.change for change in news(noted([known], found, NOW), found, "printed", NOW)] == [ENDED]


def issues(*back: int) -> SourceFacts:
    """Return a source that was added on the first of these days back, with articles on each of them."""
    days = tuple(source_day(ago(days=one), 12) for one in back if one <= 36)
    older = tuple((ago(days=one), ago(days=one)) for one in back if one > 36)
    return SourceFacts(1, "paper", ago(days=back[0]), days, older, has_pages=True)


@pytest.mark.parametrize(("facts", "kinds"), [
    (issues(7, 6), []),
    (issues(8, 7, 1), []),
    (issues(13, 12, 6, 5), []),
    (issues(*range(35, 4, -7)), []),
    (issues(30), []),
    (issues(90, 59, 28), []),
    (issues(152, 121, 90, 59), ["silent"]),
    (issues(*range(60, 40, -1)), ["silent"]),
    (issues(46), ["silent"]),
    (issues(*range(11, 3, -1)), ["silent"]),
])  # fmt: skip
def test_paper_is_silent_by_its_own_habit_once_that_is_known(facts, kinds):
    """A weekly added on the day before its issue; a monthly; a daily that is silent in its second week."""
    assert [reason.kind for reason in verdicts(archive(facts), NOW)[1].reasons] == kinds


def test_backfill_hides_no_silence():
    """Fifty old articles a day break none, and are no part of the habit."""
    healthy = paper(quiet_days=3)
    backfill = tuple(replace(source_day(ago(days=back), 50, fresh=0), first=None, last=None) for back in (2, 1, 0))
    (reason,) = verdicts(archive(replace(healthy, days=(*healthy.days, *backfill))), NOW)[1].reasons
    assert (reason.kind, reason.evidence.partition(";")[0]) == ("silent", "no new article for 2 days")


def test_small_paper_is_not_silent_before_it_missed_a_few_articles():
    """Two a day, none for 40 hours: three times as long as ever before, but it brings only so many."""
    assert verdicts(archive(paper(lambda day: 2, quiet_days=2)), NOW)[1].reasons == ()
