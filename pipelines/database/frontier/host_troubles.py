"""Keep in the table `hosts` which hosts refuse us or give no answer, from one crawl to the next.

Such a trouble stops its host and none of its pages: they stay due as they were. One probe is sent when `retry_at` has
come; the first good answer ends the trouble. Where only pages are refused, the host's listings are read as ever.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from pipelines.core.timestamps import stamp
from pipelines.database.frontier.due import LISTED, as_array

MAX_REFUSALS_IN_A_ROW = 3  # without a good answer between; after that the host is taken to refuse us
PROBE_LEASE = timedelta(hours=1)  # no second probe is sent so long, unless the first one ends

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


@dataclass(slots=True)
class HostTrouble:
    """Hold what is wrong with one host."""

    trouble: str | None  # None: it has refused some requests, too few to say so
    failures: int  # failed probes in a row, the one that began it included; without a trouble, refusals in a row
    retry_at: str  # stamp
    pages_only: bool  # its listings answer


class HostTroubles:
    """Read and write the troubles of an archive's hosts for one crawl, on the archive writer's thread.

    `pause` returns the time of the next probe, by the number of failures in a row and the server's own wish in seconds;
    without failures, by that wish alone.
    """

    def __init__(self, db: sqlite3.Connection, pause: Callable[[datetime, int, float | None], datetime]) -> None:
        self._db, self.pause = db, pause
        self._probed: set[str] = set()  # hosts to which a probe is under way
        self._planned: dict[str, str] = {}  # when a probe was planned, by the hosts that the user has asked earlier
        self._waited_for: set[str] = set()  # hosts that asked this crawl to wait, and got no probe since

    @cached_property
    def _known(self) -> dict[str, HostTrouble]:
        sql = "SELECT host, trouble, failures, retry_at, pages_only FROM hosts WHERE failures > 0"
        return {row[0]: HostTrouble(row[1], row[2], row[3] or "", bool(row[4])) for row in self._db.execute(sql)}

    def of(self, host: str) -> HostTrouble | None:
        """Return the trouble of a host; None if it has none."""
        known = self._known.get(host)
        return known if known is not None and known.trouble is not None else None

    def is_shut(self, host: str, now: datetime) -> bool:
        """Return True if no probe of a host is due."""
        return (known := self.of(host)) is not None and known.retry_at > stamp(now)

    def probe(self, host: str, now: datetime) -> None:
        """Note that a probe is sent to a host: nothing else is asked of it until that ends."""
        self._probed.add(host)
        self._waited_for.discard(host)
        known = self._known[host]
        known.retry_at = stamp(now + PROBE_LEASE)
        self._write(host, known)

    def refused(self, host: str, why: str, now: datetime, *, is_page: bool) -> bool:
        """Count a refusal. Return True if the host is in trouble now."""
        known = self._known.setdefault(host, HostTrouble(None, 0, "", pages_only=True))
        if known.trouble is None:
            known.failures += 1
            known.pages_only = known.pages_only and is_page
            if known.failures < MAX_REFUSALS_IN_A_ROW:
                self._write(host, known)
                return False
            self.begin(host, why, now, pages_only=known.pages_only)
        elif not (known.pages_only and not is_page):
            self.begin(host, why, now, pages_only=known.pages_only)
        return not (known.pages_only and not is_page)

    def begin(
        self, host: str, why: str, now: datetime, *, wait: float | None = None, pages_only: bool = False
    ) -> datetime:
        """Note that a host is in trouble, or that its probe has failed. Return when the next probe is due.

        Of requests that were under way when the trouble was noted, none makes the pause longer. Neither does a probe
        that the user had sent before it was due: the next one stays when it was planned.
        """
        known = self._known.setdefault(host, HostTrouble(None, 0, "", pages_only))
        if known.trouble is None:
            known.failures = 1
            self._db.execute(
                "INSERT INTO hosts (host, since) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET since = ?2",
                (host, stamp(now)),
            )
        planned = self._planned.pop(host, "") if host in self._probed else ""
        is_early = planned > stamp(now)
        if host in self._probed and not is_early:
            known.failures += 1
        self._probed.discard(host)
        if wait is not None:
            self._waited_for.add(host)
        at = self.pause(now, 0 if is_early else known.failures, wait)
        known.trouble, known.pages_only = why, pages_only
        if is_early:
            known.retry_at = max(planned, stamp(at))
        else:
            known.retry_at = max(known.retry_at, stamp(at)) if wait is not None else stamp(at)
        self._write(host, known)
        return at

    def answered(self, host: str, now: datetime, *, is_page: bool) -> bool:
        """Note a good answer. Return True if it ends a trouble: then all is due that waited for it.

        A host that asked us to wait is left alone, although it answers a request that was in line before it did.
        """
        known = self._known.get(host)
        if known is None or (known.pages_only and not is_page) or host in self._waited_for:
            return False
        del self._known[host]
        self._probed.discard(host)
        self._db.execute(
            """UPDATE hosts SET trouble = NULL, since = NULL, failures = 0, retry_at = NULL, pages_only = 0
                WHERE host = ?""",
            (host,),
        )
        if known.trouble is None:
            return False
        self._db.execute(
            """UPDATE frontier SET next_visit = ?1 WHERE host = ?2 AND state = 'waiting' AND next_visit > ?1
                  AND failures > 0 AND coalesce(last_status, 0) NOT IN (404, 410)""",
            (stamp(now), host),
        )
        return True

    def allow(self, why: str, now: datetime) -> None:
        """End the troubles that are refusals of our own, for a reason that the settings no longer give.

        What they held up is due, also pages that were given up for it: the host itself has never failed.
        """
        for host in [host for host, known in self._known.items() if known.trouble == why]:
            self.answered(host, now, is_page=True)
            self._db.execute(
                """UPDATE frontier SET state = 'waiting', next_visit = ?1, failures = 0
                    WHERE host = ?2 AND state IN ('waiting', 'failed') AND last_error = ?3""",
                (stamp(now), host, why),
            )

    def ask_again(self, source_ids: Iterable[int | None], row_ids: Iterable[int], now: datetime) -> None:
        """Let a probe be due now of the hosts of these sources and rows: the user asks for them."""
        hosts = set()
        if self._known:
            for column, wanted in (("source_id", [i for i in source_ids if i is not None]), ("id", list(row_ids))):
                sql = f"SELECT DISTINCT host FROM frontier WHERE {column} IN {LISTED} AND host IN {LISTED}"
                hosts |= {row[0] for row in self._db.execute(sql, (json.dumps(wanted), as_array(self._known)))}
        for host in hosts:
            self._planned[host] = self._known[host].retry_at
            self._known[host].retry_at = stamp(now)
            self._write(host, self._known[host])

    def mend(self, now: datetime, longest: timedelta) -> int:
        """Let a probe be due now of hosts whose next one is further away than `longest`: a wrong clock planned it."""
        wrong = [host for host, known in self._known.items() if known.retry_at > stamp(now + longest)]
        for host in wrong:
            self._known[host].retry_at = stamp(now)
            self._write(host, self._known[host])
        return len(wrong)

    def _write(self, host: str, known: HostTrouble) -> None:
        self._db.execute(
            """INSERT INTO hosts (host, trouble, failures, retry_at, pages_only) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET trouble = ?2, failures = ?3, retry_at = ?4, pages_only = ?5""",
            (host, known.trouble, known.failures, known.retry_at or None, known.pages_only),
        )
