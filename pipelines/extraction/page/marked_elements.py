"""One walk over a page: the elements that are made or named for headlines, authors and dates.

A walk in Python costs half a millisecond; asking libxml2 for each kind of element apart, with contains(@class, ...),
costs several. What a mark is worth is decided by who asked: `headings`, `printed`, `moments`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

# Beginnings are left out: "Headline", "articleHeadline". Each kind has finer expressions of its own.
HEADLINE = re.compile(r"headline|itle|eadline|heading|titulo|titre|titolo|otsikko|rubrik|schrift")
AUTHOR = re.compile(
    r"uthor|yline|utor|uteur|orfatter|rfattare|kribent|irjoittaja|edakteur|chrijver|ournalist|riter|ontributor|osted-by"
    r"|ritten-by|AUTHOR|BYLINE"
)
DATE = re.compile(r"date|Date|DATE|ublish|osted|datum|fecha|time|Time")
MOST = 500  # elements of a kind; no article has as many, and every one of them costs a look around it
SECTIONING = frozenset(("html", "body", "head", "script", "style", "link", "img", "svg", "path", "main"))


@dataclass(slots=True)
class MarkedElements:
    """Elements in page order."""

    headings: list[Any] = field(default_factory=list)  # h1, h2, itemprop=headline, what a class calls headline or title
    authors: list[Any] = field(default_factory=list)  # what a class calls author or byline
    author_items: list[Any] = field(default_factory=list)  # itemprop=author, creator
    author_links: list[Any] = field(default_factory=list)  # rel=author
    dates: list[Any] = field(default_factory=list)  # time, and what a class calls date
    items: list[Any] = field(default_factory=list)  # other itemprops: datePublished, dateModified, description


def marks(tree: Any) -> MarkedElements:
    """The marked elements of a page, the first MOST of each kind."""
    found = MarkedElements()
    for element in tree.iter():
        tag = element.tag
        if tag in SECTIONING or not isinstance(tag, str):
            continue
        if tag in ("h1", "h2"):
            found.headings.append(element)
        elif tag == "time":
            found.dates.append(element)
        elif tag == "a" and "author" in (element.get("rel") or "").split():
            found.author_links.append(element)
        if classes := element.get("class"):
            _by_class(element, tag, classes[:500], found)
        if item := element.get("itemprop"):
            _by_item(element, item, found)
    for name in MarkedElements.__dataclass_fields__:
        del getattr(found, name)[MOST:]
    return found


def _by_class(element: Any, tag: str, classes: str, found: MarkedElements) -> None:
    headline, author, date = _kinds(classes)
    if headline and tag not in ("h1", "h2") and "itemprop" not in element.attrib:
        found.headings.append(element)
    if author:
        found.authors.append(element)
    if date and tag != "time":
        found.dates.append(element)


@lru_cache(maxsize=8192)  # a page repeats its classes, and so do the pages of a site
def _kinds(classes: str) -> tuple[bool, bool, bool]:
    """Are these classes named for a headline, an author, a date?"""
    return bool(HEADLINE.search(classes)), bool(AUTHOR.search(classes)), bool(DATE.search(classes))


def _by_item(element: Any, item: str, found: MarkedElements) -> None:
    if "headline" in item:
        if element.tag not in ("h1", "h2"):
            found.headings.append(element)
    elif "author" in item or item == "creator":
        found.author_items.append(element)
    elif "date" in item or item == "description":
        found.items.append(element)
