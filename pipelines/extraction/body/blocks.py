"""Cut the tree of a page into blocks of text in page order, each with its container. Nothing is decided here.

A block is what a browser sets as lines of its own: a paragraph, an item, a heading, a cell, or bare words in a div.
Elements that HTML does not set as blocks, unknown ones included, are part of the line around them (HTML, 15.3
"Non-replaced elements").
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

# What these hold is no text for a reader, or text of buttons and other controls.
SKIPPED_TAGS = frozenset((
    "script", "style", "noscript", "template", "svg", "math", "head", "iframe", "object", "embed", "audio", "video",
    "canvas", "map", "select", "textarea", "button", "input", "datalist", "progress", "meter", "dialog", "applet",
))  # fmt: skip
BLOCK_TAGS = frozenset((
    "html", "body", "address", "article", "aside", "blockquote", "center", "details", "summary", "dd", "dir", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup", "option", "p", "picture",
    "plaintext", "pre", "search", "section", "table", "tbody", "td", "tfoot", "th", "thead", "caption", "tr", "ul",
    "xmp",
))  # fmt: skip
HEADING_TAGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
CELL_TAGS = frozenset(("td", "th"))
STRONG_TAGS = frozenset(("b", "strong", "i", "em"))
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?…:;\"'”’»)。！？]\s*$")
NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
MAX_CLASS_CHARS = 400  # characters of a class attribute that are read
MAX_CELL_CHARS = 200  # a longer cell is a column of a layout
MAX_CELL_BLOCKS = 4  # a cell with more blocks is a column of a layout, too
MENU_LINK_SHARE = 0.9  # a block with at least this share of link text is a link and nothing else
MIN_MENU_BLOCKS = 3  # fewer links are no menu


@dataclass(slots=True)
class BlockContainer:
    """Hold an element that contains blocks, linked to the containers around it."""

    element: Any
    tag: str
    names: frozenset[str]  # words of its id, class and role
    parent: BlockContainer | None
    hidden: bool = False  # its own attributes hide it; style sheets are not read
    body: bool = False  # it declares itself the articleBody (schema.org microdata)


@dataclass(slots=True)
class TextBlock:
    """Hold one block of text."""

    text: str  # every run of white space is one space
    container: BlockContainer
    linked: int = 0  # characters of link text
    strong: int = 0  # characters set in bold or italic
    after_break: bool = False  # it follows a <br> in the same element


def blocks(body: Any) -> list[TextBlock]:
    """Return the blocks of an element, in page order."""
    found: list[TextBlock] = []
    container = BlockContainer(body, "body", frozenset(), None)
    pieces: list[str] = []
    linked = strong = 0  # characters of this block in links, in bold
    links = strongs = 0  # open elements of each kind
    breaks = 0  # <br> seen since the last words
    after_break = False

    def flush() -> None:
        nonlocal linked, strong, breaks, after_break
        if pieces:
            text = " ".join("".join(pieces).split())
            if text:
                found.append(TextBlock(text, container, linked, strong, after_break))
            pieces.clear()
        linked = strong = breaks = 0
        after_break = False

    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in SKIPPED_TAGS:
                walk.skip_subtree()
                continue
            if tag in BLOCK_TAGS:
                flush()
                container = _container(element, tag, container)
            elif tag == "a":
                links += 1
            elif tag == "br":
                breaks += 1
                pieces.append("\n")
                if breaks == 2 or _ends_sentence(pieces):
                    flush()
                    after_break = True
            elif tag in STRONG_TAGS:
                strongs += 1
            words = element.text
        else:
            if tag in SKIPPED_TAGS:
                pass
            elif tag in BLOCK_TAGS:
                flush()
                if element is not body:
                    container = container.parent or container
            elif tag == "a":
                links -= 1
            elif tag in STRONG_TAGS:
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
    return _with_joined_rows(found)


def _with_joined_rows(found: list[TextBlock]) -> list[TextBlock]:
    """Return `found` with the cells of each row of a real table joined to one block: "Name | Age"."""
    if not any(block.container.tag in CELL_TAGS for block in found):
        return found
    rows: list[TextBlock] = []
    cells: dict[Any, Counter[int]] = {}
    for block in found:
        if block.container.tag in CELL_TAGS and block.container.parent is not None:
            cells.setdefault(block.container.parent.element, Counter())[id(block.container)] += 1
    whole = {
        row for row, counts in cells.items()
        if row.tag == "tr" and len(counts) > 1 and max(counts.values()) <= MAX_CELL_BLOCKS
    }  # fmt: skip
    last = cell = None
    for block in found:
        row = block.container.parent if block.container.tag in CELL_TAGS else None
        if row is None or row.element not in whole or len(block.text) > MAX_CELL_CHARS:
            rows.append(block)
            last = None
        elif last is not None and last.container is row:
            last.text += f" {block.text}" if block.container is cell else f" | {block.text}"
            last.linked += block.linked
            last.strong += block.strong
        else:
            last = TextBlock(block.text, row, block.linked, block.strong)
            rows.append(last)
        cell = block.container
    return rows


def _container(element: Any, tag: str, parent: BlockContainer) -> BlockContainer:
    attributes = dict(element.attrib)
    if not attributes:
        return BlockContainer(element, tag, frozenset(), parent)
    names = name_words(attributes.get("id"), attributes.get("class"), attributes.get("role"))
    hidden = (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(HIDDEN.search(attributes.get("style", "")[:200]))
    )
    return BlockContainer(element, tag, names, parent, hidden, "articleBody" in attributes.get("itemprop", ""))


def _ends_sentence(pieces: list[str]) -> bool:
    """Return whether the words before a lone <br> end a sentence: a paragraph on old pages. Others break every line."""
    words = next((piece for piece in reversed(pieces) if piece.strip()), "")
    return bool(SENTENCE_END.search(words[-20:]))


@lru_cache(maxsize=20_000)
def name_words(*names: str | None) -> frozenset[str]:
    """Return the words in the names of an element: "Story_relatedLinks__x1Y2z" gives story, related, links."""
    joined = " ".join(name[:MAX_CLASS_CHARS] for name in names if name)
    return frozenset(word.lower() for word in NAME_WORD.findall(joined) if len(word) > 2)


def menus(found: list[TextBlock]) -> list[Any]:
    """Return the outermost elements that contain several links and nothing else."""
    counts: dict[int, int] = {}
    other: set[int] = set()  # containers of a block that is no link
    for block in found:
        linked = block.linked >= MENU_LINK_SHARE * len(block.text)
        container: BlockContainer | None = block.container
        while container is not None and (linked or id(container) not in other):
            counts[id(container)] = counts.get(id(container), 0) + 1
            if not linked:
                other.add(id(container))
            container = container.parent
    outermost: dict[int, Any] = {}
    for block in found:
        container, best = block.container, None
        while container is not None and id(container) not in other:
            best, container = container, container.parent
        if best is not None and counts[id(best)] >= MIN_MENU_BLOCKS:
            outermost[id(best)] = best.element
    return list(outermost.values())
