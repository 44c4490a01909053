"""Test that the segments of the full-text index are merged once they are worth it."""

from contextlib import closing

import pytest

from pipelines.database.columns import insert_article
from pipelines.database.connection import open_database
from pipelines.database.search.merging import SEGMENT_PAGES, is_scattered, merge_index
from tests.support.article_archive import rows


@pytest.fixture
def db(tmp_path):
    with closing(open_database(tmp_path / "morgue.db")) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        yield db


def file(db, first, last):
    """File the articles with these numbers, each with words of its own."""
    db.execute("BEGIN")
    for number in range(first, last):
        text = " ".join(f"word{number * word % 9973}" for word in range(300))
        insert_article(db, rows()[0] | {"id": number, "url_key": str(number), "text": text})
    db.execute("COMMIT")


def segments(db):
    return len(db.execute(SEGMENT_PAGES).fetchall())


def test_index_in_many_segments_is_merged_into_one(db):
    """It finds the same afterwards, and a second merge does nothing."""
    assert not is_scattered(db)
    file(db, 1, 40)
    found = db.execute("SELECT rowid FROM articles_fts('word300')").fetchall()
    assert segments(db) > 2
    merge_index(db, 60.0)
    assert (segments(db), is_scattered(db)) == (1, False)
    assert db.execute("SELECT rowid FROM articles_fts('word300')").fetchall() == found
    changes = db.total_changes
    merge_index(db)
    assert db.total_changes == changes


def test_few_new_articles_beside_a_large_segment_are_left_as_they_are(db):
    """A merge would write the whole index anew for every pass."""
    file(db, 1, 100)
    merge_index(db, 60.0)
    file(db, 100, 102)
    merge_index(db)
    assert segments(db) == 3


def test_merge_without_time_left_does_nothing(db):
    """The next pass goes on."""
    file(db, 1, 10)
    before = segments(db)
    merge_index(db, 0.0)
    assert (segments(db), is_scattered(db)) == (before, True)
