"""Refuse pages with too many attributes before they are parsed, and cut attributes that are too long afterwards.

libxml2 compares each attribute of a tag with all before it, and class names are searched with patterns.
"""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import XPath

MAX_COMPARED_PAIRS = 10_000_000  # of attributes, summed over all long tags; they take libxml2 a fifth of a second
MIN_TAG_BYTES = 600  # a shorter tag has too few attributes to count
MAX_BYTES_AT_ONCE = 3_000_000  # of a page of which all tags may be held in memory
MIN_PAGE_BYTES = 1_000_000  # in a smaller page no attribute is too long
MAX_VALUE_CHARS = 20_000  # left of an attribute that is longer

# A tag up to its ">". A quoted value may contain ">", too (HTML 13.1.2.3). The pattern tries nothing twice.
OPEN_TAG = re.compile(rb"<[a-zA-Z][^>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^>\"']*+)*+")
QUOTED = re.compile(rb"\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)")
LONG_VALUES = XPath(f"//@*[string-length(.) > {MAX_VALUE_CHARS}]")


def too_many_attributes(body: bytes) -> int:
    """Return the number of attributes of the tag that takes a page beyond MAX_COMPARED_PAIRS, else 0."""
    if len(body) <= MAX_BYTES_AT_ONCE:  # an upper bound, in half of the time
        words = (len(tag.split()) for tag in OPEN_TAG.findall(body) if len(tag) > MIN_TAG_BYTES)
        if sum(count * count for count in words) <= MAX_COMPARED_PAIRS:
            return 0
    compared = 0
    for tag in OPEN_TAG.finditer(body):
        if tag.end() - tag.start() > MIN_TAG_BYTES:
            count = len(QUOTED.sub(b"", tag[0]).split())
            compared += count * count
            if compared > MAX_COMPARED_PAIRS and not _in_script(body, tag.start()):
                return count
    return 0


def _in_script(body: bytes, at: int) -> bool:
    """Return whether what looks like a tag is in a script, where "<" is an inequality."""
    return body.rfind(b"<script", 0, at) > body.rfind(b"</script", 0, at)


def shorten(tree: Any, size: int) -> None:
    """Cut attributes that are too long to be read: pictures or data as text, attacks. `size`: bytes of the page."""
    if size > MIN_PAGE_BYTES:
        for value in LONG_VALUES(tree):
            value.getparent().set(value.attrname, str(value)[:MAX_VALUE_CHARS])
