"""List the most frequent values of a key among the articles that match. Read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.search.counts import counts, newest_counts
from pipelines.database.search.periods import PERIODS
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database


class Facet(NamedTuple):
    """Hold the most frequent values of one key among the articles that match."""

    key: str
    values: tuple[tuple[str, int], ...]  # with their numbers, the most frequent first; periods in the order of time
    more_values: int  # values that are not among them
    without: int  # articles that have no value: undated, language not known, no author
    among: int | None = None  # counted among so many of the newest matches; None: among all

    def as_json(self) -> dict[str, object]:
        """Return it as an object for programs."""
        values = [{"value": value, "count": number} for value, number in self.values]
        found = {"values": values, "more_values": self.more_values, "without": self.without}
        return found if self.among is None else found | {"among": self.among}


def facet(
    db: Database, key: str, query: str | None = None, filters: ArticleFilters = EVERYTHING, limit: int = 10
) -> Facet:
    """Return the `limit` most frequent values of one of `counts.KEYS`; 0: all. Raises as `counts` does."""
    return _facet(key, {values[0]: number for values, number in counts(db, (key,), query, filters).items()}, limit)


def newest_facets(
    db: Database, keys: Sequence[str], query: str | None, filters: ArticleFilters, limit: int, most: int
) -> dict[str, Facet]:
    """Return the facet of each key among the newest `most` matches, and say so. Raises as `counts` does."""
    found = newest_counts(db, keys, article_selection(db, query, filters), most)
    return {key: _facet(key, found[key], limit)._replace(among=most) for key in keys}


def _facet(key: str, numbers: Mapping[str | None, int], limit: int) -> Facet:
    found = dict(numbers)
    without = found.pop(None, 0)
    ranked = sorted(((value, number) for value, number in found.items() if value is not None), key=by_number)
    shown = ranked[: limit or None]
    return Facet(key, tuple(sorted(shown) if key in PERIODS else shown), len(ranked) - len(shown), without)


def by_number(counted: tuple[str, int]) -> tuple[int, str]:
    """Return what sorts values with their numbers: the most frequent first, then by name."""
    return -counted[1], counted[0]
