"""What one WARC file tells of an archive's database: its captures, and where its journal records lie. For a rebuild.

Runs in a worker process: a file of a gigabyte is a minute of inflating and hashing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pipelines.columns import capture_row
from pipelines.journal import number_of
from pipelines.record import capture_of
from pipelines.warcread import walk


class Place(NamedTuple):
    """A journal record."""

    number: int
    offset: int
    length: int


class Told(NamedTuple):
    """A file, read to its end."""

    captures: list[dict[str, Any]]  # columns of `captures`, without whose it is, in the order of the records
    journal: list[Place]
    damaged: list[tuple[int, int, str]]  # offset, length, why


def scan(folder: Path, file: str) -> Told:
    """Read a file below `warc/`. Damage costs what it hits. Raises NotFound."""
    told = Told([], [], [])
    for member in walk(folder / file, on_damage=lambda *damage: told.damaged.append(damage)):
        number = number_of(member.headers)
        if number is not None:
            told.journal.append(Place(number, member.offset, member.length))
            continue
        try:
            capture = capture_of(member, file)
        except ValueError as error:
            told.damaged.append((member.offset, member.length, str(error)))
            continue
        if capture is not None:
            told.captures.append(capture_row(capture))
    return told
