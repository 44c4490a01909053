"""Read links out of sitemaps: urlset, news sitemap, sitemap index, plain text, or a feed instead; gzipped or not.

The protocol (sitemaps.org) allows 50,000 URLs and 50 MiB per file. Anything beyond is skipped, and the result says so.
Pure, and safe for untrusted data: no entity is resolved, no DTD is read, nothing is fetched, and nothing is unpacked
beyond the limit.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from crawler.discovery.feeds import read_feed
from crawler.discovery.results import Discovery, gather
from crawler.discovery.url_classifier import classify_with_reason
from pipelines.extraction.fields import date_parser

MAX_URLS = 50_000  # in one file
MAX_SITEMAP_BYTES = 50 * 1024 * 1024  # uncompressed
PARSER_STEP_CHARS = 1 << 16  # characters that the parser gets at a time
MAX_HINT_CHARS = 500  # of a title
# No claimed date is refused here; the extractor judges them.
LATEST_DATE = datetime.max.replace(tzinfo=UTC) - timedelta(days=400)

ROOT = re.compile(r"<(?:[\w.-]+:)?(urlset|sitemapindex|rss|feed|RDF|html|!DOCTYPE\s+html)\b", re.IGNORECASE)
DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{2,40})[\"']")
DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
# An ampersand that does not begin one of XML's own references. When these are escaped, no entity is left to resolve:
# a sitemap with unescaped URLs can be read, and an entity bomb is only text.
BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
NON_XML_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # XML 1.0 section 2.2

NEWS_FILE = re.compile(r"news[-_.]?(?:sitemap|site[-_]map)|sitemap[-_.]?(?:google[-_]?)?news|googlenews", re.I)
# Sitemaps without articles, by the names that common systems give them (Yoast, Rank Math, WordPress core, Jetpack).
NO_ARTICLES = re.compile(
    r"(?:^|[-_./])(?:category|categories|tags?|post[-_]tag|taxonom\w*|authors?|users?|images?|videos?|products?|pages?|"
    r"sections?|topics?|attachments?)(?:[-_.]?(?:sitemap|site[-_]map)|[-_]?\d*\.xml)|"
    r"(?:sitemap|site[-_]map)[-_.](?:tax|category|categories|tags?|post[-_]tag|authors?|users?|images?|videos?|products?|"
    r"pages?|sections?|topics?)\b",
    re.IGNORECASE,
)


def read_sitemap(body: bytes, url: str, content_type: str | None = None) -> Discovery:
    """Return the articles or further sitemaps that a sitemap names, in its order.

    `url` is where the sitemap was fetched. `content_type` is ignored, because servers give sitemaps any type; it is a
    parameter so that all readers have the same signature. A damaged sitemap gives the entries before the damage, and a
    `problem`. URLs with the shape of a section, tag or service page are left out, because the sitemap itself lists the
    articles that those pages link to.
    """
    data, cut = unpacked(body)
    text = _text_of(data)
    root = ROOT.search(text[:8192])
    if root is None:
        read = _text_sitemap(text, url)
    elif root[1].lower() in ("rss", "feed", "rdf"):
        return read_feed(data, url, "application/xml")
    elif root[1].lower() in ("urlset", "sitemapindex"):
        read = _xml_sitemap(text, url)
    else:
        return Discovery(problem="an HTML page, not a sitemap")
    return replace(read, problem=cut or read.problem)


def unpacked(body: bytes) -> tuple[bytes, str | None]:
    """Return the content of a file, unpacked if it begins like gzip (RFC 1952 section 2.3.1), and what was wrong."""
    if not body.startswith(b"\x1f\x8b"):
        return body[:MAX_SITEMAP_BYTES], "larger than 50 MiB; the rest was skipped" if len(
            body
        ) > MAX_SITEMAP_BYTES else None
    out, rest = bytearray(), body
    while rest.startswith(b"\x1f\x8b") and len(out) <= MAX_SITEMAP_BYTES:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            out += member.decompress(rest, MAX_SITEMAP_BYTES + 1 - len(out))
        except zlib.error as error:
            return bytes(out), f"damaged gzip: {error}"
        if len(out) > MAX_SITEMAP_BYTES:
            return bytes(out[:MAX_SITEMAP_BYTES]), "larger than 50 MiB when unpacked; the rest was skipped"
        if not member.eof:
            return bytes(out), "truncated gzip: its end is missing"
        rest = member.unused_data
    return bytes(out), None


def _text_of(data: bytes) -> str:
    """Decode by byte order mark, else by the XML declaration, else as UTF-8; damaged bytes become U+FFFD."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    declared = ENCODING.match(data.lstrip()[:200])
    try:
        return data.decode(declared[1].decode("ascii") if declared else "utf-8", "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


def _text_sitemap(text: str, base: str) -> Discovery:
    """Read a text sitemap: one URL per line (sitemaps.org, "Text file")."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    addresses = [line for line in lines if line.startswith(("http://", "https://"))]
    if not addresses or len(addresses) * 2 < len(lines):
        return Discovery(problem="not a sitemap" if lines else "an empty response, not a sitemap")
    problem = f"more than {MAX_URLS} URLs; the rest was skipped" if len(addresses) > MAX_URLS else None
    found = gather(((line, "article", {}) for line in addresses if _may_be_article(line)), MAX_URLS)
    return Discovery(found, problem, "sitemap")


def _may_be_article(url: str) -> bool:
    judged = classify_with_reason(url)
    return judged.kind == "article" or not judged.known


@dataclass
class SitemapParser:
    """Collect what has been read of an XML sitemap so far."""

    base: str
    entries: list[tuple[str | None, str, dict[str, str]]] = field(default_factory=list)
    counted: int = 0
    news: bool = False
    index: bool = False
    title: str | None = None
    language: str | None = None


def _xml_sitemap(text: str, base: str) -> Discovery:
    reading = SitemapParser(base)
    problem = None
    parser = etree.XMLPullParser(
        events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        for part in _xml_chunks(text):
            parser.feed(part)
            _read_entries(parser.read_events(), reading)
            if reading.counted > MAX_URLS:
                problem = f"more than {MAX_URLS} URLs; the rest was skipped"
                break
        else:
            parser.close()
            _read_entries(parser.read_events(), reading)
    except etree.XMLSyntaxError as error:
        # Only elements that were closed before the damage count, because half a URL is a different URL.
        _read_entries(parser.read_events(), reading)
        problem = f"malformed: {str(error)[:200]}"
    found = gather(reading.entries, MAX_URLS)
    if not reading.counted and problem is None:
        problem = "names no URL"
    kind = "sitemap index" if reading.index else "news sitemap" if reading.news else "sitemap"
    return Discovery(found, problem, kind, reading.title, reading.language)


def _xml_chunks(text: str) -> Iterator[bytes]:
    """Yield the text for the parser in pieces of UTF-8, without DTD, bare ampersands and forbidden characters."""
    head = DECLARATION.sub("", text[:PARSER_STEP_CHARS]).lstrip()
    if "<!doctype" in head.lower():
        head = DOCTYPE.sub("", head)
    yield b'<?xml version="1.0" encoding="utf-8"?>'
    rest = head + text[PARSER_STEP_CHARS:]
    at = 0
    while at < len(rest):
        # Cut after a tag, because a reference that is cut in two would look like a bare ampersand.
        end = rest.find(">", at + PARSER_STEP_CHARS) + 1 or len(rest)
        yield BARE_AMPERSAND.sub("&amp;", NON_XML_CHARACTERS.sub(" ", rest[at:end])).encode("utf-8")
        at = end


def _read_entries(events: Iterator[tuple[str, Any]], reading: SitemapParser) -> None:
    """Read the entries that are complete, and free their memory."""
    for _event, element in events:
        parent = element.getparent()
        if parent is None or parent.getparent() is not None:
            continue  # the root, or something inside an entry
        name = _local(element)
        if name in ("url", "sitemap"):
            reading.counted += 1
            reading.index = reading.index or name == "sitemap"
            entry = _sitemap_entry(element, reading) if name == "sitemap" else _url_entry(element, reading)
            if entry is not None:
                reading.entries.append(entry)
        element.clear()
        while element.getprevious() is not None:
            del parent[0]


def _local(element: Any) -> str:
    """Return an element's name without its namespace, which many sitemaps get wrong."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _sitemap_entry(element: Any, reading: SitemapParser) -> tuple[str | None, str, dict[str, str]] | None:
    fields = {_local(child): _text_line(child) for child in element}
    url = _absolute(fields.get("loc"), reading.base)
    if url is None or NO_ARTICLES.search(url.partition("?")[0].rpartition("/")[2]):
        return None
    kind = "news sitemap" if NEWS_FILE.search(url) else "sitemap"
    modified = date_parser.parse(fields.get("lastmod"), LATEST_DATE)
    return url, kind, {"modified": modified} if modified else {}


def _url_entry(element: Any, reading: SitemapParser) -> tuple[str | None, str, dict[str, str]] | None:
    fields: dict[str, str] = {}
    for child in element:
        name = _local(child)
        if name == "news":
            reading.news = True
            fields |= {f"news {_local(part)}": _text_line(part) for part in child.iter() if part is not child}
        elif name in ("loc", "lastmod") and name not in fields:
            fields[name] = _text_line(child)
    url = _absolute(fields.get("loc"), reading.base)
    reading.title = reading.title or fields.get("news name") or None
    reading.language = reading.language or fields.get("news language") or None
    # Every entry of a news sitemap is an article, whatever its URL looks like.
    if url is None or ("news title" not in fields and not _may_be_article(url)):
        return None
    hint = {
        "title": fields.get("news title", "")[:MAX_HINT_CHARS],
        "published": date_parser.parse(fields.get("news publication_date"), LATEST_DATE),
        "modified": date_parser.parse(fields.get("lastmod"), LATEST_DATE),
        "language": fields.get("news language"),
    }
    return url, "article", {name: value for name, value in hint.items() if value}


def _text_line(element: Any) -> str:
    """Return the text of an element on one line. References that were escaped twice are resolved."""
    text = " ".join("".join(element.itertext()).split())
    return html.unescape(text) if "&" in text and _local(element) != "loc" else text


def _absolute(location: str | None, base: str) -> str | None:
    try:
        return urljoin(base, location) if location else None
    except ValueError:
        return None
