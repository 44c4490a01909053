"""Test that readers and a crawl leave each other in peace: no lock error, no answer that goes back, nothing lost.

benchmarks/readers.py does the same for two minutes, with processes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.database import queries
from pipelines.database.connection import connect, open_database
from pipelines.database.search.counts import count
from pipelines.database.search.hits import search
from tests.support.command import LOOPBACK, make_archive, rows, start
from tests.support.small_paper import serving

pytestmark = pytest.mark.slow

STORIES = 40
READERS_OF_A_KIND = 5
MAX_SECONDS = 60.0  # that the crawl may take
PAUSE_SECONDS = 0.1  # of a reader between two questions
STATEMENT = "SELECT (SELECT count(*) FROM stories), (SELECT sum(articles) FROM per_day), (SELECT count(*) FROM edits)"


def find(database: Path) -> int:
    with closing(connect(database)) as db:
        return len(list(search(db, "harbour", limit=None)))


def count_all(database: Path) -> int:
    with closing(connect(database)) as db:
        return count(db)


def export(database: Path) -> int:
    with closing(connect(database)) as db:
        return sum(1 for _ in queries.articles(db))


def ask_in_sql(database: Path) -> int:
    """Ask as any other program does, in one snapshot: the two numbers of articles are the same."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        stories, of_days, _ = db.execute(STATEMENT).fetchone()
    assert stories == (of_days or 0)
    return int(stories)


def test_readers_beside_a_crawl_meet_no_lock_and_miss_nothing(tmp_path):
    """Twenty at once. Each sees more articles each time, and in the end all that the paper has."""
    archive = make_archive(tmp_path / "archive")
    open_database(archive / "morgue.db").close()
    asked, errors, ended = Counter(), [], threading.Event()

    def read(kind: Callable[[Path], int]) -> None:
        most = 0
        while not ended.wait(PAUSE_SECONDS):
            try:
                now = kind(archive / "morgue.db")
                assert now >= most, f"{most} articles, and then {now}"
                most = now
                asked[kind.__name__] += 1
            except Exception as error:  # noqa: BLE001 - whatever a reader meets fails the test
                errors.append(f"{kind.__name__}: {error!r}")

    with serving(stories=STORIES) as paper:
        paper.watch(archive)
        kinds = [find, count_all, export, ask_in_sql]
        readers = [threading.Thread(target=read, args=(kind,)) for kind in kinds * READERS_OF_A_KIND]
        crawling = start("-C", archive, "crawl", "paper", *LOOPBACK)
        for reader in readers:
            reader.start()
        said = crawling.communicate(timeout=MAX_SECONDS)
        ended.set()
        for reader in readers:
            reader.join()
    assert crawling.returncode in (0, 1), said  # 1: a link of its front page leads nowhere
    assert errors == []
    assert min(asked[kind.__name__] for kind in kinds) >= READERS_OF_A_KIND
    assert rows(archive, "SELECT count(*), count(DISTINCT url) FROM articles") == [(STORIES, STORIES)]
