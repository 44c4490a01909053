"""Look over a page for what may be lists of comments: elements whose children hold names, times or buttons of readers.

Nothing is decided here; comment_groups.py does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.boilerplate.comment_items import beginning
from pipelines.extraction.boilerplate.comment_words import (
    ANCHORS,
    DIGITS,
    LABELS,
    NAMED,
    NUMBERS,
    leading_stamp,
    part_of,
    stamp_of,
)

MAX_STAMPS = 5000  # short texts with digits of a page that are read as times
MAX_LEVELS = 9  # between a name or a time and the list of comments
MAX_LABEL_CHARS = 40  # of a button, or of a heading
MAX_WRAPPERS = 3  # around a heading, or around what it announces
MIN_ITEMS = 3  # without a name of a class that says comment, and without a heading
NO_HEADINGS = frozenset(("a", "button", "li", "option", "script", "style"))
BUTTONS = frozenset(("a", "button", "span"))
NEITHER = NO_HEADINGS - BUTTONS
OUT_OF_REACH = frozenset(("body", "html", "article", "main"))
CLASSES = XPath(".//@class", smart_strings=False)
IDS = XPath(".//@id", smart_strings=False)


class Families:
    """Hold the elements of a page that may be lists of comments, each with those children that may be comments."""

    def __init__(self, anchors: list[tuple[Any, str]]) -> None:
        self.children: dict[Any, dict[Any, None]] = {}
        self.heads: set[Any] = set()  # hold a name or a time
        self.buttons: set[Any] = set()  # hold a button
        self.named: set[Any] = set()  # a class or an id in them says comment
        self.headings: set[Any] = set()
        for element, part in anchors:
            if part == "heading":
                self.headings.add(element)
                self._announced(element)
            else:
                self._upwards(element, part)

    def _upwards(self, element: Any, part: str) -> None:
        marked = self.buttons if part == "button" else self.heads if part != "text" else None
        node, says = element, part in NAMED
        for _ in range(MAX_LEVELS):
            parent = node.getparent()
            if parent is None or parent.tag == "html":
                return
            family = self.children.setdefault(parent, {})
            if node in family and (marked is None or node in marked) and (not says or parent in self.named):
                return
            family[node] = None
            if marked is not None:
                marked.add(node)
            if says:
                self.named.add(parent)
            node = parent

    def _announced(self, heading: Any) -> None:
        """Take what follows a heading for items: its siblings, or the children of the only one."""
        node = heading
        for _ in range(MAX_WRAPPERS):
            parent = node.getparent()
            if parent is None or parent.tag in OUT_OF_REACH or node.getnext() is not None:
                break
            node = parent
        total = number_in(heading) or MAX_STAMPS
        after = [other for other in node.itersiblings() if isinstance(other.tag, str)]
        lists = [after[:total]]
        for _ in range(MAX_WRAPPERS):
            if not after or after[0].tag == "p":
                break
            after = [other for other in after[0] if isinstance(other.tag, str)]
            lists.append(after[:total])
        for parts in sorted(lists, key=len, reverse=True):
            if parts:
                family = self.children.setdefault(parts[0].getparent(), {})
                family.update(dict.fromkeys(parts))
                self.buttons.update(parts)

    def alike(self, parent: Any) -> list[Any]:
        """Return the children of `parent` that hold a name, a time or else a button, in page order, all of one tag."""
        family = self.children[parent]
        first = [child for child in family if child in self.heads]
        if len(first) < MIN_ITEMS:
            first = [child for child in family if child in self.heads or child in self.buttons]
        tags = [child.tag for child in first]
        tag = max(tags, key=tags.count, default="")
        alike = {child for child in first if child.tag == tag and tag != "h1"}
        return [child for child in parent if child in alike]


def comment_anchors(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield (element, part) of what names a part of a comment, holds a time ("time"), is a button ("button") or a
    heading of comments ("heading"), in page order.
    """
    # Most pages have no such names. To look at each value once takes less time than to ask each element.
    named = {value for value in {*CLASSES(root), *IDS(root)} if part_of(value) in ANCHORS}
    tried = 0
    for element in root.iterdescendants("*"):
        tag = element.tag
        if named and ((value := element.get("class")) in named or (value := element.get("id")) in named):
            yield element, part_of(value)
        elif tag == "time":
            yield element, "time"
        elif tried < MAX_STAMPS:
            text, tail = element.text, element.tail
            if text and len(text) <= 200 and not text.isspace():
                if DIGITS.search(text):
                    tried += 1
                    if stamp_of(text)[0]:
                        yield element, "time"
                        continue
                if len(text) <= MAX_LABEL_CHARS and tag not in NEITHER:
                    label = LABELS.get(text.strip(NUMBERS).casefold())
                    if label and (tag in BUTTONS if label == "button" else tag not in NO_HEADINGS):
                        yield element, label
            if tail and not tail.isspace() and DIGITS.search(tail, 0, 60):
                tried += 1
                if stamp_of(tail)[0] or leading_stamp(tail):
                    yield element, "time"


def number_in(heading: Any) -> int:
    """Return the number that a heading says ("6 comments"); 0 for none."""
    found = DIGITS.search(beginning(heading)[:200])
    return int(found[0][:6]) if found else 0
