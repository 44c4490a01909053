"""Test whose a URL is when several sources list it, and how many new URLs a listing may bring, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.ownership import SiteOwners, listed_sites
from crawler.frontier.queue import Frontier
from crawler.frontier.queue_values import FrontierEntry, QueueRoom, VisitResult
from crawler.schedule.revisit_policy import NextVisit
from pipelines.database.connection import open_database
from pipelines.database.frontier.forgetting import forget_source
from pipelines.database.frontier.rows import ClaimScope

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EVIL, PAPER = 1, 2
HOMES = {EVIL: "https://evil.example/", PAPER: "https://paper.example/"}
STORY = "https://paper.example/2026/11/20/story.html"
FORGED = {"authors": "Forged Author", "modified": "2027-01-01T00:00:00+00:00"}
OWN = {"title": "The paper's own title"}


@pytest.fixture
def frontier(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, '', '', '')")
    for source_id, url in HOMES.items():
        db.execute("INSERT INTO sources (id, name, url, added) VALUES (?, ?, ?, '')", (source_id, url, url))
    frontier = Frontier(db, 1, began=NOW + timedelta(days=1))
    frontier.owners = SiteOwners({source: listed_sites(url) for source, url in HOMES.items()}, HOMES)
    yield frontier
    db.close()


def row(frontier, url=STORY):
    query = "SELECT source_id, kind, state, hint IS NOT NULL AND hint LIKE '%Forged%' FROM frontier WHERE url = ?"
    return tuple(frontier.db.execute(query, (url,)).fetchone())


def visit(frontier, status=200, state="done"):
    (claim,) = frontier.claim("paper.example", 1, ClaimScope(), LATER)
    frontier.visited(claim, VisitResult(NextVisit(state, None, ""), status), LATER)


@pytest.mark.parametrize("kind", ["article", "sitemap", "feed", "section"])
def test_owner_corrects_source_kind_and_hint_of_a_row_that_waits(frontier, kind):
    """Whatever another source took it for."""
    frontier.add([FrontierEntry(STORY, kind, 1, "https://evil.example/feed", FORGED)], EVIL, NOW)
    frontier.add([FrontierEntry(STORY, "article", 1, "https://paper.example/feed", OWN)], PAPER, LATER)
    assert row(frontier) == (PAPER, "article", "waiting", 0)


def test_row_that_changes_its_kind_is_visited_again(frontier):
    """It was read as a sitemap, so its article was never read."""
    frontier.add([FrontierEntry(STORY, "sitemap", 1, "https://evil.example/feed")], EVIL, NOW)
    visit(frontier)
    new, hosts = frontier.add([FrontierEntry(STORY, "article", 1, "https://paper.example/feed")], PAPER, LATER)
    assert (new, hosts, row(frontier)) == (1, {"paper.example"}, (PAPER, "article", "waiting", 0))


def test_row_that_was_read_as_an_article_changes_its_source_only(frontier):
    """With the article that was filed; it is not fetched again for that."""
    frontier.add([FrontierEntry(STORY, "article", 1, "https://evil.example/feed", FORGED)], EVIL, NOW)
    visit(frontier)
    assert frontier.add([FrontierEntry(STORY, "article", 1, "https://paper.example/feed")], PAPER, LATER)[1] == set()
    assert row(frontier) == (PAPER, "article", "done", 0)


def test_source_that_does_not_own_a_site_corrects_nothing(frontier):
    """In either order."""
    frontier.add([FrontierEntry(STORY, "article", 1, None, OWN)], PAPER, NOW)
    frontier.add([FrontierEntry(STORY, "sitemap", 1, None, FORGED)], EVIL, LATER)
    assert row(frontier) == (PAPER, "article", "waiting", 0)


def test_listing_of_the_file_becomes_what_the_file_says(frontier):
    """A feed that another source called an article is a feed again."""
    feed = "https://paper.example/feed.xml"
    frontier.add([FrontierEntry(feed, "article", 1, "https://evil.example/feed", FORGED)], EVIL, NOW)
    seeds = [FrontierEntry(feed, "feed")]
    frontier.add(seeds, PAPER, LATER)
    frontier.set_seeds(PAPER, seeds, LATER)
    assert row(frontier, feed) == (PAPER, "feed", "waiting", 0)


def test_urls_of_the_owner_are_claimed_before_those_of_others(frontier):
    """However urgent the others make it."""
    junk = "https://paper.example/2026/11/23/junk.html"
    frontier.add([FrontierEntry(junk, "feed", 1, "https://evil.example/feed")], EVIL, NOW)
    frontier.add([FrontierEntry("https://paper.example/2001/01/01/old.html", "article", 1, None)], PAPER, NOW)
    claims = frontier.claim("paper.example", 9, ClaimScope(), LATER)
    assert [claim.source_id for claim in claims] == [PAPER, EVIL]


def test_page_that_redirects_led_to_is_noted_under_its_owner(frontier):
    """Without what was said of the redirecting URL."""
    url = "https://evil.example/2026/11/01/a.html"
    frontier.add([FrontierEntry(url, "article", 1, None, FORGED)], EVIL, NOW)
    (claim,) = frontier.claim("evil.example", 1, ClaimScope(), LATER)
    frontier.landed(claim, STORY, VisitResult(NextVisit("done", None, ""), 200), LATER)
    assert row(frontier) == (PAPER, "article", "done", 0)


def test_room_bounds_new_urls_and_not_known_ones(frontier):
    """What has no room is counted by its kind, and known URLs cost none."""
    urls = [f"https://paper.example/{n}" for n in range(6)]
    frontier.add([FrontierEntry(urls[0], "article")], PAPER, NOW)
    room = QueueRoom(addresses=4, listings=1)
    kinds = ["article", "sitemap", "sitemap", "article", "article", "article"]
    entries = [FrontierEntry(url, kind, 1) for url, kind in zip(urls, kinds, strict=True)]
    assert frontier.add(entries, PAPER, LATER, room)[0] == 3
    assert (room.added, room.refused) == ({"listing": 1, "address": 3}, {"listing": 1})
    more = [FrontierEntry(f"https://paper.example/more-{n}", "article", 1) for n in range(3)]
    assert frontier.add(more, PAPER, LATER, room) == (0, set())
    assert room.refused == {"listing": 1, "address": 3}


@pytest.mark.parametrize(
    ("hours", "plan"), [(2, ("waiting", "2026-11-24T09:00:00Z")), (30, ("done", None))], ids=["young", "old"]
)
def test_article_of_a_source_that_was_forgotten_is_looked_at_again_once_it_is_listed(frontier, hours, plan):
    """At the next of its ages; one that is past them all stays done."""
    frontier.add([FrontierEntry(STORY, "article")], PAPER, NOW)
    (claim,) = frontier.claim("paper.example", 1, ClaimScope(), LATER)
    frontier.visited(claim, VisitResult(NextVisit("done", None, ""), 200), LATER)
    forget_source(frontier.db, PAPER)
    frontier.add([FrontierEntry(STORY, "article")], PAPER, LATER + timedelta(hours=hours), recheck=(3600.0, 86_400.0))
    row = frontier.db.execute("SELECT state, next_visit FROM frontier WHERE source_id = ?", (PAPER,)).fetchone()
    assert tuple(row) == plan
