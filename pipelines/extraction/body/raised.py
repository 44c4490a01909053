"""Part what is raised or lowered from the characters before it: marks of footnotes, and figures after figures."""

from __future__ import annotations

import re
from typing import Any

NOTE_MARK = re.compile(r"[\[(]?(?:\d{1,3}|[a-z]|[ivx]{1,5})[\])]?|[*†‡§¶]{1,3}")  # of a footnote
BEFORE_NOTE = re.compile(r"(?:[.,;:!?…\"“”’»)\]。！？]|[^\W\d_]{4})$")  # "m²" and "10⁶" are not followed by a mark
RAISED = str.maketrans("0123456789+-\u2212\u2013n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
LOWERED = str.maketrans("0123456789+-\u2212\u2013n", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋ₙ")
FIGURES = re.compile("[+\u2212\u2013-]?[0-9]{1,9}|n")  # raised or lowered after others: 10⁶ is not 106
OTHER_FIGURES = re.compile("[+\u2212\u2013-]?[0-9]{1,9}[.,/][0-9]{1,9}")  # no signs for these


def is_note_mark(element: Any, before: str) -> bool:
    """Return whether a <sup> is the mark of a footnote: it is not part of the word before, as the 2 of m² is."""
    mark = "".join(element.itertext()).strip()
    if not before or before[-1].isspace() or not NOTE_MARK.fullmatch(mark):
        return False
    is_marked = mark[0] in "[(" or any(
        link.get("href", "").startswith("#") for link in (element.getparent(), *element.iterfind(".//a"))
    )
    return is_marked or (not mark.isalpha() and bool(BEFORE_NOTE.search(before[-4:])))


def figures_apart(element: Any, before: str) -> str:
    """Return the figures of a <sup> or <sub> after a figure, raised or lowered: "⁶". For others, return ""."""
    if not before[-1:].isdecimal():
        return ""
    figures = "".join(element.itertext()).strip()
    if FIGURES.fullmatch(figures):
        return figures.translate(RAISED if element.tag == "sup" else LOWERED)
    return ("^" if element.tag == "sup" else "_") + figures if OTHER_FIGURES.fullmatch(figures) else ""
