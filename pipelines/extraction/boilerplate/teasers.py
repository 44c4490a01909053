"""Teasers of other articles that nothing names but a label ("Lesen Sie auch") or their shape: a line that is a link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.languages import tables

TEXT = XPath("normalize-space()", smart_strings=False)
LONGEST_LABEL = 60  # characters
LABEL_TAGS = frozenset(
    ("h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "b", "em", "dt", "li", "header", "label")
)
CLIMB = 3  # wrappers around a label, or around a link
PROSE = 3  # paragraphs around a line that is a link
LABEL_RULES = {
    "related posts": "label.read-also",
    "share buttons": "label.share",
}
EDGES = " \t\r\n\xa0:：.…»«›>|[]()-–—•→▶"
LABELS = {phrase.casefold(): name for name, section in LABEL_RULES.items() for phrase in tables.phrases(section)}
INLINE = frozenset(("a", "b", "strong", "em", "i", "span", "font", "u", "mark", "small", "label", "cite", "sup", "big"))
OUT_OF_REACH = frozenset(("body", "html", "article", "main"))


def label_of(text: str) -> str | None:
    """The rule that a label speaks of."""
    bare = text.strip(EDGES)
    return LABELS.get(bare.casefold()) if 2 < len(bare) < LONGEST_LABEL else None


def labelled(label: Any) -> Iterator[Any]:
    """The box that `label` heads, or `label` and the lists of links that follow it; nothing if what follows is text."""
    said = _size(label)
    top = label
    for _ in range(CLIMB):
        parent = top.getparent()
        if parent is None or parent.tag in OUT_OF_REACH or _size(parent) > said:
            break
        top = parent
    if top.find(".//a") is not None or top.tag == "a":
        return
    parent = top.getparent()
    if parent is None:
        return
    if parent.tag not in OUT_OF_REACH and _links_only(parent, said):
        yield parent
        return
    if top.tag in INLINE or (top.tail or "").strip():
        return
    boxes = []
    for sibling in top.itersiblings():
        if not isinstance(sibling.tag, str) or not _links_only(sibling, 0) or (sibling.tail or "").strip():
            break
        boxes.append(sibling)
    if boxes:
        yield top
        yield from boxes


def linked_paragraph(paragraph: Any, prose: dict[Any, int]) -> bool:
    """Is `paragraph`, among paragraphs of prose, nothing but one link as long as a headline?

    `prose`: how many such paragraphs an element has, for those that were counted.
    """
    link = paragraph
    for _ in range(CLIMB):
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
    said = TEXT(link)
    if said.count(" ") < 2 or said.endswith((".", ":", ";")):
        return False
    parent = paragraph.getparent()
    if parent not in prose:
        prose[parent] = sum(1 for other in parent.iterchildren("p") if len(other.text or "") > 60)
    return prose[parent] >= PROSE


def _links_only(element: Any, besides: int) -> bool:
    """Is what `element` holds, `besides` some characters, nearly all in links as long as headlines?"""
    links = [size for link in element.iter("a") if (size := _size(link))]
    size = _size(element) - besides
    return bool(links) and sum(links) > 0.8 * size and sum(links) >= 15


def _size(element: Any) -> int:
    return len(TEXT(element))
