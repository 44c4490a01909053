"""Say how the listings that source files name are doing: their rows of `frontier`, with what their readings showed."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from pipelines.core.timestamps import parse
from pipelines.database.connection import Row, ask
from pipelines.database.frontier.planned import AT, TROUBLE
from pipelines.database.health.facts import WatchedListing

# The index frontier_source finds them; guesses of ours are no listings of the source. A row that a redirect replaced
# has the new address, and so the depth of the old one.
OF_FILES = """FROM sources s CROSS JOIN frontier f ON f.source_id = s.id
    AND f.kind IN ('feed', 'news sitemap', 'sitemap', 'front', 'section') AND f.depth = 0
    AND f.state IN ('waiting', 'claimed', 'disallowed', 'failed')"""
IS_GUESS = "CASE WHEN json_valid(f.hint) THEN json_extract(f.hint, '$.guess') END IS NOT NULL"

# ruff: noqa: S608 - SQL is put together from constants


def listing_states(db: sqlite3.Connection) -> defaultdict[int, list[WatchedListing]]:
    """Return the listings of each source."""
    found: defaultdict[int, list[WatchedListing]] = defaultdict(list)
    sql = f"""SELECT s.id AS source, f.*, {AT} AS planned,
                     l.trouble, l.since AS trouble_since, l.moved_to, l.moved_since, l.last_change,
                     CASE WHEN f.failures > 0 THEN coalesce((
                          SELECT min(time) FROM captures c WHERE c.url = f.url AND c.time > coalesce((
                                 SELECT max(time) FROM captures a
                                  WHERE a.url = f.url AND a.status BETWEEN 200 AND 399 AND a.error IS NULL), '')),
                          f.last_visit) END AS failing_since,
                     CASE WHEN l.moved_to IS NOT NULL THEN (
                          SELECT max(url) FROM listings o
                           WHERE o.source_id = l.source_id AND o.replaces = l.url_key AND o.trouble IS NULL)
                     END AS replaced_by
                {OF_FILES} LEFT JOIN listings l ON l.url_key = f.url_key
                     LEFT JOIN {TROUBLE} h ON h.host = f.host WHERE NOT ({IS_GUESS}) ORDER BY f.id"""
    for row in ask(db, sql):
        found[row["source"]].append(
            WatchedListing(
                row["url"],
                row["kind"],
                row["state"],
                row["failures"],
                row["visits"],
                row["last_status"],
                row["last_error"],
                time_or_none(row["last_visit"]),
                time_or_none(row["planned"]),
                time_or_none(row["failing_since"]),
                row["trouble"],
                time_or_none(row["trouble_since"]),
                row["moved_to"],
                time_or_none(row["moved_since"]),
                time_or_none(row["last_change"]),
                row["replaced_by"],
            )
        )
    return found


def found_in_place_of_others(db: sqlite3.Connection, source_id: int) -> Iterator[Row]:
    """Yield kind, url and next_visit of the listings that crawls read in place of dead or moved ones of a source."""
    sql = f"""SELECT f.kind, f.url, {AT} AS next_visit
                FROM listings l JOIN frontier f ON f.url_key = l.url_key LEFT JOIN {TROUBLE} h ON h.host = f.host
               WHERE l.source_id = ? AND l.replaces IS NOT NULL AND (f.depth > 0 OR {IS_GUESS}) ORDER BY f.id"""
    return map(dict, ask(db, sql, (source_id,)))


def hosts_of_listings(db: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Yield the hosts of the listings of each source."""
    for row in ask(db, f"SELECT DISTINCT s.id, f.host {OF_FILES} WHERE NOT ({IS_GUESS})"):
        yield row[0], row[1]


def sources_with_pages(db: sqlite3.Connection) -> set[int]:
    """Return the sources of which an address of an article was ever found, or is in a feed: it may be another's."""
    sql = """SELECT id FROM sources WHERE EXISTS (
                    SELECT 1 FROM frontier WHERE source_id = sources.id AND kind IN ('article', 'page'))
                OR EXISTS (SELECT 1 FROM listings WHERE source_id = sources.id AND entries > 0
                                                    AND kind IN ('feed', 'news sitemap'))"""
    return {row["id"] for row in ask(db, sql)}


def time_or_none(text: str | None) -> datetime | None:
    """Return the time of a column; None if there is none."""
    return parse(text) if text else None
