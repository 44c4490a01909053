"""Test whose fault a failed visit is. The frontier and the dispatcher only note what is asked of them."""

import asyncio
from types import SimpleNamespace

import pytest

from crawler.frontier.failed_visits import MAX_DOWN_HOSTS_IN_A_ROW
from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.visit_outcomes import VisitOutcomes
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.items import Source
from pipelines.core.urls import host_of
from pipelines.database.frontier.rows import Claim
from pipelines.session.crawl_stats import CrawlStats

EVIL, PAPER = 1, 2
HOMES = {EVIL: "https://evil.example/", PAPER: "https://paper.example/"}
STORY = "https://paper.example/2026/11/20/story.html"


class Scene:
    """Hold what a failure led to."""

    def __init__(self):
        self.closed, self.closed_sites, self.postponed, self.plans = [], [], [], []
        sites = {id: WatchedSite(Source(f"source {id}", url), id, watched=True) for id, url in HOMES.items()}
        owners = SiteOwners({id: listed_sites(url) for id, url in HOMES.items()}, HOMES)
        frontier = SimpleNamespace(
            confirmed=set(),
            is_named_meanwhile=lambda claim, visit: False,
            owners=owners,
            hosts=SimpleNamespace(begin=self.begin, of=lambda host: None, answered=lambda *_, **__: False),
            visited=lambda claim, visit, now: self.plans.append(visit.plan),
            release=lambda claims: self.plans.append("released"),
        )
        dispatcher = SimpleNamespace(
            close_host=self.closed.append,
            close_site=self.closed_sites.append,
            is_closed=self.closed.__contains__,
            is_closed_site=self.closed_sites.__contains__,
            filed=lambda claim: None,
        )
        self.stats = CrawlStats()
        context = SimpleNamespace(do=self.do, stats=self.stats, archive_writer=SimpleNamespace(commits=0))
        self.visits = VisitOutcomes(context, frontier, dispatcher, sites)

    def begin(self, host, why, now, *, wait=None):
        self.postponed += [host] if wait is not None else []

    async def do(self, task, *args):
        return task(*args)

    def fail(self, url, why, *, source_id=PAPER, **how):
        claim = Claim(1, url, host_of(url), source_id, "article", 1, {}, 0, 0, None, None, None)
        asyncio.run(self.visits.failed(claim, why, **how))


@pytest.mark.parametrize("why", ["host not found", "connection failed", "TLS failed", "address is not public"])
def test_host_that_cannot_be_reached_after_a_redirect_is_left_alone_itself(why):
    """And the URL that redirected there waits as after any failure."""
    scene = Scene()
    scene.fail(STORY, why, at="https://partner.example/")
    assert scene.closed == ["partner.example"]
    assert [plan.state for plan in scene.plans] == ["waiting"]
    assert f"{why}, after a redirect to another host" in {why for _, why in scene.stats.reasons()}


def test_retry_after_of_the_host_that_redirects_led_to_postpones_that_host():
    """Not the host that was asked, nor its URL."""
    scene = Scene()
    scene.fail(STORY, "HTTP 429", status=429, wait=604_800.0, at="https://partner.example/")
    assert (scene.closed, scene.postponed) == (["partner.example"], ["partner.example"])
    assert "failed; tried again after 1:00:00" in scene.plans[0].why


def test_host_that_fails_itself_is_left_alone():
    """Without a redirect, as ever."""
    scene = Scene()
    scene.fail(STORY, "host not found")
    assert scene.closed == ["paper.example"]


def test_url_that_another_source_lists_says_nothing_about_the_host():
    """It may be a port or a scheme that the site does not serve. Only what the host itself asks for is obeyed."""
    scene = Scene()
    scene.fail(STORY, "connection failed", source_id=EVIL)
    assert scene.closed == []
    scene.fail(STORY, "HTTP 429", source_id=EVIL, status=429, wait=600.0)
    assert scene.postponed == ["paper.example"]


def test_site_is_left_alone_after_many_hosts_in_a_row_that_give_no_answer():
    """A wildcard of silent hosts must not make a crawl last hours. An answer between them starts the count again."""
    scene = Scene()
    hosts = [f"https://s{number}.evil.example/a" for number in range(2 * MAX_DOWN_HOSTS_IN_A_ROW)]
    for url in hosts[: MAX_DOWN_HOSTS_IN_A_ROW - 1]:
        scene.fail(url, "connection failed", source_id=EVIL)
    scene.visits.answered("https://www.evil.example/")
    for url in hosts[MAX_DOWN_HOSTS_IN_A_ROW:-1]:
        scene.fail(url, "connection failed", source_id=EVIL)
    assert scene.closed_sites == []
    scene.fail(hosts[-1], "connection failed", source_id=EVIL)
    assert scene.closed_sites == ["evil.example"]
    assert scene.stats.by_source["source 1"].silent_sites == {"evil.example": MAX_DOWN_HOSTS_IN_A_ROW}
