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

from lxml import etree

from crawler.discovery.feeds import read_feed
from crawler.discovery.markup import DECLARATION, WRAPPER, decoded, local_name, with_real_characters, without_doctypes
from crawler.discovery.results import Candidate, Discovery, broken_off, described, gather, named_outcome
from crawler.discovery.url_classifier import classify_listed
from pipelines.core.links import resolve
from pipelines.core.plural import counted
from pipelines.extraction.fields import date_parser
from pipelines.extraction.page.attribute_limits import too_many_attributes

MAX_URLS = 50_000  # in one file
MAX_SITEMAP_BYTES = 50 * 1024 * 1024  # uncompressed
PARSER_STEP_CHARS = 1 << 16  # characters that the parser gets at a time
MAX_HINT_CHARS = 500  # of a title
# No claimed date is refused here; the extractor judges them.
LATEST_DATE = datetime.max.replace(tzinfo=UTC) - timedelta(days=400)

ROOT = re.compile(r"<(?:[\w.-]+:)?(urlset|sitemapindex|rss|feed|RDF|html|!DOCTYPE\s+html)\b", re.IGNORECASE)
ENTRY_NAMES = ("url", "sitemap")
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1
MAX_GZIP_LAYERS = 3  # a file that was compressed, and compressed again on its way, once or twice
MAX_GZIP_MEMBERS = 10_000  # of one file; a compressor that works in blocks makes one for each 64 KiB
GZIP_STEP_BYTES = 1 << 16  # that are given to the decompressor at a time
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


@named_outcome
def read_sitemap(body: bytes, url: str, content_type: str | None = None) -> Discovery:
    """Return the articles or further sitemaps that a sitemap names, in its order.

    `url` is where the sitemap was fetched. `content_type` is ignored, because servers give sitemaps any type; it is a
    parameter so that all readers have the same signature. A damaged sitemap gives the entries before the damage, and a
    `problem`. URLs with the shape of a section, tag or service page are left out and counted, because the sitemap
    itself lists the articles that those pages link to.
    """
    data, cut = unpacked(body)
    text = decoded(data)
    root = ROOT.search(text[:8192])
    if root is None:
        read = _text_sitemap(text)
    elif root[1].lower() in ("rss", "feed", "rdf"):
        return read_feed(data, url, "application/xml")
    elif attributes := too_many_attributes(data):
        return Discovery(problem=f"malformed: {attributes:,} attributes in one tag")
    elif root[1].lower() in ("urlset", "sitemapindex"):
        read = _xml_sitemap(text, url)
    else:
        return Discovery(problem="an HTML page, not a sitemap")
    return replace(read, problem=cut or read.problem)


def unpacked(body: bytes) -> tuple[bytes, str | None]:
    """Return the content of a file, unpacked as often as it begins like gzip, and what was wrong.

    Some servers compress a sitemap.xml.gz once more on its way, and do not say so.
    """
    problem = "larger than 50 MiB; the rest was skipped" if len(body) > MAX_SITEMAP_BYTES else None
    for _ in range(MAX_GZIP_LAYERS):
        if not body.startswith(GZIP_MAGIC):
            break
        body, wrong = _unpacked_once(body)
        problem = wrong or problem
    if body.startswith(GZIP_MAGIC):
        return b"", f"compressed more than {MAX_GZIP_LAYERS} times"
    return body[:MAX_SITEMAP_BYTES], problem


def _unpacked_once(body: bytes) -> tuple[bytes, str | None]:
    out, at, members = bytearray(), 0, 0
    while body.startswith(GZIP_MAGIC, at):
        members += 1
        if members > MAX_GZIP_MEMBERS:
            return bytes(out), f"more than {MAX_GZIP_MEMBERS} gzip members; the rest was skipped"
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while not member.eof and at < len(body):
                step = body[at : at + GZIP_STEP_BYTES]
                out += member.decompress(step, MAX_SITEMAP_BYTES + 1 - len(out))
                at += len(step) - len(member.unused_data)
                if len(out) > MAX_SITEMAP_BYTES:
                    return bytes(out[:MAX_SITEMAP_BYTES]), "larger than 50 MiB when unpacked; the rest was skipped"
        except zlib.error:
            return bytes(out), "damaged gzip"
        if not member.eof:
            return bytes(out), "truncated gzip: its end is missing"
    return bytes(out), None


def _text_sitemap(text: str) -> Discovery:
    """Read a text sitemap: one URL per line (sitemaps.org, "Text file")."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    addresses = [line for line in lines if line.startswith(("http://", "https://"))]
    if not addresses or len(addresses) * 2 < len(lines):
        return Discovery(problem="not a sitemap" if lines else "an empty response, not a sitemap")
    problem = f"more than {MAX_URLS} URLs; the rest was skipped" if len(addresses) > MAX_URLS else None
    found, left_out = gather((_judged(line, {}) for line in addresses), MAX_URLS)
    return Discovery(found, problem, "sitemap", left_out=left_out)


def _judged(url: str, hint: dict[str, str]) -> Candidate:
    """Return a candidate for an address of a sitemap, which is left out if it has the shape of a list or service."""
    judged = classify_listed(url)
    return Candidate(url, "article", hint) if judged.kind == "article" else Candidate(url, None, why=judged.why)


@dataclass
class SitemapParser:
    """Collect what has been read of an XML sitemap so far."""

    base: str
    entries: list[Candidate] = field(default_factory=list)
    counted: int = 0
    wrong_references: int = 0  # character references that name no character
    news: bool = False
    index: bool = False
    title: str | None = None
    language: str | None = None


def _xml_sitemap(text: str, base: str) -> Discovery:
    reading = SitemapParser(base)
    problem, exception = None, ""
    parser = etree.XMLPullParser(
        events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        for part in _xml_chunks(text, reading):
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
        problem, exception = f"malformed: {broken_off(error)}", described(error)
    found, left_out = gather(reading.entries, MAX_URLS)
    if not reading.counted and problem is None:
        problem = "names no URL"
    if reading.wrong_references and problem is None:
        problem = f"malformed: {counted(reading.wrong_references, 'character reference')} to what is no character"
    kind = "sitemap index" if reading.index else "news sitemap" if reading.news else "sitemap"
    title, language = reading.title, reading.language
    return Discovery(found, problem, kind, title, language, left_out=left_out, exception=exception)


def _xml_chunks(text: str, reading: SitemapParser) -> Iterator[bytes]:
    """Yield the text for the parser in pieces of UTF-8, with one root, and without what would make it break off.

    That is: declarations, DTDs, bare ampersands, forbidden characters.
    """
    text = without_doctypes(DECLARATION.sub("", text))
    yield f"<{WRAPPER}>".encode()
    at = 0
    while at < len(text):
        # Cut after a tag, because a reference that is cut in two would look like a bare ampersand.
        end = text.find(">", at + PARSER_STEP_CHARS) + 1 or len(text)
        part, wrong = with_real_characters(NON_XML_CHARACTERS.sub(" ", text[at:end]))
        reading.wrong_references += wrong
        yield BARE_AMPERSAND.sub("&amp;", part).encode("utf-8")
        at = end
    yield f"</{WRAPPER}>".encode()


def _read_entries(events: Iterator[tuple[str, Any]], reading: SitemapParser) -> None:
    """Read the entries that are complete, wherever in the document they are, and free their memory."""
    for _event, element in events:
        name = local_name(element)
        if name in ENTRY_NAMES:
            reading.counted += 1
            entry = _sitemap_entry(element, reading) if name == "sitemap" else _url_entry(element, reading)
            if entry is not None:
                reading.index = reading.index or name == "sitemap"
                reading.entries.append(entry)
        elif any(local_name(above) in ENTRY_NAMES for above in element.iterancestors()):
            continue  # a part of an entry that is not complete yet
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _sitemap_entry(element: Any, reading: SitemapParser) -> Candidate | None:
    fields = {local_name(child): _text_line(child) for child in element}
    if not fields.get("loc"):
        return None
    url = resolve(fields["loc"], reading.base)
    if url is None:
        return Candidate(None, None)
    if NO_ARTICLES.search(url.partition("?")[0].rpartition("/")[2]):
        return Candidate(url, None, why="a sitemap of sections, tags or pictures")
    modified = date_parser.parse(fields.get("lastmod"), LATEST_DATE)
    return Candidate(
        url, "news sitemap" if NEWS_FILE.search(url) else "sitemap", {"modified": modified} if modified else {}
    )


def _url_entry(element: Any, reading: SitemapParser) -> Candidate | None:
    fields: dict[str, str] = {}
    for child in element:
        name = local_name(child)
        if name == "news":
            reading.news = True
            fields |= {f"news {local_name(part)}": _text_line(part) for part in child.iter() if part is not child}
        elif name in ("loc", "lastmod") and name not in fields:
            fields[name] = _text_line(child)
    if not fields.get("loc"):
        return None
    url = resolve(fields["loc"], reading.base)
    reading.title = reading.title or fields.get("news name") or None
    reading.language = reading.language or fields.get("news language") or None
    named = {
        "title": fields.get("news title", "")[:MAX_HINT_CHARS],
        "published": date_parser.parse(fields.get("news publication_date"), LATEST_DATE),
        "modified": date_parser.parse(fields.get("lastmod"), LATEST_DATE),
        "language": fields.get("news language"),
    }
    hint = {name: value for name, value in named.items() if value}
    if url is None:
        return Candidate(None, None)
    # Every entry of a news sitemap is an article, whatever its URL looks like.
    return Candidate(url, "article", hint) if "news title" in fields else _judged(url, hint)


def _text_line(element: Any) -> str:
    """Return the text of an element on one line. References that were escaped twice are resolved."""
    text = " ".join("".join(element.itertext()).split())
    return html.unescape(text) if "&" in text and local_name(element) != "loc" else text
