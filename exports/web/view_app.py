"""Put the view of an archive together: which address is answered by what, and what every answer says to the browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from exports.python_api.archive import Archive
from exports.web import article_page, feeds, lists, memento, search_page
from exports.web.downloads import Downloads
from exports.web.guard import name_in
from exports.web.lists import HealthOf
from exports.web.rendering import as_json, error_page, page, static_file, wants_json
from exports.web.served_archive import ServedArchive
from exports.web.streaming import PageWork, Turns, streamed
from pipelines.core.errors import MorgueError, NotFound
from pipelines.database import queries

STATIC_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
A_DAY = "max-age=86400"


def headers(replay_port: int, name: str) -> dict[str, str]:
    """Return what every answer of the view says: nothing from elsewhere, no scripts, no frames but of the replay."""
    return {
        "content-security-policy": (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; frame-src http://{name}:{replay_port}"
        ),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-cache",
    }


class View:
    """Answer for one archive."""

    def __init__(self, archive: ServedArchive, replay_port: int, health_of: HealthOf) -> None:
        self.archive, self.replay_port, self.health_of = archive, replay_port, health_of
        self.downloads = Downloads(archive)
        self._turns = Turns()

    def app(self) -> Starlette:
        """Return the application."""
        routes: list[tuple[str, Callable[..., Response | Awaitable[Response]]]] = [
            ("/", self._streamed("search.html", search_page.SearchWork)),
            ("/search", self._streamed("search.html", search_page.SearchWork)),
            ("/search.json", lambda asked: search_page.as_object(search_page.SearchWork(self.archive, asked))),
            ("/search.atom", self._bound(feeds.search)),
            ("/article/{number:int}", self._bound(article_page.answer)),
            ("/article/{number:int}.json", self._bound(article_page.answer)),
            ("/article/{number:int}/compare", self._bound(article_page.compare)),
            ("/article/{number:int}/compare.json", self._bound(article_page.compare)),
            ("/edits", self._bound(lists.edits)),
            ("/edits.json", self._bound(lists.edits)),
            ("/edits.atom", self._bound(feeds.edits)),
            ("/counts", self._streamed("counts.html", lists.CountWork)),
            ("/counts.json", lambda asked: lists.counts_as_object(lists.CountWork(self.archive, asked))),
            ("/health", partial(lists.health, self.health_of)),
            ("/health.json", partial(lists.health, self.health_of)),
            ("/health.atom", partial(feeds.health, self.health_of)),
            ("/export/articles.{form}", self.downloads.answer),
            ("/capture/{number:int}.warc.gz", self._bound(record)),
            ("/timemap/{form:str}/{url:path}", self._bound(memento.timemap)),
            ("/timegate/{url:path}", self._bound(memento.timegate)),
            ("/replay/{time:str}/{url:path}", self._bound(self.replay)),
            ("/static/{name:str}", static),
        ]
        return Starlette(
            routes=[Route(path, answer) for path, answer in routes],
            exception_handlers={MorgueError: error_page, HTTPException: _no_page},
        )

    def _bound(self, answer: Callable[[Archive, Request], Response]) -> Callable[[Request], Response]:
        return lambda request: self.archive.ask(lambda archive: answer(archive, request))

    def _streamed(
        self, template: str, work_of: Callable[[ServedArchive, Request], PageWork]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await streamed(request, template, work_of(self.archive, request), self._turns)

        return answer

    def replay(self, archive: Archive, request: Request) -> Response:
        """Show a capture in a frame below a banner.

        Lead to the capture nearest in time if there is none at this one, and to the target of a redirect. Raises
        NotFound, QueryError.
        """
        url, wanted = memento.asked_url(request), memento.time_of(request.path_params["time"])
        captures = memento.answered(archive, url)
        best = memento.nearest(captures, wanted)
        shown = memento.redirected(archive, best, wanted) or best
        if shown is not best or request.path_params["time"] != memento.stamp_14(best["captured"]):
            exact = memento.replay_path(shown["captured"], memento.in_link(shown["url"]))
            return RedirectResponse(memento.base_of(request) + exact, 302)
        at = captures.index(best)
        answer = page(request, "replay.html", {
            "capture": best, "number": at + 1, "captures": len(captures), "article": _article_at(archive, url),
            "earlier": captures[at - 1] if at else None, "path_of": memento.replay_path,
            "later": captures[at + 1] if at + 1 < len(captures) else None,
            "frame": f"http://{name_in(request.url.netloc)}:{self.replay_port}/page/{memento.stamp_14(best['captured'])}/{best['url']}",
        })  # fmt: skip
        answer.headers["memento-datetime"] = memento.http_date(best["captured"])
        answer.headers["link"] = ", ".join(memento.links(memento.base_of(request), url, captures, best))
        return answer


def _article_at(archive: Archive, url: str) -> queries.Row | None:
    try:
        return queries.article(archive.connection, url)
    except NotFound:
        return None


def record(archive: Archive, request: Request) -> Response:
    """Answer with the WARC record of a capture: a gzip member as it is in its file. Raises NotFound."""
    row = archive.capture(request.path_params["number"])
    sent = {"content-disposition": f'attachment; filename="capture-{row.id}.warc.gz"'}
    return Response(archive.record(row), media_type="application/warc", headers=sent)


def static(request: Request) -> Response:
    """Answer with a file that we ship."""
    name = request.path_params["name"]
    kind = STATIC_TYPES.get(Path(name).suffix)
    if kind is None:
        raise HTTPException(404)
    try:
        return Response(static_file(name), media_type=kind, headers={"cache-control": A_DAY})
    except FileNotFoundError:
        raise HTTPException(404) from None


def _no_page(request: Request, error: Exception) -> Response:
    """Answer for an address that leads to nothing."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    missing: Any = NotFound(request.url.path, "is no page of this archive", "the search finds articles")
    if wants_json(request):
        found = {"subject": missing.subject, "cause": missing.cause, "next_step": missing.cure}
        return as_json({"error": found}, status)
    return page(request, "error.html", {"error": missing, "status": status}, status)
