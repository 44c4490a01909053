"""List the captures of one address, of an article or not: pages, feeds, robots.txt, failed fetches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.rendering import captures_path, in_path, is_address, page
from pipelines.core.errors import NotFound
from pipelines.database import queries

MAX_CAPTURES = 500  # shown; the newest


def answer(archive: Archive, request: Request) -> Response:
    """Answer /captures/URL, and /captures/ with a form that leads to it. Raises NotFound, TakenDown."""
    given = request.path_params["url"]
    if not given:
        if typed := request.query_params.get("url", "").strip():
            return RedirectResponse(captures_path(typed), 302)
        return page(request, "captures.html", {"url": "", "json_address": None})
    if not given.lower().startswith(("http:", "https:")) and is_address(given):
        query = request.url.query
        return RedirectResponse(captures_path(given + (f"?{query}" if query else "")), 302)
    asked = memento.asked_url(request)
    captures = memento.captures_of(archive, asked)
    if not captures:
        raise memento.no_capture(archive, asked)
    url, shown = memento.as_captured(asked, captures), captures[-MAX_CAPTURES:]
    paths = memento.permalinks([one for one in captures if one["status"] is not None])
    return page(request, "captures.html", {
        "url": url, "captures": captures, "article": article_of(archive, captures),
        "shown_captures": [{**one, "replay": paths.get(one["id"])} for one in reversed(shown)],
        "json_address": f"/timemap/json/{in_path(url)}", "timemap": f"/timemap/link/{in_path(url)}",
    })  # fmt: skip


def article_of(archive: Archive, captures: list[queries.Row]) -> queries.Row | None:
    """Return the article at the address of some captures; None if it is not of an article."""
    for url in dict.fromkeys(one["url"] for one in captures):
        try:
            return queries.article(archive.database, url)
        except NotFound:
            continue
    return None
