"""Hold how many articles match, by the values of one or several keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from exports.column_types import typed
from exports.python_api import notebook_html
from exports.python_api.tables import Tabular
from pipelines.core.plural import counted

CountValue: TypeAlias = "str | None"  # None: the articles that have no value, such as the undated
MAX_COUNTS_SHOWN = 40  # in a notebook
COUNT_COLUMN = "count"


class Counts(Mapping["CountValue | tuple[CountValue, ...]", int], Tabular):
    """Give the number of articles for each value; of several keys, for each tuple of values.

    `counts["2024-01"]`, `counts.items()`, `counts.total`; `to_pandas()` has a column for each key, and `count`.
    """

    def __init__(self, by: tuple[str, ...], numbers: Mapping[tuple[CountValue, ...], int]) -> None:
        self.by = by
        self._numbers = {key if len(by) > 1 else key[0]: number for key, number in numbers.items()}

    @property
    def total(self) -> int:
        """Return the sum of all numbers."""
        return sum(self._numbers.values())

    def top(self, number: int) -> Counts:
        """Return the `number` largest counts, the largest first."""
        best = sorted(self._numbers.items(), key=lambda item: -item[1])[:number]
        return Counts(self.by, {key if isinstance(key, tuple) else (key,): count for key, count in best})

    def __getitem__(self, value: CountValue | tuple[CountValue, ...]) -> int:
        return self._numbers[value]

    def __iter__(self) -> Iterator[CountValue | tuple[CountValue, ...]]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"Counts(by={self.by if len(self.by) > 1 else self.by[0]!r}, {self._numbers!r})"

    def table_columns(self) -> tuple[str, ...]:
        """Return the keys, and `count`."""
        return (*self.by, COUNT_COLUMN)

    def table_rows(self, fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield a row with all columns for each value. A day is a date."""
        for key, number in self._numbers.items():
            values = key if isinstance(key, tuple) else (key,)
            named = {name: typed(name, value) for name, value in zip(self.by, values, strict=True)}
            yield named | {COUNT_COLUMN: number}

    def _repr_html_(self) -> str:
        rows = [[*row.values()] for row in self.table_rows(self.table_columns())]
        shown = rows[:MAX_COUNTS_SHOWN]
        more = f"; {len(shown)} of {counted(len(rows), 'row')} shown" if len(shown) < len(rows) else ""
        return notebook_html.table(self.table_columns(), shown, f"{counted(self.total, 'article')}{more}")
