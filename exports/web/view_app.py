"""Put the view of an archive together: which address is answered by what, and what every answer says to the browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import unquote, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from exports.python_api.archive import Archive
from exports.web import article_page, captures_page, feeds, lists, memento, search_page
from exports.web.downloads import Downloads
from exports.web.guard import name_in
from exports.web.lists import HealthOf
from exports.web.origins import Origins
from exports.web.rendering import error_page, page, static_file
from exports.web.replay.app import MAX_BYTES, is_drawn
from exports.web.replay.page_packages import PagePackages
from exports.web.served_archive import ServedArchive
from exports.web.streaming import PageWork, Turns, streamed
from pipelines.archive.replay import replay
from pipelines.core.errors import MorgueError, NotFound
from pipelines.database import queries

STATIC_TYPES = {"view.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
FORMS = ("/search", "/counts", "/edits")
USUAL_ORDER = ("sort", "relevance")
A_DAY = "max-age=86400"
SANDBOX = "allow-same-origin allow-top-navigation-by-user-activation"
SCRIPTED_SANDBOX = "allow-scripts allow-same-origin allow-forms"  # no windows; the frame stays in its place


def headers(origins: Origins, name: str) -> dict[str, str]:
    """Return what every answer of the view says: nothing from elsewhere, no scripts, no frames but of the replay."""
    frames = " ".join(filter(None, (origins.of_replay(name), origins.of_replayweb(name))))
    return {
        "content-security-policy": (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; frame-src {frames}"
        ),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-cache",
    }


class RowConvertor(Convertor[int]):
    """Read the number of a row out of an address: as many digits as fit into a row id of SQLite."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return the number as it is in an address."""
        return str(value)


class View:
    """Answer for one archive."""

    def __init__(self, archive: ServedArchive, origins: Origins, health_of: HealthOf, packages: PagePackages) -> None:
        """`packages`: those that replayweb.page shows, if it is served."""
        self.archive, self.origins, self.health_of, self.packages = archive, origins, health_of, packages
        self.downloads = Downloads(archive)
        self._turns = Turns()

    def app(self) -> Starlette:
        """Return the application."""
        routes: list[tuple[str, Callable[..., Response | Awaitable[Response]]]] = [
            ("/", self._streamed("search.html", search_page.SearchWork)),
            ("/search", self._streamed("search.html", search_page.SearchWork)),
            ("/search.json", lambda asked: search_page.as_object(search_page.SearchWork(self.archive, asked))),
            ("/search.atom", self._bound(feeds.search)),
            ("/article/{number:row}", self._bound(article_page.answer)),
            ("/article/{number:row}.json", self._bound(article_page.answer)),
            ("/article/{number:row}/compare", self._bound(article_page.compare)),
            ("/article/{number:row}/compare.json", self._bound(article_page.compare)),
            ("/edits", self._bound(lists.edits)),
            ("/edits.json", self._bound(lists.edits)),
            ("/edits.atom", self._bound(feeds.edits)),
            ("/counts", self._streamed("counts.html", lists.CountWork)),
            ("/counts.json", lambda asked: lists.counts_as_object(lists.CountWork(self.archive, asked))),
            ("/health", self._bound(partial(lists.health, self.health_of))),
            ("/health.json", self._bound(partial(lists.health, self.health_of))),
            ("/health.atom", self._bound(partial(feeds.health, self.health_of))),
            ("/export/articles.{form}", self.downloads.answer),
            ("/capture/{number:row}.warc.gz", self._bound(record)),
            ("/capture/{number:row}/file", self._bound(file)),
            ("/timemap/link/{url:path}", self._bound(memento.timemap)),
            ("/timemap/json/{url:path}", self._bound(memento.timemap)),
            ("/timegate/{url:path}", self._bound(memento.timegate)),
            ("/replay/{time:str}/{url:path}", self._bound(self.replay)),
            ("/replayweb/{time:str}/{url:path}", self._bound(self.replay)),
            ("/captures/{url:path}", self._bound(captures_page.answer)),
            ("/static/{name:str}", static),
        ]
        register_url_convertor("row", RowConvertor())
        app = Starlette(
            routes=[Route(path, answer) for path, answer in routes],
            exception_handlers={MorgueError: error_page, HTTPException: _no_page, Exception: _failed},
        )
        app.state.source_titles = self.archive.source_titles
        return app

    def _bound(self, answer: Callable[[Archive, Request], Response]) -> Callable[[Request], Response]:
        return lambda request: _short_address(request) or self.archive.ask(lambda archive: answer(archive, request))

    def _streamed(
        self, template: str, work_of: Callable[[ServedArchive, Request], PageWork]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            short = _short_address(request)
            return short or await streamed(request, template, work_of(self.archive, request), self._turns)

        return answer

    def replay(self, archive: Archive, request: Request) -> Response:
        """Show a capture in a frame below a banner; for /replayweb/ with its scripts, in replayweb.page.

        Lead to the capture nearest in time if there is none at this one, and to the target of a redirect. Raises
        NotFound, QueryError.
        """
        url, wanted = memento.asked_url(request), memento.time_of(request.path_params["time"])
        with_scripts = request.url.path.startswith(f"/{memento.SCRIPTED}/")
        if with_scripts and not self.origins.has_replayweb:
            cure = "`morgue serve --replayweb DIR` shows pages with their scripts: docs/viewing.md"
            raise NotFound("replayweb.page", "is not served here", cure)
        captures = memento.answered(archive, url)
        url = memento.as_captured(url, captures)
        best = memento.nearest(captures, wanted, url)
        shown = memento.redirected(archive, best, wanted) or best
        kind = memento.SCRIPTED if with_scripts else memento.REPLAY
        paths = memento.permalinks(captures, kind)
        is_exact = paths[best["id"]].split("/")[2] == request.path_params["time"]
        base = memento.base_of(request)
        told = {"memento-datetime": memento.http_date(best["captured"]),
                "link": ", ".join(memento.links(base, url, captures, best))}  # fmt: skip
        if shown is not best or not is_exact:
            if shown["id"] not in paths:
                paths = memento.permalinks(memento.answered(archive, shown["url"]), kind)
            # A captured redirect is a memento, too (RFC 7089, 4.5.3).
            return RedirectResponse(base + paths[shown["id"]], 302, told if is_exact else None)
        at = captures.index(best)
        others = [one for one in captures if one is best or not memento.leads_on(one)]
        beside = others.index(best)
        answer = page(request, "replay.html", {
            "capture": best, "number": at + 1, "captures": len(captures), "is_file": not is_drawn(best["mime"]),
            "article": captures_page.article_of(archive, captures),
            "earlier": paths[others[beside - 1]["id"]] if beside else None,
            "later": paths[others[beside + 1]["id"]] if beside + 1 < len(others) else None,
            "with_scripts": with_scripts,
            "other_view": self._other_view(paths[best["id"]], with_scripts=with_scripts),
            **self._frame(best, paths[best["id"]], name_in(request.url.netloc), with_scripts=with_scripts),
        })  # fmt: skip
        answer.headers.update(told)
        return answer

    def _frame(self, row: queries.Row, path: str, name: str, *, with_scripts: bool) -> dict[str, str]:
        """Return the address of what the frame shows, and what it may do. `name`: by which a reader reaches us."""
        origin = self.origins.of_replayweb(name)
        if with_scripts and origin is not None:
            place = f"{origin}/open/{self.packages.key(row['id'])}/{row['id']}"
            return {"frame": place, "sandbox": SCRIPTED_SANDBOX}
        place = self.origins.of_replay(name) + path.replace(f"/{memento.REPLAY}/", "/page/", 1)
        return {"frame": place, "sandbox": SANDBOX}

    def _other_view(self, path: str, *, with_scripts: bool) -> str | None:
        """Return the path of the same capture with scripts, or without."""
        if not self.origins.has_replayweb:
            return None
        other = memento.REPLAY if with_scripts else memento.SCRIPTED
        return f"/{other}/" + path.split("/", 2)[2]


def _short_address(request: Request) -> Response | None:
    """Lead a form to the address that is worth keeping, without what was left empty; None if it has it already."""
    if request.url.path not in FORMS:
        return None
    given = request.query_params.multi_items()
    kept = [one for one in given if one[1].strip() and one != USUAL_ORDER]
    if kept == given:
        return None
    return RedirectResponse(f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path, 302)


def record(archive: Archive, request: Request) -> Response:
    """Answer with the WARC record of a capture: a gzip member as it is in its file. Raises NotFound."""
    row = archive.capture(request.path_params["number"])
    sent = {"content-disposition": f'attachment; filename="capture-{row.id}.warc.gz"'}
    return Response(archive.record(row), media_type="application/warc", headers=sent)


def file(archive: Archive, request: Request) -> Response:
    """Answer with the body of a capture as a file to be saved; a browser opens none of it here. Raises NotFound."""
    row = queries.capture(archive.database, request.path_params["number"])
    shard = archive.shard_of(row)
    answer = replay(shard.connection, shard.warc_storage, row, MAX_BYTES)
    name = re.sub(r"[^\w.-]+", "-", unquote(urlsplit(row["url"]).path.rpartition("/")[2]), flags=re.ASCII).strip("-.")
    sent = {"content-disposition": f'attachment; filename="{name[-100:] or "capture"}"',
            "content-security-policy": "sandbox; default-src 'none'"}  # fmt: skip
    return Response(answer.body, media_type="application/octet-stream", headers=sent)


def static(request: Request) -> Response:
    """Answer with a file that we ship."""
    name = request.path_params["name"]
    kind = STATIC_TYPES.get(name)
    if kind is None:
        raise HTTPException(404)
    return Response(static_file(name), media_type=kind, headers={"cache-control": A_DAY})


def _no_page(request: Request, error: Exception) -> Response:
    """Answer for an address that leads to nothing."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    missing = NotFound(request.url.path, "is no page of this archive", "the search finds articles")
    return error_page(request, missing, status)


def _failed(request: Request, error: Exception) -> Response:
    """Answer when we are at fault; the log has the traceback."""
    fault = MorgueError("this page", "could not be made, by a fault of Newsmorgue", "its log says more")
    return error_page(request, fault, 500)
