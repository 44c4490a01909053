"""Give each shard of a fleet a range of row numbers of its own, so that a row that moves to another shard keeps its."""

from __future__ import annotations

from typing import NamedTuple

RANGE = 10**10  # numbers of one shard, in each table
MOST_SHARDS = 100_000  # numbers below 2^53, which readers of JSON keep exactly


class NumberRange(NamedTuple):
    """Hold the first and the last row number that a shard gives."""

    first: int
    last: int


def bounds(shard: int) -> NumberRange:
    """Return the numbers that a shard gives. Raises ValueError if no fleet has a shard of that number."""
    if not 0 <= shard < MOST_SHARDS:
        raise ValueError(f"no shard has the number {shard}")
    return NumberRange(shard * RANGE + 1, (shard + 1) * RANGE - 1)


def shard_of_number(number: int) -> int:
    """Return the shard that gave a row its number. The row may be in another one since."""
    return number // RANGE
