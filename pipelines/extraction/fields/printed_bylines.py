"""The bylines that a page prints: marked as such, linked to an author's page, or below the headline in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.dates import locale
from pipelines.extraction.fields.person_names import BY, COLUMN, PICTURES, full, latin, names_only, persons
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.page.declared import DeclaredMetadata, tidied, words_of

NEIGHBOURS = 2  # levels up to an element that two bylines share, if they belong together
MOST = 10  # bylines that are looked at in each way
LONGEST = 120  # characters; what is longer is a biography
NEAR = 120  # elements after the headline in which a byline may stand
CLOSE = 20  # lines after the headline in which a name beside a date is the author's

CLASSED_TAGS = frozenset(("a", "span", "p", "div", "address", "li", "strong", "em", "b", "h3", "h4", "h5", "h6"))
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A class that names its element for the author, and nothing of the author but the name.
AUTHOR_CLASS = re.compile(
    r"(?:^|[\s_-])(?:author|byline|autor(?:innen|en|es|a|in)?(?:-?zeile|-?namen?)?|auteurs?|autore|forfatter|författare|skribent"
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
    r"|journalists?|contributors?|writers?|columnists?|reporters?)[/=][^/?#]{3,}",
    re.IGNORECASE,
)


class PrintedByline(NamedTuple):
    """A byline as printed."""

    source: str
    lines: list[str]  # one a name, or one with several names
    why: str


def bylines(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """What the page prints as bylines, the surest first."""
    for source, elements, why in (
        ("itemprop author", _microdata(page), "marked as the author for machines"),
        ("rel author", page.marks.author_links, "a link that says: the author"),
        ("class author", _classed(page), "an element named for the author"),
    ):
        for lines in _groups(page, elements):
            yield PrintedByline(source, lines, why)
    yield from below_headline(page, site)


def _microdata(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.author_items[: 5 * MOST]:
        names = [inner for inner in islice(element.iter(), MOST) if inner.get("itemprop") == "name"]
        yield from names or ([element] if element.tag not in ("meta", "link") else [])


def _classed(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.authors:
        classes = CAMEL.sub("-", element.get("class")[:300])
        if element.tag in CLASSED_TAGS and AUTHOR_CLASS.search(classes) and not NOT_THE_NAME.search(classes):
            yield element


def _groups(page: DeclaredMetadata, elements: Iterable[Any]) -> Iterator[list[str]]:
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
        done.update(islice(element.iter(), LONGEST))
        around = set(islice(element.iterancestors(), NEIGHBOURS))
        if group and not around & home:
            yield group
            given += 1
            group, home = [], set()
            if given >= MOST:
                return
        home = home or around
        group.append(_as_line(element, pieces))
    if group:
        yield group


def _as_line(element: Any, pieces: list[str]) -> str:
    """The pieces of a byline as one line or several: one-word pieces are one name, and so is what is in one link."""
    if len(pieces) > 1 and joined(pieces[0]) == joined(" ".join(pieces[1:])):
        pieces = pieces[:1]  # once for the eye and once for screen readers
    dated = next((at for at, piece in enumerate(pieces) if at and DAY_OR_YEAR.search(piece)), len(pieces))
    pieces = pieces[:dated]  # no name follows the date
    if all(" " not in piece for piece in pieces) or (element.tag == "a" and len(" ".join(pieces).split()) <= 4):
        return " ".join(pieces)
    return "\n".join(pieces)


def _pieces(element: Any) -> list[str]:
    return [piece for text in islice(element.itertext(), LONGEST) if (piece := tidied(text[:1000]))]


def below_headline(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Lines soon after the headline that are "By" and names, or a link to an author's page."""
    lines = _after(page, site)
    by = {line for _, line in lines if BY.match(line)}
    for at, (element, line) in enumerate(lines):
        if BY_ALONE.fullmatch(line) and at + 1 < len(lines):
            yield PrintedByline("by-line", [lines[at + 1][1]], "stands after a By of its own")
        elif line in by:
            shortest = min((other for other in by if line.startswith(other)), key=len)  # "By Jo Quill", then its date
            alone = COLUMN.split(shortest)[0]
            if _is_byline(alone, dated=_dated(line, page)):
                yield PrintedByline("by-line", [alone], "says who wrote it, below the headline")
        elif (inside := BY_INSIDE.search(line)) and _dated(line, page):
            yield PrintedByline("by-line", [inside[1]], "says who wrote it, below the headline")
        elif (a := _author_link(element)) is not None:
            pieces = [piece for piece in _pieces(a) if not PICTURES.match(piece)]
            name = " ".join(dict.fromkeys(pieces))
            if len(name) <= LONGEST and _named_in(a, name):
                yield PrintedByline("author link", [name], "below the headline, leads to an author's page")


def _is_byline(line: str, dated: bool) -> bool:
    """Is a line "By" and names, and nothing else? "By Friday" has no date beside it."""
    found = persons([line])
    return bool(found) and names_only(line, found) and (full(found) or dated)


BY_ALONE = re.compile(r"(?:(?:written|posted|words|text) )?(?:by|von|par|por|door|af|av)\s*:?", re.IGNORECASE)
# "Posted in Science by Jo Quill on May 6, 2024"
BY_INSIDE = re.compile(
    r"\b(?:by|von|par|por|door)\s+(\S.{1,40}?)(?:\s+(?:on|am|le|el|op|in)\s|\s*[,|·•–]\s|\s+-\s|\s+\d|$)", re.IGNORECASE
)


def beside_date(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """A name that stands with the date below the headline, in one line or side by side. The weakest sign."""
    lines = _after(page, site)[:CLOSE]
    for at, (element, line) in enumerate(lines):
        pieces = [piece for piece in COLUMN.split(line) if piece.strip()]
        name = next((piece for piece in pieces if _is_full_name(piece)), None)
        if name is None or len(pieces) > 4 or _of_a_tool(element):
            continue
        beside = [text for other, text in lines[max(0, at - 3) : at + 4] if _cousins(element, other)]
        if any(_dated(piece, page) for piece in (*pieces, *beside)):
            yield PrintedByline("beside the date", [name], "stands with the date below the headline")


def _of_a_tool(element: Any) -> bool:
    """Does an element belong to a form, to a picture, to a heading, or does it lead to something that is no author?"""
    around = [element, *islice(element.iterancestors(), 5)]
    links = [up for up in around if up.tag == "a"] or list(islice(element.iter("a"), 2))
    return any(up.tag in TOOLS for up in around) or any(not _named_in(a, words_of(a, LONGEST) or "") for a in links)


TOOLS = frozenset(
    ("form", "button", "label", "select", "dialog", "figure", "figcaption", "table", "h2", "h3", "h4", "h5")
)


def _is_full_name(piece: str) -> bool:
    words = piece.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and persons([piece]) == (piece,)


def _cousins(one: Any, other: Any) -> bool:
    """Do two elements have the same parent, or the same grandparent?"""
    if one is other or one.getparent() is None or other.getparent() is None:
        return False
    return one.getparent() is other.getparent() or one.getparent().getparent() is other.getparent().getparent()


def _dated(line: str, page: DeclaredMetadata) -> bool:
    return bool(DAY.search(line)) or date_parser.printed(line, page.seen, locale(page)) is not None


DAY_OR_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./]\d{1,2}[./]\d\d|\d{1,2}:\d\d")
DAY = re.compile(r"(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:20)?\d\d(?!\d)")  # whichever of them is the month


def _named_in(a: Any, name: str) -> bool:
    """Is a link's text a full name, or the one that its address holds? "Read more" leads to authors' pages too."""
    found = persons([name])
    address = joined((a.get("href") or "")[:500])
    return any(
        ((" " in one or not latin(one)) and AUTHOR_PAGE.search(a.get("href") or "")) or joined(one) in address
        for one in found
    )


def _author_link(element: Any) -> Any:
    links = [element] if element.tag == "a" else list(element.iterfind(".//a"))[:2]
    return next((a for a in links if AUTHOR_PAGE.search((a.get("href") or "")[:500])), None)


def _after(page: DeclaredMetadata, site: SiteNames) -> list[tuple[Any, str]]:
    """Short lines after the page's headline, with their elements."""
    heading = main_heading(page, site)
    lines: list[tuple[Any, str]] = []
    for seen, element in enumerate(_following(heading.element) if heading else ()):
        if seen > NEAR:
            break
        if len(element) <= 4 and not page.elsewhere(element):
            line = words_of(element, 2 * LONGEST)
            if line and len(line) <= LONGEST:
                lines.append((element, line))
    return lines


def _following(element: Any) -> Iterator[Any]:
    """Elements after this one in page order."""
    siblings = (up.itersiblings() for up in chain([element], element.iterancestors()))
    return (below for sibling in chain.from_iterable(siblings) for below in sibling.iter("*"))
