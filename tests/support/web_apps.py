"""Ask the applications of `morgue serve` within this process (ASGI 3), without a server."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from exports.web import view_app
from exports.web.guard import App, Doorway, Guard
from exports.web.lists import HealthOf
from exports.web.origins import Origins
from exports.web.replay import prepared
from exports.web.replay.app import Replay
from exports.web.replay.app import headers as replay_headers
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from tests.support.web_view import Answer

PORTS = (8001, 8002)
MAX_SECONDS = 25.0  # of an answer: 20 s in the database at most


@dataclass(frozen=True)
class WebApps:
    """Hold the view and the replay of one archive; `get` asks the one whose port an address names."""

    apps: dict[int, App]
    loop: asyncio.AbstractEventLoop
    url: str = f"http://127.0.0.1:{PORTS[0]}"
    replay_url: str = f"http://127.0.0.1:{PORTS[1]}"

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path of the view, or for an address of both."""
        asked = urlsplit(path if path.startswith((self.url, self.replay_url)) else self.url + path)
        sent = {"host": asked.netloc, **{name.replace("_", "-").lower(): text for name, text in headers.items()}}
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        fields = [(name.encode(), text.encode("latin-1")) for name, text in sent.items()]
        return self.ask(asked.port or 0, method, target.encode(), fields)

    def ask(self, port: int, method: str, target: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
        """Ask as a server does that has read a request. Raises TimeoutError, and a fault that no answer tells of."""
        raw, _, query = target.partition(b"?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(raw.decode("ascii"), errors="replace"), "raw_path": raw, "root_path": "",
            "query_string": query, "headers": headers, "server": ("127.0.0.1", port), "client": ("127.0.0.1", 9),
        }  # fmt: skip
        asked = asyncio.run_coroutine_threadsafe(answer_of(self.apps[port], scope), self.loop)
        return asked.result(MAX_SECONDS)

    def frame_of(self, path: str) -> str:
        """Return the address of what a page of the replay shows in its frame."""
        found = re.search(r'<iframe src="([^"]+)"', self.get(path).text)
        assert found, path
        return unescape(found[1])


async def answer_of(app: App, scope: dict[str, object]) -> Answer:
    """Return what an application answers to a reader who stays."""
    start: dict[str, object] = {}
    body = bytearray()
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    try:
        await app(scope, receive, send)
    except Exception:
        if start.get("status") != 500:  # an answer that tells of it; a server would log the rest
            raise
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, bytes(body))


@contextmanager
def web_apps(archive: Path, health_of: HealthOf = lambda _: [], *, public: bool = False) -> Iterator[WebApps]:
    """Give both applications as `morgue serve` puts them together, while the block runs.

    `public`: as with `--public`, any Host header will do.
    """
    served, workers, origins = ServedArchive(archive), prepared.workers(), Origins(PORTS)
    view = view_app.View(served, origins, health_of, PagePackages()).app()
    pairs = ((view, view_app.headers), (Replay(served, workers, origins).app(), replay_headers))
    apps = {
        port: Guard(app, Doorway.at("127.0.0.1", port, public=public), partial(said, origins))
        for port, (app, said) in zip(PORTS, pairs, strict=True)
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield WebApps(apps, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        workers.kill()
        served.close()
