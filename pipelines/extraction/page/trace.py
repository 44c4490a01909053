"""Hold how one page was read: the candidates of each field with the winner, and what became of each block, and why.

Values only. `extraction.explain` fills them when the user asks (`morgue extract --explain`); a crawl does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NEARBY_BLOCKS = 8  # before and after a text


@dataclass(frozen=True, slots=True)
class FieldCandidate:
    """Hold one claim about one field."""

    source: str  # where the page makes it: "json-ld headline", "meta og:title", "h1", "url", ...
    raw: str  # as the page has it
    value: Any  # what was read from it: str, or a tuple of str; None if nothing could be
    chosen: bool = False  # it is the value of the field
    why: str = ""  # why it won, or why it was refused; "" for a candidate that only comes later in the order


@dataclass(frozen=True, slots=True)
class BlockTrace:
    """Hold one block of the page and what became of it."""

    text: str
    place: str  # path to it, "div.story > p"
    rule: str | None  # name of the rule that dropped it; None: it is in the text
    why: str = ""  # the rule in a sentence, or the features that moved the classifier's score most


@dataclass(slots=True)
class Trace:
    """Hold the trace of one reading."""

    fields: dict[str, list[FieldCandidate]] = field(default_factory=dict)  # by field of Article, in order of precedence
    blocks: list[BlockTrace] = field(default_factory=list)  # in page order

    def near_text(self, *rules: str) -> list[str]:
        """Return the texts of the blocks that these rules dropped within the text or near its ends, if there is any."""
        kept = [number for number, block in enumerate(self.blocks) if block.rule is None]
        if not kept:
            return []
        around = self.blocks[max(0, kept[0] - NEARBY_BLOCKS) : kept[-1] + 1 + NEARBY_BLOCKS]
        return [block.text for block in around if block.rule in rules]
