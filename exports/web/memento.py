"""Say where the captures of an address are: TimeMap, TimeGate and permalinks (RFC 7089, Memento)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import unquote, urljoin

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from exports.python_api.archive import Archive
from exports.web.rendering import as_json, escaped_match, in_path, wants_json
from pipelines.archive.replay import stored_head
from pipelines.core.errors import NotFound, QueryError, TakenDown
from pipelines.database import queries
from pipelines.database.connection import Row
from pipelines.warc.cdxj import cdx_timestamp

LINK_FORMAT = "application/link-format"
MAX_REDIRECTS = 8
REPLAY, SCRIPTED = "replay", "replayweb"  # first part of the permalink of a capture: without its scripts, with them
STAMP = re.compile(r"\d{4,14}|\d{20}", re.ASCII)
ADDRESS = re.compile(
    r"/(?:timemap/(?:link|json)|timegate|captures|(?:replay|replayweb|page|part)/\d+)/+(https?:.+)",
    re.ASCII | re.IGNORECASE,
)
# What a browser would read otherwise, or not send: RFC 3986, 5.2.4 (dot segments) and 3.5.


def stamp_14(captured: str) -> str:
    """Return a time of ours (ISO 8601, UTC) as 14 digits, as web archives write it."""
    return cdx_timestamp(datetime.fromisoformat(captured))


def time_of(digits: str) -> datetime:
    """Return the time that 4 to 14 digits name, or 20 with its microseconds, UTC. Raises QueryError.

    What is left out is its earliest.
    """
    filled = digits + "00000101000000000000"[len(digits) :]
    try:
        if not STAMP.fullmatch(digits):
            raise ValueError
        return datetime.strptime(filled, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        cure = "write it as 20260102030405, or the beginning of that from the year on"
        raise QueryError(f"time {digits}", "is no time", cure) from None


def replay_path(captured: str, url: str, view: str = REPLAY) -> str:
    """Return the permalink of a capture. `view`: REPLAY, or SCRIPTED for replayweb.page."""
    return f"/{view}/{stamp_14(captured)}/{in_path(url)}"


def permalinks(captures: list[Row], view: str = REPLAY) -> dict[int, str]:
    """Return the permalinks of captures by their numbers.

    One that shares its second and address with another, which is shown instead, is named with its microseconds.
    """
    found: dict[int, str] = {}
    alike: dict[str, list[Row]] = {}
    for one in captures:
        path = replay_path(one["captured"], one["url"], view)
        found[one["id"]] = path
        alike.setdefault(path, []).append(one)
    for path, several in alike.items():
        shown = nearest(several, time_of(stamp_14(several[0]["captured"])))
        for one in several:
            if one is not shown:
                found[one["id"]] = path.replace(stamp_14(one["captured"]), stamp_20(one["captured"]), 1)
    return found


def stamp_20(captured: str) -> str:
    """Return a time of ours (ISO 8601, UTC) as 20 digits: with its microseconds."""
    return datetime.fromisoformat(captured).astimezone(UTC).strftime("%Y%m%d%H%M%S%f")


def answered(archive: Archive, url: str) -> list[Row]:
    """Return the captures of an address that have an answer, oldest first. Raises NotFound."""
    found = [one for one in captures_of(archive, url) if one["status"] is not None]
    if not found:
        raise no_capture(archive, url)
    return found


def captures_of(archive: Archive, url: str) -> list[Row]:
    """Return all captures of an address as it came to us, oldest first.

    Captures of other programs may have addresses that no browser can send. Links of ours escape them: `in_path`.
    """
    found = {
        one["id"]: one for form in dict.fromkeys((url, unquote(url)))
        for one in queries.captures_of(archive.database, form)
    }  # fmt: skip
    return sorted(found.values(), key=lambda one: (one["captured"], one["id"]))


def as_captured(url: str, captures: list[Row]) -> str:
    """Return an address that came to us as the captures have it, if its escapes are ours."""
    known = {one["url"] for one in captures}
    return next((form for form in (url, unquote(url)) if form in known), url)


def no_capture(archive: Archive, url: str) -> NotFound:
    """Return the error for an address without a capture: it was taken down, or never captured."""
    if removal := queries.takedown_of(archive.database, url):
        return TakenDown(url, removal, "it is not fetched again")
    return NotFound(url, "no capture of this address is in the archive", "search for its words, or crawl it")


def nearest(captures: list[Row], wanted: datetime, url: str | None = None) -> Row:
    """Return the capture nearest in time, of those of one second that of `url` itself.

    Others are of the same address in another spelling. A redirect comes after what it may have led to.
    """
    has_fraction, second = wanted.microsecond > 0, wanted.replace(microsecond=0)

    def distance(one: Row) -> tuple[object, ...]:
        time = datetime.fromisoformat(one["captured"])
        away = abs(time.replace(microsecond=0) - second)
        return away, one["url"] != url, abs(time - wanted) if has_fraction else leads_on(one), time

    return min(captures, key=distance)


def leads_on(capture: Row) -> bool:
    """Return True if the answer of a capture is a redirect (RFC 9110, 15.4), by its status."""
    return 300 <= capture["status"] < 400 and capture["status"] != 304


def redirected(archive: Archive, row: Row, wanted: datetime) -> Row | None:
    """Return the capture that a redirect leads to, nearest in time, through further redirects; else `row` itself.

    None if they lead out of the archive, or in a circle.
    """
    met: set[int] = set()
    for _ in range(MAX_REDIRECTS):
        place = target(archive, row)
        if place is None:
            return row
        met.add(row["id"])
        try:
            left = [one for one in answered(archive, place) if one["id"] not in met]
        except NotFound:
            return None
        if not left:
            return None
        row = nearest(left, wanted, place)
    return None


def target(archive: Archive, row: Row) -> str | None:
    """Return the address that a redirect leads to; None if the capture is no redirect.

    Raises NotFound, ArchiveDamaged.
    """
    if not leads_on(row):
        return None
    place = stored_head(archive.warc_storage, row).first(b"location")
    try:
        return urljoin(row["url"], place.decode("utf-8", "replace").strip()).partition("#")[0] if place else None
    except ValueError:
        return None


def http_date(captured: str) -> str:
    """Return a time of ours as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(datetime.fromisoformat(captured).astimezone(UTC), usegmt=True)


def links(base: str, url: str, captures: list[Row] | None = None, this: Row | None = None) -> Iterator[str]:
    """Yield the links of RFC 7089, 2.2: original, timegate, timemap, and the first, last and neighbouring mementos.

    `base`: the origin of the view. Without `this`, all mementos.
    """
    yield f'<{in_link(url)}>; rel="original"'
    yield f'<{base}/timegate/{in_path(url)}>; rel="timegate"'
    yield f'<{base}/timemap/link/{in_path(url)}>; rel="timemap"; type="{LINK_FORMAT}"'
    if captures:
        yield from _mementos(base, captures, this)


def _mementos(base: str, captures: list[Row], this: Row | None) -> Iterator[str]:
    last, paths = len(captures) - 1, permalinks(captures)
    at = captures.index(this) if this is not None else None
    for number, one in enumerate(captures):
        words = [word for word, place in (("first", 0), ("last", last)) if number == place]
        if at is not None:
            words += [word for word, place in (("prev", at - 1), ("next", at + 1)) if number == place]
            if not words and number != at:
                continue
        rel = " ".join((*words, "memento"))
        yield f'<{base}{paths[one["id"]]}>; rel="{rel}"; datetime="{http_date(one["captured"])}"'


def timemap(archive: Archive, request: Request) -> Response:
    """Answer /timemap/link/URL and /timemap/json/URL. Raises NotFound, QueryError."""
    asked = asked_url(request)
    captures = answered(archive, asked)
    base, url = base_of(request), as_captured(asked, captures)
    if wants_json(request):
        paths = permalinks(captures)
        return as_json({
            "original_uri": url, "timegate_uri": f"{base}/timegate/{in_path(url)}",
            "mementos": [{"datetime": one["captured"], "status": one["status"], "uri": base + paths[one["id"]]}
                         for one in captures],
        })  # fmt: skip
    first, last = (http_date(captures[at]["captured"]) for at in (0, -1))
    period = f'from="{first}"; until="{last}"'  # RFC 7089, 5
    own = f'<{base}/timemap/link/{in_path(url)}>; rel="self"; type="{LINK_FORMAT}"; {period}'
    named = [own if 'rel="timemap"' in one else one for one in links(base, url, captures)]
    return Response(",\n".join(named) + "\n", media_type=LINK_FORMAT)


def timegate(archive: Archive, request: Request) -> Response:
    """Answer /timegate/URL: lead to the capture nearest to the Accept-Datetime, else to the newest.

    Raises NotFound, QueryError.
    """
    asked = asked_url(request)
    captures = answered(archive, asked)
    url, given = as_captured(asked, captures), request.headers.get("accept-datetime")
    best = captures[-1]
    if given:
        try:
            wanted = parsedate_to_datetime(given)
        except ValueError:
            cure = "write it as Thu, 31 May 2007 20:35:00 GMT"
            raise QueryError(f"Accept-Datetime {given!r}", "is no date of RFC 1123", cure) from None
        best = nearest(captures, wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC), url)
    base = base_of(request)
    headers = {"vary": "accept-datetime", "link": ", ".join(links(base, url, captures, best))}
    return RedirectResponse(base + permalinks(captures)[best["id"]], 302, headers)


def asked_url(request: Request) -> str:
    """Return the archived address at the end of an address of ours, with its own query. Raises QueryError."""
    found = ADDRESS.fullmatch((request.scope.get("raw_path") or b"").decode("latin-1"))
    if found is None:
        raise QueryError(request.url.path, "names no address of the web", "write it in full, with https:// before it")
    query = request.scope.get("query_string", b"").decode("latin-1")
    url = re.sub(r"^(https?:)/+", r"\1//", found[1], flags=re.IGNORECASE)
    return url + (f"?{query}" if query else "")


def base_of(request: Request) -> str:
    """Return the origin by which a reader reaches us."""
    return f"{request.url.scheme}://{request.url.netloc}"


def in_link(url: str) -> str:
    """Return an address as it may stand between < and > of a Link header."""
    return re.sub(r"[<>\s\"\\^`{|}\x00-\x1f\x7f-\U0010ffff]", escaped_match, url)
