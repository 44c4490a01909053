"""Rewrite the addresses in a style sheet. Pure; what it does not understand stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

Rewrite: TypeAlias = Callable[[str], str]  # an address as written -> the address in the archive

# CSS Syntax 3, section 4: url(...) with or without quotes, and @import with a string. Comments are passed over.
ADDRESS = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|url\(\s*(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"'()]+))\s*\)"
    r"|@import\s*(?:\"(?P<import_double>[^\"\n]*)\"|'(?P<import_single>[^'\n]*)')",
    re.IGNORECASE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
UNQUOTABLE = str.maketrans({'"': "%22", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\f": "%0C", "<": "%3C"})


def rewritten(text: str, rewrite: Rewrite) -> str:
    """Return a style sheet with every address rewritten."""
    return ADDRESS.sub(lambda found: _written(found, rewrite), text)


def _written(found: re.Match[str], rewrite: Rewrite) -> str:
    name = found.lastgroup
    if name is None:
        return found[0]  # a comment
    address = ESCAPE.sub(_character, found[name]).strip()
    quoted = f'"{rewrite(address).translate(UNQUOTABLE)}"'
    return f"@import {quoted}" if name.startswith("import") else f"url({quoted})"


def _character(found: re.Match[str]) -> str:
    """Return the character that an escape stands for (CSS Syntax 3, 4.3.7)."""
    if found[1] is None:
        return "" if found[2] == "\n" else found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
