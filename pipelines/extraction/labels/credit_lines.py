"""Lines at the head or foot of a text that say who published it first, in many languages; and the names in them.

A line counts only as a whole: what stands behind the name must be nothing, a date, leave to print it, or where to read
on. So "The book was originally published by Harrow in 1961 and sold nine copies" is none.
"""

from __future__ import annotations

import re

from pipelines.extraction.labels.agencies import agency, only_agencies
from pipelines.extraction.languages import tables

LONGEST = 320  # characters of such a sentence
LONGEST_LINE = 900  # of the paragraph it stands in; authors are presented beside it
LONGEST_NAME = 60
LONGEST_RAW = 300  # characters in which a name is looked for; its address may stand behind it

NAME = r"(?P<name>[^\n]{2,120}?)"
# What may follow the name: nothing, a date, leave to use it, where to read on. Anything else is a sentence of a story.
END = tables.expand(r"{publisher.end}?[.!:]?(?: {publisher.read-on}[^\n]{0,160})?(?: ?https?://\S{1,200})?\W*")
PATTERNS = tuple(
    tables.compiled(rf"\W*(?:{pattern})", re.IGNORECASE, name=NAME, end=END)
    for pattern in tables.lines("publisher.lines")
)
CUES = tables.phrases("publisher.cues")  # a line without any of these words costs nothing more
# The end of a sentence, not of an abbreviation or a host.
SENTENCE = re.compile(r"(?<=[^\W\d_]{3}[.!?])\s+(?=[^\W\d_a-z])|(?<=[。！？])")
SUBJECT = tables.compiled(r"\W*{publisher.subject}", re.IGNORECASE)
SOURCE = tables.compiled(r"\W*{publisher.source} ?[:：] ?(?P<name>[^\n]{2,60})", re.IGNORECASE)
MARK = re.compile(
    r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?(?:by |the )*([^\W\d][\w. -]{1,40}?)"
    r"(?:\s\d{4}|[,:]\s*\w{2,6}:[\d/-]+.*|\s*\(\w+\)|[.,:]?\s*all rights reserved\b.*|\.)?",
    re.IGNORECASE,
)
SIGNED = re.compile(r"[.!?\"”“»«…]\W{0,3}\(([^()]{2,40})\)\W{0,3}$")  # behind a whole sentence, or it is a caption
# Articles before a name, and words that are in no name of a paper.
ARTICLES = tables.compiled(r"^(?:{publisher.articles}\s+)+|^l['’]", re.IGNORECASE)
NO_NAME = tables.compiled(r"^\d|\b(?:19|20)\d\d\b|^[^\W\d]{3,9}\.? \d|\b{publisher.no-name}\b", re.IGNORECASE)


def stated(line: str) -> str | None:
    """Who published the text first, if a sentence of `line` is nothing but a statement of that.

    A sentence behind others must name its subject: "This article was first published by X".
    """
    lower = line.lower() if len(line) <= LONGEST_LINE else ""
    if not any(cue in lower for cue in CUES):
        return None
    if name := _stated(line):
        return name
    first, *others = SENTENCE.split(line)
    for sentence in (first, *(other for other in others if SUBJECT.match(other))):
        if others and (name := _stated(sentence)):
            return name
    return None


def _stated(sentence: str) -> str | None:
    if len(sentence) > LONGEST:
        return None
    for pattern in PATTERNS:
        if (found := pattern.fullmatch(sentence)) and (name := name_in(found["name"])):
            return name
    return None


def signature(line: str) -> str | None:
    """The agency that a last line is signed with: "(dpa)" after the last sentence, "© AFP", or its name alone."""
    if found := SIGNED.search(line[-60:]):
        return only_agencies(found[1])
    if len(line) > 80:
        return None
    if (found := MARK.fullmatch(line)) and (name := only_agencies(found[1])):
        return name
    return only_agencies(line.strip("()[]{}–—-. "))


def name_in(raw: str) -> str | None:
    """A name as it stands in a sentence -> the name; None if it is none."""
    raw = " ".join(raw[:LONGEST_RAW].split())
    name = re.sub(r" ?[(<\[]https?://[^)>\]]*[)>\]]?", "", raw).strip(" \"'“”„«»‘’:,.;*_()[]")
    name = re.sub(r"^https?://(?:www\.)?|/+$", "", name)
    while (cut := ARTICLES.sub("", name, count=1)) != name and not _is_title(name):
        name = cut
    name = name.strip(" \"'“”„«»‘’:,.;*_")
    if agency(name):
        return agency(name)
    if not 2 <= len(name) <= LONGEST_NAME or len(name.split()) > 7 or NO_NAME.search(name):
        return None
    return name if not name[0].islower() or re.fullmatch(r"[\w-]+(?:\.[\w-]+){1,3}", name) else None


def _is_title(name: str) -> bool:
    """ "The Conversation", "La Stampa": the article belongs to the name."""
    first, _, rest = name.partition(" ")
    return first[:1].isupper() and rest[:1].isupper()


def source(line: str) -> str | None:
    """The name in a line that is nothing but "Source: NAME"; of several names the agency, else the first."""
    if len(line) > 90 or not (found := SOURCE.fullmatch(line)):
        return None
    parts = [part.strip() for part in re.split(r"\s*[,/;|]\s*", found["name"])]
    name = next((wire for part in parts if (wire := agency(part))), None) or name_in(parts[0])
    return name if name and len(name.split()) <= 5 and not re.search(r"[\d:(&]", name) else None
