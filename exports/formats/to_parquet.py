"""Write Apache Parquet: a typed column for each field, compressed with Zstandard (pandas, polars, DuckDB, Spark).

Times that are exact are timestamps in UTC, days are dates, lists are lists of strings. `published` and `modified` stay
text, because they are as precise as the page: a day, or a time with its zone. `found_in` is a JSON object as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any, BinaryIO
from urllib.parse import quote

from exports import Content, Row
from exports.column_types import DAY_NAMES, TIME_NAMES
from exports.column_types import arrow_schema as schema
from exports.columnar_rows import Batch, ColumnarRows
from exports.extras import load_extra
from exports.folder_output import FolderOutput
from exports.formats.to_jsonl import fast_line_bytes
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, ConfigError

name = "parquet"
media_type = "application/vnd.apache.parquet"
suffix = ".parquet"
reads = ()
compressed = True

GROUP_ROWS = 5000  # of a row group: about 20 MB of text, which is what memory holds
BATCH_ROWS = 250  # converted at once: few enough to be in the processor's cache still
ZSTD_LEVEL = 3  # of 22
DATA_FOLDER = "data"  # of all Parquet files: many readers take every file of a folder for one
FILE_NAME = "articles.parquet"  # in each folder of a partition
# Folders of unknown values; no source can have such a name. Hive's own stands for null, which pandas cannot read.
UNKNOWN = {"month": "undated", "source": "_unknown"}


def column_of(arrow: Any, values: Sequence[Any], field: Any) -> Any:
    """Return the values of a column as an array of the type of `field`; `arrow` is the module pyarrow.

    Raises ArchiveDamaged for a text that is no time.
    """
    # Many columns of an archive are empty: Arrow need not look at each value.
    if values[0] is None and values.count(None) == len(values):
        return arrow.nulls(len(values), field.type)
    if values[0] == [] and not any(values) and None not in values:
        no_places = arrow.array([0] * (len(values) + 1), type=arrow.int32())
        return arrow.ListArray.from_arrays(no_places, arrow.array([], type=arrow.string()), type=field.type)
    if field.name in TIME_NAMES or field.name in DAY_NAMES:
        try:
            return arrow.array(values, type=arrow.string()).cast(field.type)  # parsed by Arrow, ten times faster
        except arrow.ArrowInvalid as error:
            cure = "`morgue verify` checks the database; `morgue rebuild` makes a new one from the WARC files"
            cause = f"a value of the column {field.name} is no time ({error})"
            raise ArchiveDamaged(f"{DATABASE_NAME}: articles", cause, cure) from None
    if field.name == "found_in":
        encode = fast_line_bytes()
        values = [None if value is None else encode(value) for value in values]
    return arrow.array(values, type=field.type)


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the rows in groups of GROUP_ROWS; return the number of rows."""
    parquet, shape, count = load_extra("pyarrow.parquet", "parquet"), schema(columns), 0
    arrow = load_extra("pyarrow", "parquet")
    # `out` belongs to the caller: a PythonFile of its own would close it.
    with parquet.ParquetWriter(_Unclosed(out), shape, compression="zstd", compression_level=ZSTD_LEVEL) as writer:
        batches: list[Any] = []
        for batch in rows.batches(BATCH_ROWS) if isinstance(rows, ColumnarRows) else _batches_of(rows, columns):
            arrays = [column_of(arrow, batch[field.name], field) for field in shape]
            batches.append(arrow.RecordBatch.from_arrays(arrays, schema=shape))
            count += len(arrays[0])
            if count % GROUP_ROWS == 0:
                writer.write_table(arrow.Table.from_batches(batches), row_group_size=GROUP_ROWS)
                batches.clear()
        if batches:
            writer.write_table(arrow.Table.from_batches(batches), row_group_size=GROUP_ROWS)
    return count


def _batches_of(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Batch]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH_ROWS)):
        yield {name: [row[name] for row in batch] for name in columns}


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
    reads = ("source", "published_day")

    def __init__(self, groups: tuple[str, ...]) -> None:
        self._groups = groups

    def fill(self, content: Content, folder: FolderOutput) -> dict[str, Any]:
        """Write a file for each group of rows, which come ordered by group.

        The files leave out the columns that the names of their folders have: readers add these. Without a row, there
        is one file, which has all columns. Raises ConfigError if no other column is wanted, or without pyarrow.
        """
        kept = [column for column in content.columns if column not in self._groups]
        if not kept:
            cause = "leaves no column for the files, because --partition puts it into the names of folders"
            raise ConfigError(f"--fields {','.join(content.columns)}", cause, "name another column, too")
        for part, rows in content.parts:
            place, files = [DATA_FOLDER, *([part] if part else [])], 0
            for values, group in groupby(rows, partial(_values, self._groups)):
                keys = zip(self._groups, values, strict=True)
                path = [*place, *(f"{key}={quote(value or UNKNOWN[key], safe='')}" for key, value in keys)]
                with folder.open("/".join([*path, FILE_NAME])) as out:
                    write(group, out, kept)
                files += 1
            if not files:
                with folder.open("/".join([*place, FILE_NAME])) as out:
                    write((), out, content.columns)
        return {"partition": list(self._groups), "order": ", ".join([*self._groups, "id"])}


partitioned = Partitioned


def _values(groups: tuple[str, ...], row: Row) -> tuple[str | None, ...]:
    return tuple((row["published_day"] or "")[:7] or None if key == "month" else row[key] for key in groups)
