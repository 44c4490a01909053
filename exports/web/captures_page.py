"""List the captures of one address, of an article or not: pages, feeds, robots.txt, failed fetches."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exports.python_api.archive import Archive
from exports.web import memento
from exports.web.rendering import page
from pipelines.core.errors import NotFound
from pipelines.database import queries

MAX_CAPTURES = 500  # shown; the newest


def answer(archive: Archive, request: Request) -> Response:
    """Answer /captures/URL, and /captures/ with a form that leads to it. Raises NotFound, TakenDown."""
    if not request.path_params["url"]:
        if given := request.query_params.get("url", "").strip():
            return RedirectResponse(f"/captures/{memento.in_link(given)}", 302)
        return page(request, "captures.html", {"url": "", "json_address": None})
    url = memento.asked_url(request)
    captures = queries.captures_of(archive.connection, url)
    if not captures:
        raise memento.no_capture(archive, url)
    shown = [{**one, "replay": memento.replay_path(one["captured"], one["url"])} for one in captures[-MAX_CAPTURES:]]
    return page(request, "captures.html", {
        "url": url, "captures": captures, "shown_captures": shown[::-1], "article": article_at(archive, url),
        "json_address": f"/timemap/json/{memento.in_link(url)}",
    })  # fmt: skip


def article_at(archive: Archive, url: str) -> queries.Row | None:
    """Return the article at an address; None if it is not of an article."""
    try:
        return queries.article(archive.connection, url)
    except NotFound:
        return None
