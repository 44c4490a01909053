"""Say which visits are planned, when and why, the soonest first. Reads only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from pipelines.core.timestamps import stamp
from pipelines.database.connection import Row, ask
from pipelines.database.frontier.rows import IDLE, IMAGE_HINT, PART, error_text

PAGE_KINDS = ("article", "page")
LISTING_KINDS = ("feed", "news sitemap", "sitemap", "front", "section", "tdmrep")
VISIT_KEYS = ("at", "due", "source", "kind", "url", "why")
COUNT_KEYS = ("source", "due", "in_a_day", "later", "next")
# Hosts in trouble: nothing is asked of one before its next probe.
TROUBLE = "(SELECT host, trouble, retry_at, pages_only FROM hosts WHERE trouble IS NOT NULL AND retry_at IS NOT NULL)"
# Where only pages are refused, listings are read. A CASE, so that the kind of a row is read for such hosts only.
WAITS_FOR_PROBE = f"CASE h.pages_only WHEN 0 THEN 1 WHEN 1 THEN f.kind IN {PAGE_KINDS} END"
AT = f"max(f.next_visit, coalesce(CASE WHEN {WAITS_FOR_PROBE} THEN h.retry_at END, ''))"
# A part of a page may be claimed, too; it is not planned, but waits.
IS_PLANNED = f"""f.state IN ('waiting', 'claimed') AND (f.state = 'waiting' OR f.kind != '{PART}')
    AND f.next_visit IS NOT NULL"""
# The index has all by which visits are ordered, so that a million rows are not read for the next twenty.
SOONEST = f"""SELECT f.id FROM frontier f INDEXED BY frontier_due LEFT JOIN {TROUBLE} h ON h.host = f.host
    WHERE {IS_PLANNED} ORDER BY max({AT}, :now), f.priority, f.next_visit, f.id LIMIT :limit"""
SOONEST_OF = f"""SELECT f.id FROM frontier f INDEXED BY frontier_source LEFT JOIN {TROUBLE} h ON h.host = f.host
    WHERE f.source_id IN (SELECT id FROM sources WHERE name IN (SELECT value FROM json_each(:names))) AND {IS_PLANNED}
    ORDER BY max({AT}, :now), f.priority, f.next_visit, f.id LIMIT :limit"""
VISITS = f"""SELECT {AT} AS at, s.name AS source, kind, f.url, visits, failures, last_visit, last_error,
           CASE WHEN {WAITS_FOR_PROBE} THEN h.trouble END AS trouble,
           (SELECT p.kind FROM page_states p WHERE p.url_key = f.url_key AND p.ended IS NULL) AS shown
    FROM frontier f LEFT JOIN sources s ON s.id = f.source_id LEFT JOIN {TROUBLE} h ON h.host = f.host
    WHERE f.id IN (SELECT value FROM json_each(:ids))
      AND (s.name IS NULL OR s.name NOT IN (SELECT value FROM json_each(:without)))
    ORDER BY max({AT}, :now), f.priority, f.next_visit, f.id LIMIT :limit"""
SOURCES = """(SELECT id, name FROM sources UNION ALL SELECT NULL, NULL)"""
KINDS = f"({', '.join(map(repr, (*PAGE_KINDS, *LISTING_KINDS)))})"
COUNTS = """SELECT s.name AS source, sum(at <= :now) AS due, sum(at > :now AND at <= :tomorrow) AS in_a_day,
    sum(at > :tomorrow) AS later, min(at) AS next"""
# Of the index alone; the hosts of rows are not in it.
COUNTS_BY_INDEX = f"""{COUNTS} FROM (SELECT s.id, s.name, f.next_visit AS at FROM {SOURCES} s
        CROSS JOIN frontier f INDEXED BY frontier_source ON f.source_id IS s.id AND f.kind IN {KINDS} AND {IS_PLANNED}
        WHERE s.id IS NULL OR s.id NOT IN (SELECT value FROM json_each(:ids))) s GROUP BY s.id"""
COUNTS_BY_ROW = f"""{COUNTS} FROM (SELECT s.id, s.name, {AT} AS at FROM {SOURCES} s
        CROSS JOIN frontier f INDEXED BY frontier_source ON f.source_id IS s.id AND f.kind IN {KINDS} AND {IS_PLANNED}
        LEFT JOIN {TROUBLE} h ON h.host = f.host
        WHERE s.id IN (SELECT value FROM json_each(:ids))) s GROUP BY s.id"""
SOURCES_IN_TROUBLE = f"""SELECT DISTINCT source_id FROM {TROUBLE} h CROSS JOIN frontier f INDEXED BY frontier_time
    ON {IS_PLANNED} AND f.host = h.host WHERE source_id IS NOT NULL"""
HELD_UP = f"""SELECT s.id, s.name, h.host, h.trouble, h.retry_at AS at FROM {TROUBLE} h
    CROSS JOIN frontier f INDEXED BY frontier_time ON f.state = 'waiting' AND f.host = h.host AND f.next_visit <= :now
    JOIN sources s ON s.id = f.source_id WHERE h.retry_at > :now GROUP BY s.id, h.host ORDER BY s.name, h.host"""
WAITING_PARTS = f"""SELECT s.name AS source, count(*) AS parts, sum(instr(f.hint, '{IMAGE_HINT}') > 0) AS images
    FROM frontier f JOIN sources s ON s.id = f.source_id WHERE f.state = '{IDLE}' GROUP BY s.id"""
FIRST_VISIT = "first visit"
MORE_TIMES = 10  # as many visits are looked at again if too many of them are of sources that are left out

# ruff: noqa: S608 - SQL is put together from the constant above; every value is bound


def planned_visits(
    db: sqlite3.Connection,
    names: Collection[str] | None,
    now: datetime,
    limit: int,
    without: Collection[str] = (),
) -> Iterator[Row]:
    """Yield the next visits with VISIT_KEYS, the soonest and most urgent first. `due`: it is due now.

    `names`: of sources; None: all. `without`: those left out.
    """
    values = bound(names, now)
    found, number = [], limit
    while number > 0:
        ids = [row[0] for row in ask(db, SOONEST if names is None else SOONEST_OF, values | {"limit": number})]
        more = {"ids": json.dumps(ids), "without": json.dumps(sorted(without)), "limit": limit}
        found = list(ask(db, VISITS, values | more))
        if len(found) == limit or len(ids) < number:
            break
        number *= MORE_TIMES
    for row in found:
        planned = {"at": row["at"], "due": row["at"] <= values["now"], "why": why(row)}
        yield planned | {key: row[key] for key in ("source", "kind", "url")}


def planned_by_source(db: sqlite3.Connection, names: Collection[str] | None, now: datetime) -> Iterator[Row]:
    """Yield with COUNT_KEYS how many visits of each source are due, within a day and later; the soonest first."""
    ids = {"ids": json.dumps([row[0] for row in ask(db, SOURCES_IN_TROUBLE)])}
    rows = [row for sql in (COUNTS_BY_INDEX, COUNTS_BY_ROW) for row in map(dict, ask(db, sql, bound(names, now) | ids))]
    wanted = (row for row in rows if names is None or row["source"] in names)
    return iter(sorted(wanted, key=lambda row: str(row["next"])))  # a row that was edited may hold a number


def waiting_parts(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return by source how many parts of its pages wait to be fetched, and how many of them are pictures."""
    return {row["source"]: (row["parts"], row["images"]) for row in ask(db, WAITING_PARTS)}


def held_up(db: sqlite3.Connection, now: datetime) -> list[tuple[int, str, str, str, str]]:
    """Return the sources of which something is due at a host in trouble, as (id, name, host, trouble, at).

    `at`: when that host is asked again.
    """
    return [tuple(row) for row in ask(db, HELD_UP, {"now": stamp(now)})]


def bound(names: Collection[str] | None, now: datetime) -> dict[str, Any]:
    """Return the values that the queries bind."""
    tomorrow = stamp(now + timedelta(days=1))
    return {"names": None if names is None else json.dumps(sorted(names)), "now": stamp(now), "tomorrow": tomorrow}


def why(row: sqlite3.Row) -> str:
    """Say why a visit is planned."""
    if row["trouble"]:
        return f"its host is in trouble: {row['trouble']}"
    if row["kind"] == "tdmrep" and row["failures"]:
        return "asked whether there is one now"
    if row["shown"]:
        return f"asked again for its article: {row['shown']}"
    if row["failures"] and row["last_error"]:
        failures = f"{row['failures']} failures in a row" if row["failures"] > 1 else "a failure"
        return f"tried again after {failures}: {error_text(row['last_error'])}"
    if not row["visits"]:
        return FIRST_VISIT
    return "looked at again for edits" if row["kind"] in PAGE_KINDS else "read again for new articles"


def sources_with_addresses(db: sqlite3.Connection) -> set[str]:
    """Return the names of the sources of which an address is known; the listings of others are queued by a crawl."""
    sql = """SELECT name FROM sources WHERE EXISTS (
                 SELECT 1 FROM frontier INDEXED BY frontier_source WHERE source_id = sources.id)"""
    return {row[0] for row in ask(db, sql)}
