"""Decide on tables and lists as a whole: a table of which some rows are missing says something that the page does not.

The rows of a table, or the items of a list, are all text or none is, as most of their scores say. One that is set
between two paragraphs of the text, in the same container, or below a heading of the text needs less: it would be missed
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.extraction.body.blocks import HEADING_TAGS, BlockContainer, TextBlock

LIST_TAGS = frozenset(("ul", "ol", "menu", "dir"))
SENTENCE_END = re.compile(r"[.!?…。！？؟।]['\"”’»)\]]*$")  # after other words, a list goes on with the sentence
ITEM_LEVELS = 3  # containers of a block among which its <li> is looked for
MAX_ITEM_CHARS = 600  # a list with a longer item is a layout: its items are decided one by one ...
MAX_ITEM_BLOCKS = 2  # ... as are those of a list with more blocks in an item, on average: teasers, comments
MAX_SCORE = 3.0  # beyond which a score weighs no more; one far out shall not decide alone
UNSCORED = -3.0  # of a link among links
MIN_KEPT_SHARE = 0.5  # of the blocks of a group, which keep the rest
MIN_MEAN = 0.0  # of the scores of a group that is kept
MIN_MEAN_WITHIN = -1.0  # of a table between two paragraphs, and of one or a list that a line of the text announces
MIN_MEAN_PLAIN = -0.5  # of another list between two paragraphs, if it has no link
MAX_LINK_SHARE = 0.5  # of such a group; a list of links between two paragraphs is advertising other pages


@dataclass(slots=True)
class BlockGroup:
    """Hold the blocks of one table or list, by their indexes in the page."""

    container: BlockContainer
    members: list[int] = field(default_factory=list)
    items: set[Any] = field(default_factory=set)  # of a list; empty for a table


def list_item(block: TextBlock) -> BlockContainer | None:
    """Return the item of a list that contains a block, if it is one of the nearest containers."""
    container: BlockContainer | None = block.container
    for _ in range(ITEM_LEVELS):
        if container is None:
            return None
        if container.tag == "li":
            return container
        container = container.parent
    return None


def lists_around(item: BlockContainer) -> list[BlockContainer]:
    """Return the list that an item is in, then the one whose item contains that list, and so on."""
    found: list[BlockContainer] = []
    up = item.parent
    while up is not None and (up.tag in LIST_TAGS or (up.tag == "li" and found)):
        if up.tag in LIST_TAGS:
            found.append(up)
        up = up.parent
    return found


def groups(blocks: Sequence[TextBlock]) -> list[BlockGroup]:
    """Return the tables and lists that are decided as a whole."""
    found: dict[int, BlockGroup] = {}
    for index, block in enumerate(blocks):
        if block.table is not None:
            found.setdefault(id(block.table), BlockGroup(block.table)).members.append(index)
        elif (item := list_item(block)) is not None and (lists := lists_around(item)):
            group = found.setdefault(id(lists[-1]), BlockGroup(lists[-1]))
            group.members.append(index)
            group.items.add(item.element)
    return [group for group in found.values() if len(group.members) > 1 and _is_whole(group, blocks)]


def _is_whole(group: BlockGroup, blocks: Sequence[TextBlock]) -> bool:
    if not group.items:
        return True
    return (
        len(group.members) <= MAX_ITEM_BLOCKS * len(group.items)
        and all(len(blocks[index].text) <= MAX_ITEM_CHARS for index in group.members)
        and not any(blocks[index].container.tag in HEADING_TAGS for index in group.members)
    )


def undecided_groups(
    blocks: Sequence[TextBlock], kept: Sequence[bool], scores: Mapping[int, float]
) -> Iterator[tuple[list[int], bool]]:
    """Yield (indexes, keep) for each table and list whose blocks are to be decided alike."""
    for group in groups(blocks):
        members = group.members
        if all(kept[index] for index in members):
            continue
        mean = sum(max(-MAX_SCORE, min(MAX_SCORE, scores.get(index, UNSCORED))) for index in members) / len(members)
        most = sum(kept[index] for index in members) > MIN_KEPT_SHARE * len(members)
        yield members, most or mean > MIN_MEAN or mean > _least_mean(group, blocks, kept)


def _least_mean(group: BlockGroup, blocks: Sequence[TextBlock], kept: Sequence[bool]) -> float:
    """Return the mean score above which a group is kept. The blocks on either side say whether it is within a text."""
    before, after = group.members[0] - 1, group.members[-1] + 1
    linked = sum(blocks[index].linked for index in group.members)
    if before >= 0 and not linked and _is_headed(group, blocks[before], kept[before]):
        return MIN_MEAN_WITHIN
    if before < 0 or after >= len(blocks) or not (kept[before] and kept[after]):
        return MIN_MEAN
    around = group.container.parent
    if around is None or any(blocks[at].container.parent is not around for at in (before, after)):
        return MIN_MEAN
    if linked > MAX_LINK_SHARE * sum(len(blocks[index].text) for index in group.members):
        return MIN_MEAN
    if not group.items or not SENTENCE_END.search(blocks[before].text[-4:]):
        return MIN_MEAN_WITHIN
    return MIN_MEAN if linked else MIN_MEAN_PLAIN


def _is_headed(group: BlockGroup, before: TextBlock, kept: bool) -> bool:
    """Return whether the block before a table or list is its heading, and is in the text."""
    around = group.container.parent
    return kept and before.container.tag in HEADING_TAGS and before.container.parent is around
