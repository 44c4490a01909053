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
from unicodedata import category, normalize

from exports import Row

name = "csv"
media_type = "text/csv"
suffix = ".csv"

# OWASP's list (CSV injection): signs after any characters that spreadsheets may skip. A tab or CR at the start is
# dangerous by itself: what follows can end up in a cell of its own.
STARTS_FORMULA = "=+-@"
LIKE_MINUS = "\u2010\u2011\u2012\u2013\u2212"  # hyphens, figure and en dash, minus sign: typed alike, not NFKC
# Blank or ignorable beyond white space, controls and format characters: Default_Ignorable_Code_Point (Unicode 16,
# DerivedCoreProperties.txt), as far as general category does not say it, and the braille blank.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?", re.ASCII)


def is_formula(text: str) -> bool:
    """Return True if a spreadsheet may take a text for a formula.

    Full-width, small and superscript forms of a sign (`＝`, `﹢`, `⁼`) count as the sign (Unicode NFKC).
    """
    first = text[:1]
    if first.isascii() and first.isalnum():  # most cells: no further look
        return False
    if first in ("\t", "\r"):
        return True
    for sign in text:
        if sign.isspace() or INVISIBLE.match(sign) or category(sign) in ("Cc", "Cf"):
            continue
        return normalize("NFKC", sign)[0] in STARTS_FORMULA + LIKE_MINUS
    return False


def cell(value: Any, raw: bool) -> Any:
    """Return a value as the cell holds it."""
    if value is None:
        return None
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if raw or not isinstance(value, str) or not is_formula(value) or NUMBER.fullmatch(value):
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
