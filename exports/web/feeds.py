"""Answer with Atom feeds (RFC 4287), so that a feed reader is the alert: new matches, edits, health."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from exports.formats.to_atom import NO_TIME, date_time, urn
from exports.formats.xml_text import element
from exports.python_api.archive import Archive
from exports.web.lists import HealthOf
from exports.web.memento import base_of
from exports.web.rendering import brief, shown
from exports.web.search_address import SearchAddress
from pipelines.database.edits import edit_list

ENTRIES = 50
ATOM = "application/atom+xml"


def search(archive: Archive, request: Request) -> Response:
    """Answer /search.atom: the matches that came in last. Raises QueryError, NotFound (of the source)."""
    asked = SearchAddress.read(request.query_params.multi_items()).sorted_by("newest")
    hits = sorted(asked.articles(archive)[:ENTRIES].hits(("", "")), key=lambda hit: hit["first_seen"], reverse=True)
    base = base_of(request)
    entries = [
        _entry(f"{base}/article/{hit['id']}", hit["title"] or hit["url"], hit["first_seen"],
               f"{hit['source'] or ''} {hit['published_day'] or 'undated'}: {hit['snippet']}")
        for hit in hits
    ]  # fmt: skip
    return _feed(request, f"Search: {asked.query or 'all articles'}", asked.link(), entries,
                 [hit["first_seen"] for hit in hits])  # fmt: skip


def edits(archive: Archive, request: Request) -> Response:
    """Answer /edits.atom. Raises QueryError, NotFound (of the source)."""
    asked = SearchAddress.read(request.query_params.multi_items())
    wanted = edit_list.EditFilters(0.0, "titles" in request.query_params, "silent" in request.query_params)
    rows = list(edit_list.edits(archive.connection, asked.filters(), wanted, ENTRIES))
    base = base_of(request)
    entries = [
        _entry(f"{base}/article/{row['article']}/compare?to={row['revision']}", row["title"] or row["url"], row["seen"],
               f"{row['source'] or ''}: {', '.join(row['changes'])}, "
               f"+{row['words_added']} -{row['words_removed']} words")
        for row in rows
    ]  # fmt: skip
    return _feed(request, "Edits", asked.link("/edits"), entries, [row["seen"] for row in rows])


def health(health_of: HealthOf, request: Request) -> Response:
    """Answer /health.atom: an entry for each reason why a source is not well."""
    base = base_of(request)
    found = [(source, reason) for source in health_of() for reason in source["reasons"]]
    entries = [
        _entry(f"{base}/health?since={reason['since']}#{source['name']}",
               f"{source['name']}: {reason['kind']} ({reason['status']})", reason["since"],
               f"{reason['evidence']}. {reason['next_step']}")
        for source, reason in found
    ]  # fmt: skip
    return _feed(request, "Health of the sources", "/health", entries, [reason["since"] for _, reason in found])


def _entry(link: str, title: str, updated: str, summary: str) -> str:
    parts = (
        element("id", urn(link)), element("title", brief(title)), element("updated", date_time(updated) or NO_TIME),
        element("link", rel="alternate", href=link), element("summary", shown(summary)),
    )  # fmt: skip
    return "\n".join(("<entry>", *parts, "</entry>"))


def _feed(request: Request, title: str, path: str, entries: Sequence[str], times: Iterable[str]) -> Response:
    base, own = base_of(request), str(request.url)
    newest = max((date_time(time) or NO_TIME for time in times), default=NO_TIME)
    out = io.StringIO()
    out.write('<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n')
    head = (
        element("id", urn(own)), element("title", f"{shown(title)} - Newsmorgue"), element("updated", newest),
        element("link", rel="self", href=own), element("link", rel="alternate", href=base + path),
        f"<author>{element('name', 'Newsmorgue')}</author>",
    )  # fmt: skip
    out.write("\n".join((*head, *entries, "</feed>\n")))
    return Response(out.getvalue().encode("utf-8", "replace"), media_type=ATOM)
