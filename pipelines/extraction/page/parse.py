"""Parse the bytes of a page, or refuse them with a reason. A page is decoded once and parsed once."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from itertools import islice
from typing import Any

from lxml import etree, html

from pipelines.core.items import Page
from pipelines.extraction.page import attribute_limits, charset
from pipelines.extraction.page.media import NOT_HTML, why_not_html

EMPTY = "empty page"  # no bytes, or white space only
TOO_LARGE = "too large"  # more than MAX_BYTES, MAX_ELEMENTS, or libxml2's limits
UNDECODABLE = "undecodable"  # no character encoding makes text of it
REFUSALS = (EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE)  # no page at all

MAX_BYTES = 12_000_000  # of a page; reading it takes up to 40 bytes of memory for each
MAX_UNCHECKED_TABLES = 100  # with no more tables, their depth is not looked at
MAX_TABLE_DEPTH = 8  # layouts of the last century nested fewer tables
MAX_ELEMENTS = 40_000  # as paragraphs they take trafilatura 3 s; real articles have a tenth of that

# What `characters.without_controls` drops, as bytes of UTF-8, in which it is found ten times as fast.
CONTROL_BYTES = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
C1_CONTROLS, NONCHARACTERS = re.compile(rb"\xc2[\x80-\x9f]"), re.compile(rb"\xef\xbf[\xbe\xbf]")
NEXT_LINE = b"\xc2\x85"  # a control character that ends a line
# References to control characters: an error (HTML 13.2.5.80). Those of 128 to 159 mean characters of windows-1252.
CONTROL_REFERENCES = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|12[7-9]|1[34]\d|15\d)(?!\d)"
    rb"|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])(?![0-9a-fA-F]));?"
)
SELF_CLOSED_HTML = re.compile(
    rb"((?>[^<]*(?:<!doctype[^>]*>|<!--.*?-->))*[^<]*<html\b[^>]*?)/>", re.IGNORECASE | re.DOTALL
)


class PageRefused(Exception):
    """Say internally that this page has nothing to read; its arguments are (reason, detail)."""


def parse(page: Page) -> Any:
    """Return the tree of the page.

    Raises PageRefused for what is not HTML, and for more HTML than can be read in reasonable time.
    """
    body = page.body
    if len(body) > MAX_BYTES:
        raise PageRefused(TOO_LARGE, f"{len(body):,} bytes")
    if not body.strip():
        raise PageRefused(EMPTY, "")
    served = page.capture is not None and bool(page.capture.record_id)
    if other := why_not_html(body, page.content_type, served=served):
        raise PageRefused(NOT_HTML, other)
    elements = body.count(b"<") - body.count(b"</")  # an upper bound that costs nothing
    if elements > 5 * MAX_ELEMENTS:
        raise PageRefused(TOO_LARGE, f"up to {elements:,} elements")
    if attributes := attribute_limits.too_many_attributes(body):
        raise PageRefused(TOO_LARGE, f"{attributes:,} attributes in one tag")
    data = charset.as_utf8(body, page.content_type)
    if data is None:
        raise PageRefused(UNDECODABLE, page.content_type or "")
    tree, limit = tree_of(data)
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
    """Turn tables nested deeper than MAX_TABLE_DEPTH into divs, because trafilatura reads each level again."""
    if sum(1 for _ in islice(tree.iter("table"), MAX_UNCHECKED_TABLES + 1)) <= MAX_UNCHECKED_TABLES:
        return
    depth = 0
    deep = []
    for event, table in etree.iterwalk(tree, events=("start", "end"), tag="table"):
        depth += 1 if event == "start" else -1
        if event == "start" and depth > MAX_TABLE_DEPTH:
            deep.append(table)
    for table in deep:
        table.tag = "div"


def _close_buttons(tree: Any) -> None:
    """Turn buttons that contain paragraphs into divs.

    If an element inside a button is left open, libxml2 keeps the button open to the end of the page. In a browser, the
    end tag of the button closes both (HTML 13.2.6.4.7).
    """
    for button in [*tree.iter("button")]:
        if button.find(".//p") is not None:
            button.tag = "div"


def tree_of(data: bytes) -> tuple[Any, str]:
    """Return (tree, or None if it is empty; message of libxml2 if a limit was reached, else ""). `data`: UTF-8."""
    parser = html.HTMLParser(
        encoding="utf-8",
        collect_ids=False,
        default_doctype=False,
        remove_comments=True,
        remove_pis=True,
        # Allow nesting up to 2048 levels instead of 255; deeper down, libxml2 drops the rest of the page. MAX_BYTES
        # bounds everything else.
        huge_tree=True,
    )
    # One Python class for every element, chosen in C. lxml.html's own lookup is Python code that runs for each element.
    parser.set_element_class_lookup(_lookup())
    if found := SELF_CLOSED_HTML.match(data, 0, 4096):
        # libxml2 takes <html/> for an empty element, and everything would be outside of it.
        data = found[1] + b">" + data[found.end() :]
    data = CONTROL_REFERENCES.sub(lambda found: unescape(found[0].decode()).encode(), data)
    # libxml2 would stop at the first character that XML 1.0 does not allow, and trafilatura reads no text with others.
    data = data.translate(None, CONTROL_BYTES)
    if b"\xc2" in data:
        data = C1_CONTROLS.sub(lambda found: b"\n" if found[0] == NEXT_LINE else b"", data)
    if b"\xef" in data:
        data = NONCHARACTERS.sub(b"", data)
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
