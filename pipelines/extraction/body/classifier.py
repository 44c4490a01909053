"""Which blocks of a page are the article's text: each is weighed (`forest`) by what is seen of it (`features`). Pure.

trafilatura is the first witness, not the judge: it says what it would take, and where it is wrong (a standfirst outside
of its container, teasers inside of it, a text set in several containers) the other features outweigh it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.extraction.body import model
from pipelines.extraction.body.blocks import HEADINGS, LINKS, BlockContainer, TextBlock
from pipelines.extraction.body.features import PageContext, letters

MENU = "menu"  # nothing but links, and nothing that is read around it
WEIGHED = "weighed"  # the forest says no
SIGNS = "ornament"  # asterisks, lines: they part what stands above from what stands below
TWICE = "said before"  # a paragraph that stands on the page once more
WHOLE = "the text once more"  # a block that holds several others of the text
CAPTION = "caption"  # only where a source's own rule names the text; else captions are weighed
HANGING = "heading of nothing"  # what stood below the last headings is gone
HEADLINE = "headline"  # the title is a field of its own

WHY = {
    MENU: "a link, and nothing around it is article text",
    SIGNS: "there is no letter and no digit in it",
    TWICE: "the same paragraph stood here before",
    WHOLE: "the paragraphs around it, in one piece",
    CAPTION: "it stands below a picture",
    HANGING: "nothing of the text stands below it",
    HEADLINE: "the headline is a field of its own",
}
LONGEST_LINK = 150  # characters of a link that can be a menu's
PARAGRAPH = 60  # characters from which words that come again are a paragraph set twice
LONG = 1000  # characters of a block from which it may be the whole text once more ...
SAME = 0.6  # ... and the share of it that then stands in other blocks of the text
LAST = 3  # lines of the text that may be headings of what is gone
LONGEST_HEADING = 100  # characters; papers that set their text as headings have longer ones
TOP = 5  # lines of the text among which the headline may stand once more
MOST = 4000  # blocks of a page that are weighed; on a longer one trafilatura is believed
LEAST = 150  # characters of text below which the forest is not believed


@dataclass(slots=True)
class BlockDecision:
    """One block and what became of it."""

    block: TextBlock
    rule: str | None  # None: it is text
    why: str = ""


def judge(seen: PageContext, explain: bool = False) -> list[BlockDecision]:
    """A verdict on every block of a page, in its order. `explain`: with reasons."""
    wanted = candidates(seen)
    verdicts = [BlockDecision(block, MENU, WHY[MENU]) for block in seen.blocks]
    for index, row in zip(wanted, seen.rows(wanted), strict=True):
        weight = model.score(row)
        verdict = verdicts[index]
        verdict.rule, verdict.why = (None, "") if weight > 0 else (WEIGHED, "")
        if explain:
            verdict.why = ", ".join(f"{name} {value:+.1f}" for name, value in model.contributions(row))
    if sum(len(verdict.block.text) for verdict in verdicts if verdict.rule is None) < LEAST:
        # A page like none that the forest was grown on: what trafilatura says stands.
        for verdict, taken in zip(verdicts, seen.read, strict=True):
            verdict.rule, verdict.why = (None, "") if taken else (verdict.rule, verdict.why)
    return _without_idle(verdicts, next(iter(seen.witnesses.titles), ""))


def named(blocks: Sequence[TextBlock], title: str) -> list[BlockDecision]:
    """Verdicts where a source's own rule says what the text is: all of it but captions and what says nothing new."""
    captions = [any(place.tag == "figcaption" for place in _up(block.place)) for block in blocks]
    verdicts = [
        BlockDecision(block, CAPTION, WHY[CAPTION]) if caption else BlockDecision(block, None)
        for block, caption in zip(blocks, captions, strict=True)
    ]
    return _without_idle(verdicts, title)


def _up(place: BlockContainer | None) -> Iterator[BlockContainer]:
    while place is not None:
        yield place
        place = place.parent


def _without_idle(verdicts: list[BlockDecision], title: str) -> list[BlockDecision]:
    for verdict, rule in _idle([verdict for verdict in verdicts if verdict.rule is None], letters(title)):
        verdict.rule, verdict.why = rule, WHY[rule]
    return verdicts


def candidates(seen: PageContext) -> list[int]:
    """Indexes of the blocks that are worth weighing: all but links with nothing but links around them."""
    read, count = seen.read, len(seen.blocks)
    if count > MOST:
        return []
    return [
        index
        for index in range(count)
        if seen.shares[index] < LINKS or seen.lengths[index] > LONGEST_LINK or any(read[max(0, index - 2) : index + 3])
    ]


def _idle(kept: Sequence[BlockDecision], title: str) -> Iterator[tuple[BlockDecision, str]]:
    """Kept blocks that say nothing new: the headline above the text, paragraphs set twice, ornaments."""
    before: set[str] = set()
    pieces = {piece for verdict in kept if PARAGRAPH <= len(piece := verdict.block.text) < LONG}
    for number, verdict in enumerate(kept):
        text = verdict.block.text
        if not letters(text):
            yield verdict, SIGNS
        elif number < TOP and title and letters(text) == title:
            yield verdict, HEADLINE
        elif len(text) >= PARAGRAPH and text in before:
            yield verdict, TWICE
        elif len(text) >= LONG and sum(len(piece) for piece in pieces if piece in text) > SAME * len(text):
            yield verdict, WHOLE
        before.add(text)
    for verdict in reversed(kept[-LAST:]):
        if verdict.block.place.tag not in HEADINGS or len(verdict.block.text) > LONGEST_HEADING:
            break
        yield verdict, HANGING


def as_lines(kept: Sequence[TextBlock], clean: Callable[[str], str]) -> list[str]:
    """A line for each block: an item of a list begins with a dash; empty if nothing is left of it."""
    items: set[Any] = set()
    found = []
    for block in kept:
        item, text = _item(block), clean(block.text)
        found.append(f"- {text}" if text and item is not None and item not in items else text)
        items.add(item)
    return found


def _item(block: TextBlock) -> Any:
    """The item of a list that a block stands in, if it is near."""
    place = block.place
    for _ in range(3):
        if place.tag == "li":
            return place.element
        if place.parent is None:
            return None
        place = place.parent
    return None


def where(block: TextBlock) -> str:
    """Where a block stands, as people read paths: "div.story > p"."""
    steps: list[str] = []
    place = block.place
    while place.parent is not None and len(steps) < 3:
        name = (place.element.get("id") and f"#{place.element.get('id')}") or ""
        if not name and (classes := place.element.get("class", "").split()):
            name = f".{classes[0]}"
        steps.append(place.tag + name[:30])
        place = place.parent
    return " > ".join(reversed(steps)) or place.tag
