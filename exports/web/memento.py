"""Say where the captures of an address are: TimeMap, TimeGate and permalinks (RFC 7089, Memento)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urljoin

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exports.python_api.archive import Archive
from exports.web.rendering import as_json, wants_json
from pipelines.archive.replay import stored_head
from pipelines.core.errors import NotFound, QueryError, TakenDown
from pipelines.database import queries
from pipelines.database.connection import Row
from pipelines.warc.cdxj import cdx_timestamp

LINK_FORMAT = "application/link-format"
MAX_REDIRECTS = 8
REPLAY, SCRIPTED = "replay", "replayweb"  # first part of the permalink of a capture: without its scripts, with them
STAMP_14 = re.compile(r"\d{4,14}")


def stamp_14(captured: str) -> str:
    """Return a time of ours (ISO 8601, UTC) as 14 digits, as web archives write it."""
    return cdx_timestamp(datetime.fromisoformat(captured))


def time_of(digits: str) -> datetime:
    """Return the time that 4 to 14 digits name, UTC; what is left out is its earliest. Raises QueryError."""
    filled = digits + "00000101000000"[len(digits) :]
    try:
        if not STAMP_14.fullmatch(digits):
            raise ValueError
        return datetime.strptime(filled, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        cure = "write it as 20260102030405, or the beginning of that from the year on"
        raise QueryError(f"time {digits}", "is no time", cure) from None


def replay_path(captured: str, url: str, view: str = REPLAY) -> str:
    """Return the permalink of a capture. `view`: REPLAY, or SCRIPTED for replayweb.page."""
    return f"/{view}/{stamp_14(captured)}/{url}"


def answered(archive: Archive, url: str) -> list[Row]:
    """Return the captures of an address that have an answer, oldest first. Raises NotFound."""
    found = [one for one in queries.captures_of(archive.connection, url) if one["status"] is not None]
    if not found:
        raise no_capture(archive, url)
    return found


def no_capture(archive: Archive, url: str) -> NotFound:
    """Return the error for an address without a capture: it was taken down, or never captured."""
    if removal := queries.takedown_of(archive.connection, url):
        return TakenDown(url, removal, "it is not fetched again")
    return NotFound(url, "no capture of this address is in the archive", "search for its words, or crawl it")


def nearest(captures: list[Row], wanted: datetime) -> Row:
    """Return the capture nearest in time; of two as near, the earlier."""
    return min(captures, key=lambda one: abs(datetime.fromisoformat(one["captured"]) - wanted))


def redirected(archive: Archive, row: Row, wanted: datetime) -> Row | None:
    """Return the capture that a redirect leads to, nearest in time, through further redirects; else `row` itself.

    None if they lead out of the archive, or in a circle.
    """
    for _ in range(MAX_REDIRECTS):
        place = target(archive, row)
        if place is None:
            return row
        try:
            row = nearest(answered(archive, place), wanted)
        except NotFound:
            return None
    return None


def target(archive: Archive, row: Row) -> str | None:
    """Return the address that a redirect leads to; None if the capture is no redirect.

    Raises NotFound, ArchiveDamaged.
    """
    if not 300 <= row["status"] < 400 or row["status"] == 304:
        return None
    place = stored_head(archive.warc_storage, row).first(b"location")
    try:
        return urljoin(row["url"], place.decode("utf-8", "replace").strip()).partition("#")[0] if place else None
    except ValueError:
        return None


def http_date(captured: str) -> str:
    """Return a time of ours as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(datetime.fromisoformat(captured).astimezone(UTC), usegmt=True)


def links(base: str, url: str, captures: list[Row], this: Row | None = None) -> Iterator[str]:
    """Yield the links of RFC 7089, 2.2: original, timegate, timemap, and the first, last and neighbouring mementos."""
    yield f'<{in_link(url)}>; rel="original"'
    yield f'<{base}/timegate/{in_link(url)}>; rel="timegate"'
    yield f'<{base}/timemap/link/{in_link(url)}>; rel="timemap"; type="{LINK_FORMAT}"'
    last = len(captures) - 1
    at = captures.index(this) if this is not None else None
    for number, one in enumerate(captures):
        words = [word for word, place in (("first", 0), ("last", last)) if number == place]
        if at is not None:
            words += [word for word, place in (("prev", at - 1), ("next", at + 1)) if number == place]
            if not words and number != at:
                continue
        rel = " ".join((*words, "memento"))
        place = f"{base}{replay_path(one['captured'], in_link(one['url']))}"
        yield f'<{place}>; rel="{rel}"; datetime="{http_date(one["captured"])}"'


def timemap(archive: Archive, request: Request) -> Response:
    """Answer /timemap/link/URL and /timemap/json/URL. Raises NotFound."""
    url = asked_url(request)
    captures = answered(archive, url)
    base = base_of(request)
    if wants_json(request):
        return as_json({
            "original_uri": url, "timegate_uri": f"{base}/timegate/{url}",
            "mementos": [{"datetime": one["captured"], "status": one["status"],
                          "uri": f"{base}{replay_path(one['captured'], one['url'])}"} for one in captures],
        })  # fmt: skip
    return Response(",\n".join(links(base, url, captures)) + "\n", media_type=LINK_FORMAT)


def timegate(archive: Archive, request: Request) -> Response:
    """Answer /timegate/URL: lead to the capture nearest to the Accept-Datetime, else to the newest. Raises NotFound."""
    url = asked_url(request)
    captures = answered(archive, url)
    given = request.headers.get("accept-datetime")
    best = captures[-1]
    if given:
        try:
            wanted = parsedate_to_datetime(given)
        except ValueError:
            cure = "write it as Thu, 31 May 2007 20:35:00 GMT"
            raise QueryError(f"Accept-Datetime {given!r}", "is no date of RFC 1123", cure) from None
        best = nearest(captures, wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC))
    headers = {"vary": "accept-datetime", "link": ", ".join(links(base_of(request), url, captures, best))}
    return RedirectResponse(base_of(request) + replay_path(best["captured"], best["url"]), 302, headers)


def asked_url(request: Request) -> str:
    """Return the archived address that stands at the end of an address of ours, with its own query."""
    raw = (request.scope.get("raw_path") or b"").decode("latin-1")
    found = re.search(r"/(?:timemap/(?:link|json)|timegate|captures|(?:replay|replayweb|page|part)/\d+)/(.+)", raw)
    url = found[1] if found else ""
    query = request.scope.get("query_string", b"").decode("latin-1")
    url = re.sub(r"^(https?:)/+", r"\1//", url, flags=re.IGNORECASE)
    return url + (f"?{query}" if query else "")


def base_of(request: Request) -> str:
    """Return the origin by which a reader reaches us."""
    return f"{request.url.scheme}://{request.url.netloc}"


def in_link(url: str) -> str:
    """Return an address as it may stand between < and > of a Link header."""
    return re.sub(r"[<>\s\"\\^`{|}\x00-\x1f\x7f-\U0010ffff]", _escaped, url)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
