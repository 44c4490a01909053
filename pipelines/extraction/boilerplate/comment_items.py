"""Describe what one item of a list holds that may be a reader's comment: a name, a time, buttons, what somebody wrote.

Nothing is decided here; comment_groups.py does.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from pipelines.extraction.boilerplate.comment_words import (
    ANONYMOUS,
    CONTAINERS,
    CONTROLS,
    DATE,
    HEADING,
    MAX_STAMP_CHARS,
    MOMENT,
    SIGNATURES,
    SIGNED,
    TIME,
    leading_stamp,
    part_of,
    stamp_of,
)

MAX_ITEM_CHARS = 12_000
MAX_NODES = 400  # of one item
MAX_PIECES = 20  # of text, of a name or a headline
STEM_LEVELS = 2  # below the top of an item, where a name says comment
MAX_NAME_CHARS = 40
MAX_NAME_WORDS = 5
MAX_SHORT = 6  # short pieces of an item that are compared with those of others
MIN_REPEATS, MAX_REPEATED_SHARE = 3, 0.6
TEASER_CHARS = 25  # a link as long as a headline

# The heading and label tags, and those that only format what is in them.
HEADINGS = frozenset(("h2", "h3", "h4"))
PLAIN, LINK, LABEL = 0, 1, 2  # what a piece of text is in
MAX_BY_CHARS = 4  # a shorter word ("by") says of articles, too, who wrote them
LINKED = frozenset(("a", "button"))
SENTENCE_MARK = re.compile(r"(?<![^\W\d_])[^\W\d_]\.$|([.!?…。！？])$")  # group 1: not the full stop of an initial
ROUND_MINUTE = re.compile(r"\d ?[:h.時点时시] ?[0-5][05](?!\d)")  # of what was planned, more often than of a comment
# Posts of other sites that an article shows. Of one comment, the system may be named so, too.
EMBEDDED = re.compile(r"(?:^|[\s_-])(?:twitter|tweet|instagram|tiktok|bluesky|mastodon|reddit|telegram)-")
NUMBER_IN = re.compile(r"[\W\d]+")
NUMBER = re.compile(r"\W*\d*\W*")  # "#2", "2." and "·" are no words of the reader


@dataclass(slots=True)
class CommentItem:
    """Hold the elements of one comment, and what was seen in them."""

    elements: list[Any]
    name: str = ""
    stamp: str = ""  # kind of time
    signed: bool = False  # the name is behind the text
    text: int = 0  # characters of running text
    controls: bool = False
    stem: bool = False
    author: bool = False
    reader: bool = False  # a class says that an account wrote it
    anonymous: bool = False
    posted: bool = False  # it says "posted by"
    round: bool = False  # its minute ends in 0 or 5
    embedded: bool = False
    teaser: bool = False
    heading: bool = False
    around: bool = False  # a list of comments is in it
    linked: int = 0  # characters in links
    nodes: int = 0
    labels: set[Any] = field(default_factory=set)  # elements of the name and the time
    short: list[tuple[str, Any, bool]] = field(default_factory=list)  # (text, element, counted) before the text


def look_into(elements: list[Any]) -> CommentItem:
    """Describe what one item holds. Of several elements, the text behind each but the last counts, too."""
    item = CommentItem(elements)
    stack: list[tuple[Any, int, int]] = []
    for at, element in enumerate(reversed(elements)):
        if at and element.tail and element.tail.strip():
            stack.append((element, -1, PLAIN))
        stack.append((element, 0, PLAIN))
    while stack:
        node, depth, linked = stack.pop()
        if depth < 0:  # what is behind an element
            _tail(item, node.tail, linked)
            continue
        tag = node.tag
        if not isinstance(tag, str):
            continue
        if item.text > MAX_ITEM_CHARS or item.nodes > MAX_NODES:
            return item
        item.nodes += 1
        linked = LABEL if _named(item, node, depth) else max(linked, tag in LINKED)
        text = " ".join(text.split()) if (text := node.text) else ""
        if tag in HEADINGS and len(text or beginning(node)) > TEASER_CHARS:
            item.heading = True
        if text:
            _piece(item, node, text, linked)
        for child in reversed(node):
            if (tail := child.tail) and not tail.isspace():
                stack.append((child, -1, linked))
            stack.append((child, depth + 1, linked))
    return item


def _named(item: CommentItem, node: Any, depth: int) -> bool:
    """Note what the class or id of an element of an item says; return whether the element holds the name."""
    value = node.get("class")
    if value and _is_embedded(value):
        item.embedded = True
    if node.get("role") == "comment":
        part = "item"
    elif not (part := (value and part_of(value)) or ((identity := node.get("id")) and part_of(identity))):
        return False
    if part == "list" and depth:
        item.around = item.around or node.tag in CONTAINERS
    elif part == "reader":
        item.reader = True
    elif part != "none" and depth <= STEM_LEVELS:
        item.stem = True
    if part == "author" and not item.author:
        name = beginning(node)
        if 0 < len(name) <= MAX_NAME_CHARS + 10:
            item.name, item.author = name, True
            item.labels.add(node)
            return len(node.text_content()) <= MAX_STAMP_CHARS
    return False


@lru_cache(20_000)
def _is_embedded(value: str) -> bool:
    """Return whether a class says that an element is a post of another site."""
    return EMBEDDED.search(value) is not None


def _tail(item: CommentItem, tail: str, linked: int) -> None:
    """Note the text behind an element."""
    if found := leading_stamp(tail):
        _stamped(item, stamp_of(found[1])[0], found[1])
        item.text += len(tail[found.end() :].strip())
    else:
        _piece(item, None, " ".join(tail.split()), linked)


def _stamped(item: CommentItem, kind: str, text: str) -> None:
    """Note a time. A day and a clock beside it are a moment."""
    if {item.stamp, kind} == {DATE, TIME} and not item.text:
        item.stamp = MOMENT
    item.stamp = item.stamp or kind
    item.round = item.round or bool(ROUND_MINUTE.search(text))


def _piece(item: CommentItem, node: Any, text: str, linked: int) -> None:
    """Note one piece of text. `node`: the element that it begins; None for text behind an element."""
    if NUMBER.fullmatch(text):
        return
    if text.casefold().strip(" :") in SIGNATURES:
        item.posted = item.posted or len(text) > MAX_BY_CHARS
        item.signed = bool(item.text)
        return
    kind, odd = stamp_of(text)
    if node is not None and node.tag == "time" and not kind:
        kind = DATE
    label = True
    if kind and (not item.stamp or node is None or not item.text):
        _stamped(item, kind, text)
        if odd and not item.name:
            item.name, item.signed = _without_label(item, odd), bool(item.text)
    elif linked == LABEL:
        pass
    elif CONTROLS.rules_of(text):
        item.controls = True
    elif not item.name and (item.signed or not item.text) and is_name(text):
        item.name = _without_label(item, text)
        item.short.append((text, node, False))
    elif item.text and (name := _without_label(item, text)) != text and is_name(name):
        item.name, item.signed = item.name or name, True
    else:
        label = False
        if linked:
            item.linked += len(text)
            item.teaser = item.teaser or (len(text) >= TEASER_CHARS and not item.text)
        elif len(text) > 2 and not HEADING.rules_of(text):
            if len(item.short) < MAX_SHORT and is_name(text):
                item.short.append((text, node, True))
            item.text += len(text)
    if label and node is not None:
        item.labels.add(node)
        item.anonymous = item.anonymous or (text == item.name and text.casefold().strip(" :") in ANONYMOUS)


def _without_label(item: CommentItem, name: str) -> str:
    """Return a name without the words before it that say who posted this, and note them."""
    lower = name.casefold()
    if len(name) > MAX_STAMP_CHARS or not lower.startswith(SIGNED):
        return name
    label = next((label for label in SIGNED if lower.startswith(label) and not lower[len(label) :][:1].isalnum()), "")
    item.posted = item.posted or len(label) > MAX_BY_CHARS
    return name[len(label) :].strip(" :|") or name


def without_repeats(items: list[CommentItem]) -> list[CommentItem]:
    """Take short pieces that most of the items have ("Senior member", "Link") for labels; return the items.

    A name that all of them have ("Anonymous") stays the name, unless another piece can be it.
    """
    if len(items) < MIN_REPEATS:
        return items
    counts = Counter(
        piece for item in items for piece in {_piece_key(text, counted) for text, _, counted in item.short}
    )
    often = {piece for piece, count in counts.items() if count > max(1, MAX_REPEATED_SHARE * len(items))}
    for item in items if often else ():
        repeated = [(text, node, counted) for text, node, counted in item.short if _piece_key(text, counted) in often]
        others = [one for one in item.short if one not in repeated]
        for text, node, counted in repeated:
            if text == item.name and not others:
                continue
            if text == item.name:
                item.name, other, was_counted = others[0]
                item.text -= len(item.name) if was_counted else 0
                item.labels |= set() if other is None else {other}
            item.labels |= set() if node is None else {node}
            item.text -= len(text) if counted else 0
    return items


def _piece_key(text: str, counted: bool) -> str:
    """Return what of a piece is compared: of a name all, of other words not their numbers ("Posts: 12")."""
    return NUMBER_IN.sub("", text).casefold() if counted else text.casefold()


def is_name(text: str) -> bool:
    """Return whether a text may be the name of whoever wrote a comment."""
    end = SENTENCE_MARK.search(text)
    return (
        len(text) <= MAX_NAME_CHARS
        and text.count(" ") < MAX_NAME_WORDS
        and not (end and end[1])
        and any(map(str.isalnum, text))
    )


def beginning(element: Any) -> str:
    """Return the first pieces of text in an element: enough for a name or a headline."""
    return " ".join("".join(islice(element.itertext(), MAX_PIECES)).split())
