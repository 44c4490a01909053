"""Find the bylines that a page prints: marked as such, linked to an author's page, or below the headline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.headings import Heading
from pipelines.extraction.fields.person_names import (
    BY,
    COLUMN_SEPARATOR,
    OTHER_CREDIT,
    has_full_name,
    has_only_names,
    is_latin,
    persons,
)
from pipelines.extraction.fields.site_names import SiteNames, joined
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.page.declared import DeclaredMetadata, element_text, normalized

SHARED_LEVELS = 2  # levels up to an element that two bylines share, if they belong together
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
    r"|journalists?|contributors?|writers?|columnists?|reporters?|editors?|bloggers?)[/=][^/?#]{3,}",
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
    if page.lines_after_headline is None:
        page.lines_after_headline = _short_lines(page, heading)
    near = _near(heading.element) if heading else None
    far: list[PrintedByline] = []
    for source, elements, why in (
        ("itemprop author", _microdata(page), "marked as the author in the microdata"),
        ("rel author", page.marks.author_links, "a link marked rel=author"),
        ("class author", _classed(page), "an element with a class named author"),
    ):
        groups = [*_groups(page, elements)]
        # A list of books, reviews or recipes has an author in each item, and the article has none of them.
        several = len({"".join(lines) for first, lines in groups if near is not None and first not in near}) > MAX_FAR
        for first, lines in groups:
            if near is None or first in near:
                yield PrintedByline(source, lines, why)
            elif not several:
                far.append(PrintedByline(source, lines, why))
    below = [*below_headline(page, site, near)]
    yield from (byline for byline in below if byline.is_near)
    if len({"".join(byline.lines) for byline in below if not byline.is_near}) <= MAX_FAR:
        yield from (byline for byline in below if not byline.is_near)
    yield from far


MAX_FAR = 2  # bylines of a kind away from the headline; more are those of other stories
MAX_NEAR_BEFORE = 60  # elements before the headline in which its byline may be


def _near(heading: Any) -> set[Any]:
    """Return the headline, the elements soon after it, and those just before it inside the same box."""
    near = {heading, *islice(heading.iter("*"), 20)}
    prose = 0
    for after in islice(_following(heading), MAX_ELEMENTS_NEAR):
        prose += after.tag == "p" and len(after.text or "") > MIN_PROSE_CHARS
        if prose > MAX_PARAGRAPHS_BEFORE:
            break
        near.add(after)
    for up in (heading, *islice(heading.iterancestors(), SHARED_LEVELS)):
        if up.tag in ("body", "main", "html"):
            break
        for before in islice(up.itersiblings(preceding=True), 6):
            near.update(islice(before.iter("*"), MAX_NEAR_BEFORE))
    return near


MAX_PARAGRAPHS_BEFORE = 2  # between headline and byline: the standfirst, and the caption of a picture
MIN_PROSE_CHARS = 100
MAX_ELEMENTS_NEAR = 200  # after the headline: share buttons are dozens of elements


def _microdata(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.author_items[: 5 * MAX_BYLINES]:
        names = [inner for inner in islice(element.iter(), MAX_BYLINES) if inner.get("itemprop") == "name"]
        yield from names or ([element] if element.tag not in ("meta", "link") else [])


def _classed(page: DeclaredMetadata) -> Iterator[Any]:
    for element in page.marks.authors:
        classes = CAMEL.sub("-", element.get("class")[:300])
        if element.tag in CLASSED_TAGS and AUTHOR_CLASS.search(classes) and not NOT_THE_NAME.search(classes):
            yield element


def _groups(page: DeclaredMetadata, elements: Iterable[Any]) -> Iterator[tuple[Any, list[str]]]:
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
    return [piece for text in islice(element.itertext(), MAX_BYLINE_CHARS) if (piece := normalized(text[:1000]))]


def below_headline(page: DeclaredMetadata, site: SiteNames, near: set[Any] | None = None) -> Iterator[PrintedByline]:
    """Yield lines after the headline that are "By" and names, or a link to an author's page."""
    lines = _lines_after_headline(page, site)
    by = {line for _, line in lines if (found := BY.match(line)) and found.end() < len(line)}
    for at, (element, line) in enumerate(lines):
        is_near = at < MAX_LINES_AFTER and (near is None or element in near)
        if BY_ALONE.fullmatch(line) and at + 1 < len(lines):
            yield PrintedByline("by-line", [lines[at + 1][1]], "follows the word By", is_near)
        elif line in by:
            shortest = min((other for other in by if line.startswith(other)), key=len)  # "By Jo Quill", then its date
            alone = COLUMN_SEPARATOR.split(shortest)[0]
            if _is_byline(alone, dated=_has_date(line, page)):
                apart = _names_apart(element) if alone == line else None
                yield PrintedByline("by-line", [apart or alone], WHY_BY, is_near)
        elif (bracketed := BRACKETED_LINE.fullmatch(line)) and (name := _signed_in_brackets(bracketed[1])):
            yield PrintedByline("by-line", [name], "name and paper in brackets, below the headline", is_near)
        elif (inside := BY_INSIDE.search(line)) and _has_date(line, page):
            yield PrintedByline("by-line", [inside[1]], WHY_BY, is_near)
        elif (a := _author_link(element)) is not None:
            pieces = [piece for piece in _pieces(a) if not OTHER_CREDIT.match(piece)]
            name = " ".join(dict.fromkeys(pieces))
            if len(name) <= MAX_BYLINE_CHARS and _is_author_name(a, name) and not _in_prose(a):
                yield PrintedByline("author link", [name], "a link below the headline to an author's page", is_near)


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


# "[田中宏昌，BayMedia]", "【文／陳大文】"
BRACKETED_LINE = re.compile(r"[\[［【〔(（]\s*([^\[\]【】()（）]{2,60}?)\s*[\]］】〕)）]")
CJK_NAME = re.compile(r"[\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7af]{2,6}")


def _signed_in_brackets(line: str) -> str | None:
    """Return the byline inside brackets: "By" and names, or a name in Chinese characters before that of the paper."""
    if BY.match(line):
        return line if has_full_name(persons([line])) else None
    name, *papers = (part.strip() for part in re.split("[，,、／/|｜]", line, maxsplit=1))
    return name if papers and CJK_NAME.fullmatch(name) and persons([name]) == (name,) else None


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


def _author_link(element: Any) -> Any:
    links = [element] if element.tag == "a" else list(element.iterfind(".//a"))[:2]
    return next((a for a in links if AUTHOR_PAGE.search((a.get("href") or "")[:500])), None)


def _lines_after_headline(page: DeclaredMetadata, site: SiteNames) -> list[tuple[Any, str]]:
    """Return short lines after the headline of the page, with their elements; they are looked for once."""
    if page.lines_after_headline is None:
        page.lines_after_headline = _short_lines(page, main_heading(page, site))
    return page.lines_after_headline


def _short_lines(page: DeclaredMetadata, heading: Heading | None) -> list[tuple[Any, str]]:
    if heading is None:
        return []
    inside = [child for child in heading.element if child.tag != "br"]
    lines: list[tuple[Any, str]] = []
    for element in islice(chain(inside, _following(heading.element)), MAX_ELEMENTS_AFTER + 1):
        if element.tag not in WORDLESS_TAGS and len(element) <= 4 and not page.elsewhere(element):
            line = element_text(element, 2 * MAX_BYLINE_CHARS)
            if line and len(line) <= MAX_BYLINE_CHARS:
                lines.append((element, line))
    return lines


WORDLESS_TAGS = frozenset(
    (
        *("script", "style", "svg", "path", "g", "use", "circle", "rect", "img", "br", "hr", "source", "picture"),
        *("iframe", "input", "noscript", "template", "video", "audio", "button"),
    )
)


def _following(element: Any) -> Iterator[Any]:
    """Yield the elements after this one in page order."""
    siblings = (up.itersiblings() for up in chain([element], element.iterancestors()))
    return (below for sibling in chain.from_iterable(siblings) for below in sibling.iter("*"))
