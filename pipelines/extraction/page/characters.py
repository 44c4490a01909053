"""Keep halves of characters out of texts: JSON can hold a lone surrogate, and neither UTF-8 nor a database can."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"
LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# An escape in JSON (RFC 8259 section 7) that is one half of a pair, without the other. "\\ud83d" is no escape.
HALF_ESCAPES = re.compile(
    r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def storable(text: str) -> str:
    """Return text that can be written as UTF-8: halves of characters become U+FFFD."""
    return LONE_SURROGATES.sub(REPLACEMENT, text)


def without_half_escapes(json_text: str) -> str:
    """Return JSON of which the strings can be written as UTF-8: halves of characters become U+FFFD."""
    return HALF_ESCAPES.sub(r"\\ufffd", json_text)
