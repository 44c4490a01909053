"""Keep the items of a series whole: places to eat, products, slides, each set like the others.

The classifier weighs blocks one by one, and drops the price of one product and keeps that of the next. What repeats
itself within the article is content: a part that most items keep is kept in all, and a series without a single item in
the text is the text if the rest is no more than an introduction to it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice, pairwise, takewhile
from typing import Any

from pipelines.extraction.body.blocks import HEADING_TAGS, BlockContainer, TextBlock
from pipelines.extraction.body.features import letters

MIN_ITEMS = 4
MAX_LEVELS = 5  # from a block up to the item that it is a part of
MAX_GAP = 2  # blocks between two items that are of none: an advertisement
MIN_SHARE = 0.5  # of the items that have a part, or have it in the text
MAX_LINK_SHARE = 0.4  # of the characters of a series; one with more links leads to other stories
MIN_ITEM_CHARS = 25
MIN_DIFFERENT = 3  # texts of a part; the same words in all items are a button
MAX_PART_CHARS = 300  # of a part that the text has nowhere; a longer one was judged by what it says
ITEM_TAGS = frozenset(("div", "section", "article", "li", "figure"))
# Words in the names of other series on a page.
OTHER_SERIES = frozenset((
    "related", "recommended", "recommendations", "comment", "comments", "reply", "replies", "teaser", "teasers",
    "sidebar", "widget", "footer", "nav", "navigation", "menu", "author", "authors", "share", "sharing", "social",
    "tags", "tag", "newsletter", "promo", "sponsored", "trending", "popular", "latest", "more", "breadcrumb",
    "breadcrumbs", "pagination", "toc", "contents", "advert", "review", "reviews", "testimonial", "testimonials",
    "faq", "next", "previous",
))  # fmt: skip
# Words in the names of parts of an item that are not its text.
BESIDE = frozenset(
    ("credit", "copyright", "photographer", "button", "cta", "badge", "share", "date", "time", "author", "byline")
)
# A part of which most texts begin like this, or have no three letters, is a number, a credit or an address.
NO_TEXT = re.compile(
    r"\W{0,3}(?:©|\(c\)|photo\b|foto\b|image\b|https?:|www\.|#|by\b|von\b|par\b|por\b)|(?!(?:.*?[^\W\d_]){3})",
    re.IGNORECASE,
)
DATED = re.compile(  # not the price of a product
    r"\b\d{1,2}:\d{2}\b|\b\d{1,2}[. /-]{1,2}(?:\d{1,2}|\w{3,9})[. /-]{1,2}(?:19|20)\d{2}"
    r"|\b\w{3,9} \d{1,2}, (?:19|20)\d{2}|[年月]\d"
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


def dropped_parts(
    blocks: Sequence[TextBlock], kept: Sequence[bool], headline: int, titles: Set[str] = frozenset()
) -> list[int]:
    """Return the indexes of blocks that are to be kept, because their series is text.

    `headline`: the index of the headline, or -1. `titles`: headlines of the page, each made `letters`.
    """
    first = headline + 1 if headline >= 0 else next((at for at, is_kept in enumerate(kept) if is_kept), len(blocks))
    if sum(1 for at in range(first, len(blocks)) if not kept[at]) < MIN_ITEMS:
        return []
    scope = _common(blocks, headline if headline >= 0 else first, kept)
    found: list[int] = []
    for series in _series(blocks, first, scope):
        found += _missing(series, blocks, kept, first, titles)
    return found


def _common(blocks: Sequence[TextBlock], first: int, kept: Sequence[bool]) -> BlockContainer | None:
    """Return the container of the article: the smallest with the headline, or the first line, and most of the text."""
    above = [*blocks[first].container.upwards()] if first < len(blocks) else []
    chars = [0] * len(above)
    places = {id(one): at for at, one in enumerate(above)}
    for at, block in enumerate(blocks):
        if kept[at]:
            for one in block.container.upwards():
                if (place := places.get(id(one))) is not None:
                    chars[place] += len(block.text)
                    break
    total, inside = sum(chars), 0
    for container, size in zip(above, chars, strict=True):
        inside += size
        if inside >= MIN_SHARE * total:
            return container
    return None


def _series(blocks: Sequence[TextBlock], first: int, scope: BlockContainer | None) -> list[Series]:
    """Return the series after the headline whose items follow each other in the container of the article."""
    groups: dict[tuple[Any, ...], Series] = {}
    items: dict[int, list[int]] = {}  # those of all series
    for at in range(first, len(blocks)):
        container = blocks[at].container
        for _ in range(MAX_LEVELS):
            if (parent := container.parent) is None:
                break
            if container.tag in ITEM_TAGS:
                if (item := items.get(id(container))) is None:
                    names = container.names - CHANGING
                    key = (id(parent), container.tag, names)
                    if (group := groups.get(key)) is None:
                        group = groups[key] = Series(names=names, tag=container.tag)
                    item = items[id(container)] = group.items[id(container)] = []
                item.append(at)
            container = parent
    return [
        series
        for series in groups.values()
        if len(series.items) >= MIN_ITEMS and _is_dense(series) and _is_inside(series, scope, blocks)
    ]


def _is_inside(series: Series, scope: BlockContainer | None, blocks: Sequence[TextBlock]) -> bool:
    return any(container is scope for container in blocks[next(iter(series.items.values()))[0]].container.upwards())


def _is_dense(series: Series) -> bool:
    """Return whether most items follow each other at once."""
    spans = [(indexes[0], indexes[-1]) for indexes in series.items.values()]
    near = sum(1 for (_, end), (begin, _) in pairwise(spans) if begin - end <= 1 + MAX_GAP)
    return near >= 0.8 * (len(spans) - 1)


def _missing(
    series: Series, blocks: Sequence[TextBlock], kept: Sequence[bool], first: int, titles: Set[str]
) -> list[int]:
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
        if outside >= chars or not _is_presented(series, blocks) or _is_of_stories(series, blocks, titles):
            return []
    found: list[int] = []
    for part in _parts(series, blocks).values():
        dropped = [at for at in part if not kept[at]]
        if dropped and _is_content(part, len(part) - len(dropped), count, is_text, blocks):
            found += [at for at in dropped if _is_no_link(blocks[at])]
    return found


def _is_no_link(block: TextBlock) -> bool:
    """Return whether a block is a heading, or has more words than its links."""
    return block.container.tag in HEADING_TAGS or block.linked <= 0.5 * len(block.text)


def _is_other(series: Series, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a series is of other stories, or of readers, by the names around it."""
    for container in blocks[next(iter(series.items.values()))[0]].container.upwards():
        if container.tag in ("article", "main", "body"):
            break
        if container.names & OTHER_SERIES or container.tag in ("nav", "aside", "footer", "form") or container.hidden:
            return True
    return False


def _is_presented(series: Series, blocks: Sequence[TextBlock]) -> bool:
    """Return whether most items begin with a heading, or are named as slides, products and the like."""
    if series.tag == "figure" or series.names & SLIDES:
        return True
    headed = sum(any(blocks[at].container.tag in HEADING_TAGS for at in item) for item in series.items.values())
    return headed >= 0.8 * len(series.items)


def _is_of_stories(series: Series, blocks: Sequence[TextBlock], titles: Set[str]) -> bool:
    """Return whether the items of a series are stories or entries: they have dates, or one has this page's headline."""
    dated = sum(any(DATED.search(blocks[at].text[:100]) for at in item) for item in series.items.values())
    return dated >= MIN_SHARE * len(series.items) or any(
        letters(blocks[at].text) in titles for item in series.items.values() for at in item if blocks[at].text
    )


def _parts(series: Series, blocks: Sequence[TextBlock]) -> dict[tuple[Any, ...], list[int]]:
    """Return the blocks of the items by what they are set as."""
    parts: dict[tuple[Any, ...], list[int]] = {}
    for identity, item in series.items.items():
        for at in item:
            below = takewhile(lambda one: id(one) != identity, blocks[at].container.upwards())  # noqa: B023
            parts.setdefault(tuple((one.tag, one.names - CHANGING) for one in below), []).append(at)
    return parts


def _around(block: TextBlock) -> Iterator[BlockContainer]:
    """Return the three nearest containers of a block."""
    return islice(block.container.upwards(), 3)


def _is_content(part: list[int], kept: int, items: int, is_in_text: bool, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a part of the items is text. `kept`: how many of its blocks the classifier keeps.

    `is_in_text`: some parts of the items are text already. Then captions are of the pictures alone.
    """
    chars = sum(len(blocks[at].text) for at in part)
    is_caption = any(one.tag in ("figure", "figcaption") for one in _around(blocks[part[0]]))
    is_heading = blocks[part[0]].container.tag in HEADING_TAGS
    if is_heading and kept >= MIN_SHARE * len(part):
        return True
    if sum(blocks[at].linked for at in part) > 0.9 * chars:
        return is_heading
    no_text = sum(NO_TEXT.match(blocks[at].text[:200]) is not None for at in part)
    if no_text >= MIN_SHARE * len(part) or len({blocks[at].text for at in part}) < MIN_DIFFERENT:
        return False
    if kept >= MIN_SHARE * len(part):
        return not is_caption
    if any(one.names & BESIDE for one in _around(blocks[part[0]])):
        return False
    return not (is_caption and is_in_text) and chars <= MAX_PART_CHARS * len(part) and len(part) >= MIN_SHARE * items
