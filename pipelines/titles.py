"""The headline: the h1 that something else confirms, else what is declared, without the site's name."""

from __future__ import annotations

import re

from pipelines import jsonld
from pipelines.declared import HEADLINE, Declared, affixes, clean


def headline(page: Declared, site: str | None) -> str | None:
    """An h1 that another candidate agrees with, else JSON-LD, else the metas and <title> without the site's name."""
    names = affixes(page, site)
    declared = [
        title
        for raw in (
            clean(jsonld.text(page.article.get("headline"))),
            *page.meta(HEADLINE),
            page.page_title,
            clean(jsonld.text(page.article.get("name"))),
            page.hint.get("title"),
        )
        if raw and (title := without_affix(raw, names))
    ]
    for h1 in page.headlines:
        if any(agree(h1, other) for other in declared):
            return _without_kicker(h1, declared)
    alone = _content(page.headlines[0]) if len(page.headlines) == 1 else set()
    if len(alone) >= 3 and any(alone & _content(other) for other in declared):
        return page.headlines[0]  # what is declared was rewritten for search engines, but it is one story
    if declared:
        return declared[0]
    return next((h1 for h1 in page.headlines if jsonld.same_words(h1) not in names), None)


def agree(one: str, other: str) -> bool:
    """Do two headlines name one story? Equal words, or one holds nearly all words of the other."""
    a, b = set(jsonld.same_words(one).split()), set(jsonld.same_words(other).split())
    if not a or not b:
        return False
    return a == b or (min(len(a), len(b)) >= 3 and len(a & b) >= 0.75 * min(len(a), len(b)) and len(a) <= 2.5 * len(b))


def _without_kicker(h1: str, declared: list[str]) -> str:
    """`h1`, or the declared headline that it ends with: what comes before is the kicker above it."""
    words = jsonld.same_words(h1)
    ends = (other for other in declared if words.endswith(" " + jsonld.same_words(other)) and len(_content(other)) >= 3)
    return next(ends, h1)


def _content(title: str) -> set[str]:
    """The longer words of a headline."""
    return {word for word in jsonld.same_words(title).split() if len(word) > 3}


SEPARATOR = re.compile(r"\s+[|–—·•»«:*/-]+\s+|\s*[|｜»]\s*|\s*::\s*|:\s+(?=[^:]*$)")


def without_affix(title: str, names: set[str]) -> str:
    """`title` without the site's name at either end."""
    for _ in range(3):  # "Headline | Section | Paper" needs more than one cut
        cuts = list(SEPARATOR.finditer(title))
        if not cuts:
            return title
        head, tail = title[: cuts[-1].start()], title[cuts[-1].end() :]
        if jsonld.same_words(tail).replace(" ", "") in names and head.strip():
            title = head.strip()
        elif jsonld.same_words(title[: cuts[0].start()]).replace(" ", "") in names:
            title = title[cuts[0].end() :].strip()
        else:
            return title
    return title
