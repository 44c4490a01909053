"""The bylines that a page prints: marked as such, linked to an author's page, or below the headline in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from lxml.etree import XPath

from pipelines import dates
from pipelines.declared import Declared, tidied
from pipelines.moments import locale
from pipelines.names import BY, COLUMN, names_only, persons
from pipelines.titles import page_headings

MOST = 10  # bylines that are looked at in each way
LONGEST = 120  # characters; what is longer is a biography
NEAR = 120  # elements after the headline in which a byline may stand

MICRODATA_NAME = XPath('.//*[@itemprop="name"]')
CLASSED_TAGS = frozenset(("a", "span", "p", "div", "address", "li", "strong", "em", "b", "cite", "h3", "h4", "h5", "h6"))
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A class that names its element for the author, and nothing of the author but the name.
AUTHOR_CLASS = re.compile(
    r"(?:^|[\s_-])(?:author|byline|autor(?:en|es|a|in|zeile|ennames?)?|auteurs?|autore|forfatter|författare|skribent"
    r"|kirjoittaja|redakteur|schrijver|journalist|writer|contributor|posted-by|written-by)s?(?:names?|link|author)?(?=[\s_-]|$)",
    re.IGNORECASE,
)
NOT_THE_NAME = re.compile(
    r"(?:author|byline|autor\w*|auteur)s?[\w-]*?[_-](?:bio|biography|desc|description|avatar|image|img|photo|pic|picture|social"
    r"|role|job|position|about|more|follow|icon|email|twitter|posts|articles|date|time)(?=[\s_-]|$)",
    re.IGNORECASE,
)
# Addresses of pages about one author.
AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|a|in|i)?|auteurs?|autori|forfattere?|skribent|redakteure?|redaktion|by|byline|journalistes?"
    r"|journalists?|contributors?|writers?|columnists?|reporters?|people|profiles?|profil|staff|team|person)[/=][^/?#]{3,}",
    re.IGNORECASE,
)


class Byline(NamedTuple):
    """A byline as printed."""

    source: str
    lines: list[str]  # one a name, or one with several names
    why: str


def bylines(page: Declared) -> Iterator[Byline]:
    """What the page prints as bylines, the surest first."""
    for source, elements, why in (
        ("itemprop author", _microdata(page), "marked as the author for machines"),
        ("rel author", page.marks.author_links, "a link that says: the author"),
        ("class author", _classed(page), "an element named for the author"),
    ):
        for lines in _groups(page, elements):
            yield Byline(source, lines, why)
    yield from below_headline(page)


def _microdata(page: Declared) -> Iterator[Any]:
    for element in page.marks.author_items:
        names = MICRODATA_NAME(element)
        yield from names or ([element] if element.tag not in ("meta", "link") else [])


def _classed(page: Declared) -> Iterator[Any]:
    for element in page.marks.authors:
        classes = CAMEL.sub("-", element.get("class")[:300])
        if element.tag in CLASSED_TAGS and AUTHOR_CLASS.search(classes) and not NOT_THE_NAME.search(classes):
            yield element


def _groups(page: Declared, elements: Iterable[Any]) -> Iterator[list[str]]:
    """The texts of elements, those that stand together together: two names may be set in two elements."""
    group: list[str] = []
    home: set[Any] = set()
    given = 0
    done: set[Any] = set()
    for element in elements:
        if element in done or page.elsewhere(element):
            continue
        pieces = _pieces(element)
        if not pieces or sum(map(len, pieces)) > LONGEST:
            continue
        done.update(element.iter())
        parent = element.getparent()
        around = {up for up in (parent, parent.getparent() if parent is not None else None) if up is not None}
        if group and not around & home:
            yield group
            given += 1
            group, home = [], set()
            if given >= MOST:
                return
        home = home or around
        # A name may be set in two elements: one-word pieces belong together.
        group.append(" ".join(pieces) if all(" " not in piece for piece in pieces) else "\n".join(pieces))
    if group:
        yield group


def _pieces(element: Any) -> list[str]:
    return [piece for text in element.itertext() if (piece := tidied(text[:1000]))]


def below_headline(page: Declared) -> Iterator[Byline]:
    """Lines soon after the headline that are "By" and names, a link to an author's page, or a name beside a date."""
    lines = list(_after(page))
    for element, line in lines:
        if BY.match(line) and (found := persons([_without_date(line)])) and names_only(_without_date(line), found):
            yield Byline("by-line", [_without_date(line)], "says who wrote it, below the headline")
        elif (a := _author_link(element)) is not None and (name := tidied(" ".join(a.itertext())[:200])):
            yield Byline("author link", [name], "below the headline, leads to an author's page")
    for _, line in lines:
        pieces = [piece for piece in COLUMN.split(line) if piece.strip()]
        dated = [dates.printed(piece, page.seen, locale(page)) is not None for piece in pieces]
        if 2 <= len(pieces) <= 4 and any(dated):
            for piece, is_date in zip(pieces, dated, strict=True):
                if not is_date and 2 <= len(piece.split()) <= 4 and persons([piece]):
                    yield Byline("beside the date", [piece], "stands with the date below the headline")


def _without_date(line: str) -> str:
    return COLUMN.split(line)[0]


def _author_link(element: Any) -> Any:
    links = [element] if element.tag == "a" else list(element.iterfind(".//a"))[:2]
    return next((a for a in links if AUTHOR_PAGE.search((a.get("href") or "")[:500])), None)


def _after(page: Declared) -> Iterator[tuple[Any, str]]:
    """Short lines after the page's headline, with their elements."""
    found = [heading for heading in page_headings(page) if heading.place == "own" and heading.source != "h2"]
    found = found or [heading for heading in page_headings(page) if heading.place == "own"]
    if not found:
        return
    seen = 0
    for element in _following(found[0].element):
        seen += 1
        if seen > NEAR:
            return
        if len(element) > 4 or page.elsewhere(element):
            continue
        line = tidied(" ".join(element.itertext())[: 2 * LONGEST])
        if line and len(line) <= LONGEST:
            yield element, line


def _following(element: Any) -> Iterator[Any]:
    """Elements after this one in page order."""
    siblings = (up.itersiblings() for up in chain([element], element.iterancestors()))
    return (below for sibling in chain.from_iterable(siblings) for below in sibling.iter("*"))
