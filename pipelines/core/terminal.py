"""Measure and clean text for a terminal. CJK characters and emoji are counted as wide as they are drawn.

Text from a page may hold escape sequences, bidirectional overrides and other controls; `plain` removes them
before a terminal can act on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category, east_asian_width

# C0 and C1 controls, and the marks that reorder or hide text (Unicode TR 36, 3.1)
UNSAFE_CHARACTERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def plain(text: object) -> str:
    """Return text without the characters that a terminal would act on; line feeds stay."""
    return UNSAFE_CHARACTERS.sub(" ", str(text))


def escaped(text: str) -> str:
    r"""Return text with these characters written as `\u001b`: JSON that is shown in a terminal means the same."""
    return UNSAFE_CHARACTERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def width(text: str) -> int:
    """Return how many columns a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if character < "\u0300":
        return 1
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """Return `text`, or as much of it as fits into `room` columns with an ellipsis."""
    if width(text) <= room:
        return text
    used, kept = 1, []
    for character in text:
        used += _cells(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if room > 0 else ""


def pad(text: str, room: int) -> str:
    """Return `text`, cut or filled to exactly `room` columns."""
    text = cut(text, room)
    return text + " " * (room - width(text))


def wrap(text: str, room: int, *, spaced: bool = False) -> Iterator[str]:
    """Yield lines of at most `room` columns, broken at spaces; text without spaces (CJK) breaks anywhere.

    `spaced`: several spaces within a line stay; else they are one.
    """
    room = max(room, 2)
    line, used = "", 0
    for spaces, word in re.findall(r"(\s*)(\S+)", text):
        needed, gap = width(word), spaces if spaced else " "
        if used and used + len(gap) + needed > room and (needed <= room // 2 or word.isascii()):
            yield line
            line, used = "", 0
        elif used:
            line, used = line + gap, used + len(gap)
        for character in word:
            cells = _cells(character)
            if used + cells > room:
                yield line.rstrip()
                line, used = "", 0
            line, used = line + character, used + cells
    if line:
        yield line


def wrap_indented(text: str, room: int, hanging: int = 0) -> Iterator[str]:
    """Yield lines as `wrap` does, each with the spaces that `text` begins with, up to half of the room.

    Spaces within a line stay. From the second line on, there are as many more before it as `hanging` says.
    """
    indent = " " * min(len(text) - len(text.lstrip(" ")), room // 2)
    hanging = min(hanging, room // 4)
    for line in wrap(text, room - len(indent) - hanging, spaced=True):
        yield indent + line
        indent = indent.ljust(len(indent) + hanging)
        hanging = 0
