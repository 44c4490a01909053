"""Test what is told: each change once, its end, a reminder if the user wants one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.health.kinds import ARCHIVE_ID, BAD, WARN, HealthReason, SourceVerdict
from crawler.health.told_changes import news, noted, with_history
from tests.support.health_cases import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = NOW - HOUR


def reason(kind="refused", status=BAD):
    return HealthReason(kind, status, SINCE, "HTTP 403")


def told_in(passes, remind=0, fails=(), step=HOUR, audience="sent"):
    """Return what is told in each of these passes of a source with such reasons; None: nothing can be said of it.

    All is printed; in the passes that `fails` numbers, no message is sent.
    """
    book, said = {}, []
    for number, reasons in enumerate(passes):
        verdicts = [
            SourceVerdict(ARCHIVE_ID, "(archive)"),
            SourceVerdict(1, "paper", tuple(reasons or ()), is_away=reasons is None),
        ]
        now = NOW + number * step
        book = noted(book.values(), verdicts, now)
        found = {name: news(book, verdicts, name, now, remind) for name in ("printed", "sent")}
        said.append([f"{one.change} {one.reason.kind}" for one in found[audience]])
        for name, changes in found.items():
            if name == "printed" or number not in fails:
                marks = {row.key: row.heard(name) for one in changes for row in one.rows}
                book |= {key: book[key].told(name, heard) for key, heard in marks.items()}
    return said


ILL, WELL, AWAY = [reason()], [], None
FEW, SILENT = [reason("few articles", WARN)], [reason("silent")]


@pytest.mark.parametrize(("passes", "said"), [
    ([WELL, WELL], [[], []]),
    ([ILL] * 10 + [WELL] * 2, [["began refused"], *[[]] * 9, ["ended refused"], []]),
    ([[reason(status=WARN)], ILL, [reason(status=WARN)]], [["began refused"], ["worse refused"], []]),
    ([ILL, AWAY, AWAY, WELL], [["began refused"], [], [], ["ended refused"]]),
    ([ILL, WELL, ILL, WELL, ILL, WELL], [["began refused"], ["ended refused"], [], [], [], []]),
    ([ILL, WELL, *[WELL] * 24, ILL], [["began refused"], ["ended refused"], *[[]] * 24, ["began refused"]]),
    ([ILL, WELL, ILL, *[WELL] * 26], [["began refused"], ["ended refused"], *[[]] * 27]),
    ([ILL, WELL, *[ILL] * 30], [["began refused"], ["ended refused"], *[[]] * 23, ["began refused"], *[[]] * 6]),
    ([[reason("no listing", WARN)], [reason("dead listing", WARN)], WELL],
     [["began no listing"], ["changed dead listing"], ["ended dead listing"]]),
    ([FEW, SILENT, FEW, *[WELL] * 50],
     [["began few articles"], ["worse silent"], ["changed few articles"], *[[]] * 48, ["ended few articles"], []]),
    ([SILENT, [reason("host down")], WELL],
     [["began silent"], ["began host down"], ["ended host down", "ended silent"]]),
    ([[reason("lost files")], WELL], [["began lost files"], []]),
])  # fmt: skip
def test_changes_of_a_source_are_told_once(passes, said):
    """What flaps is told once; what a cause hides, or only a crawl can see, has not ended."""
    assert [sorted(one) for one in told_in(passes)] == [sorted(one) for one in said]


def test_reasons_of_days_are_not_over_and_new_when_one_day_differs():
    """A dead paper has few articles, then one usual day, then few, and is silent at last."""
    days = [FEW, WELL, FEW, SILENT, SILENT, WELL]
    assert told_in(days, step=DAY) == [["began few articles"], [], [], ["worse silent"], [], ["ended silent"]]


@pytest.mark.parametrize(("passes", "fails", "sent", "printed"), [
    ([ILL, ILL, ILL, WELL, WELL, WELL], (0, 3),
     [["began refused"], ["began refused"], [], ["ended refused"], ["ended refused"], []],
     [["began refused"], [], [], ["ended refused"], [], []]),
    ([ILL, WELL, WELL], (0,), [["began refused"], [], []], [["began refused"], ["ended refused"], []]),
])  # fmt: skip
def test_message_that_could_not_be_sent_is_sent_if_it_still_holds(passes, fails, sent, printed):
    """The end is told to those who heard of the beginning; what was printed is not printed again."""
    assert (told_in(passes, fails=fails), told_in(passes, fails=fails, audience="printed")) == (sent, printed)


def test_reminder_comes_at_the_interval_of_the_setting():
    """Once a day while the sickness lasts."""
    said = told_in([ILL] * 50, remind=86400)
    assert [number for number, one in enumerate(said) if one] == [0, 24, 48]


def book_of(verdict, now=NOW, known=()):
    """Return the book after a verdict, of which the reader of passes was told."""
    book = noted(known, [verdict], now, frozenset())
    rows = [row for one in news(book, [verdict], "printed", now, unseen=frozenset()) for row in one.rows]
    return [*(book | {row.key: row for row in rows}).values()]


def test_source_that_is_not_watched_any_more_is_forgotten():
    """Its file is gone: its sickness is not over, and nothing is told."""
    known = book_of(SourceVerdict(1, "paper", (reason(),)))
    assert noted(known, [SourceVerdict(2, "other")], NOW + HOUR) == {}


def test_reason_that_ended_by_a_clock_ahead_is_told_again():
    """The end lies in the future: it is no relapse for a year."""
    ill, well = SourceVerdict(1, "paper", (reason(),)), SourceVerdict(1, "paper")
    book = noted(book_of(well, NOW + 400 * DAY, book_of(ill)), [ill], NOW + HOUR)
    assert [change.change for change in news(book, [ill], "printed", NOW + HOUR)] == ["began"]


def test_lost_files_are_a_reason_until_a_crawl_sees_them_no_more():
    """See with the next crawl that it was restored; `morgue health` goes by what the last one noted."""
    broken, well = SourceVerdict(1, "paper", (reason("lost files"),)), SourceVerdict(1, "paper")
    known = book_of(broken)
    assert [one.kind for one in with_history([well], known)[0].reasons] == ["lost files"]
    assert with_history([well], known, unseen=frozenset())[0].reasons == ()
    for ill, mended in ((1, 2), (3, 4)):
        known = book_of(well, NOW + mended * HOUR, book_of(broken, NOW + ill * HOUR, known))
        assert with_history([well], known)[0].reasons == ()
