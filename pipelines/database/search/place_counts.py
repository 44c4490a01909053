"""Count matches by day, week, month or year, from the full-text index alone. Read-only.

The place of an article has its day. Of few matches, or of a prefix, the days are read. Of many, each period is a range
of places, and FTS5 skips to its beginning; so many ranges cost less than a million days.
"""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from pipelines.core.timestamps import FIRST_NUMBERED_DAY
from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import DATED, UNDATED, places_of_days
from pipelines.database.schema.places import DAY_BITS, MOST_A_DAY
from pipelines.database.search.periods import PERIODS, CountedPeriod
from pipelines.database.selection import ArticleSelection

MATCHES_A_RANGE = 100  # from so many on, ranges cost less than reading days (measured at 100,000 articles)
DAYS_AT_ONCE = 3  # of which the counts fit into one integer of 63 bits
STEP = f"{DAYS_AT_ONCE} << {DAY_BITS}"
RANGE_OF_DAYS = f"""
    WITH RECURSIVE days(day, first, last) AS (
        VALUES (:day, :day << {DAY_BITS}, (:day << {DAY_BITS}) + ({STEP}) - 1)
        UNION ALL SELECT day + {DAYS_AT_ONCE}, first + ({STEP}), last + ({STEP})
          FROM days WHERE day + {DAYS_AT_ONCE} <= :last_day)"""


def counts_by_period(db: sqlite3.Connection, which: ArticleSelection, keys: Iterable[str]) -> dict[int, int]:
    """Return how many matches there are by the first day of each period; 0 for the undated.

    `which` must be found by the index alone. The periods are the longest that can tell all `keys` apart, or single
    days.
    """
    kind = _coarsest(set(keys))
    dated = which.within(DATED)
    if has_prefix(which) or (ends := _ends(db, dated)) is None:
        return _by_reading(db, which)
    starts = list(_starts(kind, *ends))
    if not _pays(db, dated, len(starts) if kind.days > 1 else len(starts) // DAYS_AT_ONCE):
        return _by_reading(db, which)
    undated = _count(db, which.within(UNDATED))
    found = {0: undated} if undated else {}
    return found | (_by_range(db, dated, starts) if kind.days > 1 else _by_day(db, dated, *ends))


def _coarsest(keys: set[str]) -> CountedPeriod:
    if keys <= {"month", "year"}:
        return PERIODS["month" if "month" in keys else "year"]
    return PERIODS["week" if keys == {"week"} else "day"]


def _ends(db: sqlite3.Connection, which: ArticleSelection) -> tuple[date, date] | None:
    """Return the first and the last day that there are articles of, in the places of a selection."""
    sql = """SELECT (SELECT min(place) FROM articles WHERE place BETWEEN :first_place AND :last_place),
                    (SELECT max(place) FROM articles WHERE place BETWEEN :first_place AND :last_place)"""
    first, last = next(ask(db, sql, which.values))
    return None if first is None else (date.fromordinal(first >> DAY_BITS), date.fromordinal(last >> DAY_BITS))


def _starts(kind: CountedPeriod, first: date, last: date) -> Iterator[int]:
    """Yield the first day of each period from that of one day to that of another."""
    day, end = kind.first(first).toordinal(), last.toordinal()
    while day <= end:
        yield day
        longest = min(day + kind.days, date.max.toordinal())
        following = kind.first(date.fromordinal(longest)).toordinal()
        if following <= day:  # the last period that the calendar has
            return
        day = following


def _pays(db: sqlite3.Connection, which: ArticleSelection, ranges: int) -> bool:
    """Return True if so many ranges cost less than reading the days of the matches.

    For a prefix they never do: FTS5 makes the list of its matches again for each range.
    """
    most = ranges * MATCHES_A_RANGE
    sql = f"SELECT count(*) FROM (SELECT 1 {which.found()} LIMIT :most)"
    return int(next(ask(db, sql, which.values | {"most": most + 1}))[0]) > most


def has_prefix(which: ArticleSelection) -> bool:
    """Return True if FTS5 looks for a prefix; also for a phrase that begins with a star, which is only slower."""
    return '"*' in (which.match or "")


def _by_reading(db: sqlite3.Connection, which: ArticleSelection) -> dict[int, int]:
    """Count the days of all matches, which come in one text: Python counts them in less time than GROUP BY sorts them.

    The text takes seven bytes a match.
    """
    days = next(ask(db, f"SELECT json_group_array({which.place} >> {DAY_BITS}) {which.found()}", which.values))[0]
    found: Counter[int] = Counter()
    for day, number in sorted(Counter(json.loads(days)).items()):
        found[day if day >= FIRST_NUMBERED_DAY else 0] += number
    return dict(found)


def _by_range(db: sqlite3.Connection, which: ArticleSelection, starts: list[int]) -> dict[int, int]:
    ends = [*starts[1:], date.max.toordinal() + 1]
    return {
        first: number
        for first, end in zip(starts, ends, strict=True)
        if (number := _count(db, which.within(places_of_days(first, end - first))))
    }


def _by_day(db: sqlite3.Connection, which: ArticleSelection, first: date, last: date) -> dict[int, int]:
    """Count some days at once, each in bits of its own of one sum.

    The number within a day has DAY_BITS, so that the count of no day overflows into the next.
    """
    # The bounds are columns because SQLite compares them with each match again.
    sql = f"""{RANGE_OF_DAYS}
        SELECT day, (SELECT sum(1 << ((articles_fts.rowid >> {DAY_BITS}) - day) * {DAY_BITS}) FROM articles_fts
                      WHERE articles_fts MATCH :match AND articles_fts.rowid BETWEEN first AND last) FROM days"""
    end = last.toordinal()
    found = {}
    for day, packed in ask(db, sql, which.values | {"day": first.toordinal(), "last_day": end}):
        while packed and day <= end:
            if number := packed & MOST_A_DAY:
                found[day] = number
            day, packed = day + 1, packed >> DAY_BITS
    return found


def _count(db: sqlite3.Connection, which: ArticleSelection) -> int:
    return int(next(ask(db, f"SELECT count(*) {which.found()}", which.values))[0])
