"""Test pages that are sent while the archive is asked: what comes first, what is said meanwhile, what ends them."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest

pytest.importorskip("starlette")  # the extra `web`

import uvicorn
from starlette.requests import Request

from exports.web import search_page, streaming
from exports.web.lists import CountWork
from exports.web.origins import Origins
from exports.web.replay.page_packages import PagePackages
from exports.web.search_page import SearchWork
from exports.web.served_archive import AnswerTime, ServedArchive, TookTooLong
from exports.web.streaming import Turns
from exports.web.view_app import View
from pipelines.core.errors import QueryError
from pipelines.database.search.facets import facet
from tests.support.browser import browser
from tests.support.counted_archive import build_counted
from tests.support.waiting import wait_until

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_counted(tmp_path_factory.mktemp("streaming") / "archive")


@pytest.fixture
def archive(folder):
    with closing(ServedArchive(folder)) as opened:
        yield opened


def asked(path, query=""):
    """Return a request."""
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    return Request({**scope, "scheme": "http", "server": ("127.0.0.1", 8001), "root_path": ""})


async def page_of(template, work, request):
    """Return what is sent of a page, piece by piece."""
    answer = await streaming.streamed(request, template, work, Turns())
    assert answer.status_code == 200
    return [bytes(piece).decode() async for piece in answer.body_iterator]


@contextmanager
def waiting(work, error=None):
    """Let the first answer of a page come only when the block ends; `error`: instead of it."""
    find, go_on = work.find, threading.Event()

    def slow():
        assert go_on.wait(30)
        if error is not None:
            raise error
        find()

    work.find = slow
    try:
        yield go_on
    finally:
        go_on.set()


PAGES = {"/search": ("search.html", SearchWork, "Searching …", '<ol class="hits"'),
         "/counts": ("counts.html", CountWork, "Counting …", '<figure class="chart"')}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_page_begins_before_its_answer_is_there(archive, path, monkeypatch):
    """Its form comes at once, with words about what is awaited, and then what was found."""
    template, work_of, said, found = PAGES[path]
    request = asked(path, "q=climate")
    work = work_of(archive, request)
    monkeypatch.setattr(streaming, "PATIENCE_SECONDS", 0.01)

    async def read():
        with waiting(work) as go_on:
            answer = await streaming.streamed(request, template, work, Turns())
            pieces = answer.body_iterator
            first = (await anext(pieces)).decode()
            go_on.set()
            return first, b"".join([piece async for piece in pieces]).decode()

    first, rest = asyncio.run(read())
    assert 'value="climate"' in first
    assert said in first
    assert found not in first
    assert found in rest
    assert rest.rstrip().endswith("</html>")


def test_page_that_is_found_at_once_says_nothing_of_waiting(archive):
    """Its first piece has the matches, the next ones what is counted."""
    request = asked("/search", "q=climate")
    first, *rest = asyncio.run(page_of("search.html", SearchWork(archive, request), request))
    assert '<ol class="hits"' in first
    assert "working" not in first + "".join(rest)
    assert '<figure class="timeline"' in rest[0]


def test_error_before_the_first_byte_has_its_status(archive):
    """It is raised, so that the application answers with its page."""
    request = asked("/search", "q=((")
    with pytest.raises(QueryError):
        asyncio.run(page_of("search.html", SearchWork(archive, request), request))


def test_error_after_the_first_byte_is_told_in_the_page(archive, monkeypatch):
    """The page is whole, and says the subject, the cause and the next step."""
    monkeypatch.setattr(streaming, "PATIENCE_SECONDS", 0.0)
    for path, (template, work_of, *_) in PAGES.items():
        request = asked(path, "q=climate")
        work = work_of(archive, request)

        async def read(template=template, work=work, request=request):
            with waiting(work, TookTooLong("this question", "takes long", "ask for less")) as go_on:
                asyncio.get_running_loop().call_later(0.1, go_on.set)
                return await page_of(template, work, request)

        page = "".join(asyncio.run(read()))
        assert "<strong>this question</strong>: takes long" in page
        assert "ask for less" in page
        assert page.rstrip().endswith("</html>")


def test_page_says_what_was_not_counted(archive, monkeypatch):
    """Its matches stay, and its other facets; the page says why the others are missing."""
    monkeypatch.setattr(search_page, "NEWEST", 5)
    request = asked("/search")
    work = SearchWork(archive, request)
    count = work.facet

    def slow(key):
        if key == "kind":
            raise TookTooLong("this question", "takes longer than 20 s", "ask for fewer articles")
        return count(key)

    work.facet = slow
    page = "".join(asyncio.run(page_of("search.html", work, request)))
    headings = re.findall(r"<section>\s*<h2>(\w+)", page)
    assert headings[:2] == ["source", "language"]
    assert "kind" not in headings
    assert "More is not counted: this question takes longer than 20 s; ask for fewer articles." in page
    assert '<ol class="hits"' in page
    assert page.rstrip().endswith("</html>")


def test_facets_of_many_matches_are_exact_or_say_of_how_many_they_are(archive, monkeypatch):
    """The index counts by source, language and kind; the rows of the newest are read for the others."""
    monkeypatch.setattr(search_page, "NEWEST", 5)
    request = asked("/search")
    work = SearchWork(archive, request)
    page = "".join(asyncio.run(page_of("search.html", work, request)))
    assert page.count("of the newest 5</p>") == 1  # access has no value here
    for key in ("source", "language", "kind"):
        exact = archive.ask(lambda opened, key=key: facet(opened.connection, key, limit=search_page.FACET_VALUES))
        assert work.facet(key) == exact
    assert work.facet("author").among == 5
    assert sum(number for _, number in work.facet("author").values) < 20
    found = json.loads(search_page.as_object(SearchWork(archive, request)).body)
    assert found["facets"]["author"]["among"] == 5
    assert "among" not in found["facets"]["source"]


def test_facets_of_a_condition_that_the_index_does_not_know_are_of_the_newest(archive, monkeypatch):
    """Each would read all rows again."""
    monkeypatch.setattr(search_page, "NEWEST", 5)
    work = SearchWork(archive, asked("/search", "seen_since=2000"))
    work.find()
    assert {work.facet(key).among for key in search_page.FACETS} == {5}


def test_page_is_stopped_when_its_reader_goes_away(archive):
    """The question that is asked at that moment ends."""
    request = asked("/search", "q=climate")
    work = SearchWork(archive, request)
    begun, ended = threading.Event(), threading.Event()

    def endless(opened):
        begun.set()
        try:
            opened.connection.execute(ENDLESS).fetchall()
        except sqlite3.OperationalError:
            ended.set()
            raise

    work.timeline = lambda: archive.ask(endless, work.left)

    async def receive():
        await asyncio.to_thread(begun.wait, 30)
        return {"type": "http.disconnect"}

    async def send(message):
        pass

    async def visit():
        answer = await streaming.streamed(request, "search.html", work, Turns())
        scope = request.scope | {"asgi": {"version": "3.0", "spec_version": "2.3"}}
        await answer(scope, receive, send)
        return await asyncio.to_thread(ended.wait, search_page.AnswerTime().end - time.monotonic() - 10)

    assert asyncio.run(visit())  # long before its time is over


def test_readers_do_not_wait_for_each_other(archive):
    """Two questions are under way at the same time, each in a thread with a connection of its own."""
    together, connections = threading.Barrier(2, timeout=30), []

    def question(opened):
        together.wait()
        connections.append(opened.connection)

    threads = [threading.Thread(target=archive.ask, args=(question,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, connections))) == 2


def test_answer_is_known_until_something_is_written(tmp_path):
    """A commit of another program, such as a crawl, makes the next question be asked again."""
    folder = build_counted(tmp_path / "archive")
    times = []

    def count(opened):
        times.append(1)
        return opened.connection.execute("SELECT count(*) FROM articles").fetchone()[0]

    with closing(ServedArchive(folder)) as archive:
        before = archive.ask_once("articles", count)
        assert archive.ask_once("articles", count) == before
        assert len(times) == 1
        assert archive.ask_once("others", count) == before
        with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
            db.execute("DELETE FROM sightings")
            db.execute("UPDATE articles SET section = 'moved' WHERE id = 1")
        assert archive.ask_once("articles", count) == before
        assert len(times) == 3


def test_time_of_an_answer_ends():
    """By itself, or when it is stopped."""
    assert AnswerTime(-1).is_over
    left = AnswerTime(60)
    assert not left.is_over
    left.stop()
    assert left.is_over


@contextmanager
def served(app):
    """Serve an application in a thread; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_browser_shows_words_until_what_they_announce_is_there(archive, monkeypatch):
    """Without a script: the style sheet hides them when something follows."""
    go_on, find = threading.Event(), SearchWork.find

    def slow(work):
        assert go_on.wait(30)
        find(work)

    monkeypatch.setattr(SearchWork, "find", slow)
    with served(View(archive, Origins((1, 8002)), list, PagePackages()).app()) as url, browser() as opened:
        page = opened.new_page()
        page.goto(f"{url}/search?q=climate", wait_until="commit")
        page.get_by_text("Searching …").wait_for(state="visible")
        assert not page.locator(".hits").count()
        go_on.set()
        page.get_by_text("Searching …").wait_for(state="hidden")
        assert page.locator(".hits li").first.is_visible()
        summary, timeline, hits = (
            page.locator(name).bounding_box()["y"] for name in (".summary", ".timeline", ".hits")
        )
        assert summary < timeline < hits  # as they are read; the timeline comes last over the line
