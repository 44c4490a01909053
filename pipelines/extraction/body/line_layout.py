"""Set the blocks of a text as lines, each with its kind: paragraph, heading, item, row of a table, quotation, verse.

The text itself stays plain. Kinds are what Markdown and TEI are made of later. A kind is a short code:

    p paragraph · h1 to h6 heading · q quotation · v verse · qv quoted verse · c preformatted text (code, a timetable)
    u1, u2, ... item of a list, o1, o2, ... numbered item, with the level of the list
    t row of a table · th row of its headings

"+" after a code means that the line goes on with the one before: the next line of the same poem or table, the next
paragraph of the same quotation or item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.extraction.body.blocks import HEADING_TAGS, PREFORMATTED_TAGS, BlockContainer, TextBlock
from pipelines.extraction.body.whole_groups import list_item, lists_around

PARAGRAPH, QUOTE, VERSE, QUOTED_VERSE, CODE, ROW, HEADER_ROW = "p", "q", "v", "qv", "c", "t", "th"
GOES_ON = "+"
CELL_BAR = " | "
BAR_IN_CELL = str.maketrans("|", "¦")  # no cell ends within it
INDENT = "  "  # for each list around the list of an item
HEADING_LEVELS = 2  # containers of a block among which its heading is looked for
MAX_QUOTED_SHARE = 0.6  # if more of a text is in quotations, they are its layout
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
MAX_ROMAN = 39


class LaidOutLine(NamedTuple):
    """Hold one line of a text."""

    text: str
    kind: str


class LineLayout:
    """Set the blocks of one text, in order.

    `as_line` removes from a text what is none, and returns it with single spaces; `clean` leaves its spaces.
    """

    def __init__(self, blocks: Sequence[TextBlock], as_line: Callable[[str], str], clean: Callable[[str], str]) -> None:
        self._line, self._clean = as_line, clean
        self._numbers: dict[Any, dict[Any, int]] = {}  # <ol> -> number of each of its items
        self._items: set[int] = set()  # items that have their mark
        self._headed: set[int] = set()  # items that begin with a heading: sections of a text, rather
        self._last: object = None  # table, item or quotation of the block before
        quotes = [_around(block.container, "blockquote") for block in blocks]
        quoted = sum(len(block.text) for block, quote in zip(blocks, quotes, strict=True) if quote is not None)
        is_layout = quoted > MAX_QUOTED_SHARE * sum(len(block.text) for block in blocks)
        self._quotes = {} if is_layout else {id(block): quote for block, quote in zip(blocks, quotes, strict=True)}
        self._told_apart = {id(block.table) for block in blocks if block.cells and not _is_strong(block)}

    def lines(self, block: TextBlock) -> list[LaidOutLine]:
        """Return the lines of the next block; none if nothing of it is text."""
        before, self._last = self._last, None
        if block.cells:
            return self._row(block, before)
        item = list_item(block)
        lists = lists_around(item) if item is not None else []
        if (level := _heading(block.container)) is not None:
            return self._heading_line(block, level, item, lists)
        if block.lines and block.container.tag in PREFORMATTED_TAGS:
            return list(self._several(block, CODE))
        if item is not None and lists and id(item) not in self._headed:
            return self._item(block, item, lists)
        quote = self._quotes.get(id(block))
        if quote is not None:
            self._last = quote
        if block.lines:
            return list(self._several(block, VERSE if quote is None else QUOTED_VERSE))
        if quote is not None:
            return self._one(block, QUOTE + GOES_ON * (before is quote))
        return self._one(block, PARAGRAPH)

    def _one(self, block: TextBlock, kind: str) -> list[LaidOutLine]:
        text = self._line(block.text)
        return [LaidOutLine(text, kind)] if text else []

    def _several(self, block: TextBlock, kind: str) -> Iterator[LaidOutLine]:
        goes_on = False
        for line in block.lines:
            text = self._clean(line).rstrip() if kind == CODE else self._line(line)
            if text:
                yield LaidOutLine(text, kind + GOES_ON * goes_on)
            goes_on = bool(text)

    def _row(self, block: TextBlock, before: object) -> list[LaidOutLine]:
        """Return a row with its cells between bars. An empty cell keeps its place.

        A row of headings has them in <th> or in <thead>, or is the first of its table and the only one in bold.
        """
        cells = [self._line(cell).translate(BAR_IN_CELL) for cell in block.cells]
        if not any(cells):
            return []
        self._last = block.table
        goes_on, row = before is block.table, block.container
        head = row.tag == "tr" and (
            row.element.find("td") is None
            or (row.parent is not None and row.parent.tag == "thead")
            or (not goes_on and _is_strong(block) and id(block.table) in self._told_apart)
        )
        return [LaidOutLine(CELL_BAR.join(cells), (HEADER_ROW if head else ROW) + GOES_ON * goes_on)]

    def _heading_line(
        self, block: TextBlock, level: str, item: BlockContainer | None, lists: Sequence[BlockContainer]
    ) -> list[LaidOutLine]:
        """Return a heading, with the number of the item that it begins."""
        found = self._one(block, level)
        if not found or item is None or not lists or id(item) in self._items:
            return found
        self._items.add(id(item))
        self._headed.add(id(item))
        number = self._number(item.element, lists[0].element) + " " if lists[0].tag == "ol" else ""
        return [LaidOutLine(number + found[0].text, level)]

    def _item(self, block: TextBlock, item: BlockContainer, lists: Sequence[BlockContainer]) -> list[LaidOutLine]:
        """Return an item with its mark, indented by its level. The next paragraph of it is indented, too."""
        text = self._line(block.text)
        if not text:
            return []
        self._last = item
        numbered = lists[0].tag == "ol"
        kind = f"{'o' if numbered else 'u'}{len(lists)}"
        indent = INDENT * (len(lists) - 1)
        if id(item) in self._items:
            return [LaidOutLine(indent + text, kind + GOES_ON)]
        self._items.add(id(item))
        mark = self._number(item.element, lists[0].element) if numbered else "-"
        return [LaidOutLine(f"{indent}{mark} {text}", kind)]

    def _number(self, item: Any, around: Any) -> str:
        if around not in self._numbers:
            self._numbers[around] = item_numbers(around)
        number = self._numbers[around].get(item)
        return "-" if number is None else f"{in_style(number, around.get('type') or '1')}."


def item_numbers(around: Any) -> dict[Any, int]:
    """Return the number of each item of an <ol>, as `start`, `reversed` and `value` say (HTML, 4.4.5)."""
    items = [child for child in around if child.tag == "li"]
    step = -1 if "reversed" in around.attrib else 1
    first = len(items) if step < 0 else 1
    number = _integer(around.get("start"), first)
    found = {}
    for item in items:
        number = _integer(item.get("value"), number)
        found[item] = number
        number += step
    return found


def in_style(number: int, style: str) -> str:
    """Return a number as the `type` of an <ol> says: 1, a, A, i or I. Numbers without such a form stay figures."""
    if style in ("a", "A") and 1 <= number <= len(LETTERS):
        found = LETTERS[number - 1]
    elif style in ("i", "I") and 1 <= number <= MAX_ROMAN:
        found, rest = "", number
        for value, sign in ROMAN:
            while rest >= value:
                found, rest = found + sign, rest - value
    else:
        return str(number)
    return found.upper() if style.isupper() else found


def _integer(text: str | None, default: int) -> int:
    text = (text or "").strip()
    return (
        int(text)
        if len(text) < 10 and text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal()
        else default
    )


def _is_strong(row: TextBlock) -> bool:
    """Return whether a row has several words in bold and no others."""
    return " | " in row.text and row.strong >= len(row.text.replace(" | ", ""))


def _heading(container: BlockContainer) -> str | None:
    up: BlockContainer | None = container
    for _ in range(HEADING_LEVELS):
        if up is None:
            return None
        if up.tag in HEADING_TAGS:
            return up.tag
        up = up.parent
    return None


def _around(container: BlockContainer, tag: str) -> BlockContainer | None:
    up: BlockContainer | None = container
    while up is not None and up.tag != tag:
        up = up.parent
    return up
