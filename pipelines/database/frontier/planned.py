"""Say which visits are planned, when and why, the soonest first. Reads only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from pipelines.core.timestamps import stamp
from pipelines.database.connection import Row, ask
from pipelines.database.frontier.rows import error_text

PAGE_KINDS = ("article", "page")
VISIT_KEYS = ("at", "due", "source", "kind", "url", "why")
COUNT_KEYS = ("source", "due", "in_a_day", "later", "next")
# The visits that a crawl makes: those of a host in trouble not before its next probe.
PLANNED = """(
    SELECT f.*, s.name AS source, h.trouble, max(f.next_visit, coalesce(iif(h.trouble IS NULL, NULL, h.retry_at), ''))
           AS at FROM frontier f LEFT JOIN sources s ON s.id = f.source_id LEFT JOIN hosts h ON h.host = f.host
     WHERE f.state IN ('waiting', 'claimed') AND f.next_visit IS NOT NULL
       AND (:names IS NULL OR s.name IN (SELECT value FROM json_each(:names))))"""

# ruff: noqa: S608 - SQL is put together from the constant above; every value is bound


def planned_visits(
    db: sqlite3.Connection,
    names: Collection[str] | None,
    now: datetime,
    limit: int | None,
    without: Collection[str] = (),
) -> Iterator[Row]:
    """Yield the next visits with VISIT_KEYS, the soonest and most urgent first. `due`: it is due now.

    `names`: of sources; None: all. `without`: those left out.
    """
    sql = f"""SELECT at, source, kind, url, visits, failures, last_visit, last_error, trouble
                FROM {PLANNED} WHERE source IS NULL OR source NOT IN (SELECT value FROM json_each(:without))
               ORDER BY max(at, :now), priority, next_visit, id LIMIT :limit"""
    # A negative LIMIT is none (SQLite, SELECT).
    values = bound(names, now) | {"limit": -1 if limit is None else limit, "without": json.dumps(sorted(without))}
    for row in ask(db, sql, values):
        planned = {"at": row["at"], "due": row["at"] <= values["now"], "why": why(row)}
        yield planned | {key: row[key] for key in ("source", "kind", "url")}


def planned_by_source(db: sqlite3.Connection, names: Collection[str] | None, now: datetime) -> Iterator[Row]:
    """Yield with COUNT_KEYS how many visits of each source are due, within a day and later; the soonest first."""
    sql = f"""SELECT source, sum(at <= :now) AS due, sum(at > :now AND at <= :tomorrow) AS in_a_day,
                     sum(at > :tomorrow) AS later, min(at) AS next FROM {PLANNED} GROUP BY source_id ORDER BY next"""
    return map(dict, ask(db, sql, bound(names, now)))


def bound(names: Collection[str] | None, now: datetime) -> dict[str, Any]:
    """Return the values that the queries bind."""
    tomorrow = stamp(now + timedelta(days=1))
    return {"names": None if names is None else json.dumps(sorted(names)), "now": stamp(now), "tomorrow": tomorrow}


def why(row: sqlite3.Row) -> str:
    """Say why a visit is planned."""
    if row["trouble"]:
        return f"its host is in trouble: {row['trouble']}"
    if row["failures"] and row["last_error"]:
        return f"tried again after {row['failures']} in a row: {error_text(row['last_error'])}"
    if not row["visits"]:
        return "first visit"
    return "looked at again for edits" if row["kind"] in PAGE_KINDS else "read again for new articles"
