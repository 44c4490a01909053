"""Test crawls that fetch the parts of pages: style sheets, pictures, fonts."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from threading import Event

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipelines.core.errors import ArchiveDamaged
from pipelines.database.connection import connect
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows, start, tables
from tests.support.furnished_paper import (
    CSS,
    PARTS_OF_FIRST,
    PNG,
    furnish,
    furnished_paper,
    page_of,
    paths_of_parts,
    watch,
)
from tests.support.http_server import Answer
from tests.support.pywb import collect, get, serve_collections
from tests.support.styled_paper import styled_paper
from tests.support.waiting import wait_until
from tests.support.web_view import viewing

pytestmark = pytest.mark.slow

FETCHED = "SELECT replace(url, ?, ''), status FROM captures WHERE kind = 'part' ORDER BY id"


@pytest.fixture
def paper():
    with furnished_paper() as paper:
        yield paper


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive")


WANTED = {"none": set(), "images": {"/p0.png", "/both.png"}, "all": PARTS_OF_FIRST}


@pytest.mark.parametrize("parts", WANTED)
def test_crawl_fetches_the_parts_that_the_settings_ask_for(paper, archive, parts):
    """Each once; of a picture in two sizes one."""
    watch(paper, archive, parts)
    done = crawl(archive)
    assert done.returncode == 0, done.stderr
    assert paths_of_parts(paper) == WANTED[parts]
    assert max(Counter(paper.asked).values()) == 1
    assert {path for path, status in rows(archive, FETCHED, paper.url) if status == 200} == WANTED[parts]
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state IN ('idle', 'claimed')") == [(0,)]


def test_second_page_brings_only_its_own_parts(paper, archive):
    """What the archive has is not asked for again."""
    watch(paper, archive, "all")
    crawl(archive)
    paper.asked.clear()
    paper.feed(0, 1)
    crawl(archive, "paper")
    assert paths_of_parts(paper) == {"/p1.png"}
    shared = "SELECT count(*) FROM page_parts p JOIN frontier f ON f.id = p.part_id WHERE f.url LIKE '%/s.css'"
    assert rows(archive, shared) == [(2,)]


def test_part_is_asked_for_again_conditionally_after_a_time(paper, archive):
    """If a new page has it. 304 is a revisit."""
    watch(paper, archive, "all")
    for path in ("/s.css", "/both.png"):
        status, body, headers = paper.answers[path]
        paper.answers[path] = (status, body, headers | {"ETag": '"1"'})
    crawl(archive)
    paper.answers["/both.png"] = (304, b"", {"ETag": '"1"'})
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE frontier SET last_visit = '2024-01-01T00:00:00Z' WHERE kind = 'part'")
    paper.asked.clear()
    paper.feed(0, 1)
    crawl(archive, "paper")
    assert paths_of_parts(paper) == PARTS_OF_FIRST - {"/p0.png"} | {"/p1.png"}
    sql = "SELECT record_type, status FROM captures WHERE url LIKE '%/both.png' ORDER BY id"
    assert rows(archive, sql) == [("response", 200), ("revisit", 304)]


def test_robots_txt_holds_for_parts(paper, archive):
    """What it forbids is left out and counted."""
    paper.robots("/p0.png")
    watch(paper, archive, "all")
    done = crawl(archive)
    assert paths_of_parts(paper) == PARTS_OF_FIRST - {"/p0.png"}
    assert done.returncode == 0
    assert "by robots.txt" in done.stdout + done.stderr


def test_list_of_pages_brings_no_parts(paper, archive):
    """It is what the user listed, and nothing else."""
    watch(paper, archive, "all")
    done = crawl(archive, "--urls", "-", stdin=paper.stories[0])
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stderr
    assert paths_of_parts(paper) == set()


ODD = {
    "not there": (404, b"no", {}),
    "gone wrong": (500, b"no", {}),
    "a page": (200, b"<html><body>Not found</body></html>", {"Content-Type": "text/html"}),
    "a loop": (302, b"", {"Location": "/p0.png"}),
    "on another host": (302, b"", {"Location": "http://127.0.0.2:9/x.png"}),
    "unchanged, unasked": (304, b"", {}),
    "too large": (200, b"\0" * 200_000, PNG),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_part_is_left_out_and_harms_nothing(paper, archive, what):
    """It is counted, and the article and the other parts are there."""
    paper.answers["/p0.png"] = ODD[what]
    watch(paper, archive, "all", 'part_bytes = "100kB"\n')
    done = crawl(archive)
    assert done.returncode == 0, done.stderr
    assert rows(archive, "SELECT count(*) FROM articles") == [(1,)]
    assert paths_of_parts(paper) == PARTS_OF_FIRST
    assert "parts: 6 fetched" in done.stdout + done.stderr


def test_page_with_many_pictures_brings_a_limited_number(paper, archive):
    """The others are counted."""
    furnish(paper, 0, markup="".join(f'<img src="/many/{number}.png">' for number in range(2000)))
    watch(paper, archive, "all", "parts_per_page = 10\n")
    crawl(archive)
    assert len(paths_of_parts(paper)) <= 10 + 3  # of the page, and of its sheets
    assert rows(archive, "SELECT count(*) FROM frontier WHERE kind = 'part'")[0][0] <= 13


def test_parts_beyond_the_limit_of_a_crawl_wait_for_the_next(paper, archive):
    """A crawl of which nothing else is due fetches them."""
    watch(paper, archive, "all")
    done = crawl(archive, "-s", "capture.parts_per_crawl=3")
    assert "parts wait for a later crawl" in done.stdout
    assert len(paths_of_parts(paper)) == 3
    crawl(archive)
    assert paths_of_parts(paper) == PARTS_OF_FIRST


def test_rebuild_makes_the_same_rows(paper, archive):
    """Of the queue, and of which page has which part; after a redirect, a takedown, and with parts that wait."""
    paper.answers["/both.png"] = (302, b"", {"Location": "/moved.png"})
    paper.answers["/moved.png"] = (200, b"\x89PNG moved", PNG)
    watch(paper, archive, "all")
    crawl(archive)
    paper.answers[paper.stories[1].removeprefix(paper.url)] = (200, page_of(1, '<img src="/q.png">'), {})
    paper.feed(0, 1)
    crawl(archive, "-s", "capture.parts_per_crawl=1", "paper")
    assert morgue("-C", archive, "remove", paper.stories[0], "--reason", "test", "--yes").returncode == 0
    before = tables(archive / "morgue.db")
    assert len(before["page_parts"]) >= len(PARTS_OF_FIRST)
    assert rows(archive, "SELECT url FROM frontier WHERE state = 'idle'") == [(f"{paper.url}/q.png",)]
    (archive / "morgue.db").unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stderr
    after = tables(archive / "morgue.db")
    for name in ("page_parts", "frontier", "captures", "articles", "revisions", "removals"):
        assert after[name] == before[name], name
    assert morgue("-C", archive, "verify").returncode == 0


def test_rebuild_leaves_a_part_that_came_again_after_a_takedown(paper, archive):
    """The address itself was not taken down: only what a page had of it."""
    watch(paper, archive, "all")
    crawl(archive)
    morgue("-C", archive, "remove", paper.stories[0], "--reason", "test", "--yes")
    paper.answers[paper.stories[1].removeprefix(paper.url)] = (200, page_of(1, '<img src="/p0.png">'), {})
    paper.feed(0, 1)
    crawl(archive, "paper")
    question = "SELECT state, hint FROM frontier WHERE url LIKE '%/p0.png'"
    before = rows(archive, question), rows(archive, "SELECT * FROM removals")
    assert before[0][0][0] == "done"
    (archive / "morgue.db").unlink()
    morgue("-C", archive, "rebuild")
    assert (rows(archive, question), rows(archive, "SELECT * FROM removals")) == before


def test_page_that_another_one_named_as_its_picture_is_collected(paper, archive):
    """As soon as a listing links it; a page must not be able to hide another one."""
    path = paper.stories[1].removeprefix(paper.url)
    paper.answers[paper.stories[0].removeprefix(paper.url)] = (200, page_of(0, f'<img src="{path}">'), {})
    paper.feed(0)
    watch(paper, archive, "all")
    crawl(archive)
    assert rows(archive, "SELECT kind, state FROM frontier WHERE url = ?", paper.stories[1]) == [("part", "done")]
    paper.feed(0, 1)
    crawl(archive, "paper")
    assert (paper.stories[1],) in rows(archive, "SELECT url FROM articles")


def test_takedown_of_a_page_takes_the_parts_that_no_other_page_has(paper, archive):
    """The last page takes all."""
    paper.feed(0, 1)
    watch(paper, archive, "all")
    crawl(archive)
    done = morgue("-C", archive, "remove", paper.stories[0], "--reason", "test", "--yes")
    assert done.returncode == 0, done.stderr
    left = {path for path, _ in rows(archive, FETCHED, paper.url)}
    assert left == PARTS_OF_FIRST - {"/p0.png"} | {"/p1.png"}
    assert rows(archive, "SELECT count(*) FROM frontier WHERE url LIKE '%/p0.png'") == [(0,)]
    assert morgue("-C", archive, "verify").returncode == 0
    morgue("-C", archive, "remove", paper.stories[1], "--reason", "test", "--yes")
    assert rows(archive, FETCHED, paper.url) == []
    assert rows(archive, "SELECT count(*) FROM page_parts") == [(0,)]
    assert morgue("-C", archive, "verify").returncode == 0


def test_export_of_one_page_has_its_parts(paper, archive, tmp_path):
    """So that the package shows the page as its readers saw it."""
    paper.feed(0, 1)
    watch(paper, archive, "all")
    crawl(archive)
    out = tmp_path / "one.warc.gz"
    done = morgue("-C", archive, "export", "warc", "--url", paper.stories[0], out)
    assert done.returncode == 0, done.stderr
    with out.open("rb") as file:
        urls = {record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(file)}
    assert {url.removeprefix(paper.url) for url in urls if url} >= PARTS_OF_FIRST
    assert f"{paper.url}/p1.png" not in urls


def test_article_that_redirects_has_its_parts_under_both_addresses(paper, archive, tmp_path):
    """An export of the article has them, and its takedown takes them."""
    old, new = paper.stories
    paper.answers[old.removeprefix(paper.url)] = (301, b"", {"Location": new})
    watch(paper, archive, "images")
    crawl(archive)
    out = tmp_path / "one.warc.gz"
    done = morgue("-C", archive, "export", "warc", "--url", new, out)
    assert done.returncode == 0, done.stderr
    with out.open("rb") as file:
        urls = {record.rec_headers.get_header("WARC-Target-URI") for record in ArchiveIterator(file)}
    assert {f"{paper.url}/p1.png", f"{paper.url}/both.png"} <= urls
    morgue("-C", archive, "remove", new, "--reason", "test", "--yes")
    assert rows(archive, "SELECT count(*) FROM captures WHERE kind = 'part'") == [(0,)]


def test_verify_names_a_part_that_is_no_row(paper, archive):
    """A takedown goes by these rows."""
    watch(paper, archive, "images")
    crawl(archive)
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE page_parts SET part_id = 4711 WHERE id = 1")
    for how in ((), ("--quick",)):
        done = morgue("-C", archive, "verify", *how)
        assert "page_parts, row 1: part_id 4711 is no row of frontier" in done.stdout
        assert done.returncode == ArchiveDamaged.exit_code


def test_show_says_what_a_part_is(paper, archive):
    """It is no article."""
    watch(paper, archive, "all")
    crawl(archive)
    done = morgue("-C", archive, "show", f"{paper.url}/both.png")
    assert "this is a part of pages (style sheet, picture or font), not an article" in done.stdout
    assert "as part" in done.stdout


def test_parts_still_come_after_a_crawl_that_was_killed(paper, archive):
    """Between the article and its parts: they were queued in the task that filed the article."""
    released = Event()

    def wait(_cookie: str) -> Answer:
        released.wait(60)
        return (200, b"", CSS)

    whole = paper.answers["/s.css"]
    paper.answers["/s.css"] = wait
    watch(paper, archive, "all")
    running = start("-C", archive, "crawl", *LOOPBACK)
    try:
        wait_until(lambda: "/s.css" in paper.asked)
        wait_until(lambda: rows(archive, "SELECT count(*) FROM articles") == [(1,)])
    finally:
        running.kill()
        running.communicate()
        released.set()
    paper.answers["/s.css"] = whole
    paper.asked.clear()
    done = crawl(archive)
    assert done.returncode == 0, done.stderr
    assert paths_of_parts(paper) == PARTS_OF_FIRST
    assert rows(archive, "SELECT count(*) FROM frontier WHERE state IN ('idle', 'claimed')") == [(0,)]


def test_replay_offers_what_the_crawl_fetched(archive):
    """Each part of the page that the archive has is asked for, and each that is asked for is there."""
    with styled_paper() as styled:
        home = styled.front.rstrip("/")
        (archive / "sources" / "styled.toml").write_text(f'url = "{styled.front}"\n[capture]\nparts = "all"\n')
        done = crawl(archive)
        assert rows(archive, "SELECT count(*) FROM articles") == [(1,)], done.stdout + done.stderr
        small = f"{home}/img/small.png"  # the other size is fetched
        fetched = {url for (url,) in rows(archive, "SELECT url FROM captures WHERE kind = 'part' AND status < 400")}
        assert fetched == set(styled.parts) - {small}
        with viewing(archive) as view:
            path = re.search(r'href="(/replay/[^"]+)"', view.get("/article/1").text)
            assert path is not None
            frame = view.frame_of(path[1])
            text = view.get(frame).text
    assert "/img/small.png 1x" not in text
    assert "/img/green.png 2x" in text


def test_pywb_shows_a_page_with_its_parts(paper, archive, tmp_path):
    """From a WACZ package, and from the archive's own files."""
    watch(paper, archive, "all")
    crawl(archive)
    with closing(connect(archive / "morgue.db")) as db:
        collect(tmp_path, db, archive / "warc")
    with serve_collections(tmp_path) as place:
        for collection in ("wacz", "own"):
            for path in PARTS_OF_FIRST:
                status, body = get(place, f"/{collection}/2099id_/{paper.url}{path}")
                assert (status, body) == (200, paper.answers[path][1]), path
