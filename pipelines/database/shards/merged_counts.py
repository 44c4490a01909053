"""Count the matches of all shards by day, week, month or year. Read-only.

The days of the matches of each shard are read, or if most articles match those of the others, and counted together: an
article more costs little, and a question more to each shard costs much. So what decides how to count is asked once, of
one shard, and no shard is asked for a number of ranges.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from itertools import pairwise

from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import DATED, PlaceRange
from pipelines.database.schema.places import DAY_BITS
from pipelines.database.search.periods import PERIODS, CountedPeriod
from pipelines.database.search.place_counts import (
    LAST_UNDATED,
    coarsest,
    day_as_digits,
    day_of_digits,
    days_read,
    ends_of,
    has_prefix,
    is_frequent,
    starts_of,
    without_match,
)
from pipelines.database.search.vocabulary import indexed_articles
from pipelines.database.selection import ArticleSelection
from pipelines.database.shards.databases import FleetDatabase

MANY_A_DAY = (
    3  # articles of a shard, from which on the numbers of all days cost less than its matches (100,000 articles)
)


def merged_counts(db: FleetDatabase, which: ArticleSelection, keys: Iterable[str]) -> dict[int, int]:
    """Return how many matches there are by the first day of each period; 0 for the undated. See `counts_by_period`."""
    kind = coarsest(set(keys))
    if which.match is None:
        return _in_periods(_articles_by_day(db, which.places), kind)
    if has_prefix(which) or not _is_frequent(db, which):
        return _counted(db.each(db.shards, partial(days_read, which=which)), kind)
    found = _articles_by_day(db, which.places)
    found.subtract(_counted(db.each(db.shards, partial(days_read, which=without_match(which))), PERIODS["day"]))
    return _in_periods(found, kind)


def _is_frequent(db: FleetDatabase, which: ArticleSelection) -> bool:
    """Return True if it costs less to read the others, by a few days of the first shard that has some of the period."""
    places = which.within(DATED).places
    for one in db.shards:
        if (ends := ends_of(one, places)) is not None:
            # All articles are counted by the rows that each shard has of each day.
            rows = ((ends[1] - ends[0]).days + 1) * len(db.shards)
            return sum(map(indexed_articles, db.shards)) > MANY_A_DAY * rows and is_frequent(one, which, ends)
    return False


def _counted(shards: Sequence[array[int]], kind: CountedPeriod) -> dict[int, int]:
    """Return numbers by the first days of periods, of days that `days_read` read."""
    if kind.days == 1:
        digits = Counter[int]()
        for days in shards:
            digits.update(days)  # counted in C
        found = Counter[int]()
        for one, number in digits.items():
            found[0 if one <= LAST_UNDATED else day_of_digits(one)] += number
        return dict(sorted(found.items()))
    dated = [bisect_left(days, LAST_UNDATED + 1) for days in shards]  # where they begin
    found = Counter({0: sum(dated)} if any(dated) else {})
    ends = [date.fromordinal(day_of_digits(days[at])) for days, begin in zip(shards, dated, strict=True)
            if begin < len(days) for at in (begin, -1)]  # fmt: skip
    if ends:
        starts = list(starts_of(kind, min(ends), max(ends)))
        digits_of_starts = [day_as_digits(day) for day in starts[1:]]
        for days, begin in zip(shards, dated, strict=True):
            places = [begin, *(bisect_left(days, digits, begin) for digits in digits_of_starts), len(days)]
            for day, (first, end) in zip(starts, pairwise(places), strict=True):
                if first < end:
                    found[day] += end - first
    return dict(sorted(found.items()))


def _articles_by_day(db: FleetDatabase, places: PlaceRange) -> Counter[int]:
    """Return how many articles there are on each day; 0: undated."""
    found = Counter[int]()
    for days, numbers in db.each(db.shards, partial(_days_and_numbers, places=places)):
        for day, number in zip(days, numbers, strict=True):
            found[day] = found.get(day, 0) + number
    return found


def _days_and_numbers(db: sqlite3.Connection, places: PlaceRange) -> tuple[list[int], list[int]]:
    """Return days and how many articles each has, as two texts instead of thousands of rows."""
    sql = """SELECT json_group_array(day), json_group_array(articles) FROM article_days WHERE day BETWEEN ? AND ?"""
    days, numbers = next(ask(db, sql, [place >> DAY_BITS for place in places]))
    return json.loads(days), json.loads(numbers)


def _in_periods(days: dict[int, int], kind: CountedPeriod) -> dict[int, int]:
    """Return numbers of days by the first days of periods, in their order."""
    found: dict[int, int] = {}
    first, end = 0, 1  # of the period of a day: the undated are one by themselves
    for day in sorted(days):
        if (number := days[day]) <= 0:
            continue
        if day >= end:
            starts = starts_of(kind, date.fromordinal(day), date.max)
            first, end = next(starts), next(starts, date.max.toordinal() + 1)
        found[first] = found.get(first, 0) + number
    return found
