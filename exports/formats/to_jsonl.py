"""Write JSON Lines: one object on one line for each article. UTF-8; unknown values are null; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from exports import Row

name = "jsonl"
media_type = "application/jsonl"
suffix = ".jsonl"

# Some readers (str.splitlines) take these for line ends, though JSON does not. Escaped, they break no line.
LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def line(row: Row) -> str:
    """Return a row as JSON on one line, without a line end."""
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return text if text.isprintable() else text.translate(LINE_ENDS)


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the rows with their keys in the order of `columns`; return the number of rows."""
    count = 0
    for row in rows:
        out.write(line({column: row[column] for column in columns}).encode() + b"\n")
        count += 1
    return count
