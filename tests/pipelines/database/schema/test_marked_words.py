"""Test the upgrade that indexes words without their vowel marks (m016): of old archives, whenever it is stopped."""

from __future__ import annotations

from contextlib import closing, contextmanager

import pytest
from sqlite_utils import Database

from pipelines.database.connection import connect, open_database
from pipelines.database.schema import search_index
from pipelines.database.search import hits
from tests.support.worded_archive import worded

ARTICLES = [
    ("Flood", "no mark here"),
    ("مُحَمَّد", "قال"),
    ("خبر", "وهو يهدّد 東京で選挙"),
    ("東京", "no mark here"),
    ("خبر", "كتابا"),
]


class Killed(BaseException):
    """Stand for the end of the process."""


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Return an archive as the version before left it: with runs, and without words that lost their marks."""
    monkeypatch.setattr(search_index, "BATCH_ARTICLES", 2)
    path = worded(tmp_path / "morgue.db", ARTICLES)
    old = Database(path)
    old.execute("UPDATE articles SET spaced = NULL WHERE id = 2")
    old.execute("UPDATE articles SET spaced = '東 京 で 選 挙' WHERE id = 3")
    old.execute("DELETE FROM _sqlite_migrations WHERE name = 'm016_marked_words'")
    old.execute("DELETE FROM changes")
    old.conn.commit()
    old.close()
    return path


def found(path, query: str) -> list[int]:
    with closing(connect(path)) as db:
        return [hit["id"] for hit in hits.search(db, query)]


def test_upgrade_finds_words_without_their_marks_and_tells_its_progress(path):
    """Articles without such words are not written, and what is in scripts without spaces stays found."""
    written, told = [], []
    token = search_index.reporting.set(lambda *values: told.append(values))
    with closing(open_database(path)) as db:
        db.execute("SELECT 1")
        written = db.execute("SELECT count(*) FROM changes").fetchone()[0]
    search_index.reporting.reset(token)
    assert told == [("read", done, 5) for done in (2, 4, 5)]
    assert written == 0
    assert [found(path, query) for query in ("محمد", "title:محمد", "text:محمد", "يهدد", "東京", "كتابا")] == [
        [2], [2], [], [3], [4, 3], [5],
    ]  # fmt: skip


@pytest.mark.parametrize("commits", [0, 1, 2])
def test_upgrade_that_was_stopped_goes_on(path, monkeypatch, commits):
    """What it has committed is right, and the next command does the rest."""
    atomic, made = Database.atomic, [0]

    @contextmanager
    def counted(self):
        if made[0] == commits:
            raise Killed
        with atomic(self):
            yield
        made[0] += 1

    with monkeypatch.context() as patched:
        patched.setattr(Database, "atomic", counted)
        with pytest.raises(Killed):
            open_database(path)
    open_database(path).close()
    assert (found(path, "محمد"), found(path, "يهدد")) == ([2], [3])
    with closing(Database(path)) as db:
        db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")
