"""Test exports whose reader goes away, and how many may run at the same time."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading

import pytest

from exports.web import downloads, serving, view_app
from exports.web.downloads import MAX_AT_ONCE
from exports.web.guard import Doorway, Guard
from exports.web.origins import Origins
from exports.web.replay import page_packages
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from pipelines.core.errors import MorgueError
from tests.support.web_apps import web_apps

FORMS = ("jsonl", "wacz")


@pytest.fixture
def app(archive, monkeypatch):
    """Return the view of an archive, whose exports wait for their reader after a few bytes."""
    monkeypatch.setattr(downloads, "PIECE_BYTES", 16)
    monkeypatch.setattr(downloads, "MAX_WAITING_PIECES", 1)
    served = ServedArchive(archive)
    yield view_app.View(served, Origins((1, 2)), list, PagePackages()).app()
    served.close()


ERROR = MorgueError("warc/x.warc.gz", "is short", "restore it")


@pytest.mark.parametrize("error", [ERROR, sqlite3.OperationalError("no such table: x"), OSError(5, "I/O", "/x/y")])
def test_export_that_fails_before_its_first_piece_is_an_error_page(archive, monkeypatch, error, caplog):
    """In our words, with the status of an error, and not a file without rows."""

    def write(*_):
        raise error

    monkeypatch.setattr(page_packages, "write_search", write)
    with web_apps(archive) as view:
        answer = view.get("/export/articles.wacz")
    assert (answer.status, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "content-disposition" not in answer.headers
    assert caplog.records == []


def test_export_that_fails_in_the_middle_is_cut_and_told_in_one_line(app, monkeypatch, caplog):
    """Its end is never sent, so that nobody takes it for whole."""

    def write(archive, wanted, out, about):
        out.write(b"x" * 100)
        raise ERROR

    async def run():
        return await Reader(at_once()).ask(app, "wacz")

    monkeypatch.setattr(page_packages, "write_search", write)
    reader = asyncio.run(run())
    assert (reader.status, reader.has_end) == (200, False)
    assert [one.getMessage() for one in caplog.records] == [
        "an export was cut: warc/x.warc.gz: is short restore it"
    ]  # fmt: skip


def test_exports_end_at_once_when_the_server_stops(archive, monkeypatch, caplog):
    """Also one whose reader takes nothing: it would hold the server until its time is over, with a traceback."""
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.3)

    def write(archive, wanted, out, about):
        while True:
            out.write(b"x" * 100_000)

    monkeypatch.setattr(page_packages, "write_search", write)
    served = ServedArchive(archive)
    view = view_app.View(served, Origins((1, 2)), list, PagePackages())
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        guard = Guard(view.app(), Doorway.at("127.0.0.1", port), lambda name: {})
        server = serving.StoppingServer(serving.configured(guard), view.downloads.stop)
        thread = threading.Thread(target=asyncio.run, args=(server.serve([door]),))
        thread.start()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as reader:
            reader.sendall(b"GET /export/articles.wacz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
            assert reader.recv(12) == b"HTTP/1.1 200"
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
    served.close()
    assert [one.getMessage() for one in caplog.records if "cut" not in one.getMessage()] == []


class Reader:
    """Ask an application (ASGI 3) for an export. After the first piece, go away, or stay when `stays` is set."""

    def __init__(self, stays: asyncio.Event | None = None) -> None:
        self.stays, self.status, self.body = stays, None, b""
        self.came, self._has_asked, self.has_end = asyncio.Event(), False, False

    async def receive(self):
        if self._has_asked:
            await self.came.wait()
            if self.stays is not None:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        self._has_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        self.body += message["body"]
        self.has_end = not message.get("more_body")
        self.came.set()
        if self.stays is not None:
            await self.stays.wait()

    async def ask(self, app, form):
        path = f"/export/articles.{form}"
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "", "headers": [],
            "query_string": b"", "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2),
        }  # fmt: skip
        await asyncio.wait_for(app(scope, self.receive, self.send), 60)
        return self


def at_once():
    """Return an event that is set already."""
    event = asyncio.Event()
    event.set()
    return event


@pytest.mark.parametrize("form", FORMS)
def test_export_ends_when_its_reader_goes_away(app, form):
    """So the next one may begin: no more than a few run at the same time, and none of these is left."""

    async def run():
        for _ in range(MAX_AT_ONCE + 2):
            gone = await Reader().ask(app, form)
            assert gone.status in (200, 503)
        for _ in range(200):
            whole = await Reader(at_once()).ask(app, form)
            if whole.status == 200:
                return whole.body
            await asyncio.sleep(0.05)  # the threads of the others are about to end
        return b""

    assert len(asyncio.run(run())) > 500


def test_export_whose_reader_goes_before_the_first_piece_ends(app, monkeypatch):
    """Also while the database is asked for what there is, which may take long."""

    def write(archive, *_):
        began.set()
        archive.connection.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        )

    async def run():
        reader = Reader()
        running = asyncio.create_task(reader.ask(app, "wacz"))
        await asyncio.to_thread(began.wait, 30)
        reader.came.set()
        await asyncio.wait_for(running, 30)

    began = threading.Event()
    monkeypatch.setattr(page_packages, "write_search", write)
    asyncio.run(run())


def test_no_more_than_a_few_exports_run_at_the_same_time(app):
    """Of whatever format. The next reader is told to come again, and others are answered all the while."""

    async def run():
        stays = asyncio.Event()
        readers = [Reader(stays) for _ in range(MAX_AT_ONCE)]
        running = [asyncio.create_task(one.ask(app, form)) for one, form in zip(readers, FORMS, strict=True)]
        for one in readers:
            await asyncio.wait_for(one.came.wait(), 30)
        refused = await Reader(at_once()).ask(app, "wacz")
        stays.set()
        await asyncio.gather(*running)
        return refused, [one.status for one in readers]

    refused, statuses = asyncio.run(run())
    assert refused.status == 503
    assert b"2 exports are running" in refused.body
    assert statuses == [200] * MAX_AT_ONCE
