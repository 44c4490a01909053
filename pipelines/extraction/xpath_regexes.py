"""Provide EXSLT's functions of regular expressions (exslt.org/regexp) for XPath, in linear time.

lxml's own run Python's `re`, which a pattern such as `(a+)+$` keeps busy for ever. Flags: `i` (any case), `g` (all
matches), as in EXSLT.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from pipelines.core.linear_patterns import compiled, encodable

# The second argument of a function, if it is written out.
WRITTEN_PATTERN = re.compile(r"""re:\w+\((?:[^,'"]|"[^"]*"|'[^']*')*,\s*("[^"]*"|'[^']*')""")
NAMESPACE = "http://exslt.org/regular-expressions"


def check_patterns(xpath: str) -> None:
    """Raise ValueError for a pattern in an XPath that cannot be used. A page would only show it later."""
    for found in WRITTEN_PATTERN.finditer(xpath):
        compiled(found[1][1:-1])


def _pattern(pattern: Any, flags: Any) -> Any:
    return compiled(_string(pattern), any_case="i" in _string(flags))


def _string(value: Any) -> str:
    """Return an argument as XPath's string() does: of a node set, the first node's text."""
    if isinstance(value, list):
        return _string(value[0]) if value else ""
    return encodable("".join(value.itertext()) if isinstance(value, etree._Element) else str(value))


def _test(_context: Any, text: Any, pattern: Any, flags: Any = "") -> bool:
    return _pattern(pattern, flags).search(_string(text)) is not None


def _match(_context: Any, text: Any, pattern: Any, flags: Any = "") -> list[Any]:
    found, whole = _pattern(pattern, flags), _string(text)
    if "g" in _string(flags):
        words = [one[0] for one in found.finditer(whole)]
    else:
        one = found.search(whole)
        words = [] if one is None else [one[0], *(group or "" for group in one.groups())]
    root = etree.Element("matches")
    for word in words:
        etree.SubElement(root, "match").text = word
    return list(root)


def _replace(_context: Any, text: Any, pattern: Any, flags: Any, new: Any) -> str:
    most = 0 if "g" in _string(flags) else 1
    return str(_pattern(pattern, flags).sub(lambda _found: _string(new), _string(text), most))


FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    (NAMESPACE, "test"): _test,
    (NAMESPACE, "match"): _match,
    (NAMESPACE, "replace"): _replace,
}
