"""Print answers: rows as a table that fits the terminal, or as JSON, JSON Lines or CSV for programs.

No rich here: importing it takes longer than a search.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

from pipelines.core.terminal import pad, plain, width

if TYPE_CHECKING:
    from pipelines.database.connection import Row

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
RED, GREEN = "\x1b[31m", "\x1b[32m"
COLUMN_GAP = "  "
FORMATS = ("table", "json", "jsonl", "csv")


def terminal_width(out: TextIO) -> int:
    """Width of the terminal behind `out` (COLUMNS goes first), 100 where there is none."""
    try:
        return max(20, int(os.environ.get("COLUMNS") or os.get_terminal_size(out.fileno()).columns))
    except (OSError, ValueError):
        return 100


def supports_style(out: TextIO) -> bool:
    """Whether `out` is a terminal that may be sent bold text (https://no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(rows: Sequence[Row], columns: Sequence[str], total: int) -> Iterator[str]:
    """A header and the rows in `total` columns at most; numbers stand right, the last one gives way first."""
    cells = [[_shown(row[column]) for column in columns] for row in rows]
    wide = [max(width(text) for text in column) for column in zip(columns, *cells, strict=True)]
    room = total - len(COLUMN_GAP) * (len(columns) - 1)
    for at in reversed(range(len(columns))):
        wide[at] = max(min(wide[at], 8), wide[at] - max(0, sum(wide) - room))
    right = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in columns]
    for texts in ([column.replace("_", " ") for column in columns], *cells):
        parts = [
            " " * (size - width(text)) + text if at_right else pad(text, size)
            for text, size, at_right in zip(texts, wide, right, strict=True)
        ]
        yield COLUMN_GAP.join(parts).rstrip()


def _shown(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return "" if value is None else plain(value).replace("\n", " ")


def write_rows(rows: Iterable[Row], columns: Sequence[str], form: str) -> None:
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
        from exports import ArticleFormat, load_format

        cast(ArticleFormat, load_format(form)).write(rows, target, columns)
