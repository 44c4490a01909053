"""Find readers' comments by their shape: repeated items that hold a name, a time and what somebody wrote.

Names of classes are evidence (`sf_comment_text`, `UserComment`, `cmt`), and so are words ("Reply", "2 hours ago", a
heading "Readers write") and user names. One shape alone proves nothing: entries of a live blog, letters to the editor
and teasers have names and times, too. The text that cuts comments out and the list of comments both use this detector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from statistics import median
from typing import Any

from pipelines.extraction.boilerplate.comment_words import (
    AGE,
    ANCHORS,
    CONTAINERS,
    CONTROLS,
    DATE,
    DIGITS,
    HEADING,
    LIVE,
    MOMENT,
    TIME,
    leading_stamp,
    part_of,
    part_of_element,
    stamp_of,
)

MAX_STAMPS = 5000  # short texts with digits of a page that are read as times
MAX_ANCHORS = 4000  # of one page that are looked at
MAX_GROUPS = 60  # of one page that are looked into
MAX_LEVELS = 9  # between a name or a time and the list of comments
MIN_ITEMS = 3  # without a name of a class that says comment
MIN_TEXT_CHARS = 15  # on average, of what one reader wrote
MAX_ITEM_CHARS = 12_000
MAX_NODES = 800  # of one item
MAX_PAGE_NODES = 30_000  # of all items of a page
MAX_PIECES = 20  # of text, of a name or a headline
STEM_LEVELS = 2  # below the top of an item, where a name says comment
MIN_BEFORE_CHARS = 200  # of running text above the first comment: else the items are the article
MAX_BEFORE_CHARS = 1000  # so much is always enough
RUNNING_CHARS = 40  # a shorter piece of text is a label
MAX_NAME_CHARS = 40
MAX_NAME_WORDS = 5
TEASER_CHARS = 25  # a link as long as a headline
MOST, MANY, SOME = 0.7, 0.5, 0.3  # shares of the items

# The heading and label tags, and those that only format what is in them.
HEADINGS = frozenset(("h2", "h3", "h4"))
LINKED = frozenset(("a", "button"))
SENTENCE_MARK = re.compile(r"[.!?…。！？]$")
USER_NAME = re.compile(r"@?(?:[a-z][\w.-]{1,30}|[^\W\d_]\w{0,30}[\d_]\w{0,30})")
OUT_OF_REACH = frozenset(("body", "html", "article", "main"))


@dataclass(slots=True)
class CommentItem:
    """Hold the elements of one comment, and what was seen in them."""

    elements: list[Any]
    name: str = ""
    stamp: str = ""  # kind of time
    text: int = 0  # characters of running text
    controls: bool = False
    stem: bool = False
    author: bool = False
    teaser: bool = False
    heading: bool = False
    around: bool = False  # a list of comments is in it
    linked: int = 0  # characters in links
    nodes: int = 0
    labels: set[Any] = field(default_factory=set)  # elements of the name and the time


@dataclass(frozen=True, slots=True)
class CommentGroup:
    """Hold repeated comments, and the elements that are cut out with them."""

    items: list[CommentItem]
    cut: list[Any]


def comment_groups(tree: Any) -> list[CommentGroup]:
    """Return the readers' comments of a page that their shape shows, in page order."""
    body = tree.find(".//body")
    root = body if body is not None else tree
    anchors = list(islice(_anchors(root), MAX_ANCHORS))
    if len(anchors) < 2:
        return []
    families, heads, named = _families(anchors)
    groups: list[CommentGroup] = []
    tried = looked = 0
    for parent, family in families.items():
        least = 2 if parent in named else MIN_ITEMS
        if len(family) < least or tried >= MAX_GROUPS:
            continue
        first = _alike(parent, family, heads)
        if len(first) < least:
            continue
        tried += 1
        items = _items(parent, family, first)
        looked += sum(item.nodes for item in items)
        if looked > MAX_PAGE_NODES:
            break
        if items and _are_comments(root, parent, items):
            groups.append(CommentGroup(items, _cut(parent, items)))
    if not groups:
        texts = [element for element, part in anchors if part == "text"]
        groups = [CommentGroup([item], item.elements) for item in _single_items(root, texts)]
    return groups


def _single_items(root: Any, texts: list[Any]) -> Iterator[CommentItem]:
    """Yield what is the only comment of a page: names of classes say who wrote it and what."""
    for text in texts[:MAX_GROUPS]:
        for around in _upwards(text.getparent(), 2):
            if around.tag in OUT_OF_REACH or next(around.iter("h1"), None) is not None:
                break
            item = _look_into([around])
            if item.author and not item.around and MIN_TEXT_CHARS < item.text < MAX_ITEM_CHARS:
                if _running_before(root, around) >= max(MIN_BEFORE_CHARS, item.text):
                    yield item
                break


def _anchors(root: Any) -> Iterator[tuple[Any, str]]:
    """Yield (element, part) of what names a part of a comment or holds a time ("time"), in page order."""
    tried = 0
    for element in root.iterdescendants("*"):
        if ((value := element.get("class")) and (part := part_of(value)) and part in ANCHORS) or (
            (value := element.get("id")) and (part := part_of(value)) and part in ANCHORS
        ):
            yield element, part
        elif element.tag == "time":
            yield element, "time"
        elif tried < MAX_STAMPS:
            text, tail = element.text, element.tail
            in_text = bool(text) and len(text) <= 200 and DIGITS.search(text)
            in_tail = bool(tail) and DIGITS.search(tail, 0, 60)
            tried += bool(in_text or in_tail)
            if (in_text and stamp_of(text)[0]) or (in_tail and (stamp_of(tail)[0] or leading_stamp(tail))):
                yield element, "time"


def _families(anchors: list[tuple[Any, str]]) -> tuple[dict[Any, dict[Any, None]], set[Any], set[Any]]:
    """Return the children of each element that hold an anchor; those of them that hold a name or a time; and the
    elements in which a class or an id says comment.
    """
    families: dict[Any, dict[Any, None]] = {}
    heads: set[Any] = set()
    named: set[Any] = set()
    for element, part in anchors:
        node, head, says = element, part != "text", part != "time"
        for _ in range(MAX_LEVELS):
            parent = node.getparent()
            if parent is None or parent.tag == "html":
                break
            family = families.setdefault(parent, {})
            if node in family and (not head or node in heads) and (not says or parent in named):
                break
            family[node] = None
            if head:
                heads.add(node)
            if says:
                named.add(parent)
            node = parent
    return families, heads, named


def _alike(parent: Any, family: dict[Any, None], heads: set[Any]) -> list[Any]:
    """Return the children of `parent` that hold a name or a time and have the tag of most of them, in page order."""
    first = [child for child in family if child in heads]
    tags = [child.tag for child in first]
    tag = max(tags, key=tags.count, default="")
    alike = {child for child in first if child.tag == tag and tag != "h1"}
    return [child for child in parent if child in alike]


def _items(parent: Any, family: dict[Any, None], first: list[Any]) -> list[CommentItem]:
    """Return the items among the children of `parent`; none if they are not alike or not together."""
    items = [_look_into([child]) for child in first[:MIN_ITEMS]]
    if sum(item.teaser or (item.heading and not item.stem) for item in items) > MANY * len(items):
        return []
    items += [_look_into([child]) for child in first[MIN_ITEMS:]]
    if sum(item.text >= 2 for item in items) < MOST * len(items):
        places = [parent.index(child) for child in first]
        gaps = [after - before for before, after in pairwise(places)]
        step = int(median(gaps))
        if step < 2 or max(gaps) > 8 * step:
            return []
        ends = [*places[1:], min(places[-1] + step, len(parent))]
        items = [_look_into(list(parent[start:end])) for start, end in zip(places, ends, strict=True)]
    between = set(parent[parent.index(first[0]) : parent.index(first[-1])])
    between -= {element for item in items for element in item.elements}
    strange = sum(_length(child) for child in between if child not in family)
    inside = sum(item.text for item in items)
    return items if strange <= SOME * inside else []


def _look_into(elements: list[Any]) -> CommentItem:
    """Describe what one item holds."""
    item = CommentItem(elements)
    stack = [(element, 0, False) for element in reversed(elements)]
    while stack:
        node, depth, linked = stack.pop()
        if depth < 0:  # what is behind an element
            _tail(item, node.tail, linked)
            continue
        if not isinstance(node.tag, str):
            continue
        if item.text > MAX_ITEM_CHARS or item.nodes > MAX_NODES:
            return item
        item.nodes += 1
        _named(item, node, depth)
        linked = linked or node.tag in LINKED
        text = " ".join((node.text or "").split())
        if node.tag in HEADINGS and len(text or _beginning(node)) > TEASER_CHARS:
            item.heading = True
        if text:
            _piece(item, node, text, linked)
        for child in reversed(node):
            if child.tail and child.tail.strip():
                stack.append((child, -1, linked))
            stack.append((child, depth + 1, linked))
    return item


def _named(item: CommentItem, node: Any, depth: int) -> None:
    """Note what the class or id of an element of an item says."""
    part = part_of_element(node)
    if not part:
        return
    if part == "list" and depth:
        item.around = item.around or node.tag in CONTAINERS
    elif part != "none" and depth <= STEM_LEVELS:
        item.stem = True
    if part == "author" and not item.author:
        name = _beginning(node)
        if 0 < len(name) <= MAX_NAME_CHARS + 10:
            item.name, item.author = name, True
            item.labels.add(node)


def _tail(item: CommentItem, tail: str, linked: bool) -> None:
    """Note the text behind an element."""
    if found := leading_stamp(tail):
        item.stamp = item.stamp or stamp_of(found[1])[0]
        item.text += len(tail[found.end() :].strip())
    else:
        _piece(item, None, " ".join(tail.split()), linked)


def _piece(item: CommentItem, node: Any, text: str, linked: bool) -> None:
    """Note one piece of text. `node`: the element that it begins; None for text behind an element."""
    kind, odd = stamp_of(text)
    if node is not None and node.tag == "time" and not kind:
        kind = DATE
    label = True
    if kind and (not item.stamp or node is None or not item.text):
        item.stamp = item.stamp or kind
        if odd and not item.name and not item.text:
            item.name = odd
    elif CONTROLS.rules_of(text):
        item.controls = True
    elif not item.name and not item.text and _is_name(text):
        item.name = text
    else:
        label = False
        if linked:
            item.linked += len(text)
            item.teaser = item.teaser or (len(text) >= TEASER_CHARS and not item.text)
        elif len(text) > 2 and not HEADING.rules_of(text):
            item.text += len(text)
    if label and node is not None:
        item.labels.add(node)


def _is_name(text: str) -> bool:
    return (
        len(text) <= MAX_NAME_CHARS
        and text.count(" ") < MAX_NAME_WORDS
        and not SENTENCE_MARK.search(text)
        and any(map(str.isalnum, text))
    )


def _are_comments(root: Any, parent: Any, items: list[CommentItem]) -> bool:
    """Return whether items of one shape are readers' comments."""
    written = [item for item in items if item.text >= 2]
    number = len(items)

    def share(count: int) -> float:
        return count / number

    text = sum(item.text for item in items)
    if share(len(written)) < MOST or max(item.text for item in items) > MAX_ITEM_CHARS:
        return False
    stem = share(sum(item.stem for item in items)) >= MOST
    named = share(sum(bool(item.name) for item in items)) >= MOST
    stamped = share(sum(bool(item.stamp) for item in items)) >= MOST
    controls = share(sum(item.controls for item in items)) >= MANY
    if share(sum(item.around for item in items)) >= MANY:
        return False
    if stem:
        needed = MIN_BEFORE_CHARS if number >= MIN_ITEMS or controls else max(MIN_BEFORE_CHARS, MANY * text)
        return (named or stamped) and _running_before(root, items[0].elements[0]) >= needed
    if number < MIN_ITEMS or not (named and stamped) or text < MIN_TEXT_CHARS * number:
        return False
    teasers = sum(item.teaser or item.linked > item.text for item in items)
    if share(teasers) > SOME or share(sum(item.heading for item in items)) > SOME:
        return False
    kinds = [item.stamp for item in items]
    names = {item.name.casefold() for item in items if item.name}
    users = share(sum(bool(USER_NAME.fullmatch(item.name)) for item in items)) >= MANY
    headed = _heading_before(parent, items[0].elements[0]) is not None
    various = share(len(names)) >= MOST
    live = _is_live(parent)
    timed = share(kinds.count(AGE) + kinds.count(MOMENT)) >= MOST and not live
    if items[0].elements[0].tag == "tr":
        timed = timed and users  # a table of data has names and times, too
    proved = controls or headed or (various and (timed or (users and kinds.count(TIME) < MANY * number)))
    if not proved or (live and not controls):
        return False
    sure = controls or headed or users
    needed = MIN_BEFORE_CHARS if sure else max(MIN_BEFORE_CHARS, min(MAX_BEFORE_CHARS, SOME * text))
    return _running_before(root, items[0].elements[0]) >= needed


def _is_live(parent: Any) -> bool:
    """Return whether a name around the items says that they are entries of a live blog or a chronicle."""
    return any(LIVE.search(f"{node.get('class', '')} {node.get('id', '')}") for node in _upwards(parent, 3))


def _upwards(node: Any, levels: int) -> Iterator[Any]:
    for _ in range(levels):
        if node is None or node.tag == "html":
            return
        yield node
        node = node.getparent()


def _running_before(root: Any, first: Any) -> int:
    """Count the characters of running text above the first item, from the headline on."""
    count = 0
    for node in root.iter():
        if node is first:
            return count
        if node.tag == "h1":
            count = 0
        elif isinstance(node.tag, str) and node.tag != "a" and len(node.text or "") > RUNNING_CHARS:
            count += len(node.text)
        if len(node.tail or "") > RUNNING_CHARS:
            count += len(node.tail)
    return count


def _heading_before(parent: Any, first: Any) -> Any:
    """Return the element that announces the items ("Readers write"), or None."""
    before = first.getprevious()
    while before is not None and (not isinstance(before.tag, str) or before.tag in ("br", "hr")):
        before = before.getprevious()
    if before is None and parent.tag not in OUT_OF_REACH:
        around = parent.getparent()
        return _heading_before(around, parent) if around is not None else None
    if before is None or before.tag == "h1":
        return None
    words = " ".join(before.text_content().split()) if _length(before) < 200 else ""
    return before if words and HEADING.rules_of(words) else None


def _cut(parent: Any, items: list[CommentItem]) -> list[Any]:
    """Return the elements to cut: the list with all in it, or the items and their heading."""
    elements = [element for item in items for element in item.elements]
    inside = set(elements)
    rest = sum(_length(child) for child in parent if child not in inside) + len((parent.text or "").strip())
    if parent.tag not in OUT_OF_REACH and rest < 200:
        return [parent]
    heading = _heading_before(parent, elements[0])
    return elements if heading is None else [heading, *elements]


def _beginning(element: Any) -> str:
    """Return the first pieces of text in an element: enough for a name or a headline."""
    return " ".join("".join(islice(element.itertext(), MAX_PIECES)).split())


def _length(element: Any) -> int:
    return len(" ".join(element.text_content().split())) if isinstance(element.tag, str) else 0
