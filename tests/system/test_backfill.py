"""Test that the past of a source is fetched by `morgue backfill` only, after everything fresh, so many a day."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from crawler.cli.main import exit_code_of
from tests.support.command import crawl, morgue, rows
from tests.support.small_paper import serving

pytestmark = pytest.mark.exhaustive

XML = {"Content-Type": "application/xml"}
STATES = "SELECT state, count(*) FROM frontier WHERE kind = 'article' GROUP BY state ORDER BY state"
YESTERDAY = "UPDATE backfills SET day = '2024-01-01'"


@pytest.fixture
def paper(archive):
    """Serve a paper whose sitemap names five stories of 2024 and one of today; its feed names nothing yet."""
    with serving(6) as paper:
        paper.front()
        paper.feed()
        today = datetime.now(UTC).date().isoformat()
        entries = "".join(
            f"<url><loc>{url}</loc><lastmod>{today if number == 5 else f'2024-01-0{number + 1}'}</lastmod></url>"
            for number, url in enumerate(paper.stories)
        )
        paper.answers["/sitemap.xml"] = (
            200, f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode(), XML
        )  # fmt: skip
        paper.watch(archive, more=f'sitemaps = ["{paper.url}/sitemap.xml"]\n[crawl]\nnew_within = "7d"\n')
        yield paper


def stories_asked(paper):
    asked = [int(path[-6]) for path in paper.asked if path.startswith("/2024/01/0")]
    paper.asked.clear()
    return asked


def test_new_source_fetches_what_is_new_in_its_sitemap_and_says_what_is_left(archive, paper):
    """The others are known, and wait for a backfill."""
    done = crawl(archive)
    assert stories_asked(paper) == [5]
    assert "past: 5 addresses of paper are older than crawl.new_within; `morgue backfill paper` fetches" in done.stdout
    assert dict(rows(archive, STATES))["past"] == 5


def test_backfill_fetches_so_many_a_day_the_newest_first_until_it_is_done(archive, paper):
    """Each crawl goes on with it, and the last one says that it is done."""
    crawl(archive)
    paper.asked.clear()
    begun = morgue("-C", archive, "backfill", "paper", "--a-day", "2")
    assert "paper: 5 articles of the past will be fetched; at 2 a day that takes 3 days" in begun.stdout
    assert stories_asked(paper) == []
    assert "backfill of paper: 5 articles of the past to come, 2 a day" in morgue("-C", archive, "due").stdout
    for expected in ([4, 3], [2, 1], [0]):
        crawl(archive)
        assert stories_asked(paper) == expected
        crawl(archive)
        assert stories_asked(paper) == []
        with sqlite3.connect(archive / "morgue.db") as db:
            db.execute(YESTERDAY)
    crawl(archive)
    assert rows(archive, "SELECT ended IS NOT NULL FROM backfills") == [(1,)]


def test_backfill_of_a_period_leaves_the_rest(archive, paper):
    """--since and --until are days of the sitemap."""
    crawl(archive)
    paper.asked.clear()
    morgue("-C", archive, "backfill", "paper", "--since", "2024-01-02", "--until", "2024-01-03")
    crawl(archive)
    assert sorted(stories_asked(paper)) == [1, 2]
    assert dict(rows(archive, STATES))["past"] == 3


def test_backfill_with_days_without_articles_is_refused_and_the_one_that_runs_goes_on(archive, paper):
    """A mistyped day ends nothing. Then what was queued and not fetched goes back by --stop."""
    crawl(archive)
    paper.asked.clear()
    morgue("-C", archive, "backfill", "paper", "--a-day", "2")
    refused = morgue("-C", archive, "backfill", "paper", "--since", "2027")
    assert refused.returncode == 8
    assert "no article of the past since 2027-01-01" in refused.stderr
    assert rows(archive, "SELECT since, a_day, ended FROM backfills") == [(None, 2, None)]
    morgue("-C", archive, "backfill", "paper", "--since", "2024-01-04")
    stopped = morgue("-C", archive, "backfill", "paper", "--stop")
    assert "the backfill is stopped; 5 articles of the past stay" in stopped.stdout
    crawl(archive)
    assert stories_asked(paper) == []


def test_article_of_the_past_that_the_feed_names_is_fetched_at_once(archive, paper):
    """The paper itself shows it again."""
    crawl(archive)
    paper.asked.clear()
    paper.feed(2)
    crawl(archive, "paper")
    assert 2 in stories_asked(paper)


def test_backfill_is_in_the_database_that_a_rebuild_makes(archive, paper):
    """It goes on where it was."""
    crawl(archive)
    morgue("-C", archive, "backfill", "paper", "--a-day", "2")
    before = rows(archive, "SELECT * FROM backfills"), rows(archive, STATES)
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert (rows(archive, "SELECT * FROM backfills"), rows(archive, STATES)) == before


SITEMAP = 'sitemaps = ["https://paper.example/sitemap.xml"]'


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (SITEMAP, "its sitemaps were not read yet, so nothing of its past is known\n  run `morgue crawl paper` first"),
        (f"paused = true\n{SITEMAP}", "it is paused: run `morgue sources resume paper`, then `morgue crawl paper`"),
        ("", "paper: has no sitemap, so nothing of its past is known\n  if it has a sitemap, name it in sources/paper"),
    ],
)
def test_backfill_of_a_source_without_a_sitemap_that_was_read_says_why(archive, capsys, more, said):
    """As `morgue add` leaves it, and where only guesses were tried."""
    (archive / "sources" / "paper.toml").write_text(f'url = "https://paper.example/"\n{more}\n')
    with sqlite3.connect(archive / "morgue.db") as db:
        db.execute("INSERT INTO sources (id, name, url, added) VALUES (1, 'paper', 'https://paper.example/', '')")
        db.execute("""INSERT INTO frontier (url_key, url, host, source_id, kind, state, priority, depth, found, visits,
                                            last_error)
                      VALUES ('//g', 'https://g', 'g', 1, 'sitemap', 'done', 0, 0, '', 1, 'no listing')""")
    assert exit_code_of(["-C", str(archive), "backfill", "paper"]) == 8
    assert said in capsys.readouterr().err


def test_backfill_of_what_was_never_crawled_says_what_to_do(archive, paper):
    """With the exit code of what is not found."""
    done = morgue("-C", archive, "backfill", "paper")
    assert done.returncode == 8
    assert "run `morgue crawl paper`" in done.stderr
