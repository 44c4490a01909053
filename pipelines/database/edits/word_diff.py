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
MAX_PARAGRAPH_PAIRS = 2_500  # of paragraphs whose likeness is compared, to tell which became which
ALIKE = 0.3  # share of the words that two paragraphs have in common, from which on one is taken for the other rewritten
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

    Paragraphs that only one version has are one segment; those that were rewritten (ALIKE) are compared by words.
    """
    before, after = old.split("\n"), new.split("\n")
    for tag, a, b, c, d in opcodes(before, after):
        if tag == "equal":
            yield from ([TextSegment("same", line)] for line in after[c:d])
            continue
        yield from _rewritten(before[a:b], after[c:d])


def _rewritten(before: Sequence[str], after: Sequence[str]) -> Iterator[list[TextSegment]]:
    """Yield paragraphs of which none is in both versions: those that are alike by words, others as removed or added.

    Where as many went as came, each is taken for one of the others rewritten.
    """
    at_old = at_new = 0
    for old, new in (*_alike(before, after), (len(before), len(after))):
        went, came = before[at_old:old], after[at_new:new]
        if len(went) == len(came):
            yield from map(by_words, went, came)
        else:
            yield from ([TextSegment("removed", line)] for line in went)
            yield from ([TextSegment("added", line)] for line in came)
        if old < len(before):
            yield by_words(before[old], after[new])
        at_old, at_new = old + 1, new + 1


def _alike(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of paragraphs that were rewritten, in order, so that most of all words are kept.

    Of very many paragraphs, those in the same place are taken for each other.
    """
    if len(before) * len(after) > MAX_PARAGRAPH_PAIRS:
        return [(at, at) for at in range(min(len(before), len(after)))]
    old, new = ([Counter(words(line)) for line in lines] for lines in (before, after))
    kept = [[_likeness(one, other) for other in new] for one in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]  # for the paragraphs from here on
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], kept[i][j] + best[i + 1][j + 1])
    found, i, j = [], 0, 0
    while i < len(old) and j < len(new):
        if kept[i][j] and best[i][j] == kept[i][j] + best[i + 1][j + 1]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return how many words two paragraphs have in common; 0 if they are not alike."""
    common = (one & other).total()
    return common if common >= ALIKE * max(one.total(), other.total(), 1) else 0


def by_words(old: str, new: str) -> list[TextSegment]:
    """Return a line that was rewritten, such as a paragraph or a headline."""
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
