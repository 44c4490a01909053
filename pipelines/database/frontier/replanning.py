"""Plan many visits of a source again: because its settings have changed, or the user says so. Times are UTC.

Where settings have changed, what is due stays due. Commits nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from pipelines.core.items import PAYWALL_KIND
from pipelines.core.timestamps import stamp
from pipelines.database.frontier.rows import BY_ROBOTS, FrontierRow
from pipelines.database.stand_ins import WALLS

CLOCK_SLACK = timedelta(minutes=2)  # a time less far in the future is no sign of a clock that jumped
RECENT_DAYS = 7  # `new_within`, unless the settings say otherwise
STAMP = "'%Y-%m-%dT%H:%M:%SZ'"  # the form of a time in a row, for strftime

# Visits that a wrong clock ended.
ENDED_AHEAD = """(last_visit > :late AND kind IN ('article', 'page')
                   AND (state = 'done' AND last_error IS NULL
                        OR state = 'failed' AND last_error NOT IN ('damaged row', 'forgotten')))"""
# Visits of articles that were known before, which it planned by an age that they did not have.
AGED_AHEAD = "(last_visit > :late AND first_visit <= :late AND failures = 0 AND kind IN ('article', 'page'))"
# Articles that it took for old ones, because they were a few days old by a clock that is right.
PAST_AHEAD = f"(state = 'past' AND found > :late AND day >= date(:now, '-{RECENT_DAYS} days'))"

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


def replan_listings(db: sqlite3.Connection, source_id: int | None, kind: str, seconds: float, now: datetime) -> None:
    """Plan a source's listings of one kind, if answered, so many seconds after their last visits."""
    db.execute(
        f"""UPDATE frontier SET next_visit = strftime({STAMP}, last_visit, :pause)
             WHERE source_id = :source AND kind = :kind AND state = 'waiting' AND next_visit > :now
               AND last_visit IS NOT NULL AND (failures = 0 OR last_status BETWEEN 200 AND 399)""",
        {"source": source_id, "kind": kind, "pause": f"+{seconds:f} seconds", "now": stamp(now)},
    )


def replan_articles(db: sqlite3.Connection, source_id: int | None, ages: Iterable[float], now: datetime) -> None:
    """Plan a source's pages, if answered, at the first of these ages in seconds that comes after their last visit.

    Of pages for which no visit was planned, only those are planned whose age is still to come: a new age is no reason
    to fetch all of an archive again.
    """
    db.execute(
        f"""WITH planned AS (
                SELECT id, (SELECT min(strftime({STAMP}, first_visit, value)) FROM json_each(:ages)
                             WHERE strftime({STAMP}, first_visit, value) > iif(state = 'done', :now, last_visit)) AS at
                  FROM frontier
                 WHERE source_id = :source AND kind IN ('article', 'page') AND first_visit IS NOT NULL AND failures = 0
                   AND (state = 'waiting' AND next_visit > :now OR state = 'done' AND last_error IS NULL))
            UPDATE frontier SET state = iif(planned.at IS NULL, 'done', 'waiting'), next_visit = planned.at
              FROM planned WHERE planned.id = frontier.id AND frontier.next_visit IS NOT planned.at""",
        {"source": source_id, "ages": json.dumps([f"+{age:f} seconds" for age in ages]), "now": stamp(now)},
    )


def plan_look(db: sqlite3.Connection, url_key: str, ages: Iterable[float], now: datetime) -> None:
    """Plan a visit of an article that has none, at the first of these ages in seconds that is still to come."""
    db.execute(
        f"""WITH planned AS (
                SELECT id, (SELECT min(strftime({STAMP}, first_visit, value)) FROM json_each(:ages)
                             WHERE strftime({STAMP}, first_visit, value) > :now) AS at
                  FROM frontier WHERE url_key = :key AND kind = 'article' AND state = 'done' AND last_error IS NULL)
            UPDATE frontier SET state = 'waiting', next_visit = planned.at
              FROM planned WHERE planned.id = frontier.id AND planned.at IS NOT NULL""",
        {"key": url_key, "ages": json.dumps([f"+{age:f} seconds" for age in ages]), "now": stamp(now)},
    )


def read_listings_again(db: sqlite3.Connection, source_id: int | None, now: datetime) -> None:
    """Plan a visit now of a source's listings that were answered, without validators: what is taken of them changed."""
    db.execute(
        """UPDATE frontier SET next_visit = min(next_visit, :now), etag = NULL, last_modified = NULL
             WHERE source_id = :source AND kind NOT IN ('article', 'page', 'tdmrep') AND state = 'waiting'
               AND visits > 0""",
        {"source": source_id, "now": stamp(now)},
    )


def make_listings_due(
    db: sqlite3.Connection, source_id: int | None, kinds: Iterable[str], now: datetime, *, unconditional: bool = False
) -> set[str]:
    """Plan a visit now of a source's listings of these kinds that wait for a later one. Return their hosts.

    `unconditional`: without validators, because the answer "not modified" would not do.
    """
    rows = db.execute(
        """UPDATE frontier SET next_visit = :now, etag = iif(:whole, NULL, etag),
                   last_modified = iif(:whole, NULL, last_modified)
             WHERE source_id = :source AND kind IN (SELECT value FROM json_each(:kinds)) AND state = 'waiting'
               AND next_visit > :now RETURNING host""",
        {"source": source_id, "now": stamp(now), "kinds": json.dumps(list(kinds)), "whole": unconditional},
    )
    return {row[0] for row in rows.fetchall()}


def make_lost_due(db: sqlite3.Connection, url_keys: Iterable[str], now: datetime) -> int:
    """Plan a visit now of pages whose captures are lost, without validators. Return how many there are."""
    return db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = :now, failures = 0, etag = NULL, last_modified = NULL
            WHERE url_key IN (SELECT value FROM json_each(:keys)) AND state NOT IN ('claimed', 'removed')""",
        {"now": stamp(now), "keys": json.dumps(list(url_keys))},
    ).rowcount


def try_again(db: sqlite3.Connection, row: FrontierRow, since: datetime) -> bool:
    """Plan a visit of a listing that was given up and not asked for since then. Return True if so."""
    cursor = db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = ?, hint = ?, etag = NULL, last_modified = NULL
            WHERE url_key = ? AND source_id = ? AND kind = ? AND state IN ('done', 'failed')
              AND coalesce(last_visit, '') < ?""",
        (stamp(row.found), json.dumps(dict(row.hint)), row.url_key, row.source_id, row.kind, stamp(since)),
    )
    return cursor.rowcount > 0


def make_failures_due(db: sqlite3.Connection, source_id: int | None, now: datetime, *, but: Iterable[int]) -> None:
    """Plan a visit now of a source's pages that failed, were disallowed, or gave no article and wait or were walls.

    Left out are last statuses of `but`. A known article behind a paywall is there to stay, and keeps its plan.
    """
    db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = :now,
                   failures = iif(last_error = :robots, failures, 0)
             WHERE source_id = :source AND kind IN ('article', 'page') AND (
                    (state IN ('waiting', 'failed', 'disallowed')
                        AND (failures > 0 OR (visits = 0 AND next_visit > :now)))
                    OR (state = 'waiting' AND last_error IS NOT NULL)
                    OR (state IN ('failed', 'done') AND last_error IN (SELECT value FROM json_each(:walls)))
                    OR (state = 'failed' AND last_error = :paywall))
               AND coalesce(last_status, 0) NOT IN (SELECT value FROM json_each(:but))""",
        {
            "source": source_id,
            "now": stamp(now),
            "but": json.dumps(list(but)),
            "robots": BY_ROBOTS,
            "walls": json.dumps(WALLS),
            "paywall": PAYWALL_KIND,
        },
    )


def make_pages_due(db: sqlite3.Connection, source_id: int | None, now: datetime) -> None:
    """Plan a visit now of a source's pages that were answered or disallowed before."""
    db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = ?
            WHERE source_id = ? AND kind IN ('article', 'page') AND state IN ('waiting', 'done', 'disallowed')
              AND (visits > 0 OR last_error = ?)""",
        (stamp(now), source_id, BY_ROBOTS),
    )


def make_disallowed_due(db: sqlite3.Connection, host: str, beginning: str, now: datetime) -> int:
    """Plan a visit now of what robots.txt disallowed of a host, by the beginning of its URLs. Return the number."""
    sql = """UPDATE frontier SET next_visit = ?1 WHERE state = 'waiting' AND host = ?2 AND next_visit > ?1
                AND last_error = ?3 AND substr(url, 1, length(?4)) = ?4"""
    return db.execute(sql, (stamp(now), host, BY_ROBOTS, beginning)).rowcount


def continue_visits(db: sqlite3.Connection, old: str, new: str) -> tuple[str, str] | None:
    """Let the URL with the key `new` go on with the visits of an article that was at `old`, which gets no more.

    Its ages count from the first visit of either. Return the first and the last visit of both, if there was one.
    """
    visits = db.execute(
        "SELECT min(first_visit), max(last_visit) FROM frontier WHERE url_key IN (?, ?) AND first_visit IS NOT NULL",
        (old, new),
    ).fetchone()
    if visits[0] is None:
        return None
    if old != new:
        db.execute(
            """UPDATE frontier SET state = 'done', next_visit = NULL, last_error = NULL
                WHERE url_key = ? AND state IN ('waiting', 'failed')""",
            (old,),
        )
    db.execute("UPDATE frontier SET first_visit = ? WHERE url_key = ?", (visits[0], new))
    return visits


def resume_visits(db: sqlite3.Connection, url_key: str, now: datetime, *, unless_visited_since: str) -> None:
    """Plan a visit now of a page whose visits were done, unless it was visited since a stamp."""
    db.execute(
        """UPDATE frontier SET state = 'waiting', next_visit = ?
            WHERE url_key = ? AND state = 'done' AND kind IN ('article', 'page') AND last_visit < ?""",
        (stamp(now), url_key, unless_visited_since),
    )


def confirm_guess(db: sqlite3.Connection, url_key: str, now: datetime) -> bool:
    """Make a listing due that was a guess until now. Return False, and change nothing, if it was none."""
    confirmed = db.execute(
        """UPDATE frontier SET hint = json_remove(hint, '$.guess'), next_visit = ?,
                               state = CASE state WHEN 'claimed' THEN state ELSE 'waiting' END
            WHERE url_key = ? AND state != 'removed' AND json_extract(hint, '$.guess') IS NOT NULL""",
        (stamp(now), url_key),
    )
    return confirmed.rowcount > 0


def has_answered_page(db: sqlite3.Connection, source_id: int | None, since: datetime) -> bool:
    """Return True if a page of a source was answered since then, at its last visit."""
    sql = """SELECT 1 FROM frontier WHERE source_id IS ? AND kind IN ('article', 'page') AND failures = 0
                AND visits > 0 AND last_visit >= ? LIMIT 1"""
    return db.execute(sql, (source_id, stamp(since))).fetchone() is not None


def count_read_since(db: sqlite3.Connection, source_id: int | None, kinds: Iterable[str], since: str) -> int:
    """Return the number of a source's rows of these kinds that were answered since a stamp."""
    sql = """SELECT count(*) FROM frontier WHERE source_id = ? AND kind IN (SELECT value FROM json_each(?))
                AND failures = 0 AND last_visit >= ?"""
    return int(db.execute(sql, (source_id, json.dumps(list(kinds)), since)).fetchone()[0])


def has_due_pages(db: sqlite3.Connection, source_id: int | None, now: datetime) -> bool:
    """Return True if an article or page of a source is due."""
    sql = """SELECT 1 FROM frontier WHERE source_id = ? AND kind IN ('article', 'page') AND state = 'waiting'
                AND next_visit <= ? LIMIT 1"""
    return db.execute(sql, (source_id, stamp(now))).fetchone() is not None


def set_url(db: sqlite3.Connection, row_id: int, url: str) -> None:
    """Give a row another spelling of its URL, with the same key and host."""
    db.execute("UPDATE frontier SET url = ? WHERE id = ?", (url, row_id))


def mend_times(db: sqlite3.Connection, now: datetime, longest: timedelta) -> int:
    """Plan rows again that a wrong clock planned: from now, and as far ahead as they were. Return how many they are.

    These are rows whose last visit or discovery lies in the future, or whose next visit is further away than `longest`.
    Listings are due now, and so are pages that were visited, or ended, as if their ages had passed: the visit now plans
    the next one by their true age.
    """
    mended = db.execute(
        f"""UPDATE frontier SET
                state = iif({ENDED_AHEAD} OR {PAST_AHEAD}, 'waiting', state),
                next_visit = CASE WHEN {ENDED_AHEAD} OR {PAST_AHEAD} THEN :now WHEN next_visit IS NULL THEN NULL
                    WHEN {AGED_AHEAD} THEN :now
                    WHEN kind NOT IN ('article', 'page') OR last_visit IS NULL OR next_visit <= last_visit THEN :now
                    ELSE coalesce(strftime({STAMP}, :now, '+' || CAST(min(:longest,
                        strftime('%s', next_visit) - strftime('%s', last_visit)) AS TEXT) || ' seconds'), :now) END,
                last_visit = min(last_visit, :now), first_visit = min(first_visit, :now), found = min(found, :now)
             WHERE state != 'removed' AND (last_visit > :late OR found > :late OR next_visit > :far)""",
        {
            "now": stamp(now),
            "late": stamp(now + CLOCK_SLACK),
            "far": stamp(now + longest),
            "longest": int(longest.total_seconds()),
        },
    )
    return mended.rowcount
