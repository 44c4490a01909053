"""JSON Lines: one article, one object, one line. UTF-8, unknown is null, lists are lists: nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from exports import Row

name = "jsonl"
media_type = "application/jsonl"
suffix = ".jsonl"

# Line ends to some readers (str.splitlines), though not to JSON: escaped, a line is a line for all of them.
LINE_ENDS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def line(row: Row) -> str:
    """One row as a line, without its end."""
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return text if text.isprintable() else text.translate(LINE_ENDS)


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """The rows, their keys in the order of `columns`."""
    count = 0
    for row in rows:
        out.write(line({column: row[column] for column in columns}).encode() + b"\n")
        count += 1
    return count
