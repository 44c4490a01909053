"""The durable queue: every URL the archive knows of, claimed, visited, planned again. SQL on the keeper's connection.

What is fetched stays fetched; what was claimed by a crawl that died is waiting again when the next one begins.
"""

from __future__ import annotations

import json
import re
import sqlite3
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from crawler.frontier.revisit_policy import LISTINGS, NextVisit, priority
from pipelines.core import timestamps
from pipelines.core.timestamps import stamp
from pipelines.core.urls import host_of, url_key
from pipelines.takedown.register import TakedownRegister


@dataclass(frozen=True, slots=True)
class FrontierEntry:
    """A URL to put into the frontier."""

    url: str
    kind: str
    depth: int = 0
    found_on: str | None = None
    hint: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A frontier row handed to this crawl."""

    id: int
    url: str
    host: str
    source_id: int | None
    kind: str
    depth: int
    hint: Mapping[str, str]
    visits: int
    failures: int
    first_visit: str | None
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Validators:
    """What an answer gave for a later conditional request (RFC 9110, 8.8); latin-1 text, None if it gave none."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class VisitResult:
    """What a visit came to, as the row remembers it."""

    plan: NextVisit
    status: int | None = None
    error: str | None = None  # why it failed, was disallowed or gave nothing to read
    answered: bool = True
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class ClaimScope:
    """Which rows a crawl may claim: an SQL condition on `frontier` and its values."""

    condition: str = "1"
    values: tuple[int | str, ...] = ()
    since: str | None = None  # ISO day: articles known to be older stay where they are

    @property
    def sql(self) -> tuple[str, tuple[int | str, ...]]:
        """The whole condition."""
        if self.since is None:
            return self.condition, self.values
        young = "(day IS NULL OR day >= ? OR kind NOT IN ('article', 'page'))"
        return f"({self.condition}) AND {young}", (*self.values, self.since)


# /2026/11/23/, /2026-11-23-..., /2026/11/: years that a news site can have.
IN_PATH = re.compile(r"/((?:199|20[0-4])\d)[/-](0[1-9]|1[0-2])(?:[/-](0[1-9]|[12]\d|3[01]))?(?=[/-])")

CLAIM = "id, url, host, source_id, kind, depth, hint, visits, failures, first_visit, etag, last_modified"


class Frontier:
    """The `frontier` table, from the side of one crawl."""

    def __init__(self, db: sqlite3.Connection, crawl_id: int, began: datetime | None = None) -> None:
        self.db, self.crawl_id = db, crawl_id
        self.began = stamp(began or timestamps.now())

    def release_stale(self) -> int:
        """Rows that a dead crawl had claimed wait again (the archive's lock says that no other crawl lives)."""
        return self.db.execute(
            "UPDATE frontier SET state = 'waiting', claimed_by = NULL WHERE state = 'claimed'"
        ).rowcount

    def add(self, wanted: Iterable[FrontierEntry], source_id: int | None, now: datetime) -> tuple[int, set[str]]:
        """Put URLs into the queue; returns how many articles were new to it, and the hosts that have new work.

        A URL that is known stays as it is, except that a feed or sitemap which says that an article changed after our
        last visit makes it due at once: see `_changed`.
        """
        new, hosts, removed = 0, set(), TakedownRegister(self.db)
        for want in wanted:
            if want.url in removed:
                continue
            day = day_of(want.hint) or day_in(want.url)
            row = self.db.execute(
                """INSERT INTO frontier (url_key, url, host, source_id, kind, state, next_visit, priority, depth, found,
                                         found_on, hint, day)
                   VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (url_key) DO NOTHING RETURNING id""",
                (
                    url_key(want.url),
                    want.url,
                    host_of(want.url),
                    source_id,
                    want.kind,
                    stamp(now),
                    priority(want.kind, day, now),
                    want.depth,
                    stamp(now),
                    want.found_on,
                    json.dumps(dict(want.hint), ensure_ascii=False) if want.hint else None,
                    day,
                ),
            ).fetchone()
            if row is not None:
                new += want.kind not in LISTINGS
            elif not self._changed(want, now):
                continue
            hosts.add(host_of(want.url))
        return new, hosts

    def _changed(self, want: FrontierEntry, now: datetime) -> bool:
        """Make a known URL due if what links it says that it changed since our last visit; whether it did.

        Not believed: the time that was said last time already, and one for a URL that was visited in this crawl. A date
        in the future, or two sitemaps that name each other as changed, must not make a crawl endless.
        """
        changed = changed_at(want.hint)
        if changed is None:
            return False
        cursor = self.db.execute(
            """UPDATE frontier SET state = 'waiting', next_visit = ?, hint = ?
                WHERE url_key = ? AND state IN ('done', 'waiting') AND visits > 0
                  AND kind IN ('article', 'page', 'sitemap') AND last_visit < ? AND last_visit < ?
                  AND coalesce(json_extract(hint, '$.modified'), '') != ?""",
            (
                stamp(now),
                json.dumps(dict(want.hint), ensure_ascii=False),
                url_key(want.url),
                changed,
                self.began,
                want.hint["modified"],
            ),
        )
        return cursor.rowcount > 0

    def make_due(self, source_id: int | None, now: datetime) -> None:
        """A source's listings are wanted now, whenever they were planned; except guessed places that were not there."""
        kinds = [kind for kind in LISTINGS if kind != "tdmrep"]
        marks = ", ".join("?" * len(kinds))
        self.db.execute(
            f"""UPDATE frontier SET state = 'waiting', next_visit = ?
                 WHERE source_id = ? AND kind IN ({marks}) AND state != 'removed'
                   AND NOT (state = 'done' AND visits = 0)""",  # noqa: S608
            (stamp(now), source_id, *kinds),
        )

    def retry(self, source_id: int | None, now: datetime) -> None:
        """A source's pages that failed are wanted again now; not those that are gone (404, 410)."""
        self.db.execute(
            """UPDATE frontier SET state = 'waiting', next_visit = ?, failures = 0
                WHERE source_id = ? AND kind IN ('article', 'page') AND failures > 0
                  AND state IN ('waiting', 'failed') AND coalesce(last_status, 0) NOT IN (404, 410)""",
            (stamp(now), source_id),
        )

    def hosts_due(self, scope: ClaimScope, now: datetime) -> list[str]:
        """Hosts with something to fetch."""
        condition, values = scope.sql
        rows = self.db.execute(
            f"SELECT DISTINCT host FROM frontier WHERE state = 'waiting' AND next_visit <= ? AND {condition}",  # noqa: S608
            (stamp(now), *values),
        )
        return [row[0] for row in rows]

    def count_due(self, scope: ClaimScope, now: datetime) -> int:
        """How many URLs are to be fetched."""
        condition, values = scope.sql
        query = f"SELECT count(*) FROM frontier WHERE state = 'waiting' AND next_visit <= ? AND {condition}"  # noqa: S608
        return int(self.db.execute(query, (stamp(now), *values)).fetchone()[0])

    def next_due(self, scope: ClaimScope) -> str | None:
        """When the next URL falls due, or None if nothing is planned."""
        condition, values = scope.sql
        query = f"SELECT min(next_visit) FROM frontier WHERE state = 'waiting' AND {condition}"  # noqa: S608
        return self.db.execute(query, values).fetchone()[0]

    def claim(self, host: str, number: int, scope: ClaimScope, now: datetime, *, listings: bool = True) -> list[Claim]:
        """Take up to `number` due URLs of one host, the most urgent first; without `listings`, article pages only."""
        condition, values = scope.sql
        if not listings:
            condition += " AND kind IN ('article', 'page')"
        rows = self.db.execute(
            f"""UPDATE frontier SET state = 'claimed', claimed_by = ?
                 WHERE id IN (SELECT id FROM frontier
                               WHERE state = 'waiting' AND host = ? AND next_visit <= ? AND {condition}
                               ORDER BY priority, next_visit LIMIT ?)
             RETURNING priority, {CLAIM}""",  # noqa: S608 (the condition is one of ours)
            (self.crawl_id, host, stamp(now), *values, number),
        ).fetchall()
        return [claim_of(row[1:]) for row in sorted(rows)]

    def visited(self, claim: Claim, visit: VisitResult, now: datetime) -> None:
        """Write down what a visit came to and when the next one is planned."""
        self.db.execute(
            """UPDATE frontier SET state = ?, next_visit = ?, last_status = ?, last_error = ?, last_visit = ?,
                      first_visit = coalesce(first_visit, ?), visits = visits + ?,
                      failures = CASE WHEN ? THEN 0 ELSE failures + 1 END,
                      etag = coalesce(?, etag), last_modified = coalesce(?, last_modified), claimed_by = NULL
                WHERE id = ?""",
            (
                visit.plan.state,
                stamp(visit.plan.at) if visit.plan.at else None,
                visit.status,
                visit.error,
                stamp(now),
                stamp(now) if visit.answered else None,
                int(visit.answered),
                int(visit.answered),
                visit.validators.etag,
                visit.validators.last_modified,
                claim.id,
            ),
        )

    def reconsider(self, source_id: int | None, is_article: Callable[[str], bool], now: datetime) -> None:
        """Links of a source that were taken for section pages and that its file, as it is now, calls articles."""
        rows = self.db.execute(
            """SELECT id, url FROM frontier
                WHERE source_id = ? AND kind = 'section' AND depth > 0 AND state != 'removed'""",
            (source_id,),
        ).fetchall()
        self.db.executemany(
            """UPDATE frontier SET kind = 'article', state = 'waiting', next_visit = ?, priority = ?,
                      etag = NULL, last_modified = NULL WHERE id = ?""",
            [(stamp(now), priority("article", day_in(url), now), row_id) for row_id, url in rows if is_article(url)],
        )

    def postpone(self, host: str, until: datetime) -> None:
        """Ask a host nothing before `until` (its own Retry-After), whichever of its URLs it said that for."""
        self.db.execute(
            "UPDATE frontier SET next_visit = ?1 WHERE host = ?2 AND state = 'waiting' AND next_visit < ?1",
            (stamp(until), host),
        )

    def is_known(self, url: str, besides: Claim) -> bool:
        """Whether `url` has a row of its own that was or is being visited; the row of `besides` does not count."""
        row = self.db.execute(
            "SELECT 1 FROM frontier WHERE url_key = ? AND id != ? AND (visits > 0 OR state = 'claimed')",
            (url_key(url), besides.id),
        ).fetchone()
        return row is not None

    def landed(self, claim: Claim, url: str, visit: VisitResult, now: datetime) -> None:
        """A visit that redirects led to `url`: from now on that URL is visited, and the old one is done with."""
        self.visited(claim, replace(visit, plan=NextVisit("done", None, "redirects"), validators=Validators()), now)
        self.db.execute(
            """INSERT INTO frontier (url_key, url, host, source_id, kind, state, priority, depth, found, found_on)
               VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
            (
                url_key(url),
                url,
                host_of(url),
                claim.source_id,
                claim.kind,
                priority(claim.kind, day_in(url), now),
                claim.depth,
                stamp(now),
                claim.url,
            ),
        )
        query = f"SELECT {CLAIM} FROM frontier WHERE url_key = ? AND state != 'claimed'"  # noqa: S608 (our columns)
        row = self.db.execute(query, (url_key(url),)).fetchone()
        if row is not None:
            self.visited(claim_of(row), visit, now)

    def release(self, claims: Iterable[Claim]) -> None:
        """Give URLs back unvisited."""
        self.db.executemany(
            "UPDATE frontier SET state = 'waiting', claimed_by = NULL WHERE id = ? AND state = 'claimed'",
            [(claim.id,) for claim in claims],
        )

    def want_only(
        self, urls: Iterable[str], of_host: Mapping[str, int | None], now: datetime
    ) -> tuple[ClaimScope, int]:
        """Queue exactly these pages; returns the scope that holds them, and how many of them are known already.

        A page that was fetched before is not fetched again: that is what lets a long list be resumed. `of_host` says
        which source the pages of a host belong to.
        """
        self.db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY)")
        known = set()
        for url in urls:
            self.add([FrontierEntry(url, "page")], of_host.get(host_of(url)), now)
            query = "SELECT id, visits FROM frontier WHERE url_key = ? AND state != 'removed'"
            row_id, visits = self.db.execute(query, (url_key(url),)).fetchone() or (None, 0)
            if row_id is None:  # it was taken down
                continue
            if visits > 0:
                known.add(row_id)
                continue
            self.db.execute(
                "UPDATE frontier SET state = 'waiting', next_visit = ? WHERE id = ? AND state != 'claimed'",
                (stamp(now), row_id),
            )
            self.db.execute("INSERT OR IGNORE INTO temp.wanted VALUES (?)", (row_id,))
        return ClaimScope("id IN (SELECT id FROM temp.wanted)"), len(known)


def claim_of(row: tuple) -> Claim:
    """A row of the columns CLAIM."""
    values = dict(zip(CLAIM.split(", "), row, strict=True))
    return Claim(**values | {"hint": json.loads(values["hint"]) if values["hint"] else {}})


def day_of(hint: Mapping[str, str]) -> str | None:
    """The ISO day that a feed or sitemap gives an article: of publication, else of its last change."""
    text = hint.get("published") or hint.get("modified") or ""
    return text[:10] if len(text) >= 10 else None


def day_in(url: str) -> str | None:
    """The ISO day that a URL's path names, or the last of its month: so late, but no later; None if it names none."""
    found = IN_PATH.search(url)
    if found is None:
        return None
    last = monthrange(int(found[1]), int(found[2]))[1]
    return f"{found[1]}-{found[2]}-{found[3] or last}"


def changed_at(hint: Mapping[str, str]) -> str | None:
    """The last change that a feed or sitemap claims, as a UTC stamp; None if it names no time or only a day.

    A bare day says nothing about whether the change came before or after a visit on that day.
    """
    text = hint.get("modified", "")
    try:
        return stamp(datetime.fromisoformat(text)) if len(text) > 10 else None
    except ValueError:
        return None
