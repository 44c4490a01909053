"""How one page was read, told on request: each field's candidates and the winner, each block's fate and its reason.

Values only. Whoever decides writes it down here where somebody asked (`morgue extract --explain`); a crawl does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NEAR = 8  # blocks before and behind a text that are near it


@dataclass(frozen=True, slots=True)
class FieldCandidate:
    """One claim about one field."""

    source: str  # where it stands: "json-ld headline", "meta og:title", "h1", "url", ...
    raw: str  # as it stands there
    value: Any  # what was read from it: str, or a tuple of str; None if nothing could be
    chosen: bool = False  # it is the field's value
    why: str = ""  # why it won, or what spoke against it; "" for a candidate that merely came later


@dataclass(frozen=True, slots=True)
class BlockTrace:
    """One block of the page, and what became of it."""

    text: str  # what stands in it
    place: str  # where it stands, "div.story > p"
    rule: str | None  # name of what dropped it; None: it is in the text
    why: str = ""  # that rule in a sentence, or what was weighed


@dataclass(slots=True)
class Trace:
    """What the stages of one reading write down."""

    fields: dict[str, list[FieldCandidate]] = field(default_factory=dict)  # by field of Article, in the order of trust
    blocks: list[BlockTrace] = field(default_factory=list)  # in page order

    def near(self, *rules: str) -> list[str]:
        """Texts of the blocks that these rules dropped amid the text and near its ends; without a text, none."""
        kept = [number for number, fate in enumerate(self.blocks) if fate.rule is None]
        if not kept:
            return []
        around = self.blocks[max(0, kept[0] - NEAR) : kept[-1] + 1 + NEAR]
        return [fate.text for fate in around if fate.rule in rules]
