"""Remove what is on the page of an article and is not the article: apply the rules for blocks and for lines.

Structure comes first, on the tree: block_rules.py and block_matcher.py. Lines come last, on the text that was found:
line_rules.py, line_matcher.py and author_lines.py. Both have a limit: rules that match more than that have met a page
that they were not made for. Every rule has a page in tests/pages whose text is wrong without it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from pipelines.extraction.boilerplate.author_lines import author_lines
from pipelines.extraction.boilerplate.block_matcher import matching_blocks
from pipelines.extraction.boilerplate.line_matcher import matching_lines
from pipelines.extraction.boilerplate.line_rules import LineRule
from pipelines.extraction.page.trace import BlockTrace

# Rules for boxes that ask readers for something, and have a heading.
ASKING = frozenset((
    "newsletter", "donation appeal", "subscribers only", "follow us", "get the app", "offer button", "terms notice",
))  # fmt: skip
MAX_DROPPED_SHARE = 0.5  # of the text that line rules may drop: a news flash is shorter than the form below it
WALL_RULES = frozenset(("subscription offers", "newsletter forms", "forms"))  # their blocks may be walls
MAX_WALLS = 8  # such blocks of a page that are kept
MIN_CHARS_ABOVE = 300  # of the page above such a block that are kept with it


class CutBlock(NamedTuple):
    """Hold a block that was cut out and may be a wall."""

    element: Any
    above: str  # end of the text above it, without what was cut out there


class PrunedBlocks(NamedTuple):
    """Hold what is known of the blocks that were cut out of a page."""

    traces: list[tuple[Any, BlockTrace]]  # each element with its text and its rule
    walls: list[CutBlock]


def prune(tree: Any, *, traced: bool = True) -> PrunedBlocks:
    """Cut the blocks that a rule matches out of `tree`. Not `traced`: without traces."""
    removed: list[tuple[Any, BlockTrace]] = []
    walls: list[CutBlock] = []
    found = matching_blocks(tree)
    comments = {element for element, rule in found if rule.comments}
    for element, rule in found:
        if element in comments and element.getnext() in comments:
            element.tail = None  # bare text between two parts of comments is of a comment
        if element.getparent() is not None:
            if traced:
                text = " ".join(" ".join(element.itertext(with_tail=False)).split())
                removed.append((element, BlockTrace(text, element_path(element), rule.name, rule.why)))
            if rule.name in WALL_RULES and len(walls) < MAX_WALLS:
                walls.append(CutBlock(element, _text_above(element)))
            element.drop_tree()
    return PrunedBlocks(removed, walls)


def _text_above(element: Any) -> str:
    """Return the end of the page's text above `element`."""
    pieces: list[str] = []
    size = 0
    for outer in (element, *element.iterancestors()):
        for sibling in outer.itersiblings(preceding=True):
            found = "".join(sibling.itertext("*")) + (sibling.tail or "")
            pieces.append(found)
            size += len(found.strip())
            if size >= MIN_CHARS_ABOVE:
                return "".join(reversed(pieces))
        parent = outer.getparent()
        if parent is not None:
            pieces.append(parent.text or "")
            size += len(pieces[-1].strip())
    return "".join(reversed(pieces))


def element_path(element: Any) -> str:
    """Return the path to `element`, as a selector for people: "div.story > p"."""
    return " > ".join(_step(part) for part in (element.getparent(), element) if part is not None)


def _step(element: Any) -> str:
    name = str(element.tag)
    if identity := element.get("id"):
        return f"{name}#{identity[:40]}"
    first = element.get("class", "").split()[:1]
    return f"{name}.{first[0][:40]}" if first else name


def boilerplate_lines(
    lines: list[str],
    authors: tuple[str, ...] = (),
    disabled: frozenset[str] = frozenset(),
    plain: Collection[int] = (),
) -> dict[int, LineRule]:
    """Return the indexes of the lines to drop, each with its rule. If that is more than half of the text, drop none.

    `disabled`: names of rules that are not applied. `plain`: indexes of lines that are set as prose is.
    """
    dropped = dict(matching_lines(lines, disabled, plain))
    rest = [index for index in range(len(lines)) if index not in dropped]  # a biography may be above a form
    for index, rule in author_lines([lines[index] for index in rest], authors):
        if rule.name not in disabled:
            dropped[rest[index]] = rule
    # A repeated line counts once: the notice in the place of each of thirty films is one notice.
    if sum(map(len, {lines[index] for index in dropped})) > MAX_DROPPED_SHARE * sum(map(len, set(lines))):
        return {}
    return dict(sorted(dropped.items()))
