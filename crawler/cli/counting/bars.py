"""Draw numbers with characters: a bar, and a sparkline. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TextIO


class DrawingCharacters(NamedTuple):
    """Hold the characters that an output can show."""

    levels: str  # of a sparkline, from the lowest to the highest; the first is nothing
    bar_ends: str  # of a bar that ends within a cell, from the shortest on
    bar: str


BLOCKS = DrawingCharacters("·▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉", "█")
PLAIN = DrawingCharacters("._-=+*%#@", "", "#")
PLAIN_TERMINALS = ("dumb", "linux")  # values of $TERM; the fonts of these have no blocks
NO_ARTICLES = " "  # in a sparkline, where there is no share


def characters_for(out: TextIO) -> DrawingCharacters:
    """Return what `out` can show: blocks if its encoding has them and its terminal draws them, else ASCII."""
    if out.isatty() and os.environ.get("TERM") in PLAIN_TERMINALS:
        return PLAIN
    try:
        "".join(BLOCKS).encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def bar(number: float, most: float, room: int, drawn: DrawingCharacters) -> str:
    """Return a bar of at most `room` columns, whose length is to `room` as `number` is to `most`."""
    if number <= 0 or most <= 0:
        return ""
    parts = len(drawn.bar_ends) + 1
    length = max(1, round(number / most * room * parts))  # what is not zero is seen
    whole, end = divmod(length, parts)
    return drawn.bar * whole + (drawn.bar_ends[end - 1] if end else "")


def sparkline(numbers: Sequence[float | None], room: int, drawn: DrawingCharacters) -> str:
    """Return a line of at most `room` characters, as high as the numbers; a space where there is none.

    If there are more numbers than room, each character is the mean of several.
    """
    shown = _merged(numbers, room)
    most = max((number for number in shown if number is not None), default=0)
    steps = len(drawn.levels) - 1
    return "".join(
        NO_ARTICLES if number is None else drawn.levels[_step(number, most, steps)] for number in shown
    ).rstrip()


def _step(number: float, most: float, steps: int) -> int:
    return max(1, round(number / most * steps)) if number > 0 else 0


def _merged(numbers: Sequence[float | None], room: int) -> list[float | None]:
    """Return at most `room` numbers, each the mean of those that are at its place."""
    if len(numbers) <= room:
        return list(numbers)
    edges = [len(numbers) * place // room for place in range(room + 1)]
    merged: list[float | None] = []
    for start, end in pairwise(edges):
        known = [number for number in numbers[start:end] if number is not None]
        merged.append(sum(known) / len(known) if known else None)
    return merged
