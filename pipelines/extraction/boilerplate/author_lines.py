"""Lines that name or present the author: the byline at the head, the biography at the foot.

Conservative: an article's last paragraph often quotes somebody. A biography begins with the name of a known author or
says "the author"; or it stands below a heading that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.boilerplate.line_matcher import HEAD_LINES
from pipelines.extraction.boilerplate.line_rules import LineRule
from pipelines.extraction.boilerplate.phrases import PhraseSet
from pipelines.extraction.fields.person_names import names_only
from pipelines.extraction.languages import tables

BYLINE = LineRule("byline", "names the authors, whom the article has in a field of its own", edges=True)
BOX = LineRule("author box", "says who the author is", edges=True)

LONGEST_BYLINE = 120
LONGEST_BIOGRAPHY = 900
BELOW = 4  # lines that a heading "About the author" may be followed by
ABOVE = 4  # lines that stand above a biography at least: texts do not begin with one
LAST = 4  # lines at the foot where a biography without a heading may stand

HEADINGS = PhraseSet([("author box", tables.phrases("author.heading"))])

# After the author's name: what somebody is or does, not what somebody said.
PRESENTS = tables.compiled(
    r"(?:['’]s? (?:latest |new |first |next )?(?:book|novel|newsletter|podcast|column)s?"
    r"|(?:,? ?\([^)]{1,40}\)|,[^,.]{1,60},)?\W{1,3}{author.presents})\b",
    re.IGNORECASE,
)
THE_AUTHOR = tables.compiled(r"\W*{author.sentence}", re.IGNORECASE)
GOES_ON = tables.compiled(r"\W*{author.goes-on}\b", re.IGNORECASE)
SPOKEN = re.compile('[“”„«»「」"]')


def of_authors(lines: list[str], authors: tuple[str, ...]) -> Iterator[tuple[int, LineRule]]:
    """(index, rule) of lines at the head that are the byline, and of those at the foot that present the author."""
    names = [name.casefold() for name in authors if " " in name]
    foot = len(lines) - LAST
    box = _below_heading(lines, names)
    for index, line in enumerate(lines):
        near = index < HEAD_LINES or index >= foot
        if near and names and len(line) < LONGEST_BYLINE and names_only(line, authors):
            yield index, BYLINE
        elif index >= ABOVE and (
            index in box or (index >= foot and (_presents(line, names) or (index - 1 in box and _goes_on(line))))
        ):
            box.add(index)
            yield index, BOX


def _below_heading(lines: list[str], names: list[str]) -> set[int]:
    """The heading "About the author" near the foot, and the lines below it if they are few and nobody speaks."""
    for index in range(max(HEAD_LINES + 1, len(lines) - BELOW - 1), len(lines)):
        if HEADINGS.names(lines[index]):
            below = lines[index + 1 :]
            quiet = all(_named(line, names) or not SPOKEN.search(line) for line in below)
            few = all(len(line) < LONGEST_BIOGRAPHY for line in below)
            return set(range(index, len(lines))) if quiet and few else {index}
    return set()


def _presents(line: str, names: list[str]) -> bool:
    if len(line) > LONGEST_BIOGRAPHY:
        return False
    start = line.lstrip("-–—•*| ")
    folded = start.casefold()
    return bool(THE_AUTHOR.match(line)) or any(
        folded.startswith(name) and PRESENTS.match(start, len(name)) for name in names
    )


def _goes_on(line: str) -> bool:
    return len(line) < LONGEST_BIOGRAPHY and bool(GOES_ON.match(line)) and not SPOKEN.search(line)


def _named(line: str, names: list[str]) -> bool:
    folded = line.casefold()
    return any(name in folded for name in names)
