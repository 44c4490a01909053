"""Hold how many articles match, by the values of one or several keys, for one query or several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from exports.column_types import typed
from exports.python_api import notebook_html
from exports.python_api.tables import Tabular
from pipelines.core.plural import counted
from pipelines.database.search.periods import PERIODS

if TYPE_CHECKING:
    from pipelines.database.search.attention import Attention

CountValue: TypeAlias = "str | None"  # None: the articles that have no value, such as the undated
MAX_COUNTS_SHOWN = 40  # in a notebook
COUNT_COLUMN = "count"


class Counts(Mapping["CountValue | tuple[CountValue, ...]", int], Tabular):
    """Give the number of articles for each value; of several keys, for each tuple of values.

    It is a mapping: `counts["2024-01"]`. `to_pandas()` has a column for each key, and `count`.
    """

    def __init__(self, by: tuple[str, ...], numbers: Mapping[tuple[CountValue, ...], int]) -> None:
        self.by = by
        self._numbers = {key if len(by) > 1 else key[0]: number for key, number in numbers.items()}

    @property
    def total(self) -> int:
        """Return the sum of all numbers. An article counts once for each of its authors, and for each of its tags."""
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

    def table_rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield a row with all columns for each value. A day is a date."""
        for key, number in self._numbers.items():
            values = key if isinstance(key, tuple) else (key,)
            named = {name: typed(name, value) for name, value in zip(self.by, values, strict=True)}
            yield named | {COUNT_COLUMN: number}

    def _repr_html_(self) -> str:
        return _html(self, f"sum: {self.total:,}")


class AttentionTable(Tabular):
    """Hold how many articles each of several queries finds: a row for each period, source, ... and query.

    A row has the keys, `query`, `count`, `articles` (all that pass the filters), `share` (None if there are none), and
    over time `partial` (the archive covers only a part of the period). Without a query: keys, `articles`, `partial`.
    `attention` has totals, and what the rows leave out.
    """

    def __init__(self, attention: Attention) -> None:
        self.attention = attention

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return self.table_rows(self.table_columns())

    def __len__(self) -> int:
        return len(self.attention.rows) * max(1, len(self.attention.queries))

    def __repr__(self) -> str:
        found = self.attention
        return f"AttentionTable(queries={found.queries!r}, by={found.by!r}, {counted(len(self), 'row')})"

    def table_columns(self) -> tuple[str, ...]:
        """Return the keys, and the names of the numbers."""
        return self.attention.columns()

    def table_rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows, with all columns. A day is a date."""
        for row in self.attention.long_rows():
            yield {name: typed(name, row[name]) for name in self.table_columns()}

    def _repr_html_(self) -> str:
        return _html(self, counted(self.attention.articles, "article"))


def _html(table: Counts | AttentionTable, caption: str) -> str:
    """Return the first rows as an HTML table."""
    columns, number = table.table_columns(), len(table)
    shown = [
        [_cell(name, row[name]) for name in columns] for row in islice(table.table_rows(columns), MAX_COUNTS_SHOWN)
    ]
    more = f"; {len(shown)} of {counted(number, 'row')} shown" if len(shown) < number else ""
    return notebook_html.table(columns, shown, caption + more)


def _cell(name: str, value: object) -> object:
    """Return a value as a notebook shows it."""
    if value is None and name in PERIODS:
        return "undated"
    return f"{value:.1%}" if isinstance(value, float) else value
