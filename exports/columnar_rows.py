"""Hold rows that a format can read as rows or, in less time, by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from exports import Row

Batch: TypeAlias = dict[str, Sequence[Any]]  # the values of some rows by column, which nothing may change


@dataclass(frozen=True, slots=True)
class ColumnarRows:
    """Offer the same rows in two ways, of which one is used, once."""

    rows: Iterable[Row]
    batches: Callable[[int], Iterator[Batch]]  # of so many rows; only the last has fewer

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)
