"""Hold the connections to all shards of a fleet, and put a question to each of them.

A function that takes a `Database` answers for an archive or for a whole fleet. One that takes a `sqlite3.Connection`
answers for one archive, or one shard; a fleet is none, so that no question is put to a part of it by mistake.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from os import cpu_count
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

SHARD_BITS = 16  # of a place in a fleet, below the place in the shard
SHARD_MASK = (1 << SHARD_BITS) - 1
MAX_WORKERS = 8  # threads that ask shards at the same time


class FleetDatabase:
    """Hold a connection to each shard that can be read, for one thread."""

    def __init__(self, shards: Sequence[sqlite3.Connection]) -> None:
        self.shards = tuple(shards)

    def part(self, positions: Sequence[int] | None) -> FleetDatabase:
        """Return the shards at some positions, as a fleet of their own; None: all."""
        return self if positions is None else FleetDatabase([self.shards[position] for position in positions])

    def each(self, asked: Iterable[Asked], question: Callable[[Asked], Answer]) -> list[Answer]:
        """Return the answers in order, asked by several threads: SQLite computes without Python's lock.

        Each of `asked` must stand for another shard, because a connection serves one thread at a time.
        """
        return list(_threads().map(question, asked))


Database: TypeAlias = "sqlite3.Connection | FleetDatabase"


def shards_of(db: Database) -> Sequence[sqlite3.Connection]:
    """Return the connections of a fleet; of an archive, its own."""
    return (db,) if isinstance(db, sqlite3.Connection) else db.shards


def answers(db: Database, question: Callable[[sqlite3.Connection], Answer]) -> list[Answer]:
    """Return what each shard answers, in the order of shards."""
    return [question(db)] if isinstance(db, sqlite3.Connection) else db.each(db.shards, question)


def by_shard(db: Database, places: Sequence[int]) -> Iterator[tuple[sqlite3.Connection, dict[int, int]]]:
    """Yield each shard that has some of these places, and by the place in the shard the one that was given."""
    if isinstance(db, sqlite3.Connection):
        yield db, dict(zip(places, places, strict=True))
        return
    of_shards: dict[int, dict[int, int]] = {}
    for place in places:
        of_shards.setdefault(place & SHARD_MASK, {})[place >> SHARD_BITS] = place
    for position, given in of_shards.items():
        yield db.shards[position], given


@cache
def _threads() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # takes milliseconds, which a search of one archive need not pay

    return ThreadPoolExecutor(min(cpu_count() or 1, MAX_WORKERS), "morgue-shards")
