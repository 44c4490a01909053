"""Walk over a part of the page and give its lines, with the elements that show dates in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from pipelines.extraction.fields import date_parser
from pipelines.extraction.languages.date_labels import NO_LABEL, OTHER, PUBLISHED, UPDATED, labels_in
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import OTHER_STORIES, DeclaredMetadata, absolute, class_and_id

SKIPPED_TAGS = frozenset(
    ("script", "style", "noscript", "template", "svg", "form", "button", "select", "nav", "iframe",
     "figcaption", "figure", "textarea", "option", "video", "audio", "object", "head", "title", "blockquote",
     "pre", "code", "cite")
)  # fmt: skip
INLINE_TAGS = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "data", "em", "font", "i", "ins", "label", "mark", "small", "span", "strong",
     "sub", "sup", "time", "u", "acronym", "address", "wbr", "dt", "dd",
     "relative-time", "local-time", "time-ago")
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
# Attributes with a date for machines. A title or a data attribute counts beside a few words, "3 days ago".
STAMPS = (
    "datetime", "content", "title", "data-datetime", "data-date", "data-time", "data-timestamp", "data-published",
    "data-publish-date", "data-pubdate", "data-utime", "data-epoch", "data-utc",
)  # fmt: skip
OF_DATES_ALONE = frozenset(STAMPS) - {"content"}
DATE_STAMP = re.compile(r"[^\W\d_]{0,12}[.,]?\s?\d[\w\s,.:/+-]{5,40}|[^\W\d_]{3,12}\.?,?\s[\w\s,.:/+-]{5,40}")
MAX_STAMPED_CHARS = 40  # of the words that readers see
TIME_TAGS = frozenset(("time", "relative-time", "local-time", "time-ago", "time-until"))  # HTML's and GitHub's
# Names of classes that say that a date is one of a change.
CHANGE_NAME = re.compile(
    r"updat|modif|(?<!ex)chang|aktualis|geaendert|actualiz|aggiorn|atualiz|bijgewerkt|oppdater|uppdater|opdater|paivit",
    re.IGNORECASE,
)
UPDATED_HIDDEN = re.compile(r"(?:^|\s)(?:updated|modified)\s+\S*hidden")  # for feeds, beside the date that is shown
PUBLICATION_NAME = re.compile(r"publi|creat", re.IGNORECASE)
NAMED_UPDATED = "named updated"  # in the place of a label: that of a change, if another date is beside it
TEASER_CLASS = re.compile(r"(?<!\S)teaser\S*", re.IGNORECASE)
OWN_PAGE_CLASS = re.compile(r"(?:article|news|post|story)[_-]?single|single[_-]?(?:article|news|post|story)", re.I)
TITLE_TAGS = frozenset(("a", "h1", "h2", "h3", "h4", "h5"))
TITLE_CHARS = 25  # of the title of another story
MAX_TEASER_ELEMENTS = 40
CELL_TAGS = frozenset(("td", "th", "li", "dd", "dt"))
DAY_ARCHIVE = re.compile(r"/\d{4}/\d\d?/\d\d?/?$|[?&]m=\d{8}$")

MAX_LINE_CHARS = 150  # of a line that prints a date; a longer one has it at its beginning
MAX_LABEL_CHARS = 40  # of a line that is a label alone
HEADINGS = frozenset(("h2", "h3", "h4", "h5"))
# What may stand before a date without a label: the beginning, a mark, "By Jo Quill", a day of the week, a time.
SEPARATED = re.compile(
    r"(?:^|[|•·–—:;,()/»>\-●▪*✎⏱\[：，、（【]|\d{1,2}[:.h]\d\d(?:\s?[ap]\.?m\.?)?(?:\s[A-Z]{2,4})?)\s*"
    r"(?:(?:[^\W\d_]|[\u0900-\u0dff\u0e30-\u0e4f]){2,14}\.?[,،]?\s*)?(?:(?:the|den|d\.|le|el|il|em|op|в|от)\s)?$",
    re.IGNORECASE,
)
BY_FIRST = re.compile(
    r"(?:by|von|par|por|di|door|av|af|text|da|od)\b|(?:author|auteur|autor\w*|автор|yazar|συντάκτης|작성자|作者)\s?[:：]",
    re.IGNORECASE,
)
# What follows a date that begins a paragraph: "29.11.2022 – The ferries stayed in port."
THEN_TEXT = re.compile(
    r"\s*[–—:|•·]|\s+--?\s|\s*$|[,\s]{0,2}(?:at\s)?\d{1,2}[:.h]\d\d|\s[(/][A-Z][\w .-]{1,30}[)/]\s*[–—-]"
)
SENTENCE_GOES_ON = re.compile(
    r"\s?(?!(?:at|um|kl|by|von|par|por|di|door|av|af|in)\b|[^\W\d_]{1,6}\.?\s*\d)[^\W\d_A-ZÀ-Þ]{2,}"
)
LOWER_WORD = re.compile(r"(?<![^\W_])(?=[^\W\d_])[^\W\d_A-ZÀ-Þ]{2,}")
MAX_LOWER_WORDS = 3  # before a date in a line that is no caption: "Posted by Jo Quill on"
SENTENCE_END = re.compile(r"[^\W\d_]{3}[.!?…。]")  # the last four characters of a sentence
MAX_PART_CHARS = 12
DATE_PART = re.compile(r"(?:\d{1,2}(?:st|nd|rd|th|\.)?|(?:19|20)\d\d|[^\W\d_]{3,10}\.?),?", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]{2,}")
MAX_WORDS_BELOW = 6  # in a line below the text: "Mara Quill, Lampton, 3 May 2024"

MAX_NEAR_LINES = 40  # after the headline ...
MAX_NEAR_PROSE = 3  # ... or as many paragraphs: what follows is LATER
MAX_NEAR_CHARS = 700  # of lines that are paragraphs
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
        self.page, self.left, self.depth, self.line = page, most, 0, Line()

    def lines(self, elements: Iterable[Any]) -> Iterator[Line]:
        """Yield the lines of `elements`, one after the other."""
        for element in elements:
            yield from self._walk(element)
            if (element.tail or "").strip():
                self._add(element.tail, element.getparent())
            if self.left <= 0:
                break
        if self.line.text or self.line.spans:
            yield self._taken()

    def _walk(self, element: Any) -> Iterator[Line]:
        tag = element.tag
        self.left -= 1
        if self.left <= 0 or self.depth >= MAX_DEPTH or not isinstance(tag, str):
            return
        is_block = tag not in INLINE_TAGS
        if is_block and (self.line.text or self.line.spans):
            yield self._taken()
        if tag in SKIPPED_TAGS or tag == "br" or (tag == "footer" and not _is_of_article(element)):
            return
        names = element.keys()
        classes = class_and_id(element).strip() if names else ""
        if names and self._is_left_out(element, tag, classes, names):
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
            self._note(element, tag, classes, names, start)
        if is_block and (self.line.text or self.line.spans):
            yield self._taken()

    def _is_left_out(self, element: Any, tag: str, classes: str, names: list[str]) -> bool:
        is_other, is_comment, is_beside, _ = _kinds(classes)
        return (
            (is_other and not _is_named_so_only(element, classes))
            or (is_comment and tag not in INLINE_TAGS)
            or is_beside
            or (bool(classes) and "itemtype" in names and "Comment" in element.get("itemtype")[-40:])
            or "hidden" in names
            or ("style" in names and "display:none" in element.get("style")[:200].replace(" ", ""))
        )

    def _note(self, element: Any, tag: str, classes: str, names: list[str], start: int) -> None:
        line = self.line
        if (
            tag in TIME_TAGS
            or (classes and _kinds(classes)[3])
            or (not OF_DATES_ALONE.isdisjoint(names) and _is_stamped(element, len(line.text) - start))
        ):
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

    def _taken(self) -> Line:
        line, self.line = self.line, Line()
        return line


def _is_stamped(element: Any, chars: int) -> bool:
    """Return whether an element of so many characters has a date for machines."""
    values = (element.get(name) or "" for name in STAMPS)
    return chars <= MAX_STAMPED_CHARS and any(DATE_STAMP.fullmatch(value[:80]) for value in values)


def stamps(page: DeclaredMetadata, line: Line) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, string for machines) of the elements of a line that have one."""
    for start, end, element in line.spans:
        for name in STAMPS:
            if (stamp := element.get(name)) and date_parser.parse(
                stamp, page.captured, date_parser.page_locale(page, stamp)
            ):
                yield start, end, stamp
                break


def joined_lines(lines: Iterable[Line]) -> Line:
    """Return lines as one."""
    whole = Line()
    for line in lines:
        at = len(whole.text) + bool(whole.text)
        whole.text = f"{whole.text} {line.text}" if whole.text else line.text
        whole.edges |= {at + edge for edge in line.edges} | {at, len(whole.text)}
        whole.spans += [(at + start, at + end, element) for start, end, element in line.spans]
        whole.links += [(at + start, at + end, element) for start, end, element in line.links]
        whole.first = line.first if whole.first is None else whole.first
    return whole


@lru_cache(maxsize=8192)  # a page repeats its classes, and so do the pages of a site
def _kinds(classes: str) -> tuple[bool, bool, bool, bool]:
    """Return whether these names are of other stories, of comments, of a caption or a clock, of a date."""
    return (
        bool(OTHER_STORIES.search(classes)),
        bool(COMMENTS_CLASS.search(classes)),
        bool(CAPTION_CLASS.search(classes) or CLOCK_CLASS.search(classes)),
        bool(DATE_CLASS.search(classes) or UPDATED_HIDDEN.search(classes)),
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


def label_by_name(line: Line, start: int, end: int) -> str:
    """Return UPDATED if the element of a date, or the one around it, is named for changes."""
    for s, e, element in line.spans:
        if s <= start and end <= e:
            classes = (element.get("class") or "")[:300]
            parent = element.getparent()
            around = "" if parent is None or parent.tag in ("body", "article", "main") else class_and_id(parent)
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


def whole_dates(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines, those of a box with day, month and year one below the other as one."""
    parts: list[Line] = []
    for line in lines:
        if len(line.text) <= MAX_PART_CHARS and DATE_PART.fullmatch(line.text):
            parts.append(line)
            if len(parts) < 3:
                continue
        elif not parts:
            yield line
            continue
        else:
            parts.append(line)
        if len(parts) == 3 and date_parser.printed_days(" ".join(one.text for one in parts), None):
            yield joined_lines(parts)
        else:
            yield from parts
        parts = []
    yield from parts


def says_when(text: str) -> bool:
    """Return whether a line begins with a sentence about its publication: "This entry was posted in News on ..."."""
    first = labels_in(text[:MAX_LABEL_CHARS])[:1]
    return any(not one.start and one.name == PUBLISHED and text[: one.end].count(" ") >= 2 for one in first)


def stands_alone(line: Line, start: int, end: int) -> bool:
    """Return whether a date without a label is set apart from other words, not a part of a sentence."""
    text = line.text
    head, tail = text[:start], text[end:]
    apart = start in line.edges or SEPARATED.search(head) or BY_FIRST.match(head)
    if not apart or len(head) > MAX_LINE_CHARS:
        return False
    bracketed = tail[:1] in ")]" and not head.strip("([ ")
    if is_sentence(text) and not THEN_TEXT.match(tail) and not bracketed:
        return False
    if is_caption(head):
        return False
    if end in line.edges or THEN_TEXT.match(tail) or not SENTENCE_GOES_ON.match(tail):
        return True
    return any(one.start <= 1 and one.name != OTHER for one in labels_in(tail[:MAX_LABEL_CHARS])[:1])  # of another date


def is_caption(head: str) -> bool:
    """Return whether the words before a date are those of a caption: "Ships in the bay of Osel, 24 April 2023"."""
    return not BY_FIRST.match(head) and len(LOWER_WORD.findall(head)) >= MAX_LOWER_WORDS and "|" not in head


def is_line_below(line: Line) -> bool:
    """Return whether a line has few words beside its date and is no sentence, no label and no cell or item."""
    if len(WORD.findall(line.text)) > MAX_WORDS_BELOW or is_sentence(line.text) or labels_in(line.text):
        return False
    return line.first is None or not any(
        up.tag in CELL_TAGS for up in (line.first, *islice(line.first.iterancestors(), 3))
    )


def is_text(line: Line) -> bool:
    return len(line.text) > PROSE_CHARS / 3 and (len(line.text) > PROSE_CHARS or is_sentence(line.text))


def is_sentence(text: str) -> bool:
    """Return whether a line ends as a sentence does."""
    return SENTENCE_END.fullmatch(text.rstrip()[-4:]) is not None


def is_heading(line: Line) -> bool:
    around = line.first.getparent() if line.first is not None else None
    return around is not None and (line.first.tag in HEADINGS or around.tag in HEADINGS)


def links_elsewhere(page: DeclaredMetadata, line: Line, start: int, end: int, room: int) -> bool:
    """Return whether a date is in a link to another story, with at least `room` characters beside the date."""
    return any(
        s <= start and end <= e and (e - s) - (end - start) >= room and leads_away(a) and not _leads_here(page, a)
        for s, e, a in line.links
    )


def leads_away(a: Any) -> bool:
    """Return whether a link leads to another page. Blogs link the date of a post to the post, or to those of a day."""
    href = (a.get("href") or "").strip("#")
    return bool(href) and "bookmark" not in (a.get("rel") or "") and not DAY_ARCHIVE.search(href)


def _leads_here(page: DeclaredMetadata, a: Any) -> bool:
    own = {jsonld.same_address(page.url), jsonld.same_address(page.canonical)} - {"-", ""}
    return jsonld.same_address(absolute(a.get("href"), page)) in own


def shape_of(element: Any) -> str:
    around = element.getparent() if element is not None else None
    return " ".join(f"{one.tag}.{one.get('class') or ''}" for one in (element, around) if one is not None)


def near_headline(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield the first lines, to the third paragraph."""
    prose = chars = 0
    for number, line in enumerate(lines):
        yield line
        length = len(line.text)
        prose += length > PROSE_CHARS
        chars += length if length > PROSE_CHARS / 2 else 0
        if prose >= MAX_NEAR_PROSE or chars >= MAX_NEAR_CHARS or number >= MAX_NEAR_LINES:
            return
