"""Serve an archive with `morgue serve` as a user does, in a process of its own, and ask it over loopback."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.command import start


@dataclass(frozen=True)
class Answer:
    """Hold what the view answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class WebView:
    """Hold where a view is served; `get` asks it."""

    url: str  # without a slash at the end
    process: int

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path, or for an address of the replay."""
        asked = urlsplit(path if path.startswith("http://127.0.0.1:") else self.url + path)
        connection = HTTPConnection(asked.netloc, timeout=30)
        try:
            target = path if path.startswith("/") else asked.path + (f"?{asked.query}" if asked.query else "")
            connection.request(
                method, target, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def at(self, url: str) -> WebView:
        """Return the same view, asked at another address, as by a server that stands in front of it."""
        return WebView(url, self.process)

    def frame_of(self, path: str) -> str:
        """Return the address of what a page of the replay shows in its frame."""
        found = re.search(r'<iframe src="([^"]+)"', self.get(path).text)
        assert found, path
        return found[1]


@contextmanager
def viewing(archive: Path, *options: str, may_say: str = "") -> Iterator[WebView]:
    """Serve an archive while the block runs. What it prints on standard error fails the test, but for one line."""
    process = start("-C", archive, "serve", "--port", "0", *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.match(r"http\S+  \(captured pages: port \d+", line), (line, process.communicate(timeout=10))
        yield WebView(line.split()[0].partition("?")[0].rstrip("/"), process.pid)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert all(line == may_say for line in said.splitlines()), said
