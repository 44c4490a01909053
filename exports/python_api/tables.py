"""Hand rows to pandas, Arrow and polars. Each is an extra: without it, an error says how to install it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exports.column_types import DAY_NAMES, NUMBER_NAMES, TIME_NAMES
from exports.extras import load_extra
from pipelines.core.errors import QueryError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Columns = dict[str, list[Any]]


class Tabular:
    """Offer rows as tables of other libraries. `fields` chooses columns; None: all."""

    __slots__ = ()

    @abstractmethod
    def table_columns(self) -> tuple[str, ...]:
        """Return the names of all columns."""

    @abstractmethod
    def table_rows(self, fields: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows, which have at least the columns `fields`."""

    def to_pandas(self, fields: Sequence[str] | None = None) -> pandas.DataFrame:
        """Return a DataFrame: times are datetime64 in UTC, days datetime64 without a zone, lists are lists.

        Raises ConfigError if pandas is not installed; QueryError for an unknown column.
        """
        pandas = load_extra("pandas", "pandas")
        columns = self._columns(fields)
        return pandas.DataFrame({name: _series(pandas, name, values) for name, values in columns.items()})

    def to_arrow(self, fields: Sequence[str] | None = None) -> pyarrow.Table:
        """Return an Arrow table. Raises ConfigError if pyarrow is not installed; QueryError for an unknown column."""
        arrow = load_extra("pyarrow", "parquet")
        return arrow.table(self._columns(fields))

    def to_polars(self, fields: Sequence[str] | None = None) -> polars.DataFrame:
        """Return a DataFrame of polars. Raises ConfigError if polars or pyarrow is not installed; QueryError."""
        polars = load_extra("polars", "polars")
        return polars.from_arrow(self.to_arrow(fields))

    def _columns(self, fields: Sequence[str] | None) -> Columns:
        names = chosen_columns(fields, self.table_columns())
        columns: Columns = {name: [] for name in names}
        for row in self.table_rows(names):
            for name in names:
                columns[name].append(row[name])
        return columns


def chosen_columns(fields: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are wanted. Raises QueryError for an unknown one, and for none at all."""
    if fields is None:
        return tuple(known)
    names = tuple(dict.fromkeys(part.strip() for part in fields.split(",")) if isinstance(fields, str) else fields)
    for name in names:
        if name not in known:
            from pipelines.core.source_names import near_names  # takes milliseconds, which a search need not pay

            raise QueryError(f"column {name!r}", "there is no such column", near_names(str(name), known, "column"))
    if not names:
        raise QueryError("fields", "name no column", f"columns: {', '.join(known)}")
    return names


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
