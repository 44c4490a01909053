"""Test a pass that takes long, with a clock that each request moves on: a backfill beside papers that are alive."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crawler.frontier import dispatcher as dispatcher_module
from crawler.frontier.crawl_plan import backfill_notes
from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.queue import Frontier
from crawler.frontier.queue_values import FrontierEntry, PastRule, VisitResult
from crawler.frontier.visit_limits import CrawlLimits, SourceLimits
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core import timestamps
from pipelines.database.connection import open_database
from pipelines.database.frontier import backfills
from pipelines.database.frontier.backfills import Backfill
from pipelines.database.frontier.planned import planned_by_source
from pipelines.database.frontier.rows import ClaimScope
from pipelines.session.crawl_stats import CrawlStats

pytestmark = pytest.mark.slow

BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAPERS, OLD_ARTICLES, A_DAY = 20, 50_000, 1_000
INTERVAL, LATE = timedelta(minutes=5), timedelta(minutes=1)
SECONDS_A_REQUEST = 1.0
MANY = 10**9
LIMITS = CrawlLimits(1, unfetched=64, unfetched_per_source=64, unfetched_per_site=64, bytes_per_site=MANY,
                     bytes_per_crawl=MANY)  # fmt: skip


class TurnedClock:
    """Tell a time that moves when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    clock = TurnedClock()
    monkeypatch.setattr(timestamps, "clock", clock.now)
    monkeypatch.setattr(dispatcher_module, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def frontier(tmp_path, clock):
    """Hold the feeds of the papers, due within their interval, and the sitemap's articles of the first source."""
    db = open_database(tmp_path / "morgue.db")
    db.execute("BEGIN")
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, ?, '', '')", (timestamps.stamp(BEGAN),))
    homes = {number: f"https://p{number}.example/" for number in range(1, PAPERS + 1)}
    for number, home in homes.items():
        db.execute("INSERT INTO sources (id, name, url, added) VALUES (?, ?, ?, '')", (number, f"p{number}", home))
    frontier = Frontier(db, 1, BEGAN)
    frontier.owners = SiteOwners({number: listed_sites(home) for number, home in homes.items()},
                                 {number: f"p{number}.example" for number in homes})  # fmt: skip
    for number, home in homes.items():
        at = BEGAN + INTERVAL * number / PAPERS
        frontier.add([FrontierEntry(home + "feed", "feed", 0)], number, at)
    old = (FrontierEntry(f"{homes[1]}2019/{n % 12 + 1:02}/{n % 28 + 1:02}/story-{n}.html", "article", 1)
           for n in range(OLD_ARTICLES))  # fmt: skip
    frontier.add(old, 1, BEGAN, past=PastRule("2026-11-16", undated=False))
    backfills.begin(db, Backfill(1, None, None, A_DAY, timestamps.stamp(BEGAN), None, 0, None))
    yield frontier
    db.close()


def run(frontier: Frontier, clock: TurnedClock, most: int) -> tuple[list[timedelta], int]:
    """Run passes until so many requests are made; return how late each reading of a feed was, and the old articles."""
    late: list[timedelta] = []
    asked = 0

    async def do(task: Any, *args: Any, **_: Any) -> Any:
        return task(*args)

    async def one_pass() -> None:
        nonlocal asked
        stats: Any = CrawlStats()
        pages: Any = SimpleNamespace(page_in=lambda source: None, page_out=lambda source: None)
        context: Any = SimpleNamespace(do=do, backpressure=pages, stats=stats)
        dispatcher = Dispatcher(context, frontier, ClaimScope(), host_concurrency={}, limits=LIMITS,
                                limits_of_source={None: SourceLimits(*[MANY] * 6)})  # fmt: skip
        async for claim in dispatcher.claims():
            clock.seconds += SECONDS_A_REQUEST
            time = clock.now()
            if claim.kind == "feed":
                assert claim.due is not None
                late.append(time - claim.due)
                plan = NextVisit("waiting", claim.due + INTERVAL, "read again")
            else:
                asked += 1
                plan = NextVisit("done", None, "read")
            frontier.visited(claim, VisitResult(plan, 200, None), time)
            dispatcher.fetched(claim)
            dispatcher.filed(claim)
            if asked + len(late) >= most:
                dispatcher.stop()

    site: Any = SimpleNamespace(source_id=1, name="p1")
    while asked + len(late) < most:
        list(backfill_notes(site, frontier, clock.now()))
        asyncio.run(one_pass())
        clock.seconds += 15.0  # to the next pass
    return late, asked


def test_backfill_of_fifty_thousand_makes_no_feed_late_and_keeps_to_its_number_a_day(frontier, clock):
    """Twenty papers are read each five minutes meanwhile; `due` says how far the backfill is."""
    late, asked = run(frontier, clock, 1_600)
    assert asked == A_DAY
    assert len(late) == 600
    assert max(late) <= LATE
    backfill = backfills.running(frontier.db, 1)
    assert backfill is not None
    assert (backfills.left(frontier.db, backfill), backfill.taken) == (OLD_ARTICLES - A_DAY, A_DAY)
    frontier.db.row_factory = sqlite3.Row
    names = [row["source"] for row in planned_by_source(frontier.db, None, clock.now())]
    assert len(names) == PAPERS
