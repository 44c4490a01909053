"""Answer with captures: pages without their scripts, style sheets, pictures and fonts; nothing from the live web.

This is an application of its own, on a port of its own: what was captured never shares an origin with the view of the
archive. Every answer has a Content-Security-Policy with `sandbox`, no scripts and this origin as the only source.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.guard import name_in
from exports.web.replay import css, html
from exports.web.served_archive import ServedArchive
from pipelines.archive.replay import ReplayedResponse, replay
from pipelines.core.errors import MorgueError, NotFound, QueryError
from pipelines.core.media_types import HTML_TYPES
from pipelines.database.connection import Row
from pipelines.extraction.page.charset import decode

MAX_BYTES = 64 << 20  # of a body once decoded
MAX_LOOKED_UP = 1000  # candidates of `srcset` on one page; each takes a fraction of a millisecond
SHOWN_TYPES = re.compile(r"(?:image|font|audio|video)/[\w.+-]+|application/(?:font-|x-font-|vnd\.ms-font)[\w.+-]+")
DRAWN = frozenset(("image", "font", "audio", "video"))  # Sec-Fetch-Dest of what a browser knows by its first bytes
FRAMES = frozenset(("document", "iframe", "frame", "object", "embed"))
TEXT_TYPES = re.compile(r"text/[\w.+-]+|application/(?:[\w.+-]+\+)?(?:xml|json|javascript|yaml|rtf|x-ndjson)")
MISSING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="90" viewBox="0 0 160 90">'
    '<rect width="158" height="88" x="1" y="1" fill="#eee" stroke="#999" stroke-dasharray="4 3"/>'
    '<text x="80" y="49" font-family="sans-serif" font-size="12" fill="#555" text-anchor="middle">'
    "not in the archive</text></svg>"
)


def policy(view_port: int, own_port: int, name: str) -> str:
    """Return the Content-Security-Policy of what was captured. `name`: by which a reader reaches us."""
    view, here = (f"http://{name}:{port}" for port in (view_port, own_port))
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


def headers(view_port: int, own_port: int, name: str) -> dict[str, str]:
    """Return what every answer says."""
    return {
        "content-security-policy": policy(view_port, own_port, name),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "private, max-age=3600",
        "cross-origin-resource-policy": "same-site",
    }


class Replay:
    """Answer for the captures of one archive."""

    def __init__(self, archive: ServedArchive, view_port: int, own_port: int) -> None:
        self.archive, self.view_port, self.own_port = archive, view_port, own_port

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(routes=[
            Route("/page/{time}/{url:path}", self.page), Route("/part/{time}/{url:path}", self.part),
        ])  # fmt: skip

    def page(self, request: Request) -> Response:
        """Answer with the capture of a page that is nearest in time."""
        return self.archive.ask(lambda archive: self._shown(archive, request))

    def part(self, request: Request) -> Response:
        """Answer with a picture, style sheet or font; one that is not in the archive is shown as missing."""
        return self.archive.ask(lambda archive: self._shown(archive, request, is_part=True))

    def _shown(self, archive: Archive, request: Request, *, is_part: bool = False) -> Response:
        url, time = memento.asked_url(request), request.path_params["time"]
        found = _found(archive, url, time, is_part=is_part)
        if found is None and is_part:
            is_sheet = request.headers.get("sec-fetch-dest") == "style"
            return _response("", "text/css", 404) if is_sheet else _response(MISSING, "image/svg+xml", 404)
        if found is None:
            return _response(_why_nothing(archive, url), "text/plain", 404)
        try:
            answer = replay(archive.connection, archive.warc_storage, found, MAX_BYTES)
        except MorgueError as error:
            return _response(f"This capture cannot be shown. {error}", "text/plain", 404)
        mime, headers = answer.head.mime or "", {
            "memento-datetime": memento.http_date(found["captured"]),
            "link": f'<{memento.in_link(found["url"])}>; rel="original"',
        }  # fmt: skip
        status = answer.head.status if answer.head.status >= 400 else 200
        wanted_as = request.headers.get("sec-fetch-dest", "") if is_part else "document"  # not sent over plain networks
        if mime in HTML_TYPES or (not mime and wanted_as in FRAMES):
            return _response(self._page(request, archive, found, answer), "text/html", status, headers)
        if mime == "text/css" or (not mime and wanted_as == "style"):
            return _response(self._sheet(request, found, answer), "text/css", status, headers)
        if SHOWN_TYPES.fullmatch(mime):
            return _response(answer.body, mime, status, headers)
        if wanted_as in DRAWN or (wanted_as not in FRAMES and not TEXT_TYPES.fullmatch(mime)):
            return _response(
                answer.body, "application/octet-stream", status, headers
            )  # whose type was wrong or missing
        text = decode(answer.body, answer.content_type) if TEXT_TYPES.fullmatch(mime or "text/plain") else None
        if text is not None:
            return _response(text, "text/plain", status, headers)
        return _response(_about_file(mime, len(answer.body)), "text/plain", status, headers)

    def _page(self, request: Request, archive: Archive, row: Row, answer: ReplayedResponse) -> str:
        text, time = decode(answer.body, answer.content_type) or "", request.path_params["time"]
        view = f"http://{name_in(request.url.netloc)}:{self.view_port}"
        return html.rewritten(
            text,
            row["url"],
            self._part_address(request),
            lambda url: f"{view}/replay/{time}/{url}",
            KnownParts(archive).has,
        )

    def _sheet(self, request: Request, row: Row, answer: ReplayedResponse) -> str:
        write = html.AddressWriter(row["url"], self._part_address(request), str)
        return css.rewritten(decode(answer.body, answer.content_type) or "", write.part)

    def _part_address(self, request: Request) -> Callable[[str], str]:
        here, time = f"http://{name_in(request.url.netloc)}:{self.own_port}", request.path_params["time"]
        return lambda url: f"{here}/part/{time}/{url}"


def _found(archive: Archive, url: str, time: str, *, is_part: bool) -> Row | None:
    """Return the capture of an address that is nearest in time, through redirects; None if there is none."""
    try:
        wanted = memento.time_of(time)
        captures = memento.answered(archive, url)
    except (NotFound, QueryError):
        return None
    if is_part:
        captures = [one for one in captures if _shows_something(one)] or captures
    return memento.redirected(archive, memento.nearest(captures, wanted), wanted)


def _response(body: str | bytes, mime: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kind = f"{mime}; charset=utf-8" if mime.startswith("text/") else mime
    content = body.encode("utf-8", "replace") if isinstance(body, str) else body
    return Response(content, status, {"content-type": kind, **(headers or {})})


def _shows_something(capture: Row) -> bool:
    """Return True if a browser can show the answer in a capture: it is no error, and is whole."""
    return capture["status"] < 400 and not capture["error"]


def is_drawn(mime: str | None) -> bool:
    """Return True if a browser draws what has this media type; False for a file to be saved, such as PDF."""
    kind = mime or "text/html"
    return kind in HTML_TYPES or any(pattern.fullmatch(kind) for pattern in (SHOWN_TYPES, TEXT_TYPES))


def _about_file(mime: str, size: int) -> str:
    return f"This capture is a file that is not shown here: {mime or 'of no known type'}, {size:,} bytes.\n" \
           "\"Save the file\", above, gives it to you."  # fmt: skip


def _why_nothing(archive: Archive, url: str) -> str:
    """Return why there is nothing to show of an address: no capture, or a redirect to an address without one."""
    try:
        last = memento.answered(archive, url)[-1]
        place = memento.target(archive, last)
    except MorgueError:
        place = None
    if place is None:
        return f"No capture of {url} is in this archive."
    return f"{url} redirected to {place}, of which no capture is in this archive."
