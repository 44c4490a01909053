"""Match lines that name or present the author: the byline at the head, the biography at the foot.

Conservative, because the last paragraph of an article often quotes a person. A biography begins with the name of a
known author or says "the author", or it is below a heading such as "About the author".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from pipelines.extraction.boilerplate.line_matcher import HEAD_LINES
from pipelines.extraction.boilerplate.line_rules import LineRule
from pipelines.extraction.boilerplate.phrases import PhraseSet
from pipelines.extraction.fields.person_names import (
    BY,
    has_full_name,
    has_only_names,
    is_signed_by_agency,
    names_only_a_role,
)
from pipelines.extraction.languages import tables

BYLINE = LineRule("byline", "names the authors, whom the article has in a field of its own", edges=True)
AUTHOR_BOX = LineRule("author box", "says who the author is", edges=True)

MAX_BYLINE_CHARS = 120
MAX_BIOGRAPHY_CHARS = 900
MAX_LINES_BELOW_HEADING = 4  # of a biography below a heading
MIN_LINES_ABOVE = 4  # a biography: no text begins with one
JOB_CHARS = 100  # behind the name, in which a biography says what its author is
FOOT_LINES = 4  # at the end of a text, where a biography without a heading may be

HEADINGS = PhraseSet([("author box", tables.phrases("author.heading"))])
# After the author's name: what the author is or does, not what the author said.
PREDICATE = tables.compiled(
    r"(?:['’]s? (?:latest |new |first |next )?(?:book|novel|newsletter|podcast|column)s?"
    r"|(?:,? ?\([^)]{1,40}\)|,[^,.]{1,60},)?\W{1,3}{author.presents})\b",
    re.IGNORECASE,
)
AUTHOR_SENTENCE = tables.compiled(r"\W*{author.sentence}", re.IGNORECASE)
# What writers are. A line that says so of an author is a biography wherever it is in the text.
WRITER = tables.compiled(r"\b{topic.writer}", re.IGNORECASE)
CONTINUATION = tables.compiled(r"\W*{author.goes-on}\b", re.IGNORECASE)
WORD = re.compile(r"\w+")
QUOTATION_MARK = re.compile('[“”„«»「」"]')


def author_lines(lines: list[str], authors: tuple[str, ...]) -> Iterator[tuple[int, LineRule]]:
    """Yield (index, rule) of the lines that are the byline or present one of `authors`, in order."""
    names = [name.casefold() for name in authors if " " in name]
    foot = len(lines) - FOOT_LINES
    box = _below_heading(lines, names)
    endings = {word[-3:] for name in authors for word in WORD.findall(name.casefold())[-1:]}
    biographies = {index for index, line in enumerate(lines) if _is_biography(line, names)} if names else set()
    for index, line in enumerate(lines):
        at_edge = index < HEAD_LINES or index >= foot
        if at_edge and len(line) < MAX_BYLINE_CHARS and _is_byline(line, authors, endings):
            yield index, BYLINE
        elif index >= MIN_LINES_ABOVE and (
            index in box
            or (index >= foot and (_presents_author(line, names) or (index - 1 in box and _continues(line))))
            or index in biographies
            or (index + 1 in biographies and HEADINGS.rules_of(line))
        ):
            box.add(index)
            yield index, AUTHOR_BOX


def _is_byline(line: str, authors: tuple[str, ...], endings: set[str]) -> bool:
    """Return whether `line` names the authors, or a role alone, and nothing else.

    `endings`: the last letters of each name, which are in a line that names one. Names of one Latin word stand in
    prose, too.
    """
    if names_only_a_role(line):
        return True
    folded = unescape(line).casefold()
    if not any(ending in folded for ending in endings):
        return False
    is_sure = has_full_name(authors) or BY.match(line) or is_signed_by_agency(line)
    return bool(is_sure) and has_only_names(line, authors)


def _below_heading(lines: list[str], names: list[str]) -> set[int]:
    """Return the index of a heading "About the author" near the foot, and of a few lines below it without speech."""
    for index in range(max(HEAD_LINES + 1, len(lines) - MAX_LINES_BELOW_HEADING - 1), len(lines)):
        if HEADINGS.rules_of(lines[index]):
            below = lines[index + 1 :]
            quiet = all(_has_name(line, names) or not QUOTATION_MARK.search(line) for line in below)
            short = all(len(line) < MAX_BIOGRAPHY_CHARS for line in below)
            return set(range(index, len(lines))) if quiet and short else {index}
    return set()


def _presents_author(line: str, names: list[str]) -> bool:
    if len(line) > MAX_BIOGRAPHY_CHARS:
        return False
    start = line.lstrip("-–—•*| ")
    folded = start.casefold()
    return bool(AUTHOR_SENTENCE.match(line)) or any(
        folded.startswith(name) and PREDICATE.match(start, len(name)) for name in names
    )


def _is_biography(line: str, names: list[str]) -> bool:
    """Return whether `line` begins with the name of an author and says that this is a writer."""
    start = line[: MAX_BYLINE_CHARS + JOB_CHARS].lstrip("-–—•*| ")
    name = next((name for name in names if start[: len(name)].casefold() == name), None)
    return (
        name is not None
        and WRITER.search(start, len(name), len(name) + JOB_CHARS) is not None
        and not QUOTATION_MARK.search(line)
        and _presents_author(line, names)
    )


def _continues(line: str) -> bool:
    """Return whether `line` may continue a biography."""
    return len(line) < MAX_BIOGRAPHY_CHARS and bool(CONTINUATION.match(line)) and not QUOTATION_MARK.search(line)


def _has_name(line: str, names: list[str]) -> bool:
    folded = line.casefold()
    return any(name in folded for name in names)
