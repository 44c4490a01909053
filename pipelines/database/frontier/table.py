"""Hold the SQL statements on the table `frontier` by which a crawl goes on: rows in, rows out, no policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from pipelines.core.timestamps import stamp
from pipelines.database.connection import ask
from pipelines.database.frontier.claims import CLAIM_COLUMNS, claim_of
from pipelines.database.frontier.due import LISTED, LISTINGS, PAGES, SOURCE, DueRows, as_array
from pipelines.database.frontier.rows import FORGOTTEN, AddressState, Claim, FrontierRow
from pipelines.database.schema.numbers import new_id

NEW_ROW = new_id("frontier")
IS_SEED = f"(depth = 0 AND found_on IS NULL AND NOT {PAGES})"  # a listing that a source's file names
UNCLAIMED = "iif(kind = 'part', 'idle', 'waiting')"  # state of a row that was claimed and not visited
LAST_CHARACTER = "\U0010ffff"  # sorts after every character of a URL

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


class FrontierTable(DueRows):
    """Read and write the rows of one archive's frontier. Commit nothing; times are UTC."""

    # For a crawl: insert, record.

    def insert(self, row: FrontierRow) -> bool:
        """Insert a row that waits for a visit, or for a backfill. Return False if its `url_key` is there already.

        A part of a page that a listing links is no part, or no longer: its row becomes that of a page.
        """
        inserted = self._db.execute(
            f"""INSERT INTO frontier (id, url_key, url, host, source_id, kind, state, next_visit, priority, depth,
                                      found, found_on, hint, day)
               VALUES ({NEW_ROW}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (url_key) DO UPDATE SET
                   source_id = excluded.source_id, kind = excluded.kind, state = excluded.state,
                   next_visit = excluded.next_visit, priority = excluded.priority, depth = excluded.depth,
                   found = excluded.found, found_on = excluded.found_on, hint = excluded.hint, day = excluded.day,
                   failures = 0, etag = NULL, last_modified = NULL
               WHERE frontier.kind = 'part' AND frontier.state IN ('idle', 'done') AND excluded.kind != 'part'
               RETURNING id""",
            (
                row.url_key,
                row.url,
                row.host,
                row.source_id,
                row.kind,
                "past" if row.past else "waiting",
                stamp(row.next_visit) if row.next_visit and not row.past else None,
                row.priority,
                row.depth,
                stamp(row.found),
                row.found_on,
                as_json(row.hint) if row.hint else None,
                row.day,
            ),
        )
        return inserted.fetchone() is not None

    def release(self, row_ids: Iterable[int]) -> None:
        """Let claimed rows wait again, as they were before."""
        self._db.executemany(
            f"UPDATE frontier SET state = {UNCLAIMED}, claimed_by = NULL WHERE id = ? AND state = 'claimed'",
            [(row_id,) for row_id in row_ids],
        )

    def release_all(self) -> int:
        """Let every claimed row wait again. Return how many there were."""
        sql = f"UPDATE frontier SET state = {UNCLAIMED}, claimed_by = NULL WHERE state = 'claimed'"
        return self._db.execute(sql).rowcount

    def record_visit(
        self,
        row_id: int,
        now: datetime,
        *,
        state: str,
        next_visit: datetime | None,
        answered: bool,
        failures: int | None = None,
        status: int | None,
        error: str | None,
        etag: str | None,
        last_modified: str | None,
    ) -> None:
        """Write the result of a visit into its row, which is claimed no more.

        `failures`: how many visits in a row brought no answer, this one included; None: one more than before.
        Validators that are None leave those of the row as they are.
        """
        self._db.execute(
            """UPDATE frontier SET state = ?, next_visit = ?, last_status = ?, last_error = ?, last_visit = ?,
                      first_visit = coalesce(first_visit, ?), visits = visits + ?,
                      failures = CASE WHEN ? THEN 0 ELSE coalesce(?, failures + 1) END,
                      etag = coalesce(?, etag), last_modified = coalesce(?, last_modified), claimed_by = NULL
                WHERE id = ?""",
            (
                state,
                stamp(next_visit) if next_visit else None,
                status,
                error,
                stamp(now),
                stamp(now) if answered else None,
                int(answered),
                int(answered),
                failures,
                etag,
                last_modified,
                row_id,
            ),
        )

    # For a crawl: what is known.

    def row_of(self, url_key: str) -> tuple[int, int] | None:
        """Return (row id, visits) of a URL, or None if it is unknown or was taken down."""
        sql = "SELECT id, visits FROM frontier WHERE url_key = ? AND state != 'removed'"
        return self._db.execute(sql, (url_key,)).fetchone()

    def kind_and_source(self, url_key: str) -> tuple[str, int | None] | None:
        """Return (kind, source id) of a URL, or None if it is unknown or was taken down."""
        sql = "SELECT kind, source_id FROM frontier WHERE url_key = ? AND state != 'removed'"
        return self._db.execute(sql, (url_key,)).fetchone()

    def unclaimed(self, url_key: str) -> Claim | None:
        """Return the row of a URL in the form of a claim, or None if it is unknown or claimed."""
        sql = f"SELECT {CLAIM_COLUMNS} FROM frontier WHERE url_key = ? AND state != 'claimed'"
        row = self._db.execute(sql, (url_key,)).fetchone()
        return claim_of(row) if row is not None else None

    def is_visited(self, url_key: str, *, besides: int) -> bool:
        """Return True if a URL was visited or is claimed, and its row is not the one with the id `besides`."""
        sql = "SELECT 1 FROM frontier WHERE url_key = ? AND id != ? AND (visits > 0 OR state = 'claimed')"
        return self._db.execute(sql, (url_key, besides)).fetchone() is not None

    def is_known(self, url_key: str) -> bool:
        """Return True if a URL has a row, whatever its state."""
        return self._db.execute("SELECT 1 FROM frontier WHERE url_key = ?", (url_key,)).fetchone() is not None

    def has_pages(self, source_id: int | None) -> bool:
        """Return True if a source has a row of an article or page."""
        sql = f"SELECT 1 FROM frontier WHERE source_id IS ? AND {PAGES} LIMIT 1"
        return self._db.execute(sql, (source_id,)).fetchone() is not None

    def found_urls(self, source_id: int | None, kind: str) -> list[tuple[int, str]]:
        """Return (row id, URL) of a source's rows of one kind that were found by links, not named as seeds."""
        sql = "SELECT id, url FROM frontier WHERE source_id = ? AND kind = ? AND depth > 0 AND state != 'removed'"
        return self._db.execute(sql, (source_id, kind)).fetchall()

    # For a crawl: plan rows again.

    def make_due(self, row_id: int, now: datetime) -> None:
        """Plan a visit of one row now, unless it is claimed."""
        sql = """UPDATE frontier SET state = 'waiting', next_visit = ?
                  WHERE id = ? AND state NOT IN ('claimed', 'removed')"""
        self._db.execute(sql, (stamp(now), row_id))

    def make_changed_due(
        self, url_key: str, hint: Mapping[str, str], now: datetime, *, kinds: Iterable[str], changed: str, began: str
    ) -> bool:
        """Plan a visit now of a row that was last visited before both stamps, `changed` and `began`.

        Do nothing, and return False, if its hint has the same `modified` already, or it is of another kind.
        """
        cursor = self._db.execute(
            f"""UPDATE frontier SET state = 'waiting', next_visit = ?, hint = ?
                 WHERE url_key = ? AND state IN ('done', 'waiting') AND visits > 0
                   AND kind IN {LISTED} AND last_visit < ? AND last_visit < ?
                   AND coalesce(CASE WHEN json_valid(hint) THEN json_extract(hint, '$.modified') END, '') != ?""",
            (stamp(now), as_json(hint), url_key, as_array(kinds), changed, began, hint["modified"]),
        )
        return cursor.rowcount > 0

    def make_kinds_due(
        self, source_id: int | None, kinds: Iterable[str], now: datetime, *, unless_read_since: str | None = None
    ) -> None:
        """Plan a visit now of a source's rows of these kinds.

        Left out are links that were done without any answer, and rows that were answered since a stamp and are not due.
        """
        self._db.execute(
            """UPDATE frontier SET state = 'waiting', next_visit = ?1
                 WHERE source_id = ?2 AND kind IN (SELECT value FROM json_each(?3)) AND state != 'removed'
                   AND NOT (state = 'done' AND visits = 0 AND depth > 0)
                   AND NOT (?4 IS NOT NULL AND failures = 0 AND last_visit >= ?4 AND coalesce(next_visit > ?1, 1))""",
            (stamp(now), source_id, as_array(kinds), unless_read_since),
        )

    def make_articles(self, priorities: Iterable[tuple[int, int]], now: datetime) -> None:
        """Make rows, given as (row id, priority), articles that are due now, to be fetched without validators."""
        self._db.executemany(
            """UPDATE frontier SET kind = 'article', state = 'waiting', next_visit = ?, priority = ?,
                      etag = NULL, last_modified = NULL WHERE id = ?""",
            [(stamp(now), priority, row_id) for row_id, priority in priorities],
        )

    def correct(self, row: FrontierRow, owners: Iterable[int]) -> tuple[bool, bool]:
        """Give a row that a source which does not own its site added to `row.source_id`, one of its `owners`.

        The owner's kind, hint and day replace those that the row has; a row that changes its kind waits for its first
        visit. Listings that a source's file names stay as they are. Return whether the row was corrected, and whether
        its kind was another.
        """
        before = self._db.execute(
            f"""SELECT kind FROM frontier WHERE url_key = ? AND {SOURCE} NOT IN {LISTED} AND NOT {IS_SEED}
                   AND state NOT IN ('removed', 'claimed')""",
            (row.url_key, json.dumps(sorted(owners))),
        ).fetchone()
        if before is None:
            return False, False
        self._db.execute(
            f"""UPDATE frontier SET source_id = ?, priority = ?, depth = ?, found_on = ?, hint = ?, day = ?,
                       last_error = nullif(last_error, '{FORGOTTEN}') WHERE url_key = ?""",
            (row.source_id, row.priority, row.depth, row.found_on, as_json(row.hint) if row.hint else None, row.day,
             row.url_key),
        )  # fmt: skip
        if before[0] != row.kind:
            self._begin_again(row)
        return True, before[0] != row.kind

    def seeds(self, url_keys: Iterable[str]) -> set[tuple[int, str, str]]:
        """Return (source, url_key, kind) of the rows of these URLs that are listings as a source's file names them."""
        sql = f"""SELECT source_id, url_key, kind FROM frontier WHERE url_key IN {LISTED} AND {IS_SEED}
                     AND instr(coalesce(hint, ''), 'guess') = 0"""
        return set(self._db.execute(sql, (as_array(url_keys),)).fetchall())

    def waiting_seeds(self) -> set[tuple[int, str, str]]:
        """Return (source, url_key, kind) of all listings named as seeds that wait for a visit."""
        sql = f"""SELECT source_id, url_key, kind FROM sources CROSS JOIN frontier INDEXED BY frontier_source
                    ON source_id = sources.id AND kind IN {LISTINGS} AND state = 'waiting'
                 WHERE depth = 0 AND found_on IS NULL"""
        return set(self._db.execute(sql).fetchall())

    def without_their_seeds(self, named: Mapping[int | None, Mapping[str, str]]) -> set[int | None]:
        """Return the sources whose seeds are not as their files name them, and those that name one of these seeds, too.

        `named`: kinds by url_key, by source.
        """
        wanted = {(source_id, key, kind) for source_id, kinds in named.items() for key, kind in kinds.items()}
        found = self.seeds({key for _, key, _ in wanted})
        keys = {key for _, key, _ in wanted - found}
        shared = {source_id for source_id, key, _ in wanted if key in keys}
        return shared | {source_id for source_id, *_ in self.waiting_seeds() - wanted}

    def make_seed(self, row: FrontierRow) -> None:
        """Give a known row to the source whose file names it, as the kind of listing that the file says."""
        before = self._db.execute(
            f"""SELECT kind, source_id, {IS_SEED} FROM frontier
                 WHERE url_key = ? AND state NOT IN ('removed', 'claimed')""",
            (row.url_key,),
        ).fetchone()
        if before is None or tuple(before) == (row.kind, row.source_id, 1):
            return
        self._db.execute(
            """UPDATE frontier SET source_id = ?, priority = ?, depth = 0, found_on = NULL, hint = NULL
                WHERE url_key = ?""",
            (row.source_id, row.priority, row.url_key),
        )
        if before[0] != row.kind:
            self._begin_again(row)

    def _begin_again(self, row: FrontierRow) -> None:
        """Let a row wait for its first visit as another kind."""
        self._db.execute(
            """UPDATE frontier SET kind = ?, state = 'waiting', next_visit = ?, visits = 0, failures = 0,
                      first_visit = NULL, last_status = NULL, last_error = NULL, etag = NULL, last_modified = NULL
                WHERE url_key = ?""",
            (row.kind, stamp(row.next_visit or row.found), row.url_key),
        )

    def retire_seeds(self, source_id: int | None, *, but: Iterable[str]) -> None:
        """Plan no further visit of a source's listings that were named as seeds, but for these keys."""
        self._db.execute(
            f"""UPDATE frontier SET state = 'done', next_visit = NULL
                 WHERE source_id = ? AND kind IN {LISTINGS} AND state = 'waiting' AND depth = 0 AND found_on IS NULL
                   AND url_key NOT IN {LISTED}""",
            (source_id, as_array(but)),
        )

    # For takedowns and rebuilds.

    def ids_of_keys(self, url_keys: Iterable[str]) -> list[int]:
        """Return the ids of the rows of these URLs."""
        return self._ids(f"url_key IN {LISTED}", as_array(url_keys))

    def ids_below(self, prefix: str) -> list[int]:
        """Return the ids of the rows whose url_key begins with `prefix`."""
        return self._ids("url_key >= ? AND url_key < ?", prefix, prefix + LAST_CHARACTER)

    def ids_of_host(self, host: str) -> list[int]:
        """Return the ids of the rows of a host; of a host name without port, those of all its ports."""
        return self._ids("host = ? OR host LIKE ?", host, host + ":%")

    def mark_removed(self, row_ids: Iterable[int]) -> None:
        """Note that rows were taken down: they are never visited again, and keep nothing that a site said of them."""
        self._db.executemany(
            """UPDATE frontier SET state = 'removed', next_visit = NULL, hint = NULL, last_error = 'removed',
                      etag = NULL, last_modified = NULL WHERE id = ?""",
            [(row_id,) for row_id in row_ids],
        )

    # For `queries`. Errors of SQLite become MorgueErrors.

    def state_of(self, url_keys: Iterable[str]) -> AddressState | None:
        """Return what is known of the visits to the first of these URLs that is known, or None."""
        sql = f"SELECT {', '.join(AddressState._fields)} FROM frontier WHERE url_key IN {LISTED} LIMIT 1"
        return next((AddressState(*row) for row in ask(self._db, sql, (as_array(url_keys),))), None)

    def urls_of(self, url_keys: Iterable[str]) -> list[str]:
        """Return the URLs, as first met, that have these keys."""
        sql = f"SELECT url FROM frontier WHERE url_key IN {LISTED}"
        return [row[0] for row in ask(self._db, sql, (as_array(url_keys),))]

    def _ids(self, condition: str, *values: str) -> list[int]:
        return [row[0] for row in self._db.execute(f"SELECT id FROM frontier WHERE {condition}", values).fetchall()]


def as_json(hint: Mapping[str, str]) -> str:
    """Return a hint as the JSON text that its column holds."""
    return json.dumps(dict(hint), ensure_ascii=False)
