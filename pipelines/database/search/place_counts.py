"""Count matches by day, week, month or year, from the full-text index alone. Read-only.

The place of an article has its day. The days of the matches are read; of a word that most articles have, those of the
articles without it are read, and taken from the numbers of all articles. Of many matches, each longer period is a range
of places, and FTS5 skips to its beginning.
"""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import json
import sqlite3
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date

from pipelines.core.timestamps import FIRST_NUMBERED_DAY
from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import (
    DATED,
    EVERY_ARTICLE,
    LABEL_MARK,
    UNDATED,
    PlaceRange,
    places_of_days,
)
from pipelines.database.schema.places import DAY_BITS, MOST_A_DAY
from pipelines.database.search.periods import PERIODS, CountedPeriod
from pipelines.database.selection import ArticleSelection

MATCHES_A_RANGE = 100  # from so many on, ranges cost less than reading days (measured at 100,000 articles)
EIGHT_DIGITS = 10_000_000  # added to a day, so that all days are texts of eight bytes
LAST_UNDATED = int.from_bytes(str(EIGHT_DIGITS + FIRST_NUMBERED_DAY - 1).encode(), "big")  # as `days_read` has it
FREQUENT = 0.75  # share of the articles from which on it costs less to read the others (measured at 1,000,000 articles)
SAMPLED_DAYS = 20
SHARE = f"""
SELECT total(matches) / total(articles) FROM (
    SELECT articles, (SELECT count(*) FROM articles_fts WHERE articles_fts MATCH :match
                         AND rowid BETWEEN day << {DAY_BITS} AND (day << {DAY_BITS}) + {MOST_A_DAY}) AS matches
      FROM json_each(:days) JOIN article_days ON day = (SELECT min(day) FROM article_days WHERE day >= value))"""


def counts_by_period(db: sqlite3.Connection, which: ArticleSelection, keys: Iterable[str]) -> dict[int, int]:
    """Return how many matches there are by the first day of each period; 0 for the undated.

    `which` must have no tests. The periods are the longest that can tell all `keys` apart, or single days.
    """
    if which.match is None:
        return articles_by_day(db, which.places)
    kind, dated = coarsest(set(keys)), which.within(DATED)
    # FTS5 makes the list of the matches of a prefix again for each question.
    if has_prefix(which) or (ends := ends_of(db, dated.places)) is None:
        return _by_reading(db, which)
    if kind.days > 1 and _pays(db, dated, len(starts := list(starts_of(kind, *ends)))):
        undated = _count(db, which.within(UNDATED))
        return ({0: undated} if undated else {}) | _by_range(db, dated, starts)
    if not is_frequent(db, which, ends):
        return _by_reading(db, which)
    others = _by_reading(db, without_match(which))
    everything = articles_by_day(db, which.places)
    return {day: found for day, number in everything.items() if (found := number - others.get(day, 0)) > 0}


def articles_by_day(db: sqlite3.Connection, places: PlaceRange) -> dict[int, int]:
    """Return how many articles there are on each day; 0: undated. A range begins and ends with a day."""
    sql = "SELECT day, articles FROM article_days WHERE day BETWEEN ? AND ? ORDER BY day"
    return dict(map(tuple, ask(db, sql, [place >> DAY_BITS for place in places])))


def coarsest(keys: set[str]) -> CountedPeriod:
    """Return the longest periods that can tell all keys apart."""
    if keys <= {"month", "year"}:
        return PERIODS["month" if "month" in keys else "year"]
    return PERIODS["week" if keys == {"week"} else "day"]


def ends_of(db: sqlite3.Connection, places: PlaceRange) -> tuple[date, date] | None:
    """Return the first and the last day that there are articles of, in a range of dated places."""
    sql = """SELECT (SELECT min(day) FROM article_days WHERE day BETWEEN ?1 AND ?2),
                    (SELECT max(day) FROM article_days WHERE day BETWEEN ?1 AND ?2)"""
    first, last = next(ask(db, sql, [place >> DAY_BITS for place in places]))
    return None if first is None else (date.fromordinal(first), date.fromordinal(last))


def starts_of(kind: CountedPeriod, first: date, last: date) -> Iterator[int]:
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
    """Return True if so many ranges cost less than reading the days of the matches."""
    most = ranges * MATCHES_A_RANGE
    sql = f"SELECT count(*) FROM (SELECT 1 {which.found()} LIMIT :most)"
    return int(next(ask(db, sql, which.values | {"most": most + 1}))[0]) > most


def has_prefix(which: ArticleSelection) -> bool:
    """Return True if FTS5 looks for a prefix; also for a phrase that begins with a star, which is only slower."""
    return '"*' in (which.match or "")


def is_frequent(db: sqlite3.Connection, which: ArticleSelection, ends: tuple[date, date] | None = None) -> bool:
    """Return True if about FREQUENT of the articles match, by those of a few days. With a label they hardly do.

    `ends`: the first and last day; None: of all articles. A selection without a match is frequent.
    """
    if which.match is None:
        return True
    if LABEL_MARK in which.match or has_prefix(which) or (ends := ends or ends_of(db, DATED)) is None:
        return False
    begins, days = ends[0].toordinal(), (ends[1] - ends[0]).days
    sampled = [begins + days * number // SAMPLED_DAYS for number in range(SAMPLED_DAYS)]
    share = next(ask(db, SHARE, {"match": which.match, "days": json.dumps(sampled)}))[0]
    return bool(share and share > FREQUENT)


def without_match(which: ArticleSelection) -> ArticleSelection:
    """Return the selection of the articles that do not match."""
    return which._replace(match=f"{EVERY_ARTICLE} NOT ({which.match})")


def _by_reading(db: sqlite3.Connection, which: ArticleSelection) -> dict[int, int]:
    """Count the days of all matches. The end of each day is found without looking at all."""
    days = days_read(db, which)
    found: dict[int, int] = {}
    end = bisect_right(days, LAST_UNDATED)
    if end:
        found[0] = end
    while (at := end) < len(days):
        end = bisect_right(days, digits := days[at], at)
        found[day_of_digits(digits)] = end - at
    return found


def days_read(db: sqlite3.Connection, which: ArticleSelection) -> array[int]:
    """Return the days of all matches, which come in one text in the order of places, eight bytes each.

    As numbers of eight bytes they are in the same order.
    """
    sql = f"SELECT group_concat(({which.place} >> {DAY_BITS}) + {EIGHT_DIGITS}, '') {which.found()}"
    days = array("Q", (next(ask(db, sql, which.values))[0] or "").encode())
    if sys.byteorder == "little":
        days.byteswap()
    return days


def day_of_digits(digits: int) -> int:
    """Return the day that `days_read` has as a number of eight bytes."""
    return int(digits.to_bytes(8, "big")) - EIGHT_DIGITS


def day_as_digits(day: int) -> int:
    """Return a day as `days_read` has it."""
    return int.from_bytes(str(EIGHT_DIGITS + day).encode(), "big")


def _by_range(db: sqlite3.Connection, which: ArticleSelection, starts: list[int]) -> dict[int, int]:
    ends = [*starts[1:], date.max.toordinal() + 1]
    return {
        first: number
        for first, end in zip(starts, ends, strict=True)
        if (number := _count(db, which.within(places_of_days(first, end - first))))
    }


def _count(db: sqlite3.Connection, which: ArticleSelection) -> int:
    return int(next(ask(db, f"SELECT count(*) {which.found()}", which.values))[0])
