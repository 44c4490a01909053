"""Test what a crawl says of sites that answer strangely: its own guesses are no news, and an answer is an answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.command import crawl, make_archive, rows
from tests.support.http_server import answering
from tests.support.small_paper import HTML_WALL, RSS, serving

pytestmark = pytest.mark.slow

ONCE = ("-s", "crawl.retries=0")
EMPTY_RSS = b"<rss version='2.0'><channel><title>Small</title></channel></rss>"
MANY_MEMBERS = gzip.compress(b"") * 10_001
LARGE = b"x" * 300_000


class AnswerToAll(dict[str, tuple[int, bytes, dict[str, str]]]):
    """Answer every path that is not in it with the same page, as many sites do."""

    def __init__(self, page: tuple[int, bytes, dict[str, str]]) -> None:
        super().__init__()
        self.page = page

    def get(self, path, default=None):
        return super().get(path, self.page)


@pytest.fixture
def archive(tmp_path):
    return make_archive(tmp_path / "archive")


@pytest.fixture
def talkative() -> Iterator[tuple[str, AnswerToAll]]:
    """Serve a paper with one article that answers every other path with a page of HTML."""
    answers = AnswerToAll(HTML_WALL)
    answers["/robots.txt"] = (200, b"User-agent: *\n", {"Content-Type": "text/plain"})
    with serving(1) as paper:
        path = urlsplit(paper.stories[0]).path
        link = f"<html><body><a href='{path}'>A headline of some length</a></body></html>".encode()
        answers |= {"/": (200, link, {}), path: paper.answers[path]}
    with answering(answers) as (url, _asked):
        yield url, answers


@pytest.mark.parametrize("page", [HTML_WALL, (200, EMPTY_RSS, RSS), (404, b"", {}), (500, b"", {})])
def test_guesses_that_turn_out_to_be_nothing_are_silent(archive, talkative, page):
    """They are tried, and neither listings nor problems; -v names them. The exit code is 0, also the second time."""
    url, answers = talkative
    answers.page = page
    done = crawl(archive, url + "/", *ONCE, "-v", "--format", "json")
    summary = json.loads(done.stdout)
    (count,) = summary["sources"].values()
    assert (done.returncode, summary["problems"], summary["attention"]) == (0, [], [])
    assert (count["listings"], count["tried"], count["new"], count["failed"]) == (1, 7, 1, 0)
    assert f"{url}/sitemap.xml" in done.stderr
    again = crawl(archive, url + "/", *ONCE)
    assert (again.returncode, "problem" in again.stdout, "sitemap.xml" in again.stdout) == (0, False, False)


def test_listing_that_the_site_declares_is_a_problem_although_it_was_a_guess_before(archive, talkative):
    """The site names it in robots.txt between two crawls."""
    url, answers = talkative
    crawl(archive, url + "/", *ONCE)
    answers["/robots.txt"] = (200, f"Sitemap: {url}/sitemap.xml\n".encode(), {"Content-Type": "text/plain"})
    done = crawl(archive, url + "/", *ONCE)
    assert f"problem in a listing: {url}/sitemap.xml: " in done.stdout


def test_listing_that_the_user_names_is_trouble_although_it_was_a_guess_before(archive, talkative):
    """In the file of a source."""
    url, _answers = talkative
    crawl(archive, url + "/", *ONCE)
    (archive / "sources" / "paper.toml").write_text(f'url = "{url}/"\nfeeds = ["{url}/feed/"]\n')
    done = crawl(archive, "paper", *ONCE)
    assert done.returncode == 1
    assert f"needs attention: paper: an HTML page, not a feed: {url}/feed/" in done.stdout


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((302, b"", {"Location": "/"}), "redirect loop"),
        ((302, b"", {"Location": "mailto:x@y.example"}), "redirect to no web address"),
        ((200, MANY_MEMBERS, {"Content-Encoding": "gzip"}), "too many gzip members"),
        ((200, b"x", {f"X-{number}": "y" for number in range(2000)}), "too many header lines"),
        ((200, LARGE, {}), "failed: body too large, "),
        ((200, gzip.compress(LARGE), {"Content-Encoding": "gzip"}), "body too large when decoded"),
    ],
)
def test_host_that_answered_was_reached_whatever_became_of_the_answer(archive, answer, why):
    """Exit code 1, and no advice to check the network."""
    with answering({"/": answer, "/robots.txt": (302, b"", {"Location": "/robots.txt"})}) as (url, _asked):
        done = crawl(archive, url + "/", *ONCE, "-s", "crawl.max_body=250000")
    assert why in done.stdout
    assert (done.returncode, "nothing could be reached" in done.stderr) == (1, False)


def test_site_that_names_no_article_has_one_line(archive):
    """With what can be done about it; also the second time, and if it had articles before."""
    with serving(1) as paper:
        paper.front(*paper.stories)
        assert crawl(archive, paper.url + "/", *ONCE).returncode == 0
        paper.answers["/"] = HTML_WALL
        paper.answers["/feed"] = (404, b"", {})
        done = crawl(archive, paper.url + "/", *ONCE)
    with answering({"/": HTML_WALL}) as (url, _asked):
        empty = crawl(archive, url + "/", *ONCE)
    for one in (done, empty):
        said = [line for line in one.stdout.splitlines() if "no article" in line or "found nothing" in line]
        assert (one.returncode, len(said)) == (1, 1), one.stdout
        assert ": no article found in 1 listing: " in said[0]
        assert "  `morgue add URL` looks for feeds and sitemaps" in one.stdout


def test_limit_counts_only_pages_that_were_requested(archive):
    """Pages that robots.txt disallows use up neither --limit nor the limits of the settings."""
    with serving(8) as paper:
        paper.watch(archive)
        shut = [urlsplit(url).path for url in paper.stories[3:]]  # the younger ones, which come first
        paper.robots(*shut)
        paper.front(*paper.stories)
        first = crawl(archive, "--limit", "2", *ONCE)
        assert rows(archive, "SELECT count(*) FROM articles") == [(2,)], first.stdout
        crawl(archive, "paper", "--limit", "3", *ONCE)
        assert rows(archive, "SELECT count(*) FROM articles") == [(3,)]


@pytest.mark.parametrize("setting", ["pages_per_host", "pages_per_source"])
def test_limits_of_the_settings_count_only_pages_that_were_requested(archive, setting):
    """The same for one source, and the summary says nothing of a limit that was not reached."""
    with serving(8) as paper:
        paper.watch(archive)
        paper.front(*paper.stories)
        paper.robots(*(urlsplit(url).path for url in paper.stories[3:]))
        done = crawl(archive, *ONCE, "-s", f"crawl.{setting}=4")
    assert rows(archive, "SELECT count(*) FROM articles") == [(3,)]
    assert "limit:" not in done.stdout
