"""Test which parts of pages a crawl fetches and which it leaves to a later one, and what commands say of those."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import sleep

import pytest

from pipelines.core.timestamps import now, parse
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.furnished_paper import PARTS_OF_FIRST, PNG, furnished_paper, page_of, paths_of_parts, watch
from tests.support.http_server import Answer
from tests.support.small_paper import SmallPaper
from tests.support.watching import watching

pytestmark = pytest.mark.slow

ALL = ("-s", "capture.parts=all")
WAITING = "SELECT count(*) FROM frontier WHERE state = 'idle'"


@pytest.fixture
def paper():
    with furnished_paper() as paper:
        yield paper


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive")


def parts_in(archive: Path, paper: SmallPaper) -> set[str]:
    """Return the paths of which an archive has captures as parts."""
    return {
        path for (path,) in rows(archive, "SELECT replace(url, ?, '') FROM captures WHERE kind = 'part'", paper.url)
    }


def test_feed_that_falls_due_is_read_before_further_parts(paper, archive):
    """But for one that was in line already."""

    def publish(_cookie: str) -> Answer:
        paper.feed(0, 1)
        sleep(2.5)  # the feed falls due meanwhile
        return whole

    whole = paper.answers["/s.css"]
    paper.answers["/s.css"] = publish
    watch(paper, archive, "all", '[every]\nfeed = "1s"\n')
    crawl(archive)
    later = paper.asked[paper.asked.index("/s.css") + 1 :]
    assert "/feed" in later[:3]
    assert paths_of_parts(paper) == PARTS_OF_FIRST | {"/p1.png"}


@pytest.mark.parametrize("more", [ALL, ()])
def test_list_of_pages_and_site_without_a_file_bring_parts_only_if_the_command_says_so(paper, archive, more):
    """Settings of the archive are about what it watches."""
    settings = archive / "morgue.toml"
    settings.write_text(settings.read_text().replace("[capture]\n", '[capture]\nparts = "all"\n'))
    expected = PARTS_OF_FIRST if more else set()
    done = crawl(archive, *more, "--urls", "-", stdin=paper.stories[0])
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stdout + done.stderr
    assert parts_in(archive, paper) == expected
    paper.front(paper.stories[1])
    done = crawl(archive, *more, paper.url)
    assert rows(archive, "SELECT count(*) FROM articles") == [(2,)], done.stdout + done.stderr
    assert parts_in(archive, paper) == expected | ({"/p1.png"} if more else set())


def test_list_goes_on_with_the_parts_that_it_has_left(paper, archive):
    """And with no others that wait."""
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_per_crawl=1")
    crawl(archive, *ALL, "-s", "capture.parts_per_crawl=1", "--urls", "-", stdin=paper.stories[1])
    assert len(paths_of_parts(paper)) == 2
    crawl(archive, *ALL, "--urls", "-", stdin=paper.stories[1])
    assert paths_of_parts(paper) == PARTS_OF_FIRST - {"/p0.png"} | {"/p1.png"}


def test_limit_counts_pages_and_brings_the_parts_of_these_alone(paper, archive):
    """Parts of other pages wait on."""
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_per_crawl=1", "-s", "capture.parts=images")
    waiting = {"/p0.png", "/both.png"} - paths_of_parts(paper)
    paper.asked.clear()
    paper.feed(0, 1)
    done = crawl(archive, "--limit", "1", "paper")
    assert done.returncode == 0, done.stderr
    assert rows(archive, "SELECT count(*) FROM articles") == [(2,)]
    assert paths_of_parts(paper) >= PARTS_OF_FIRST - {"/p0.png", "/both.png"} | {"/p1.png"}
    assert rows(archive, "SELECT url FROM frontier WHERE state = 'idle'") == [
        (f"{paper.url}{path}",) for path in waiting - {"/both.png"}
    ]


def test_parts_that_the_settings_ask_for_no_more_are_not_fetched(paper, archive):
    """What waits goes on waiting, and comes when it is asked for again."""
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_per_crawl=1")
    asked = paths_of_parts(paper)
    watch(paper, archive, "none")
    assert "nothing is due" in crawl(archive).stdout
    assert paths_of_parts(paper) == asked
    watch(paper, archive, "images")
    crawl(archive)
    assert paths_of_parts(paper) == asked | {"/p0.png", "/both.png", "/b.png"}
    assert "nothing is due" in crawl(archive).stdout
    watch(paper, archive, "all")
    crawl(archive)
    assert paths_of_parts(paper) == PARTS_OF_FIRST


def test_address_to_which_many_parts_redirect_is_asked_for_once(paper, archive):
    """Its picture is there for all of them."""
    moved = [f"/moved{number}.png" for number in range(9)]
    markup = "".join(f'<img src="{path}">' for path in moved)
    paper.answers[paper.stories[0].removeprefix(paper.url)] = (200, page_of(0, markup), {})
    for path in moved:
        paper.answers[path] = (302, b"", {"Location": "/target.png"})
    paper.answers["/target.png"] = (200, b"\x89PNG target", PNG)
    watch(paper, archive, "images")
    done = crawl(archive)
    assert paths_of_parts(paper) >= {*moved, "/target.png"}
    assert paper.asked.count("/target.png") == 1
    target = "(SELECT id FROM frontier WHERE url LIKE '%/target.png')"
    assert rows(archive, f"SELECT count(*) FROM page_parts WHERE part_id = {target}") == [(9,)]
    assert rows(archive, WAITING) == [(0,)]
    assert "3 fetched" in done.stdout
    assert "8 known already" in done.stdout


def test_parts_of_an_unchanged_sheet_are_asked_for_again(paper, archive):
    """After capture.parts_recheck, as the sheet is: a picture may change while its name in the sheet stays."""
    watch(paper, archive, "all")
    status, body, headers = paper.answers["/s.css"]
    paper.answers["/s.css"] = (status, body, headers | {"ETag": '"1"'})
    crawl(archive)
    paper.answers["/s.css"] = (304, b"", {"ETag": '"1"'})
    sleep(2)
    paper.asked.clear()
    paper.feed(0, 1)
    done = crawl(archive, "-s", "capture.parts_recheck=1s", "paper")
    assert paths_of_parts(paper) == PARTS_OF_FIRST - {"/p0.png"} | {"/p1.png"}, done.stdout + done.stderr
    assert "1 unchanged (HTTP 304)" in done.stdout


def test_due_and_sources_count_the_parts_that_wait(paper, archive):
    """`due` those that the settings ask for."""
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_per_crawl=1")
    waiting = rows(archive, WAITING)[0][0]
    assert waiting > 2

    def due(*more: str) -> str:
        """Return the last word of the line of the source, if it is a number of parts."""
        head, row = morgue("-C", archive, "due", *more).stdout.splitlines()[:2]
        return row.split()[-1] if head.endswith("parts") else "no parts"

    assert due() == str(waiting)
    assert due("-s", "capture.parts=images") == "3"
    assert due("-s", "capture.parts=none") == "no parts"
    (source,) = json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)
    assert source["parts"] == waiting
    assert "parts" in morgue("-C", archive, "sources").stdout.splitlines()[0].split()
    assert f"{waiting} parts of pages to fetch" in morgue("-C", archive, "sources", "show", "paper").stdout
    crawl(archive)
    assert "parts" not in morgue("-C", archive, "sources").stdout.splitlines()[0].split()


def test_watch_goes_on_soon_while_parts_wait(paper, archive):
    """However seldom it looks, and although its pass fetched parts only."""
    watch(paper, archive, "all")
    crawl(archive, "-s", "capture.parts_per_crawl=1")
    with watching(archive, "-s", "capture.parts_per_crawl=1", every="6h") as running:
        running.wait_for_passes(1)
        status = running.status
    assert status["last_pass"]["counts"] == {"parts": 1}
    assert parse(status["next_pass"]) - now() < timedelta(minutes=2)


def test_part_that_failed_is_planned_and_named_as_next(paper, archive):
    """It is tried again after a day."""
    paper.answers["/p0.png"] = (503, b"", {})
    watch(paper, archive, "images", '[every]\nfeed = "3d"\nsection = "3d"\n[crawl]\nrecheck = ["9d"]\n')
    crawl(archive)
    at = rows(archive, "SELECT next_visit FROM frontier WHERE state = 'idle'")[0][0]
    assert timedelta(hours=23) < parse(at) - now() < timedelta(hours=25)
    assert f"next at {at}" in crawl(archive).stdout
    paper.answers["/p0.png"] = (200, b"\x89PNG", PNG)
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE frontier SET next_visit = '2024-01-01T00:00:00Z' WHERE state = 'idle'")
    assert "parts: 1 fetched" in crawl(archive).stdout
