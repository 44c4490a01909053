"""Write Apache Parquet: a typed column for each field, compressed with Zstandard (pandas, polars, DuckDB, Spark).

Times that are exact are timestamps in UTC, days are dates, lists are lists of strings. `published` and `modified` stay
text, because they are as precise as the page: a day, or a time with its zone. `found_in` is a JSON object as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, BinaryIO
from urllib.parse import quote

from exports import ExportInfo, Row
from exports.column_types import DAYS, TIMES
from exports.column_types import arrow_schema as schema
from exports.extras import load_extra
from exports.folder_output import FolderOutput
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged

name = "parquet"
media_type = "application/vnd.apache.parquet"
suffix = ".parquet"

GROUP_ROWS = 5000  # of a row group: about 20 MB of text, which is what memory holds
ZSTD_LEVEL = 3  # of 22
DATA_FOLDER = "data"  # of all Parquet files: many readers take every file of a folder for one
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"  # as Hive and its readers call the folder of unknown values

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def column_of(group: Sequence[Row], field: Any) -> Any:
    """Return a column of rows as an Arrow array of the type of `field`. Raises ArchiveDamaged for a wrong time."""
    arrow = load_extra("pyarrow", "parquet")
    values = [row[field.name] for row in group]
    if field.name in (*TIMES, *DAYS):
        try:
            return arrow.array(values, type=arrow.string()).cast(field.type)  # parsed by Arrow, ten times faster
        except arrow.ArrowInvalid as error:
            cure = "`morgue verify` checks the database; `morgue rebuild` makes a new one from the WARC files"
            cause = f"a value of the column {field.name} is no time ({error})"
            raise ArchiveDamaged(f"{DATABASE_NAME}: rows {group[0]['id']} to {group[-1]['id']}", cause, cure) from None
    if field.name == "found_in":
        values = [None if value is None else _encode(value) for value in values]
    return arrow.array(values, type=field.type)


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the rows in groups of GROUP_ROWS; return the number of rows."""
    parquet, shape, count = load_extra("pyarrow.parquet", "parquet"), schema(columns), 0
    arrow = load_extra("pyarrow", "parquet")
    # `out` belongs to the caller: a PythonFile of its own would close it.
    with parquet.ParquetWriter(_Unclosed(out), shape, compression="zstd", compression_level=ZSTD_LEVEL) as writer:
        for group in _groups_of(rows):
            arrays = [column_of(group, field) for field in shape]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=shape), row_group_size=GROUP_ROWS)
            count += len(group)
    return count


def _groups_of(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group


class _Unclosed:
    """Pass bytes on to a file that its writer must not close."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._size = 0

    def write(self, data: Any) -> int:
        self._size += len(data)
        return self._out.write(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._out.flush()

    def close(self) -> None:
        """Leave the file open."""


class Partitioned:
    """Write a folder of Parquet files, divided as Hive does: `data/source=courier/month=2024-03/articles.parquet`."""

    name = name
    media_type = media_type
    suffix = ""

    def __init__(self, groups: tuple[str, ...]) -> None:
        self._groups = groups

    def fill(
        self,
        parts: Iterable[tuple[str, Iterable[Row]]],
        folder: FolderOutput,
        columns: Sequence[str],
        about: ExportInfo,
        *,
        raw: bool = False,
    ) -> dict[str, Any]:
        """Write a file for each group of rows, which come ordered by group.

        The files leave out the columns that the names of their folders have: readers add these.
        """
        kept = [column for column in columns if column not in self._groups]
        schema(kept)  # raises without pyarrow, also if there is no row
        for part, rows in parts:
            for values, group in groupby(rows, partial(_values, self._groups)):
                keys = zip(self._groups, values, strict=True)
                path = [DATA_FOLDER, *([part] if part else []), *(f"{key}={_quoted(value)}" for key, value in keys)]
                with folder.open("/".join([*path, "articles.parquet"])) as out:
                    write(group, out, kept)
        return {"partition": list(self._groups), "order": ", ".join([*self._groups, "id"])}


partitioned = Partitioned


def _values(groups: tuple[str, ...], row: Row) -> tuple[str | None, ...]:
    return tuple((row["published_day"] or "")[:7] or None if key == "month" else row[key] for key in groups)


def _quoted(value: str | None) -> str:
    return NULL_PARTITION if value is None else quote(value, safe="")
