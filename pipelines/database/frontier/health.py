"""Say how sources are doing, by their rows of the table `frontier` and their captures. Reads only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from pipelines.core.timestamps import stamp
from pipelines.database.connection import Row, ask
from pipelines.database.frontier.due import PAGES
from pipelines.database.frontier.planned import TROUBLE, WAITS_FOR_PROBE
from pipelines.database.frontier.rows import BY_ROBOTS, FORGOTTEN, IDLE, PART, SourceHealth, error_text

# Rows whose last visit failed. No failures are: common paths that we tried ourselves, links that lead nowhere, and
# what robots.txt disallows of links and pages, and of a front page beside other listings.
FAILING = f"""(last_error IS NOT NULL AND failures > 0 AND state IN ('waiting', 'claimed', 'failed')
    AND kind NOT IN ('tdmrep', 'part') AND CASE WHEN json_valid(hint) THEN json_extract(hint, '$.guess') END IS NULL
    AND NOT (coalesce(last_status, 0) IN (404, 410) AND ({PAGES} OR (depth > 0 AND visits = 0)))
    AND NOT (last_status IS NULL AND last_error = '{BY_ROBOTS}' AND (depth > 0 OR {PAGES} OR kind = 'front' AND EXISTS (
        SELECT 1 FROM frontier o WHERE o.source_id = frontier.source_id AND o.depth = 0
           AND o.kind IN ('feed', 'news sitemap', 'sitemap', 'section')))))"""
# The newest answer that was no error, of the feeds, sitemaps and pages of a source. The condition is that of the index
# captures_answered.
LAST_SUCCESS = """(SELECT substr(max(time), 1, 19) || 'Z' FROM captures
    WHERE source_id = sources.id AND status BETWEEN 200 AND 399 AND kind NOT IN ('robots', 'tdmrep', 'part'))"""

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


def health(db: sqlite3.Connection, now: datetime) -> defaultdict[int | None, SourceHealth]:
    """Return the health of each source by its id; that of an unknown source is empty."""
    counts = {row["source_id"]: dict(row) for row in ask(db, COUNTS_OF_SOURCES, {"now": stamp(now)})}
    for (source_id, _host), number in of_hosts_in_trouble(db, now).items():
        if source_id in counts:
            plan_later(counts[source_id], number)
    success = {row["id"]: row["at"] for row in ask(db, f"SELECT id, {LAST_SUCCESS} AS at FROM sources")}
    errors: dict[int | None, sqlite3.Row] = {}
    for row in ask(db, NEWEST_FAILURES):
        at = success.get(row["source_id"])
        # A page may fail for itself: it says something of its source only while nothing else was answered.
        if not row["is_page"] or at is None or (row["last_visit"] or "") > at:
            errors.setdefault(row["source_id"], row)
    found: defaultdict[int | None, SourceHealth] = defaultdict(SourceHealth)
    for source_id in counts.keys() | success.keys():
        count, error = counts.get(source_id), errors.get(source_id)
        found[source_id] = SourceHealth(
            success.get(source_id),
            **({word: count[word] for word in COUNTED} if count is not None else {}),
            last_error=error_text(error["last_error"]) if error is not None else None,
            last_error_time=error["last_visit"] if error is not None else None,
        )
    return found


def of_hosts_in_trouble(db: sqlite3.Connection, now: datetime) -> dict[tuple[int | None, str], int]:
    """Return by source and host how many visits have fallen due and wait for the next probe of their host."""
    rows = ask(db, WAITING_FOR_PROBE, {"now": stamp(now)})
    return {(row["source_id"], row["host"]): row["number"] for row in rows}


def plan_later(counts: Row, number: int) -> None:
    """Count visits as planned for later, and no more as waiting."""
    counts["waiting"] -= number
    counts["planned"] += number


NEWEST_FAILURES = f"""SELECT source_id, last_error, last_visit, {PAGES} AS is_page
    FROM frontier INDEXED BY frontier_failing WHERE {FAILING} ORDER BY last_visit DESC"""
VISITED = "kind IN ('article', 'page', 'feed', 'news sitemap', 'sitemap', 'front', 'section')"  # all but tdmrep
# Each count is a range of an index: to read every row takes a second for a million of them.
COUNTS_OF_SOURCES = f"""SELECT id AS source_id,
    (SELECT count(*) FROM frontier INDEXED BY frontier_source WHERE source_id = sources.id AND {VISITED}
        AND state IN ('waiting', 'claimed') AND next_visit <= :now) AS waiting,
    (SELECT count(*) FROM frontier INDEXED BY frontier_source WHERE source_id = sources.id AND {VISITED}
        AND state = 'waiting' AND next_visit > :now) AS planned,
    (SELECT count(*) FROM frontier INDEXED BY frontier_failing WHERE source_id = sources.id AND {FAILING}) AS failed,
    (SELECT count(*) FROM frontier INDEXED BY frontier_past WHERE source_id = sources.id AND state = 'past') AS past,
    (SELECT count(*) FROM frontier INDEXED BY frontier_source WHERE source_id = sources.id AND kind = '{PART}'
        AND state = '{IDLE}') AS parts
  FROM sources"""
WAITING_FOR_PROBE = f"""SELECT f.source_id, f.host, count(*) AS number
    FROM {TROUBLE} h CROSS JOIN frontier f INDEXED BY frontier_time ON f.host = h.host
   WHERE h.retry_at > :now AND f.state IN ('waiting', 'claimed') AND f.next_visit <= :now
     AND f.kind != 'tdmrep' AND {WAITS_FOR_PROBE} GROUP BY 1, 2"""
COUNTS = f"""sum(state IN ('waiting', 'claimed') AND kind != 'tdmrep' AND next_visit <= :now) AS waiting,
    sum(state = 'waiting' AND kind != 'tdmrep' AND next_visit > :now) AS planned, sum({FAILING}) AS failed,
    sum(state = 'past') AS past"""
COUNTED = ("waiting", "planned", "failed", "past", "parts")


def sites_of_lists(db: sqlite3.Connection, now: datetime) -> Iterator[Row]:
    """Yield the hosts of pages that belong to no source: articles, waiting, planned and failed pages, the last error.

    Pages that were forgotten do not count.
    """
    newest_first = f"""SELECT host, last_error, last_visit FROM frontier
                        WHERE source_id IS NULL AND {FAILING} ORDER BY last_visit DESC"""
    errors: dict[str, Row] = {}
    for row in ask(db, newest_first):
        error = {"last_error": error_text(row["last_error"]), "last_error_time": row["last_visit"]}
        errors.setdefault(row["host"], error)
    sql = f"""SELECT host AS name, count(DISTINCT coalesce(
                         (SELECT id FROM articles a WHERE a.url_key = frontier.url_key),
                         (SELECT article_id FROM aliases a WHERE a.url_key = frontier.url_key))) AS articles, {COUNTS}
                FROM frontier WHERE source_id IS NULL AND state != 'removed' AND last_error IS NOT '{FORGOTTEN}'
                 AND kind != '{PART}' GROUP BY host ORDER BY host"""
    in_trouble = of_hosts_in_trouble(db, now)
    for found in map(dict, ask(db, sql, {"now": stamp(now)})):
        plan_later(found, in_trouble.get((None, found["name"]), 0))
        yield found | errors.get(found["name"], {})


def sources_of_lists(db: sqlite3.Connection) -> set[int]:
    """Return the ids of sources that are only hosts of a list: earlier versions made a source of each.

    Hosts that were imported are sources.
    """
    sql = """SELECT id FROM sources WHERE watched = 0
                AND NOT EXISTS (SELECT 1 FROM captures WHERE source_id = sources.id AND status BETWEEN 200 AND 399
                                   AND kind NOT IN ('robots', 'tdmrep', 'part') AND imported IS NOT NULL)
                AND EXISTS (SELECT 1 FROM frontier WHERE source_id = sources.id AND kind = 'page')
                AND NOT EXISTS (SELECT 1 FROM frontier WHERE source_id = sources.id AND kind != 'page')"""
    return {row["id"] for row in ask(db, sql)}
