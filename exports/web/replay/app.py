"""Answer with captures: pages without their scripts, style sheets, pictures and fonts; nothing from the live web.

This is an application of its own, on a port of its own: what was captured never shares an origin with the view of the
archive. Every answer has a Content-Security-Policy with `sandbox`, no scripts and this origin as the only source.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from html import escape
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.guard import name_in
from exports.web.origins import Origins
from exports.web.rendering import in_path
from exports.web.replay import html, prepared
from exports.web.served_archive import ServedArchive
from pipelines.archive.replay import ReplayedResponse, replay
from pipelines.core.errors import MorgueError, NotFound, QueryError
from pipelines.core.media_types import HTML_TYPES
from pipelines.core.terminal import plain
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.database.connection import Row
from pipelines.extraction.page.charset import decode

MAX_BYTES = 64 << 20  # of a body once decoded
MAX_AT_ONCE = 8  # bodies that are read and prepared at the same time
SHOWN_TYPES = re.compile(
    r"(?:image|font|audio|video)/[\w.+-]+|application/(?:font-|x-font-|vnd\.ms-font)[\w.+-]+", re.ASCII
)
SVG = "image/svg+xml"
FRAMES = frozenset(("document", "iframe", "frame", "embed", "object"))  # Sec-Fetch-Dest of a page
PICTURE = '<!doctype html><title>Picture</title><img src="{}" alt="captured picture">'
DRAWN = frozenset(("image", "font", "audio", "video"))  # of what a browser knows by its first bytes
TEXT_TYPES = re.compile(r"text/[\w.+-]+|application/(?:[\w.+-]+\+)?(?:xml|json|javascript|yaml|rtf|x-ndjson)")
MISSING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="90" viewBox="0 0 160 90">'
    '<rect width="158" height="88" x="1" y="1" fill="#eee" stroke="#999" stroke-dasharray="4 3"/>'
    '<text x="80" y="49" font-family="sans-serif" font-size="12" fill="#555" text-anchor="middle">'
    "not in the archive</text></svg>"
)


def policy(origins: Origins, name: str) -> str:
    """Return the Content-Security-Policy of what was captured. `name`: by which a reader reaches us."""
    view, here = origins.of_view(name), origins.of_replay(name)
    source = f"{here} data:"
    return (
        f"sandbox allow-same-origin allow-top-navigation-by-user-activation; default-src 'none'; img-src {source}; "
        f"style-src {here} 'unsafe-inline' data:; font-src {source}; media-src {source}; frame-src {here}; "
        f"form-action 'none'; base-uri 'none'; frame-ancestors {view} {here}"
    )


def headers(origins: Origins, name: str) -> dict[str, str]:
    """Return what every answer says."""
    return {
        "content-security-policy": policy(origins, name),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",  # what may come in later, or be taken down
        "cross-origin-resource-policy": "same-site",
    }


class Replay:
    """Answer for the captures of one archive."""

    def __init__(self, archive: ServedArchive, workers: WorkerPool, origins: Origins) -> None:
        self.archive, self.workers, self.origins = archive, workers, origins
        self.places = asyncio.Semaphore(MAX_AT_ONCE)

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[Route("/page/{time}/{url:path}", self.page), Route("/part/{time}/{url:path}", self.part)],
            exception_handlers={HTTPException: _no_page, MorgueError: _no_answer, Exception: _failed},
        )

    async def page(self, request: Request) -> Response:
        """Answer with the capture of a page that is nearest in time."""
        return await self._answer(request, is_part=False)

    async def part(self, request: Request) -> Response:
        """Answer with a picture, style sheet or font; one that is not in the archive is shown as missing."""
        # A picture of SVG is harmless as a picture. As a page of its own, it could connect to others.
        return await self._answer(request, is_part=request.headers.get("sec-fetch-dest") not in FRAMES)

    async def _answer(self, request: Request, *, is_part: bool) -> Response:
        """Answer with a capture, once there is room for it in memory."""
        async with self.places:
            return _revalidated(request, await self._prepared(request, is_part=is_part))

    async def _prepared(self, request: Request, *, is_part: bool) -> Response:
        """Answer with a capture; what has addresses in it is prepared in a worker. Raises MorgueError."""
        wanted_as = request.headers.get("sec-fetch-dest", "") if is_part else "document"  # not sent over plain networks
        time = request.path_params["time"]
        try:
            url = memento.asked_url(request)
            read = partial(_read, url=url, time=time, is_part=is_part)
            found = await run_in_threadpool(self.archive.ask, read)
        except MorgueError:
            if not is_part:
                raise
            found = None
        if is_part and (found is None or _is_no_part(found[1], wanted_as)):
            return _response("", "text/css", 404) if wanted_as == "style" else _response(MISSING, SVG, 404)
        if found is None:
            why = await run_in_threadpool(self.archive.ask, lambda archive: _why_nothing(archive, url))
            return _response(why, "text/plain", 404)
        row, answer = found
        mime, headers = answer.head.mime or "", {
            "memento-datetime": memento.http_date(row["captured"]),
            "link": ", ".join(memento.links(self.origins.of_view(name_in(request.url.netloc)), row["url"])),
        }  # fmt: skip
        places, status = self._places(request), _status(answer.head.status)
        given = (answer.body, answer.content_type, row["url"], places)
        try:
            if mime in HTML_TYPES or (not mime and wanted_as in FRAMES):
                body = await self.workers.run(prepared.page, self.archive.path, *given)
                return _response(body, "text/html", status, headers)
            if mime == "text/css" or (not mime and wanted_as == "style"):
                body = await self.workers.run(prepared.sheet, *given)
                return _response(body, "text/css", status, headers)
        except WorkerFailure as failure:
            cause = f"preparing it for a browser {failure.reason}. Its article has the text."
            return _response(f"This capture cannot be shown: {cause}", "text/plain", 503)
        if mime == SVG and not is_part:
            picture = PICTURE.format(escape(places.part + html.in_full(in_path(row["url"]))))
            return _response(picture, "text/html", status, headers)
        if SHOWN_TYPES.fullmatch(mime):
            return _response(answer.body, mime, status, headers)
        if wanted_as in DRAWN or (wanted_as not in FRAMES and not TEXT_TYPES.fullmatch(mime)):
            return _response(answer.body, "application/octet-stream", status, headers)  # its type was wrong or missing
        text = decode(answer.body, answer.content_type) if TEXT_TYPES.fullmatch(mime or "text/plain") else None
        if text is not None:
            return _response(text, "text/plain", status, headers)
        return _response(_about_file(mime, len(answer.body)), "text/plain", status, headers)

    def _places(self, request: Request) -> html.Places:
        name, time = name_in(request.url.netloc), request.path_params["time"]
        view, here = self.origins.of_view(name), self.origins.of_replay(name)
        return html.Places(f"{here}/part/{time}/", f"{here}/page/{time}/", f"{view}/replay/{time}/")


def _read(archive: Archive, url: str, time: str, *, is_part: bool) -> tuple[Row, ReplayedResponse] | None:
    """Return a capture and its answer. Raises MorgueError if it cannot be read."""
    found = _found(archive, url, time, is_part=is_part)
    if found is None:
        return None
    shard = archive.shard_of(found)
    return found, replay(shard.connection, shard.warc_storage, found, MAX_BYTES)


def _found(archive: Archive, url: str, time: str, *, is_part: bool) -> Row | None:
    """Return the capture of an address that is nearest in time, through redirects; None if there is none."""
    try:
        wanted = memento.time_of(time)
        captures = memento.answered(archive, url)
    except (NotFound, QueryError):
        return None
    if is_part:
        captures = [one for one in captures if prepared.shows_something(one)] or captures
    return memento.redirected(archive, memento.nearest(captures, wanted, memento.as_captured(url, captures)), wanted)


def _is_no_part(answer: ReplayedResponse, wanted_as: str) -> bool:
    """Return True if an answer has words of its server for people, in the place of a picture, style sheet or font."""
    mime = answer.head.mime or ""
    is_page = wanted_as in (*DRAWN, "style") and mime in HTML_TYPES
    return is_page or (answer.head.status >= 400 and not SHOWN_TYPES.fullmatch(mime))


def _revalidated(request: Request, answer: Response) -> Response:
    """Have a browser ask again for what it keeps, as it may be taken down; 304 if it is the same (RFC 9110, 13.1.2)."""
    if answer.status_code != 200:
        return answer
    kind = answer.headers["content-type"].encode()
    tag = f'"{hashlib.sha256(kind + bytes(answer.body)).hexdigest()[:32]}"'
    answer.headers.update({"etag": tag, "cache-control": "private, no-cache"})
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if not known & {tag, "*"}:
        return answer
    kept = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(status_code=304, headers=kept)


def _response(body: str | bytes, mime: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kind = f"{mime}; charset=utf-8" if mime.startswith("text/") else mime
    content = body.encode("utf-8", "replace") if isinstance(body, str) else body
    return Response(content, status, {"content-type": kind, **(headers or {})})


def _status(status: int) -> int:
    """Return the status of an answer as a server may give it: 200 for what is no error, 404 for what has no name."""
    return 200 if status < 400 else status if status in set(HTTPStatus) else 404


def _no_page(request: Request, error: Exception) -> Response:
    return _response("There is no page at this address. The search of the archive finds articles.", "text/plain", 404)


def _no_answer(request: Request, error: Exception) -> Response:
    return _response(f"This capture cannot be shown. {plain(error)}", "text/plain", 404)


def _failed(request: Request, error: Exception) -> Response:
    """Answer when we are at fault; the log has the traceback."""
    text = "This capture could not be shown, by a fault of Newsmorgue. Its log says more."
    return _response(text, "text/plain", 500)


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
