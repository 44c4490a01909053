"""Find the states that an article went through, from captures filed in any order. Pure: sightings in, states out.

A state is a run of captures with one text. A crawl files captures in order of time. An import files older ones: they
may add a state before the known ones, move the beginning of a state, or split one in two. The result is the same as if
all captures had been filed in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Sighting(NamedTuple):
    """Hold a capture in which an article was read."""

    time: str  # `captures.time`: to the microsecond, UTC
    record_id: str  # decides on the order of two captures at one time
    capture_id: int
    revision_id: int | None  # the state under which it is filed; None: it is being filed now
    digest: str  # text_digest of that state


class RevisionState(NamedTuple):
    """Hold one state. Its index in the list of states is its number minus one."""

    first: Sighting  # the first capture in which it was seen
    revision_id: int | None  # its row; None: it needs a new one
    like: int | None  # for a new row: the row with the same text; None: the reading that is being filed
    captures: tuple[int, ...]  # all of its sightings, in order


def states(sightings: Iterable[Sighting]) -> list[RevisionState]:
    """Return the states of an article in order of time. Neighbours differ in their text.

    Exception: two neighbouring rows may have the same text after a newer extractor read them. They stay two rows,
    because each has its own earlier readings.
    """
    runs: list[list[Sighting]] = []
    row: int | None = None  # of the last run, once a sighting in it has a row
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
