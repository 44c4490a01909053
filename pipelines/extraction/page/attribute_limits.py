"""Attributes of a page that are too many or too long: found before the parser, and cut after it.

libxml2 compares each attribute of a tag with all before it, and those who read class names search them by patterns.
"""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import XPath

MOST_COMPARED = 10_000_000  # pairs of attributes of one tag, over all long tags; they take libxml2 a fifth of a second
LONG_TAG = 600  # bytes; shorter tags have too few attributes to count
LARGE = 1_000_000  # bytes of a page in which one attribute may be too long
LONGEST = 20_000  # characters that are left of such an attribute

# A tag up to its ">", which may stand in a quoted value as well (HTML 13.1.2.3). Nothing in it is tried twice.
OPEN_TAG = re.compile(rb"<[a-zA-Z](?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+")
QUOTED = re.compile(rb"\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)")
ATTRIBUTES = XPath(f"//@*[string-length(.) > {LONGEST}]")


def too_many_attributes(body: bytes) -> int:
    """How many attributes the tag has with which a page goes beyond MOST_COMPARED; 0 if none does."""
    compared = 0
    for tag in OPEN_TAG.finditer(body):
        if tag.end() - tag.start() > LONG_TAG:
            count = len(QUOTED.sub(b"", tag[0]).split())
            compared += count * count
            if compared > MOST_COMPARED and not _in_script(body, tag.start()):
                return count
    return 0


def _in_script(body: bytes, at: int) -> bool:
    """Is what looks like a tag an inequality in a script?"""
    return body.rfind(b"<script", 0, at) > body.rfind(b"</script", 0, at)


def shorten(tree: Any, size: int) -> None:
    """Cut attributes longer than any that somebody reads: pictures and data as text, attacks. `size`: the page's."""
    if size > LARGE:
        for value in ATTRIBUTES(tree):
            value.getparent().set(value.attrname, str(value)[:LONGEST])
