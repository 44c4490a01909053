"""Find the words beside a date that say what it is the date of: "Published", "Aktualisiert", 公開日."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.extraction.languages import tables

PUBLISHED, UPDATED, OTHER, NO_LABEL = "published", "updated", "other", ""
UNSURE = "unsure"  # in the place of a label: beside other words or another date


class Label(NamedTuple):
    """Hold a word of a line that says what the date beside it is."""

    start: int
    end: int
    name: str  # PUBLISHED, UPDATED or OTHER


def _labels_by_first_word() -> dict[str, list[tuple[str, str]]]:
    """Return the labels of scripts with spaces by their first word: (label, name), the longest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in (PUBLISHED, UPDATED, OTHER):
        for phrase in tables.phrases(f"date.{name}"):
            if word := WORD.match(phrase):
                found.setdefault(word[0], []).append((phrase, name))
    return {word: sorted(labels, key=lambda label: -len(label[0])) for word, labels in found.items()}


WORD = re.compile(r"[^\W\d_\u3040-\U0010ffff][^\d\s:,.;|()\u3040-\U0010ffff]*")
CJK = re.compile("[\u3040-\U0010ffff]")
LABELS = _labels_by_first_word()
CJK_LABEL = re.compile(
    "|".join(
        f"(?P<{name}>"
        + "|".join(sorted((one for one in tables.phrases(f"date.{name}") if CJK.match(one)), key=len, reverse=True))
        + ")"
        for name in (OTHER, UPDATED, PUBLISHED)
    )
)


def labels_in(text: str) -> list[Label]:
    """Return the labels in a line, in its order."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower()
    found: list[Label] = []
    for word in WORD.finditer(folded):
        for phrase, name in LABELS.get(word[0], ()):
            end = word.start() + len(phrase)
            if folded.startswith(phrase, word.start()) and not folded[end : end + 1].isalpha():
                if not (found and found[-1].end > word.start()):
                    found.append(Label(word.start(), end, name))
                break
    if CJK.search(text):
        found += [Label(one.start(), one.end(), one.lastgroup or OTHER) for one in CJK_LABEL.finditer(text)]
        found.sort()
    return found
