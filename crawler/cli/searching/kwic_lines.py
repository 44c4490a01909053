"""Print keywords in context for people: the keywords below each other, whatever their script and width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from crawler.cli.output import BOLD, RESET, UNDATED
from pipelines.core import terminal
from pipelines.database.connection import Row

KEYWORD_ROOM = 16  # columns kept for a keyword before the context on its right is cut
MAX_SOURCE_WIDTH = 16
MIN_CONTEXT = 10  # columns on each side, also on a narrow terminal
# What is written from right to left is set apart, so that it moves neither its neighbours nor the columns (UAX 9).
ISOLATE, END_ISOLATE = "\u2068", "\u2069"


def kwic_lines(lines: list[Row], context: int, room: int | None, *, styled: bool) -> Iterator[str]:
    """Yield a line of the terminal for each line of context, which is cut to `context` columns on each side.

    `room`: columns of the terminal, to which the context is cut as well; None: any number.
    """
    sources = [terminal.plain(line["source"] or "") for line in lines]
    source_room = min(max(map(terminal.width, sources), default=0), MAX_SOURCE_WIDTH)
    number_room = max((len(str(line["id"])) for line in lines), default=1)
    tail = 2 + source_room + 2 + 10 + 2 + number_room + 2 + len("byline")
    before, after = (BOLD, RESET) if styled else ("[", "]")
    if room is not None:
        context = max(MIN_CONTEXT, min(context, (room - tail - KEYWORD_ROOM - 2) // 2))
    for line, source in zip(lines, sources, strict=True):
        left, keyword, right = (terminal.plain(line[part]) for part in ("left", "keyword", "right"))
        left = cut_left(left, context)
        right_room = max(context + KEYWORD_ROOM - terminal.width(keyword), MIN_CONTEXT)
        right = cut_right(right, right_room)
        shown = f"{isolated(left)}{before}{isolated(keyword)}{after}{isolated(right)}"
        yield (
            f"{' ' * (context - terminal.width(left))}{shown}{' ' * (right_room - terminal.width(right))}"
            f"  {terminal.pad(source, source_room)}  {line['published_day'] or UNDATED:10}"
            f"  {line['id']:>{number_room}}  {line['field']}"
        ).rstrip()


def cut_left(text: str, room: int) -> str:
    """Return as much of the end of a text as fits into `room` columns. No mark begins it that belongs to a letter."""
    at, used = len(text), 0
    while at and used + (cells := terminal.width(text[at - 1])) <= room:
        at, used = at - 1, used + cells
    while 0 < at < len(text) and unicodedata.category(text[at]).startswith("M"):
        at += 1
    return text[at:]


def cut_right(text: str, room: int) -> str:
    """Return as much of the beginning of a text as fits into `room` columns."""
    at, used = 0, 0
    while at < len(text) and used + (cells := terminal.width(text[at])) <= room:
        at, used = at + 1, used + cells
    return text[:at]


def isolated(text: str) -> str:
    """Return text that has letters written from right to left between isolates; other text as it is."""
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return f"{ISOLATE}{text}{END_ISOLATE}"
    return text
