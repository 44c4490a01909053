"""Write numbers with their nouns for people: `1 file`, `2,000 files`, `1 match`, `3 addresses`."""

from __future__ import annotations

SIBILANT_ENDINGS = ("s", "x", "ch", "sh")  # nouns with these endings take -es


def counted(number: int, noun: str) -> str:
    """Return a number with thousands separators, and its noun in singular or regular plural."""
    ending = "" if number == 1 else "es" if noun.endswith(SIBILANT_ENDINGS) else "s"
    return f"{number:,} {noun}{ending}"


def verb(number: int, one: str, many: str) -> str:
    """Return the form of a word that goes with a number: `verb(n, "is", "are")`."""
    return one if number == 1 else many
