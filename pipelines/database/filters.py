"""Select articles by source, period and language: the values, and the SQL condition that they make."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.core.errors import NotFound, QueryError
from pipelines.database.connection import ask


@dataclass(frozen=True, slots=True)
class ArticleFilters:
    """Hold filters for articles. Days and language are brought into the form of the archive when it is made.

    Raises QueryError for a period or language that is not valid.
    """

    source: str | None = None  # name in `sources`
    since: str | None = None  # first published_day; given as YYYY, YYYY-MM, YYYY-MM-DD or an ISO time
    until: str | None = None  # last published_day: the whole year, month or day is included
    language: str | None = None  # ISO 639-1; "en-GB" is "en"

    def __post_init__(self) -> None:
        since = parse_day("--since", self.since, last=False)
        until = parse_day("--until", self.until, last=True)
        if since and until and since > until:
            days = f"--since {self.since} --until {self.until}"
            raise QueryError(days, "ends before it begins", "give --since the earlier day")
        language = (self.language or "").strip().replace("_", "-").lower().partition("-")[0] or None
        if language and not re.fullmatch("[a-z]{2,3}", language):
            raise QueryError(f"--language {self.language!r}", "is not a language code", "say en, de, fr, ja, ...")
        for name, value in (("since", since), ("until", until), ("language", language)):
            object.__setattr__(self, name, value)

    def where(self, source_id: int | None) -> tuple[str, dict[str, Any]]:
        """Return a condition on `articles a` that begins with AND (or is empty), and its named values."""
        tests = {
            "source_id": ("AND a.source_id = :source_id", source_id),
            "since": ("AND a.published_day >= :since", self.since),
            "until": ("AND a.published_day <= :until", self.until),
            "language": ("AND a.language = :language", self.language),
        }
        asked = {name: test for name, test in tests.items() if test[1] is not None}
        return " ".join(sql for sql, _ in asked.values()), {name: value for name, (_, value) in asked.items()}


def parse_day(option: str, text: str | None, *, last: bool) -> str | None:
    """Return the first (or last) UTC day of the period that `text` names; None for None. Raises QueryError."""
    if text is None:
        return None
    parts = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})([T ].+)?)?)?", text.strip())
    try:
        if parts is None:
            raise ValueError("not a year, month, day or time")
        year, month, of_month, time = parts.groups()
        if time:
            moment = datetime.fromisoformat(text.strip())
            return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()
        if of_month:
            return date(int(year), int(month), int(of_month)).isoformat()
        first = date(int(year), int(month or 1), 1)
        if not last:
            return first.isoformat()
        if month in (None, "12"):
            return date(int(year), 12, 31).isoformat()
        return (date(int(year), int(month) + 1, 1) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError) as error:
        cause = "not a day that exists" if parts else str(error)
        raise QueryError(f"{option} {text!r}", cause, "say 2024, 2024-03, 2024-03-09 or an ISO 8601 time") from None


def homes_of_sources(db: sqlite3.Connection) -> dict[str, str]:
    """Return the address of the front page of each source, by name."""
    return {row[0]: row[1] for row in ask(db, "SELECT name, url FROM sources ORDER BY name")}


def watched_sources(db: sqlite3.Connection) -> set[str]:
    """Return the names of the sources that have, or had, a file in the folder sources/."""
    return {str(row[0]) for row in ask(db, "SELECT name FROM sources WHERE watched")}


def ids_of_sources(db: sqlite3.Connection) -> dict[str, int]:
    """Return the row id of each source, by name."""
    return {str(row[0]): int(row[1]) for row in ask(db, "SELECT name, id FROM sources")}


def source_id(db: sqlite3.Connection, name: str) -> int:
    """Return the row id of the source that a user means by its name or address. Raises NotFound."""
    from pipelines.core.source_names import near_names, source_meant  # most searches need neither

    known = homes_of_sources(db)
    found = source_meant(name, known)
    if found is not None:
        return int(next(ask(db, "SELECT id FROM sources WHERE name = ?", (found,)))[0])
    if (new := name_after_renaming(db, name)) is not None:
        raise NotFound(f"source {name}", f"was renamed to {new}", f"say --source {new}")
    raise NotFound(f"source {name}", "not in this archive", near_names(name, known, "source"))


def name_after_renaming(db: sqlite3.Connection, former: str) -> str | None:
    """Return the name that a source has now which once had this one; of several, the one renamed last; else None."""
    sql = """SELECT name FROM sources WHERE instr(' ' || former_names || ' ', ' ' || ? || ' ')
              ORDER BY former_names LIKE '% ' || ? DESC, id DESC"""
    return next((str(row[0]) for row in ask(db, sql, (former, former))), None)


EVERYTHING = ArticleFilters()
