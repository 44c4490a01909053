"""Test what is told: each change once, its end, a reminder if the user wants one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.health.kinds import ARCHIVE_ID, BAD, WARN, HealthReason, SourceVerdict
from crawler.health.told_changes import news, with_history
from tests.support.health_cases import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = NOW - HOUR


def reason(kind="refused", status=BAD):
    return HealthReason(kind, status, SINCE, "HTTP 403")


def told_in(passes, remind=0, fails=()):
    """Return what is told in each of these passes, an hour apart, of a source with such reasons; None: ARCHIVE away."""
    rows, said = {}, []
    for number, reasons in enumerate(passes):
        verdict = SourceVerdict(1, "paper", tuple(reasons or ()), is_away=reasons is None)
        found = news(
            list(rows.values()), [SourceVerdict(ARCHIVE_ID, "(archive)"), verdict], NOW + number * HOUR, remind
        )
        said.append([f"{one.change} {one.reason.kind}" for one in found.changes])
        new = [one.untold if number in fails else one.told for one in found.changes]
        rows.update({row.kind: row for row in (*found.kept, *new)})
        for row in found.dropped:
            del rows[row.kind]
    return said


ILL, WELL, AWAY = [reason()], [], None


@pytest.mark.parametrize(("passes", "said"), [
    ([WELL, WELL], [[], []]),
    ([ILL] * 10 + [WELL] * 2, [["began refused"], *[[]] * 9, ["ended refused"], []]),
    ([[reason(status=WARN)], ILL, [reason(status=WARN)]], [["began refused"], ["worse refused"], []]),
    ([ILL, AWAY, AWAY, WELL], [["began refused"], [], [], ["ended refused"]]),
    ([ILL, WELL, ILL, WELL, ILL, WELL], [["began refused"], ["ended refused"], [], [], [], []]),
    ([ILL, WELL, *[WELL] * 24, ILL], [["began refused"], ["ended refused"], *[[]] * 24, ["began refused"]]),
    ([ILL, WELL, ILL, *[WELL] * 26], [["began refused"], ["ended refused"], *[[]] * 24, ["ended refused"], [], []]),
    ([[reason("silent")], [reason("host down")], WELL],
     [["began silent"], ["began host down"], ["ended host down", "ended silent"]]),
    ([[reason("broken file")], WELL], [["began broken file"], []]),
])  # fmt: skip
def test_changes_of_a_source_are_told_once(passes, said):
    """What flaps is told once; what a cause hides, or only a crawl can see, has not ended."""
    assert [sorted(one) for one in told_in(passes)] == [sorted(one) for one in said]


def test_message_that_could_not_be_sent_is_sent_again():
    """The beginning, and the end too."""
    said = told_in([ILL, ILL, ILL, WELL, WELL, WELL], fails=(0, 3))
    assert said == [["began refused"], ["began refused"], [], ["ended refused"], ["ended refused"], []]


def test_reminder_comes_at_the_interval_of_the_setting():
    """Once a day while the sickness lasts."""
    said = told_in([ILL] * 50, remind=86400)
    assert [number for number, one in enumerate(said) if one] == [0, 24, 48]


def test_source_that_is_not_watched_any_more_is_forgotten():
    """Its file is gone: its sickness is not over, and nothing is told."""
    first = news([], [SourceVerdict(1, "paper", (reason(),))], NOW)
    then = news([one.told for one in first.changes], [SourceVerdict(2, "other")], NOW + HOUR)
    assert (then.changes, [row.source_id for row in then.dropped]) == ((), [1])


def test_reason_that_ended_by_a_clock_ahead_is_told_again():
    """The end lies in the future: it is no relapse for a year."""
    began = news([], [SourceVerdict(1, "paper", (reason(),))], NOW).changes[0]
    ended = news([began.told], [SourceVerdict(1, "paper")], NOW + 400 * DAY).changes[0]
    back = news([ended.told], [SourceVerdict(1, "paper", (reason(),))], NOW + HOUR)
    assert [change.change for change in back.changes] == ["began"]


def test_broken_file_is_ill_until_a_crawl_sees_it_no_more():
    """A file that was corrected is over with the next crawl; `morgue health` goes by what the last one noted."""
    (noted,) = [one.told for one in news([], [SourceVerdict(1, "paper", (reason("broken file"),))], NOW).changes]
    well = [SourceVerdict(1, "paper")]
    assert [one.kind for one in with_history(well, [noted])[0].reasons] == ["broken file"]
    seen = with_history(well, [noted], unseen=frozenset())
    (over,) = news([noted], seen, NOW + HOUR, unseen=frozenset()).changes
    assert (over.change, over.reason.kind) == ("ended", "broken file")
    again = news([over.told], [SourceVerdict(1, "paper", (reason("broken file"),))], NOW + 2 * HOUR).kept
    mended = news(again, well, NOW + 3 * HOUR, unseen=frozenset())
    assert (mended.changes, with_history(well, mended.kept)[0].reasons) == ((), ())
