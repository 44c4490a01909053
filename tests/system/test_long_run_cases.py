"""Test what people of this trade asked of a crawler that runs for years, with a clock that is set for each pass."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from pipelines.core.timestamps import stamp
from tests.support.command import tables
from tests.support.long_run import DAY, HOUR, MINUTE, LongRun, living
from tests.support.month.pages import START
from tests.support.small_paper import TEXT

pytestmark = pytest.mark.exhaustive

CONSENT = """<!DOCTYPE html><html><head><title>We value your privacy</title></head><body><div id="didomi-host">
<h1>We value your privacy</h1><p>We and our 824 partners use cookies to show personalised advertising. Do you accept
that we store cookies for our partners and their advertising?</p><p>You can accept all cookies or manage your consent
with each of our partners, who use cookies for advertising. I accept all cookies.</p></div></body></html>"""
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def run(tmp_path):
    with living(tmp_path) as run:
        run.paper.watch(run.archive)
        yield run


def publish(run: LongRun, number: int, day: float | None = None) -> None:
    """Put a new story at the head of the feed, which keeps twenty. `day`: of the run, in its address; None: of 2024."""
    while len(run.paper.stories) <= number:
        n = len(run.paper.stories)
        date = f"2024/{n // 28 % 12 + 1:02}/{n % 28 + 1:02}" if day is None else f"{START + timedelta(day):%Y/%m/%d}"
        run.paper.stories.append(f"{run.paper.url}/{date}/story-number-{n}.html")
        run.paper.write_story(n, f"Report {n}. {TEXT}")
    run.paper.feed(*range(number, max(number - 20, -1), -1))


def told(*passes) -> list[str]:
    """Return the lines that passes printed of what changed."""
    return [line for one in passes for line in one.output.splitlines() if "paper: " in line]


def test_paper_that_is_silent_beyond_its_own_rhythm_is_named_and_its_sunday_is_not(run):
    """Ten stories on a Friday, one on a Sunday, for three weeks; then none."""
    number, quiet = 3, []
    for day in range(21):
        for hour in range({4: 10, 6: 1}.get(day % 7, 4)):
            publish(run, number := number + 1, day)
            if hour % 4 == 0:
                quiet.append(run.crawl(day * DAY + (7 + hour) * HOUR))
        quiet.append(run.crawl(day * DAY + 20 * HOUR))
    assert told(*quiet) == []
    silent = [run.crawl(day * DAY + hour * HOUR) for day in (21, 22, 23) for hour in (8, 20)]
    (line,) = told(*silent)
    assert "silent" in line or "few articles" in line
    assert "silent" in {reason["kind"] for reason in run.health(24 * DAY)[1]}


def test_ten_refusals_in_a_row_are_one_message_and_their_end_is_another(run):
    """Said at the third, not again, and when it is over."""
    passes = [run.crawl(0)]
    healthy = dict(run.paper.answers)
    for path in ("/", "/feed", *(story.removeprefix(run.paper.url) for story in run.paper.stories)):
        run.paper.answers[path] = (403, b"", {})
    passes += [run.crawl(hour * HOUR) for hour in range(1, 40, 2)]
    assert [("refused" in line) for line in told(*passes)] == [True], told(*passes)
    run.paper.answers.update(healthy)
    after = [run.crawl((40 + hour) * HOUR) for hour in range(0, 30, 3)]
    (line,) = told(*after)
    assert "over" in line or "ended" in line or "well again" in line, line
    assert run.health(71 * HOUR)[0] == "ok"
    assert run.rows("SELECT count(*) FROM frontier WHERE state IN ('failed', 'disallowed')") == [(0,)]


def test_single_502_in_a_night_is_no_message(run):
    """A hiccup of a feed, and one of all of the site."""
    passes = [run.crawl(0)]
    healthy = dict(run.paper.answers)
    run.paper.answers["/feed"] = (502, b"", {})
    passes.append(run.crawl(2 * HOUR))
    run.paper.answers.update(healthy)
    passes += [run.crawl(hour * HOUR) for hour in (4, 6, 8)]
    for path in healthy:
        run.paper.answers[path] = (502, b"", {})
    passes.append(run.crawl(10 * HOUR))
    run.paper.answers.update(healthy)
    passes += [run.crawl(hour * HOUR) for hour in (12, 14)]
    assert told(*passes) == []
    assert {one.code for one in passes} == {0}


def test_feed_of_an_hour_is_read_24_times_in_24_hours_by_an_hourly_timer(run):
    """Also if each pass begins some seconds later than the one before ended."""
    with (run.archive / "sources" / "paper.toml").open("a") as file:
        file.write('[every]\nfeed = "1h"\n')
    for hour in range(25):
        publish(run, 3 + hour)
        run.crawl(hour * HOUR + hour % 7)
    assert 24 <= run.count("/feed") <= 26
    run.paper.asked.clear()
    for quarter in range(4 * 12):
        run.crawl(2 * DAY + quarter * 15 * MINUTE + quarter % 5)
    assert 11 <= run.count("/feed") <= 14


def test_slow_feed_is_asked_twice_a_day_at_most_without_settings(run):
    """One story a week: after the first week it is not asked more often."""
    for day in range(21):
        if day % 7 == 0:
            publish(run, 3 + day // 7)
        if day == 14:
            run.paper.asked.clear()
        for hour in range(0, 24, 2 if day >= 14 else 6):
            run.crawl(day * DAY + hour * HOUR)
    assert run.count("/feed") <= 2 * 7
    assert run.rows("SELECT count(*) FROM articles") == [(6,)]


def test_page_that_is_gone_and_back_is_said_and_the_diff_leads_across_the_gap(run):
    """`edits --gone` names it while it is gone; afterwards `diff` shows what changed meanwhile."""
    path = run.paper.stories[0].removeprefix(run.paper.url)
    run.crawl(0)
    run.paper.answers[path] = (404, b"", HTML)
    for hour in (2, 4, 26, 50):
        run.crawl(hour * HOUR)
    (gone,) = run.ask(51 * HOUR, "edits", "--gone")
    assert (gone["url"], gone["kind"]) == (run.paper.stories[0], "404"), gone
    run.paper.write_story(0, f"{TEXT} The mayor has resigned since.")
    for day in (7.1, 8, 9):
        run.crawl(day * DAY)
    difference = run.morgue.run(10 * DAY, "diff", run.paper.stories[0])
    assert "resigned" in difference.output
    shown = run.ask(10 * DAY, "show", run.paper.stories[0])
    assert [(one["kind"], one["ended"] is not None) for one in shown["page_states"]] == [("404", True)]
    assert run.rows("SELECT revision FROM articles WHERE url = ?", run.paper.stories[0]) == [(2,)]


def test_consent_page_of_three_days_is_no_edit_and_is_named(run):
    """The articles are found by their words all the while; no further one is filed under the wall's title."""
    run.crawl(0)
    healthy = dict(run.paper.answers)
    for story in run.paper.stories:
        run.paper.answers[story.removeprefix(run.paper.url)] = (200, CONSENT.encode(), HTML)
    passes = []
    for hour in range(2, 72, 4):
        passes.append(run.crawl(hour * HOUR))
        if hour in (30, 58):
            assert len(run.ask(hour * HOUR, "search", "harbour")) == 3
            status, reasons = run.health(hour * HOUR)
            assert (status, [reason["kind"] for reason in reasons]) == ("bad", ["consent wall"])
    assert len(told(*passes)) == 1
    run.paper.answers.update(healthy)
    for day in (3, 4, 5, 6, 7.5):
        run.crawl(day * DAY)
    assert run.rows("SELECT DISTINCT revision, access FROM articles") == [(1, None)]
    assert run.rows("SELECT count(*) FROM page_states WHERE ended IS NULL") == [(0,)]


WINTER, SUMMER = list(range(8, 16)), list(range(7, 15))  # hours UTC of 9-17 h in Berlin, asked at half past


@pytest.mark.parametrize(
    ("sunday", "friday_hours", "monday_hours"),
    [(20, WINTER, SUMMER), (230, SUMMER, WINTER)],  # day of the run in whose night the clocks change
    ids=["spring", "autumn"],
)
def test_source_with_office_hours_is_asked_by_the_clocks_of_its_zone(run, sunday, friday_hours, monday_hours):
    """Monday to Friday 9-17 h Berlin time, before and after the clocks change; on the Sunday, never."""
    with (run.archive / "sources" / "paper.toml").open("a") as file:
        file.write('[crawl]\nhours = "Mon-Fri 09:00-17:00 Europe/Berlin"\n[every]\nfeed = "30m"\n')
    asked = []
    for day in (sunday - 2, sunday, sunday + 1):
        for hour in (6, 7, 8, 11, 14, 15, 16):
            run.paper.asked.clear()
            run.crawl(day * DAY + hour * HOUR + 30 * MINUTE)
            if run.count("/feed"):
                asked.append((day - sunday, hour))
    hours = {-2: friday_hours, 0: [], 1: monday_hours}
    assert asked == [(day, hour) for day, open_ in hours.items() for hour in (6, 7, 8, 11, 14, 15, 16) if hour in open_]


def test_dates_that_go_missing_are_named_with_both_shares(run):
    """Two weeks of dated articles, then none has a date."""
    run.paper.stories.clear()

    def story(number: int, head: str) -> None:
        url = f"{run.paper.url}/news/story-of-the-harbour-{number}.html"
        run.paper.stories.append(url)
        page = f"<html><head><title>Story {number}</title>{head}</head><body><article><h1>Story {number}</h1>"
        body = f"<p>Report {number}. {TEXT}</p></article></body></html>"
        run.paper.answers[url.removeprefix(run.paper.url)] = (200, (page + body).encode(), HTML)
        run.paper.feed(*range(number, max(number - 20, -1), -1))

    number = -1
    for day in range(18):
        for _ in range(5):
            number += 1
            at = f"2026-03-{9 + day:02}T08:00:00Z"
            dated = f'<meta property="article:published_time" content="{at}">'
            story(number, dated if day < 15 else "")
        run.crawl(day * DAY + 10 * HOUR)
    status, reasons = run.health(17 * DAY + 11 * HOUR)
    assert (status, [reason["kind"] for reason in reasons]) == ("warn", ["fields"]), reasons
    assert "date 100% -> " in reasons[0]["evidence"]


def test_counts_and_ages_that_change_at_each_look_are_no_edits(run):
    """A view counter, "3 hours ago", a rating, a price; `edits` lists nothing. The change that is one is listed."""

    def write(look: int, text: str = TEXT) -> None:
        widgets = (
            f"<p>Read {4321 + 17 * look} times</p><p>{look + 2} hours ago</p><p>{3 + look} comments</p>"
            f"<p>Rated {4 + look % 2}.{look} of 5 by {90 + look} readers</p><p>Ticket: {10 + look},50 EUR</p>"
        )
        run.paper.write_story(0, f"{text}</p>{widgets}<p>The session goes on tomorrow in the town hall.")

    for look, hour in enumerate((0, 2, 4, 7, 13, 25, 50, 98, 170)):
        write(look)
        run.crawl(hour * HOUR)
    assert run.ask(171 * HOUR, "edits") == []
    assert run.rows("SELECT max(revision) FROM articles") == [(1,)]
    write(20, f"{TEXT} The mayor has resigned.")
    run.crawl(15 * DAY)
    (edit,) = run.ask(15.1 * DAY, "edits")
    assert edit["url"] == run.paper.stories[0]
    assert run.ask(15.1 * DAY, "edits", "--title-only") == []
    assert run.ask(15.1 * DAY, "edits", "--min-change", "0.9") == []


def test_clock_that_is_400_days_ahead_for_a_pass_silences_nothing(run):
    """Said once; the next pass reads the feed again, and no further one is late. A rebuild knows of it."""
    run.crawl(0)
    run.crawl(1 * HOUR)
    path = run.paper.stories[0].removeprefix(run.paper.url)
    story, run.paper.answers[path] = run.paper.answers[path], (404, b"gone", {})
    run.crawl(400 * DAY)
    run.paper.answers[path] = story
    run.paper.write_story(1, f"Rewritten. {TEXT}")
    publish(run, 4)
    back = run.crawl(2 * HOUR)
    assert "clock" in back.output or "clock" in json.dumps(run.ask(2 * HOUR, "health"))
    run.crawl(3 * HOUR)
    publish(run, 5)
    for hour in (4, 5, 6):
        run.crawl(hour * HOUR)
    assert run.rows("SELECT count(*) FROM articles") == [(6,)]
    assert run.rows("SELECT count(*) FROM frontier WHERE next_visit > '2026-06-01'") == [(0,)]
    assert run.rows("SELECT count(*) FROM page_states WHERE since > '2026-06-01'") == [(0,)]
    assert run.rows("SELECT max(number), max(seen) < '2026-06-01' FROM revisions") == [(2, 1)]
    assert run.rows("SELECT count(*) FROM articles WHERE text LIKE 'Rewritten%' AND last_seen < '2026-06-01'") == [(1,)]
    assert "clock" not in json.dumps(run.ask(7 * HOUR, "health"))
    known = tables(run.archive / "morgue.db")
    (run.archive / "morgue.db").unlink()
    assert run.morgue.run(7 * HOUR, "rebuild").code == 0
    assert tables(run.archive / "morgue.db") == known


def test_clock_that_is_set_back_by_three_days_loses_no_time(run):
    """What was planned by it is due by the clock as it is now."""
    run.crawl(10 * DAY)
    run.crawl(10 * DAY + HOUR)
    publish(run, 4)
    for hour in (2, 3, 4, 5):
        run.crawl(7 * DAY + hour * HOUR)
    assert run.rows("SELECT count(*) FROM articles") == [(5,)]


def test_timer_of_one_source_leaves_its_host_alone_until_the_next_probe(run):
    """`crawl --due NAME` asks for what is due; a user who names the source has the host asked at once."""
    run.crawl(0)
    in_trouble = "UPDATE hosts SET trouble = 'HTTP 503', since = ?1, failures = 2, retry_at = ?2"
    with closing(sqlite3.connect(run.archive / "morgue.db")) as db, db:
        db.execute(in_trouble, (stamp(START), stamp(START + timedelta(hours=9))))
    asked = len(run.paper.asked)
    run.crawl(3 * HOUR, "--due", "paper")
    assert len(run.paper.asked) == asked
    assert run.rows("SELECT failures FROM hosts") == [(2,)]
    run.crawl(3 * HOUR, "paper")
    assert len(run.paper.asked) > asked


def test_clock_that_is_years_behind_writes_nothing_and_is_told(run):
    """After an empty battery it says 1970 or, once it is set, any other year. Then it is right, and all goes on."""
    for hour in range(4):
        run.crawl(hour * HOUR)
    known = tables(run.archive / "morgue.db")
    for years, year in ((-56, "1970"), (-2, "2024")):
        refused = run.crawl(years * 365 * DAY)
        assert (refused.code, "Traceback" in refused.output) == (10, False)
        assert f"the clock of this machine: says {year}-" in refused.stderr
        assert "set it" in refused.stderr
    assert tables(run.archive / "morgue.db") == known
    publish(run, 4)
    run.crawl(5 * HOUR)
    assert run.rows("SELECT count(*) FROM articles") == [(5,)]
