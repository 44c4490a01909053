"""A page's tree -> its blocks of text in page order, each with where it stands. Nothing is judged here.

A block is what a browser sets as lines of its own: a paragraph, an item, a heading, a cell, or words that lie bare in a
div. Elements that HTML does not set as blocks, unknown ones included, are part of the line that they stand in (HTML,
15.3 "Non-replaced elements").
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

# Never text for a reader, or text that controls a page.
SKIPPED = frozenset((
    "script", "style", "noscript", "template", "svg", "math", "head", "iframe", "object", "embed", "audio", "video",
    "canvas", "map", "select", "textarea", "button", "input", "datalist", "progress", "meter", "dialog", "applet",
))  # fmt: skip
BLOCKS = frozenset((
    "html", "body", "address", "article", "aside", "blockquote", "center", "details", "summary", "dd", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup", "option", "p", "picture",
    "plaintext", "pre", "search", "section", "table", "tbody", "td", "tfoot", "th", "thead", "caption", "tr", "ul",
    "xmp",
))  # fmt: skip
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
MOST_NAMES = 400  # characters of a class attribute that are looked at


@dataclass(slots=True)
class BlockContainer:
    """An element that blocks stand in, and what its ancestors say of it."""

    element: Any
    tag: str
    names: frozenset[str]  # words of its id, class and role
    parent: BlockContainer | None
    hidden: bool = False  # by its own attributes; style sheets are not read
    body: bool = False  # it declares itself the articleBody (schema.org microdata)


@dataclass(slots=True)
class TextBlock:
    """One block of text."""

    text: str  # one space for any run of white space
    place: BlockContainer
    linked: int = 0  # characters of it that are link text
    strong: int = 0  # characters of it that are set bold or italic
    after_break: bool = False  # it follows a <br> in the same element


def blocks(body: Any) -> list[TextBlock]:
    """The blocks of an element, in page order."""
    found: list[TextBlock] = []
    place = BlockContainer(body, "body", frozenset(), None)
    pieces: list[str] = []
    linked = strong = 0  # characters so far in links, in bold
    links = strongs = 0  # how deep in them
    breaks = 0  # <br> seen since the last words
    after_break = False

    def flush() -> None:
        nonlocal linked, strong, breaks, after_break
        if pieces:
            text = " ".join("".join(pieces).split())
            if text:
                found.append(TextBlock(text, place, linked, strong, after_break))
            pieces.clear()
        linked = strong = breaks = 0
        after_break = False

    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in SKIPPED:
                walk.skip_subtree()
                continue
            if tag in BLOCKS:
                flush()
                place = _place(element, tag, place)
            elif tag == "a":
                links += 1
            elif tag == "br":
                breaks += 1
                pieces.append("\n")
                if breaks == 2 or _ended(pieces):
                    flush()
                    after_break = True
            elif tag in STRONG:
                strongs += 1
            words = element.text
        else:
            if tag in SKIPPED:
                pass
            elif tag in BLOCKS:
                flush()
                if element is not body:
                    place = place.parent or place
            elif tag == "a":
                links -= 1
            elif tag in STRONG:
                strongs -= 1
            words = element.tail if element is not body else None
        if words:
            pieces.append(words)
            if links or strongs or breaks:
                size = len(" ".join(words.split()))
                if size:
                    breaks = 0
                    if links:
                        linked += size
                    if strongs:
                        strong += size
    flush()
    return _rows(found)


CELLS = frozenset(("td", "th"))
LONGEST_CELL = 200  # characters; a longer one is a layout's column
MOST_IN_CELL = 4  # blocks; as is one with more of them


def _rows(found: list[TextBlock]) -> list[TextBlock]:
    """`found` with the cells of each row of a real table as one block: "Name | Age"."""
    if not any(block.place.tag in CELLS for block in found):
        return found
    rows: list[TextBlock] = []
    cells: dict[Any, Counter[int]] = {}
    for block in found:
        if block.place.tag in CELLS and block.place.parent is not None:
            cells.setdefault(block.place.parent.element, Counter())[id(block.place)] += 1
    whole = {
        row for row, counts in cells.items()
        if row.tag == "tr" and len(counts) > 1 and max(counts.values()) <= MOST_IN_CELL
    }  # fmt: skip
    last = cell = None
    for block in found:
        row = block.place.parent if block.place.tag in CELLS else None
        if row is None or row.element not in whole or len(block.text) > LONGEST_CELL:
            rows.append(block)
            last = None
        elif last is not None and last.place is row:
            last.text += f" {block.text}" if block.place is cell else f" | {block.text}"
            last.linked += block.linked
            last.strong += block.strong
        else:
            last = TextBlock(block.text, row, block.linked, block.strong)
            rows.append(last)
        cell = block.place
    return rows


def _place(element: Any, tag: str, parent: BlockContainer) -> BlockContainer:
    said = dict(element.attrib)
    if not said:
        return BlockContainer(element, tag, frozenset(), parent)
    names = words_of(said.get("id"), said.get("class"), said.get("role"))
    hidden = "hidden" in said or said.get("aria-hidden") == "true" or bool(HIDDEN.search(said.get("style", "")[:200]))
    return BlockContainer(element, tag, names, parent, hidden, "articleBody" in said.get("itemprop", ""))


HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
STRONG = frozenset(("b", "strong", "i", "em"))
END = re.compile(r"[.!?…:;\"'”’»)。！？]\s*$")


def _ended(pieces: list[str]) -> bool:
    """Do the words before a lone <br> end a sentence? Old pages part paragraphs so; others break every line."""
    words = next((piece for piece in reversed(pieces) if piece.strip()), "")
    return bool(END.search(words[-20:]))


@lru_cache(maxsize=20_000)
def words_of(*names: str | None) -> frozenset[str]:
    """The words in an element's names: "Story_relatedLinks__x1Y2z" -> story, related, links."""
    joined = " ".join(name[:MOST_NAMES] for name in names if name)
    return frozenset(word.lower() for word in TOKEN.findall(joined) if len(word) > 2)


LINKS = 0.9  # share of link text from which a block is nothing but links
FEW = 3  # blocks from which links are a menu


def menus(found: list[TextBlock]) -> list[Any]:
    """The outermost elements that hold nothing but links, and several of them."""
    counts: dict[int, int] = {}
    other: set[int] = set()
    for block in found:
        linked = block.linked >= LINKS * len(block.text)
        place: BlockContainer | None = block.place
        while place is not None and (linked or id(place) not in other):
            counts[id(place)] = counts.get(id(place), 0) + 1
            if not linked:
                other.add(id(place))
            place = place.parent
    outermost: dict[int, Any] = {}
    for block in found:
        place, best = block.place, None
        while place is not None and id(place) not in other:
            best, place = place, place.parent
        if best is not None and counts[id(best)] >= FEW:
            outermost[id(best)] = best.element
    return list(outermost.values())
