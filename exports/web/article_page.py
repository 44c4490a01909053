"""Show one article: its text, where each value comes from, its captures, its revisions and the copies of its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from exports import article_report
from exports.python_api.archive import Archive
from exports.web.memento import replay_path
from exports.web.rendering import as_json, page, wants_json
from pipelines.core.errors import QueryError
from pipelines.database import page_states, queries
from pipelines.database.clusters.cluster_list import cluster_of
from pipelines.database.connection import Row
from pipelines.database.edits.comparison import Comparison
from pipelines.database.edits.edit_list import chosen, has_moved

MAX_CAPTURES = 12  # shown; the newest
MAX_COPIES = 50
# Each value with its label, and those that are shown beside it.
FIELDS = (
    ("title", "headline", ()), ("description", "description", ()), ("authors", "authors", ()), ("byline", "byline", ()),
    ("published", "published", ()), ("published_raw", "published, as written", ()), ("modified", "modified", ()),
    ("modified_raw", "modified, as written", ()), ("source", "source", ()), ("site_name", "name of the site", ()),
    ("publisher", "publisher", ()), ("issn", "ISSN", ()), ("language", "language", ()),
    ("language_declared", "language declared", ()), ("section", "section", ()), ("tags", "tags", ()),
    ("kind", "kind", ()), ("dateline", "dateline", ()), ("origin", "taken from", ("origin_url",)),
    ("access", "access", ("access_evidence",)), ("rights", "rights", ()),
    ("header_rights", "rights, in the HTTP header", ()), ("canonical_url", "canonical URL", ()),
    ("image", "lead image", ()),
)  # fmt: skip
REPEATED = {"published_raw": "published", "modified_raw": "modified"}  # not shown if both are alike


def answer(archive: Archive, request: Request) -> Response:
    """Answer /article/NUMBER and its JSON; with ?revision=N as of a revision. Raises NotFound, QueryError."""
    db = archive.database
    newest = queries.article(db, str(request.path_params["number"]))
    states = article_report.states_of(db, newest)
    row = article_report.as_of_revision(newest, states, _revision(request))
    if wants_json(request):
        return as_json(article_report.as_dict(db, row, states))
    captures = queries.captures_of(db, str(row["id"]))
    capture = _capture_of(row, captures)
    cluster = cluster_of(db, row["id"])
    return page(request, "article.html", {
        "row": row, "states": states, "state": next(one for one in states if one["revision"] == row["revision"]),
        "place": article_report.place_among(row, states), "capture": capture, "replay": _replay(row, capture),
        "captures": [
            {**one, "replay": replay_path(one["captured"], one["url"])} for one in captures[: -MAX_CAPTURES - 1 : -1]
        ],
        "more_captures": max(len(captures) - MAX_CAPTURES, 0), "cluster": cluster,
        "copies": cluster["members"][:MAX_COPIES] if cluster else [], "fields": list(_fields(row)),
        "instead": list(article_report.instead(page_states.of_article(db, row["id"]))),
        "imported": article_report.imported_from(row),
        "has_file": archive.shard_of(row).warc_storage.has(row["warc_file"]),
    })  # fmt: skip


def _revision(request: Request) -> int | None:
    given = request.query_params.get("revision")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or not 0 < len(given) < 9:
        raise QueryError(f"revision {given}", "is no number of a revision", "1 is the first")
    return int(given)


def _fields(row: Row) -> Iterator[tuple[str, Any, str | None]]:
    """Yield (label, value, where it was found) of what the page says."""
    for name, label, beside in FIELDS:
        values = [row[key] for key in (name, *beside) if row[key] not in (None, "", [])]
        if values and row[name] != row[REPEATED.get(name, "url")]:
            yield label, values[0] if len(values) == 1 else values, row["found_in"].get(name)


def _capture_of(row: Row, captures: list[Row]) -> Row | None:
    """Return the capture that a text was read from. Its address may be one that the article had before."""
    return next((one for one in captures if one["warc_record_id"] == row["warc_record_id"]), None)


def _replay(row: Row, capture: Row | None) -> str:
    return replay_path(row["captured"], capture["url"] if capture else row["url"])


def compare(archive: Archive, request: Request) -> Response:
    """Answer /article/NUMBER/compare, by default with the last two revisions. Raises NotFound, QueryError."""
    db = archive.database
    row = queries.article(db, str(request.path_params["number"]))
    states = article_report.states_of(db, row)
    newest = str(states[-1]["revision"])
    new = chosen(states, request.query_params.get("to") or newest, row["id"])
    before = [state for state in states if state["revision"] < new["revision"]]
    old = chosen(states, request.query_params.get("from") or str((before or states)[-1]["revision"]), row["id"])
    comparison = Comparison(row["id"], row["url"], old, new, has_moved(states, old, new))
    if wants_json(request):
        return as_json(comparison.as_dict())
    captures = queries.captures_of(db, str(row["id"]))
    sides = [_side(one, row, _capture_of(one, captures)) for one in (old, new)]
    return page(request, "compare.html", {
        "row": row, "states": states, "old": sides[0], "new": sides[1], "size": comparison.size(),
        "title": comparison.title(), "fields": list(comparison.fields_by_words()), "text": list(comparison.text()),
    })  # fmt: skip


def _side(state: Row, row: Row, capture: Row | None) -> dict[str, Any]:
    """Return one side of a comparison, with the address and number of its capture."""
    url = capture["url"] if capture else row["url"]
    replay = replay_path(state["captured"], url)
    return {**state, "url": url, "capture": capture and capture["id"], "replay": replay}
