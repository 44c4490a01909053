"""Decide on tables and lists as a whole: a table without some rows says something that the page does not.

The rows of a table, or the items of a list, are all text or none is, as most of their scores say. One that the text
goes around, or that ends it, needs less: it would be missed there. The heading above it is kept with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipelines.extraction.body.blocks import HEADING_TAGS, BlockContainer, TextBlock
from pipelines.extraction.body.series import OTHER_SERIES

LIST_TAGS = frozenset(("ul", "ol", "menu", "dir"))
SENTENCE_END = re.compile(r"[.!?…。！？؟।]['\"”’»)\]]*$")  # after other words, a list goes on with the sentence
ITEM_TAGS, DEFINITION_TAGS = ("li",), ("dt", "dd")
ITEM_LEVELS = 3  # containers of a block among which its item is looked for
MAX_ITEM_CHARS = 600  # a list with a longer item is a layout: its items are decided one by one ...
MAX_ITEM_BLOCKS = 2  # ... as are those of a list with more blocks in an item, on average: teasers, comments
MAX_SCORE = 3.0  # beyond which a score weighs no more; one far out shall not decide alone
UNSCORED = -3.0  # of a link among links
MIN_KEPT_SHARE = 0.5  # of the blocks of a group, which keep the rest
MIN_MEAN = 0.0  # of the scores of a group that is kept
MIN_MEAN_WITHIN = -2.5  # of one that the text goes around, or that ends it: only what is surely none is dropped
MIN_MEAN_LINKED = -1.5  # of a list with some links that a line of the text announces
MIN_MEAN_HEADED = -1.0  # of one without links, below a heading of the text
MAX_WRAPPERS = 3  # containers of a block, or of a group, below the one that both are in
MAX_STEPS = 40  # blocks from a group to the next that is in no group
MIN_DEFINITIONS = 4  # terms and definitions; fewer are decided one by one
BOX_TAGS = frozenset(("aside", "nav", "footer", "form"))
MAX_LINK_SHARE = 0.5  # of such a group; a list of links between two paragraphs is advertising other pages


@dataclass(slots=True)
class BlockGroup:
    """Hold the blocks of one table or list, by their indexes in the page."""

    container: BlockContainer
    members: list[int] = field(default_factory=list)
    items: set[Any] = field(default_factory=set)  # of a list; empty for a table


def list_item(block: TextBlock) -> BlockContainer | None:
    """Return the item of a list that contains a block, if it is one of the nearest containers."""
    return _nearest(block, ITEM_TAGS)


def _nearest(block: TextBlock, tags: Collection[str]) -> BlockContainer | None:
    """Return the innermost of the ITEM_LEVELS nearest containers of a block that has one of some tags."""
    container: BlockContainer | None = block.container
    for _ in range(ITEM_LEVELS):
        if container is None or container.tag in tags:
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
        items: tuple[Any, ...] = ()
        if block.table is not None:
            around = block.table
        elif (item := list_item(block)) is not None and (lists := lists_around(item)):
            around, items = lists[-1], (item.element,)
        elif (item := _nearest(block, DEFINITION_TAGS)) is not None and (outer := _definition_list(item)) is not None:
            around, items = outer, (item.element,)
        else:
            continue
        group = found.setdefault(id(around), BlockGroup(around))
        group.members.append(index)
        group.items.update(items)
    return [group for group in found.values() if _is_whole(group, blocks)]


def _definition_list(item: BlockContainer) -> BlockContainer | None:
    """Return the <dl> around a <dt> or <dd>; HTML allows a <div> around each pair."""
    around = item.parent
    if around is not None and around.tag == "div":
        around = around.parent
    return around if around is not None and around.tag == "dl" else None


def _is_whole(group: BlockGroup, blocks: Sequence[TextBlock]) -> bool:
    if not group.items:
        return len(group.members) > 1
    return (
        (MIN_DEFINITIONS if group.container.tag == "dl" else 2)
        <= len(group.members)
        <= MAX_ITEM_BLOCKS * len(group.items)
        and all(len(blocks[index].text) <= MAX_ITEM_CHARS for index in group.members)
        and not any(blocks[index].container.tag in HEADING_TAGS for index in group.members)
    )


def undecided_groups(
    blocks: Sequence[TextBlock], kept: Sequence[bool], scores: Mapping[int, float]
) -> Iterator[tuple[list[int], bool]]:
    """Yield (indexes, keep) for each table and list whose blocks are to be decided alike, with the heading above it."""
    found = groups(blocks)
    grouped = {index for group in found for index in group.members}
    for group in found:
        members = group.members
        if all(kept[index] for index in members):
            continue
        mean = sum(max(-MAX_SCORE, min(MAX_SCORE, scores.get(index, UNSCORED))) for index in members) / len(members)
        most = sum(kept[index] for index in members) > MIN_KEPT_SHARE * len(members)
        flow = GroupPlace(group, blocks, kept, grouped)
        keep = most or mean > MIN_MEAN or mean > flow.least_mean()
        yield [*flow.headings, *members] if keep else members, keep


class GroupPlace:
    """Say where in the text a table or list is: between two of its blocks, below a heading, after the last block."""

    def __init__(
        self, group: BlockGroup, blocks: Sequence[TextBlock], kept: Sequence[bool], grouped: Collection[int]
    ) -> None:
        self._group, self._blocks, self._kept, self._grouped = group, blocks, kept, grouped
        self._before = self._neighbour(group.members[0], -1)
        self._after = self._neighbour(group.members[-1], 1)
        above = group.members[0] - 1
        is_headed = self._before is not None and blocks[above].container.tag in HEADING_TAGS
        self.headings = [above] if is_headed and not kept[above] else []

    def _neighbour(self, edge: int, step: int) -> int | None:
        """Return the next block of the text in the same flow, past headings, tables and lists."""
        for at in range(edge + step, len(self._blocks) if step > 0 else -1, step)[:MAX_STEPS]:
            if self._kept[at]:
                return at if self._flow(at) is not None else None
            if at not in self._grouped and self._blocks[at].container.tag not in HEADING_TAGS:
                return None
        return None

    def _flow(self, at: int) -> BlockContainer | None:
        """Return the container that a block and the group are set in, one below the other; None if one is in a box."""
        above = {id(one): one for one in islice(self._blocks[at].container.upwards(), 1, 1 + MAX_WRAPPERS)}
        for one in islice(self._group.container.upwards(), 1 + MAX_WRAPPERS):
            if id(one) in above:
                return one
            if one.tag in BOX_TAGS or one.names & OTHER_SERIES:
                return None
        return None

    def least_mean(self) -> float:
        """Return the mean score above which the group is kept."""
        group, blocks = self._group, self._blocks
        chars = sum(len(blocks[index].text) for index in group.members)
        linked = sum(blocks[index].linked for index in group.members)
        before, after = self._before, self._after
        if before is None or linked > MAX_LINK_SHARE * chars or self._is_of_pictures():
            return MIN_MEAN
        if after is None and blocks[before].container.tag in HEADING_TAGS:
            return MIN_MEAN if linked else MIN_MEAN_HEADED
        if linked and group.items:
            is_announced = not SENTENCE_END.search(blocks[before].text[-4:])
            return MIN_MEAN_LINKED if after is not None and is_announced else MIN_MEAN
        return MIN_MEAN_WITHIN if after is not None or self._ends(before) else MIN_MEAN

    def _is_of_pictures(self) -> bool:
        """Return whether a list holds captions: a gallery."""
        members = (self._blocks[index].container for index in self._group.members)
        return any(one.tag in ("figure", "figcaption") for member in members for one in islice(member.upwards(), 2))

    def _ends(self, before: int) -> bool:
        """Return whether the group is the end of the text: the paragraphs before it are most of the text."""
        if self._group.items and len(self._group.members) > len(self._group.items):
            return False  # names and texts: readers' comments are set so
        flow = self._blocks[before].container.parent
        if flow is not self._flow(before):
            return False
        inside = total = 0
        for block, is_kept in zip(self._blocks, self._kept, strict=True):
            if is_kept:
                total += len(block.text)
                if any(one is flow for one in islice(block.container.upwards(), 1 + MAX_WRAPPERS)):
                    inside += len(block.text)
        return inside > MIN_KEPT_SHARE * total
