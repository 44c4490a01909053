"""The number of a periodical (ISO 3297): eight digits, the last one a check digit that may be X."""

from __future__ import annotations

import re

NUMBER = re.compile(r"(?<![\dXx-])(\d{4})\s?[-–‐‑]?\s?(\d{3}[\dXx])(?![\dXx-])")
PRINTED = re.compile(r"\bISSN(?:-?L)?\b[^\d]{0,20}(\d{4}\s?[-–‐‑]\s?\d{3}[\dXx])(?!\d)", re.IGNORECASE)
ALONE = re.compile(
    r"\W*[epl]?-?ISSN(?:-?L)?\W*(?:\((?:print|online)\))?\W*\d{4}\s?[-–‐‑]\s?\d{3}[\dXx]\W*", re.IGNORECASE
)
REFUSED = "no such number: its check digit is wrong"


def parse(raw: str) -> str | None:
    """The number in what holds it, as 2330-717X; None if its check digit is wrong, or if much more stands there."""
    found = NUMBER.search(raw)
    if not found or len(raw) > 60:
        return None
    digits = (found[1] + found[2]).upper()
    return f"{digits[:4]}-{digits[4:]}" if checked(digits) and digits != "00000000" else None


def checked(digits: str) -> bool:
    """Is the last of eight digits the check digit of the others? ISO 3297, annex A: weights 8 to 1, modulo 11."""
    return sum((8 - at) * (10 if digit == "X" else int(digit)) for at, digit in enumerate(digits)) % 11 == 0


def alone(text: str) -> bool:
    """Is a text nothing but "ISSN" and a number? So an imprint stands wherever a page has it."""
    return len(text) < 60 and bool(ALONE.fullmatch(text))


def printed(text: str) -> list[str]:
    """The numbers that a text gives with the word ISSN before them."""
    return [found[1] for found in PRINTED.finditer(text)]
