"""An answer on a terminal: columns that fit its width, with CJK and emoji counted as they are drawn.

Text from a page may hold escape sequences, bidirectional overrides and other controls; `plain` takes them out
before a terminal can act on them. No rich here: it takes longer to import than a search takes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO, cast
from unicodedata import category, east_asian_width

from exports import Row

# C0 and C1 controls, and the marks that reorder or hide text (Unicode TR 36, 3.1)
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
GAP = "  "
FORMATS = ("table", "json", "jsonl", "csv")


def plain(text: object) -> str:
    """Text that a terminal only shows; line feeds stay."""
    return UNSAFE.sub(" ", str(text))


def width(text: str) -> int:
    """Columns that a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if character < "\u0300":
        return 1
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """`text`, or as much of it as fits into `room` columns with an ellipsis."""
    if width(text) <= room:
        return text
    used, kept = 1, []
    for character in text:
        used += _cells(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if room > 0 else ""


def pad(text: str, room: int) -> str:
    """`text` cut or filled to exactly `room` columns."""
    text = cut(text, room)
    return text + " " * (room - width(text))


def wrap(text: str, room: int) -> Iterator[str]:
    """Lines of at most `room` columns, broken at spaces, and anywhere in what has none for a line (CJK)."""
    room = max(room, 2)
    line, used = "", 0
    for word in re.findall(r"\S+", text):
        needed = width(word)
        if used and used + 1 + needed > room and (needed <= room // 2 or word.isascii()):
            yield line
            line, used = "", 0
        elif used:
            line, used = line + " ", used + 1
        for character in word:
            cells = _cells(character)
            if used + cells > room:
                yield line.rstrip()
                line, used = "", 0
            line, used = line + character, used + cells
    if line:
        yield line


def columns_of(out: TextIO) -> int:
    """Width of the terminal behind `out` (COLUMNS goes first), 100 where there is none."""
    try:
        return max(20, int(os.environ.get("COLUMNS") or os.get_terminal_size(out.fileno()).columns))
    except (OSError, ValueError):
        return 100


def styled(out: TextIO) -> bool:
    """Whether `out` is a terminal that may be sent bold text (https://no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(rows: Sequence[Row], columns: Sequence[str], total: int) -> Iterator[str]:
    """A header and the rows in `total` columns at most; numbers stand right, the last one gives way first."""
    cells = [[_shown(row[column]) for column in columns] for row in rows]
    wide = [max(width(text) for text in column) for column in zip(columns, *cells, strict=True)]
    room = total - len(GAP) * (len(columns) - 1)
    for at in reversed(range(len(columns))):
        wide[at] = max(min(wide[at], 8), wide[at] - max(0, sum(wide) - room))
    right = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in columns]
    for texts in ([column.replace("_", " ") for column in columns], *cells):
        parts = [
            " " * (size - width(text)) + text if at_right else pad(text, size)
            for text, size, at_right in zip(texts, wide, right, strict=True)
        ]
        yield GAP.join(parts).rstrip()


def _shown(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return "" if value is None else plain(value).replace("\n", " ")


def data(rows: Iterable[Row], columns: Sequence[str], form: str) -> None:
    """Rows for a program: `json` (one array), `jsonl` or `csv`, streamed to the standard output."""
    target = sys.stdout.buffer
    if form == "json":
        from exports.formats.to_jsonl import line

        start = b"[\n"
        for row in rows:
            target.write(start + line({column: row[column] for column in columns}).encode())
            start = b",\n"
        target.write(b"[]\n" if start == b"[\n" else b"\n]\n")  # no row: an array all the same
    else:
        from exports import Export, load

        cast(Export, load(form)).write(rows, target, columns)
