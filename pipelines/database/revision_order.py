"""Which states an article went through, from captures that came in any order. Pure: sightings in, states out.

A state is a run of captures with one text. Captures of a crawl come in order of time, and each is the newest; an import
brings older ones, which begin a state before those that are known, move the beginning of one, or part one in two. The
states are those that the same captures give when they come in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Sighting(NamedTuple):
    """A capture in which an article was read."""

    time: str  # of the capture, as `captures` has it: to the microsecond, UTC
    record_id: str  # of two captures at one time, the order in which they count
    capture_id: int
    revision_id: int | None  # the state that it is filed under; None: the one that is being filed
    digest: str  # text_digest of that state


class RevisionState(NamedTuple):
    """One state: its place in the list of states is its number, less one."""

    first: Sighting  # the first capture in which it was seen
    revision_id: int | None  # the row that it has already; None: it needs one
    like: int | None  # where it needs one: the row of the same text; None: what was read just now
    captures: tuple[int, ...]  # all of its sightings, in order


def states(sightings: Iterable[Sighting]) -> list[RevisionState]:
    """The states of an article in order of time, neighbours of different text.

    Two rows that stand side by side with one text (an extractor may have brought them together) stay two: each has a
    past of its own.
    """
    runs: list[list[Sighting]] = []
    row: int | None = None  # of the last run, once one of its sightings names it
    for sighting in sorted(sightings):
        one = sighting.revision_id
        if not runs or runs[-1][-1].digest != sighting.digest or not (row is None or one is None or one == row):
            runs.append([])
            row = None
        runs[-1].append(sighting)
        row = row if one is None else one
    found: list[RevisionState] = []
    taken: set[int] = set()
    for run in runs:
        named = next((sighting.revision_id for sighting in run if sighting.revision_id is not None), None)
        new = named is None or named in taken
        found.append(
            RevisionState(run[0], None if new else named, named if new else None, tuple(one.capture_id for one in run))
        )
        taken.update(() if named is None else (named,))
    return found
