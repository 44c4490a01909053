"""Recognise teasers of other articles by a label alone ("Lesen Sie auch"), or by their shape: a line that is a link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.languages import tables

TEXT_OF = XPath("normalize-space()", smart_strings=False)
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
INLINE_TAGS = frozenset(
    ("a", "b", "strong", "em", "i", "span", "font", "u", "mark", "small", "label", "cite", "sup", "big")
)
OUT_OF_REACH = frozenset(("body", "html", "article", "main"))


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
        if (link.text or "").strip() or len(link) == 0:
            return False
        parts = [part for part in link if part.tag != "br" or (part.tail or "").strip()]
        if len(parts) != 1 or (parts[0].tail or "").strip():
            return False
        link = parts[0]
        if link.tag == "a":
            break
    if link.tag != "a" or not 20 <= _size(link) <= 200:
        return False
    words = TEXT_OF(link)
    if words.count(" ") < 2 or words.endswith((".", ":", ";")):
        return False
    parent = paragraph.getparent()
    if parent not in prose:
        prose[parent] = sum(1 for other in parent.iterchildren("p") if len(other.text or "") > MIN_PROSE_CHARS)
    return prose[parent] >= MIN_PROSE_PARAGRAPHS


def _has_only_links(element: Any, besides: int) -> bool:
    """Return whether the text of `element`, but for `besides` characters, is nearly all links as long as headlines."""
    links = [size for link in element.iter("a") if (size := _size(link))]
    size = _size(element) - besides
    return bool(links) and sum(links) > 0.8 * size and sum(links) >= 15


def _size(element: Any) -> int:
    """Count the characters of text in `element`."""
    return len(TEXT_OF(element))
