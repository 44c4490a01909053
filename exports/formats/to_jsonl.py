"""Write JSON Lines: one object on one line for each article. UTF-8; unknown values are null; nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import BinaryIO

from exports import Row

name = "jsonl"
media_type = "application/jsonl"
suffix = ".jsonl"
other_suffixes = (".ndjson", ".txt")
reads = ()

# Some readers (str.splitlines) take these for line ends, though JSON does not. Escaped, they break no line.
LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def line(row: Row) -> str:
    """Return a row as JSON on one line, without a line end."""
    return line_bytes(row).decode()


def line_bytes(row: Row) -> bytes:
    """Return a row as JSON on one line in UTF-8, without a line end."""
    return _escape_line_ends(_encode(row).encode())


def fast_line_bytes() -> Callable[[Row], bytes]:
    """Return `line_bytes`, or a function that gives the same bytes in less time, if orjson is installed."""
    try:
        from orjson import JSONEncodeError, dumps
    except ImportError:
        return line_bytes

    def by_orjson(row: Row) -> bytes:
        try:
            return _escape_line_ends(dumps(row))
        except JSONEncodeError:  # it takes no number beyond 64 bits
            return line_bytes(row)

    return by_orjson


def _escape_line_ends(data: bytes) -> bytes:
    if data.isascii():
        return data
    text = data.decode()  # to look for one character in text is many times faster than for its bytes in bytes
    found = [sign for sign in LINE_ENDS if sign in text]
    for sign in found:
        text = text.replace(sign, LINE_ENDS[sign])
    return text.encode() if found else data


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the rows with their keys in the order of `columns`; return the number of rows."""
    encode, names, count = fast_line_bytes(), tuple(columns), 0
    chosen = choose_values(names)
    for row in rows:
        out.write(encode(row if tuple(row) == names else chosen(row)) + b"\n")
        count += 1
    return count


def choose_values(names: Sequence[str]) -> Callable[[Row], Row]:
    """Return the function that gives a row with these keys, in their order."""
    values = itemgetter(*names, names[0])  # of one name alone it would return no tuple
    return lambda row: dict(zip(names, values(row), strict=False))
