"""Test feeds and sitemaps that go wrong for days: what they end with, how often they are asked, and what is said."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest

from tests.support.long_run import DAY, HOUR, LongRun, living
from tests.support.small_paper import RSS, TEXT

pytestmark = pytest.mark.exhaustive

LOGIN = b"""<!DOCTYPE html><html><head><title>Log in</title></head><body><h1>Log in</h1><form method="post">
<input name="user"><input name="password" type="password"></form></body></html>"""
REASONS = {  # by the name of a source, for what its feed answers; that of a feed that is read in part is not sick
    "circle": ["dead listing"],
    "cut": [],
    "void": ["no listing"],
    "bare": ["no listing"],
    "login": ["no listing"],
}
WITHOUT_LOOKS = "[crawl]\nrecheck = []\n"  # of articles: each visit is the first or a mistake


def add_paper(run: LongRun, name: str, stories: int) -> None:
    """Watch a paper at http://NAME.example whose feed is /NAME and lists its first `stories`."""
    home = f"http://{name}.example"
    text = f'url = "{home}/"\nfeeds = ["{home}/{name}"]\n{WITHOUT_LOOKS}'
    (run.archive / "sources" / f"{name}.toml").write_text(text)
    publish(run, name, stories)


def publish(run: LongRun, name: str, stories: int) -> None:
    """List the first `stories` of a paper in its feed, the newest first."""
    items = ""
    for number in range(stories):
        path = f"/2024/01/{number + 1:02}/{name}-story-number-{number}.html"
        page = f"<html><head><title>{name} {number}</title></head><body><article><h1>{name} {number}</h1>"
        body = f"<p>The {name} has report {number}. {TEXT}</p></article></body></html>"
        run.paper.answers[path] = (200, (page + body).encode(), {})
        items = f"<item><link>http://{name}.example{path}</link></item>" + items
    feed = f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"
    run.paper.answers[f"/{name}"] = (200, feed.encode(), RSS)


def times_asked(run: LongRun) -> set[int]:
    """Return how often articles were asked for."""
    return set(Counter(path for path in run.paper.asked if "story" in path).values())


def test_feed_that_is_sick_for_a_day_is_named_and_then_goes_on(tmp_path):
    """It is asked once a pass, no article twice, and nothing that it had before counts as new afterwards."""
    with living(tmp_path, 0, hosts=tuple(f"{name}.example" for name in REASONS)) as run:
        for name in REASONS:
            add_paper(run, name, 10)
        run.crawl(0)
        publish(run, "cut", 11)
        status, body, headers = run.paper.answers["/cut"]
        packed = gzip.compress(body)
        run.paper.answers |= {
            "/circle": (301, b"", {"Location": "/round"}),
            "/round": (301, b"", {"Location": "/circle"}),
            "/cut": (status, packed[: len(packed) * 2 // 3], {**headers, "Content-Encoding": "gzip"}),
            "/void": (200, b"<rss version='2.0'><channel><title>Small</title></channel></rss>", RSS),
            "/bare": (200, b"", RSS),
            "/login": (200, LOGIN, {}),
        }
        asked = Counter(run.paper.asked)
        for hour in (24, 30, 38):
            run.crawl(hour * HOUR)
        assert {name: run.count(f"/{name}") - asked[f"/{name}"] for name in REASONS} == dict.fromkeys(REASONS, 3)
        found = {one["name"]: [reason["kind"] for reason in one["reasons"]] for one in run.ask(38 * HOUR, "health")}
        assert {name: found[name] for name in REASONS} == REASONS
        for name in REASONS:
            publish(run, name, 12)
        run.crawl(2 * DAY)
        run.crawl(3 * DAY)
        statuses = {one["name"]: one["status"] for one in run.ask(3 * DAY, "health")}
        assert {name: statuses[name] for name in REASONS} == dict.fromkeys(REASONS, "ok")
        assert times_asked(run) == {1}
        assert run.rows("SELECT count(*) FROM articles") == [(12 * len(REASONS),)]
        assert run.rows("SELECT count(*) FROM gaps") == [(0,)]


def test_feed_that_became_a_page_is_asked_ever_less_often_and_the_front_page_by_its_news(tmp_path):
    """A feed that is read each hour was for weeks, and each time the front page with it."""
    with living(tmp_path, 12) as run:
        run.paper.feed(*range(9))
        run.paper.front(*run.paper.stories[:9])
        run.paper.watch(run.archive, more=WITHOUT_LOOKS)
        run.crawl(0)
        run.paper.answers["/feed"] = (200, LOGIN, {})
        asked = Counter(run.paper.asked)
        for hour in (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22):
            run.crawl(hour * HOUR)
        run.paper.front(*run.paper.stories)
        for hour in (24, 26, 28):
            run.crawl(hour * HOUR)
        assert run.count("/feed") - asked["/feed"] == 5  # after 1, 2, 4, 8 and 16 hours
        assert 3 <= run.count("/") - asked["/"] <= 8
        assert run.rows("SELECT count(*) FROM articles") == [(12,)]


def test_feed_that_moves_to_another_host_is_read_there_unless_that_is_of_another_source(tmp_path):
    """After a week of the permanent redirect. Its articles are filed under the source, all the while."""
    with living(tmp_path, 0, hosts=("free.example", "bound.example", "feeds.example", "other.example")) as run:
        (run.archive / "sources" / "other.toml").write_text('url = "http://other.example/"\n')
        targets = {"free": "http://feeds.example/new-free", "bound": "http://other.example/new-bound"}
        for day in (0, 4, 8, 9):
            for name, target in targets.items():
                add_paper(run, name, 5 + day)
                run.paper.answers[f"/new-{name}"] = run.paper.answers[f"/{name}"]
                run.paper.answers[f"/{name}"] = (301, b"", {"Location": target})
            run.crawl(day * DAY)
        for name in targets:
            assert "moved listing" in {one["kind"] for one in run.health(9 * DAY, name)[1]}
        sql = "SELECT s.name, f.url FROM frontier f JOIN sources s ON s.id = f.source_id WHERE f.url LIKE '%/new-%'"
        assert run.rows(sql) == [("free", targets["free"])]
        sql = "SELECT s.name, count(*) FROM articles a JOIN sources s ON s.id = a.source_id GROUP BY s.name"
        assert run.rows(sql) == [("bound", 14), ("free", 14)]


def test_articles_of_two_feeds_of_a_source_are_asked_for_once(tmp_path):
    """And are no duplicates for its health, however many."""
    with living(tmp_path) as run:
        feeds = f'feeds = ["{run.paper.url}/paper", "{run.paper.url}/all"]\n'
        for hour in (0, 6):
            publish(run, "paper", 25 + hour)
            run.paper.answers["/all"] = run.paper.answers["/paper"]
            (run.archive / "sources" / "paper.toml").write_text(f'url = "{run.paper.url}/"\n{feeds}{WITHOUT_LOOKS}')
            run.crawl(hour * HOUR)
        assert (run.count("/paper"), run.count("/all"), times_asked(run)) == (2, 2, {1})
        assert run.rows("SELECT count(*) FROM articles") == [(31,)]
        assert run.health(7 * HOUR) == ("ok", [])


def test_sitemaps_that_are_named_anew_each_day_are_forgotten(tmp_path):
    """What they name is kept. One that the index lacks for a day only stays."""
    with living(tmp_path, 3) as run:
        run.paper.watch(run.archive, more=f'sitemaps = ["{run.paper.url}/index.xml"]\n{WITHOUT_LOOKS}')
        for day in range(5):
            names = [f"/part.xml?t={day}-{number}" for number in range(4)] + ["/fixed.xml"] * (day != 2)
            index = "".join(f"<sitemap><loc>{run.paper.url}{name}</loc></sitemap>" for name in names)
            run.paper.answers["/index.xml"] = (200, f"<sitemapindex>{index}</sitemapindex>".encode(), {})
            urls = "".join(f"<url><loc>{story}</loc></url>" for story in run.paper.stories)
            for name in names:
                run.paper.answers[name] = (200, f"<urlset>{urls}</urlset>".encode(), {})
            run.crawl(day * DAY)
        days = "SELECT DISTINCT substr(url, instr(url, '?') + 1, 3) FROM frontier WHERE url LIKE '%?t=%' ORDER BY 1"
        assert run.rows(days) == [("t=4",)]
        assert run.rows("SELECT count(*) FROM listings WHERE kind = 'sitemap'") == [(1 + 1 + 4,)]
        assert run.count("/fixed.xml") == 5
        assert times_asked(run) == {1}


def test_feed_that_is_outrun_twice_within_an_hour_is_noted_twice(tmp_path):
    """And read as ever: the other listings of its source were read for the first gap just now."""
    with living(tmp_path, 12) as run:
        run.paper.watch(run.archive, more=f'[every]\nfeed = "5m"\n{WITHOUT_LOOKS}')
        for number, at in enumerate((0.0, 2 * HOUR, 2.5 * HOUR)):
            run.paper.feed(*range(4 * number, 4 * number + 4))
            run.crawl(at)
        assert run.rows("SELECT count(*) FROM articles") == [(12,)]
        assert run.rows("SELECT count(*) FROM gaps") == [(2,)]
