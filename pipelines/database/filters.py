"""Select articles by source, period and language: the values, and what the index and SQL make of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.errors import NotFound, QueryError
from pipelines.database.connection import ask
from pipelines.database.query_language.days import parse_day
from pipelines.database.query_language.index_terms import (
    EVERYWHERE,
    UNDATED,
    PlaceRange,
    in_languages,
    of_sources,
    places_between,
)
from pipelines.database.query_language.values import language_codes, listed, one_of
from pipelines.database.shards.databases import Database, shards_of


@dataclass(frozen=True, slots=True)
class ArticleFilters:
    """Hold filters for articles. Days and languages are brought into the form of the archive when it is made.

    Names and languages may come as one text with commas, or as several; they are tuples afterwards. Days are whatever
    `query_language.days` reads; they are ISO days afterwards. Raises QueryError for a value that is not valid; its
    subject begins with the name of the filter.
    """

    source: Sequence[str] = ()  # names or addresses of sources, of which one must fit
    since: str | None = None  # first day of publication; undated articles are left out
    until: str | None = None  # last day of publication: a year, month or week is included as a whole
    language: Sequence[str] = ()  # ISO 639-1 codes, of which one must fit; "en-GB" is "en"
    seen_since: str | None = None  # first day on which the article came in (`first_seen`)
    seen_until: str | None = None  # last day on which it came in
    undated: bool = False  # only articles whose day of publication is not known
    unique: bool = False  # of the copies of one text among what fits, only the probable origin or the earliest

    def __post_init__(self) -> None:
        values: dict[str, Any] = {
            "source": listed("source", self.source),
            "language": language_codes("language", listed("language", self.language)),
        }
        for prefix in ("", "seen_"):
            values |= self._days(prefix)
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _days(self, prefix: str) -> dict[str, str | None]:
        """Return the two ends of one period as ISO days."""
        since, until = getattr(self, f"{prefix}since"), getattr(self, f"{prefix}until")
        first = parse_day(f"{prefix}since", since, last=False)
        last = parse_day(f"{prefix}until", until, last=True)
        if first and last and first > last:
            cause = f"the period ends before it begins, with {until!r}"
            raise QueryError(f"{prefix}since {since!r}", cause, "give the earlier day first")
        return {f"{prefix}since": first, f"{prefix}until": last}

    def terms(self, source_ids: Sequence[int]) -> list[str]:
        """Return FTS5 expressions for what the index knows: source and language. `source_ids`: of `source`."""
        terms = [of_sources(source_ids)] if source_ids else []
        return terms + ([in_languages(self.language)] if self.language else [])

    def places(self) -> PlaceRange:
        """Return the places of the articles of the period. Raises QueryError if nothing could fit."""
        if self.undated and self.is_dated:
            cure = "leave out since and until, or name the days on which articles came in (seen since, seen until)"
            raise QueryError("undated", "articles without a date are in no period", cure)
        if self.undated:
            return UNDATED
        return places_between(self.since, self.until) if self.is_dated else EVERYWHERE

    def seen(self) -> tuple[list[str], dict[str, Any]]:
        """Return conditions on `articles a` for the period in which an article came in, and their named values."""
        until = self.seen_until and f"{self.seen_until}T23:59:59Z"
        tests = ["a.first_seen >= :seen_since"] if self.seen_since else []
        tests += ["a.first_seen <= :seen_until"] if until else []
        return tests, {"seen_since": self.seen_since, "seen_until": until}

    def where(self, source_ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
        """Return all filters as a condition that begins with AND (or is empty), and its named values.

        It is for tables that are joined with `articles a`. `source_ids`: of `source`; empty for all sources. Raises
        QueryError if nothing could fit.
        """
        tests, values = self.seen()
        for column, name, wanted in (
            ("a.source_id", "source_id", source_ids),
            ("a.language", "language", self.language),
        ):
            if wanted:
                sql, bound = one_of(column, name, wanted)
                tests.append(sql)
                values |= bound
        if (places := self.places()) != EVERYWHERE:
            tests.append("a.place BETWEEN :first_place AND :last_place")
            values |= {"first_place": places.first, "last_place": places.last}
        return " ".join(f"AND {test}" for test in tests), values

    @property
    def is_dated(self) -> bool:
        """Return True if only articles with a day of publication can fit."""
        return self.since is not None or self.until is not None


def homes_of_sources(db: Database) -> dict[str, str]:
    """Return the address of the front page of each source, by name."""
    return _by_name(db, "SELECT name, url FROM sources ORDER BY name")


def titles_of_sources(db: Database) -> dict[str, str]:
    """Return the title of each source that has one, by name."""
    return _by_name(db, "SELECT name, title FROM sources WHERE title != '' ORDER BY name")


def _by_name(db: Database, sql: str) -> dict[str, str]:
    shards = shards_of(db)
    found = {row[0]: row[1] for one in shards for row in ask(one, sql)}
    return found if len(shards) == 1 else dict(sorted(found.items()))


def watched_sources(db: Database) -> set[str]:
    """Return the names of the sources that have, or had, a file in the folder sources/."""
    return {str(row[0]) for one in shards_of(db) for row in ask(one, "SELECT name FROM sources WHERE watched")}


def ids_of_sources(db: sqlite3.Connection) -> dict[str, int]:
    """Return the row id of each source, by name."""
    return {str(row[0]): int(row[1]) for row in ask(db, "SELECT name, id FROM sources")}


def source_id(db: sqlite3.Connection, name: str) -> int:
    """Return the row id of the source that a user means by its name, its address or its title. Raises NotFound."""
    return _numbers_of(db, name)[0]


def _numbers_of(db: Database, name: str) -> list[int]:
    """Return the row ids of a source: in a fleet, several shards may have articles of it."""
    from pipelines.core.source_names import near_names, source_meant  # most searches need neither

    known = homes_of_sources(db)
    titles = titles_of_sources(db)
    found = source_meant(name, known, titles)
    if found is not None:
        sql = "SELECT id FROM sources WHERE name = ?"
        return [int(row[0]) for one in shards_of(db) for row in ask(one, sql, (found,))]
    if (new := name_after_renaming(db, name)) is not None:
        raise NotFound(f"source {name}", f"was renamed to {new}", f"say {new}")
    raise NotFound(f"source {name}", "not in this archive", near_names(name, known, "source", titles))


def source_ids(db: Database, names: Sequence[str]) -> list[int]:
    """Return the row ids of the sources that a user means. Raises NotFound."""
    return list(dict.fromkeys(number for name in names for number in _numbers_of(db, name)))


def name_after_renaming(db: Database, former: str) -> str | None:
    """Return the name that a source has now which once had this one; of several, the one renamed last; else None."""
    sql = """SELECT name FROM sources WHERE instr(' ' || former_names || ' ', ' ' || ? || ' ')
              ORDER BY former_names LIKE '% ' || ? DESC, id DESC"""
    return next((str(row[0]) for one in shards_of(db) for row in ask(one, sql, (former, former))), None)


EVERYTHING = ArticleFilters()
