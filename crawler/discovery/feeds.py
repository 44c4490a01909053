"""Read links to articles out of RSS, Atom, RDF and JSON feeds. Pure: bytes in, values out; nothing is ever fetched.

feedparser reads the XML formats, because it copes with malformed feeds. The standard library reads JSON Feed 1.1.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from crawler.discovery.markup import (
    DECLARATION,
    UTF_8_MARK,
    decoded,
    is_wrongly_wide,
    wide_encoding,
    with_elements,
    with_real_characters,
)
from crawler.discovery.results import Candidate, Discovery, broken_off, described, gather, named_outcome
from crawler.discovery.url_classifier import shape_of
from crawler.discovery.url_words import FILE_ENDINGS
from pipelines.core.links import resolve
from pipelines.core.plural import counted
from pipelines.core.urls import fetchable, parts_of
from pipelines.extraction.fields import date_parser
from pipelines.extraction.page.attribute_limits import too_many_attributes
from pipelines.extraction.page.characters import storable, without_half_escapes

MAX_ENTRIES = 5000  # of one feed; honest feeds hold at most some hundreds
MAX_HINT_CHARS = 500  # of a title or a name
# No claimed date is refused here; the extractor judges them.
LATEST_DATE = datetime.max.replace(tzinfo=UTC) - timedelta(days=400)

HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?><!--.{0,2000}?-->)\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
TAGS = re.compile(r"<[^>]{0,1000}>")
ZONE_NAME = re.compile(r"[A-Za-z]{2,5}\s*$")
COMMENTS_URL = re.compile(r"/comments/(?:feed|default|rss|atom)|[?&]feed=comments|/comments?\.(?:rss|xml|atom)", re.I)
# WordPress and its translations: "Comments on: ...", "Comments for ...", "Kommentare zu: ..."
COMMENTS_TITLE = re.compile(
    r"\s*(?:comments? (?:on|for)|kommentare? (?:zu|für)|commentaires? (?:sur|pour)|comentarios? (?:en|sobre|para)"
    r"|comentários? (?:em|sobre)|commenti (?:su|a)|reacties op|komentarze do|комментарии (?:к|для)"
    r"|kommentarer (?:til|på))\b",
    re.IGNORECASE,
)
# feedparser's exceptions that concern the HTTP label of a feed and not its content.
HARMLESS_ERRORS = ("CharacterEncodingOverride", "NonXMLContentType")
# The elements from which a link and its hints are read, and those that they are in. Where feedparser breaks off at
# another one (a place on a map, say), it gets a copy of the feed that has these alone.
USED_ELEMENTS = frozenset(
    (
        *("rss", "rdf", "feed", "channel", "items", "item", "entry", "title", "link", "guid", "id", "origlink"),
        *("pubdate", "published", "updated", "modified", "issued", "created", "date", "language"),
        *("author", "creator", "name", "email"),
    )
)
# What begins with the year, our parser has judged. feedparser would take the first day of a month, for one.
YEAR_FIRST = re.compile(r"\s*\d{4}(?:[-/.]?\d|\s*$)")


@named_outcome
def read_feed(body: bytes, url: str, content_type: str | None = None) -> Discovery:
    """Return the articles that a feed names, in its order.

    `url` is where the feed was fetched, for relative links; `content_type` is the HTTP header. A malformed feed gives
    what can be read, and a `problem`. A feed of readers' comments gives no links and has the kind "comments feed".
    """
    if not body.strip():
        return Discovery(problem="an empty response, not a feed")
    if HTML_START.match(body[:4096]):
        return Discovery(problem="an HTML page, not a feed")
    if attributes := too_many_attributes(body):
        return Discovery(problem=f"malformed: {attributes:,} attributes in one tag")
    if JSON_START.match(body[:64]):
        return _json_feed(body, url)
    return _xml_feed(body, url, content_type)


def _xml_feed(body: bytes, url: str, content_type: str | None) -> Discovery:
    # RFC 3023 says that text/xml without a charset is ASCII, but no server means that. The XML declaration decides.
    label = content_type if content_type and "charset" in content_type.lower() else "application/xml"
    if wide := wide_encoding(body):
        body, label = DECLARATION.sub("", body.decode(wide, "replace"), 1).encode(), "application/xml; charset=utf-8"
    elif is_wrongly_wide(body):
        body, label = body[body.index(b"?>") + 2 :], "application/xml; charset=utf-8"
    # Latin-1, because the references are ASCII and all other bytes are to stay as they are.
    text, wrong = with_real_characters(body.decode("latin-1"))
    body = text.encode("latin-1") if wrong else body
    problem, exception = None, ""
    # feedparser writes an XML declaration on a line before the document, if it has none.
    added_lines = 0 if body.removeprefix(UTF_8_MARK).startswith(b"<?xml") else 1
    try:
        parsed = _parsed(body, label)
        if parsed.bozo and _is_malformed(parsed):
            problem, exception = f"malformed: {_parser_error(parsed, added_lines)}", described(parsed.bozo_exception)
    except Exception as error:  # noqa: BLE001 feedparser raises what the code for an element happens to raise
        parsed = _parsed(with_elements(decoded(body), USED_ELEMENTS), "application/xml")
        problem, exception = "malformed: the parser broke off at one of its elements", described(error)
    if not parsed.version and not parsed.entries:
        return Discovery(problem=f"not a feed: {_parser_error(parsed, added_lines)}", exception=exception)
    if wrong and problem is None:
        problem = f"malformed: {counted(wrong, 'character reference')} to what is no character"
    title, language = _text(parsed.feed.get("title")), _string(parsed.feed.get("language"))
    if _is_comments(url, title, [entry.get("link", "") for entry in parsed.entries]):
        return Discovery(problem="a feed of readers' comments", kind="comments feed", title=title)
    found, left_out = gather(_entries(parsed.entries[:MAX_ENTRIES], url, language), MAX_ENTRIES)
    home = _home(parsed.feed.get("link"), url)
    return Discovery(found, problem, "feed", title, language, left_out=left_out, home=home, exception=exception)


def _parsed(body: bytes, label: str) -> Any:
    """Return what feedparser reads. It promises no exception, and raises many."""
    import feedparser  # slow to import; only processes that read feeds need it

    # BytesIO, because feedparser takes bytes for the name of a file to open. Descriptions are not used, and sanitising
    # them and resolving their links would take half of the time.
    return feedparser.parse(
        io.BytesIO(body),
        # Without a location, relative links stay as written, but for an xml:base: `resolve` joins as browsers do.
        response_headers={"content-type": label},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _is_malformed(parsed: Any) -> bool:
    return type(parsed.get("bozo_exception")).__name__ not in HARMLESS_ERRORS


def _parser_error(parsed: Any, added_lines: int) -> str:
    error = parsed.get("bozo_exception")
    return broken_off(error, added_lines) if error else "it has no element of a feed"


def _entries(entries: list[Any], base: str, language: str | None) -> Iterator[Candidate]:
    for entry in entries:
        # The original of a FeedBurner link, the link, or an id that is a URL; last a link that looks like no address.
        origin, link = entry.get("feedburner_origlink"), entry.get("link")
        links = (origin if _is_web_url(origin) else None, link if _looks_like_link(link) else None, _permalink(entry))
        # feedparser says of the id of an entry with a link that it is none; a link that is no address is worse.
        guid = entry.get("id") if link and _is_web_url(entry.get("id")) else None
        yield _candidate((*links, guid, link, origin), base, _hint(entry, language))


def _candidate(links: Iterable[object], base: str, hint: dict[str, str]) -> Candidate:
    """Return the first of the links of an entry that can be fetched and is no file."""
    file = None
    for link in links:
        url = resolve(link, base) if isinstance(link, str) and link.strip() else None
        url = fetchable(url) if url else None
        if url is None:
            continue
        if shape_of(parts_of(url).path).ending not in FILE_ENDINGS:
            return Candidate(url, "article", hint)
        file = file or url  # the link of a podcast may be its audio file
    return Candidate(file, None, why="a file")


def _permalink(entry: Any) -> str | None:
    """Return the id of an entry if it is its URL: an RSS guid without isPermaLink="false", or an Atom id."""
    guid = entry.get("id")
    return guid if _is_web_url(guid) and entry.get("guidislink", True) is not False else None


def _hint(entry: Any, language: str | None) -> dict[str, str]:
    """Return what the feed says about an article, as strings. Absent values have no key."""
    names = [author.get("name") or "" for author in entry.get("authors", []) if isinstance(author, dict)]
    hint = {
        "title": _text(entry.get("title")),
        "published": _time(entry.get("published"), entry.get("published_parsed")),
        # entry.get would give the date of publication for a missing date of change.
        "modified": _time(dict.get(entry, "updated"), dict.get(entry, "updated_parsed")),
        "language": _string(entry.get("language")) or language,
        "authors": ", ".join(_text(name) or "" for name in dict.fromkeys(names) if name and "@" not in name),
    }
    return {name: value for name, value in hint.items() if value}


def _time(raw: str | None, parsed: Any) -> str | None:
    """Return ISO 8601 with the feed's own time zone, or a day; in UTC for forms that only feedparser can parse."""
    iso = date_parser.parse(raw, LATEST_DATE)
    if iso is None and raw and YEAR_FIRST.match(raw):
        return None
    if parsed is not None and (iso is None or (len(iso) == 10 and ZONE_NAME.search(raw or ""))):
        try:
            return datetime(*parsed[:6]).replace(tzinfo=UTC).isoformat()
        except (ValueError, TypeError):
            return iso
    return iso


def _text(value: object) -> str | None:
    """Return one line of text without markup, or None."""
    if not isinstance(value, str):
        return None
    if "<" in value or "&" in value:
        value = html.unescape(with_real_characters(TAGS.sub("", value))[0])
    return storable(" ".join(value.split())[:MAX_HINT_CHARS]) or None


def _is_comments(url: str, title: str | None, links: list[str]) -> bool:
    """Return True for a feed of comments: by its URL, by its title, or because every entry links to a comment."""
    if COMMENTS_URL.search(url) or (title and COMMENTS_TITLE.match(title)):
        return True
    return len(links) > 2 and all("#comment" in link for link in links)


def _json_feed(body: bytes, url: str) -> Discovery:
    """Read JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    try:
        data = json.loads(without_half_escapes(body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        return Discovery(problem=f"malformed JSON: {broken_off(error)}", exception=described(error))
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return Discovery(problem="JSON, but not a feed")
    language = _string(data.get("language"))
    found, left_out = gather(_items(data["items"][:MAX_ENTRIES], url, language), MAX_ENTRIES)
    home = _home(_string(data.get("home_page_url")), url)
    return Discovery(found, None, "feed", _text(data.get("title")), language, left_out=left_out, home=home)


def _items(items: list[Any], base: str, language: str | None) -> Iterator[Candidate]:
    for item in items:
        if not isinstance(item, dict):
            continue
        names_of_links = ("url", "external_url", "id")
        links = [item[name] for name in names_of_links if _looks_like_link(item.get(name)) and "/" in item[name]]
        authors = item.get("authors") or [item.get("author")]  # `author` alone: version 1.0
        authors = authors if isinstance(authors, list) else []
        names = [author.get("name") for author in authors if isinstance(author, dict)]
        hint = {
            "title": _text(item.get("title")),
            "published": _time(_string(item.get("date_published")), None),
            "modified": _time(_string(item.get("date_modified")), None),
            "language": _string(item.get("language")) or language,
            "authors": ", ".join(name for name in map(_text, names) if name),
        }
        yield _candidate(links, base, {name: value for name, value in hint.items() if value})


def _is_web_url(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower().startswith(("http:", "https:"))


def _looks_like_link(value: object) -> bool:
    """Return True for an address, absolute or not; False for a sentence in its place."""
    return isinstance(value, str) and (_is_web_url(value) or "/" in value or len(value.split()) == 1)


def _string(value: object) -> str | None:
    return storable(value) or None if isinstance(value, str) else None


def _home(link: object, base: str) -> str | None:
    """Return the page that a feed says it belongs to, if that is an address."""
    address = resolve(link, base) if isinstance(link, str) and link.strip() else None
    return fetchable(address) if address else None
