"""Decide which blocks of a page are text of its article: `model` scores each by its `features`. Pure.

What trafilatura would take is only one of the features. Where it is wrong (a standfirst outside of its container,
teasers inside of it, a text set in several containers), the other features outweigh it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pipelines.extraction.body import model, series
from pipelines.extraction.body.blocks import HEADING_TAGS, MENU_LINK_SHARE, BlockContainer, TextBlock
from pipelines.extraction.body.features import PageContext, headline_index, letters
from pipelines.extraction.body.whole_groups import list_item, undecided_groups

# Names of the rules that drop blocks, as `--explain` shows them.
MENU = "menu"  # a link among links, with no article text near
CLASSIFIER = "classifier"  # the score is not above 0
SEPARATOR = "separator"  # asterisks or lines between two parts of a text
REPEATED = "repeated paragraph"
COPY = "repeats other blocks"  # a block that contains several others of the text
PART = "part of a table or list"  # they are kept or dropped whole
CAPTION = "caption"  # only where a source's own rule selects the text; else captions are scored like any block
BARE_HEADING = "heading without text"  # the text below the last headings was dropped
OTHER = "another article"  # a page that goes on with the next articles as it is scrolled
HEADLINE = "repeats the headline"  # the title is a field of its own

WHY = {
    MENU: "a link, and no text of the article is near it",
    SEPARATOR: "it has no letter and no digit",
    REPEATED: "the text already has this paragraph",
    COPY: "most of it is text that other blocks have, too",
    PART: "most of the table or list that it is in is no text of the article",
    CAPTION: "the caption of a picture",
    BARE_HEADING: "no text of the article follows it",
    OTHER: "it is in another article, with a headline of its own, beside the one with the headline of the page",
    HEADLINE: "the headline is a field of its own",
}
WHY_WHOLE = "most of the table or list that it is in is text of the article"
WHY_TRAFILATURA = "the classifier found too little text on this page, and trafilatura takes this block for text"
WHY_SERIES = "other items of the series have it in the text, or the series is the text"
LETTER = re.compile(r"[^\W_]")  # or digit
WHY_CORRECTION = "it corrects the text, and its element is named so"
MAX_CORRECTIONS = 3  # blocks after the text, among which a correction may be
MIN_CORRECTION_CHARS = 40
CORRECTION = re.compile(
    r"(?:^|[\s_-])(?:corrections?|erratum|errata|rectificati\w+|korrektur|clarifications?|amendment|editors?-?note)"
    r"(?=[\s_-]|$)",
    re.IGNORECASE,
)
MIN_MENU_LINES = 5  # links with a <br> after each ...
MIN_MENU_LINES_OUTSIDE = 2  # ... and before the first paragraph or after the last one
MAX_MENU_LINK_CHARS = 150  # a longer link is scored
MIN_PARAGRAPH_CHARS = 60  # a shorter line may come twice in one text
MIN_COPY_CHARS = 1000  # a block of this length may be a copy of others ...
MIN_COPIED_SHARE = 0.6  # ... if more than this share of it is in other blocks of the text
MAX_BARE_HEADINGS = 3  # lines at the end of the text that may be headings without text
MAX_HEADING_CHARS = 100  # papers that set their text as headings have longer ones
HEADLINE_LINES = 5  # lines of the text among which the headline may be repeated
MAX_BLOCKS = 4000  # blocks of a page that are scored; trafilatura decides on a longer page
UNSURE_SCORE = 0.4  # nearer to 0, a block is not surely decided before trafilatura has read the page
MAX_UNSURE_SHARE = 0.05  # of the weight of the text, that such blocks may have
MIN_BLOCK_WEIGHT, MAX_WEIGHED_CHARS = 20, 400
MIN_TEXT_CHARS = 150  # if the classifier finds less text, trafilatura decides


@dataclass(slots=True)
class BlockDecision:
    """Hold one block and what was decided about it."""

    block: TextBlock
    rule: str | None  # the rule that drops it; None: it is text
    why: str = ""


def scores_of(page: PageContext) -> dict[int, float]:
    """Return the score of each block that is worth scoring, by its index."""
    scored = blocks_to_score(page)
    of_model = model.score if page.is_read else model.first_score
    rows = page.feature_rows(scored)  # all before the first is scored: each of the two codes fills a processor's cache
    return {index: of_model(row) for index, row in zip(scored, rows, strict=True)}


def block_weight(chars: int) -> int:
    """Return how much a block of so many characters counts, in training and to be sure of a page."""
    return MIN_BLOCK_WEIGHT + min(chars, MAX_WEIGHED_CHARS)


def are_sure(page: PageContext, scores: Mapping[int, float]) -> bool:
    """Return whether the scores of a page that trafilatura has not read decide without it: few are near 0."""
    weights = {index: block_weight(page.lengths[index]) for index in scores}
    text = [index for index, score in scores.items() if score > 0]
    if sum(len(page.blocks[index].text) for index in text) < MIN_TEXT_CHARS:
        return False
    unsure = sum(weights[index] for index, score in scores.items() if abs(score) < UNSURE_SCORE)
    return unsure <= MAX_UNSURE_SHARE * sum(weights[index] for index in text)


def classify(page: PageContext, scores: dict[int, float] | None = None) -> list[BlockDecision]:
    """Decide on every block of a page, in page order. `scores`: its `scores_of`, if they are known."""
    scores = scores_of(page) if scores is None else scores
    decisions = [BlockDecision(block, MENU, WHY[MENU]) for block in page.blocks]
    for index, score in scores.items():
        decisions[index].rule, decisions[index].why = (None if score > 0 else CLASSIFIER), ""
    if sum(len(decision.block.text) for decision in decisions if decision.rule is None) < MIN_TEXT_CHARS:
        # No page like this one was trained on: trafilatura decides.
        for decision, taken in zip(decisions, page.read, strict=True):
            if taken:
                decision.rule, decision.why = None, WHY_TRAFILATURA
        scores = {index: 1.0 if taken else -1.0 for index, taken in enumerate(page.read)}
    else:
        _drop_other_articles(decisions, page)
        _complete_series(decisions, page)
    _keep_corrections(decisions)
    _decide_whole(decisions, {at: score for at, score in scores.items() if decisions[at].rule != OTHER})
    return _drop_redundant(decisions, next(iter(page.evidence.titles), ""))


def _keep_corrections(decisions: Sequence[BlockDecision]) -> None:
    """Keep a sentence that corrects the text, right after it, in an element that is named as a correction."""
    last = max((at for at, decision in enumerate(decisions) if decision.rule is None), default=len(decisions))
    for decision in decisions[last + 1 : last + 1 + MAX_CORRECTIONS]:
        block = decision.block
        if decision.rule != CLASSIFIER or 2 * block.linked > len(block.text) or len(block.text) < MIN_CORRECTION_CHARS:
            continue
        if any(CORRECTION.search(one.element.get("class") or "") for one in islice(_containers(block), 2)):
            decision.rule, decision.why = None, WHY_CORRECTION


def _decide_whole(decisions: Sequence[BlockDecision], scores: Mapping[int, float]) -> None:
    """Keep or drop each table and each list as a whole."""
    blocks = [decision.block for decision in decisions]
    kept = [decision.rule is None for decision in decisions]
    for indexes, keep in undecided_groups(blocks, kept, scores):
        for index in indexes:
            decision = decisions[index]
            if keep and decision.rule is not None:
                decision.rule, decision.why = None, WHY_WHOLE
            elif not keep and decision.rule is None:
                decision.rule, decision.why = PART, WHY[PART]


def _drop_other_articles(decisions: Sequence[BlockDecision], page: PageContext) -> None:
    """Drop the blocks of articles that follow the one with the headline, each with a main heading of its own."""
    title = letters(next(iter(page.evidence.titles), ""))
    headed: dict[int, tuple[BlockContainer, bool]] = {}  # articles with a main heading; whether it is the headline
    for block in page.blocks:
        if block.container.tag == "h1" and (article := _article_around(block)) is not None:
            known = headed.get(id(article), (article, False))
            headed[id(article)] = article, known[1] or letters(block.text) == title
    own = [article for article, is_own in headed.values() if is_own]
    if len(own) != 1 or len(headed) == 1:
        return
    place = _tags_around(own[0])
    others = {key for key, (one, _) in headed.items() if one is not own[0] and _tags_around(one) == place}
    for decision in decisions if others else ():
        article = _article_around(decision.block)
        if article is not None and id(article) in others:
            decision.rule, decision.why = OTHER, WHY[OTHER]


def _tags_around(container: BlockContainer) -> list[str]:
    """Return the tags of the containers around one: those of an article in an article are other ones."""
    tags = []
    up = container.parent
    while up is not None:
        tags.append(up.tag)
        up = up.parent
    return tags


def _article_around(block: TextBlock) -> BlockContainer | None:
    return next((container for container in _containers(block) if container.tag == "article"), None)


def _complete_series(decisions: list[BlockDecision], page: PageContext) -> None:
    """Keep the parts of a series that were dropped here and there."""
    kept = [decision.rule is None for decision in decisions]
    titles = {key for title in page.evidence.titles if (key := letters(title))}
    for index in series.dropped_parts(page.blocks, kept, headline_index(page.blocks, titles), titles):
        if decisions[index].rule in (CLASSIFIER, MENU):
            decisions[index].rule, decisions[index].why = None, WHY_SERIES


def add_contributions(decisions: Sequence[BlockDecision], page: PageContext) -> None:
    """Write the features that moved each score most into `why`, where nothing but the score decided."""
    scored = blocks_to_score(page)
    for index, row in zip(scored, page.feature_rows(scored), strict=True):
        if not decisions[index].why:
            moved = model.contributions(row, first=not page.is_read)
            decisions[index].why = ", ".join(f"{name} {value:+.1f}" for name, value in moved)


def with_headline_apart(blocks: Sequence[TextBlock], title: str) -> list[TextBlock]:
    """Return the blocks; a headline between the breaks of one is a block of its own.

    Old pages set headline and byline so, in `lines` as those of verse.
    """
    key = letters(title)
    found: list[TextBlock] = []
    for block in blocks:
        at = next((at for at, line in enumerate(block.lines[:HEADLINE_LINES]) if key and letters(line) == key), None)
        if at is None:
            found.append(block)
            continue
        strong, linked = block.strong, block.linked
        for lines in (block.lines[:at], block.lines[at : at + 1], block.lines[at + 1 :]):
            if text := " ".join(lines):
                part = replace(block, text=text, lines=lines if len(lines) > 1 else ())
                part.strong, part.linked = min(strong, len(text)), min(linked, len(text))
                strong, linked = strong - part.strong, linked - part.linked
                found.append(part)
    return found


def keep_all(blocks: Sequence[TextBlock], title: str) -> list[BlockDecision]:
    """Decide on blocks that a source's own rule selects: all are text but captions and redundant ones."""
    decisions = []
    for block in blocks:
        caption = any(container.tag == "figcaption" for container in _containers(block))
        decisions.append(BlockDecision(block, CAPTION, WHY[CAPTION]) if caption else BlockDecision(block, None))
    return _drop_redundant(decisions, title)


def _containers(block: TextBlock) -> Iterator[BlockContainer]:
    container: BlockContainer | None = block.container
    while container is not None:
        yield container
        container = container.parent


def _drop_redundant(decisions: list[BlockDecision], title: str) -> list[BlockDecision]:
    for decision, rule in _redundant([one for one in decisions if one.rule is None], letters(title)):
        decision.rule, decision.why = rule, WHY[rule]
    return decisions


def blocks_to_score(page: PageContext) -> list[int]:
    """Return the indexes of the blocks that are worth scoring: all but menus, and links with only links around them."""
    count = len(page.blocks)
    if count > MAX_BLOCKS:
        return []
    near = page.read if page.is_read else page.is_prose
    linked = [page.link_shares[at] >= MENU_LINK_SHARE or _is_linked_lines(page.blocks[at]) for at in range(count)]
    prose = [at for at in range(count) if page.lengths[at] >= MIN_PARAGRAPH_CHARS and not linked[at]]
    amid = range(prose[0], prose[-1]) if prose else ()
    return [
        index
        for index in range(count)
        if not linked[index]
        or (index in amid and page.link_shares[index] < MENU_LINK_SHARE)
        or (
            len(page.blocks[index].lines) < (MIN_MENU_LINES if index in amid else MIN_MENU_LINES_OUTSIDE)
            and (page.lengths[index] > MAX_MENU_LINK_CHARS or any(near[max(0, index - 2) : index + 3]))
        )
    ]


def _is_linked_lines(block: TextBlock) -> bool:
    """Return whether each of several lines is a link; the spaces and bars between them are none."""
    lines = block.lines
    return bool(lines) and block.linked >= MENU_LINK_SHARE * sum(len(line.strip(" |·•»›-–*[]")) for line in lines)


def _redundant(kept: Sequence[BlockDecision], title: str) -> Iterator[tuple[BlockDecision, str]]:
    """Yield kept blocks that add nothing, each with its rule: the headline above the text, repetitions, separators.

    `title`: the `letters` of the headline.
    """
    before: set[str] = set()
    paragraphs = {text for one in kept if MIN_PARAGRAPH_CHARS <= len(text := one.block.text) < MIN_COPY_CHARS}
    for number, decision in enumerate(kept):
        text = decision.block.text
        if decision.block.table is not None:
            continue
        if not LETTER.search(text):
            yield decision, SEPARATOR
        elif number < HEADLINE_LINES and title and letters(text) == title:
            yield decision, HEADLINE
        elif len(text) >= MIN_PARAGRAPH_CHARS and text in before:
            yield decision, REPEATED
        elif len(text) >= MIN_COPY_CHARS and _copied(text, paragraphs) > MIN_COPIED_SHARE * len(text):
            yield decision, COPY
        before.add(text)
    for decision in _bare_headings(kept):
        yield decision, BARE_HEADING


def _bare_headings(kept: Sequence[BlockDecision]) -> Iterator[BlockDecision]:
    """Yield the headings that end the text."""
    for decision in reversed(kept[-MAX_BARE_HEADINGS:]):
        if decision.block.container.tag not in HEADING_TAGS or len(decision.block.text) > MAX_HEADING_CHARS:
            break
        yield decision


def drop_bare_headings(decisions: Sequence[BlockDecision]) -> None:
    """Drop the headings at the end of the text: rules for lines dropped what followed them."""
    for decision in _bare_headings([one for one in decisions if one.rule is None]):
        decision.rule, decision.why = BARE_HEADING, WHY[BARE_HEADING]


def _copied(text: str, paragraphs: set[str]) -> int:
    """Count the characters of `text` that are in one of `paragraphs`."""
    return sum(len(paragraph) for paragraph in paragraphs if paragraph in text)


def as_lines(kept: Sequence[TextBlock], clean: Callable[[str], str]) -> list[str]:
    """Return a line for each block, as rules read them; an item of a list begins with a dash.

    A block that `clean` empties gives "". `line_layout` sets the lines of the text.
    """
    items: set[int] = set()
    lines = []
    for block in kept:
        item, text = list_item(block), clean(block.text)
        lines.append(f"- {text}" if text and item is not None and id(item) not in items else text)
        items.add(id(item))
    return lines


def block_path(block: TextBlock) -> str:
    """Return the last steps of the path to a block, for people: "div.story > p"."""
    steps: list[str] = []
    container = block.container
    while container.parent is not None and len(steps) < 3:
        name = (container.element.get("id") and f"#{container.element.get('id')}") or ""
        if not name and (classes := container.element.get("class", "").split()):
            name = f".{classes[0]}"
        steps.append(container.tag + name[:30])
        container = container.parent
    return " > ".join(reversed(steps)) or container.tag
