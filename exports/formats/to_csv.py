"""Write CSV by RFC 4180: CRLF line ends, a header, quotes where needed; UTF-8 without BOM; unknown values are empty.

Lists are joined with "; ", and an object is JSON. A cell that a spreadsheet would run as a formula gets an apostrophe
in front. This changes the data; `raw` leaves it out, and JSON Lines never needs it.
"""

from __future__ import annotations

import codecs
import json
import re
import string
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, BinaryIO
from unicodedata import category, normalize

from exports import Row

name = "csv"
media_type = "text/csv"
suffix = ".csv"
other_suffixes = (".txt",)
refused_suffixes = (".tsv", ".xls", ".xlsx", ".ods")
reads = ()
takes_raw = True

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
PLAIN_STARTS = frozenset((*string.ascii_letters, *string.digits, ""))
PLAIN_CHARS = 16_000  # no text of so many is too long for a cell of Excel, whatever it consists of
MAX_EXCEL_UNITS = 32_767  # of UTF-16 in a cell of Excel
MAX_EXCEL_ROWS = 1_048_576  # of a sheet, its header included
CUT = " [cut: longer than a cell of Excel]"
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
    if value is None or value.__class__ is int:
        return value
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value)) if value else ""
    if raw or not isinstance(value, str) or not is_formula(value) or NUMBER.fullmatch(value):
        return value
    return "'" + value


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write a header, then the rows; return the number of rows."""
    return write_cells(rows, out, columns, partial(cell, raw=raw))


def write_cells(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], to_cell: Callable[[Any], Any]) -> int:
    """Write a header, then the rows, with each value as `to_cell` returns it; return the number of rows.

    `to_cell` must return what begins with a letter or digit of ASCII and has at most PLAIN_CHARS as it is: it is not
    asked. The module csv writes the same bytes in three times the time.
    """
    count, lone = 0, len(columns) == 1
    values = itemgetter(*columns) if not lone else lambda row: (row[columns[0]],)
    out.write(_line(columns, lone=lone))
    for row in rows:
        cells = [
            value
            if value.__class__ is str and value[:1] in PLAIN_STARTS and len(value) <= PLAIN_CHARS
            else ""
            if value is None
            else str(to_cell(value))
            for value in values(row)
        ]
        out.write(_line(cells, lone=lone))
        count += 1
    return count


def _line(cells: Sequence[str], *, lone: bool) -> bytes:
    """Return cells as a line. An empty cell that is alone in its line is quoted: readers skip empty lines."""
    quoted = [
        cell
        if "," not in cell and '"' not in cell and "\n" not in cell and "\r" not in cell
        else '"' + cell.replace('"', '""') + '"'
        for cell in cells
    ]
    return (",".join(quoted) + "\r\n").encode() if quoted != [""] or not lone else b'""\r\n'


class ForExcel:
    """Write CSV as Excel opens it: UTF-8 with a byte order mark, and no cell longer than Excel takes.

    Excel itself would spread the rest of a longer cell over the next rows.
    """

    name = name
    media_type = media_type
    suffix = suffix
    reads = reads
    takes_raw = True

    def __init__(self) -> None:
        self.cut_cells = 0

    def write(self, rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write a byte order mark, a header, and the rows; return the number of rows."""
        self.cut_cells = 0
        out.write(codecs.BOM_UTF8)
        return write_cells(rows, out, columns, lambda value: self._cut(cell(value, raw)))

    def manifest_fields(self) -> dict[str, Any]:
        """Return what the manifest says of the rows that were written."""
        return {"excel": True, "cut_cells": self.cut_cells}

    def _cut(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) <= PLAIN_CHARS:
            return value
        units = value.encode("utf-16-le")  # Excel counts as UTF-16 does
        if len(units) <= MAX_EXCEL_UNITS * 2:
            return value
        self.cut_cells += 1
        return units[: (MAX_EXCEL_UNITS - len(CUT)) * 2].decode("utf-16-le", "ignore") + CUT


for_excel = ForExcel
