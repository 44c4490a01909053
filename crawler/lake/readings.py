"""Read which captures the rows of readings name."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crawler.lake.chosen_files import ChosenFile, ChosenRecord
from crawler.lake.places import UNNAMED, BucketServer, is_bucket, objects_below, opened
from exports.extras import load_extra
from pipelines.core.errors import ConfigError, os_errors
from pipelines.importing.adopt import ImportFilter
from pipelines.warc.record import WarcFields

SUFFIX = ".parquet"
PLACE_COLUMNS = ("warc_file", "warc_offset", "warc_length", "warc_record_id")
ROWS_AT_ONCE = 10_000
NO_READINGS = "name the Parquet files of `morgue import --in-place`, or your own selection of their rows"


def chosen_files(
    addresses: Sequence[str], wanted: ImportFilter, languages: Sequence[str], server: BucketServer = UNNAMED
) -> list[ChosenFile]:
    """Return the WARC files whose captures the rows name that match. Raises ConfigError, MorgueError.

    A row that says its host and is of another shard of a fleet is passed over: its record need not be read here.
    """
    records: defaultdict[tuple[str, str], set[ChosenRecord]] = defaultdict(set)
    is_own, is_any = wanted.is_own, False
    for address in addresses:
        for parquet in parquet_files(address, server):
            for row in rows_of(parquet, replace(wanted, is_own=None), languages, server):
                is_any = True
                if is_own is not None and row.get("host") and not is_own(f"http://{row['host']}/"):
                    continue
                file, member = file_and_member(str(row["warc_file"]))
                place = ChosenRecord(int(row["warc_offset"]), row["warc_length"], str(row["warc_record_id"]))
                records[file, member].add(place)
    if not is_any:
        raise ConfigError(", ".join(addresses), "has no row that matches", "leave out a filter, or check its spelling")
    return [ChosenFile(file, member, list(found), server) for (file, member), found in sorted(records.items())]


def file_and_member(place: str) -> tuple[str, str]:
    """Return the file that a row names, and the name of the WARC file in it if it is a WACZ."""
    at = place.lower().find(".wacz!") + len(".wacz")
    return (place, "") if at < len(".wacz") else (place[:at], place[at + 1 :])


def parquet_files(address: str, server: BucketServer) -> list[str]:
    """Return the Parquet files at an address, by name. Raises ConfigError if there is none, MorgueError."""
    if is_bucket(address):
        is_one = address.endswith(SUFFIX)
        found = [address] if is_one else [one.address for one in objects_below(address, (SUFFIX,), server)]
    else:
        path = Path(address)
        with os_errors(address):
            found = [str(one) for one in sorted(path.rglob(f"*{SUFFIX}"))] if path.is_dir() else [address]
    found = [one for one in found if not one.rpartition("/")[2].startswith((".", "_"))]
    if not found:
        raise ConfigError(address, f"holds no {SUFFIX} file", NO_READINGS)
    return found


def rows_of(
    address: str, wanted: ImportFilter, languages: Sequence[str], server: BucketServer
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file that match. Raises ConfigError, MorgueError."""
    load_extra("pyarrow", "lake")
    import pyarrow
    from pyarrow.parquet import ParquetFile

    is_filtered = bool(wanted.hosts or wanted.domains or wanted.since or wanted.until)
    columns = [*PLACE_COLUMNS, *("host", "captured") * is_filtered, *["language"] * bool(languages)]
    with opened(address, server) as file:
        if not file.seek(0, os.SEEK_END):
            raise ConfigError(address, "has 0 bytes", "read the lake again: the same command makes it")
        try:
            table = ParquetFile(file)
            there = table.schema_arrow.names
            if missing := [name for name in columns if name not in there]:
                raise ConfigError(address, f"has no column {missing[0]}", NO_READINGS)
            columns = [name for name in there if name in {*columns, "host"}]
            for batch in table.iter_batches(ROWS_AT_ONCE, columns=columns):
                yield from (row for row in batch.to_pylist() if matches(row, wanted, languages, is_filtered))
        except (pyarrow.ArrowException, OSError) as error:
            raise ConfigError(address, f"is no Parquet file that can be read ({error})", NO_READINGS) from None


def matches(row: dict[str, Any], wanted: ImportFilter, languages: Sequence[str], is_filtered: bool) -> bool:
    """Return True if a row names a place and passes the filters."""
    if row["warc_file"] is None or row["warc_offset"] is None or row["warc_record_id"] is None:
        return False
    if languages and row["language"] not in languages:
        return False
    if not is_filtered:
        return True
    day = f"{row['captured']:%Y-%m-%d}"
    fields = (("WARC-Type", "response"), ("WARC-Target-URI", f"http://{row['host']}/"), ("WARC-Date", day))
    return wanted.reason_to_skip(WarcFields(fields)) is None
