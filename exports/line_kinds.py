"""Know what each line of a text is, for formats with structure: headings, lists, tables, quotations, verse, code.

`Article.line_kinds` has a code for each line (`pipelines.extraction.body.line_layout` gives them). Texts that an
earlier version read have none: all of their lines are paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

GOES_ON = "+"  # after the code of a line that goes on with the one before
CELL_BAR = " | "
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CODE = re.compile(r"(p|h[1-6]|qv|q|v|c|th|t|[uo](?=[1-9]))([1-9]\d?)?(\+?)")
PARAGRAPH = "p"
ITEMS = ("u", "o")
JOINED = (*ITEMS, "c", "qv")  # the next item, and what follows an empty line of code or verse, belong to the run
FAMILIES = {
    "u": "list", "o": "list", "t": "table", "th": "table", "q": "quotation", "qv": "quotation", "v": "verse",
    "c": "code",
}  # fmt: skip


class KindOfLine(NamedTuple):
    """Hold a line with what it is."""

    text: str
    kind: str  # p, h1 to h6, q, qv, v, c, u, o, t, th
    level: int = 1  # of the list of an item
    goes_on: bool = False  # with the line before


def lines_of(row: Mapping[str, Any]) -> list[KindOfLine]:
    """Return the lines of a text that are not empty. Without codes, or with others, all of them are paragraphs."""
    lines = (row["text"] or "").split("\n")
    codes = (row.get("line_kinds") or "").split()
    found = [CODE.fullmatch(code) for code in codes]
    if len(codes) != len(lines) or not all(found):
        return [KindOfLine(line, PARAGRAPH) for line in lines if line.strip()]
    return [
        KindOfLine(line, code[1], int(code[2] or 1), bool(code[3]))
        for line, code in zip(lines, found, strict=True) if code and line.strip()
    ]  # fmt: skip


def runs(lines: list[KindOfLine]) -> Iterator[list[KindOfLine]]:
    """Yield the lines that belong together: a table, a list, a quotation, a stanza, a piece of code; else one line.

    In code, and in verse that is quoted, a line that does not go on with the one before follows an empty line.
    """
    run: list[KindOfLine] = []
    for line in lines:
        if run and not (
            FAMILIES.get(line.kind) == FAMILIES.get(run[-1].kind, "") and (line.goes_on or line.kind in JOINED)
        ):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def cells(line: KindOfLine) -> list[str]:
    """Return the cells of a row of a table."""
    return line.text.split(CELL_BAR)


def bare_item(line: KindOfLine) -> tuple[str, str]:
    """Return (mark, text) of an item: its dash or number, and what follows. A line that goes on has no mark."""
    text = line.text.strip()
    if line.goes_on:
        return "", text
    mark, _, rest = text.partition(" ")
    return mark, rest
