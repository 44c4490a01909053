"""Test servers that answer oddly for days, with a clock that is set for each pass: each ends well, within bounds."""

from __future__ import annotations

import itertools
import json
import os
import subprocess

import pytest

from tests.support.long_run import DAY, HOUR, MINUTE, LongRun, living
from tests.support.small_paper import TEXT

pytestmark = pytest.mark.exhaustive

NO_CONDITIONS = "HTTP 304 to a request without conditions"
ILL = "SELECT count(*) FROM frontier WHERE failures > 0 AND kind != 'tdmrep' OR state NOT IN ('waiting', 'done')"


@pytest.fixture
def run(tmp_path):
    with living(tmp_path) as run:
        run.paper.watch(run.archive)
        yield run


def publish(run: LongRun) -> None:
    """Put one more story at the head of the feed."""
    number = len(run.paper.stories)
    run.paper.stories.append(f"{run.paper.url}/2024/02/{number:02}/story-number-{number}.html")
    run.paper.write_story(number, f"Report {number}. {TEXT}")
    run.paper.feed(*range(number, -1, -1))


def validate(run: LongRun) -> None:
    """Give each answer but robots.txt the same ETag, whatever it is."""
    for path, (status, body, headers) in list(run.paper.answers.items()):
        if path != "/robots.txt":
            run.paper.answers[path] = (status, body, {**headers, "ETag": '"1"'})


@pytest.mark.parametrize(
    ("status", "retry_after", "hours"),
    [
        (503, "315360000", 24),
        (429, "Fri, 31 Dec 9999 23:59:59 GMT", 24),
        (429, "-5", 1),
        (503, "Mon, 01 Jan 2024 00:00:00 GMT", 1),
    ],
    ids=["ten years", "far date", "negative", "past"],
)
def test_retry_after_of_all_answers_is_obeyed_for_a_day_at_most(run, status, retry_after, hours):
    """Of feeds and of pages; what is no time to come counts as if it were not there. Then all is due."""
    run.crawl(0)
    healthy = dict(run.paper.answers)
    for path in healthy.keys() - {"/robots.txt"}:
        run.paper.answers[path] = (status, b"", {"Retry-After": retry_after})
    run.crawl(HOUR)
    (again,) = run.rows(
        """SELECT round((julianday(max(min(next_visit), coalesce((SELECT retry_at FROM hosts), ''))) -
                         julianday('2026-03-09T01:00:00Z')) * 24) FROM frontier WHERE failures > 0 AND kind = 'feed'"""
    )
    assert again == (hours,)
    run.paper.answers.update(healthy)
    run.crawl((1.1 + hours) * HOUR)
    run.crawl((3 + hours) * HOUR)
    assert run.rows(ILL) == [(0,)]


def test_feed_that_always_asks_for_years_stops_its_paper_for_one_day_only(run):
    """The first time its host is left alone as it wishes, not even asked for what was in line; then the feed waits."""
    run.crawl(0)
    feed = run.paper.answers["/feed"]
    run.paper.answers["/feed"] = (429, b"", {"Retry-After": "315360000"})
    run.crawl(1.1 * HOUR)
    run.paper.asked.clear()
    run.crawl(12 * HOUR)
    assert run.paper.asked == []
    run.crawl(26 * HOUR)
    assert run.count("/feed") == 1
    run.paper.front(run.paper.stories[0].replace("number-0", "number-99"))
    run.paper.answers["/2024/01/01/story-number-99.html"] = run.paper.answers["/2024/01/01/story-number-0.html"]
    for hour in (33, 40, 46):
        run.crawl(hour * HOUR)
    assert run.count("/feed") == 1
    assert run.count("/2024/01/01/story-number-99.html") >= 1
    assert run.health(46 * HOUR)[1][0]["kind"] == "dead listing"
    run.paper.answers["/feed"] = feed
    run.crawl(51 * HOUR)
    assert run.rows(ILL) == [(0,)]


def test_429_without_a_time_is_asked_again_by_a_later_pass_only(run):
    """One answer to one visit, so that three of them are three hours, and no message after the first."""
    run.crawl(0)
    run.paper.answers["/feed"] = (429, b"", {})
    run.paper.asked.clear()
    done = run.crawl(HOUR)
    assert run.count("/feed") == 1
    assert done.output == ""


def test_server_that_answers_304_to_everything_is_named_and_gives_up_nothing(run):
    """Such an answer without conditions is no success, of a page nor of a listing. Probes are a few a day."""
    healthy = dict(run.paper.answers)
    run.crawl(0)
    for path in healthy.keys() - {"/robots.txt"}:
        run.paper.answers[path] = (304, b"", {})
    for hour in (2, 4, 8, 20):
        run.crawl(hour * HOUR)
    run.paper.asked.clear()
    for hour in range(24, 48, 4):
        run.crawl(hour * HOUR)
    assert len([path for path in run.paper.asked if path != "/robots.txt"]) <= 6
    status, reasons = run.health(48 * HOUR)
    assert (status, NO_CONDITIONS in json.dumps(reasons)) == ("bad", True)
    run.paper.answers.update(healthy)
    run.crawl(72 * HOUR)
    run.crawl(73 * HOUR)
    assert run.rows(ILL) == [(0,)]
    assert run.health(73 * HOUR)[0] == "ok"


def test_server_whose_304_hides_news_is_caught_after_a_day(tmp_path):
    """Feed and front page are read whole once a day; then the host is asked without validators."""
    with living(tmp_path, never_modified=True) as run:
        run.paper.watch(run.archive)
        validate(run)
        run.crawl(0)
        publish(run)
        validate(run)
        for hour in (6, 12, 22):
            run.crawl(hour * HOUR)
        assert run.rows("SELECT count(*) FROM articles") == [(3,)]
        run.crawl(34 * HOUR)
        assert run.rows("SELECT count(*) FROM articles") == [(4,)]
        publish(run)
        validate(run)
        run.crawl(44 * HOUR)
        assert run.rows("SELECT count(*) FROM articles") == [(5,)]
        assert run.rows("SELECT unconditional_until > '2026-03-23' FROM hosts") == [(1,)]


def test_etag_that_changes_on_equal_bytes_costs_looks_and_nothing_else(run):
    """No revision, no doubt of the host, no body stored twice once its file is finished."""
    number = itertools.count()
    run.paper.write_story(0, TEXT * 3)
    for path, (status, body, headers) in list(run.paper.answers.items()):
        run.paper.answers[path] = lambda _cookie, body=body, headers=headers, status=status: (
            status, body, {**headers, "ETag": f'"{next(number)}"'}
        )  # fmt: skip
    for hour in (0, 1.1, 3.1, 12.1, 25, 49, 170):
        run.crawl(hour * HOUR)
    assert run.rows("SELECT max(revision) FROM articles") == [(1,)]
    assert run.rows("SELECT unconditional_until FROM hosts") == [(None,)]
    first = run.paper.stories[0]
    (visits,) = run.rows("SELECT visits FROM frontier WHERE url = ?", first)
    assert visits <= (9,)
    (bodies,) = run.rows("SELECT count(*) FROM captures WHERE url = ? AND record_type = 'response'", first)
    assert bodies < visits


def test_robots_txt_that_fails_is_asked_for_once_an_hour_while_its_copy_holds(run):
    """However many passes there are; the pages are asked for as before."""
    run.paper.watch(run.archive, more='[every]\nfeed = "15m"\n')
    run.crawl(0)
    run.paper.answers["/robots.txt"] = (500, b"", {})
    run.paper.asked.clear()
    asked = []
    for minutes in (0, 15, 30, 45, 61):
        run.crawl(25 * HOUR + minutes * MINUTE, "-s", "crawl.retries=0")
        asked.append(run.count("/robots.txt"))
    assert asked == [1, 1, 1, 1, 2]
    assert "/feed" in run.paper.asked


def trap(run: LongRun) -> None:
    """Let the front page link traps, and five stories at addresses that have a new number at each reading."""
    number = itertools.count()

    def front(_cookie: str) -> tuple[int, bytes, dict[str, str]]:
        links = ["/calendar/2026/03/", "/shop?colour=red&size=4", "/archive/page/2/", "/news/?page=2&PHPSESSID=1"]
        for story in range(5):
            path = f"/news/story-of-the-town-about-its-{'abcde'[story]}-wall.html?visit={next(number)}"
            page = f"<html><head><title>Wall {story}</title></head><body><article><h1>Wall {story}</h1><p>{TEXT}</p>"
            run.paper.answers[path] = (200, f"{page}<p>Wall {story}.</p></article></body></html>".encode(), {})
            links.append(path)
        anchors = "".join(f'<a href="{link}">A headline of some length</a>' for link in links)
        return 200, f"<html><body><h1>Small</h1>{anchors}</body></html>".encode(), {}

    more = "".join(f'<a href="/calendar/2026/{month:02}/">Month {month}</a>' for month in range(1, 13))
    for path in ("/calendar/2026/03/", "/shop?colour=red&size=4", "/archive/page/2/"):
        run.paper.answers[path] = (200, f"<html><body><h1>Trap</h1>{more}</body></html>".encode(), {})
    run.paper.answers["/"] = front


def test_traps_cost_a_bounded_number_of_requests_and_are_counted(run):
    """An address that shows the text of another one is asked once more, and is no article. `health` names them."""
    trap(run)
    requests = []
    for day in range(5):
        run.paper.asked.clear()
        for hour in (0, 12):
            run.crawl(day * DAY + hour * HOUR)
        requests.append(len(run.paper.asked))
    assert run.rows("SELECT count(*) FROM articles") == [(8,)]
    assert max(requests) <= 40
    assert requests[4] <= requests[2]
    assert not [path for path in run.paper.asked if path.startswith(("/calendar", "/shop", "/archive"))]
    assert [reason["kind"] for reason in run.health(5 * DAY)[1]] == ["duplicates"]


def test_two_sources_that_list_the_same_are_said_once_and_read_once(run):
    """The last in the alphabet gets the articles; the message names both files, and is over with the second one."""
    run.paper.watch(run.archive, "twin")
    said = [run.crawl(hour * HOUR).output for hour in (0, 2, 4)]
    assert ["shared listing" in text for text in said] == [True, False, False]
    assert "sources/twin.toml" in said[0]
    assert run.count(run.paper.stories[0].removeprefix(run.paper.url)) <= 3
    assert run.rows("SELECT count(*) FROM articles") == [(3,)]
    assert [reason["kind"] for reason in run.health(5 * HOUR)[1]] == ["shared listing"]
    (run.archive / "sources" / "twin.toml").unlink()
    assert "is over" in run.crawl(6 * HOUR).output
    assert run.health(7 * HOUR) == ("ok", [])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a tmpfs")
def test_archive_on_a_read_only_disk_is_read_and_not_written(tmp_path):
    """Commands that write say so with exit code 6."""
    folder = tmp_path / "archive"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("cannot mount a tmpfs here")
    try:
        with living(tmp_path) as run:
            run.paper.watch(run.archive)
            run.crawl(0)
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            for words in ("health", "edits", "due", "sources"):
                run.ask(HOUR, words)
            for words in (["crawl", "--quiet"], ["watch", "--every", "1m"], ["sources", "pause", "paper"]):
                done = run.morgue.run(HOUR, *words)
                assert (done.code, done.output.count("Read-only file system")) == (6, 1), done.output
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
