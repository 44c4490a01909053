"""Answer with Atom feeds (RFC 4287), so that a feed reader is the alert: new matches, edits, health.

RFC 4287, 4.2.6: an id never changes. Ids are made of the archive's own id and of what an entry tells, not of the host
name or port by which a reader reaches us, so that a reader that moves shows nothing twice.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from exports.formats.to_atom import NO_TIME, date_time, urn
from exports.formats.xml_text import element
from exports.python_api.archive import Archive
from exports.web import lists
from exports.web.lists import HealthOf
from exports.web.memento import base_of
from exports.web.rendering import brief, shown
from exports.web.search_address import SearchAddress
from pipelines.database.edits import edit_list
from pipelines.database.journal_rows import database_state
from pipelines.database.search import hits

ENTRIES = 50
ATOM = "application/atom+xml"


class FeedEntry(NamedTuple):
    """Hold an entry of a feed: what it tells, and where more is said of it."""

    fact: tuple[object, ...]  # that it tells; its id is made of it
    path: str
    title: str
    time: str
    summary: str


def search(archive: Archive, request: Request) -> Response:
    """Answer /search.atom: the matches that came in last. Raises QueryError, NotFound (of the source)."""
    asked = SearchAddress.read(request.query_params.multi_items()).sorted_by("relevance")
    found = hits.latest(archive.database, asked.words(), asked.filters(), ENTRIES)
    entries = [
        FeedEntry(("article", hit["id"]), f"/article/{hit['id']}", hit["title"] or hit["url"], hit["first_seen"],
                  f"{hit['source'] or ''} {hit['published_day'] or 'undated'}: {hit['snippet']}")
        for hit in found
    ]  # fmt: skip
    title = f"Search: {asked.query or 'all articles'}"
    return _feed(archive, request, title, "/search", asked.parameters(), entries)


def edits(archive: Archive, request: Request) -> Response:
    """Answer /edits.atom: edits and vanished pages, as /edits has them. Raises QueryError, NotFound (of the source)."""
    asked, wanted = lists.edits_asked(request)
    entries = [
        FeedEntry(("edit", row["article"], row["revision"]),
                  f"/article/{row['article']}/compare?to={row['revision']}", row["title"] or row["url"], row["seen"],
                  f"{row['source'] or ''}: {', '.join(row['changes'])}, "
                  f"+{row['words_added']} -{row['words_removed']} words")
        for row in edit_list.edits(archive.database, asked.filters(), wanted, ENTRIES)
    ]  # fmt: skip
    entries += [
        FeedEntry(("gone", row["article"], row["kind"], row["since"]), f"/article/{row['article']}",
                  f"Vanished: {row['title'] or row['url']}", row["since"], f"{row['source'] or ''}: {row['kind']}")
        for row in edit_list.gone(archive.database, asked.filters(), ENTRIES)
    ]  # fmt: skip
    newest = sorted(entries, key=lambda entry: entry.time, reverse=True)[:ENTRIES]
    return _feed(archive, request, "Edits", "/edits", [*asked.parameters(), *lists.edit_flags(wanted)], newest)


def health(health_of: HealthOf, archive: Archive, request: Request) -> Response:
    """Answer /health.atom: an entry for each reason why a source is not well."""
    entries = [
        FeedEntry(("health", source["name"], reason["kind"], reason["since"]),
                  f"/health?{urlencode({'since': reason['since']})}#{source['name']}",
                  f"{source['name']}: {reason['kind']} ({reason['status']})", reason["since"],
                  f"{reason['evidence']}. {reason['next_step']}")
        for source in health_of(archive.database) for reason in source["reasons"]
    ]  # fmt: skip
    return _feed(archive, request, "Health of the sources", "/health", [], entries)


def _feed(archive: Archive, request: Request, title: str, path: str, asked: Sequence[tuple[str, str]],
          entries: Sequence[FeedEntry]) -> Response:  # fmt: skip
    """Return a feed. `path` and `asked`: the address of the page that shows the same."""
    base, identity = base_of(request), database_state(archive.shards[0].connection).archive
    query = f"?{urlencode(asked)}" if asked else ""
    newest = max((date_time(entry.time) or NO_TIME for entry in entries), default=NO_TIME)
    head = (
        element("id", urn(f"{identity}{path}{query}")), element("title", f"{shown(title)} - Newsmorgue"),
        element("updated", newest), element("link", rel="self", href=f"{base}{path}.atom{query}"),
        element("link", rel="alternate", href=f"{base}{path}{query}"),
        f"<author>{element('name', 'Newsmorgue')}</author>",
    )  # fmt: skip
    out = io.StringIO()
    out.write('<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n')
    out.write("\n".join((*head, *(_entry(base, identity, entry) for entry in entries), "</feed>\n")))
    return Response(out.getvalue().encode("utf-8", "replace"), media_type=ATOM)


def _entry(base: str, identity: str, entry: FeedEntry) -> str:
    parts = (
        element("id", urn("/".join(map(str, (identity, *entry.fact))))), element("title", brief(entry.title)),
        element("updated", date_time(entry.time) or NO_TIME),
        element("link", rel="alternate", href=base + entry.path), element("summary", shown(entry.summary)),
    )  # fmt: skip
    return "\n".join(("<entry>", *parts, "</entry>"))
