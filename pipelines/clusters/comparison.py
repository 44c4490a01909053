"""Compare two texts exactly: which passages they share, and what stands at the places where they differ.

The cost is linear in the length of both texts, unlike difflib's: a table of shingles finds passages, which are extended
word by word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterator
from itertools import filterfalse, pairwise
from typing import NamedTuple

from pipelines.clusters.shingles import shingle_length, shingles, tokens

MAX_SLOT_TOKENS = 12  # between two shared passages; a longer gap is a cut or an addition, not a filled-in place
STRIDE_TOKENS = 32  # by which a passage is extended at once, as long as both texts go on alike
NUMBER = re.compile(r"\d\S*")  # a token with a digit, from the first one on
RUN = re.compile(b"\x01+")  # of shingles that are in the other text, too


class SharedPassage(NamedTuple):
    """Hold the place and length of a passage in both texts, in tokens."""

    here: int
    there: int
    length: int


class TextComparison(NamedTuple):
    """Hold what two texts share."""

    words: int  # tokens of the first text
    other_words: int
    kept: float  # share of the first text's tokens that are in passages of the second
    other_kept: float  # share of the second text's tokens that are in passages of the first
    shared: int  # tokens of the first text in shared passages
    lead: int  # tokens of the first text before its first shared passage; all of them if there is none
    other_lead: int  # the same of the second text
    passages: int
    slots: int  # short places between two passages where the texts have different words
    number_slots: int  # those where both have numbers, and not the same
    numbers: int  # tokens with a digit within shared passages


def comparison(text: str, other: str) -> TextComparison:
    """Return what two texts share."""
    return token_comparison(tokens(text), tokens(other))


def token_comparison(here: tuple[str, ...], there: tuple[str, ...]) -> TextComparison:
    """Return what two texts share, as `tokens` gives them."""
    length = min(shingle_length(here), shingle_length(there))
    mine, theirs = shingles(here, length), shingles(there, length)
    passages = list(_passages(here, there, mine, theirs, length))
    slots, number_slots = _slots(here, there, passages)
    shared = sum(one.length for one in passages)
    return TextComparison(
        words=len(here),
        other_words=len(there),
        kept=shared / len(here) if here else 0.0,
        other_kept=_covered(_found(theirs, set(mine)), length) / len(there) if there else 0.0,
        shared=shared,
        lead=min((one.here for one in passages), default=len(here)),
        other_lead=min((one.there for one in passages), default=len(there)),
        passages=len(passages),
        slots=slots,
        number_slots=number_slots,
        numbers=sum(_numbers(here[one.here : one.here + one.length]) for one in passages),
    )


def _passages(
    here: tuple[str, ...],
    there: tuple[str, ...],
    mine: tuple[bytes, ...],
    theirs: tuple[bytes, ...],
    length: int,
) -> Iterator[SharedPassage]:
    """Yield the shared passages in the order of the first text; where a shingle recurs, the next in order counts."""
    last = dict(zip(theirs, range(len(theirs)), strict=True))
    recurring = _recurring(theirs, last) if len(last) < len(theirs) else {}
    common = _found(mine, last)
    at, expected = common.find(1), 0
    while at >= 0:
        start, places = last[mine[at]], recurring.get(mine[at])
        if places is not None and expected <= start:
            start = places[bisect_left(places, expected)]
        size, stride = length, STRIDE_TOKENS
        while stride:
            following = here[at + size : at + size + stride]
            if len(following) == stride and following == there[start + size : start + size + stride]:
                size += stride
            else:
                stride //= 2
        yield SharedPassage(at, start, size)
        at, expected = common.find(1, at + size), start + size


def _recurring(units: tuple[bytes, ...], last: dict[bytes, int]) -> dict[bytes, list[int]]:
    """Return all places of the shingles that occur more than once. `last`: the last place of each."""
    places: dict[bytes, list[int]] = {}
    for place in [place for place, shingle in enumerate(units) if last[shingle] != place]:
        places.setdefault(units[place], []).append(place)
    for shingle, found in places.items():
        found.append(last[shingle])
    return places


def _found(units: tuple[bytes, ...], known: Container[bytes]) -> bytes:
    """Return a byte for each shingle: 1 if the other text has it, too, else 0."""
    return bytes(map(known.__contains__, units))


def _covered(found: bytes, length: int) -> int:
    """Return the number of tokens of a text that lie in a shingle of the other. `found`: see `_found`."""
    end = count = 0
    for run in RUN.finditer(found):
        after = run.end() + length - 1
        count += after - max(run.start(), end)
        end = after
    return count


def _slots(here: tuple[str, ...], there: tuple[str, ...], passages: list[SharedPassage]) -> tuple[int, int]:
    """Return how many short places between neighbouring passages are filled differently, and how many by numbers."""
    slots = numbers = 0
    for one, following in pairwise(passages):
        if following.there < one.there:
            continue  # the passages are in another order
        mine = here[one.here + one.length : following.here]
        theirs = there[one.there + one.length : following.there]
        if not (0 < len(mine) <= MAX_SLOT_TOKENS and 0 < len(theirs) <= MAX_SLOT_TOKENS):
            continue
        slots += 1
        figures, others = (list(filter(NUMBER.search, side)) for side in (mine, theirs))
        numbers += bool(figures) and bool(others) and figures != others
    return slots, numbers


def _numbers(units: tuple[str, ...]) -> int:
    """Return how many tokens have a digit."""
    return len(NUMBER.findall(" ".join(filterfalse(str.isalpha, units))))
