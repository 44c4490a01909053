"""Keep the items of a series whole: places to eat, products, slides, each set like the others.

The classifier weighs blocks one by one, and drops the price of one product and keeps that of the next. What repeats
itself within the article is content: a part that most items keep is kept in all, and a series without a single item in
the text is the text if the rest is no more than an introduction to it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.extraction.body.blocks import HEADING_TAGS, BlockContainer, TextBlock

MIN_ITEMS = 4
MAX_LEVELS = 5  # from a block up to the item that it is a part of
MAX_GAP = 2  # blocks between two items that are of none: an advertisement
MIN_SHARE = 0.5  # of the items that have a part, or have it in the text
MAX_LINK_SHARE = 0.4  # of the characters of a series; one with more links leads to other stories
MIN_ITEM_CHARS = 25
MIN_DIFFERENT = 3  # texts of a part; the same words in all items are a button
MAX_PART_CHARS = 300  # of a part that the text has nowhere; a longer one was judged by what it says
ITEM_TAGS = frozenset(("div", "section", "article", "li", "figure", "tr", "dd"))
# Words in the names of other series on a page.
OTHER_SERIES = frozenset((
    "related", "recommended", "recommendations", "comment", "comments", "reply", "replies", "teaser", "teasers", "sidebar",
    "widget", "footer", "nav", "navigation", "menu", "author", "authors", "share", "sharing", "social", "tags", "tag",
    "newsletter", "promo", "sponsored", "trending", "popular", "latest", "more", "breadcrumb", "breadcrumbs", "pagination",
    "toc", "contents", "advert", "review", "reviews", "testimonial", "testimonials", "faq", "next", "previous",
))  # fmt: skip
# Words in the names of parts of an item that are not its text.
BESIDE = frozenset(
    ("credit", "copyright", "photographer", "button", "cta", "badge", "share", "date", "time", "author", "byline")
)
CHANGING = frozenset(("odd", "even", "first", "last", "active", "clearfix"))  # names that items do not have in common
SLIDES = frozenset(
    ("slide", "slides", "gallery", "slideshow", "product", "products", "listicle", "item", "step", "entry")
)


@dataclass(slots=True)
class Series:
    """Hold the items of one series, each as the indexes of its blocks."""

    items: dict[int, list[int]] = field(default_factory=dict)  # by the id of its container
    names: frozenset[str] = frozenset()
    tag: str = ""


def dropped_parts(blocks: Sequence[TextBlock], kept: Sequence[bool], headline: int) -> list[int]:
    """Return the indexes of blocks that are to be kept, because their series is text. `headline`: its index, or -1."""
    first = headline + 1 if headline >= 0 else next((at for at, is_kept in enumerate(kept) if is_kept), len(blocks))
    if sum(1 for at in range(first, len(blocks)) if not kept[at]) < MIN_ITEMS:
        return []
    found: list[int] = []
    for series in _series(blocks, first):
        found += _missing(series, blocks, kept, first)
    return found


def _series(blocks: Sequence[TextBlock], first: int) -> list[Series]:
    """Return the series after the headline whose items follow each other."""
    groups: dict[tuple[Any, ...], Series] = {}
    for at in range(first, len(blocks)):
        container: BlockContainer | None = blocks[at].container
        for _ in range(MAX_LEVELS):
            if container is None or container.parent is None:
                break
            if container.tag in ITEM_TAGS:
                names = container.names - CHANGING
                group = groups.setdefault(
                    (id(container.parent), container.tag, names), Series(names=names, tag=container.tag)
                )
                group.items.setdefault(id(container), []).append(at)
            container = container.parent
    return [series for series in groups.values() if len(series.items) >= MIN_ITEMS and _is_dense(series)]


def _is_dense(series: Series) -> bool:
    """Return whether most items follow each other at once."""
    spans = [(indexes[0], indexes[-1]) for indexes in series.items.values()]
    near = sum(1 for (_, end), (begin, _) in zip(spans, spans[1:], strict=False) if begin - end <= 1 + MAX_GAP)
    return near >= 0.8 * (len(spans) - 1)


def _missing(series: Series, blocks: Sequence[TextBlock], kept: Sequence[bool], first: int) -> list[int]:
    """Return the dropped blocks of a series that are text."""
    indexes = [at for item in series.items.values() for at in item]
    chars = sum(len(blocks[at].text) for at in indexes)
    linked = sum(blocks[at].linked for at in indexes)
    if linked > MAX_LINK_SHARE * chars or chars < MIN_ITEM_CHARS * len(series.items) or _is_other(series, blocks):
        return []
    count = len(series.items)
    in_text = sum(any(kept[at] for at in item) for item in series.items.values())
    is_text = in_text >= MIN_SHARE * count
    if not is_text:
        outside = sum(len(blocks[at].text) for at in range(first, len(blocks)) if kept[at]) - sum(
            len(blocks[at].text) for at in indexes if kept[at]
        )
        if outside >= chars or not _is_presented(series, blocks):
            return []
    found: list[int] = []
    for part in _parts(series, blocks).values():
        dropped = [at for at in part if not kept[at]]
        if dropped and _is_content(part, len(part) - len(dropped), count, blocks):
            found += dropped
    return found


def _is_other(series: Series, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a series is of other stories, or of readers, by the names around it."""
    container: BlockContainer | None = blocks[next(iter(series.items.values()))[0]].container
    while container is not None and container.tag not in ("article", "main", "body"):
        if container.names & OTHER_SERIES or container.tag in ("nav", "aside", "footer", "form") or container.hidden:
            return True
        container = container.parent
    return False


def _is_presented(series: Series, blocks: Sequence[TextBlock]) -> bool:
    """Return whether most items begin with a heading, or are named as slides, products and the like."""
    if series.tag == "figure" or series.names & SLIDES:
        return True
    headed = sum(any(blocks[at].container.tag in HEADING_TAGS for at in item) for item in series.items.values())
    return headed >= 0.8 * len(series.items)


def _parts(series: Series, blocks: Sequence[TextBlock]) -> dict[tuple[Any, ...], list[int]]:
    """Return the blocks of the items by what they are set as."""
    parts: dict[tuple[Any, ...], list[int]] = {}
    for identity, item in series.items.items():
        for at in item:
            path: list[Any] = []
            container: BlockContainer | None = blocks[at].container
            while container is not None and id(container) != identity:
                path.append((container.tag, container.names - CHANGING))
                container = container.parent
            parts.setdefault(tuple(path), []).append(at)
    return parts


def _is_content(part: list[int], kept: int, items: int, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a part of the items is text. `kept`: how many of its blocks the classifier keeps."""
    chars = sum(len(blocks[at].text) for at in part)
    if sum(blocks[at].linked for at in part) > 0.9 * chars and not kept:
        return blocks[part[0]].container.tag in HEADING_TAGS
    if kept >= MIN_SHARE * len(part):
        return True
    container: BlockContainer | None = blocks[part[0]].container
    for _ in range(2):
        if container is not None:
            if container.names & BESIDE:
                return False
            container = container.parent
    different = len({blocks[at].text for at in part})
    return different >= MIN_DIFFERENT and chars <= MAX_PART_CHARS * len(part) and len(part) >= MIN_SHARE * items
