"""Test that articles met while their site is out of order are not lost: they are asked again until they are read."""

from tests.support.long_run import DAY, HOUR, MINUTE, living

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
