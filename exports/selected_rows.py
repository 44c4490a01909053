"""Select the rows of a dataset: filters, rights, revisions, a sample, splits."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from exports import Row
from exports.row_choice import Sample, Splits
from pipelines.core.errors import ConfigError
from pipelines.database import queries
from pipelines.database.clusters.copies import first_url, other_copies_among
from pipelines.database.filters import ArticleFilters
from pipelines.database.selection import copies_selected
from pipelines.selection.exclusions import NO_EXCLUSIONS, ExclusionFilter, Exclusions
from pipelines.warc.storage import WarcStorage

COPY = "as a copy of another article"


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Say which rows a dataset has. Raises ConfigError for what does not go together."""

    filters: ArticleFilters
    query: str | None = None
    without: Exclusions = NO_EXCLUSIONS
    every_revision: bool = False  # one row for each revision, not for each article
    sample: int | None = None  # number of articles; None: all
    seed: int = 0
    splits: Splits | None = None
    groups: tuple[str, ...] = ()  # order by these keys of article_rows.GROUPS, not by id
    dedupe: bool = False  # of the copies of one text among these rows, only the probable origin or the earliest

    def __post_init__(self) -> None:
        if self.every_revision and self.without:
            cause = "cannot be used with --without-reserved and --without-signal: they judge the newest revision only"
            raise ConfigError("--revisions all", cause, "leave one of them out")
        if self.every_revision and self.groups:
            raise ConfigError("--revisions all", "cannot be used with --partition", "leave one of them out")


class ArticleRows:
    """Yield the rows of a selection, as often as they are asked for, and count what was left out."""

    def __init__(self, db: sqlite3.Connection, warc: WarcStorage, selection: RowSelection) -> None:
        self.selection = selection
        self.exclusion = ExclusionFilter(selection.without, db, warc)  # of the last pass over the rows
        self._make_filter: Callable[[], ExclusionFilter] = lambda: ExclusionFilter(selection.without, db, warc)
        self._db = db

    @cached_property
    def _copies(self) -> set[int]:
        """Return the articles that are left out as copies of one that is among the rows."""
        if not self.selection.without:
            return set(copies_selected(self._db, self.selection.query, self.selection.filters))
        rows = self._make_filter().articles(self._rows())
        return other_copies_among(self._db, {row["id"] for row in rows})

    def _without_copies(self, rows: Iterable[Row], left_out: Counter[str]) -> Iterator[Row]:
        for row in rows:
            if row["id"] in self._copies:
                left_out[COPY] += 1
            else:
                yield row

    @property
    def left_out(self) -> Counter[str]:
        """Return how many rows were left out, by reason. It fills while rows are read."""
        return self.exclusion.left_out

    def parts(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield the rows of each split with its name, or all rows with the name ""."""
        passed = self._all()
        if (sample := self._sample()) is not None:
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
        rows = self._filtered(self._make_filter())
        return rows if sample is None else sample.of(rows)

    def _sample(self) -> Sample | None:
        if self.selection.sample is None:
            return None
        return Sample(self._filtered(self._make_filter()), self.selection.sample, self.selection.seed)

    def _all(self) -> Iterator[Row]:
        return self._filtered(self.exclusion)

    def _filtered(self, exclusion: ExclusionFilter) -> Iterator[Row]:
        rows = exclusion.articles(self._rows())
        return self._without_copies(rows, exclusion.left_out) if self.selection.dedupe else rows

    def _rows(self) -> Iterator[Row]:
        filters, query = self.selection.filters, self.selection.query
        if self.selection.every_revision:
            from pipelines.selection.article_rows import revisions_of_articles

            return revisions_of_articles(self._db, filters, query)
        if self.selection.groups:
            from pipelines.selection.article_rows import grouped_articles

            return grouped_articles(self._db, self.selection.groups, filters, query)
        return queries.articles(self._db, filters, query)
