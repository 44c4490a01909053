"""Make one report of `morgue crawl --urls LIST --report OUT.csv` on a fleet of those that its shards write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from crawler.cli.fleet.routes import ShardOwners, report_of_shard
from crawler.cli.url_list import read_url_list
from crawler.cli.url_report import check_report, read_rows, result_of_bad_row, result_of_unasked_row, write_rows
from pipelines.core.errors import os_errors
from pipelines.fleet.layout import FleetFolder


class ListReport:
    """Hold the list of a crawl and its report, from before the crawl until the shards have ended."""

    def __init__(self, fleet: FleetFolder, params: Mapping[str, Any], shards: Sequence[int]) -> None:
        """Check that the report can be written, and delete what a crawl left that was killed. Raises ConfigError."""
        self._path, self._shards = Path(params["report_file"]), shards
        self._listed = read_url_list(params["urls"], params["column"])
        self._owners = ShardOwners(fleet)
        for path in (self._path, *map(self._of_shard, shards)):
            check_report(path, self._listed)
        self._delete_parts()

    def write(self) -> None:
        """Write the rows of the shards in the order of the list. Raises MorgueError."""
        parts = {}
        for number in self._shards:
            with suppress(FileNotFoundError):
                parts[number] = iter(read_rows(self._of_shard(number), self._listed))
        rows = []
        for row in self._listed.rows:
            if row.url is None:
                for part in parts.values():
                    next(part, None)  # each shard names it
                rows.append((*row.cells, *result_of_bad_row(row)))
                continue
            number = self._owners.shard(row.url)
            if number in self._shards:  # the others belong to another --part
                why = f"shard {number:03} did not come to its end"
                rows.append(next(parts.get(number, iter(())), (*row.cells, *result_of_unasked_row(row, why))))
        write_rows(self._path, self._listed, rows)
        self._delete_parts()

    def _of_shard(self, number: int) -> Path:
        return Path(report_of_shard(str(self._path), number))

    def _delete_parts(self) -> None:
        for path in map(self._of_shard, self._shards):
            with os_errors(str(path)):
                path.unlink(missing_ok=True)
