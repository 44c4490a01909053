"""The durable queue, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.queue import ClaimScope, Frontier, FrontierEntry, Validators, VisitResult, day_in
from crawler.frontier.revisit_policy import NextVisit
from pipelines.database.connection import open_database

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
STORY = "https://paper.example/2026/11/20/story.html"


@pytest.fixture
def frontier(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, '', '', '')")
    db.execute("INSERT INTO sources (id, name, url, added) VALUES (1, 'paper', 'https://paper.example/', '')")
    yield Frontier(db, 1, began=NOW + timedelta(days=1))
    db.close()


def claim(frontier, number=10, scope=None, now=NOW, host="paper.example"):
    return frontier.claim(host, number, scope or ClaimScope(), now)


def test_two_spellings_of_an_address_are_one_row(frontier):
    """Tracking parameters, fragment, default port and case do not make a second URL."""
    spellings = [
        STORY,
        STORY + "?utm_source=feed",
        STORY + "#comments",
        STORY.replace("paper.example", "PAPER.example:443"),
    ]
    new, hosts = frontier.add([FrontierEntry(url, "article") for url in spellings], 1, NOW)
    assert (new, hosts) == (1, {"paper.example"})


def test_what_is_claimed_is_not_claimed_again(frontier):
    """One URL, one visit."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    assert [found.url for found in claim(frontier)] == [STORY]
    assert claim(frontier) == []


def test_the_most_urgent_is_claimed_first(frontier):
    """Feeds before articles, young before old, by the date that the feed or the URL names."""
    old, young = "https://paper.example/2019/01/01/a.html", "https://paper.example/b.html"
    frontier.add(
        [
            FrontierEntry(old, "article"),
            FrontierEntry(young, "article", hint={"published": "2026-11-22"}),
            FrontierEntry("https://paper.example/feed", "feed"),
        ],
        1,
        NOW,
    )
    assert [found.url for found in claim(frontier)] == ["https://paper.example/feed", young, old]
    assert claim(frontier)[:0] == []


def test_a_visit_plans_the_next_and_a_known_url_is_not_queued_again(frontier):
    """Done is done: finding the link again changes nothing."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("done", None, ""), 200, validators=Validators('"x"')), NOW)
    assert frontier.add([FrontierEntry(STORY, "article")], 1, NOW + timedelta(hours=1)) == (0, set())
    assert claim(frontier, now=NOW + timedelta(days=99)) == []


def test_a_change_that_a_sitemap_names_makes_an_article_due(frontier):
    """lastmod after our last visit: look again at once, with the validators of last time."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("done", None, ""), 200, validators=Validators('"x"')), NOW)
    earlier = {"modified": (NOW - timedelta(hours=1)).isoformat()}
    later = {"modified": (NOW + timedelta(hours=1)).isoformat()}
    assert frontier.add([FrontierEntry(STORY, "article", hint=earlier)], 1, NOW) == (0, set())
    assert frontier.add([FrontierEntry(STORY, "article", hint={"modified": "2026-11-23"})], 1, NOW) == (0, set())
    assert frontier.add([FrontierEntry(STORY, "article", hint=later)], 1, NOW + timedelta(hours=2)) == (
        0,
        {"paper.example"},
    )
    (again,) = claim(frontier, now=NOW + timedelta(hours=2))
    assert again.etag == '"x"'


def test_claims_of_a_dead_crawl_wait_again(frontier):
    """kill -9 costs a second fetch, nothing else."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    claim(frontier)
    assert frontier.release_stale() == 1
    assert [found.url for found in claim(frontier)] == [STORY]


def test_a_failure_counts_and_an_answer_forgets_failures(frontier):
    """The back-off grows with failures in a row only."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    for expected in (0, 1):
        (found,) = claim(frontier)
        assert found.failures == expected
        frontier.visited(found, VisitResult(NextVisit("waiting", NOW, ""), None, "timed out", answered=False), NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW, ""), 200), NOW)
    assert claim(frontier)[0].failures == 0


def test_a_scope_bounds_what_is_claimed(frontier):
    """Another source's URLs, and articles known to be older than --since, stay where they are."""
    frontier.add(
        [
            FrontierEntry("https://paper.example/2019/01/01/a.html", "article"),
            FrontierEntry("https://paper.example/b.html", "article"),
        ],
        1,
        NOW,
    )
    frontier.add([FrontierEntry("https://paper.example/c.html", "article")], None, NOW)
    scope = ClaimScope("source_id = ?", (1,), since="2024-01-01")
    assert [found.url for found in claim(frontier, scope=scope)] == ["https://paper.example/b.html"]


def test_nothing_is_claimed_before_it_is_due(frontier):
    """next_visit is a promise to the site."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    assert claim(frontier, now=NOW - timedelta(seconds=1)) == []
    assert frontier.next_due(ClaimScope()) == "2026-11-23T08:00:00Z"


def test_a_change_is_believed_once_a_crawl_and_only_if_it_is_news(frontier):
    """A lastmod in the future, or two sitemaps that call each other changed, must not make a crawl endless."""
    frontier.add([FrontierEntry("https://paper.example/a.xml", "sitemap")], 1, NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW + timedelta(days=1), ""), 200), NOW)
    later = NOW + timedelta(hours=1)
    future = FrontierEntry("https://paper.example/a.xml", "sitemap", hint={"modified": "2031-01-01T00:00:00+00:00"})
    assert frontier.add([future], 1, later) == (0, {"paper.example"})
    (found,) = claim(frontier, now=later)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW + timedelta(days=1), ""), 200), later)
    assert frontier.add([future], 1, later) == (0, set())
    in_this_crawl = Frontier(frontier.db, 1, began=NOW)
    newer = FrontierEntry("https://paper.example/a.xml", "sitemap", hint={"modified": "2032-01-01T00:00:00+00:00"})
    assert in_this_crawl.add([newer], 1, later) == (0, set())


def test_a_host_that_asks_to_wait_is_not_asked_for_any_of_its_urls(frontier):
    """Retry-After is the host's, not the URL's."""
    frontier.add([FrontierEntry(f"https://paper.example/{n}", "article") for n in range(3)], 1, NOW)
    frontier.postpone("paper.example", NOW + timedelta(hours=2))
    assert claim(frontier, now=NOW + timedelta(hours=1)) == []
    assert len(claim(frontier, now=NOW + timedelta(hours=2))) == 3


@pytest.mark.parametrize(
    ("url", "day"),
    [
        (STORY, "2026-11-20"),
        ("https://p.example/2026/11/story", "2026-11-30"),
        ("https://p.example/news/2026-11-20-story", "2026-11-20"),
        ("https://p.example/story/20261120", None),
        ("https://p.example/2026/13/45/x", None),
        ("https://p.example/item/1234/56/", None),
    ],
)
def test_a_day_is_read_out_of_a_path_only_where_it_is_one(url, day):
    """Years that a news site can have, months and days that exist."""
    assert day_in(url) == day
