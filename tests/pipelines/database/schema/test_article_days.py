"""Test the number of articles of each day: it is right whatever happens to the articles, and in every database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipelines.core.timestamps import day_number
from pipelines.database.columns import update_article
from pipelines.database.connection import connect, open_database
from pipelines.database.query_language.index_terms import EVERYWHERE
from pipelines.database.removals import delete_rows, revisions_of
from pipelines.database.schema.migrations import migrations
from pipelines.database.search.place_counts import articles_by_day
from pipelines.selection.subset import copy_articles
from tests.support.article_archive import build, days_of_articles, undate

OF_ARTICLE_1 = day_number("2024-01-05")


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def db(archive, tmp_path) -> Iterator[sqlite3.Connection]:
    with closing(open_database(Path(shutil.copy(archive / "morgue.db", tmp_path)))) as opened:
        assert articles_by_day(opened, EVERYWHERE) == days_of_articles(opened)
        yield opened


@pytest.mark.parametrize("day", ["2024-01-06", "2030-01-01", "1599", None])
def test_article_that_moves_to_another_day_is_counted_there(db, day):
    """Whether that has articles or not; the day that it leaves was its own."""
    update_article(db, {"published": day, "published_day": day}, 1)
    found = articles_by_day(db, EVERYWHERE)
    assert found == days_of_articles(db)
    assert OF_ARTICLE_1 not in found


def test_article_that_stays_on_its_day_is_counted_once(db):
    """A new text, or a new place within the day, changes nothing."""
    before = articles_by_day(db, EVERYWHERE)
    update_article(db, {"published_day": "2024-01-05", "text": "Another."}, 1)
    db.execute("UPDATE articles SET place = place + 7 WHERE id = 1")
    assert articles_by_day(db, EVERYWHERE) == before


def test_removed_article_is_counted_no_more(db):
    """The last one of a day takes its row away; the undated are counted together."""
    undate(db, 2, 3)
    delete_rows(db, captures=[], articles=[1, 2], revisions=revisions_of(db, [1, 2]))
    found = articles_by_day(db, EVERYWHERE)
    assert found == days_of_articles(db)
    assert found[0] == 1
    assert OF_ARTICLE_1 not in found


def test_upgrade_counts_the_articles_of_each_day(archive, tmp_path):
    """Of an archive as the version before made it, the undated ones too."""
    old = Database(tmp_path / "old.db")
    migrations.apply(old, stop_before="m014_article_days")
    with closing(sqlite3.connect(archive / "morgue.db")) as new:
        for table in ("sources", "crawls", "captures", "articles"):
            names = [column.name for column in old[table].columns if column.name != "labels"]
            rows = new.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
            marks = ", ".join("?" * len(names))
            old.conn.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
    undate(old.conn, 4, 5)
    old.conn.commit()
    old.close()
    with closing(open_database(tmp_path / "old.db")) as db:
        found = articles_by_day(db, EVERYWHERE)
        assert found == days_of_articles(db)
        assert found[0] == 2


def test_exported_database_counts_its_own_articles(archive, tmp_path):
    """What `morgue export sqlite` writes is an archive, too."""
    with closing(connect(archive / "morgue.db")) as db:
        copy_articles(db, [1, 10, 11], tmp_path / "subset.db", every_revision=True)
    with closing(connect(tmp_path / "subset.db")) as subset:
        found = articles_by_day(subset, EVERYWHERE)
        assert found == days_of_articles(subset)
        assert sum(found.values()) == 3
