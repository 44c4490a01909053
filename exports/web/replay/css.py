"""Rewrite the addresses in a style sheet. Pure; what it does not understand stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from pipelines.extraction.parts.sheet_addresses import ADDRESS, IN_SET, unescaped

Rewrite: TypeAlias = Callable[[str], str]  # an address as written -> the address in the archive

# CSS Syntax 3, 4.3.7: escapes of the letters of `url` and `import`. No letter of these is a hexadecimal digit.
ESCAPED_LETTER = re.compile(
    r"\\\\|\\0{0,4}(?P<code>4[9cdf]|5[0245]|6[9cdf]|7[0245])(?![0-9a-f])\s?|\\(?P<letter>[imporutl])", re.IGNORECASE
)
UNQUOTABLE = str.maketrans({'"': "%22", "\\": "%5C", "\n": "%0A", "\r": "%0D", "\f": "%0C", "<": "%3C"})


def rewritten(text: str, rewrite: Rewrite) -> str:
    """Return a style sheet with every address rewritten."""
    if "\\" in text:
        text = ESCAPED_LETTER.sub(_letter, text)
    return ADDRESS.sub(lambda found: _written(found, rewrite), text)


def _written(found: re.Match[str], rewrite: Rewrite) -> str:
    name = found.lastgroup
    if name is None or name in ("face", "end"):
        return found[0]  # a comment or string, or no address
    if name == "set":
        return f"image-set({IN_SET.sub(lambda one: _written(one, rewrite), found[name])})"
    quoted = f'"{rewrite(unescaped(found[name])).translate(UNQUOTABLE)}"'
    if name.startswith("import"):
        return f"@import {quoted}"
    return f"@import url({quoted})" if name.startswith("sheet") else f"url({quoted})"


def _letter(found: re.Match[str]) -> str:
    return chr(int(found["code"], 16)) if found["code"] else found["letter"] or found[0]
