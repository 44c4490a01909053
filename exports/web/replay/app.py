"""Answer with captures: pages without their scripts, style sheets, pictures and fonts; nothing from the live web.

This is an application of its own, on a port of its own: what was captured never shares an origin with the view of the
archive. Every answer has a Content-Security-Policy with `sandbox`, no scripts and this origin as the only source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urljoin

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.replay import css, html
from pipelines.archive.replay import ReplayedResponse, replay
from pipelines.core.errors import MorgueError, NotFound
from pipelines.core.media_types import HTML_TYPES
from pipelines.database.connection import Row
from pipelines.extraction.page.charset import decode

MAX_BYTES = 64 << 20  # of a body once decoded
MAX_REDIRECTS = 8
MAX_LOOKED_UP = 400  # candidates of `srcset` on one page; each takes a fraction of a millisecond
SHOWN_TYPES = re.compile(r"(?:image|font|audio|video)/[\w.+-]+|application/(?:font-|x-font-|vnd\.ms-font)[\w.+-]+")
MISSING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="90" viewBox="0 0 160 90">'
    '<rect width="158" height="88" x="1" y="1" fill="#eee" stroke="#999" stroke-dasharray="4 3"/>'
    '<text x="80" y="49" font-family="sans-serif" font-size="12" fill="#555" text-anchor="middle">'
    "not in the archive</text></svg>"
)


def policy(view: str, here: str) -> str:
    """Return the Content-Security-Policy of what was captured. `view`, `here`: the two origins."""
    source = f"{here} data:"
    return (
        f"sandbox allow-same-origin allow-top-navigation-by-user-activation; default-src 'none'; img-src {source}; "
        f"style-src {here} 'unsafe-inline' data:; font-src {source}; media-src {source}; frame-src {here}; "
        f"form-action 'none'; base-uri 'none'; frame-ancestors {view} {here}"
    )


class KnownParts:
    """Say which addresses of one page have a capture. No page makes it ask more than MAX_LOOKED_UP questions."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._known: dict[str, bool] = {}

    def has(self, url: str) -> bool:
        """Return True if a capture of an address is known to show something."""
        if url not in self._known and len(self._known) < MAX_LOOKED_UP:
            try:
                self._known[url] = any(map(_shows_something, memento.answered(self.archive, url)))
            except MorgueError:
                self._known[url] = False
        return self._known.get(url, False)


class Replay:
    """Answer for the captures of one archive."""

    def __init__(self, archive: Archive, view: str, here: str) -> None:
        """`view`, `here`: the origins of the view and of this application."""
        self.archive, self.view, self.here = archive, view, here

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(routes=[
            Route("/page/{time}/{url:path}", self.page), Route("/part/{time}/{url:path}", self.part),
        ])  # fmt: skip

    def page(self, request: Request) -> Response:
        """Answer with the capture of a page that is nearest in time."""
        url, found = self._found(request, "page")
        if found is None:
            return self._response(f"No capture of {url} is in this archive.", "text/plain", 404)
        return self._answer(found, request.path_params["time"])

    def part(self, request: Request) -> Response:
        """Answer with a picture, style sheet or font; one that is not in the archive is shown as missing."""
        _, found = self._found(request, "part")
        if found is None:
            if request.headers.get("sec-fetch-dest") == "style":
                return self._response("", "text/css", 404)
            return self._response(MISSING, "image/svg+xml", 404)
        return self._answer(found, request.path_params["time"], part=True)

    def _found(self, request: Request, kind: str) -> tuple[str, Row | None]:
        """Return the address that is asked for, and its capture."""
        url = memento.asked_url(request)
        try:
            wanted = memento.time_of(request.path_params["time"])
            captures = memento.answered(self.archive, url)
        except MorgueError:
            return url, None
        if kind == "part":
            captures = [one for one in captures if _shows_something(one)] or captures
        return url, self._with_answer(memento.nearest(captures, wanted), wanted)

    def _with_answer(self, row: Row, wanted: datetime) -> Row | None:
        """Return a capture, or the one that its redirects lead to in the archive; None if they lead out of it."""
        for _ in range(MAX_REDIRECTS):
            if not 300 <= row["status"] < 400 or row["status"] == 304:
                return row
            head = replay(self.archive.connection, self.archive.warc_storage, row, MAX_BYTES).head
            place = head.first(b"location")
            if place is None:
                return row
            try:
                target = urljoin(row["url"], place.decode("utf-8", "replace"))
                row = memento.nearest(memento.answered(self.archive, target), wanted)
            except (NotFound, ValueError):
                return None
        return None

    def _answer(self, row: Row, time: str, *, part: bool = False) -> Response:
        answer = replay(self.archive.connection, self.archive.warc_storage, row, MAX_BYTES)
        mime = answer.head.mime or ""
        headers = {"memento-datetime": memento.http_date(row["captured"]),
                   "link": f'<{memento.in_link(row["url"])}>; rel="original"'}  # fmt: skip
        status = answer.head.status if answer.head.status >= 400 else 200
        if mime in HTML_TYPES or (not mime and not part):
            return self._response(self._page(row, answer, time), "text/html", status, headers)
        if mime == "text/css":
            return self._response(self._sheet(row, answer, time), "text/css", status, headers)
        if SHOWN_TYPES.fullmatch(mime):
            return self._response(answer.body, mime, status, headers)
        return self._response(_as_text(answer), "text/plain", status, headers)

    def _page(self, row: Row, answer: ReplayedResponse, time: str) -> str:
        text = decode(answer.body, answer.content_type) or ""
        return html.rewritten(
            text,
            row["url"],
            self._part_address(time),
            lambda url: f"{self.view}/replay/{time}/{url}",
            KnownParts(self.archive).has,
        )

    def _sheet(self, row: Row, answer: ReplayedResponse, time: str) -> str:
        write = html.AddressWriter(row["url"], self._part_address(time), str)
        return css.rewritten(decode(answer.body, answer.content_type) or "", write.part)

    def _part_address(self, time: str) -> Callable[[str], str]:
        return lambda url: f"{self.here}/part/{time}/{url}"

    def _response(
        self, body: str | bytes, mime: str, status: int = 200, headers: dict[str, str] | None = None
    ) -> Response:
        kind = f"{mime}; charset=utf-8" if mime.startswith("text/") else mime
        content = body.encode("utf-8", "replace") if isinstance(body, str) else body
        return Response(content, status, {"content-type": kind, **(headers or {})})


def _shows_something(capture: Row) -> bool:
    """Return True if a browser can show the answer in a capture: it is no error, and is whole."""
    return capture["status"] < 400 and not capture["error"]


def _as_text(answer: ReplayedResponse) -> str:
    return decode(answer.body, answer.content_type) or f"{len(answer.body):,} bytes that are no text"
