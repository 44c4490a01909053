"""Find readers' comments by their shape: repeated items that hold a name, a time and what somebody wrote.

Names of classes are evidence (`sf_comment_text`, `UserComment`, `cmt`), and so are words ("Reply", "2 hours ago", a
heading "6 comments", "Anonymous") and user names. One shape alone proves nothing: entries of a live blog, letters to
the editor and teasers have names and times, too. The text that cuts comments out and the list of comments both use
this detector.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median
from typing import Any

from pipelines.extraction.boilerplate.comment_families import (
    MAX_LEVELS,
    MAX_WRAPPERS,
    MIN_ITEMS,
    OUT_OF_REACH,
    Families,
    comment_anchors,
    number_in,
)
from pipelines.extraction.boilerplate.comment_items import (
    MAX_ITEM_CHARS,
    MAX_NODES,
    CommentItem,
    look_into,
    without_repeats,
)
from pipelines.extraction.boilerplate.comment_words import (
    AGE,
    HEADING,
    LIVE,
    MOMENT,
    TIME,
)

MAX_ANCHORS = 4000  # of one page that are looked at
MAX_GROUPS = 60  # of one page that are looked into
MIN_TEXT_CHARS = 15  # on average, of what one reader wrote
MAX_SINGLES, SINGLE_LEVELS, MAX_SINGLE_NODES = 10, 4, 120  # where the only comment of a page is looked for
MAX_PAGE_NODES = 30_000  # of all items of a page
MIN_AROUND_CHARS = 200  # of running text above the first comment: else the items are the article
MAX_AROUND_CHARS = 1000  # so much is always enough
MIN_AFTER_CHARS = 400  # of running text below the last comment, if there is none above
RUNNING_CHARS = 40  # a shorter piece of text is a label
MOST, MANY, SOME = 0.7, 0.5, 0.3  # shares of the items

USER_NAME = re.compile(r"@?(?:[a-z][\w.-]{1,30}|[^\W\d_]\w{0,30}[\d_]\w{0,30})")
SINGLE = frozenset(("text", "author", "reader", "button"))


@dataclass(frozen=True, slots=True)
class CommentGroup:
    """Hold repeated comments, and the elements that are cut out with them."""

    items: list[CommentItem]
    cut: list[Any]


def comment_groups(tree: Any) -> list[CommentGroup]:
    """Return the readers' comments of a page that their shape shows, in page order."""
    body = tree.find(".//body")
    root = body if body is not None else tree
    anchors = list(islice(comment_anchors(root), MAX_ANCHORS))
    if not anchors or (len(anchors) == 1 and anchors[0][1] != "heading"):
        return []
    families = Families(anchors)
    groups: list[CommentGroup] = []
    around: set[Any] = set()  # the groups
    announced: set[Any] = set()  # headings of groups
    tried = looked = 0
    for parent, family in families.children.items():
        least = 2 if parent in families.named else MIN_ITEMS
        if tried >= MAX_GROUPS or (len(family) < least and not families.headings):
            continue
        first = families.alike(parent)
        if not first or (parent in around and families.headings):
            continue
        heading = _counted_heading(parent, first[0], families.headings) if families.headings else None
        counted = heading is not None
        if len(first) < (1 if counted else least) or (counted and heading in announced):
            continue
        tried += 1
        items = _items(parent, family, first)
        looked += sum(item.nodes for item in items)
        if looked > MAX_PAGE_NODES:
            break
        if items and _are_comments(root, parent, items, heading if counted else None):
            groups.append(CommentGroup(items, _cut(parent, items)))
            around.update(parent.iterancestors())
            announced.add(heading)
    if not groups:
        named = [element for element, part in anchors if part in SINGLE]
        groups = [CommentGroup([item], item.elements) for item in _single_items(root, named)]
    return groups


def _single_items(root: Any, named: list[Any]) -> list[CommentItem]:
    """Return what is the only comment of a page, or one of two: names of classes say who wrote it or what, or it has a
    name, a time and a button.
    """
    found: list[CommentItem] = []
    seen: set[Any] = set()
    for element in named[:MAX_SINGLES]:
        for around in _upwards(element.getparent(), SINGLE_LEVELS):
            if around.tag in OUT_OF_REACH or around in seen or next(around.iter("h1"), None) is not None:
                break
            if around.tag == "form":  # its labels are named for an author and a comment, too
                break
            if _nodes(around, MAX_SINGLE_NODES) > MAX_SINGLE_NODES:
                break
            item = look_into([around])
            signed = item.name and item.stamp and (item.controls or item.reader)
            if (item.author or signed) and not item.around and MIN_TEXT_CHARS < item.text < MAX_ITEM_CHARS:
                seen.update(around.iter())
                found.append(item)
                break
    if len(found) >= MIN_ITEMS and not found[0].author:
        return []  # they are no group
    return [item for item in found if _running_around(root, [item])[0] >= max(MIN_AROUND_CHARS, item.text)]


def _nodes(element: Any, limit: int) -> int:
    """Count the elements in an element; no further than one more than `limit`. This is cheap."""
    return sum(1 for _ in islice(element.iter(), limit + 1))


def _is_teaser(item: CommentItem) -> bool:
    """Return whether an item is a teaser."""
    return item.teaser or (item.heading and not item.stem)


def _has_sign(item: CommentItem) -> bool:
    """Return whether an item has more of a comment than a name, a day and a text."""
    if item.stem or item.controls or item.reader or item.posted or item.anonymous:
        return True
    return item.stamp in (AGE, MOMENT) or bool(USER_NAME.fullmatch(item.name))


def _items(parent: Any, family: dict[Any, None], first: list[Any]) -> list[CommentItem]:
    """Return the items among the children of `parent`; none if they are not alike or not together."""
    if all(_nodes(child, MAX_NODES) > MAX_NODES for child in first[:2]):
        return []  # parts of the page
    items: list[CommentItem] = []
    for child in first[:MIN_ITEMS]:
        items.append(look_into([child]))
        if len(items) == 2 and all(_is_teaser(item) for item in items):
            return []
    if not any(item.name or item.stamp for item in items):
        return []
    if sum(map(_is_teaser, items)) > MANY * len(items):
        return []
    alone = all(item.text >= 2 for item in items) and not any(map(_has_sign, items))
    if alone and _heading_before(parent, first[0]) is None:
        return []  # a list of dated stories, mostly
    items += [look_into([child]) for child in first[MIN_ITEMS:]]
    if sum(item.text >= 2 for item in items) < MOST * len(items):
        items = _runs(parent, first)
        if not items:
            return []
    between = set(parent[parent.index(first[0]) : parent.index(first[-1])])
    between -= {element for item in items for element in item.elements}
    strange = sum(_length(child) for child in between if child not in family)
    inside = sum(item.text for item in without_repeats(items))
    return items if strange <= SOME * inside else []


def _runs(parent: Any, first: list[Any]) -> list[CommentItem]:
    """Return items that are several siblings each: one of `first`, and those before or behind it."""
    children = [child for child in parent if isinstance(child.tag, str)]
    places = [children.index(child) for child in first]
    gaps = [after - before for before, after in pairwise(places)]
    step = int(median(gaps)) if gaps else 2
    if step < 2 or max(gaps, default=0) > 8 * step:
        return []
    lead = _lead(children, places, step)
    starts = [place - lead for place in places]
    ends = [*starts[1:], min(starts[-1] + step, len(children))]
    return [look_into(children[start:end]) for start, end in zip(starts, ends, strict=True)]


def _lead(children: list[Any], places: list[int], step: int) -> int:
    """Return how many siblings of an item stand before its name or time: what is behind the last one shows it."""
    if len(places) < 2:
        return 0
    last = children[places[-1] + 1 : places[-1] + step]
    model = children[places[0] + 1 : places[0] + step]
    behind = 0
    for one, other in zip(last, model, strict=False):
        if _shape(one) != _shape(other):
            break
        behind += 1
    lead = 0
    while lead < min(step - 1 - behind, places[0]):
        if _shape(children[places[0] - lead - 1]) != _shape(children[places[1] - lead - 1]):
            break
        lead += 1
    return lead


def _shape(element: Any) -> tuple[str, str | None]:
    return element.tag, element.get("class")


def _are_comments(root: Any, parent: Any, items: list[CommentItem], counted: Any) -> bool:
    """Return whether items of one shape are readers' comments. `counted`: the heading above, if it says so."""
    number = len(items)

    def share(count: int) -> float:
        return count / number

    text = sum(item.text for item in items)
    if share(sum(item.text >= 2 for item in items)) < MOST or max(item.text for item in items) > MAX_ITEM_CHARS:
        return False
    stem = share(sum(item.stem for item in items)) >= MOST
    named = share(sum(bool(item.name) for item in items)) >= MOST
    stamped = share(sum(bool(item.stamp) for item in items)) >= MOST
    controls = share(sum(item.controls for item in items)) >= MANY
    if share(sum(item.around for item in items)) >= MANY or share(sum(item.embedded for item in items)) >= MANY:
        return False
    before, after = _running_around(root, items)
    if stem:
        needed = MIN_AROUND_CHARS if number >= MIN_ITEMS or controls else max(MIN_AROUND_CHARS, MANY * text)
        return (named or stamped or controls) and (before >= needed or after >= max(MIN_AFTER_CHARS, text))
    teasers = sum(item.teaser or item.linked > item.text for item in items)
    if share(teasers) > SOME or share(sum(item.heading for item in items)) > SOME:
        return False
    kinds = [item.stamp for item in items]
    names = {item.name.casefold() for item in items if item.name and not item.anonymous}
    anonymous = sum(item.anonymous for item in items)
    if anonymous == number and share(kinds.count(AGE)) < MOST:
        anonymous = 1  # articles quote threads of forums where nobody has a name
    various = share(len(names) + anonymous) >= MOST
    if counted is not None:
        enough = (named and stamped) or (number <= number_in(counted) and (named or stamped))
    else:
        enough = (
            number >= MIN_ITEMS
            and text >= MIN_TEXT_CHARS * number
            and ((named and stamped) or (controls and (stamped or (named and various))))
        )
    if not enough:
        return False
    users = share(sum(bool(not item.signed and USER_NAME.fullmatch(item.name)) for item in items)) >= MANY
    readers = any(item.anonymous for item in items) or share(sum(item.reader or item.posted for item in items)) >= MOST
    headed = counted is not None or _heading_before(parent, items[0].elements[0]) is not None
    live = _is_live(parent)
    moments = sum(item.stamp == MOMENT and not item.round for item in items)
    timed = share(kinds.count(AGE) + moments) >= MOST and not live
    if items[0].elements[0].tag == "tr":
        timed = timed and users  # a table of data has names and times, too
    known = readers or (users and kinds.count(TIME) < MANY * number)
    proved = controls or headed or (various and (timed or known))
    if not proved or (live and not controls):
        return False
    sure = controls or headed or users or readers
    needed = MIN_AROUND_CHARS if sure else max(MIN_AROUND_CHARS, min(MAX_AROUND_CHARS, SOME * text))
    return before >= needed or (sure and after >= max(MIN_AFTER_CHARS, text))


def _is_live(parent: Any) -> bool:
    """Return whether a name around the items says that they are entries of a live blog or a chronicle."""
    return any(LIVE.search(f"{node.get('class', '')} {node.get('id', '')}") for node in _upwards(parent, 3))


def _upwards(node: Any, levels: int) -> Iterator[Any]:
    for _ in range(levels):
        if node is None or node.tag == "html":
            return
        yield node
        node = node.getparent()


def _running_around(root: Any, items: list[CommentItem]) -> tuple[int, int]:
    """Count the characters of running text above the first item, from the headline on, and in paragraphs below."""
    first, inside = items[0].elements[0], {element for item in items for element in item.elements}
    before = after = 0
    walk = root.iter()
    for node in walk:
        if node is first:
            break
        if node.tag == "h1":
            before = 0
        elif isinstance(node.tag, str) and node.tag != "a" and len(node.text or "") > RUNNING_CHARS:
            before += len(node.text)
        if len(node.tail or "") > RUNNING_CHARS:
            before += len(node.tail)
    if before >= MAX_AROUND_CHARS:
        return before, after
    for node in walk:
        if node.tag == "h1":
            after = 0
        elif node.tag == "p" and len(node.text or "") > 2 * RUNNING_CHARS:
            after += 0 if any(above in inside for above in _upwards(node, MAX_LEVELS)) else len(node.text)
    return before, after


def _counted_heading(parent: Any, first: Any, headings: set[Any]) -> Any:
    """Return the one of `headings` ("6 comments") that is right above the items, or None."""
    before, around = first.getprevious(), parent
    for _ in range(MAX_LEVELS):
        if before is not None or around.tag in OUT_OF_REACH or around.getparent() is None:
            break
        before, around = around.getprevious(), around.getparent()
    if before is None:
        return None
    return next((node for node in islice(before.iter(), MAX_WRAPPERS) if node in headings), None)


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


def _length(element: Any) -> int:
    return len(" ".join(element.text_content().split())) if isinstance(element.tag, str) else 0
