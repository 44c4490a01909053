"""Find bylines by a label in an element of its own ("Author:", "Written by", 作者), by a biography or an attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipelines.extraction.fields.headings import elements_near
from pipelines.extraction.fields.person_names import (
    BY,
    CJK_NAME,
    OTHER_CREDIT,
    has_full_name,
    has_only_names,
    is_latin,
    persons,
    presented,
)
from pipelines.extraction.fields.printed_bylines import (
    AUTHOR_CLASS,
    CAMEL,
    CLASSED_TAGS,
    MAX_BYLINE_CHARS,
    NOT_THE_NAME,
    PrintedByline,
    grouped,
    is_elsewhere,
)
from pipelines.extraction.fields.site_names import SiteNames
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.languages import tables
from pipelines.extraction.page.declared import DeclaredMetadata, element_text, normalized

MAX_LABEL_CHARS = 30
MAX_LABELS = 20  # of a page that are looked at
MAX_PIECES = 12  # after a label
WHY_LABELLED = "follows a label that says who wrote it"

LABEL_TAGS = (
    "span",
    "strong",
    "b",
    "em",
    "i",
    "dt",
    "th",
    "td",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "p",
    "div",
    "label",
    "li",
)
BLOCKS = frozenset(("p", "div", "li", "tr", "dl", "section", "h1", "h2", "h3", "h4", "h5", "h6", "table"))
COLON = re.compile(r"\s*[:：]\s*$")
# Of a whole line with label and names; a plain "by" may stand below a book or a picture.
WHOLE_LINE = re.compile(r"^\W*(?:\w+\s+(?:by|von|par|por|da|door|av|af)\s|[^:：]{2,20}[:：])", re.IGNORECASE)
# A label that needs no colon before a name: "Author", not "Text" or "Analysis".
ALONE = re.compile(
    r"\b(?:by|von|par|por|door|av|af|przez)$|^(?:aut|verfass|作者|撰文|記者|记者|執筆|글쓴이|автор|yazar)",
    re.IGNORECASE,
)
ONLY_JOINT = re.compile(r"(?:[\s,;&/、，|·•-]|and|und|et|y|e|och|og)*")


def labelled(page: DeclaredMetadata) -> Iterator[PrintedByline]:
    """Yield the names that follow a label. A label beside other words, or before anything but names, does not count.

    Those that a biography presents, below a heading such as "About the author", come last.
    """
    seen = 0
    biographies: list[Any] = []
    for element in page.tree.iter(*LABEL_TAGS):
        text = element.text
        if not text or len(text) > MAX_BYLINE_CHARS or not (label := text.strip()):
            continue
        names = None
        if len(label) <= MAX_LABEL_CHARS and (label[-1] in ":：" or ALONE.search(label)):
            names = _after(element) if not len(element) and _is_label(label) else None
        elif len(label) > 6 and WHOLE_LINE.match(label) and BY.match(label) and not OTHER_CREDIT.match(label):
            names = normalized(label)
        if not names:
            if len(label) <= MAX_LABEL_CHARS and label.rstrip(" :：").casefold() in ABOUT:
                biographies.append(element)
            continue
        seen += 1
        if seen > MAX_LABELS:
            return
        found = persons([names])
        if has_full_name(found) and has_only_names(f"by {names}", found) and not is_elsewhere(page, element):
            yield PrintedByline("labelled", [names], WHY_LABELLED)
    found_below = [_presented_below(heading) for heading in biographies[:MAX_LABELS] if not is_elsewhere(page, heading)]
    if names := "\n".join(dict.fromkeys(name for name in found_below if name)):
        yield PrintedByline("labelled", [names], WHY_PRESENTED)


# Of a heading; "about us" presents the site.
ABOUT = frozenset(phrase.casefold() for phrase in tables.phrases("author.heading")) - {"über uns"}
WHY_PRESENTED = "a biography below a heading such as About the author presents this person"
MAX_BIOGRAPHY_PIECES = 3  # below the heading, one of which begins with the name


def _presented_below(heading: Any) -> str | None:
    """Return the name with which the text below a heading begins, if the text presents a person."""
    element = heading
    for _ in range(3):
        following = [
            element.tail or "",
            *(piece for below in islice(element.itersiblings("*"), 4) for piece in _pieces(below)),
        ]
        pieces = [line for piece in following if (line := normalized(piece[:1000]))][:MAX_BIOGRAPHY_PIECES]
        if pieces:
            return next((name for piece in pieces if (name := presented(piece.lstrip(":： ")))), None)
        element = element.getparent()
        if element is None or element.tag in ("body", "article", "main"):
            break
    return None


def _pieces(element: Any) -> Iterator[str]:
    return islice((piece for piece in element.itertext() if piece.strip()), MAX_BIOGRAPHY_PIECES)


def _is_label(text: str) -> bool:
    """Return whether a text is a label of authors and nothing else."""
    words = COLON.sub("", text)
    matched = BY.match(f"{words}: ")
    if not matched or matched.end() < len(words):
        return False
    return words != text or bool(ALONE.search(words))


def _after(label: Any) -> str | None:
    """Return what follows a label up to the next break: the rest of its line, or the next element."""
    element = label
    for _ in range(3):  # "<dt><b>Author</b></dt><dd>Jo Quill</dd>"
        pieces = _rest_of_line(element)
        if pieces:
            return " ".join(pieces) if len(pieces) == 1 else "\n".join(pieces)
        element = element.getparent()
        if element is None or element.tag in ("body", "article", "main") or normalized(element.text or ""):
            break
    return None


def _rest_of_line(label: Any) -> list[str]:
    """Return the texts between an element and the next break. A block counts only if nothing precedes it."""
    pieces = [tail] if (tail := _joint_free(label.tail)) else []
    for element in islice(label.itersiblings("*"), MAX_PIECES):
        block = element.tag in BLOCKS
        if element.tag == "br" or (block and pieces):
            if pieces:
                break
            continue
        items = element.iter("li") if element.tag in ("ul", "ol") else [element]
        texts = [text for item in islice(items, MAX_PIECES) if (text := element_text(item, MAX_BYLINE_CHARS))]
        if sum(map(len, texts)) > MAX_BYLINE_CHARS:
            return []
        pieces += texts
        if (block or element.tag in ("ul", "ol", "dd", "td")) and pieces:
            break
        if tail := _joint_free(element.tail):
            pieces.append(tail)
    return pieces


def _joint_free(text: str | None) -> str | None:
    """Return the text between two elements, None if it only joins them."""
    line = normalized((text or "")[: 2 * MAX_BYLINE_CHARS])
    return None if line is None or ONLY_JOINT.fullmatch(line) else line.lstrip(":： ")


NAMED_ATTRIBUTES = ("id", "data-testid", "data-qa", "data-component", "data-hook", "property")
SET_OF_NAMED_ATTRIBUTES = frozenset(NAMED_ATTRIBUTES)


def by_attribute(page: DeclaredMetadata, site: SiteNames) -> Iterator[PrintedByline]:
    """Yield what attributes other than the class name as the author, such as `id`: for pages without a byline."""
    heading = main_heading(page, site)
    if heading is None:
        return
    near = elements_near(heading.element)
    named = (
        element
        for element in page.tree.iter(*CLASSED_TAGS)
        if not SET_OF_NAMED_ATTRIBUTES.isdisjoint(element.keys())
        and (names := " ".join(element.get(name) or "" for name in NAMED_ATTRIBUTES)[:300])
        and AUTHOR_CLASS.search(names := CAMEL.sub("-", names.replace(":", " ")))
        and not NOT_THE_NAME.search(names)
    )
    for first, lines in grouped(page, named):
        found = persons(lines) if first in near else ()
        if found and all(CJK_NAME.fullmatch(name) or (" " in name and is_latin(name)) for name in found):
            yield PrintedByline("by attribute", lines, "an element with an attribute named author, at the headline")
