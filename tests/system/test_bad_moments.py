"""Test that articles are not lost which appear while their site is out of order, or while nobody looks."""

import json
from collections.abc import Iterable

from tests.support.long_run import DAY, HOUR, MINUTE, LongRun, living

EMPTY, SHELL = (
    (200, b"", {}),
    (200, b"<html><title>Paper</title><body><div id=app></div></body></html>", {}),
)
BACK_SOON = b"<html><title>Back soon</title><body><article><h1>Back soon</h1><p>%b</p></article></body></html>"
NOTICE = b"We are upgrading our site tonight, and ask all of our readers for some patience while we work. " * 8


def to(place):
    return (302, b"", {"Location": place})


def test_articles_met_while_their_site_is_out_of_order_are_read_and_watched_later(tmp_path):
    """An address that gives nothing, or leads to another page for a time, is asked again; so is a known article."""
    with living(tmp_path, 8) as run:
        paper = run.paper
        paper.watch(run.archive)
        paper.front()
        paper.write_story(0, "A reader writes of trains: they come when they like, and none of us knows why. " * 8)
        paper.feed(0, 1, 2)
        run.crawl(0)
        paths = [story.removeprefix(paper.url) for story in paper.stories]
        kept = {path: paper.answers[path] for path in paths}
        paper.answers["/maintenance.html"] = (200, BACK_SOON % NOTICE, {})
        ill = (to(paths[0]), to("/maintenance.html"), EMPTY, SHELL, to("/"), to(paths[0]), to("/maintenance.html"))
        paper.answers.update(zip(paths[1:], ill, strict=True))
        paper.feed(*range(8))
        run.crawl(HOUR + 10 * MINUTE)
        paper.answers.update(kept)
        paper.write_story(1, "An edit that came later: the council has voted for the wall with a large majority. " * 8)
        run.crawl(DAY)
        found = dict(run.rows("SELECT url, revision FROM articles"))
        assert {url: found.get(url) for url in paper.stories} == dict.fromkeys(paper.stories, 1) | {paper.stories[1]: 2}


def name_all(run: LongRun, path: str, kind: str, named: Iterable[str]) -> None:
    """Name these in a sitemap, or in an index of sitemaps."""
    run.paper.answers[path] = (200, f"<{kind}>{''.join(named)}</{kind}>".encode(), {})


def test_articles_that_sitemaps_list_since_their_last_readings_are_read_however_late(tmp_path):
    """Without a date in a sitemap that is new in its index, and with an old date if no crawl ran for long."""
    with living(tmp_path, 4) as run:
        home = run.paper.url
        stories = run.paper.stories = [f"{home}/news/a-story-of-the-harbour-number-{n}.html" for n in range(4)]
        for number in range(4):
            run.paper.write_story(number)
        (run.archive / "sources" / "paper.toml").write_text(f'url = "{home}/"\nsitemaps = ["{home}/index.xml"]\n')
        urls = [f"<url><loc>{story}</loc></url>" for story in stories]
        parts = [f"<sitemap><loc>{home}{path}</loc></sitemap>" for path in ("/a.xml", "/b.xml", "/c.xml")]
        late = f"<url><loc>{stories[3]}</loc><lastmod>2026-03-12</lastmod></url>"
        name_all(run, "/a.xml", "urlset", urls[:1])
        name_all(run, "/b.xml", "urlset", urls[1:2])
        name_all(run, "/c.xml", "urlset", urls[2:3])
        for day, number in ((0, 1), (1, 2), (13, 3)):
            name_all(run, "/index.xml", "sitemapindex", parts[:number])
            name_all(run, "/b.xml", "urlset", [urls[1], late][: number - 1])
            run.crawl(day * DAY)
            rhythm = run.rows("SELECT rhythm FROM listings WHERE url LIKE '%/index.xml'")
            assert bool(json.loads(rhythm[0][0])["new"]) is (day > 0)
        assert run.rows("SELECT url FROM frontier WHERE state = 'past'") == [(stories[0],)]
        assert {url for (url,) in run.rows("SELECT url FROM articles")} == set(stories[1:])
