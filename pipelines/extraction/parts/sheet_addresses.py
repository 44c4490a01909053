"""Find the addresses in a style sheet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# CSS Syntax 3, section 4. An escape ends no token, so a string or address may have quotes and parentheses in it.
ESCAPED = r"\\(?:[0-9a-fA-F]{1,6}\s?|\r\n|.)"
DOUBLE, SINGLE = (rf"(?:[^{quote}\\\n\r\f]|{ESCAPED})*+" for quote in ('"', "'"))
BARE = rf"(?:[^\s\"'()\\]|{ESCAPED})++"
STRING = rf"(?:\"{DOUBLE}\"|'{SINGLE}')"


def _url(prefix: str) -> str:
    """Return the pattern of url(...), which the end of the sheet closes as well."""
    text = rf"\"(?P<{prefix}double>{DOUBLE})\"|'(?P<{prefix}single>{SINGLE})'|(?P<{prefix}bare>{BARE})"
    return rf"url\(\s*+(?:{text})\s*+(?:\)|\Z)"


# What is matched without a name is passed over: comments, strings (but of @import), namespaces, a faulty url(...).
ADDRESS = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|(?P<face>@font-face\b)"
    rf"|@namespace\b(?:[^;{{}}\"'(]|{STRING}|\((?:[^)\\\"']|{ESCAPED}|{STRING})*+(?:\)|\Z))*+"
    rf"|@import\s++{_url('sheet_')}"
    rf"|{_url('')}"
    rf"|url\(\s*+(?![\"'])(?:[^)\\]|{ESCAPED})*+(?:\)|\\?\Z)"
    rf"|@import\s*+(?:\"(?P<import_double>{DOUBLE})\"|'(?P<import_single>{SINGLE})')"
    # CSS Images 4: strings in image-set(...) are addresses, too. One level of parentheses is in it, such as url(...).
    rf"|image-set\((?P<set>(?:[^()\"'\\]|{ESCAPED}|{STRING}|\((?:[^()\"'\\]|{ESCAPED}|{STRING})*+\))*+)\)"
    rf"|\"{DOUBLE}\"?|'{SINGLE}'?"
    r"|(?P<end>\})",
    re.IGNORECASE | re.DOTALL,
)
IN_SET = re.compile(
    rf"\btype\((?:[^()\"']|{STRING})*+\)|{_url('')}"
    rf"|\"(?P<string_double>{DOUBLE})\"|'(?P<string_single>{SINGLE})'",
    re.IGNORECASE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(\r\n|.))", re.DOTALL)
NEWLINES = ("\n", "\r\n", "\r", "\f")
# Formats of a font, the one that browsers take first. They take the first that they know, and it is small.
FONT_RANKS = (".woff2", ".woff", ".ttf", ".otf")


class SheetAddress(NamedTuple):
    """Hold an address as a style sheet writes it, without its escapes."""

    address: str
    kind: str  # "style" (@import), "font" (in @font-face), else "image"


def sheet_addresses(text: str) -> Iterator[SheetAddress]:
    """Yield the addresses of a style sheet in order; of each @font-face the one that browsers take."""
    face: list[str] | None = None  # addresses of the @font-face that is being read
    for found in ADDRESS.finditer(text):
        name = found.lastgroup
        if name is None:
            continue
        if name in ("face", "end"):
            yield from _font(face)
            face = [] if name == "face" else None
            continue
        if name == "set":
            for one in IN_SET.finditer(found[name]):
                if one.lastgroup is not None:
                    yield SheetAddress(unescaped(one[one.lastgroup]), "image")
            continue
        address = unescaped(found[name])
        if name.startswith(("import", "sheet")):
            yield SheetAddress(address, "style")
        elif face is not None:
            face.append(address)
        else:
            yield SheetAddress(address, "image")
    yield from _font(face)


def _font(addresses: list[str] | None) -> Iterator[SheetAddress]:
    """Yield the address of a font that browsers take, of those in its @font-face."""
    if not addresses or any(address[:5].lower() == "data:" for address in addresses):
        return
    yield SheetAddress(min(addresses, key=_rank), "font")


def _rank(address: str) -> int:
    path = re.split(r"[?#]", address.lower(), maxsplit=1)[0]
    return next((rank for rank, ending in enumerate(FONT_RANKS) if path.endswith(ending)), len(FONT_RANKS))


def unescaped(text: str) -> str:
    """Return an address of a style sheet without escapes."""
    return ESCAPE.sub(_character, text).strip()


def _character(found: re.Match[str]) -> str:
    """Return the character that an escape stands for (CSS Syntax 3, 4.3.7)."""
    if found[1] is None:
        return "" if found[2] in NEWLINES else found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
