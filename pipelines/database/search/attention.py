"""Count what several queries find, over time or by source and other keys, beside all articles there are. Read-only.

`attention` asks the database; what it returns is plain values for a table, a dataset or a plot.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

from pipelines.core import timestamps
from pipelines.core.errors import QueryError
from pipelines.database.connection import Row, ask
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.schema.numbers import EVERY_NUMBER, own_numbers
from pipelines.database.search.counts import Counts, check_keys, count, counts
from pipelines.database.search.periods import UNITS, day_of, days_of, period_of, periods_between, unit_for
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database, shards_of

MAX_KEYS = 2  # of one table
MAX_ROWS = 2_000_000  # of one table
NEWEST_DAY = """SELECT substr(max(coalesce((SELECT max(started) FROM crawls), ''),
    coalesce((SELECT time FROM captures WHERE id <= ? ORDER BY id DESC LIMIT 1), '')), 1, 10)"""
ONE_DAY = timedelta(days=1)


class AttentionRow(NamedTuple):
    """Hold the numbers of one period, one source, or one source in one period."""

    key: tuple[str | None, ...]  # by the keys of the table; None: undated, language not known, no author, ...
    matches: tuple[int, ...]  # of each query
    articles: int  # all that pass the filters, whether a query finds them or not
    is_partial: bool  # the period is not covered as a whole

    def share(self, query: int) -> float | None:
        """Return which part of all articles a query finds, from 0 to 1; None if there are no articles."""
        return self.matches[query] / self.articles if self.articles else None

    def number(self, query: int | None, *, share: bool = False) -> float | None:
        """Return how many articles a query finds, or their share; without a query (None), of all articles."""
        if query is None:
            return self.articles
        return self.share(query) if share else self.matches[query]


@dataclass(frozen=True, slots=True)
class Attention:
    """Hold how many articles each query finds. Without a query, only all articles are counted."""

    queries: tuple[str, ...]
    by: tuple[str, ...]  # one or two keys; a unit of time comes first
    rows: tuple[AttentionRow, ...]  # every period from the first to the last, undated articles last; else by frequency
    matches: tuple[int, ...]  # of each query, in all
    articles: int  # in all
    undated: tuple[int, ...]  # articles of each query (without a query: all) that have no day, and no place in time
    left_out: bool  # since or until leave them out; else they have a row of their own if there is time in the table
    more_values: int  # values of a key that `limit` left out
    first_day: str | None  # on which an article was published
    last_day: str | None
    as_of: str | None  # day of the newest run or capture of the archive

    @property
    def unit(self) -> str | None:
        """Return the unit of time; None if only sources or the like are counted."""
        return self.by[0] if self.by[0] in UNITS else None

    def long_rows(self) -> Iterator[Row]:
        """Yield one row for each key and query, with the keys `columns()`."""
        for row in self.rows:
            named = dict(zip(self.by, row.key, strict=True))
            if not self.queries:
                yield named | {"articles": row.articles, "partial": row.is_partial}
            for number, query in enumerate(self.queries):
                found = {"query": query, "count": row.matches[number], "articles": row.articles}
                yield named | found | {"share": row.share(number), "partial": row.is_partial}

    def columns(self) -> tuple[str, ...]:
        """Return the keys of `long_rows`."""
        numbers = ("query", "count", "articles", "share") if self.queries else ("articles",)
        return (*self.by, *numbers, *(("partial",) if self.unit else ()))

    def dated_rows(self) -> tuple[AttentionRow, ...]:
        """Return the rows with a period, in the order of time."""
        return tuple(row for row in self.rows if row.key[0] is not None)

    def values(self) -> tuple[tuple[str | None, ...], ...]:
        """Return the values of the keys that are no time, the most frequent first; ((),) if there is no such key."""
        start = 1 if self.unit else 0
        return tuple(dict.fromkeys(row.key[start:] for row in self.rows))

    def curve(
        self, query: int | None, *, share: bool, smooth: int = 1, value: tuple[str | None, ...] = ()
    ) -> list[float | None]:
        """Return one number for each period: of a query, or of all articles (None).

        `value`: of the other key, if there is one. `smooth`: the mean of so many periods around each, as far as the
        archive has articles of them. A number is None, not 0, if it has no article at all of that time.
        """
        rows = [row for row in self.dated_rows() if row.key[1:] == value]
        numbers = [row.articles if query is None else row.matches[query] for row in rows]
        articles = [row.articles for row in rows]
        before, after = (smooth - 1) // 2, smooth // 2
        found: list[float | None] = []
        for at in range(len(rows)):
            window = slice(max(0, at - before), at + after + 1)
            whole = sum(articles[window]) if share else sum(map(bool, articles[window]))
            found.append(sum(numbers[window]) / whole if whole else None)
        return found


def attention(
    db: Database,
    queries: Sequence[str],
    by: Sequence[str] = (),
    filters: ArticleFilters = EVERYTHING,
    limit: int = 0,
) -> Attention:
    """Count what each query finds, by one or two of `counts.KEYS`; without a key, by a unit that suits the span.

    `limit`: only so many values of a key that is no time, the most frequent; 0: all. Raises QueryError, which says
    which query is wrong, before anything is counted; NotFound (of the source). All numbers are of one state of the
    archive, also while a crawl writes.
    """
    texts, keys = tuple(dict.fromkeys(queries)), _checked_keys(by)
    with _one_snapshot(db):
        return _counted(db, texts, keys, filters, limit)


@contextmanager
def _one_snapshot(db: Database) -> Iterator[None]:
    """Let everything that is read see one state of the database."""
    begun = [one for one in shards_of(db) if not one.in_transaction]  # others are the caller's
    for one in begun:
        one.execute("BEGIN")
    try:
        yield
    finally:
        for one in begun:
            if one.in_transaction:
                one.execute("ROLLBACK")


def _counted(
    db: Database, texts: tuple[str, ...], keys: tuple[str, ...], filters: ArticleFilters, limit: int
) -> Attention:
    for number, query in enumerate(texts, 1):
        _check_query(db, query, filters, number, len(texts))
    by_day = counts(db, ("day",), None, filters)
    span = _Span(db, filters, [day for (day,) in by_day if day is not None])
    keys = keys or (unit_for(*span.ends) if span.ends else "month",)
    whole = _folded(by_day, keys[0]) if keys[0] in UNITS and len(keys) == 1 else counts(db, keys, None, filters)
    found = [counts(db, keys, query, filters) for query in texts]
    wanted, more_values = _keys_of_rows(keys, span, whole, found, limit)
    rows = tuple(
        AttentionRow(
            key,
            tuple(numbers.get(key, 0) for numbers in found),
            whole.get(key, 0),
            keys[0] in UNITS and span.cuts(key[0]),
        )
        for key in wanted
    )
    undated = replace(filters, since=None, until=None, undated=True)
    of_query = tuple(count(db, query, undated) for query in texts or (None,))
    return Attention(
        queries=texts,
        by=keys,
        rows=rows,
        matches=tuple(count(db, query, filters) for query in texts),
        articles=count(db, None, filters),
        undated=of_query,
        left_out=filters.is_dated and any(of_query),
        more_values=more_values,
        first_day=_iso(span.first),
        last_day=_iso(span.last),
        as_of=max(map(_newest_day, shards_of(db)), default=None),
    )


def _newest_day(db: sqlite3.Connection) -> str:
    """Return the day of the newest crawl or capture of an archive; "" if it has none."""
    last = (own_numbers(db) or EVERY_NUMBER).last
    return str(next(iter(ask(db, NEWEST_DAY, (last,))))[0])


def _checked_keys(by: Sequence[str]) -> tuple[str, ...]:
    """Return the keys with the unit of time first. Raises QueryError."""
    if not by:
        return ()
    check_keys("count by", by)
    said = f"count by {','.join(by)}"
    if len(set(by)) < len(by):
        raise QueryError(said, "names a key twice", "name each key once")
    if len(by) > MAX_KEYS:
        raise QueryError(said, "too many keys", f"name at most {MAX_KEYS}, such as month,source")
    if sum(key in UNITS for key in by) > 1:
        raise QueryError(said, "two units of time", f"name one of {', '.join(UNITS)}")
    return tuple(sorted(by, key=lambda key: key not in UNITS))


def _check_query(db: Database, query: str, filters: ArticleFilters, number: int, of: int) -> None:
    """Read a query without counting anything. Raises QueryError, which says which of several it is; NotFound."""
    name = f"query {number} of {of}" if of > 1 else "query"
    if not query.strip():
        raise QueryError(name, "has no words", "without any query, all articles are counted")
    if not is_utf8(query):
        raise QueryError(name, "has bytes that are not UTF-8", "type it in a terminal whose encoding is UTF-8")
    try:
        article_selection(db, query, filters)
    except QueryError as error:
        place = error.subject.removeprefix("query") if error.subject.startswith("query") else f": {error.subject}"
        raise QueryError(name + place, error.cause, error.cure) from error


def is_utf8(query: str) -> bool:
    """Return True if a text has no bytes of a command line that are no text (PEP 383), which no article has either."""
    return not any("\ud800" <= character <= "\udfff" for character in query)


class _Span:
    """Hold the time that the rows show, and which part of it the archive covers."""

    def __init__(self, db: Database, filters: ArticleFilters, days: Iterable[str]) -> None:
        known = sorted(map(day_of, days))
        self.first = known[0] if known else None  # with an article
        self.last = known[-1] if known else None
        self.ends: tuple[date, date] | None = None  # of the rows
        self.covered: tuple[date, date] | None = None
        if not known:
            return
        today = timestamps.now().date()
        since = day_of(filters.since) if filters.since else None
        until = day_of(filters.until) if filters.until else None
        # There are no rows for days that are still to come.
        self.ends = since or known[0], max(since or known[0], min(until or known[-1], max(today, known[-1])))
        begins, ends = known[0], known[-1]
        # If the archive has articles from before `since`, it covers the time from there on; else from its first one.
        if since and since > date.min and count(db, None, _period(filters, None, since - ONE_DAY)):
            begins = since
        if until and until < date.max and count(db, None, _period(filters, until + ONE_DAY, None)):
            ends = until
        self.covered = begins, min(ends, today - ONE_DAY)  # today is not over

    def cuts(self, period: str | None) -> bool:
        """Return True if the archive covers a part of a period, but not all of it."""
        if period is None or self.covered is None or self.first is None or self.last is None:
            return False
        begins, ends = days_of(period)
        has_articles = begins <= self.last and ends >= self.first
        return has_articles and (begins < self.covered[0] or ends > self.covered[1])


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _period(filters: ArticleFilters, since: date | None, until: date | None) -> ArticleFilters:
    """Return filters with another period."""
    return replace(filters, since=_iso(since), until=_iso(until))


def _folded(by_day: Counts, unit: str) -> Counts:
    """Return counts by day as counts by a longer unit."""
    found: Counter[tuple[str | None, ...]] = Counter()
    for (day,), number in by_day.items():
        found[day and period_of(day, unit),] += number
    return dict(found)


def _keys_of_rows(
    keys: tuple[str, ...], span: _Span, whole: Counts, found: Sequence[Counts], limit: int
) -> tuple[list[tuple[str | None, ...]], int]:
    """Return the key of each row in order, and how many values `limit` left out. Raises QueryError if too many."""
    start = 1 if keys[0] in UNITS else 0
    weights: Counter[tuple[str | None, ...]] = Counter()
    sizes: Counter[tuple[str | None, ...]] = Counter()
    for key, number in whole.items():
        sizes[key[start:]] += number
        weights[key[start:]] += sum(numbers.get(key, 0) for numbers in found)
    values = sorted(sizes, key=lambda value: (-weights[value], -sizes[value], [(v is None, v or "") for v in value]))
    more_values = max(0, len(values) - limit) if limit and values != [()] else 0
    values = values[: limit or None] if values != [()] else values
    if not start:
        return values, more_values
    periods: list[str | None] = list(periods_between(*span.ends, keys[0])) if span.ends else []
    if len(periods) * len(values) > MAX_ROWS:
        cause = f"more than {MAX_ROWS:,} rows"
        raise QueryError(
            f"count by {','.join(keys)}", cause, "count by a longer unit, or only the most frequent values"
        )
    if any(key[0] is None for key in whole):
        periods.append(None)
    return [(period, *value) for period, value in product(periods, values)], more_values
