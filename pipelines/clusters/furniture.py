"""Leave out the lines that a source prints under many articles: notices of a wall, addresses, calls to subscribe.

They are no evidence of copying. Two stubs of one site may have nothing else in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipelines.clusters.shingles import tokens

MIN_NEIGHBOURS = 3  # other articles of the source that have the line
MIN_OWN_SHARE = 0.1  # of the text, besides such lines; with less, the neighbours are the same article again


class LineCounts:
    """Count in how many of some texts each line is, whatever its case and spaces."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._keys: dict[str, str] = {}  # of each line as written: near texts have most of them in common
        self.texts: Counter[str] = Counter()
        for text in texts:
            self.texts.update(set(map(self.key, text.split("\n"))))

    def key(self, line: str) -> str:
        """Return what is the same in all spellings of a line."""
        key = self._keys.get(line)
        if key is None:
            key = self._keys[line] = " ".join(line.casefold().split())
        return key


def without_furniture(text: str, counts: LineCounts) -> str:
    """Return a text without the lines that are in MIN_NEIGHBOURS others of those that were counted with it."""
    lines = text.split("\n")
    own = [line for line in lines if counts.texts[counts.key(line)] <= MIN_NEIGHBOURS]
    if len(own) == len(lines):
        return text
    kept = "\n".join(own)
    words = len(tokens(kept))
    # No text has more words than characters: those of the whole text are counted only if that is not enough.
    is_enough = words >= MIN_OWN_SHARE * len(text) or words >= MIN_OWN_SHARE * len(tokens(text))
    return kept if is_enough else text
