"""Find the bylines that a page prints: marked as such, linked to an author's page, or below the headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, takewhile
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.headings import (
    SHARED_LEVELS,
    Heading,
    are_close,
    elements_near,
    following,
    is_below_other_story,
    is_credit,
)
from pipelines.extraction.fields.person_names import (
    BRACKETED_LINE,
    BY,
    COLUMN_SEPARATOR,
    OTHER_CREDIT,
    has_full_name,
    has_only_names,
    is_agency,
    is_latin,
    is_signed_by_agency,
    persons,
    says_who_wrote,
    signed_in_brackets,
)
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.page.declared import DeclaredMetadata, element_text, normalized

MAX_BYLINES = 10  # of each kind
MAX_BYLINE_CHARS = 120  # a longer text is a biography
MAX_ELEMENTS_AFTER = 120  # after the headline, in which a byline may be
MAX_LINES_AFTER = 20  # after the headline, in which a name beside a date is that of the author

CLASSED_TAGS = frozenset(
    (
        *("a", "span", "p", "div", "address", "li", "strong", "em", "b", "i", "small", "h3", "h4", "h5", "h6"),
        *("ul", "ol", "nav", "aside", "dd", "td", "cite"),
    )
)
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
    r"|journalists?|contributors?|writers?|columnists?|reporters?|editors?|bloggers?|profiles?|users?)[/=][^/?#]{3,}|/@[\w.-]{3,}",
    re.IGNORECASE,
)


class PrintedByline(NamedTuple):
    """Hold a byline as printed."""

    source: str
    lines: list[str]  # one line a name, or one line with several names
    why: str
    is_near: bool = False  # soon after the headline, before the text


def bylines(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield what the page prints as bylines, those near the headline first; of these the surest first."""
    heading = main_heading(page, site)
    near = elements_near(heading.element) if heading else None
    marked, far = _marked(page, near)
    yield from marked
    below = [*below_headline(page, site, near)]
    yield from (byline for byline in below if byline.is_near)
    if len({"".join(byline.lines) for byline in below if not byline.is_near}) <= MAX_FAR:
        yield from (byline for byline in below if not byline.is_near)
    yield from far


def marked_bylines(page: DeclaredMetadata, site: SiteNames) -> list[PrintedByline]:
    """Return those of the bylines that an attribute marks."""
    heading = main_heading(page, site)
    marked, far = _marked(page, elements_near(heading.element) if heading else None)
    return marked + far


def _marked(page: DeclaredMetadata, near: set[Any] | None) -> tuple[list[PrintedByline], list[PrintedByline]]:
    """Return the marked bylines near the headline (all, if there is none), and those away from it."""
    found: list[PrintedByline] = []
    far: list[PrintedByline] = []
    for source, elements, why in (
        ("itemprop author", _microdata(page), "marked as the author in the microdata"),
        ("rel author", page.marks.author_links, "a link marked rel=author"),
        ("class author", _classed(page), "an element with a class named author"),
    ):
        groups = [*grouped(page, elements)]
        # A list of books, reviews or recipes has an author in each item, and the article has none of them.
        several = len({"".join(lines) for first, lines in groups if near is not None and first not in near}) > MAX_FAR
        for first, lines in groups:
            if near is None or first in near:
                found.append(PrintedByline(source, lines, why))
            elif not several and not is_below_other_story(first):
                far.append(PrintedByline(source, lines, why))
    return found, far


MAX_FAR = 2  # bylines of a kind away from the headline; more are those of other stories


def _microdata(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.author_items[: 5 * MAX_BYLINES]:
        names = [
            inner for inner in islice(element.iter(), MAX_BYLINES) if "name" in (inner.get("itemprop") or "").split()
        ]
        yield from names or ([element] if element.tag not in ("meta", "link") else [])


def _classed(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.authors:
        classes = CAMEL.sub("-", element.get("class")[:300])
        if element.tag in CLASSED_TAGS and AUTHOR_CLASS.search(classes) and not NOT_THE_NAME.search(classes):
            yield element


def grouped(page: DeclaredMetadata, elements: Iterable[Any]) -> Iterator[tuple[Any, list[str]]]:
    """Yield (first element, texts) of elements, joined if they are close together: two names may be set in two."""
    group: list[str] = []
    first: Any = None
    home: set[Any] = set()
    given = 0
    done: set[Any] = set()
    for element in elements:
        if element in done or is_elsewhere(page, element):
            continue
        pieces = _pieces(element)
        if not pieces or sum(map(len, pieces)) > MAX_BYLINE_CHARS:
            continue
        done.update(islice(element.iter(), MAX_BYLINE_CHARS))
        around = set(islice(element.iterancestors(), SHARED_LEVELS))
        if group and not around & home:
            yield first, group
            given += 1
            group, home = [], set()
            if given >= MAX_BYLINES:
                return
        home = home or around
        first = element if not group else first
        group.append(_as_line(element, pieces))
    if group:
        yield first, group


def is_elsewhere(page: DeclaredMetadata, element: Any) -> bool:
    """Return whether an element is in a part of the page that is not about its article. A byline may be a `nav`."""
    box = next(chain([element] if element.tag == "nav" else [], element.iterancestors("nav")), None)
    if box is not None and AUTHOR_CLASS.search(CAMEL.sub("-", (box.get("class") or "")[:300])):
        return page.elsewhere(box.getparent())
    return page.elsewhere(element)


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
    if element.tag == "meta":
        return [name] if (name := normalized((element.get("content") or "")[:1000])) else []
    return [piece for text in islice(element.itertext(), MAX_BYLINE_CHARS) if (piece := normalized(text[:1000]))]


def below_headline(page: DeclaredMetadata, site: SiteNames, near: set[Any] | None = None) -> Iterator[PrintedByline]:
    """Yield lines after the headline that are "By" and names, or a link to an author's page."""
    lines = lines_after_headline(page, site)
    by = {line for line in {line for _, line in lines} if says_who_wrote(line)}
    for at, (element, line) in enumerate(lines):
        is_near = at < MAX_LINES_AFTER and (near is None or element in near)
        if BY_ALONE.fullmatch(line) and at + 1 < len(lines):
            yield PrintedByline("by-line", [lines[at + 1][1]], "follows the word By", is_near)
        elif line in by and (is_near or not is_below_other_story(element)):
            shortest = min((other for other in by if line.startswith(other)), key=len)  # "By Jo Quill", then its date
            alone, *columns = COLUMN_SEPARATOR.split(shortest)
            alone = " / ".join([alone, *(column for column in columns if is_agency(column))])
            if is_signed_by_agency(alone):
                if is_near and not _is_in_tool(element):
                    yield PrintedByline("by-line", [alone], WHY_BY, is_near)
            elif _is_byline(alone, dated=_has_date(line, page)):
                apart = _names_apart(element) if alone == line else None
                yield PrintedByline("by-line", [apart or alone], WHY_BY, is_near)
        elif (bracketed := BRACKETED_LINE.fullmatch(line)) and (name := signed_in_brackets(bracketed[1])):
            yield PrintedByline("by-line", [name], "name and paper in brackets, below the headline", is_near)
        elif (inside := _by_inside(element, line)) and _has_date(line, page):
            yield PrintedByline("by-line", [inside[1]], WHY_BY, is_near)
        elif (names := _linked_names(element, line, is_near)) and (is_near or not is_below_other_story(element)):
            yield PrintedByline("author link", names, "a link below the headline to an author's page", is_near)


def _by_inside(element: Any, line: str) -> re.Match[str] | None:
    """Return "by" and a name inside a line. Who checked the text counts only in an element named for the author."""
    found = BY_INSIDE.search(line)
    if not found or "author" in (element.get("class") or ""):
        return found
    parts = (part for part in COLUMN_SEPARATOR.split(line) if not OTHER_CREDIT.match(part))
    return next((inside for part in parts if (inside := BY_INSIDE.search(part))), None)


def _linked_names(element: Any, line: str, is_near: bool) -> list[str]:
    """Return the names in a line that link to authors' pages; near the headline, to an author's address as well."""
    found = []
    for a in _author_links(element):
        name = " ".join(dict.fromkeys(piece for piece in _pieces(a) if not OTHER_CREDIT.match(piece)))
        is_name = _is_full_name(name) and is_near and line.startswith(name) if _is_mail(a) else _is_author_name(a, name)
        if is_name and len(name) <= MAX_BYLINE_CHARS and not _in_prose(a):
            found.append(name)
    return found


def _in_prose(a: Any) -> bool:
    """Return whether a link is in a paragraph, which may name other authors."""
    around = a.getparent()
    return around is not None and len(element_text(around, MAX_PROSE_BYLINE_CHARS) or "") >= MAX_PROSE_BYLINE_CHARS


MAX_PROSE_BYLINE_CHARS = 250


def _is_byline(line: str, dated: bool) -> bool:
    """Return whether a line is "By" and names, and no more. "By Friday" has no date beside it."""
    found = persons([line])
    return bool(found) and has_only_names(line, found) and (has_full_name(found) or dated)


def _names_apart(element: Any) -> str | None:
    """Return a byline with a line for each name, if each of them is an element: nothing else may be between them."""
    pieces = _pieces(element)
    names = [piece for piece in pieces if _is_full_name(piece)]
    return "\n".join(pieces) if len(names) > 1 else None


WHY_BY = "says who wrote it, below the headline"
BY_ALONE = re.compile(r"(?:(?:written|posted|words|text) )?(?:by|von|par|por|door|af|av)\s*:?", re.IGNORECASE)
# "Posted in Science by Jo Quill on May 6, 2024"
BY_INSIDE = re.compile(
    r"\b(?:by|von|par|por|door)\s+(\S.{1,40}?)(?:\s+(?:on|am|le|el|op|in)\s|\s*[,|·•–]\s|\s+-\s|\s+\d|$)", re.IGNORECASE
)


def beside_date(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield a name next to the date below the headline, in one line or side by side. The weakest sign."""
    heading = main_heading(page, site)
    above = _lines_above(heading.element) if heading else []
    lines = [*above, *lines_after_headline(page, site)[:MAX_LINES_AFTER]]
    for at, (element, line) in enumerate(lines):
        whole = [piece for text in _pieces(element) for piece in COLUMN_SEPARATOR.split(text) if piece.strip()]
        pieces = [piece for text in whole for piece in (text, *BEFORE_DATE.split(text)[:1])]
        name = next((piece for piece in pieces if _is_full_name(piece)), None)
        if is_signed_by_agency(line) and not is_credit(element):
            name = line
        if name is None or not (3 if at < len(above) else 1) <= len(whole) <= 4 or _is_in_tool(element):
            continue
        pieces += [line.removeprefix(name).lstrip(" ,")]
        beside = (
            []
            if at < len(above)
            else [text for other, text in lines[max(0, at - 3) : at + 4] if are_close(element, other)]
        )
        if any(_has_date(piece, page) for piece in (*pieces, *beside)):
            yield PrintedByline("beside the date", [name], "next to the date below the headline")


BEFORE_DATE = re.compile(r",\s+(?=\D{0,12}\d)")  # "Jo Quill, 4 March 2026"


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


def _has_date(line: str, page: DeclaredMetadata) -> bool:
    return bool(DAY.search(line)) or date_parser.parse_printed(line, page.captured, page.locale) is not None


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


def _author_links(element: Any) -> list[Any]:
    links = [element] if element.tag == "a" else list(islice(element.iter("a"), MAX_LINKED_NAMES))
    return [a for a in links if AUTHOR_PAGE.search((a.get("href") or "")[:500]) or _is_mail(a)]


def _is_mail(a: Any) -> bool:
    return (a.get("href") or "").startswith("mailto:")


MAX_LINKED_NAMES = 4  # in one line


def lines_after_headline(page: DeclaredMetadata, site: SiteNames) -> list[tuple[Any, str]]:
    """Return short lines after the headline of the page, with their elements; they are looked for once."""
    if page.lines_after_headline is None:
        page.lines_after_headline = _short_lines(page, main_heading(page, site))
    return page.lines_after_headline


def _lines_above(heading: Any) -> list[tuple[Any, str]]:
    """Return the short lines just above a headline, in its box or that around it."""
    boxes = (up for up in (heading, heading.getparent()) if up is not None and up.tag not in ("body", "main", "html"))
    before = (element for box in boxes for element in islice(box.itersiblings("*", preceding=True), MAX_LINES_ABOVE))
    found = ((element, element_text(element, 2 * MAX_BYLINE_CHARS) or "") for element in before)
    return [(element, line) for element, line in found if 0 < len(line) <= MAX_BYLINE_CHARS and element.tag != "nav"]


MAX_LINES_ABOVE = 2


def _short_lines(page: DeclaredMetadata, heading: Heading | None) -> list[tuple[Any, str]]:
    if heading is None:
        return []
    inside = [child for child in heading.element if child.tag != "br"]
    lines: list[tuple[Any, str]] = []
    for element in islice(chain(inside, following(heading.element)), MAX_ELEMENTS_AFTER + 1):
        if element.tag not in WORDLESS_TAGS and len(element) <= 4:
            line = element_text(element, 2 * MAX_BYLINE_CHARS)
            if line and len(line) <= MAX_BYLINE_CHARS and not page.elsewhere(element):
                if len(element) and element.tag not in ("h1", "h2") and (first := _before_break(line, element)):
                    lines.append((element, first))
                lines.append((element, line))
    return lines


def _before_break(line: str, element: Any) -> str | None:
    """Return the first line of an element with breaks, if it is a byline: "By Jo Quill<br>Staff writer"."""
    first = next((child for child in element if child.tag == "br"), None)
    if first is None or not BY.match(line):
        return None
    before = [element.text or ""]
    for child in takewhile(lambda child: child is not first, element):
        before += [element_text(child, MAX_BYLINE_CHARS) or "", child.tail or ""]
    return normalized(" ".join(before))


WORDLESS_TAGS = frozenset(
    (
        *("script", "style", "svg", "path", "g", "use", "circle", "rect", "img", "br", "hr", "source", "picture"),
        *("iframe", "input", "noscript", "template", "video", "audio", "button"),
    )
)
