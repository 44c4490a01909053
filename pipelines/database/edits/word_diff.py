"""Compare two texts by words, paragraph by paragraph, with difflib. Pure. Long texts are compared more coarsely."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal, NamedTuple

# Chinese, Japanese, Korean: each character is a word, because nothing separates words.
UNSEPARATED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
WORD = re.compile(rf"[{UNSEPARATED}]|[^\s{UNSEPARATED}]+|\n")
MAX_PAIRS = 1_000_000  # pairs of words or lines that difflib may have to compare: about a second

SegmentKind = Literal["same", "removed", "added"]
Opcode = tuple[str, int, int, int, int]


class TextSegment(NamedTuple):
    """Hold a part of a text that two versions share, or that only one of them has."""

    kind: SegmentKind
    text: str


def words(text: str) -> list[str]:
    """Return the words of a text, punctuation included; a line break is a word too."""
    return WORD.findall(text)


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """Return how `old` becomes `new`, as difflib does; if both are long, what differs is one replacement."""
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest = min(len(old), len(new)) - start
    end = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    found: list[Opcode] = [("equal", 0, start, 0, start)] if start else []
    if len(middle_old) * len(middle_new) > MAX_PAIRS:
        found.append(("replace", start, start + len(middle_old), start, start + len(middle_new)))
    else:
        matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
        found += [
            (tag, a + start, b + start, c + start, d + start)
            for tag, a, b, c, d in matcher.get_opcodes()
            if b > a or d > c
        ]
    if end:
        found.append(("equal", len(old) - end, len(old), len(new) - end, len(new)))
    return found


def count_changes(removed: Iterable[str], added: Iterable[str]) -> tuple[int, int]:
    """Return the numbers of words that are added and removed between lines that were removed and lines that came."""
    old, new = list(chain.from_iterable(map(words, removed))), list(chain.from_iterable(map(words, added)))
    if len(old) * len(new) > MAX_PAIRS:
        return (Counter(new) - Counter(old)).total(), (Counter(old) - Counter(new)).total()
    changed = [code for code in opcodes(old, new) if code[0] != "equal"]
    return sum(d - c for _, _, _, c, d in changed), sum(b - a for _, a, b, _, _ in changed)


def paragraphs(old: str, new: str) -> Iterator[list[TextSegment]]:
    """Yield the paragraphs of both texts in order, each as its segments.

    Paragraphs that only one version has are one segment; those that were rewritten are compared by words.
    """
    before, after = old.split("\n"), new.split("\n")
    for tag, a, b, c, d in opcodes(before, after):
        if tag == "equal":
            yield from ([TextSegment("same", line)] for line in after[c:d])
            continue
        paired = min(b - a, d - c)
        for one, other in zip(before[a : a + paired], after[c : c + paired], strict=True):
            yield _by_words(one, other)
        yield from ([TextSegment("removed", line)] for line in before[a + paired : b])
        yield from ([TextSegment("added", line)] for line in after[c + paired : d])


def _by_words(old: str, new: str) -> list[TextSegment]:
    """Return one paragraph that was rewritten."""
    before, after = _with_spaces(old), _with_spaces(new)
    segments: list[TextSegment] = []
    for tag, a, b, c, d in opcodes(before, after):
        if tag == "equal":
            segments.append(TextSegment("same", "".join(after[c:d])))
            continue
        if b > a:
            segments.append(TextSegment("removed", "".join(before[a:b])))
        if d > c:
            segments.append(TextSegment("added", "".join(after[c:d])))
    return segments


def _with_spaces(text: str) -> list[str]:
    """Return the words of a paragraph, each with the white space after it."""
    return re.findall(rf"[{UNSEPARATED}]\s*|[^\s{UNSEPARATED}]+\s*|\s+", text)
