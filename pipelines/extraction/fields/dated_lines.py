"""Walk over a part of the page and give its lines, with the elements that show dates in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from pipelines.extraction.languages.date_labels import NO_LABEL, UPDATED
from pipelines.extraction.page.declared import OTHER_STORIES, DeclaredMetadata, class_and_id

SKIPPED_TAGS = frozenset(
    ("script", "style", "noscript", "template", "svg", "form", "button", "select", "nav", "iframe", "figcaption",
     "textarea", "option", "video", "audio", "object", "head", "title", "blockquote", "pre", "code", "cite")
)  # fmt: skip
INLINE_TAGS = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "data", "em", "font", "i", "ins", "label", "mark", "small", "span", "strong",
     "sub", "sup", "time", "u", "acronym", "address", "wbr", "dt", "dd")
)  # fmt: skip
# Class names of elements that show a date; "update" and "validated" do not match.
DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|datum|fecha|data|datetime|timestamp|time|published|publish|posted|pub-?date|datePublished"
    r"|(?:entry|post|article|publish|published|publication|created?|release|story|news|blog)[-_]?(?:date|time|datum|on))"
    r"(?:[-_](?:single|display|text|published|publish|created?|posted|time|date|line))?(?=[\s_-]|$)",
    re.IGNORECASE,
)
COMMENTS_CLASS = re.compile(r"comment(?!s?[\s_-]*(?:count|link|number))|kommentar|reader-?reply", re.IGNORECASE)
CLOCK_CLASS = re.compile(
    r"(?:^|[\s_-])(?:clock|to-?day|todays|current|now|heute)(?=[\s_-]|$)|today|current-?date", re.I
)
FOOTER_CLASS = re.compile(r"(?:^|\s)footer", re.IGNORECASE)
OF_ARTICLE = re.compile(r"article|post|entry|news|story|meta", re.IGNORECASE)
CAPTION_CLASS = re.compile(r"(?:^|[\s_-])(?:wp-)?(?:caption|legend|bildunterschrift|photo-?credit|image-?credit)", re.I)


SITE_HEADER = re.compile(
    r"(?:^|\s)(?:site-?|page-?|top-?|main-?|global-?)?(?:header|head|top|top-?bar|bar|masthead|menu|mega-?menu|nav(?:bar|igation)?)(?=[\s_-]|$)",
    re.IGNORECASE,
)
# Names of classes that say that a date is one of a change.
CHANGE_NAME = re.compile(
    r"updat|modif|(?<!ex)chang|aktualis|geaendert|actualiz|aggiorn|atualiz|bijgewerkt|oppdater|uppdater|opdater|paivit",
    re.IGNORECASE,
)
PUBLICATION_NAME = re.compile(r"publi|creat", re.IGNORECASE)
NAMED_UPDATED = "named updated"  # in the place of a label: that of a change, if another date is beside it
TEASER_CLASS = re.compile(r"(?<!\S)teaser\S*", re.IGNORECASE)
OWN_PAGE_CLASS = re.compile(r"(?:article|news|post|story)[_-]?single|single[_-]?(?:article|news|post|story)", re.I)
TITLE_TAGS = frozenset(("a", "h1", "h2", "h3", "h4", "h5"))
TITLE_CHARS = 25  # of the title of another story
MAX_TEASER_ELEMENTS = 40

MAX_DEPTH = 60  # of nested elements
PROSE_CHARS = 200  # of a line that is a paragraph


@dataclass(slots=True)
class Line:
    """Hold one line of the page, and the elements that show dates in it."""

    text: str = ""
    edges: set[int] = field(default_factory=set)  # offsets at which an element begins
    spans: list[tuple[int, int, Any]] = field(default_factory=list)  # (start, end, element) made or named for dates
    links: list[tuple[int, int, Any]] = field(default_factory=list)
    first: Any = None  # its first element


class PageWalker:
    """Yield the lines of elements; what is no part of the article is left out."""

    def __init__(self, page: DeclaredMetadata, most: int) -> None:
        """Begin. `most`: elements that are walked."""
        self.page = page
        self.left = most
        self.depth = 0
        self.line = Line()

    def lines(self, elements: Iterable[Any]) -> Iterator[Line]:
        """Yield the lines of `elements`, one after the other."""
        for element in elements:
            yield from self._walk(element)
            if (element.tail or "").strip():
                self._add(element.tail, element.getparent())
            if self.left <= 0:
                break
        yield from self._flush()

    def _walk(self, element: Any) -> Iterator[Line]:
        tag = element.tag
        self.left -= 1
        if self.left <= 0 or self.depth >= MAX_DEPTH or not isinstance(tag, str):
            return
        if tag not in INLINE_TAGS:
            yield from self._flush()
        if tag in SKIPPED_TAGS or tag == "br" or (tag == "footer" and not _is_of_article(element)):
            return
        classes = class_and_id(element).strip()
        if classes and self._is_left_out(element, tag, classes):
            return
        if "hidden" in element.attrib or "display:none" in (element.get("style") or "")[:200].replace(" ", ""):
            return
        start = len(self.line.text)
        if element.text:
            self._add(element.text, element)
        self.depth += 1
        for child in element:
            yield from self._walk(child)
            if child.tail:
                self._add(child.tail, element)
            if self.left <= 0:
                break
        self.depth -= 1
        if start <= len(self.line.text):
            self._note(element, tag, classes, start)
        if tag not in INLINE_TAGS:
            yield from self._flush()

    def _is_left_out(self, element: Any, tag: str, classes: str) -> bool:
        is_other, is_comment, is_beside, _ = _kinds(classes)
        return (
            (is_other and not _is_named_so_only(element, classes))
            or "Comment" in (element.get("itemtype") or "")[-40:]
            or (is_comment and tag not in INLINE_TAGS)
            or is_beside
        )

    def _note(self, element: Any, tag: str, classes: str, start: int) -> None:
        line = self.line
        if tag == "time" or (classes and _kinds(classes)[3]) or (tag == "abbr" and element.get("title")):
            line.spans.append((start, len(line.text), element))
            line.first = element if line.first is None else line.first
        elif tag == "a":
            line.links.append((start, len(line.text), element))

    def _add(self, text: str, element: Any) -> None:
        line = self.line
        piece = " ".join(text[: 2 * PROSE_CHARS].split())
        if not piece or len(line.text) > 2 * PROSE_CHARS:
            return
        if line.text:
            line.edges.add(len(line.text))
            line.text += " " if piece[0] not in ",.;:)" else ""
        line.edges.add(len(line.text))
        line.text += piece
        if line.first is None:
            line.first = element

    def _flush(self) -> Iterator[Line]:
        if self.line.text or self.line.spans:
            line, self.line = self.line, Line()
            yield line


@lru_cache(maxsize=8192)  # a page repeats its classes, and so do the pages of a site
def _kinds(classes: str) -> tuple[bool, bool, bool, bool]:
    """Return whether these names are of other stories, of comments, of a caption or a clock, of a date."""
    return (
        bool(OTHER_STORIES.search(classes)),
        bool(COMMENTS_CLASS.search(classes)),
        bool(CAPTION_CLASS.search(classes) or CLOCK_CLASS.search(classes)),
        bool(DATE_CLASS.search(classes)),
    )


def _is_named_so_only(element: Any, classes: str) -> bool:
    """Return whether an element is named as a footer or a teaser but is part of the article: no teaser has no link."""
    if FOOTER_CLASS.search(classes):
        return _is_of_article(element)
    if TEASER_CLASS.search(classes) and OWN_PAGE_CLASS.search(classes):
        return True
    if not TEASER_CLASS.search(classes) or OTHER_STORIES.search(TEASER_CLASS.sub(" ", classes)):
        return False
    return not any(
        below.tag in TITLE_TAGS and len(" ".join("".join(below.itertext()).split())) >= TITLE_CHARS
        for below in islice(element.iter(), MAX_TEASER_ELEMENTS)
    )


def _is_of_article(footer: Any) -> bool:
    """Return whether a footer is that of the article, which may print the date, not that of the page."""
    return bool(OF_ARTICLE.search(class_and_id(footer))) or any(
        up.tag in ("article", "main") for up in islice(footer.iterancestors(), 8)
    )


def in_site_header(element: Any) -> bool:
    """Return whether the element is in the header of the site, where papers print today's date."""
    for up in element.iterancestors():
        if up.tag in ("article", "main"):
            return False
        if up.tag in ("header", "footer") or (up.tag == "div" and SITE_HEADER.search(class_and_id(up))):
            return up.find(".//h1") is None and up.find(".//h2") is None
    return False


def label_by_name(line: Line, start: int, end: int) -> str:
    """Return UPDATED if the element of a date, or the one around it, is named for changes."""
    for s, e, element in line.spans:
        if s <= start and end <= e:
            classes = (element.get("class") or "")[:300]
            parent = element.getparent()
            around = (
                class_and_id(parent) if parent is not None and parent.tag not in ("body", "article", "main") else ""
            )
            names = classes if "publi" in classes else f"{classes} {around}"
            if "updated" in (tokens := classes.split()) and any(DATE_CLASS.search(one) for one in tokens):
                return NAMED_UPDATED
            if CHANGE_NAME.search(names) and "published" not in classes:
                return UPDATED
    return NO_LABEL


def is_named_for_publication(line: Line, start: int, end: int) -> bool:
    """Return whether the element of a date, or the one around it, is named for publication, whatever its words say."""
    elements = [element for s, e, element in line.spans if s <= start and end <= e]
    elements += [up for element in elements[:1] if (up := element.getparent()) is not None]
    names = " ".join((element.get("class") or "")[:300] for element in elements if element.tag not in ("body", "main"))
    return bool(PUBLICATION_NAME.search(names)) and not CHANGE_NAME.search(names)
