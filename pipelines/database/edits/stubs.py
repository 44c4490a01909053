"""Recognise a stub: what a wall leaves of an article, its beginning and a notice, or the notice alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from os.path import commonprefix
from typing import NamedTuple

from pipelines.database.edits.change_detection import comparable

MAX_KEPT_SHARE = 0.5  # of the known text that a stub has
MAX_SHOWN_SHARE = 0.8  # length to the known text, with a notice that asks for something; MAX_KEPT_SHARE with any other
MAX_NOTICE_CHARS = 300  # of what a stub has and the known text has not
MIN_CUT_CHARS = 20  # that a line shares with the beginning of a known one, to be that line, cut off
MAX_SKIPPED_LINES = 2  # of the known text that a stub may leave out before each line, such as a summary


class Stub(NamedTuple):
    """Hold what a stub shows."""

    has_beginning: bool  # of the known text
    notice: str  # the words that are not the article's, without case; empty if the text is only cut off
    sells: bool  # the notice has a word of a wall: of subscribing, of logging in, of reading on elsewhere
    calls: bool  # it has a line that a wall prints, or asks to read on; such a word alone may be of the story: "member"
    needs_browser: bool  # it asks for JavaScript, or to switch something off


def stub_of(text: str, known: str) -> Stub | None:
    """Return the stub that a text is of the known one; None if it is no stub. `known`: "" if there is none."""
    share = len(text) / len(known) if known else 0.0
    if share >= MAX_SHOWN_SHARE:
        return None
    before, at, kept, notice, chars = lines_of(known), 0, 0, [], -1
    for line in _lines(text):
        near = range(at, min(at + MAX_SKIPPED_LINES + 1, len(before)))
        shared, found = max(((_shared(line, before[n]), -n) for n in near), default=(0, 0))
        if shared:
            # Nothing follows a line that is cut off.
            at, kept = -found + 1 if shared == len(before[-found]) else len(before), kept + shared
        if rest := line[shared:].strip():
            notice.append(rest)
            chars += len(rest) + 1
            if chars > MAX_NOTICE_CHARS:  # most pages that are no stub end here, at their first lines
                return None
    others = "\n".join(notice)
    if known and kept >= MAX_KEPT_SHARE * len(known):
        return None
    words, reads_on, walls, browser = _words()
    calls = reads_on.search(others) is not None or any(walls.fullmatch(one) for one in notice)
    sells, needs_browser = calls or words.search(others) is not None, browser.search(others) is not None
    if share >= MAX_KEPT_SHARE and not (sells or needs_browser):
        return None
    return Stub(kept > 0, others, sells, calls, needs_browser)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as they are compared: without case, and typesetting that varies."""
    return list(_lines(text))


def _lines(text: str) -> Iterator[str]:
    return (line for raw in text.split("\n") if (line := comparable(raw).casefold()))


def _shared(line: str, known: str) -> int:
    """Return the number of characters at which a line begins as a known one; 0 if it is another line."""
    number = len(commonprefix((line, known)))  # noqa: RUF071 these are no paths
    return number if number >= min(MIN_CUT_CHARS, len(line), len(known)) else 0


@cache
def _words() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of words that sell, of a call to read on, of a wall's whole line, and of a browser's lack."""
    from pipelines.extraction.languages.tables import compiled  # few texts need them

    begins = r"(?<![a-z\u00df-\u052f])"  # no word begins in another; scripts without spaces have no such letters
    return (
        compiled(rf"{begins}{{paywall.sells}}"),
        compiled(rf"{begins}{{paywall.read-on}}"),
        compiled(r"\W*{paywall.lines}", re.IGNORECASE),
        compiled(rf"{begins}{{stand-in.browser}}"),
    )
