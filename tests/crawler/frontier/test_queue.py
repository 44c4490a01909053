"""Test the frontier as a durable queue, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.frontier.entry_dates import day_in
from crawler.frontier.queue import Frontier
from crawler.frontier.queue_values import FrontierEntry, Validators, VisitResult
from crawler.schedule.past_articles import PastRule
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.timestamps import stamp
from pipelines.core.urls import url_key
from pipelines.database.connection import open_database
from pipelines.database.frontier.rows import ClaimScope

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


def test_spellings_of_one_address_are_one_row(frontier):
    """Tracking parameters, fragment, default port and case do not make a second URL."""
    spellings = [
        STORY,
        STORY + "?utm_source=feed",
        STORY + "#comments",
        STORY.replace("paper.example", "PAPER.example:443"),
    ]
    new, hosts = frontier.add([FrontierEntry(url, "article") for url in spellings], 1, NOW)
    assert (new, hosts) == (1, {"paper.example"})


def test_claimed_url_is_not_claimed_again(frontier):
    """One URL, one visit."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    assert [found.url for found in claim(frontier)] == [STORY]
    assert claim(frontier) == []


def test_most_urgent_url_is_claimed_first(frontier):
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


def test_articles_of_a_sitemap_of_one_day_have_its_day(frontier):
    """Unless they give one; those of other days wait for a backfill, and its sitemaps do not."""
    home = "https://paper.example/"
    entries = [
        FrontierEntry(f"{home}story", "article"),
        FrontierEntry(f"{home}2019/01/01/old", "article"),
        FrontierEntry(f"{home}sitemap-2.xml", "sitemap"),
    ]
    frontier.add(entries, 1, NOW, past=PastRule("2026-11-16", undated=True, listed_on="2026-11-22"))
    assert frontier.db.execute("SELECT url, day, state FROM frontier ORDER BY id").fetchall() == [
        (f"{home}story", "2026-11-22", "waiting"),
        (f"{home}2019/01/01/old", "2019-01-01", "past"),
        (f"{home}sitemap-2.xml", None, "waiting"),
    ]


def test_visited_url_is_not_queued_again(frontier):
    """A visit plans the next one; finding the link again changes nothing."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("done", None, ""), 200, validators=Validators('"x"')), NOW)
    assert frontier.add([FrontierEntry(STORY, "article")], 1, NOW + timedelta(hours=1)) == (0, set())
    assert claim(frontier, now=NOW + timedelta(days=99)) == []


def test_failures_of_visits_by_hand_long_before_they_were_due_are_not_counted(frontier):
    """Five in a minute are one; the next one that was due counts again."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    counted = []
    for seconds in (0, 15, 30, 45, 60, 3600):
        time = NOW + timedelta(seconds=seconds)
        (found,) = claim(frontier, now=time)
        frontier.visited(found, VisitResult(NextVisit("waiting", time, ""), 500, "HTTP 500", answered=False), time)
        counted.append(frontier.db.execute("SELECT failures FROM frontier").fetchone()[0])
    assert counted == [1, 1, 1, 1, 1, 2]


def test_lastmod_after_the_last_visit_makes_an_article_due(frontier):
    """It is visited again at once, with the validators of last time."""
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
    assert frontier.table.release_all() == 1
    assert [found.url for found in claim(frontier)] == [STORY]


def test_success_resets_the_count_of_failures(frontier):
    """The back-off grows with failures in a row only."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    for expected in (0, 1):
        (found,) = claim(frontier)
        assert found.failures == expected
        frontier.visited(found, VisitResult(NextVisit("waiting", NOW, ""), None, "timed out", answered=False), NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW, ""), 200), NOW)
    assert claim(frontier)[0].failures == 0


def test_scope_bounds_what_is_claimed(frontier):
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
    scope = ClaimScope(frozenset({1}), since="2024-01-01")
    assert [found.url for found in claim(frontier, scope=scope)] == ["https://paper.example/b.html"]


def test_url_is_not_claimed_before_it_is_due(frontier):
    """next_visit is a promise to the site."""
    frontier.add([FrontierEntry(STORY, "article")], 1, NOW)
    assert claim(frontier, now=NOW - timedelta(seconds=1)) == []
    assert frontier.table.next_due(ClaimScope(), NOW) == "2026-11-23T08:00:00Z"


def test_change_is_believed_once_a_crawl_and_only_if_it_is_new(frontier):
    """Two sitemaps that call each other changed must not make a crawl endless; a time in the future says nothing."""
    frontier.add([FrontierEntry("https://paper.example/a.xml", "sitemap")], 1, NOW)
    (found,) = claim(frontier)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW + timedelta(days=1), ""), 200), NOW)
    later = NOW + timedelta(hours=1)
    future = FrontierEntry("https://paper.example/a.xml", "sitemap", hint={"modified": "2031-01-01T00:00:00+00:00"})
    assert frontier.add([future], 1, later) == (0, set())
    ahead = FrontierEntry("https://paper.example/a.xml", "sitemap", hint={"modified": "2026-11-23T20:00:00+00:00"})
    assert frontier.add([ahead], 1, later) == (0, {"paper.example"})
    (found,) = claim(frontier, now=later)
    frontier.visited(found, VisitResult(NextVisit("waiting", NOW + timedelta(days=1), ""), 200), later)
    assert frontier.add([ahead], 1, later) == (0, set())
    in_this_crawl = Frontier(frontier.db, 1, began=NOW)
    newer = FrontierEntry("https://paper.example/a.xml", "sitemap", hint={"modified": "2026-11-23T21:00:00+00:00"})
    assert in_this_crawl.add([newer], 1, later) == (0, set())


def test_day_that_is_yet_to_come_is_none_of_an_article(frontier):
    """Its address may know better; it is planned for now like any other."""
    hint = {"published": "2099-01-01T00:00:00Z", "modified": "2099-01-01T00:00:00Z"}
    frontier.add([FrontierEntry(STORY, "article", hint=hint)], 1, NOW)
    assert frontier.db.execute("SELECT day, next_visit FROM frontier").fetchall() == [("2026-11-20", stamp(NOW))]
    assert frontier.add([FrontierEntry(STORY, "article", hint=hint)], 1, NOW) == (0, set())


def test_feed_of_hundreds_is_claimed_newest_first_and_queued_once(frontier):
    """It lists the newest first, all of one day."""
    entries = [FrontierEntry(f"https://paper.example/story-{n}", "article") for n in range(500)]
    assert frontier.add(entries, 1, NOW)[0] == 500
    assert [found.url for found in claim(frontier, 3)] == [entry.url for entry in entries[:3]]
    newer = FrontierEntry("https://paper.example/newer", "article")
    assert frontier.add([newer, *entries], 1, NOW + timedelta(hours=1))[0] == 1


def test_sitemaps_are_claimed_after_feeds_and_the_newest_first(frontier):
    """A listing that the source's file names has no day, and comes before those."""
    days = ["2012-01-01", "2026-11-23", "2026-10-01"]
    dated = [FrontierEntry(f"https://paper.example/{day}.xml", "sitemap", 1, hint={"modified": day}) for day in days]
    seeds = [
        FrontierEntry("https://paper.example/all.xml", "sitemap"),
        FrontierEntry("https://paper.example/f", "feed"),
    ]
    frontier.add([FrontierEntry(STORY, "article"), *dated, *seeds], 1, NOW)
    names = [found.url.removeprefix("https://paper.example/") for found in claim(frontier)]
    assert names == ["f", "all.xml", "2026-11-23.xml", "2026-10-01.xml", "2012-01-01.xml", "2026/11/20/story.html"]


def test_retry_after_holds_back_all_urls_of_the_host(frontier):
    """It is the host's, not the URL's."""
    frontier.add([FrontierEntry(f"https://paper.example/{n}", "article") for n in range(3)], 1, NOW)
    frontier.hosts.begin("paper.example", "HTTP 503", NOW, wait=7200)
    assert claim(frontier, now=NOW + timedelta(hours=1)) == []
    assert frontier.table.hosts_due(ClaimScope(), NOW + timedelta(hours=1)) == []
    assert frontier.table.next_due(ClaimScope(), NOW) == "2026-11-23T10:00:00Z"
    (probe,) = claim(frontier, now=NOW + timedelta(hours=2))
    assert claim(frontier, now=NOW + timedelta(hours=2)) == []
    frontier.hosts.answered(probe.host, NOW + timedelta(hours=2), is_page=True)
    assert len(claim(frontier, now=NOW + timedelta(hours=2))) == 2


def test_listing_of_another_source_belongs_to_the_source_whose_file_names_it(frontier):
    """A feed that was met elsewhere is this source's from now on; what it named before is not visited again."""
    frontier.db.execute("INSERT INTO sources (id, name, url, added) VALUES (2, 'other', 'https://other.example/', '')")
    feed, old = "https://paper.example/feed", "https://paper.example/old-feed"
    frontier.add([FrontierEntry(feed, "feed")], 2, NOW)
    frontier.add([FrontierEntry(old, "feed")], 1, NOW)
    frontier.set_seeds(1, [FrontierEntry(feed, "feed")], NOW)
    (found,) = claim(frontier)
    assert (found.url, found.source_id) == (feed, 1)


def test_source_that_is_wanted_now_is_asked_for_listings_and_failed_pages(frontier):
    """Not for pages that are gone, and not for articles that were read."""
    urls = {name: f"https://paper.example/{name}" for name in ("feed", "read", "broken", "gone")}
    frontier.add([FrontierEntry(url, "feed" if name == "feed" else "article") for name, url in urls.items()], 1, NOW)
    later = NextVisit("waiting", NOW + timedelta(days=1), "")
    for found in claim(frontier):
        status = {urls["broken"]: 500, urls["gone"]: 410}.get(found.url, 200)
        frontier.visited(found, VisitResult(later, status, answered=status == 200), NOW)
    frontier.make_due(1, NOW)
    assert {found.url for found in claim(frontier)} == {urls["feed"], urls["broken"]}


def test_list_of_pages_is_claimed_without_those_that_were_fetched(frontier):
    """A list that was interrupted goes on where it stopped; other URLs of its hosts stay where they are."""
    pages = [f"https://paper.example/{number}" for number in range(3)]
    frontier.add([FrontierEntry(pages[0], "article"), FrontierEntry("https://paper.example/other", "article")], 1, NOW)
    found = next(found for found in claim(frontier) if found.url == pages[0])
    frontier.visited(found, VisitResult(NextVisit("done", None, ""), 200), NOW)
    frontier.table.release_all()
    wanted, known = frontier.want(pages, "page", lambda url: 1, NOW, again=False)
    assert known == 1
    assert {found.url for found in claim(frontier, scope=ClaimScope(frozenset(), wanted))} == set(pages[1:])


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
def test_day_in_a_path_must_be_a_possible_date(url, day):
    """Years that a news site can have, months and days that exist."""
    assert day_in(url) == day


FRONT, FEED = "https://paper.example/", "https://paper.example/feed"
NAMED = {1: {url_key(FRONT): "front", url_key(FEED): "feed"}}


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("UPDATE frontier SET failures = 3, state = 'failed', next_visit = NULL", False),
        ("UPDATE frontier SET kind = 'section' WHERE kind = 'feed'", True),
        ("UPDATE frontier SET source_id = NULL WHERE kind = 'feed'", True),
        ("UPDATE frontier SET depth = 1 WHERE kind = 'feed'", True),
        ("""UPDATE frontier SET hint = '{"guess": "1"}' WHERE kind = 'feed'""", True),
        ("DELETE FROM frontier WHERE kind = 'feed'", True),
        ("UPDATE frontier SET url_key = '//paper.example/old', url = 'x' WHERE kind = 'feed'", True),
    ],
)
def test_seeds_are_written_again_only_if_they_are_not_as_the_file_names_them(frontier, change, differs):
    """A pass over 500 sources of which nothing changed writes none of their listings."""
    frontier.set_seeds(1, [], NOW)
    seeds = [FrontierEntry(FRONT, "front"), FrontierEntry(FEED, "feed")]
    frontier.add(seeds, 1, NOW)
    frontier.set_seeds(1, seeds, NOW)
    frontier.db.execute(change)
    assert frontier.table.without_their_seeds(NAMED) == ({1} if differs else set())


def test_listing_that_a_file_no_longer_names_is_retired(frontier):
    """It waits as a seed, and is none."""
    frontier.add([FrontierEntry(FRONT, "front"), FrontierEntry(FEED, "feed")], 1, NOW)
    assert frontier.table.without_their_seeds({1: {url_key(FRONT): "front"}}) == {1}


def test_listing_that_two_files_name_is_written_for_both_if_it_is_not_the_last_ones(frontier):
    """The order of the sources decides which of them gets it, as when all are written."""
    frontier.db.execute("INSERT INTO sources (id, name, url, added) VALUES (2, 'b', 'https://b.example/', '')")
    frontier.add([FrontierEntry(FEED, "feed")], 2, NOW)
    named = {1: {url_key(FEED): "feed"}, 2: {url_key(FEED): "feed"}}
    assert frontier.table.without_their_seeds(named) == {1, 2}
