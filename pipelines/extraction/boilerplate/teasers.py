"""Recognise teasers of other articles by a label alone ("Lesen Sie auch"), or by their shape: a line that is a link,
rows of a link and a sentence. Recognise boxes that hover above a word of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from lxml.etree import XPath

from pipelines.extraction.languages import tables

NORMALIZED = XPath("normalize-space()", smart_strings=False)
MAX_LABEL_CHARS = 60
LABEL_TAGS = frozenset(
    ("h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "b", "em", "dt", "li", "header", "label")
)
MAX_WRAPPERS = 3  # elements around a label, or around a link
MIN_PROSE_PARAGRAPHS = 3  # around a line that is a link
MIN_PROSE_CHARS = 60  # a paragraph with less text before its first element is no prose
LABEL_SECTIONS = {"related posts": "label.read-also", "share buttons": "label.share"}  # rule -> section of its labels
PUNCTUATION = " \t\r\n\xa0:：.…»«›>|[]()-–—•→▶"
RULE_OF_LABEL = {
    phrase.casefold(): rule for rule, section in LABEL_SECTIONS.items() for phrase in tables.phrases(section)
}
ROW_TAGS = frozenset(("div", "section", "article"))  # of a teaser: a link and a sentence; paragraphs are text
ROW_OR_WRAPPER = ROW_TAGS | {"b", "strong", "span", "em", "h3", "h4", "h5"}
MIN_ROWS = 3
MAX_ROW_CHARS = 500
INLINE_TAGS = frozenset(
    ("a", "b", "strong", "em", "i", "span", "font", "u", "mark", "small", "label", "cite", "sup", "big", "abbr", "dfn")
)
RUNNING_TAGS = frozenset(("p", "li", "td", "dd", "blockquote", "h2", "h3", "h4"))
OUT_OF_REACH = frozenset(("body", "html", "article", "main"))


def text_of(element: Any) -> str:
    """Return the text in `element`, with single spaces. Most elements hold one short string: these take no XPath."""
    if not len(element):
        text = (element.text or "").strip(" \t\r\n")
        if text.isprintable() and "  " not in text:
            return text
    words: str = NORMALIZED(element)
    return words


def rule_of_label(text: str) -> str | None:
    """Return the name of the rule that a label points to."""
    bare = text.strip(PUNCTUATION)
    return RULE_OF_LABEL.get(bare.casefold()) if 2 < len(bare) < MAX_LABEL_CHARS else None


def labelled_parts(label: Any) -> Iterator[Any]:
    """Yield the box that `label` is the heading of, or `label` and the lists of links after it; nothing before text."""
    size = _size(label)
    top = label
    for _ in range(MAX_WRAPPERS):
        parent = top.getparent()
        if parent is None or parent.tag in OUT_OF_REACH or _size(parent) > size:
            break
        top = parent
    if top.find(".//a") is not None or top.tag == "a":
        return
    parent = top.getparent()
    if parent is None:
        return
    if parent.tag not in OUT_OF_REACH and _has_only_links(parent, size):
        yield parent
        return
    if top.tag in INLINE_TAGS or (top.tail or "").strip():
        return
    boxes = []
    for sibling in top.itersiblings():
        if not isinstance(sibling.tag, str) or not _has_only_links(sibling, 0) or (sibling.tail or "").strip():
            break
        boxes.append(sibling)
    if boxes:
        yield top
        yield from boxes


def is_linked_paragraph(paragraph: Any, prose: dict[Any, int]) -> bool:
    """Return whether `paragraph` is among paragraphs of prose and is one link as long as a headline, and no more.

    `prose`: number of paragraphs of prose by parent element; filled here.
    """
    link = paragraph
    for _ in range(MAX_WRAPPERS):
        if (link.text or "").strip(PUNCTUATION) or len(link) == 0:
            return False
        parts = [part for part in link if part.tag != "br" or (part.tail or "").strip()]
        if len(parts) != 1 or (parts[0].tail or "").strip():
            return False
        link = parts[0]
        if link.tag == "a":
            break
    if link.tag != "a" or not 20 <= _size(link) <= 200:
        return False
    words = text_of(link)
    if words.count(" ") < 2 or words.endswith((".", ":", ";")):
        return False
    parent = paragraph.getparent()
    if parent not in prose:
        prose[parent] = sum(1 for other in parent.iterchildren("p") if len(other.text or "") > MIN_PROSE_CHARS)
    return prose[parent] >= MIN_PROSE_PARAGRAPHS


def row_of(link: Any) -> Any:
    """Return the element that begins with `link`, a headline, and goes on in a sentence without one; else None."""
    node = link
    for _ in range(MAX_WRAPPERS):
        parent = node.getparent()
        if parent is None or (tag := parent.tag) not in ROW_OR_WRAPPER:
            return None
        if node.getprevious() is not None or (parent.text or "").strip():
            return None
        if tag in ROW_TAGS:
            break
        if (node.tail or "").strip():
            return None
        node = parent
    else:
        return None
    words, whole = _size(link), _size(parent)
    if not 12 <= words <= 160 or not words + 20 < whole < MAX_ROW_CHARS or text_of(link).count(" ") < 2:
        return None
    return parent if sum(map(_size, parent.iter("a"))) < 0.8 * whole else None


def teaser_rows(rows: list[Any]) -> Iterator[Any]:
    """Yield those of `rows` that are alike, end what they are in, are below prose and link to the same site."""
    by_parent: dict[Any, list[Any]] = {}
    for row in rows:
        by_parent.setdefault(row.getparent(), []).append(row)
    for parent, alike in by_parent.items():
        if len(alike) < MIN_ROWS or parent is None:
            continue
        first, last = parent.index(alike[0]), parent.index(alike[-1])
        if any(_size(other) > 60 for other in parent[last + 1 :] if isinstance(other.tag, str)):
            continue
        between = sum(1 for other in parent[first:last] if isinstance(other.tag, str) and _size(other))
        kinds = {(row.tag, row.get("class")) for row in alike}
        hosts = {urlsplit(link.get("href") or "").netloc for row in alike for link in islice(row.iter("a"), 1)}
        if between + 1 != len(alike) or len(kinds) > 1 or len(hosts) > 1:
            continue
        place = parent if first == 0 else alike[0]
        before = [other for other in place.itersiblings("p", preceding=True) if _size(other) > MIN_PROSE_CHARS]
        if len(before) >= MIN_PROSE_PARAGRAPHS:
            yield from alike


def repeats_its_term(element: Any) -> bool:
    """Return whether an element inside a word of a sentence says that word again: a box that hovers above it."""
    parent = element.getparent()
    if parent is None or parent.tag not in INLINE_TAGS or not in_running_text(parent):
        return False
    term = " ".join((parent.text or "").split())
    return len(term) > 3 and element.getprevious() is None and text_of(element).startswith(term)


def is_hover_box(element: Any) -> bool:
    """Return whether an element that is named as a hover box is one: in a sentence, beside what it explains."""
    parent = element.getparent()
    if parent is None or not in_running_text(element) or next(element.iter("p"), None) is not None:
        return False
    before = element.getprevious()
    text = (parent.text if before is None else before.tail) or ""
    if before is None:
        return parent.tag in INLINE_TAGS and bool(text.strip())
    return not text.strip() and not text and bool(text_of(before)) and before.tag in INLINE_TAGS


def in_running_text(element: Any) -> bool:
    """Return whether an element is in a paragraph, an item or a cell, with nothing but inline elements around it."""
    node = element.getparent()
    for _ in range(MAX_WRAPPERS + 1):
        if node is None or node.tag not in INLINE_TAGS:
            break
        node = node.getparent()
    return node is not None and node.tag in RUNNING_TAGS


def is_part_of_sentence(element: Any) -> bool:
    """Return whether the words around an inline element go on across it."""
    if element.tag not in INLINE_TAGS or not in_running_text(element):
        return False
    after = (element.tail or "").lstrip()
    before = element.getprevious()
    ahead = ((element.getparent().text if before is None else before.tail) or "").rstrip()
    if not after or not ahead:
        return False
    return (after[0] in ",;:)’'" or after[0].islower()) and (ahead[-1].isalnum() or ahead[-1] in ",;:(")


def _has_only_links(element: Any, besides: int) -> bool:
    """Return whether the text of `element`, but for `besides` characters, is nearly all links as long as headlines."""
    links = [size for link in element.iter("a") if (size := _size(link))]
    size = _size(element) - besides
    return bool(links) and sum(links) > 0.8 * size and sum(links) >= 15


def _size(element: Any) -> int:
    """Count the characters of text in `element`."""
    return len(text_of(element))
