"""Leave out the lines that a source prints under many articles: notices of a wall, addresses, calls to subscribe.

They are no evidence of copying. Two stubs of one site may have nothing else in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipelines.clusters.shingles import tokens

MIN_NEIGHBOURS = 3  # other articles of the source that have the line
MIN_OWN_SHARE = 0.1  # of the text, besides such lines; with less, the neighbours are the same article again


def without_furniture(text: str, neighbours: Sequence[str]) -> str:
    """Return a text without the lines that `neighbours`, other articles of its source, have in common with it."""
    if len(neighbours) < MIN_NEIGHBOURS:
        return text
    seen = Counter(line for other in neighbours for line in set(map(_key, other.split("\n"))))
    own = [line for line in text.split("\n") if seen[_key(line)] < MIN_NEIGHBOURS]
    kept = "\n".join(own)
    return kept if len(tokens(kept)) >= MIN_OWN_SHARE * len(tokens(text)) else text


def _key(line: str) -> str:
    return " ".join(line.casefold().split())
