"""Prepare a page or style sheet for a browser, in a worker process: what others wrote may take very long."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.replay import css, html
from pipelines.core.errors import MorgueError
from pipelines.core.worker_pool import WorkerPool
from pipelines.database.connection import Row
from pipelines.extraction.page.charset import decode

MAX_LOOKED_UP = 1000  # candidates of `srcset` on one page; each takes a fraction of a millisecond
MAX_SECONDS = 10.0
MAX_MEMORY = 1 << 30
WORKERS = 2


def workers() -> WorkerPool:
    """Return the processes that prepare pages."""
    warm_up = f"{ready.__module__}:{ready.__name__}"
    return WorkerPool(WORKERS, seconds=MAX_SECONDS, cpu_seconds=MAX_SECONDS, memory=MAX_MEMORY, warm_up=warm_up)


def ready() -> None:
    """Have everything imported."""


def page(archive: Path, body: bytes, content_type: str | None, url: str, places: html.Places) -> bytes:
    """Return a page as a browser may have it, in UTF-8."""
    with ExitStack() as opened:
        known = KnownParts(archive, opened)
        text = html.rewritten(decode(body, content_type) or "", url, places, known.has)
    return text.encode("utf-8", "replace")


def sheet(body: bytes, content_type: str | None, url: str, places: html.Places) -> bytes:
    """Return a style sheet as a browser may have it, in UTF-8."""
    write = html.AddressWriter(url, places)
    return css.rewritten(decode(body, content_type) or "", write.part).encode("utf-8", "replace")


class KnownParts:
    """Say which addresses of one page have a capture. No page makes it ask more than MAX_LOOKED_UP questions."""

    def __init__(self, path: Path, opened: ExitStack) -> None:
        """The archive is opened for the first question, and closed with `opened`."""
        self.path, self._opened = path, opened
        self._archive: Archive | None = None
        self._known: dict[str, bool] = {}

    def has(self, url: str) -> bool:
        """Return True if a capture of an address is known to show something."""
        if url not in self._known and len(self._known) < MAX_LOOKED_UP:
            try:
                self._known[url] = any(map(shows_something, memento.answered(self._open(), url)))
            except MorgueError:
                self._known[url] = False
        return self._known.get(url, False)

    def _open(self) -> Archive:
        if self._archive is None:
            self._archive = Archive(self.path)
            self._opened.callback(self._archive.close)
        return self._archive


def shows_something(capture: Row) -> bool:
    """Return True if a browser can show the answer in a capture: it is no error, and is whole."""
    return capture["status"] < 400 and not capture["error"]
