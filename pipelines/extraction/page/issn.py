"""Read the number of a periodical (ISSN, ISO 3297): eight digits, the last one a check digit that may be X."""

from __future__ import annotations

import re

NUMBER = re.compile(r"(?<![\dXx-])(\d{4})\s?[-–‐‑]?\s?(\d{3}[\dXx])(?![\dXx-])")
LABELLED = re.compile(r"\bISSN(?:-?L)?\b[^\d]{0,20}(\d{4}\s?[-–‐‑]\s?\d{3}[\dXx])(?!\d)", re.IGNORECASE)
IMPRINT = re.compile(
    r"\W*[epl]?-?ISSN(?:-?L)?\W*(?:\((?:print|online)\))?\W*\d{4}\s?[-–‐‑]\s?\d{3}[\dXx]\W*", re.IGNORECASE
)
REFUSED = "no such number: its check digit is wrong"


def parse(raw: str) -> str | None:
    """Return the number in `raw`, as 2330-717X; None if its check digit is wrong, or if `raw` is much longer."""
    found = NUMBER.search(raw)
    if not found or len(raw) > 60:
        return None
    digits = (found[1] + found[2]).upper()
    return f"{digits[:4]}-{digits[4:]}" if is_valid(digits) and digits != "00000000" else None


def is_valid(digits: str) -> bool:
    """Return whether the last digit checks the other seven (ISO 3297, annex A: weights 8 to 1, modulo 11)."""
    return sum((8 - at) * (10 if digit == "X" else int(digit)) for at, digit in enumerate(digits)) % 11 == 0


def is_imprint(text: str) -> bool:
    """Return whether a text is "ISSN" and a number, and no more, as in an imprint anywhere on a page."""
    return len(text) < 60 and bool(IMPRINT.fullmatch(text))


def labelled_numbers(text: str) -> list[str]:
    """Return the numbers in a text that follow the word ISSN."""
    return [found[1] for found in LABELLED.finditer(text)]
