"""Keep out of texts what is no text: control characters, and halves of characters, which no database can hold."""

from __future__ import annotations

import re
from typing import Any

# Cc without tab, line feed and carriage return, and the two noncharacters that XML and YAML cannot hold either.
CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
REPLACEMENT = "\ufffd"
# A letter of Han, Kana, Hangul or Thai: two of them are about one word.
UNSPACED_LETTER = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]")
LONE_SURROGATES = re.compile("[\ud800-\udfff]")
# An escape in JSON (RFC 8259 section 7) that is one half of a pair, without the other. "\\ud83d" is no escape.
HALF_ESCAPES = re.compile(
    r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\)(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def without_controls(text: str) -> str:
    """Return text without control characters: a page has them by mistake, and XML forbids them."""
    return text if text.isprintable() else CONTROLS.sub("", text)


def printable(value: Any) -> Any:
    """Return a text, list or dict of texts without control characters. One without others is None, or not listed."""
    if isinstance(value, str):
        return (without_controls(value) or None) if CONTROLS.search(value) else value
    if isinstance(value, list | tuple):
        return type(value)(text for one in value if (text := printable(one)) is not None)
    return {key: printable(one) for key, one in value.items()} if isinstance(value, dict) else value


def storable(text: str) -> str:
    """Return text without control characters that can be written as UTF-8: halves of characters become U+FFFD."""
    return LONE_SURROGATES.sub(REPLACEMENT, without_controls(text))


def without_half_escapes(json_text: str) -> str:
    """Return JSON of which the strings can be written as UTF-8: halves of characters become U+FFFD."""
    return HALF_ESCAPES.sub(r"\\ufffd", json_text)
