"""Test who gets how much of a crawl. The frontier is a list in memory; nothing is fetched."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.visit_limits import CrawlLimits, LimitCounter, PartCounter, SourceLimits
from pipelines.core import timestamps
from pipelines.core.urls import host_of, url_key
from pipelines.database.captures import UsedToday
from pipelines.database.frontier.rows import PART, Claim, ClaimScope, PartChoice, SourceChoice
from pipelines.session.crawl_stats import CrawlStats

EVIL, PAPER = 1, 2
MANY = 1_000_000
LIMITS = CrawlLimits(
    1, unfetched=40, unfetched_per_source=20, unfetched_per_site=10, bytes_per_site=1000, bytes_per_crawl=5000
)
GENEROUS = SourceLimits(MANY, MANY, MANY, MANY, MANY, MANY)


def claim_of(url: str, source_id: int, kind: str = "article") -> Claim:
    return Claim(abs(hash(url_key(url))), url, host_of(url), source_id, kind, 1, {}, 0, 0, None, None, None)


class ListedFrontier:
    """Hand out claims from a list, as the table would."""

    def __init__(self, claims: list[Claim], homes: dict[int, str]) -> None:
        self.claims, self.table = claims, self
        self.owners = SiteOwners(
            {source_id: listed_sites(url) for source_id, url in homes.items()},
            {source_id: host_of(url) for source_id, url in homes.items()},
        )

    def hosts_due(self, *_: Any) -> list[str]:
        return list(dict.fromkeys(claim.host for claim in self.claims))

    def claim(self, host: str, number: int, _scope: Any, _now: Any, choice: SourceChoice) -> list[Claim]:
        fit = [
            claim
            for claim in self.claims
            if claim.host == host
            and claim.kind != PART
            and (choice.only is None or claim.source_id in choice.only)
            and claim.source_id not in choice.without
            and (claim.kind == "article" or claim.source_id not in choice.pages_only)
        ][:number]
        self.claims = [claim for claim in self.claims if claim not in fit]
        return fit

    def claim_parts(self, host: str, number: int, _scope: Any, _now: Any, choice: PartChoice) -> list[Claim]:
        parts = [one for one in self.claims if (one.host, one.kind) == (host, PART)]
        fit = [one for one in parts if one.source_id in choice.every_kind][:number]
        self.claims = [claim for claim in self.claims if claim not in fit]
        return fit

    def hosts_with_parts(self, *_: Any) -> list[str]:
        return self.hosts_due()


class Scene:
    """Run a dispatcher; requests to `silent` hosts never end, the others at once."""

    def __init__(
        self, claims: list[Claim], homes: dict[int, str], pages: int | None = None, **limits: SourceLimits
    ) -> None:
        self.stats = CrawlStats()
        backpressure = SimpleNamespace(page_in=lambda source: None, page_out=lambda source: None)
        context: Any = SimpleNamespace(do=self.do, backpressure=backpressure, stats=self.stats)
        frontier: Any = ListedFrontier(claims, homes)
        of_source = {None: GENEROUS, **{int(name[1:]): limit for name, limit in limits.items()}}
        self.dispatcher = Dispatcher(
            context,
            frontier,
            ClaimScope(),
            host_concurrency={},
            limits=replace(LIMITS, pages=pages),
            limits_of_source=of_source,
        )
        self.order: list[Claim] = []

    async def do(self, task: Any, *args: Any) -> Any:
        return task(*args)

    def run(self, silent: str = "!", size: int = 0, site: str = "evil.example") -> Counter[int | None]:
        """Return how many URLs of each source were handed out until nothing more is, or only silent ones are open.

        `site`: where the records of the hostile source count, of `size` bytes each.
        """
        self.site = site

        async def all_of_it() -> None:
            async for claim in self.dispatcher.claims():
                self.order.append(claim)
                if not claim.host.endswith(silent):
                    self.stats.kept("paper.example" if claim.source_id == PAPER else self.site, claim.source_id, size)
                    self.dispatcher.fetched(claim, requested="refused" not in claim.url)
                    self.dispatcher.filed(claim)

        async def for_a_moment() -> None:
            try:
                await asyncio.wait_for(all_of_it(), 0.5)
            except TimeoutError:
                assert silent != "!", "it waits although nothing is open"

        asyncio.run(for_a_moment())
        return Counter(claim.source_id for claim in self.order)


def paper(number: int, source_id: int = PAPER, kind: str = "article", name: str = "story") -> list[Claim]:
    return [claim_of(f"https://paper.example/{name}-{n}", source_id, kind) for n in range(number)]


HOMES = {EVIL: "https://evil.example/", PAPER: "https://paper.example/"}


def test_silent_subdomains_of_one_site_leave_the_others_their_share():
    """Four hundred hosts of one registrable domain hold as many requests as one site may."""
    silent = [claim_of(f"https://s{n}.evil.example/a", EVIL) for n in range(400)]
    handed_out = Scene([*silent, *paper(300)], HOMES).run(silent="evil.example")
    assert handed_out == {EVIL: LIMITS.unfetched_per_site, PAPER: 300}


def test_silent_sites_of_one_source_leave_the_others_their_share():
    """Also if each of them is a registrable domain of its own."""
    silent = [claim_of(f"https://evil-{n}.example/a", EVIL) for n in range(400)]
    handed_out = Scene([*silent, *paper(300)], HOMES).run(silent=".example")
    assert handed_out[EVIL] == LIMITS.unfetched_per_source
    assert handed_out[PAPER] == 2  # its one host is silent, too


def test_hosts_of_a_site_take_turns_until_all_are_done():
    """A share that is used up delays a host, and forgets none."""
    claims = [claim_of(f"https://s{n}.evil.example/{m}", EVIL) for n in range(100) for m in range(3)]
    assert Scene(claims, HOMES).run() == {EVIL: 300}


def test_urls_that_the_owner_of_a_site_lists_come_first():
    """Junk of another source waits, and uses up that source's own budget."""
    limits = SourceLimits(7, MANY, MANY, MANY, MANY, MANY)
    scene = Scene([*paper(50, EVIL, name="junk"), *paper(20)], HOMES, s1=limits)
    assert scene.run() == {PAPER: 20, EVIL: 7}
    assert {claim.source_id for claim in scene.order[:20]} == {PAPER}
    assert list(scene.dispatcher.used.reached) == [("pages_per_host", EVIL)]


def test_pages_of_a_source_are_counted_over_all_its_hosts():
    """A wildcard of hosts does not multiply pages_per_host; what was claimed beyond it is given back."""
    claims = [claim_of(f"https://s{n}.evil.example/{m}", EVIL) for n in range(30) for m in range(3)]
    scene = Scene([*claims, *paper(20)], HOMES, s1=SourceLimits(MANY, MANY, 25, MANY, MANY, MANY))
    assert scene.run() == {EVIL: 25, PAPER: 20}
    assert ("pages_per_source", EVIL) in scene.dispatcher.used.reached
    assert not scene.dispatcher._open


def test_listings_beyond_the_limit_are_left_and_articles_are_not():
    """A source whose listings name ever more listings is read up to a limit."""
    claims = [*paper(30, kind="sitemap", name="map"), *paper(30)]
    scene = Scene(claims, HOMES, s2=SourceLimits(MANY, MANY, MANY, 10, MANY, MANY))
    assert scene.run() == {PAPER: 40}
    assert Counter(claim.kind for claim in scene.order) == {"sitemap": 10, "article": 30}


@pytest.mark.parametrize("site", ["evil.example", "elsewhere.example"])
def test_site_or_source_is_left_alone_once_its_records_are_large(site):
    """Redirects to other sites do not get around it."""
    claims = [claim_of(f"https://s{n}.evil.example/{m}", EVIL) for n in range(20) for m in range(3)]
    scene = Scene([*claims, *paper(9)], HOMES)
    assert scene.run(size=100, site=site) == {EVIL: 10, PAPER: 9}
    assert list(scene.dispatcher.used.reached) == [("bytes_per_site", EVIL)]


def hosts_of_evil(number: int, *names: str) -> list[Claim]:
    return [claim_of(f"https://s{n}.evil.example/{name}", EVIL) for n in range(number) for name in names]


@pytest.mark.parametrize(
    ("limits", "pages"),
    [
        (GENEROUS, 25),
        (replace(GENEROUS, pages_per_source=25), None),
        (replace(GENEROUS, pages_per_host=1), None),
    ],
)
def test_pages_that_are_refused_before_a_request_use_up_no_limit(limits, pages):
    """They are disallowed by robots.txt, say. Neither --limit nor a limit of the source counts them."""
    claims = hosts_of_evil(25, "refused-1", "refused-2", "story")
    scene = Scene(claims, HOMES, pages, s1=limits)
    assert scene.run() == {EVIL: 75}


@pytest.mark.parametrize(
    ("limits", "pages", "expected"),
    [
        (GENEROUS, 7, 7),
        (replace(GENEROUS, pages_per_source=7), None, 7),
        (replace(GENEROUS, pages_per_host=2), None, 60),
    ],
)
def test_no_more_pages_are_requested_than_a_limit_says(limits, pages, expected):
    """Also with many hosts at a time; the crawl ends, although hosts wait that have more."""
    claims = hosts_of_evil(30, "refused-1", "a", "refused-2", "b", "c")
    scene = Scene(claims, HOMES, pages, s1=limits)
    scene.run()
    assert sum("refused" not in claim.url for claim in scene.order) == expected
    assert not scene.dispatcher._open


def test_hosts_that_wait_for_a_share_are_not_forgotten_once_their_source_is_done():
    """A crawl does not wait for ever for a source that came to its limit while hundreds of its hosts were in line."""
    claims = [claim_of(f"https://paper-{n}.example/{m}", EVIL) for n in range(200) for m in range(2)]
    scene = Scene([*claims, *paper(3)], HOMES, s1=replace(GENEROUS, pages_per_source=30))
    assert scene.run() == {EVIL: 30, PAPER: 3}


def test_parts_of_pages_come_after_everything_else_of_their_host():
    """Wherever they are in the queue."""
    scene = Scene([*paper(5, kind=PART, name="part"), *paper(9), *paper(2, kind="feed", name="feed")], HOMES)
    scene.dispatcher.parts = PartCounter({PAPER: 100}, 100)
    scene.run()
    assert [claim.kind for claim in scene.order] == ["article"] * 9 + ["feed"] * 2 + [PART] * 5


def test_article_that_is_found_meanwhile_waits_for_one_part_only():
    """Parts are claimed one at a time."""
    scene = Scene(paper(5, kind=PART, name="part"), HOMES)
    scene.dispatcher.parts = PartCounter({PAPER: 100}, 100)
    fetched = scene.dispatcher.fetched

    def find(claim: Claim, *, requested: bool = True) -> None:
        if claim.url.endswith("part-0"):
            frontier: Any = scene.dispatcher.frontier
            frontier.claims += paper(1)
        fetched(claim, requested=requested)

    scene.dispatcher.fetched = find  # type: ignore[method-assign]
    scene.run()
    assert [claim.kind for claim in scene.order] == [PART, "article", *[PART] * 4]


@pytest.mark.parametrize(
    ("of_source", "of_crawl", "expected"),
    [
        ({}, 100, 0),
        ({PAPER: 3, EVIL: 100}, 100, 23),
        ({PAPER: 100, EVIL: 100}, 7, 7),
    ],
)
def test_no_more_parts_are_requested_than_the_limits_say(of_source, of_crawl, expected):
    """Those of a source and of the crawl; what is refused before a request counts for neither."""
    evil = [claim_of(f"https://evil.example/{name}{n}", EVIL, PART) for n in range(20) for name in ("p", "refused")]
    scene = Scene([*paper(20, kind=PART), *evil], HOMES)
    scene.dispatcher.parts = PartCounter(of_source, of_crawl)
    scene.run()
    assert sum("refused" not in claim.url for claim in scene.order) == expected


def test_limit_of_pages_lets_parts_come_after_it():
    """Of whichever host; no further page or listing does."""
    elsewhere = [claim_of(f"https://img.paper.example/part-{n}", PAPER, PART) for n in range(3)]
    scene = Scene([*elsewhere, *paper(5, kind=PART, name="part"), *paper(9), *paper(4, kind="feed")], HOMES, pages=4)
    scene.dispatcher.parts = PartCounter({PAPER: 100}, 100)
    scene.run()
    assert Counter(claim.kind for claim in scene.order) == {PART: 8, "article": 4}
    assert not scene.dispatcher._open


def test_source_that_is_paused_during_a_crawl_gets_nothing_more():
    """Not even what is claimed already; the others go on."""
    counter = LimitCounter({None: GENEROUS, EVIL: GENEROUS, PAPER: GENEROUS}, resting=lambda time: {EVIL})
    assert counter.choice("evil.example").without == {EVIL}
    assert counter.is_closed(claim_of("https://evil.example/a", EVIL))
    assert not counter.is_closed(claim_of("https://paper.example/a", PAPER))


@pytest.mark.parametrize(
    ("limits", "used", "listings"),
    [
        ({"pages_per_day": 3}, UsedToday(2, 900), False),  # listings are read all the same
        ({"bytes_per_day": 1000}, UsedToday(2, 900), True),
    ],
)
def test_limit_of_a_day_begins_anew_at_midnight_within_a_crawl(monkeypatch, limits, used, listings):
    """In UTC. What was used before, by this crawl or an earlier one, is of the day before."""
    monkeypatch.setattr(timestamps, "clock", lambda: datetime(2026, 3, 9, 23, 59, tzinfo=UTC))
    counter = LimitCounter({None: GENEROUS, PAPER: replace(GENEROUS, **limits)}, {PAPER: used})
    first, second, *_ = paper(3)
    (feed,) = paper(1, kind="feed", name="feed")

    def ask(claim: Claim, size: int) -> bool:
        """Ask for a page, after which the crawl has `size` bytes of the source; return True if there is no other."""
        counter.begin(claim)
        counter.end(claim, requested=True)
        counter.close_by_day_bytes(PAPER, size)
        return counter.is_closed(second)

    assert ask(first, 200)
    assert (counter.is_closed(feed), len(counter.reached)) == (listings, 1)
    monkeypatch.setattr(timestamps, "clock", lambda: datetime(2026, 3, 10, 0, 0, 1, tzinfo=UTC))
    assert not counter.is_closed(second)
    assert counter.choice("paper.example") == SourceChoice()
    assert not counter.reached
    assert [ask(first, 500), ask(first, 900), ask(first, 1200)] == [False, False, True]
