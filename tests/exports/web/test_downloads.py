"""Test exports whose reader goes away, and how many may run at the same time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from exports.web import downloads, view_app
from exports.web.downloads import MAX_AT_ONCE
from exports.web.origins import Origins
from exports.web.replay import page_packages
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from tests.support.article_archive import build

FORMS = ("jsonl", "wacz")


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Return the view of an archive, whose exports wait for their reader after a few bytes."""
    monkeypatch.setattr(downloads, "PIECE_BYTES", 16)
    monkeypatch.setattr(downloads, "MAX_WAITING_PIECES", 1)
    archive = ServedArchive(build(tmp_path / "archive"))
    yield view_app.View(archive, Origins((1, 2)), list, PagePackages()).app()
    archive.close()


class Reader:
    """Ask an application (ASGI 3) for an export. After the first piece, go away, or stay when `stays` is set."""

    def __init__(self, stays: asyncio.Event | None = None) -> None:
        self.stays, self.status, self.body = stays, None, b""
        self.came, self._has_asked = asyncio.Event(), False

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
