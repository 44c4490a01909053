"""Hand rows to pandas, Arrow and polars. Each is an extra: without it, an error says how to install it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from exports.column_types import DAY_NAMES, NUMBER_NAMES, TIME_NAMES, chosen_columns
from exports.extras import load_extra

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Columns: TypeAlias = "str | Sequence[str] | None"  # names of columns; None: all


class Tabular:
    """Offer rows as tables of other libraries.

    `columns` chooses columns and their order: names, or one text with commas; without it, all. The names are those of
    `table_columns`. Raises QueryError for an unknown one.
    """

    __slots__ = ()

    @abstractmethod
    def table_columns(self) -> tuple[str, ...]:
        """Return the names of all columns."""

    @abstractmethod
    def table_rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows, which have at least these columns."""

    def to_pandas(self, columns: Columns = None) -> pandas.DataFrame:
        """Return a DataFrame: times are datetime64 in UTC, days datetime64 without a zone, lists are lists.

        Raises ConfigError if pandas is not installed; QueryError for an unknown column.
        """
        pandas = load_extra("pandas", "pandas")
        table = self._by_column(columns)
        return pandas.DataFrame({name: _series(pandas, name, values) for name, values in table.items()})

    def to_arrow(self, columns: Columns = None) -> pyarrow.Table:
        """Return an Arrow table. Raises ConfigError if pyarrow is not installed; QueryError for an unknown column."""
        arrow = load_extra("pyarrow", "parquet")
        return arrow.table(self._by_column(columns))

    def to_polars(self, columns: Columns = None) -> polars.DataFrame:
        """Return a DataFrame of polars. Raises ConfigError if polars or pyarrow is not installed; QueryError."""
        polars = load_extra("polars", "polars")
        return polars.from_arrow(self.to_arrow(columns))

    def _by_column(self, columns: Columns) -> dict[str, list[Any]]:
        names = chosen_columns(columns, self.table_columns())
        table: dict[str, list[Any]] = {name: [] for name in names}
        for row in self.table_rows(names):
            for name in names:
                table[name].append(row[name])
        return table


def _series(pandas: Any, name: str, values: list[Any]) -> Any:
    """Return a column of a DataFrame with a type that does not depend on the rows that happen to be there."""
    if name in TIME_NAMES:
        return pandas.Series(values, dtype="datetime64[us, UTC]")
    if name in DAY_NAMES:
        return pandas.Series(values, dtype="datetime64[us]")
    kinds = {type(value) for value in values}
    if kinds == {int, type(None)}:
        return pandas.Series(values, dtype="Int64")  # its unknown values are no reason to turn numbers into floats
    if kinds <= {int} and (kinds or name in NUMBER_NAMES):
        return pandas.Series(values, dtype="int64")
    if kinds & {list, dict}:
        return pandas.Series(values, dtype="object")
    return pandas.Series(values, dtype=None if values else "object")
