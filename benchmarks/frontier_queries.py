"""Measure what a crawl asks of the frontier: `python -m benchmarks.frontier_queries [--rows 1000000 --waiting 300000]`.

Make a database with so many rows, of which none is due. Time in milliseconds all that an idle pass asks, then claims of
a host that has every waiting row: with all of them due, and with a few due among those that are planned for later.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from crawler.schedule.revisit_policy import priority
from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier.rows import ClaimScope, SourceChoice
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MAX_AGE_DAYS = 1000
INSERT = """INSERT INTO frontier (url_key, url, host, source_id, kind, state, next_visit, priority, depth, found, day,
                                  visits, first_visit, last_visit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, 1, ?, ?)"""
CLAIMS = 8  # URLs at once, as the dispatcher takes them


def fill(db: Any, sources: int, rows: int, waiting: int, *, one_host: bool) -> None:
    """Insert rows that are planned for later, and rows that are done."""
    chance = random.Random(11)
    for number in range(1, sources + 1):
        name = f"p{number}.example"
        db.execute("INSERT INTO sources (id, name, url, added) VALUES (?, ?, ?, '')", (number, name, name))
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, '', '', '')")

    def row(number: int) -> tuple[Any, ...]:
        source, is_waiting = number % sources + 1, number < waiting
        host = "p1.example" if one_host and is_waiting else f"p{source}.example"
        day = NOW - timedelta(days=chance.randrange(MAX_AGE_DAYS))
        at = stamp(NOW + timedelta(minutes=chance.randrange(1, 40_000))) if is_waiting else None
        key, text = f"//{host}/{number}", day.date().isoformat()
        rank = priority("article", text, NOW)
        state = "waiting" if is_waiting else "done"
        return key, f"https:{key}", host, source, "article", state, at, rank, stamp(day), text, stamp(day), stamp(day)

    db.execute("BEGIN")
    db.executemany(INSERT, (row(number) for number in range(rows)))
    db.execute("COMMIT")


def milliseconds(task: Callable[[], Any], times: int = 5) -> float:
    """Return the median time that a task takes."""
    taken = []
    for _ in range(times):
        began = perf_counter()
        task()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)[times // 2]


def claim_time(db: Any, table: FrontierTable, host: str) -> float:
    """Return the milliseconds that a claim of CLAIMS rows takes."""

    def claim() -> None:
        assert len(table.claim(1, host, CLAIMS, ClaimScope(), NOW, SourceChoice())) == CLAIMS

    return milliseconds(claim, times=25)


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("sources", 500), ("rows", 1_000_000), ("waiting", 300_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    for one_host in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            db = open_database(Path(folder) / "morgue.db")
            fill(db, given.sources, given.rows, given.waiting, one_host=one_host)
            table, scope = FrontierTable(db), ClaimScope()
            print("one host has all waiting rows" if one_host else "every host has its share of the waiting rows")
            asked = {
                "hosts_due": lambda table=table, scope=scope: table.hosts_due(scope, NOW),
                "count_due": lambda table=table, scope=scope: table.count_due(scope, NOW),
                "next_due": lambda table=table, scope=scope: table.next_due(scope, NOW),
                "has_plan_after": lambda table=table: table.has_plan_after(NOW + timedelta(days=31)),
            }
            times = {name: milliseconds(task) for name, task in asked.items()}
            for name, time in (times | {"together": sum(times.values())}).items():
                print(f"  {name:<44}{time:9.2f} ms")
            db.execute("UPDATE frontier SET next_visit = ? WHERE id % 1000 = 1 AND state = 'waiting'", (stamp(NOW),))
            host = "p1.example" if one_host else db.execute("SELECT host FROM frontier WHERE id = 1").fetchone()[0]
            if one_host:
                print(f"  {'claim, 1 in 1,000 is due':<44}{claim_time(db, table, host):9.2f} ms")
            db.execute("UPDATE frontier SET next_visit = ? WHERE state = 'waiting'", (stamp(NOW),))
            print(f"  {'claim, all are due':<44}{claim_time(db, table, host):9.2f} ms")
            print(f"  {'hosts_due, all are due':<44}{milliseconds(asked['hosts_due']):9.2f} ms")
            print(f"  {'count_due, all are due':<44}{milliseconds(asked['count_due']):9.2f} ms")
            db.close()


if __name__ == "__main__":
    main()
