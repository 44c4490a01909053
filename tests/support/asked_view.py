"""Ask the applications of `morgue serve` in this process, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from exports.web.lists import HealthOf
from exports.web.origins import Origins
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from exports.web.view_app import View
from tests.support.web_view import Answer


class AskedView:
    """Hold the view of an archive; `get` asks it."""

    def __init__(self, archive: Path, health_of: HealthOf = lambda db: []) -> None:
        self.archive = ServedArchive(archive)
        self.view = View(self.archive, Origins((8001, 8002)), health_of, PagePackages())
        self.app = self.view.app()

    def get(self, path: str, host: str = "127.0.0.1:8001") -> Answer:
        """Ask for a path. What a server would log of an error of ours is not raised."""
        return asyncio.run(answer_of(self.app, path, host))

    def close(self) -> None:
        """Close the archive."""
        self.archive.close()


async def answer_of(app: Any, target: str, host: str) -> Answer:
    """Return the answer of an application (ASGI 3)."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": [(b"host", host.encode())],
        "server": ("127.0.0.1", 8001), "client": ("127.0.0.1", 2),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    given = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not given:
            await asyncio.Event().wait()
        return given.pop()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        await asyncio.wait_for(app(scope, receive, send), 60)
    except Exception:
        if not sent or sent[0]["status"] != 500:  # an answer that tells of it
            raise
    head = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], head, b"".join(one.get("body", b"") for one in sent[1:]))
