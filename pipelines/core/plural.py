"""Write numbers and lists for people: `1 file`, `2,000 files`, `4 copies`; `a, b and 7 more`; `a 3, b 2, ...`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SIBILANT_ENDINGS = ("s", "x", "ch", "sh")  # endings that take -es


def counted(number: int, noun: str) -> str:
    """Return a number with separators at thousands, and a noun with a regular plural in singular or plural."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith(SIBILANT_ENDINGS) else 's'}"


def verb(number: int, one: str, many: str) -> str:
    """Return the form of a verb that goes with a number: `verb(n, "is", "are")`."""
    return one if number == 1 else many


def first_of(texts: Sequence[str], most: int) -> str:
    """Return at most so many texts, and how many more there are: `a, b and 7 more`."""
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def most_common_of(numbers: Counter[str], most: int) -> str:
    """Return at most so many texts with their numbers, the most frequent first: `a 3, b 2, ...`."""
    named = [f"{text} {number:,}" for text, number in numbers.most_common(most)]
    return ", ".join(named) + (", ..." if len(numbers) > most else "")
