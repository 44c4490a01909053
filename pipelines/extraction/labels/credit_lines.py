"""Recognise lines that say who published a text first, in many languages, and read the name of the publisher.

A line counts only as a whole: after the name there is nothing, a date, a permission, or where to read on. So "The book
was originally published by Harrow in 1961 and sold nine copies" does not count.
"""

from __future__ import annotations

import re

from pipelines.extraction.labels.agencies import agency, only_agencies
from pipelines.extraction.languages import tables

MAX_SENTENCE_CHARS = 320
MAX_LINE_CHARS = 900  # of the paragraph with such a sentence; authors are presented beside it
MAX_NAME_CHARS = 60
MAX_RAW_CHARS = 300  # in which a name is looked for; its address may come after it
MAX_SIGNATURE_CHARS = 80
MAX_SOURCE_CHARS = 90  # of a line "Source: NAME"

NAME = r"(?P<name>[^\n]{2,120}?)"
# What may follow the name. Anything else belongs to a sentence of a story.
END = tables.expand(r"{publisher.end}?[.!:]?(?: {publisher.read-on}[^\n]{0,160})?(?: ?https?://\S{1,200})?\W*")
PATTERNS = tuple(
    tables.compiled(rf"\W*(?:{pattern})", re.IGNORECASE, name=NAME, end=END)
    for pattern in tables.lines("publisher.lines")
)
CUES = tables.phrases("publisher.cues")  # patterns are tried only on a line with one of these words
SENTENCE_END = re.compile(r"(?<=[^\W\d_]{3}[.!?])\s+(?=[^\W\d_a-z])|(?<=[。！？])")  # not of an abbreviation or a host
SUBJECT = tables.compiled(r"\W*{publisher.subject}", re.IGNORECASE)
SOURCE = tables.compiled(r"\W*{publisher.source} ?[:：] ?(?P<name>[^\n]{2,60})", re.IGNORECASE)
COPYRIGHT_MARK = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?(?:by |the )*([^\W\d][\w. -]{1,40}?)"
    r"(?:\s\d{4}|[,:]\s*\w{2,6}:[\d/-]+.*|\s*\(\w+\)|[.,:]?\s*all rights reserved\b.*|\.)?",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"[.!?\"”“»«…]\W{0,3}\(([^()]{2,40})\)\W{0,3}$")  # after a whole sentence; else it is a caption
ARTICLES = tables.compiled(r"^(?:{publisher.articles}\s+)+|^l['’]", re.IGNORECASE)  # before a name
NEVER_IN_NAMES = tables.compiled(r"^\d|\b(?:19|20)\d\d\b|^[^\W\d]{3,9}\.? \d|\b{publisher.no-name}\b", re.IGNORECASE)


def first_publisher(line: str) -> str | None:
    """Return who published the text first, if one sentence of `line` says that and nothing else.

    A sentence after others must name its subject: "This article was first published by X".
    """
    if len(line) > MAX_LINE_CHARS or not _has_cue(line.lower()):
        return None
    if name := _publisher_in(line):
        return name
    first, *others = SENTENCE_END.split(line)
    for sentence in (first, *(other for other in others if SUBJECT.match(other))):
        if others and (name := _publisher_in(sentence)):
            return name
    return None


def _has_cue(lower: str) -> bool:
    for cue in CUES:  # noqa: SIM110 half of the time of any() over a generator
        if cue in lower:
            return True
    return False


def _publisher_in(sentence: str) -> str | None:
    if len(sentence) > MAX_SENTENCE_CHARS:
        return None
    for pattern in PATTERNS:
        if (found := pattern.fullmatch(sentence)) and (name := publisher_name(found["name"])):
            return name
    return None


def signing_agency(line: str) -> str | None:
    """Return the agency that signs a last line: "(dpa)" after the last sentence, "© AFP", or its name alone."""
    if found := SIGNATURE.search(line[-60:]):
        return only_agencies(found[1])
    if len(line) > MAX_SIGNATURE_CHARS:
        return None
    if (found := COPYRIGHT_MARK.fullmatch(line)) and (name := only_agencies(found[1])):
        return name
    return only_agencies(line.strip("()[]{}–—-. "))


def publisher_name(raw: str) -> str | None:
    """Return a publisher's name as the archive writes it, from its words in a sentence; None if they are no name."""
    raw = " ".join(raw[:MAX_RAW_CHARS].split())
    name = re.sub(r" ?[(<\[]https?://[^)>\]]*[)>\]]?", "", raw).strip(" \"'“”„«»‘’:,.;*_()[]")
    name = re.sub(r"^https?://(?:www\.)?|/+$", "", name)
    while (cut := ARTICLES.sub("", name, count=1)) != name and not _has_article(name):
        name = cut
    name = name.strip(" \"'“”„«»‘’:,.;*_")
    if agency(name):
        return agency(name)
    if not 2 <= len(name) <= MAX_NAME_CHARS or len(name.split()) > 7 or NEVER_IN_NAMES.search(name):
        return None
    return name if not name[0].islower() or re.fullmatch(r"[\w-]+(?:\.[\w-]+){1,3}", name) else None


def _has_article(name: str) -> bool:
    """Return whether the article belongs to the name: "The Conversation", "La Stampa"."""
    first, _, rest = name.partition(" ")
    return first[:1].isupper() and rest[:1].isupper()


def named_source(line: str) -> str | None:
    """Return the name in a line "Source: NAME"; the agency if there are several names, else the first."""
    if len(line) > MAX_SOURCE_CHARS or not (found := SOURCE.fullmatch(line)):
        return None
    parts = [part.strip() for part in re.split(r"\s*[,/;|]\s*", found["name"])]
    name = next((known for part in parts if (known := agency(part))), None) or publisher_name(parts[0])
    return name if name and len(name.split()) <= 5 and not re.search(r"[\d:(&]", name) else None
