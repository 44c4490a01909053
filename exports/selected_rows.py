"""Select the rows of a dataset: filters, rights, revisions, a sample, splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from exports import Row
from exports.columnar_rows import Batch, ColumnarRows
from exports.row_choice import COPY, UNDATED, Sample, Splits
from pipelines.database import queries
from pipelines.database.clusters.copies import first_url, other_copies_among
from pipelines.database.filters import ArticleFilters
from pipelines.database.search import counts
from pipelines.database.selection import copies_selected
from pipelines.selection.exclusions import NO_EXCLUSIONS, ExclusionFilter, Exclusions

if TYPE_CHECKING:
    from exports.fleet.exclusion import FleetExclusion
    from exports.python_api.archive import Archive

COUNTED = ("id", "revision", "published_day")  # columns that the manifest counts, and that errors name
JUDGED = ("url", "captured", "header_rights", "rights", "warc_record_id")  # columns that filters on rights read


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Say which rows a dataset has."""

    filters: ArticleFilters
    query: str | None = None
    without: Exclusions = NO_EXCLUSIONS
    every_revision: bool = False  # one row for each revision, not for each article
    sample: int | None = None  # number of articles; None: all
    seed: int = 0
    splits: Splits | None = None
    groups: tuple[str, ...] = ()  # order by these keys of article_rows.GROUPS, not by id
    columns: tuple[str, ...] | None = None  # that the format reads; None: all
    dedupe: bool = False  # of the copies of one text among these rows, only the probable origin or the earliest

    @property
    def takes_every_row(self) -> bool:
        """Return True if the dataset is what the filters find, by id: no row decides about itself or others."""
        divided = self.sample is not None or self.splits is not None or bool(self.groups)
        return not (self.without or self.every_revision or self.dedupe or divided)

    def columns_read(self) -> list[str] | None:
        """Return the columns to read: those of the format, and those that decide about rows. None: all."""
        if self.columns is None:
            return None
        wanted = [*self.columns, *COUNTED]
        wanted += ["url"] if self.sample is not None or self.splits is not None else []
        wanted += JUDGED if self.without else []
        wanted += ["is_newest"] if self.without and self.every_revision else []
        return list(dict.fromkeys(wanted))


RowFilter: TypeAlias = "ExclusionFilter | FleetExclusion"


def _exclusion(archive: Archive, selection: RowSelection) -> RowFilter:
    if len(archive.shards) == 1:
        (shard,) = archive.shards
        return ExclusionFilter(selection.without, shard.connection, shard.warc_storage)
    from exports.fleet.exclusion import FleetExclusion

    return FleetExclusion(selection.without, archive)


class ArticleRows:
    """Yield the rows of a selection, as often as they are asked for, and count what was left out."""

    def __init__(self, archive: Archive, selection: RowSelection) -> None:
        self.selection = selection
        self.exclusion = _exclusion(archive, selection)  # of the last pass over the rows
        self.sampled: int | None = None  # articles in the sample; None: there is none
        self._make_filter: Callable[[], RowFilter] = lambda: _exclusion(archive, selection)
        self._db = archive.database

    @cached_property
    def _copies(self) -> set[int]:
        """Return the articles that are left out as copies of one that is among the rows."""
        if not self.selection.without:
            return set(copies_selected(self._db, self.selection.query, self.selection.filters))
        return other_copies_among(self._db, {row["id"] for row in self._filtered(self._make_filter())})

    def _unlike(self, exclusion: RowFilter) -> Iterator[Row]:
        """Yield what may be in the dataset, without copies if they are not wanted."""
        if not self.selection.dedupe:
            yield from self._filtered(exclusion)
            return
        for row in self._filtered(exclusion):
            if row["id"] in self._copies:
                exclusion.left_out[COPY] += 1
            else:
                yield row

    @property
    def left_out(self) -> Counter[str]:
        """Return how many rows were left out, by reason. It fills while rows are read."""
        return self.exclusion.left_out

    def parts(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield the rows of each split with its name, or all rows with the name ""."""
        if undated := counts.count_undated(self._db, self.selection.query, self.selection.filters):
            self.left_out[UNDATED] = undated
        passed = self._all()
        if self.selection.takes_every_row:
            yield "", ColumnarRows(passed, self._batches)
            return
        if (sample := self._sample()) is not None:
            self.sampled = len(sample)
            passed = sample.of(passed)
        splits = self.selection.splits
        if splits is None:
            yield "", passed
            return
        for number, name in enumerate(splits.names):
            rows = passed if number == 0 else self._again(sample)
            yield name, (row for row in rows if splits.of(self._drawn_by(row)) == name)

    def _drawn_by(self, row: Row) -> str:
        """Return the address that decides in which split a row is: one for all copies of a text."""
        return first_url(self._db, row["id"]) or row["url"]

    def _again(self, sample: Sample | None) -> Iterator[Row]:
        rows = self._unlike(self._make_filter())
        return rows if sample is None else sample.of(rows)

    def _sample(self) -> Sample | None:
        if self.selection.sample is None:
            return None
        return Sample(self._unlike(self._make_filter()), self.selection.sample, self.selection.seed)

    def _all(self) -> Iterator[Row]:
        return self._unlike(self.exclusion)

    def _filtered(self, exclusion: RowFilter) -> Iterator[Row]:
        of_kind = exclusion.revisions if self.selection.every_revision else exclusion.articles
        return of_kind(self._rows())

    def _batches(self, size: int) -> Iterator[Batch]:
        one = self.selection
        return queries.article_batches(self._db, size, one.filters, one.query, one.columns_read())

    def _rows(self) -> Iterator[Row]:
        one = self.selection
        columns = one.columns_read()
        if one.groups:
            from pipelines.selection.article_rows import grouped_articles

            every = one.every_revision
            return grouped_articles(self._db, one.groups, one.filters, one.query, columns, every_revision=every)
        if one.every_revision:
            from pipelines.selection.article_rows import revisions_of_articles

            return revisions_of_articles(self._db, one.filters, one.query, columns)
        return queries.articles(self._db, one.filters, one.query, columns)
