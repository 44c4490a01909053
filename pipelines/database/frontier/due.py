"""Ask the table `frontier` what is due, and claim it. No policy.

Each question goes from host to host by the index `frontier_time` (a skip scan), so that it costs what is due, and not
what waits: an idle archive of a million rows answers in a few milliseconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pipelines.core.timestamps import stamp
from pipelines.database.frontier.claims import CLAIM_COLUMNS, claim_of
from pipelines.database.frontier.rows import IDLE, IMAGE_HINT, NO_SOURCE, Claim, ClaimScope, PartChoice, SourceChoice

LISTED = "(SELECT value FROM json_each(?))"  # the values of a bound JSON array
PAGES = "kind IN ('article', 'page')"
LISTINGS = "('feed', 'news sitemap', 'sitemap', 'front', 'section', 'tdmrep')"  # the kinds that are no pages
SOURCE = f"coalesce(source_id, {NO_SOURCE})"
IS_STAMP = "(next_visit GLOB '????-??-??T*Z' AND datetime(next_visit) IS NOT NULL)"  # a row may hold any text
NEVER = "9"  # after every stamp
# Rows that are due. A row that this crawl has not visited is due a little early; `?` are limit, now, and its beginning.
DUE = "(next_visit <= ? AND (next_visit <= ? OR last_visit < ?))"


def _hosts(index: str, state: str) -> str:
    """Return SQL that finds each host with rows in a state by one step in an index: found(host), NULL at its end."""
    return f"""
    found(host) AS (
        SELECT min(host) FROM frontier INDEXED BY {index} WHERE state = '{state}'
        UNION ALL
        SELECT (SELECT min(host) FROM frontier INDEXED BY {index} WHERE state = '{state}' AND host > found.host)
          FROM found WHERE found.host IS NOT NULL)"""


# Hosts that have waiting rows. `shut`: 2 if nothing is asked of one for now, 1 if no page is; `?` is now.
WAITING_HOSTS = f"""
{_hosts("frontier_time", "waiting")},
    waiting_hosts(host, shut) AS (
        SELECT host, (SELECT 2 - pages_only FROM hosts
                       WHERE hosts.host = found.host AND trouble IS NOT NULL AND retry_at > ?)
          FROM found WHERE host IS NOT NULL)"""
OF_HOST = f"""frontier INDEXED BY frontier_time
    WHERE state = 'waiting' AND frontier.host = waiting_hosts.host AND (shut IS NULL OR NOT {PAGES})"""
# The ranks that a host's waiting rows have, the most urgent first.
RANKS = """
    ranks(priority) AS (
        SELECT min(priority) FROM frontier WHERE state = 'waiting' AND host = ?1
        UNION ALL
        SELECT (SELECT min(priority) FROM frontier WHERE state = 'waiting' AND host = ?1
                                                     AND priority > ranks.priority)
          FROM ranks WHERE ranks.priority IS NOT NULL
         ORDER BY 1)"""
# Hosts that have parts of pages. `until`: when one in trouble is asked again; NEVER: for no part, while its
# pages are refused.
IDLE_HOSTS = f"""
{_hosts("frontier_idle", IDLE)},
    idle_hosts(host, until) AS (
        SELECT host, (SELECT iif(pages_only, '{NEVER}', retry_at) FROM hosts
                       WHERE hosts.host = found.host AND trouble IS NOT NULL)
          FROM found WHERE host IS NOT NULL)"""
OF_IDLE_HOST = f"frontier INDEXED BY frontier_idle WHERE state = '{IDLE}' AND frontier.host = idle_hosts.host"
MAX_SORTED_ROWS = 128  # a host that has more due rows is claimed rank by rank, instead of sorting them

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


class DueRows:
    """Ask for the due rows of one archive's frontier, and claim them. Commit nothing; times are UTC."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def hosts_due(self, scope: ClaimScope, now: datetime) -> list[str]:
        """Return the hosts that have due rows and may be asked."""
        condition, values = self._within(scope)
        sql = f"""WITH RECURSIVE {WAITING_HOSTS} SELECT host FROM waiting_hosts WHERE shut IS NOT 2
                     AND EXISTS (SELECT 1 FROM {OF_HOST} AND {DUE} AND {condition})"""
        return [row[0] for row in self._db.execute(sql, (stamp(now), *due_by(scope, now), *values))]

    def count_due(self, scope: ClaimScope, now: datetime) -> int:
        """Return the number of due rows of the hosts that may be asked."""
        condition, values = self._within(scope)
        sql = f"""WITH RECURSIVE {WAITING_HOSTS}
                  SELECT total((SELECT count(*) FROM {OF_HOST} AND {DUE} AND {condition}))
                    FROM waiting_hosts WHERE shut IS NOT 2"""
        return int(self._db.execute(sql, (stamp(now), *due_by(scope, now), *values)).fetchone()[0])

    def count_due_by_source(self, scope: ClaimScope, now: datetime) -> dict[int, int]:
        """Return the number of due rows of each source; NO_SOURCE stands for rows without one."""
        condition, values = self._within(scope)
        sql = f"""WITH RECURSIVE {WAITING_HOSTS} SELECT {SOURCE}, count(*) FROM waiting_hosts CROSS JOIN {OF_HOST}
                     AND shut IS NOT 2 AND {DUE} AND {condition} GROUP BY 1"""
        return dict(self._db.execute(sql, (stamp(now), *due_by(scope, now), *values)).fetchall())

    def next_due(self, scope: ClaimScope, now: datetime) -> str | None:
        """Return the stamp of the earliest planned visit, or None if no visit is planned.

        A host that is not asked for now has its next visit when it is asked again.
        """
        condition, values = self._within(scope)
        of_host = f"SELECT next_visit FROM {OF_HOST} AND {IS_STAMP} AND {condition} ORDER BY next_visit LIMIT 1"
        of_shut = f"""SELECT max(retry_at, next_visit) FROM hosts, frontier INDEXED BY frontier_time
                       WHERE shut IS NOT NULL AND hosts.host = waiting_hosts.host AND state = 'waiting'
                         AND frontier.host = waiting_hosts.host AND {IS_STAMP} AND {condition}
                       ORDER BY next_visit LIMIT 1"""
        sql = f"""WITH RECURSIVE {WAITING_HOSTS}
                  SELECT min(at) FROM (SELECT ({of_host}) AS at FROM waiting_hosts WHERE shut IS NOT 2
                                       UNION ALL SELECT ({of_shut}) FROM waiting_hosts WHERE shut IS NOT NULL)"""
        return self._db.execute(sql, (stamp(now), *values, *values)).fetchone()[0]

    def has_plan_after(self, time: datetime) -> bool:
        """Return True if a visit is planned after a time."""
        sql = f"""WITH RECURSIVE {WAITING_HOSTS} SELECT 1 FROM waiting_hosts
                   WHERE EXISTS (SELECT 1 FROM {OF_HOST} AND next_visit > ?) LIMIT 1"""
        return self._db.execute(sql, (NEVER, stamp(time))).fetchone() is not None  # no host is shut so late

    def claim(
        self,
        crawl_id: int,
        host: str,
        number: int,
        scope: ClaimScope,
        now: datetime,
        choice: SourceChoice,
        *,
        probe: bool = False,
    ) -> list[Claim]:
        """Claim up to `number` due rows of a host for a crawl, and return them, the most urgent first.

        `probe`: the row is to show whether the host answers, so a listing comes first, and a page that failed last.
        """
        condition, values = self._within(scope)
        for sql, sources in (
            (f"{SOURCE} IN {LISTED}", choice.only),
            (f"{SOURCE} NOT IN {LISTED}", choice.without or None),
            (f"({PAGES} OR {SOURCE} NOT IN {LISTED})", choice.pages_only or None),
            (f"(NOT {PAGES} OR {SOURCE} NOT IN {LISTED})", choice.listings_only or None),
        ):
            if sources is not None:
                condition += f" AND {sql}"
                values.append(json.dumps(sorted(sources)))
        if choice.no_pages:
            condition += f" AND NOT {PAGES}"
        ids = self._most_urgent(host, number, due_by(scope, now), condition, values, probe=probe)
        rows = self._db.execute(
            f"UPDATE frontier SET state = 'claimed', claimed_by = ? WHERE id IN {LISTED} RETURNING {CLAIM_COLUMNS}",
            (crawl_id, json.dumps(ids)),
        ).fetchall()
        rows.sort(key=lambda row: ids.index(row[0]))  # RETURNING has no order
        return [claim_of(row) for row in rows]

    def hosts_with_parts(self, scope: ClaimScope, now: datetime, choice: PartChoice) -> list[str]:
        """Return the hosts that have parts of pages to be fetched now, and may be asked."""
        condition, values = self._parts_within(scope, choice)
        sql = f"""WITH RECURSIVE {IDLE_HOSTS} SELECT host FROM idle_hosts WHERE (until IS NULL OR until <= ?)
                     AND EXISTS (SELECT 1 FROM {OF_IDLE_HOST} AND next_visit <= ? AND {condition})"""
        return [row[0] for row in self._db.execute(sql, (stamp(now), stamp(now), *values))]

    def next_part(self, scope: ClaimScope, choice: PartChoice) -> str | None:
        """Return the stamp of the time at which the next part of a page may be fetched; None if none waits."""
        condition, values = self._parts_within(scope, choice)
        earliest = f"(SELECT min(next_visit) FROM {OF_IDLE_HOST} AND {IS_STAMP} AND {condition})"
        sql = f"""WITH RECURSIVE {IDLE_HOSTS} SELECT min(max(coalesce(until, ''), {earliest})) FROM idle_hosts
                   WHERE until IS NOT '{NEVER}'"""
        return self._db.execute(sql, values).fetchone()[0]

    def claim_parts(
        self, crawl_id: int, host: str, number: int, scope: ClaimScope, now: datetime, choice: PartChoice
    ) -> list[Claim]:
        """Claim up to `number` parts of pages on a host, those of the newest articles first."""
        condition, values = self._parts_within(scope, choice)
        rows = self._db.execute(
            f"""UPDATE frontier SET state = 'claimed', claimed_by = ? WHERE id IN (
                    SELECT id FROM frontier INDEXED BY frontier_idle WHERE state = '{IDLE}' AND host = ?
                       AND next_visit <= ? AND {condition}
                     ORDER BY priority, next_visit, id LIMIT ?) RETURNING {CLAIM_COLUMNS}""",
            (crawl_id, host, stamp(now), *values, number),
        )
        return [claim_of(row) for row in rows.fetchall()]

    def count_parts(self, scope: ClaimScope, choice: PartChoice) -> int:
        """Return the number of parts of pages that wait."""
        condition, values = self._parts_within(scope, choice)
        sql = f"SELECT count(*) FROM frontier WHERE state = '{IDLE}' AND {condition}"
        return int(self._db.execute(sql, values).fetchone()[0])

    def _parts_within(self, scope: ClaimScope, choice: PartChoice) -> tuple[str, list[Any]]:
        """Return the SQL condition of the parts in a scope, and the values to bind.

        A crawl of some sources or pages has the parts of these sources, and those that it queued itself.
        """
        conditions = [f"({SOURCE} IN {LISTED} OR ({SOURCE} IN {LISTED} AND instr(hint, '{IMAGE_HINT}')))"]
        values: list[Any] = [as_list(choice.every_kind), as_list(choice.images)]
        if scope.new_parts_only or scope.source_ids is not None:
            sources = frozenset() if scope.new_parts_only else scope.source_ids or frozenset()
            conditions.append(f"(next_visit >= ? OR source_id IN {LISTED})")
            values += [scope.began or NEVER, as_list(sources)]
        if scope.excluded_source_ids:
            conditions.append(f"{SOURCE} NOT IN {LISTED}")
            values.append(as_list(scope.excluded_source_ids))
        return " AND ".join(conditions), values

    def _most_urgent(
        self, host: str, number: int, due: tuple[str, str, str], condition: str, values: list[Any], *, probe: bool
    ) -> list[int]:
        """Return the ids of the most urgent due rows of a host."""
        many = """SELECT count(*) FROM (SELECT 1 FROM frontier INDEXED BY frontier_time
                                         WHERE state = 'waiting' AND host = ? AND next_visit <= ? LIMIT ?)"""
        is_many = self._db.execute(many, (host, due[0], MAX_SORTED_ROWS + 1)).fetchone()[0] > MAX_SORTED_ROWS
        if probe or not is_many:
            order = f"{PAGES}, failures, priority, next_visit, id" if probe else "priority, next_visit, id"
            sql = f"""SELECT id FROM frontier INDEXED BY frontier_time
                       WHERE state = 'waiting' AND host = ? AND {DUE} AND {condition} ORDER BY {order} LIMIT ?"""
        else:  # CROSS JOIN: SQLite keeps the order of the ranks, and stops when there are enough rows
            sql = f"""WITH RECURSIVE {RANKS} SELECT id FROM ranks CROSS JOIN frontier INDEXED BY frontier_due
                       WHERE state = 'waiting' AND host = ?1 AND frontier.priority = ranks.priority
                         AND {DUE} AND {condition} LIMIT ?"""
        return [row[0] for row in self._db.execute(sql, (host, *due, *values, number)).fetchall()]

    def _within(self, scope: ClaimScope) -> tuple[str, list[Any]]:
        """Return the SQL condition of a scope, and the values to bind."""
        conditions, values = [], []
        if scope.source_ids is not None:
            named = []
            if scope.source_ids:
                named.append(f"source_id IN {LISTED}")
                values.append(json.dumps(sorted(scope.source_ids)))
            if scope.row_ids:
                named.append(f"id IN (SELECT id FROM {self._temporary(scope.row_ids)})")
            conditions.append(f"({' OR '.join(named) or '0'})")
        if scope.excluded_source_ids:
            conditions.append(f"(source_id IS NULL OR source_id NOT IN {LISTED})")
            values.append(json.dumps(sorted(scope.excluded_source_ids)))
        if scope.since is not None:
            conditions.append(f"(day IS NULL OR day >= ? OR NOT {PAGES})")
            values.append(scope.since)
        return " AND ".join(conditions) or "1", values

    def _temporary(self, row_ids: frozenset[int]) -> str:
        """Return the name of a temporary table that holds these ids, made on first use.

        A list may have 100,000 rows, and a crawl asks for them thousands of times: too many to bind each time.
        """
        name = f"ids_{hash(row_ids) % 2**64:x}"
        if self._db.execute("SELECT 1 FROM temp.sqlite_master WHERE name = ?", (name,)).fetchone() is None:
            self._db.execute(f"CREATE TEMP TABLE {name} (id INTEGER PRIMARY KEY)")
            self._db.executemany(f"INSERT INTO temp.{name} VALUES (?)", [(row_id,) for row_id in sorted(row_ids)])
        return f"temp.{name}"


def due_by(scope: ClaimScope, now: datetime) -> tuple[str, str, str]:
    """Return the values to bind where SQL says DUE."""
    time = stamp(now)
    return max(time, scope.early_until or time), time, scope.began or ""


def as_list(ids: Iterable[int]) -> str:
    """Return ids as a JSON array, to be bound where SQL says LISTED."""
    return json.dumps(sorted(ids))


def as_array(texts: Iterable[str]) -> str:
    """Return texts as a JSON array, to be bound where SQL says LISTED."""
    return json.dumps(list(texts))
