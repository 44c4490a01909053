"""Test that archives that earlier versions really made are put right: what was given up, and walls filed as articles.

tests/support/archives/schema-N.tar.gz are whole archives that the versions with N migrations made. In each the same
happened to http://paper.example: of nine stories, 0 and 8 were refused (403) until they were given up, 1 became a
consent wall, 2 was one from the start, 3 became a soft 404, 4 was cut by a paywall, 5 became a 404, and in the end
robots.txt disallowed everything while 6 was due. 7 is well.
"""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command import ROOT, TABLES, morgue, rows, tables
from tests.support.long_run import DAY, living
from tests.support.month.pages import START

pytestmark = pytest.mark.slow

ARCHIVES = ROOT / "tests" / "support" / "archives"
WHOLE = {f"Story {number}" for number in range(9)}


@pytest.fixture(params=["schema-5", "schema-9"])
def older(request, tmp_path) -> Path:
    """Return an archive of an earlier version, after `morgue upgrade`."""
    archive = tmp_path / "archive"
    with tarfile.open(ARCHIVES / f"{request.param}.tar.gz") as packed:
        packed.extractall(archive, filter="data")
    given_up = rows(archive, "SELECT count(*) FROM frontier WHERE state IN ('failed', 'disallowed')")
    assert given_up[0][0] >= 3
    done = morgue("-C", archive, "upgrade")
    assert done.returncode == 0, done.stderr
    assert "`morgue reextract` takes them out" in done.stdout
    return archive


def state_of(archive: Path, number: int) -> tuple:
    (row,) = rows(archive, "SELECT state, next_visit FROM frontier WHERE url LIKE ?", f"%story-number-{number}.html")
    return row


def test_pages_given_up_for_what_can_pass_are_due_after_an_upgrade(older):
    """Refused, disallowed and gone pages alike; a gone page has its period, by the capture that shows it."""
    assert {state_of(older, number)[0] for number in range(9)} == {"waiting"}
    assert state_of(older, 0)[1] < datetime.now(UTC).strftime("%Y-%m-%d")
    assert rows(older, "SELECT kind, ended FROM page_states") == [("404", None)]
    shown = morgue("-C", older, "show", "http://paper.example/2024/01/06/story-number-5.html").stdout
    assert "(404), last seen alive " in shown


def test_older_archive_differs_in_nothing_from_its_journal_after_an_upgrade(older):
    """A column that is new since has one value in all rows, and the journal does not name it."""
    done = morgue("-C", older, "verify")
    assert done.returncode == 0, done.stdout


def test_walls_of_an_older_archive_are_taken_back_and_stay_so_after_a_rebuild(older):
    """The text that the archive gives is the article's; what never was an article waits for it."""
    assert rows(older, "SELECT count(*) FROM articles WHERE title NOT LIKE 'Story %'") == [(3,)]
    done = morgue("-C", older, "reextract")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 revisions taken back, in the place of an article: consent wall" in done.stdout
    assert {title for (title,) in rows(older, "SELECT title FROM articles")} == WHOLE - {"Story 2", "Story 8"}
    assert rows(older, "SELECT count(*) FROM articles WHERE length(text) < 200 OR access IS NOT NULL") == [(0,)]
    kinds = {kind for (kind,) in rows(older, "SELECT kind FROM page_states WHERE ended IS NULL")}
    assert kinds == {"404", "consent wall", "paywall", "soft 404"}
    assert state_of(older, 2)[0] == "waiting"
    kept = tables(older / "morgue.db")
    (older / "morgue.db").unlink()
    assert morgue("-C", older, "rebuild").returncode == 0
    again = tables(older / "morgue.db")
    for name in TABLES:
        assert again[name] == kept[name], name


def test_paper_of_an_older_archive_is_whole_once_its_troubles_are_over(older, tmp_path):
    """The next crawls of the timer bring every story, none twice."""
    began = (datetime.now(UTC) - START).total_seconds()
    assert morgue("-C", older, "reextract").returncode == 0
    with living(tmp_path, 9, archive=older) as run:
        for day in (2, 3, 8):
            run.crawl(began + day * DAY)
    assert {title for (title,) in rows(older, "SELECT title FROM articles")} == WHOLE
    assert rows(older, "SELECT count(*), max(length(text) < 200) FROM articles") == [(9, 0)]
    assert rows(older, "SELECT count(*) FROM page_states WHERE ended IS NULL") == [(0,)]
