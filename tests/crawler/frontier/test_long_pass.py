"""Test a pass that takes long, by a clock that each request moves on: the feeds of all papers are read meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crawler.frontier import dispatcher as dispatcher_module
from crawler.frontier.dispatcher import MAX_PASS_SECONDS, Dispatcher
from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.queue import Frontier
from crawler.frontier.queue_values import FrontierEntry, VisitResult
from crawler.frontier.visit_limits import CrawlLimits, SourceLimits
from crawler.schedule.revisit_policy import NextVisit, next_turn
from pipelines.core import timestamps
from pipelines.database.connection import open_database
from pipelines.database.frontier.rows import Claim, ClaimScope
from pipelines.session.crawl_stats import CrawlStats

BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAPERS = 20
INTERVAL, LATE = timedelta(minutes=5), timedelta(minutes=1)
READINGS = 3  # of each feed, while the articles of the first paper are fetched
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
    """Hold the feeds of all papers, which fall due one after the other within their interval."""
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
        frontier.add([FrontierEntry(home + "feed", "feed", 0)], number, BEGAN + INTERVAL * number / PAPERS)
    yield frontier
    db.close()


def queue_backlog(frontier: Frontier, articles: int) -> None:
    """Queue articles of the first paper that are due from the beginning."""
    days = (f"2019/{n % 12 + 1:02}/{n % 28 + 1:02}" for n in range(articles))
    urls = (f"https://p1.example/{day}/story-{n}.html" for n, day in enumerate(days))
    frontier.add((FrontierEntry(url, "article", 1) for url in urls), 1, BEGAN)


@dataclass
class LongPass:
    """Run one pass in which each request takes some seconds, and note what it asked for."""

    frontier: Frontier
    clock: TurnedClock
    seconds_a_request: float
    late: list[timedelta] = field(default_factory=list)  # of each reading of a feed
    readings: Counter[str] = field(default_factory=Counter)  # of each host's feed
    articles: int = 0

    def run(self, scope: ClaimScope, limits: SourceLimits) -> None:
        asyncio.run(self._run(scope, limits))

    async def _run(self, scope: ClaimScope, limits: SourceLimits) -> None:
        pages = SimpleNamespace(page_in=lambda source: None, page_out=lambda source: None)
        context: Any = SimpleNamespace(do=self._do, backpressure=pages, stats=CrawlStats())
        dispatcher = Dispatcher(context, self.frontier, scope, host_concurrency={}, limits=LIMITS,
                                limits_of_source={None: limits})  # fmt: skip
        async for claim in dispatcher.claims():
            self.clock.seconds += self.seconds_a_request
            self.frontier.visited(claim, VisitResult(self._plan(claim), 200, None), self.clock.now())
            dispatcher.fetched(claim)
            dispatcher.filed(claim)

    async def _do(self, task: Any, *args: Any) -> Any:
        return task(*args)

    def _plan(self, claim: Claim) -> NextVisit:
        if claim.kind != "feed":
            self.articles += 1
            return NextVisit("done", None, "read")
        assert claim.due is not None
        self.late.append(self.clock.now() - claim.due)
        self.readings[claim.host] += 1
        return NextVisit("waiting", next_turn(claim.due, self.clock.now(), INTERVAL.total_seconds()), "read again")


ALL_SOURCES = ClaimScope(began=timestamps.stamp(BEGAN))
GENEROUS = SourceLimits(*[MANY] * 6)


def test_feeds_of_all_papers_are_read_when_due_while_one_paper_has_a_backlog(frontier, clock):
    """A request takes three seconds: the twenty feeds need a fifth of the time, and the backlog gets the rest."""
    queue_backlog(frontier, 240)
    done = LongPass(frontier, clock, seconds_a_request=3.0)
    done.run(ALL_SOURCES, GENEROUS)
    assert done.articles == 240
    assert len(done.readings) == PAPERS
    assert min(done.readings.values()) >= READINGS - 1
    assert max(done.late) <= LATE


def test_readings_of_a_feed_in_a_long_pass_do_not_use_up_the_listings_of_its_host(frontier, clock):
    """The limit is there for pages that name ever more listings."""
    queue_backlog(frontier, 240)
    done = LongPass(frontier, clock, seconds_a_request=3.0)
    done.run(ALL_SOURCES, SourceLimits(MANY, 2, MANY, 2, MANY, MANY))
    assert min(done.readings.values()) >= READINGS - 1


def test_pass_of_all_sources_ends_within_a_day_and_leaves_the_rest(frontier, clock):
    """The next one goes on with it, reads the limits anew, and this one can judge the health of all sources."""
    queue_backlog(frontier, 40)
    done = LongPass(frontier, clock, seconds_a_request=MAX_PASS_SECONDS / 10)
    done.run(ALL_SOURCES, GENEROUS)
    assert clock.seconds <= 1.2 * MAX_PASS_SECONDS
    assert frontier.table.count_due(ALL_SOURCES, clock.now()) > 0


def test_pass_of_named_sources_goes_on_after_a_day_until_it_is_done(frontier, clock):
    """The user has asked for all of it."""
    queue_backlog(frontier, 40)
    done = LongPass(frontier, clock, seconds_a_request=MAX_PASS_SECONDS / 10)
    done.run(ClaimScope(frozenset({1}), began=ALL_SOURCES.began), GENEROUS)
    assert done.articles == 40
