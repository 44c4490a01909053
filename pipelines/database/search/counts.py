"""Count the articles that match a query and filters: all, the undated, or by day, source and other keys. Read-only.

Counts come from the full-text index alone where it can tell: `place_counts` counts by day, this module by label. They
come from the rows of the matches if those are few, or if a condition or key is not in the index; `newest_counts` reads
each row once for several keys. An article counts once for each of its authors (tags), so that the numbers of all
authors may add up to more than the number of articles.
"""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

from pipelines.core import ARTICLE_KINDS
from pipelines.core.errors import QueryError
from pipelines.database.connection import ask, decode_json
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.index_terms import (
    EVERYWHERE,
    NO_LANGUAGE,
    NO_SOURCE,
    PlaceRange,
    in_languages,
    of_kinds,
    of_sources,
)
from pipelines.database.schema.places import DAY_OF_PLACE
from pipelines.database.search.periods import PERIODS
from pipelines.database.search.place_counts import (
    articles_by_day,
    counts_by_period,
    has_prefix,
    is_frequent,
    without_match,
)
from pipelines.database.selection import ArticleSelection, article_selection
from pipelines.database.shards.databases import Database, FleetDatabase, answers

LIST_COLUMNS = {"author": "authors", "tag": "tags"}  # columns with a JSON list of texts
# The value of each key as SQL on `articles a`; NULL where the article has none.
VALUES = {
    **dict.fromkeys(PERIODS, DAY_OF_PLACE.format("a.place")),
    "source": "(SELECT name FROM sources WHERE id = a.source_id)",
    "language": "a.language",
    "section": "nullif(a.section, '')",
    "kind": "a.kind",
    "origin": "nullif(a.origin, '')",
    "access": "a.access",
    **{key: f"a.{column}" for key, column in LIST_COLUMNS.items()},
}
KEYS = tuple(VALUES)
GROUPED = VALUES | {"source": "a.source_id"}  # by what stands for a value, if that costs less to read
# A count of one label takes as long as reading the rows of so many matches (measured at 100,000 articles).
ROWS_A_LABEL = 500
MANY_LABELS = 25  # without periods, it takes less time to read the rows
# Indexes by which all articles are counted without looking at each of them in turn.
INDEX_OF_ALL = {"source": "articles_source_day", "language": "articles_language"}
BY_PLACE = "INDEXED BY articles_place"  # to look at each without reading its row
NO_TIME = "~"  # is sorted after the name of every period

# Goes from each language to the next in the index. The last row is NULL, and stands for articles without a language.
LANGUAGES = """
WITH RECURSIVE known(code) AS (
    SELECT min(language) FROM articles
    UNION ALL SELECT (SELECT min(language) FROM articles WHERE language > code) FROM known WHERE code IS NOT NULL)
SELECT code FROM known"""

Counts = dict[tuple[str | None, ...], int]
Labels = list[tuple[str | None, str]]  # values of a key, and the FTS5 expression for each


def count(db: Database, query: str | None = None, filters: ArticleFilters = EVERYTHING) -> int:
    """Return how many articles match. Raises QueryError, NotFound (of the source)."""
    return count_selected(db, article_selection(db, query, filters))


def count_selected(db: Database, which: ArticleSelection) -> int:
    """Return how many articles a selection has."""
    if not isinstance(db, sqlite3.Connection):
        return sum(answers(db.part(which.shards), lambda one: count_selected(one, which)))
    if which.match is None and not which.tests:
        return sum(articles_by_day(db, which.places).values())
    return int(next(ask(db, f"SELECT count(*) {which.found()}", which.values))[0])


def count_undated(db: Database, query: str | None, filters: ArticleFilters) -> int:
    """Return how many articles match but are left out by since or until because no day of theirs is known."""
    if not filters.is_dated:
        return 0
    return count(db, query, replace(filters, since=None, until=None, undated=True))


def counts(db: Database, by: Sequence[str], query: str | None = None, filters: ArticleFilters = EVERYTHING) -> Counts:
    """Return how many articles match, by the values of some of KEYS, in the order of `in_order`.

    A value is None where an article has none: undated, no language known, no author. Values without an article are
    left out. Raises QueryError, NotFound (of the source), ArchiveDamaged.
    """
    check_keys("count by", by)
    which = article_selection(db, query, filters)
    if not isinstance(db, sqlite3.Connection):
        db = db.part(which.shards)
    if PERIODS.keys() >= {*by} and not which.tests:
        if isinstance(db, sqlite3.Connection):
            return _in_time(by, counts_by_period(db, which, by))
        from pipelines.database.shards.merged_counts import merged_counts  # one archive does not need it

        return _in_time(by, merged_counts(db, which, by))
    added: Counter[tuple[str | None, ...]] = Counter()
    for found in answers(db, lambda one: _counts(one, by, which)):
        added.update(found)
    return in_order(by, added)


def _in_time(by: Sequence[str], numbers: dict[int, int]) -> Counts:
    """Return numbers of days by the names of periods, in the order of time, the undated last."""
    found = _named_periods(by, numbers)
    undated = (None,) * len(by)
    if number := found.pop(undated, 0):
        found[undated] = number
    return found


def _counts(db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection) -> Counts:
    """Return the counts of one archive by keys of which one is no period, or with tests; in no order."""
    if tuple(by) == ("kind",) and (kinds := _by_kind(db, which)) is not None:
        return kinds
    labels = {key: LABELS[key](db) for key in dict.fromkeys(by) if key in LABELS}
    if (
        len(by) == 1
        and by[0] in INDEX_OF_ALL
        and which.places == EVERYWHERE
        and not which.tests
        and is_frequent(db, which)
    ):
        return _from_all(db, by, which)
    if which.tests or not {*by} <= INDEX_KEYS or (labels and _rows_pay(db, which, by, labels)):
        # SQLite takes the primary key for the shortest way to a row, but the rows are large.
        narrow = {*by} <= INDEX_KEYS and not which.tests
        return _from_rows(db, by, which, BY_PLACE if narrow else "")
    return _from_labels(db, by, which, labels)


def in_order(by: Sequence[str], found: Counts) -> Counts:
    """Return counts with periods in the order of time, the undated last, and other values the most frequent first.

    If there are both, those of the first key are together. What is equally frequent is in the order of its name.
    """
    times = [place for place, key in enumerate(by) if key in PERIODS]
    others = [place for place, key in enumerate(by) if key not in PERIODS]
    sizes: Counter[tuple[str | None, ...]] = Counter()
    for key, number in found.items():
        sizes[tuple([key[place] for place in others])] += number
    by_size = sorted(sizes, key=lambda values: (-sizes[values], [(one is None, one or "") for one in values]))
    ranks = {values: rank for rank, values in enumerate(by_size)}

    def position(key: tuple[str | None, ...]) -> tuple[Any, Any]:
        time, rank = [key[place] or NO_TIME for place in times], ranks[tuple([key[place] for place in others])]
        return (time, rank) if by[0] in PERIODS else (rank, time)

    return {key: found[key] for key in sorted(found, key=position)}


# Keys by other names, besides their plurals.
MEANT = {"paper": "source", "papers": "source", "newspaper": "source", "lang": "language", "categories": "section"}


def check_keys(option: str, keys: Sequence[str]) -> None:
    """Check that all keys exist. Raises QueryError."""
    if not keys or (unknown := [key for key in keys if key not in KEYS]):
        names = ", ".join(unknown if keys else keys)
        near = [meant for key in unknown if (meant := MEANT.get(key, key.removesuffix("s"))) in KEYS] if keys else []
        question = f"did you mean {', '.join(near)}? " if near else ""
        raise QueryError(f"{option} {names!r}", "unknown key", f"{question}say {', '.join(KEYS)}")


def newest_counts(
    db: Database, keys: Sequence[str], which: ArticleSelection, most: int
) -> dict[str, dict[str | None, int]]:
    """Return how many of the newest `most` matches there are by the values of each key, from one look at each row."""
    if not isinstance(db, sqlite3.Connection):
        return _newest_of_fleet(db, keys, which, most)
    # One text for all rows: between two rows, threads that compute take turns, and each row would wait for its turn.
    columns = ", ".join(f"{GROUPED[key]} AS key{number}" for number, key in enumerate(keys))
    names = ", ".join(f"key{number}" for number in range(len(keys)))
    sql = f"""SELECT json_group_array(json_array({names})) FROM (
                  SELECT {columns} {which.found(joined=True)} ORDER BY {which.place} DESC LIMIT :most)"""
    rows = json.loads(next(ask(db, sql, which.values | {"most": most}))[0])
    sources = {number: str(name) for number, name in ask(db, "SELECT id, name FROM sources")}
    found: dict[str, dict[str | None, int]] = {}
    for key, column in zip(keys, zip(*rows, strict=True) if rows else [()] * len(keys), strict=True):
        numbers = Counter[str | None]()
        for value, number in Counter(column).items():
            for one in _values(key, sources.get(value) if key == "source" else value, "of a search"):
                numbers[one] += number
        found[key] = numbers
    return found


def _newest_of_fleet(
    db: FleetDatabase, keys: Sequence[str], which: ArticleSelection, most: int
) -> dict[str, dict[str | None, int]]:
    from pipelines.database.shards.merged_places import pool_ends  # one archive does not need it

    parts = [which.within(PlaceRange(end + 1)) for end in pool_ends(db, which, most)]
    shards = list(zip(db.shards, parts, strict=True))
    added = {key: Counter[str | None]() for key in keys}
    for found in db.each(shards, lambda shard: newest_counts(shard[0], keys, shard[1], most)):
        for key in keys:
            added[key].update(found[key])
    return {key: dict(numbers) for key, numbers in added.items()}


def _from_all(db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection) -> Counts:
    """Count all articles, and take away those that do not match, which are fewer."""
    found = _from_rows(db, by, ArticleSelection(), f"INDEXED BY {INDEX_OF_ALL[by[0]]}")
    if which.match is not None:
        others = _from_rows(db, by, without_match(which), BY_PLACE)
        found = {value: left for value, number in found.items() if (left := number - others.get(value, 0)) > 0}
    return found


def _from_rows(db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection, index: str) -> Counts:
    names = [f"key{number}" for number in range(len(by))]
    columns = ", ".join(f"{VALUES[key]} AS {name}" for key, name in zip(by, names, strict=True))
    # One row for each list as it is written, not for each article: lists repeat, and reading them takes the most time.
    example = "min(a.id)" if any(key in LIST_COLUMNS for key in by) else "0"
    sql = f"""SELECT {columns}, count(*) AS number, {example} AS example {which.found(joined=True, index=index)}
               GROUP BY {", ".join(GROUPED[key] for key in by)}"""
    found: Counter[tuple[str | None, ...]] = Counter()
    for row in ask(db, sql, which.values):
        values = [_values(key, row[name], row["example"]) for key, name in zip(by, names, strict=True)]
        for combined in product(*values):
            found[combined] += row["number"]
    return dict(found)


def _values(key: str, value: Any, example: object) -> Sequence[str | None]:
    """Return the values of a key that an article has whose column holds `value`; (None,) if there is none."""
    if key in PERIODS:
        return (PERIODS[key].name(date.fromordinal(value)) if value else None,)
    if value is None or key not in LIST_COLUMNS:
        return (value,)
    listed = filter(None, decode_json(value, list, "articles", example, LIST_COLUMNS[key]))
    return tuple(dict.fromkeys(listed)) or (None,)


def _from_labels(
    db: sqlite3.Connection, by: Sequence[str], which: ArticleSelection, labels: dict[str, Labels]
) -> Counts:
    periods = [key for key in by if key in PERIODS]
    found: Counts = {}
    for values, part in _parts(db, which, labels):
        numbers = counts_by_period(db, part, periods) if periods else {0: count_selected(db, part)}
        for names, number in _named_periods(periods, numbers).items():
            period = dict(zip(periods, names, strict=True))
            if number:
                found[tuple([values[key] if key in values else period[key] for key in by])] = number
    return found


def _named_periods(keys: Sequence[str], numbers: dict[int, int]) -> Counts:
    """Return numbers of days (0: undated) by the names of periods, in the same order."""
    names = [PERIODS[key].name for key in keys]
    found: Counts = {}
    for ordinal, number in numbers.items():
        day = date.fromordinal(ordinal) if ordinal else None
        key = tuple([name(day) if day else None for name in names])
        found[key] = found.get(key, 0) + number
    return found


def _parts(
    db: sqlite3.Connection, which: ArticleSelection, labels: dict[str, Labels]
) -> Iterator[tuple[dict[str, str | None], ArticleSelection]]:
    """Yield each combination of the values of some keys, and the selection of its articles."""
    if not labels:
        yield {}, which
        return
    (key, values), *others = labels.items()
    for value, term in values:
        part = which.also(term)
        if not others or count_selected(db, part):
            for inner, smaller in _parts(db, part, dict(others)):
                yield {key: value, **inner}, smaller


def _rows_pay(db: sqlite3.Connection, which: ArticleSelection, by: Sequence[str], labels: dict[str, Labels]) -> bool:
    """Return True if reading the rows of all matches costs less than counting each label."""
    number = sum(map(len, labels.values()))
    # FTS5 makes the list of the matches of a prefix again for each label.
    if has_prefix(which) or (number > MANY_LABELS and {*by} == labels.keys()):
        return True
    sql = f"SELECT count(*) FROM (SELECT 1 {which.found()} LIMIT :most)"
    most = ROWS_A_LABEL * number
    if which.match is None:
        return count_selected(db, which) <= most
    return int(next(ask(db, sql, which.values | {"most": most + 1}))[0]) <= most


def _by_kind(db: sqlite3.Connection, which: ArticleSelection) -> Counts | None:
    """Return the counts by kind from the index; None if rows cost less, or if there is a kind that has no name here."""
    if which.tests:
        return None
    total = count_selected(db, which)
    if total <= ROWS_A_LABEL * len(ARTICLE_KINDS):
        return None
    found: Counts = {(kind,): count_selected(db, which.also(of_kinds([kind]))) for kind in ARTICLE_KINDS}
    return {kind: number for kind, number in found.items() if number} if sum(found.values()) == total else None


def _source_labels(db: sqlite3.Connection) -> Labels:
    names = [(str(name), of_sources([number])) for number, name in ask(db, "SELECT id, name FROM sources")]
    return [(None, of_sources([NO_SOURCE])), *names]


def _language_labels(db: sqlite3.Connection) -> Labels:
    codes = [row[0] for row in ask(db, LANGUAGES)]
    return [(code, in_languages([code or NO_LANGUAGE])) for code in codes]


LABELS: dict[str, Callable[[sqlite3.Connection], Labels]] = {"source": _source_labels, "language": _language_labels}
INDEX_KEYS = {*PERIODS, *LABELS}  # that the index knows
