"""Show one article: its text, where each value comes from, its captures, its revisions and the copies of its text."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from exports.python_api.archive import Archive
from exports.web.memento import replay_path
from exports.web.rendering import as_json, page, wants_json
from pipelines.database import page_states, queries
from pipelines.database.clusters.cluster_list import cluster_of
from pipelines.database.edits.comparison import Comparison
from pipelines.database.edits.edit_list import chosen, has_moved

MAX_CAPTURES = 200  # shown; the newest
MAX_COPIES = 50
FIELDS = (
    ("title", "headline"), ("authors", "authors"), ("byline", "byline"), ("published", "published"),
    ("modified", "modified"), ("source", "source"), ("site_name", "name of the site"), ("publisher", "publisher"),
    ("language", "language"), ("language_declared", "language declared"), ("section", "section"), ("tags", "tags"),
    ("kind", "kind"), ("dateline", "dateline"), ("origin", "taken from"), ("access", "access"), ("rights", "rights"),
    ("canonical_url", "canonical URL"), ("image", "lead image"), ("description", "description"),
)  # fmt: skip


def answer(archive: Archive, request: Request) -> Response:
    """Answer /article/NUMBER and /article/NUMBER.json. Raises NotFound."""
    db = archive.connection
    row = queries.article(db, str(request.path_params["number"]))
    states = list(queries.revisions(db, row["id"]))
    captures = queries.captures_of(db, str(row["id"]))
    cluster = cluster_of(db, row["id"])
    periods = page_states.of_article(db, row["id"])
    if wants_json(request):
        left_out = ("text", "description", "authors", "modified")  # /compare shows them
        shown: dict[str, Any] = {
            **row, "page_states": periods, "cluster": cluster,
            "revisions": [{name: state[name] for name in state if name not in left_out} for state in states],
            "captures": captures,
        }  # fmt: skip
        return as_json(shown)
    seen = [{**one, "replay": replay_path(one["captured"], one["url"])} for one in captures[-MAX_CAPTURES:]]
    members = (cluster or {}).get("members", [])
    return page(request, "article.html", {
        "row": row, "states": states, "captures": seen[::-1], "more_captures": len(captures) - len(seen),
        "copies": [one for one in members if one["id"] != row["id"]][:MAX_COPIES],
        "periods": periods, "fields": [
            (label, row[name], row["found_in"].get(name)) for name, label in FIELDS if row[name] not in (None, "", [])
        ],
        "replay": replay_path(row["captured"], row["url"]),
    })  # fmt: skip


def compare(archive: Archive, request: Request) -> Response:
    """Answer /article/NUMBER/compare, by default with the last two revisions. Raises NotFound, QueryError."""
    db = archive.connection
    row = queries.article(db, str(request.path_params["number"]))
    states = list(queries.revisions(db, row["id"]))
    newest = str(states[-1]["revision"])
    new = chosen(states, request.query_params.get("to") or newest, row["id"])
    before = [state for state in states if state["revision"] < new["revision"]]
    old = chosen(states, request.query_params.get("from") or str((before or states)[-1]["revision"]), row["id"])
    comparison = Comparison(row["id"], row["url"], old, new, has_moved(states, old, new))
    if wants_json(request):
        return as_json(comparison.as_dict())
    heads = [{**side, "replay": replay_path(side["captured"], row["url"])} for side in (old, new)]
    return page(request, "compare.html", {
        "row": row, "states": states, "old": heads[0], "new": heads[1], "size": comparison.size(),
        "title": comparison.title(), "text": list(comparison.text()),
    })  # fmt: skip
