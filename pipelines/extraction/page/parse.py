"""A page's bytes -> its tree, or the reason why there is none. Decoded once, parsed once."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import Any

from lxml import etree, html

from pipelines.core.items import Page
from pipelines.extraction.page import attribute_limits, charset

EMPTY = "empty page"  # no bytes, or white space only
NOT_HTML = "not HTML"  # by its Content-Type, or by what the bytes are
TOO_LARGE = "too large"  # more than MAX_BYTES, MAX_ELEMENTS, or libxml2's limits
UNDECODABLE = "undecodable"  # no character encoding makes text of it
REFUSALS = (EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE)  # what makes it no page at all

MAX_BYTES = 20_000_000
MOST_TABLES = 100  # of a page whose depth is not looked at
DEEPEST_TABLE = 8  # tables in tables that layouts of the last century had are fewer
MAX_ELEMENTS = 40_000  # as paragraphs they take trafilatura 3 s; real articles have a tenth of that
HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))

BINARY = {
    b"%PDF-": "PDF", b"\x89PNG": "PNG", b"GIF8": "GIF", b"\xff\xd8\xff": "JPEG", b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "gzip", b"RIFF": "RIFF", b"OggS": "Ogg", b"ID3": "MP3", b"\x00asm": "WebAssembly", b"wOF": "a font",
    b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p|h1|span|table)\b", re.IGNORECASE
)
OTHER_XML = re.compile(
    rb"\A\s*(?:<\?xml[^>]*>)?\s*(?:(?><!--.*?-->)\s*)*<(rss|feed|urlset|sitemapindex|svg|rdf:RDF)\b", re.DOTALL
)

# What XML 1.0 (section 2.2) has no place for; libxml2 would stop at the first one.
INVALID = bytes({*range(0x20)} - {0x09, 0x0A, 0x0D})
SELF_CLOSED_HTML = re.compile(
    r"((?>[^<]*(?:<!doctype[^>]*>|<!--.*?-->))*[^<]*<html\b[^>]*?)/>", re.IGNORECASE | re.DOTALL
)
STRAY = 0.02  # share of NUL bytes at the start up to which a page is text with a flaw


class PageRefused(Exception):
    """Internal: this page has nothing to read; (reason, detail)."""


def parse(page: Page) -> Any:
    """The page's tree. Raises Refused for what is no HTML, or more of it than can be read in reasonable time."""
    body = page.body
    if len(body) > MAX_BYTES:
        raise PageRefused(TOO_LARGE, f"{len(body):,} bytes")
    if not body.strip():
        raise PageRefused(EMPTY, "")
    refuse_other_media(body, page.content_type, served=page.capture is not None and bool(page.capture.record_id))
    elements = body.count(b"<") - body.count(b"</")  # an upper bound that costs nothing
    if elements > 5 * MAX_ELEMENTS:
        raise PageRefused(TOO_LARGE, f"up to {elements:,} elements")
    if attributes := attribute_limits.too_many_attributes(body):
        raise PageRefused(TOO_LARGE, f"{attributes:,} attributes in one tag")
    text = charset.decode(body, page.content_type)
    if text is None:
        raise PageRefused(UNDECODABLE, page.content_type or "")
    tree, limit = tree_of(text)
    if limit:
        raise PageRefused(TOO_LARGE, limit)
    if tree is None or tree.find(".//body") is None:
        raise PageRefused(EMPTY, "no body")
    if elements > MAX_ELEMENTS and (elements := sum(1 for _ in tree.iter())) > MAX_ELEMENTS:
        raise PageRefused(TOO_LARGE, f"{elements:,} elements")
    attribute_limits.shorten(tree, len(body))
    _close_buttons(tree)
    _flatten_tables(tree)
    return tree


def _flatten_tables(tree: Any) -> None:
    """Make tables that stand deeper than DEEPEST_TABLE in others plain elements: trafilatura reads each level again."""
    if sum(1 for _ in islice(tree.iter("table"), MOST_TABLES + 1)) <= MOST_TABLES:
        return
    depth = 0
    deep = []
    for event, table in etree.iterwalk(tree, events=("start", "end"), tag="table"):
        depth += 1 if event == "start" else -1
        if event == "start" and depth > DEEPEST_TABLE:
            deep.append(table)
    for table in deep:
        table.tag = "div"


def _close_buttons(tree: Any) -> None:
    """Make what holds paragraphs and calls itself a button a plain element.

    An element left open inside of a button keeps it open to the end of the page for libxml2; in a browser its end tag
    closes both (HTML 13.2.6.4.7).
    """
    for button in [*tree.iter("button")]:
        if button.find(".//p") is not None:
            button.tag = "div"


def tree_of(text: str) -> tuple[Any, str]:
    """(tree or None if there is nothing in it, what limit of libxml2 was reached)."""
    parser = html.HTMLParser(
        encoding="utf-8",
        collect_ids=False,
        default_doctype=False,
        remove_comments=True,
        remove_pis=True,
        # Nesting up to 2048 instead of 255, beyond which libxml2 drops the rest of the page; MAX_BYTES bounds the rest.
        huge_tree=True,
    )
    # One Python class for every element, chosen in C: lxml.html's own lookup is Python code that runs for each.
    parser.set_element_class_lookup(_lookup())
    if found := SELF_CLOSED_HTML.match(text, 0, 4096):
        # libxml2 knows no self-closing <html/>: everything would come to lie outside of it.
        text = f"{found[1]}>{text[found.end() :]}"
    data = text.encode("utf-8", "ignore").translate(None, INVALID)
    try:
        tree = html.document_fromstring(data, parser=parser)
    except etree.ParserError:  # "Document is empty"
        return None, ""
    last = parser.error_log.last_error
    return tree, last.message if last is not None and "RESOURCE_LIMIT" in last.type_name else ""


@cache
def _lookup() -> Any:
    return etree.ElementDefaultClassLookup(
        element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
    )


def refuse_other_media(body: bytes, content_type: str | None, *, served: bool) -> None:
    """Raise Refused for what is not HTML: by what it is called, and by what it is.

    `served`: a server called it so; the type of a file on disk is presumed.
    """
    start = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, name in BINARY.items():
        if start.startswith(magic):
            raise PageRefused(NOT_HTML, f"{name}, served as {content_type or 'no type'}" if served else name)
    if found := OTHER_XML.match(start):
        raise PageRefused(NOT_HTML, f"an XML document <{found[1].decode()}>")
    wide = body[:2] in (b"\xff\xfe", b"\xfe\xff") or 0.3 < start.count(0) / (len(start) or 1) < 0.6
    if start[:1024].count(0) > STRAY * len(start[:1024]) and not wide:
        raise PageRefused(NOT_HTML, "binary data (NUL bytes)")
    mime = (content_type or "").partition(";")[0].strip().lower()
    if mime in HTML_TYPES:
        if start[:1] in (b"{", b"[") and not MARKUP.search(body[:20_000]):
            raise PageRefused(NOT_HTML, "JSON")
    elif not wide and not MARKUP.search(start):
        raise PageRefused(NOT_HTML, mime or "no markup")
    elif mime.startswith(("image/", "audio/", "video/", "font/")) or mime in ("application/json", "application/pdf"):
        raise PageRefused(NOT_HTML, mime)
