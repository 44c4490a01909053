"""Find the bylines that a page prints: marked as such, linked to an author's page, or below the headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.person_names import (
    BY,
    COLUMN_SEPARATOR,
    OTHER_CREDIT,
    has_full_name,
    has_only_names,
    is_latin,
    persons,
)
from pipelines.extraction.fields.printed_dates import page_locale
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.page.declared import DeclaredMetadata, element_text, normalized

SHARED_LEVELS = 2  # levels up to an element that two bylines share, if they belong together
MAX_BYLINES = 10  # of each kind
MAX_BYLINE_CHARS = 120  # a longer text is a biography
MAX_ELEMENTS_AFTER = 120  # after the headline, in which a byline may be
MAX_LINES_AFTER = 20  # after the headline, in which a name beside a date is that of the author

CLASSED_TAGS = frozenset(("a", "span", "p", "div", "address", "li", "strong", "em", "b", "h3", "h4", "h5", "h6"))
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A class of an element that has the name of the author, and not another part about the author.
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
# URLs of pages about one author.
AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|a|in|i)?|auteurs?|autori|forfattere?|skribent|redakteure?|redaktion|by|byline|journalistes?"
    r"|journalists?|contributors?|writers?|columnists?|reporters?)[/=][^/?#]{3,}",
    re.IGNORECASE,
)


class PrintedByline(NamedTuple):
    """Hold a byline as printed."""

    source: str
    lines: list[str]  # one line a name, or one line with several names
    why: str


def bylines(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield what the page prints as bylines, the surest first."""
    for source, elements, why in (
        ("itemprop author", _microdata(page), "marked as the author in the microdata"),
        ("rel author", page.marks.author_links, "a link marked rel=author"),
        ("class author", _classed(page), "an element with a class named author"),
    ):
        for lines in _groups(page, elements):
            yield PrintedByline(source, lines, why)
    yield from below_headline(page, site)


def _microdata(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.author_items[: 5 * MAX_BYLINES]:
        names = [inner for inner in islice(element.iter(), MAX_BYLINES) if inner.get("itemprop") == "name"]
        yield from names or ([element] if element.tag not in ("meta", "link") else [])


def _classed(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.authors:
        classes = CAMEL.sub("-", element.get("class")[:300])
        if element.tag in CLASSED_TAGS and AUTHOR_CLASS.search(classes) and not NOT_THE_NAME.search(classes):
            yield element


def _groups(page: DeclaredMetadata, elements: Iterable[Any]) -> Iterator[list[str]]:
    """Yield the texts of elements, joined if they are close together: two names may be set in two elements."""
    group: list[str] = []
    home: set[Any] = set()
    given = 0
    done: set[Any] = set()
    for element in elements:
        if element in done or page.elsewhere(element):
            continue
        pieces = _pieces(element)
        if not pieces or sum(map(len, pieces)) > MAX_BYLINE_CHARS:
            continue
        done.update(islice(element.iter(), MAX_BYLINE_CHARS))
        around = set(islice(element.iterancestors(), SHARED_LEVELS))
        if group and not around & home:
            yield group
            given += 1
            group, home = [], set()
            if given >= MAX_BYLINES:
                return
        home = home or around
        group.append(_as_line(element, pieces))
    if group:
        yield group


def _as_line(element: Any, pieces: list[str]) -> str:
    """Join the pieces of a byline to one line or several: single words are one name, and so is a link."""
    if len(pieces) > 1 and joined(pieces[0]) == joined(" ".join(pieces[1:])):
        pieces = pieces[:1]  # printed once for the eye and once for screen readers
    dated = next((at for at, piece in enumerate(pieces) if at and DAY_OR_YEAR.search(piece)), len(pieces))
    pieces = pieces[:dated]  # no name comes after the date
    if all(" " not in piece for piece in pieces) or (element.tag == "a" and len(" ".join(pieces).split()) <= 4):
        return " ".join(pieces)
    return "\n".join(pieces)


def _pieces(element: Any) -> list[str]:
    return [piece for text in islice(element.itertext(), MAX_BYLINE_CHARS) if (piece := normalized(text[:1000]))]


def below_headline(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield lines soon after the headline that are "By" and names, or a link to an author's page."""
    lines = _lines_after_headline(page, site)
    by = {line for _, line in lines if BY.match(line)}
    for at, (element, line) in enumerate(lines):
        if BY_ALONE.fullmatch(line) and at + 1 < len(lines):
            yield PrintedByline("by-line", [lines[at + 1][1]], "follows the word By")
        elif line in by:
            shortest = min((other for other in by if line.startswith(other)), key=len)  # "By Jo Quill", then its date
            alone = COLUMN_SEPARATOR.split(shortest)[0]
            if _is_byline(alone, dated=_has_date(line, page)):
                yield PrintedByline("by-line", [alone], WHY_BY)
        elif (inside := BY_INSIDE.search(line)) and _has_date(line, page):
            yield PrintedByline("by-line", [inside[1]], WHY_BY)
        elif (a := _author_link(element)) is not None:
            pieces = [piece for piece in _pieces(a) if not OTHER_CREDIT.match(piece)]
            name = " ".join(dict.fromkeys(pieces))
            if len(name) <= MAX_BYLINE_CHARS and _is_author_name(a, name):
                yield PrintedByline("author link", [name], "a link below the headline to an author's page")


def _is_byline(line: str, dated: bool) -> bool:
    """Return whether a line is "By" and names, and no more. "By Friday" has no date beside it."""
    found = persons([line])
    return bool(found) and has_only_names(line, found) and (has_full_name(found) or dated)


WHY_BY = "says who wrote it, below the headline"
BY_ALONE = re.compile(r"(?:(?:written|posted|words|text) )?(?:by|von|par|por|door|af|av)\s*:?", re.IGNORECASE)
# "Posted in Science by Jo Quill on May 6, 2024"
BY_INSIDE = re.compile(
    r"\b(?:by|von|par|por|door)\s+(\S.{1,40}?)(?:\s+(?:on|am|le|el|op|in)\s|\s*[,|·•–]\s|\s+-\s|\s+\d|$)", re.IGNORECASE
)


def beside_date(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield a name next to the date below the headline, in one line or side by side. The weakest sign."""
    lines = _lines_after_headline(page, site)[:MAX_LINES_AFTER]
    for at, (element, line) in enumerate(lines):
        pieces = [piece for piece in COLUMN_SEPARATOR.split(line) if piece.strip()]
        name = next((piece for piece in pieces if _is_full_name(piece)), None)
        if name is None or len(pieces) > 4 or _is_in_tool(element):
            continue
        beside = [text for other, text in lines[max(0, at - 3) : at + 4] if _are_close(element, other)]
        if any(_has_date(piece, page) for piece in (*pieces, *beside)):
            yield PrintedByline("beside the date", [name], "next to the date below the headline")


def _is_in_tool(element: Any) -> bool:
    """Return whether an element is in a form, a picture or a heading, or links to something that is no author."""
    around = [element, *islice(element.iterancestors(), 5)]
    links = [up for up in around if up.tag == "a"] or list(islice(element.iter("a"), 2))
    return any(up.tag in TOOL_TAGS for up in around) or any(
        not _is_author_name(a, element_text(a, MAX_BYLINE_CHARS) or "") for a in links
    )


TOOL_TAGS = frozenset(
    ("form", "button", "label", "select", "dialog", "figure", "figcaption", "table", "h2", "h3", "h4", "h5")
)


def _is_full_name(piece: str) -> bool:
    words = piece.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and persons([piece]) == (piece,)


def _are_close(one: Any, other: Any) -> bool:
    """Return whether two elements have the same parent, or the same grandparent."""
    if one is other or one.getparent() is None or other.getparent() is None:
        return False
    return one.getparent() is other.getparent() or one.getparent().getparent() is other.getparent().getparent()


def _has_date(line: str, page: DeclaredMetadata) -> bool:
    return bool(DAY.search(line)) or date_parser.parse_printed(line, page.captured, page_locale(page)) is not None


DAY_OR_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./]\d{1,2}[./]\d\d|\d{1,2}:\d\d")
DAY = re.compile(r"(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:20)?\d\d(?!\d)")  # in any order of day and month


def _is_author_name(a: Any, name: str) -> bool:
    """Return whether a name of a link is a full name, or is in its URL. "Read more" leads to authors' pages, too."""
    found = persons([name])
    address = joined((a.get("href") or "")[:500])
    return any(
        ((" " in one or not is_latin(one)) and AUTHOR_PAGE.search(a.get("href") or "")) or joined(one) in address
        for one in found
    )


def _author_link(element: Any) -> Any:
    links = [element] if element.tag == "a" else list(element.iterfind(".//a"))[:2]
    return next((a for a in links if AUTHOR_PAGE.search((a.get("href") or "")[:500])), None)


def _lines_after_headline(page: DeclaredMetadata, site: SiteNames) -> list[tuple[Any, str]]:
    """Return short lines after the headline of the page, with their elements."""
    heading = main_heading(page, site)
    lines: list[tuple[Any, str]] = []
    for number, element in enumerate(_following(heading.element) if heading else ()):
        if number > MAX_ELEMENTS_AFTER:
            break
        if len(element) <= 4 and not page.elsewhere(element):
            line = element_text(element, 2 * MAX_BYLINE_CHARS)
            if line and len(line) <= MAX_BYLINE_CHARS:
                lines.append((element, line))
    return lines


def _following(element: Any) -> Iterator[Any]:
    """Yield the elements after this one in page order."""
    siblings = (up.itersiblings() for up in chain([element], element.iterancestors()))
    return (below for sibling in chain.from_iterable(siblings) for below in sibling.iter("*"))
