"""Attributes of a page that are too many or too long: found before the parser, and cut after it.

libxml2 compares each attribute of a tag with all before it, and those who read class names search them by patterns.
"""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import XPath

MOST_ATTRIBUTES = 5_000  # in one tag; ten times as many take libxml2 half a minute
LONG_TAG = 40_000  # bytes that so many attributes take at least; a window of half of that without any ">" is in one
LARGE = 1_000_000  # bytes of a page in which one attribute may be too long
LONGEST = 20_000  # characters that are left of such an attribute

OPEN_TAG = re.compile(rb"<[a-zA-Z][^<>]{%d,}" % LONG_TAG)
QUOTED = re.compile(rb"\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)")
ATTRIBUTES = XPath(f"//@*[string-length(.) > {LONGEST}]")


def too_many_attributes(body: bytes) -> int:
    """How many attributes the first tag with more than MOST_ATTRIBUTES has; 0 if there is none.

    Costs nothing on a page without long stretches free of ">"; most are, but for scripts.
    """
    half = LONG_TAG // 2
    if all(body.find(b">", at, at + half) >= 0 for at in range(0, len(body) - half, half)):
        return 0
    for tag in OPEN_TAG.finditer(body):
        if (count := len(QUOTED.sub(b"", tag[0]).split())) > MOST_ATTRIBUTES:
            return count
    return 0


def shorten(tree: Any, size: int) -> None:
    """Cut attributes longer than any that somebody reads: pictures and data as text, attacks. `size`: the page's."""
    if size > LARGE:
        for value in ATTRIBUTES(tree):
            value.getparent().set(value.attrname, str(value)[:LONGEST])
