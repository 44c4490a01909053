"""Test that what robots.txt disallows, or fails to answer for, is not lost: it is named, and asked for again."""

from __future__ import annotations

import sqlite3

import pytest

from tests.support.command import crawl, morgue, rows
from tests.support.small_paper import RSS, serving

pytestmark = pytest.mark.slow

PLANNED = "SELECT count(*) FROM frontier WHERE kind = 'article' AND state = 'waiting' AND next_visit IS NOT NULL"
ROBOTS_FAILS = (500, b"", {})


@pytest.fixture
def paper():
    with serving() as paper:
        paper.front()
        yield paper


def pages(paper):
    """Return the stories that were requested since the last call."""
    asked = [path for path in paper.asked if path.startswith("/2024/01/0")]
    paper.asked.clear()
    return sorted(asked)


def test_articles_disallowed_for_a_while_are_fetched_afterwards(archive, paper):
    """By --again, after a robots.txt that disallowed all."""
    paper.watch(archive)
    assert crawl(archive, "paper").returncode == 0
    paths = pages(paper)
    paper.robots("/")
    assert "disallowed" in crawl(archive, "paper", "--again").stdout
    assert pages(paper) == []
    assert rows(archive, PLANNED) == [(3,)]
    paper.robots()
    assert crawl(archive, "paper", "--again").returncode == 0
    assert pages(paper) == paths


def test_new_source_without_an_allowed_article_needs_attention(archive, paper):
    """With --quiet too. Once they are allowed, a crawl by hand fetches them; a planned one does after a day."""
    paper.robots("/2024/")
    paper.watch(archive)
    quiet = crawl(archive, "--quiet")
    assert (quiet.returncode, quiet.stdout) == (1, "")
    assert "needs attention: paper: robots (bad) since" in quiet.stderr
    assert "every article that was due (3 in three days) is disallowed by robots.txt" in quiet.stderr
    again = crawl(archive, "paper")
    assert again.returncode == 1
    assert "robots.txt still forbids 3 pages" in again.stdout
    paper.robots()
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute("UPDATE frontier SET next_visit = '2026-01-01T00:00:00Z' WHERE kind = 'article'")
        db.execute("UPDATE robots_files SET checked = '2026-01-01T00:00:00Z'")
    assert crawl(archive, "paper", "--due").returncode == 0
    assert len(pages(paper)) == 3


def test_visits_that_failed_and_disallowed_visits_are_counted_apart(archive, paper):
    """A page that was disallowed many times is not given up at its first failure."""
    paper.robots("/2024/")
    paper.watch(archive)
    crawl(archive)
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute("UPDATE frontier SET failures = 9 WHERE kind = 'article'")
    paper.robots()
    for url in paper.stories:
        paper.answers[url.removeprefix(paper.url)] = (500, b"", {})
    crawl(archive, "-s", "crawl.retries=0", "paper")
    assert rows(archive, "SELECT DISTINCT state, failures FROM frontier WHERE kind = 'article'") == [("waiting", 1)]


def test_robots_txt_that_fails_is_named_and_its_host_waits(archive, paper):
    """It is no wish of the publisher, and there is nothing that the next crawl could go on with."""
    paper.watch(archive)
    crawl(archive, "paper")
    paper.answers["/robots.txt"] = ROBOTS_FAILS
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute("UPDATE frontier SET next_visit = '2026-01-01T00:00:00Z' WHERE kind = 'article'")
        db.execute("UPDATE robots_files SET checked = '2024-01-01T00:00:00Z'")  # too old to hold meanwhile
    done = crawl(archive, "-s", "crawl.retries=0", "paper")
    assert done.returncode == 1
    assert "check the network" not in done.stderr
    assert "needs attention: paper: robots.txt answered 500, so its host is asked for nothing for now: " in done.stdout
    assert "disallowed" not in done.stdout
    assert "nothing is due; next at" in crawl(archive).stdout
    paper.robots()
    pages(paper)
    assert crawl(archive, "paper").returncode == 0
    assert rows(archive, "SELECT count(*) FROM articles") == [(3,)]


def test_new_articles_behind_a_failing_robots_txt_are_fetched_by_hand_afterwards(archive, paper):
    """They wait with their host until the user knows better."""
    paper.watch(archive)
    crawl(archive, "--limit", "1")
    paper.answers["/robots.txt"] = ROBOTS_FAILS
    crawl(archive, "-s", "crawl.retries=0")
    assert "nothing is due" in crawl(archive).stdout
    paper.robots()
    assert crawl(archive, "paper").returncode == 0
    assert rows(archive, "SELECT count(*) FROM articles") == [(3,)]


def test_aggregator_is_told_of_other_sites_and_read_again_once_they_are_named(archive, paper):
    """The listing is read anew, although it answers 304 to the validators of the last visit."""
    with serving() as other:
        items = "".join(f"<item><title>n</title><link>{url}</link></item>" for url in other.stories)
        elsewhere = items.replace("127.0.0.1", "localhost")
        rss = f"<rss version='2.0'><channel><title>Agg</title>{elsewhere}</channel></rss>".encode()
        paper.answers["/feed"] = (200, rss, {**RSS, "ETag": '"1"'})
        paper.watch(archive, "agg")
        quiet = crawl(archive, "--quiet")
        assert quiet.returncode == 1
        assert "needs attention: agg: no articles (bad) since" in quiet.stderr
        assert "correct `sites` or `include` in its file" in quiet.stderr
        assert "nothing is due" in crawl(archive).stdout
        paper.watch(archive, "agg", f'sites = ["{other.url.replace("http://127.0.0.1", "localhost")}"]\n')
        assert crawl(archive).returncode == 0
        assert len(pages(other)) == 3


def test_setting_of_one_run_plans_no_other_source_anew(archive, paper):
    """What `-s` says holds for the visits of that run."""
    with serving() as other:
        paper.watch(archive)
        other.watch(archive, "other")
        crawl(archive)
        planned = "SELECT url, next_visit FROM frontier WHERE source_id = 1 ORDER BY id"
        before = rows(archive, planned)
        crawl(archive, "-s", 'crawl.recheck=["1s"]', "-s", "every.feed=5m", "--due", "other")
        assert rows(archive, planned) == before
        assert "nothing is due" in crawl(archive).stdout


def test_broken_source_file_is_named_in_the_summary(archive, paper):
    """On stdout as part of it; on stderr where no summary is printed; once if it is asked for by name."""
    paper.watch(archive)
    (archive / "sources" / "broken.toml").write_text("url = 3\n")
    said = "needs attention: not crawled: sources/broken.toml"
    spoken, idle = crawl(archive, "paper"), crawl(archive, "--due", "paper")
    quiet, program = crawl(archive, "--quiet", "paper"), crawl(archive, "--format", "json", "paper")
    assert [run.returncode for run in (spoken, idle, quiet, program)] == [1, 1, 1, 1]
    assert [said in run.stdout for run in (spoken, idle, quiet)] == [True, True, False]
    assert [said in run.stderr for run in (spoken, idle, quiet, program)] == [False, False, True, True]
    asked = crawl(archive, "broken")
    assert (asked.returncode, (asked.stdout + asked.stderr).count("sources/broken.toml")) == (2, 1)


def test_truncated_warc_file_makes_the_exit_code_one(archive, paper):
    """With --quiet too: the warning alone would be lost in a mail that is not sent."""
    paper.watch(archive)
    crawl(archive, "paper")
    (file,) = (archive / "warc").glob("*.warc.gz")
    file.write_bytes(file.read_bytes()[:-9])
    quiet, spoken, idle = crawl(archive, "--quiet", "paper"), crawl(archive, "paper"), crawl(archive)
    assert [run.returncode for run in (quiet, spoken, idle)] == [1, 1, 1]
    assert "needs attention: 1 WARC file does not match the manifest" in quiet.stderr
    assert "needs attention: 1 WARC file does not match the manifest" in spoken.stdout
    assert morgue("-C", archive, "log").returncode == 0
