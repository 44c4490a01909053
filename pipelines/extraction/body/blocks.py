"""Cut the tree of a page into blocks of text in page order, each with its container. Nothing is decided here.

A block is what a browser sets as lines of its own: a paragraph, an item, a heading, a cell, or bare words in a div.
Elements that HTML does not set as blocks, unknown ones included, are part of the line around them (HTML, 15.3
"Non-replaced elements"). The rows of a table of data are one block each: `data_tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml import etree

from pipelines.extraction.body.raised import figures_apart, is_note_mark

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
LAYOUT_ROLES = ("presentation", "none")
MAX_CELL = 200, 4  # characters and blocks; a larger cell is a column of a layout ...
MAX_LABELLED_CELL = 600, 15  # ... and in a table with <th>, <thead> or <caption>
NOT_IN_CELLS = ("article", "section", "form")  # a table with one of these is a layout, too
MAX_SPAN = 50  # columns or rows
PREFORMATTED_TAGS = frozenset(("pre", "listing", "xmp", "plaintext"))
STRONG_TAGS = frozenset(("b", "strong", "i", "em"))
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
SENTENCE_END = re.compile(r"[.!?…:;\"'”’»)。！？]\s*$")
NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
MAX_CLASS_CHARS = 400  # characters of a class attribute that are read
# A style that makes a block of an element; not that of a drop cap, which floats.
SET_AS_BLOCK = re.compile(r"display\s*:\s*(?:block|flex|grid|list-item|table)(?![-\w])", re.IGNORECASE)
OUT_OF_FLOW = re.compile(r"float\s*:|position\s*:\s*(?:absolute|fixed)", re.IGNORECASE)
BREAK = "\x1e"  # stands for a <br>; it is white space to Python, and no page can have it (HTML, 13.2.2.5)
MAX_VERSE_CHARS = 80  # a longer line between two <br> is no verse, but a paragraph
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

    def upwards(self) -> Iterator[BlockContainer]:
        """Yield this container and those around it, the nearest first."""
        container: BlockContainer | None = self
        while container is not None:
            yield container
            container = container.parent


@dataclass(slots=True)
class TextBlock:
    """Hold one block of text."""

    text: str  # every run of white space is one space
    container: BlockContainer
    linked: int = 0  # characters of link text
    strong: int = 0  # characters set in bold or italic
    after_break: bool = False  # it follows a <br> in the same element
    lines: tuple[str, ...] = ()  # those of a poem, or of preformatted text with its spaces; (): it is one line
    cells: tuple[str, ...] = ()  # those of a row of a table; (): it is none
    table: BlockContainer | None = None  # that the row, or the caption, is of


def blocks(body: Any) -> list[TextBlock]:
    """Return the blocks of an element, in page order."""
    found: list[TextBlock] = []
    tables: list[BlockContainer] = []
    container = BlockContainer(body, "body", frozenset(), None)
    pieces: list[str] = []
    linked = strong = 0  # characters of this block in links, in bold
    links = strongs = 0  # open elements of each kind
    breaks = 0  # <br> seen since the last words
    after_break = False

    def flush() -> None:
        nonlocal linked, strong, breaks, after_break
        if pieces:
            joined = "".join(pieces)
            text = " ".join(joined.split())
            if text:
                lines: tuple[str, ...] = ()
                if container.tag in PREFORMATTED_TAGS:
                    lines = preformatted_lines(joined)
                elif BREAK in joined and container.tag not in HEADING_TAGS:
                    lines = verse_lines(joined)
                found.append(TextBlock(text, container, linked, strong, after_break, lines))
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
                if pieces or after_break:
                    flush()
                container = _container(element, tag, container)
                if tag == "table":
                    tables.append(container)
            elif tag == "br":
                breaks += 1
                pieces.append(BREAK)
                if breaks == 2 or _ends_sentence(pieces):
                    flush()
                    after_break = True
            else:
                if tag == "a":
                    links += 1
                elif tag in STRONG_TAGS:
                    strongs += 1
                elif tag in ("sup", "sub"):
                    before = next((piece for piece in reversed(pieces) if piece), "")
                    if tag == "sup" and is_note_mark(element, before):
                        pieces.append(" ")
                    elif signs := figures_apart(element, before):
                        pieces.append(signs)
                        walk.skip_subtree()
                        continue
                if (style := element.get("style")) and container.tag not in HEADING_TAGS and _is_set_as_block(style):
                    flush()
                    container = _container(element, tag, container)
            words = element.text
        else:
            if tag in BLOCK_TAGS:
                if pieces or after_break:
                    flush()
                if element is not body:
                    container = container.parent or container
            elif tag not in SKIPPED_TAGS:
                if tag == "a":
                    links -= 1
                elif tag in STRONG_TAGS:
                    strongs -= 1
                if container.element is element and element is not body:
                    flush()
                    container = container.parent or container
            words = element.tail if element is not body else None
        if words and (pieces or not words.isspace() or container.tag in PREFORMATTED_TAGS):
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
    return with_rows(found, tables) if tables else found


def preformatted_lines(text: str) -> tuple[str, ...]:
    """Return the lines of preformatted text with their spaces, without those that all of them begin with.

    An empty line is kept between two others: it separates paragraphs.
    """
    lines = [line.rstrip() for line in re.sub(f"\r\n?|{BREAK}", "\n", text).expandtabs(4).split("\n")]
    indent = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return tuple(line[indent:] for line in "\n".join(lines).strip("\n").split("\n")) if len(lines) > 1 else ()


def verse_lines(text: str) -> tuple[str, ...]:
    """Return the lines that end at a <br>, if all are as short as those of poems, addresses and timetables."""
    lines = tuple(" ".join(line.split()) for line in text.split(BREAK) if line.strip())
    return lines if len(lines) > 1 and max(map(len, lines)) <= MAX_VERSE_CHARS else ()


def _is_set_as_block(style: str) -> bool:
    """Return whether its style makes a paragraph of an inline element."""
    return bool(SET_AS_BLOCK.search(style[:200]) and not OUT_OF_FLOW.search(style[:200]))


def _container(element: Any, tag: str, parent: BlockContainer) -> BlockContainer:
    attributes = element.items()
    if not attributes:
        return BlockContainer(element, tag, frozenset(), parent)
    value = dict(attributes).get
    names = name_words(value("id"), value("class"), value("role"))
    style = value("style")
    hidden = (
        value("hidden") is not None
        or value("aria-hidden") == "true"
        or (style is not None and HIDDEN.search(style[:200]) is not None)
    )
    return BlockContainer(element, tag, names, parent, hidden, "articleBody" in value("itemprop", ""))


def _ends_sentence(pieces: list[str]) -> bool:
    """Return whether the words before a lone <br> end a sentence: a paragraph on old pages. Others break every line."""
    words = next((piece for piece in reversed(pieces) if piece.strip()), "")
    return bool(SENTENCE_END.search(words[-20:]))


@lru_cache(maxsize=20_000)
def name_words(*names: str | None) -> frozenset[str]:
    """Return the words in the names of an element: "Story_relatedLinks__x1Y2z" gives story, related, links."""
    joined = " ".join(name[:MAX_CLASS_CHARS] for name in names if name)
    return frozenset(word.lower() for word in NAME_WORD.findall(joined) if len(word) > 2)


def with_rows(found: list[TextBlock], tables: list[BlockContainer]) -> list[TextBlock]:
    """Return `found` with the blocks of each row of a table of data joined to one: "Name | Age"."""
    places = {id(table): table for table in tables}
    cells: dict[int, dict[Any, list[TextBlock]]] = {}  # table -> cell -> its blocks; None: they are in no cell
    cell_of: dict[int, tuple[BlockContainer, BlockContainer | None] | None] = {}  # block's container -> table and cell
    for block in found:
        key = id(block.container)
        if key not in cell_of:
            cell_of[key] = _cell_around(block.container, places)
        if (place := cell_of[key]) is not None:
            cell = place[1] and place[1].element
            cells.setdefault(id(place[0]), {}).setdefault(cell, []).append(block)
    rows: dict[int, TextBlock] = {}  # first block of a row -> the row
    joined: set[int] = set()  # blocks that are in a row
    for key, blocks_of in cells.items():
        table = places[key]
        lines = _table_rows(table, blocks_of)
        for first, row, inside in lines:
            rows[id(first)] = row
            joined.update(map(id, inside))
        for block in blocks_of.get(None, ()) if lines else ():
            block.table = table
    if not rows:
        return found
    return [rows.get(id(block), block) for block in found if id(block) in rows or id(block) not in joined]


def _cell_around(
    container: BlockContainer, tables: dict[int, BlockContainer]
) -> tuple[BlockContainer, BlockContainer | None] | None:
    """Return the innermost table around a block, and its cell around the block, if there is one."""
    cell = None
    up: BlockContainer | None = container
    while up is not None:
        if up.tag in CELL_TAGS and cell is None:
            cell = up
        elif up.tag == "table":
            return up, cell
        up = up.parent
    return None


def _table_rows(
    table: BlockContainer, blocks_of: dict[Any, list[TextBlock]]
) -> list[tuple[TextBlock, TextBlock, list[TextBlock]]]:
    """Return (first block, row, all blocks) for each row of a table that has words; nothing for a layout."""
    rows = [row for row in table.element.iter("tr") if next(row.iterancestors("table")) is table.element]
    grid = [[cell for cell in row if cell.tag in CELL_TAGS] for row in rows]
    if not is_data(table.element, grid, blocks_of):
        return []
    texts = {cell: " ".join(block.text for block in blocks_of.get(cell, ())) for row in grid for cell in row}
    filled = filled_cells(grid, texts)
    used = [
        column for column in range(max(map(len, filled))) if any(column < len(row) and row[column] for row in filled)
    ]
    found = []
    for cells, line in zip(grid, filled, strict=True):
        inside = [block for cell in cells for block in blocks_of.get(cell, ())]
        if not inside:
            continue
        place: BlockContainer | None = inside[0].container
        while place is not None and place.tag != "tr":
            place = place.parent
        row = TextBlock(
            " | ".join(texts[cell] for cell in cells if texts[cell]), place or table,
            sum(block.linked for block in inside), sum(block.strong for block in inside),
            cells=tuple(line[column] if column < len(line) else "" for column in used), table=table,
        )  # fmt: skip
        found.append((inside[0], row, inside))
    return found


def is_data(table: Any, grid: list[list[Any]], blocks_of: dict[Any, list[TextBlock]]) -> bool:
    """Return whether a table holds data, and is no means of layout: it says so, or its cells are short.

    A layout holds tables, headings with text below them, long cells, or one cell in each row.
    """
    if table.get("role") in LAYOUT_ROLES or max(map(len, grid), default=0) < 2:
        return False
    if next(islice(table.iter("table", *NOT_IN_CELLS), 1, 2), None) is not None:
        return False
    if not any(sum(cell in blocks_of for cell in row) > 1 for row in grid):
        return False
    is_labelled = next(table.iter("th", "thead", "caption"), None) is not None
    chars, count = MAX_LABELLED_CELL if is_labelled else MAX_CELL
    contents = [blocks_of[cell] for row in grid for cell in row if cell in blocks_of]
    if any(len(them) > 1 and any(block.container.tag in HEADING_TAGS for block in them) for them in contents):
        return False
    return all(len(them) <= count and sum(len(block.text) for block in them) <= chars for them in contents)


def filled_cells(grid: list[list[Any]], texts: dict[Any, str]) -> list[list[str]]:
    """Return the texts of each row by column. A cell that spans several repeats its text in each (HTML, 4.9.12.1).

    One that spans all columns of the table is the heading of the rows below, and is set once.
    """
    width = max(sum(_span(cell, "colspan") for cell in row) for row in grid)
    hanging: dict[int, tuple[int, str]] = {}  # column -> rows that a cell above still spans, and its text

    def take_from_above(line: list[str]) -> None:
        while (above := hanging.pop(len(line), None)) is not None:
            rows, text = above
            if rows > 1:
                hanging[len(line)] = (rows - 1, text)
            line.append(text)

    filled = []
    section = None
    for row in grid:
        line: list[str] = []
        if row and (around := row[0].getparent().getparent()) is not section:  # a cell ends with its <tbody>
            section = around
            hanging.clear()
        for cell in row:
            take_from_above(line)
            columns, rows = _span(cell, "colspan"), _span(cell, "rowspan")
            for number in range(columns):
                if rows > 1:
                    hanging[len(line)] = (rows - 1, texts[cell])
                line.append(texts[cell] if number == 0 or columns < width else "")
        take_from_above(line)
        filled.append(line)
    return filled


def _span(cell: Any, name: str) -> int:
    """Return how many columns or rows a cell spans. HTML allows more; a page that says 1,000 means all."""
    value = (cell.get(name) or "").strip()
    return min(max(int(value), 1), MAX_SPAN) if value.isascii() and value.isdecimal() else 1


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
