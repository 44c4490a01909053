"""Leave out of a dataset what is reserved, in a fleet: each row is judged by what its own shard holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pipelines.database.connection import Row
from pipelines.selection.exclusions import ExclusionFilter, Exclusions

if TYPE_CHECKING:
    from exports.python_api.archive import Archive


class FleetExclusion:
    """Pass on what is not excluded, and count the rest by reason, as an `ExclusionFilter` for each shard does."""

    def __init__(self, exclusions: Exclusions, archive: Archive) -> None:
        self.left_out: Counter[str] = Counter()  # reason -> how many
        self._exclusions, self._archive = exclusions, archive
        self._filters: dict[object, ExclusionFilter] = {}  # by the folder of the shard
        self._names = ExclusionFilter(exclusions, archive.shards[0].connection, archive.shards[0].warc_storage)

    def articles(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the articles that are not excluded."""
        if not self._exclusions:
            yield from rows
            return
        for row in rows:
            yield from self._of(row).articles((row,))

    def revisions(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the revisions that are not excluded."""
        if not self._exclusions:
            yield from rows
            return
        for row in rows:
            yield from self._of(row).revisions((row,))

    def hints(self) -> Iterator[str]:
        """Yield a sentence for each requested signal that nothing had."""
        self._names.signals_met.update(*(one.signals_met for one in self._filters.values()))
        yield from self._names.hints()

    def _of(self, row: Row) -> ExclusionFilter:
        shard = self._archive.shard_of(row)
        if shard.path not in self._filters:
            found = ExclusionFilter(self._exclusions, shard.connection, shard.warc_storage)
            found.left_out = self.left_out
            self._filters[shard.path] = found
        return self._filters[shard.path]
