"""Write CSV by RFC 4180: CRLF line ends, a header, quotes where needed; UTF-8 without BOM; unknown values are empty.

Lists are joined with "; ", and an object is JSON. A cell that a spreadsheet would run as a formula gets an apostrophe
in front. This changes the data; `raw` leaves it out, and JSON Lines never needs it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from exports import Row

name = "csv"
media_type = "text/csv"
suffix = ".csv"

# OWASP's list (CSV injection) and the full-width forms that East Asian spreadsheets treat alike, after any characters
# that spreadsheets skip. A tab or CR at the start is itself dangerous: what follows can end up in a cell of its own.
FORMULA = re.compile(r"[\s\ufeff\u200b\0]*[=+\-@＝＋－＠]|[\t\r]")
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?", re.ASCII)


def cell(value: Any, raw: bool) -> Any:
    """Return a value as the cell holds it."""
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if raw or not isinstance(value, str) or not FORMULA.match(value) or NUMBER.fullmatch(value):
        return value
    return "'" + value


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write a header, then the rows; return the number of rows."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")  # the csv module writes its own line ends
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        count = 0
        for row in rows:
            writer.writerow([cell(row[column], raw) for column in columns])
            count += 1
        text.flush()
        return count
    finally:
        text.detach()  # closing `text` would close `out`, which belongs to the caller
