"""Test what makes the exit code 1, and what a user is told of it: a paper that dies is not reported as well."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from tests.support.article_archive import build
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.small_paper import HTML_WALL, RSS, serving

pytestmark = pytest.mark.slow

EMPTY_FEED = (200, b"<rss version='2.0'><channel><title>Small</title></channel></rss>", RSS)
ALL_DISALLOWED = (200, b"User-agent: *\nDisallow: /\n", {"Content-Type": "text/plain"})
SICK = {
    "wall": ("/feed", HTML_WALL, "an HTML page, not a feed"),
    "empty": ("/feed", EMPTY_FEED, "it lists nothing"),
    "gone": ("/feed", (404, b"", {}), "HTTP 404"),
    "shut": ("/robots.txt", ALL_DISALLOWED, "disallowed by robots.txt"),
}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Crawl a healthy paper twice; return (archive, paper, the two crawls)."""
    archive = make_archive(tmp_path_factory.mktemp("healthy") / "archive")
    with serving() as paper:
        paper.watch(archive)
        yield archive, paper, (crawl(archive, "paper"), crawl(archive, "paper"))


def test_dead_and_disallowed_links_are_no_failure_of_a_crawl(healthy):
    """They are counted with an example in the crawl that meets them, and are no noise in the next one."""
    _archive, paper, (first, second) = healthy
    assert (first.returncode, second.returncode) == (0, 0)
    assert f"1 failed: HTTP 404, e.g. {paper.url}/2024/01/30/" in first.stdout
    assert f"1 disallowed: by robots.txt, e.g. {paper.url}/private/" in first.stdout
    assert second.stdout.splitlines()[-1] == "done"
    assert "needs attention" not in first.stdout
    assert "disallowed" not in second.stdout
    assert "failed" not in second.stdout


def test_healthy_paper_shows_no_error(healthy):
    """tdmrep.json, which we try by ourselves, is missing; a link is dead; another is disallowed."""
    archive, _paper, _crawls = healthy
    assert rows(archive, "SELECT last_error FROM frontier WHERE kind = 'tdmrep'") == [("HTTP 404",)]
    (row,) = json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)
    assert (row["last_error"], row["failed"], row["waiting"], row["articles"]) == (None, 0, 0, 3)
    assert row["last_success"] is not None
    assert row["planned"] > 0


@pytest.fixture(scope="module")
def sick(tmp_path_factory):
    """Crawl papers that were healthy and fell ill in different ways; return URLs, the quiet crawl, sources, and the
    crawl after they are well."""
    archive = make_archive(tmp_path_factory.mktemp("sick") / "archive")
    with ExitStack() as stack:
        papers = {name: stack.enter_context(serving(1)) for name in SICK}
        for name, paper in papers.items():
            paper.watch(archive, name)
        assert crawl(archive, *SICK).returncode == 0
        for name, (path, answer, _why) in SICK.items():
            papers[name].answers[path] = answer
        quiet = crawl(archive, "--quiet", *SICK)
        shown = json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)
        for paper in papers.values():
            paper.feed(0)
            paper.robots()
        well = crawl(archive, "--quiet", *SICK)
    return {name: paper.url for name, paper in papers.items()}, quiet, {row["name"]: row for row in shown}, well


def test_paper_that_fell_ill_is_named_on_one_line(sick):
    """Exit code 1 and one line with the source, the reason and the URL, also with --quiet, and nothing else."""
    urls, quiet, _sources, _well = sick
    assert (quiet.returncode, quiet.stdout) == (1, "")
    expected = [f"needs attention: {name}: {why}: {urls[name]}/feed" for name, (_path, _answer, why) in SICK.items()]
    assert sorted(quiet.stderr.splitlines()) == sorted(expected)


@pytest.mark.parametrize("name", SICK)
def test_sources_show_the_error_and_the_last_success(sick, name):
    """The last success is that of before: a refusal does not undo it."""
    _urls, _quiet, sources, _well = sick
    assert sources[name]["last_error"] in SICK[name][2]
    assert sources[name]["last_success"] is not None


def test_papers_that_are_well_again_are_silent(sick):
    """The next good visit ends it."""
    _urls, _quiet, _sources, well = sick
    assert (well.returncode, well.stdout, well.stderr) == (0, "", "")


def test_site_without_any_article_does_not_end_as_done(tmp_path):
    """Exit code 1, and the summary says so, also with --quiet and as JSON."""
    archive = make_archive(tmp_path / "archive")
    with serving(0) as paper:
        paper.front("/uk/politics/")
        paper.answers["/uk/politics/"] = paper.answers["/"]
        done = crawl(archive, paper.url + "/")
        as_json = crawl(archive, paper.url + "/", "--format", "json")
    assert done.returncode == 1
    assert "no article found in 2 listings" in done.stdout
    assert "needs attention: " in done.stdout
    summary = json.loads(as_json.stdout)
    assert (as_json.returncode, summary["exit_code"], summary["outcome"]) == (1, 1, "partly failed")
    assert [entry["why"] for entry in summary["attention"]] == ["no article found in 2 listings"]


def test_host_that_never_answered_leaves_no_source(tmp_path):
    """A mistyped address is not in `sources` for ever; a source that did answer can be forgotten."""
    archive = make_archive(tmp_path / "archive")
    assert crawl(archive, "http://127.0.0.1:1/", "-s", "crawl.retries=0").returncode == 3
    assert rows(archive, "SELECT count(*) FROM sources") == [(0,)]
    assert rows(archive, "SELECT count(*) FROM frontier") == [(0,)]
    assert crawl(archive, "http://127.0.0.1:1/2024/01/02/a-story-of-the-day.html").returncode == 3
    assert rows(archive, "SELECT count(*) FROM frontier") == [(0,)]
    with serving() as paper:
        paper.front(*paper.stories)
        crawl(archive, paper.url + "/")
        name = paper.url.removeprefix("http://")
        assert [row["name"] for row in json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)] == [
            name
        ]
        forgotten = morgue("-C", archive, "sources", "--forget", name)
    assert forgotten.returncode == 0
    assert rows(archive, "SELECT count(*) FROM sources") == [(0,)]
    assert rows(archive, "SELECT count(*) FROM articles WHERE source_id IS NULL") != [(0,)]
    assert morgue("-C", archive, "verify").returncode == 0
    assert morgue("-C", archive, "sources", "--forget", "nowhere.example").returncode == 8


def test_source_is_forgotten_by_its_address(tmp_path):
    """With `www.`, scheme and slash or without; a misspelt name is answered with the one that is like it."""
    archive = build(tmp_path / "archive")
    done = morgue("-C", archive, "sources", "--forget", "gazete")
    assert (done.returncode, "did you mean gazette?" in done.stderr) == (8, True)
    done = morgue("-C", archive, "sources", "--forget", "http://www.gazette.example/")
    assert (done.returncode, done.stdout.startswith("forgot gazette")) == (0, True)


def test_mistake_in_settings_is_named_by_commands_that_only_read(tmp_path):
    """In an option -s it ends them; in a file it is a warning, which keeps nobody from reading the archive."""
    archive = make_archive(tmp_path / "archive")
    commands = (("search", "x"), ("sources",), ("log",), ("verify",))
    for command in commands:
        done = morgue("-C", archive, *command, "-s", "crawl.dely=3")
        assert (done.returncode, "dely: unknown key" in done.stderr) == (2, True)
    (archive / "morgue.toml").write_text("[crawl]\ndely = 3\n")
    for command in commands:
        done = morgue("-C", archive, *command)
        assert (done.returncode, "warning: morgue.toml: [crawl] dely: unknown key" in done.stderr) == (0, True)


def test_watched_source_is_not_forgotten(tmp_path):
    """Its file must go first; the message names it."""
    archive = make_archive(tmp_path / "archive")
    (archive / "sources" / "paper.toml").write_text('url = "http://127.0.0.1:1/"\n')
    done = morgue("-C", archive, "sources", "--forget", "paper")
    assert done.returncode == 2
    assert "sources/paper.toml" in done.stderr


@pytest.mark.parametrize("name", ["wall", "empty", "gone"])
def test_feed_that_gives_nothing_counts_as_failed_and_not_as_read(tmp_path, name):
    """By a 404 or otherwise. Only the front page is read, and again if the feed died after its turn."""
    archive = make_archive(tmp_path / "archive")
    with serving(1) as paper:
        paper.watch(archive)
        path, answer, why = SICK[name]
        paper.answers[path] = answer
        done = crawl(archive, "paper", "--format", "json")
    summary = json.loads(done.stdout)
    assert [entry["why"] for entry in summary["attention"]] == [why]
    (count,) = summary["sources"].values()
    assert count["listings"] in (1, 2)
    assert count["failed"] == 2, "the front page also links a page that is gone"
