"""Test the upgrade to the search index (m011): every article, in order of days, whatever stops it and whenever."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipelines.core.errors import ArchiveDamaged, DiskFull, MorgueError
from pipelines.database.columns import FIELD_COLUMNS, columns_digest
from pipelines.database.connection import connect, open_database
from pipelines.database.query_language.index_terms import EVERYWHERE
from pipelines.database.schema import search_index
from pipelines.database.schema.migrations import migrations
from pipelines.database.schema.search_index import views_by_rowid
from pipelines.database.search.place_counts import articles_by_day
from pipelines.verification.content_check import changed_schema, changed_texts
from tests.support.article_archive import build, days_of_articles

UNDATED = (2, 6, 20)  # articles


@pytest.fixture(scope="module")
def older(tmp_path_factory) -> Path:
    """Return a database as the version before left it, with an index and a view of the user's."""
    folder = build(tmp_path_factory.mktemp("older") / "archive")
    path = folder / "older.db"
    old = Database(path)
    old.enable_wal()
    migrations.apply(old, stop_before="m011_search_index")
    with closing(sqlite3.connect(folder / "morgue.db")) as new:
        for table in ("sources", "crawls", "captures", "articles", "revisions", "aliases"):
            names = [column.name for column in old[table].columns]
            rows = new.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
            marks = ", ".join("?" * len(names))
            old.conn.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
    old.conn.execute(f"UPDATE articles SET published = NULL WHERE id IN {UNDATED}")
    old.conn.execute("UPDATE articles SET published = '1599', published_day = '1599' WHERE id = 21")
    old.conn.row_factory = sqlite3.Row
    for row in old.conn.execute("SELECT * FROM articles").fetchall():
        digest = columns_digest(dict(row), FIELD_COLUMNS)
        old.conn.execute("UPDATE articles SET fields_digest = ? WHERE id = ?", (digest, row["id"]))
    old.conn.execute("DELETE FROM changes")
    old.conn.execute("CREATE INDEX my_titles ON articles(title)")
    old.conn.execute("CREATE VIEW my_titles_by_day AS SELECT published_day, title FROM articles")
    old.conn.execute("CREATE VIEW my_numbers AS SELECT RowID AS number, title FROM articles")
    old.conn.commit()
    old.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old.close()
    return path


@pytest.fixture
def path(older, tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(search_index, "BATCH_ARTICLES", 10)
    return Path(shutil.copy(older, tmp_path / "morgue.db"))


class Killed(BaseException):
    """Stand for the end of the process."""


def kill_after(monkeypatch, commits: int) -> list[int]:
    """Let the process end after so many commits of the migration. The list that is returned counts them."""
    atomic, made = Database.atomic, [0]

    @contextmanager
    def counted(self):
        if made[0] == commits:
            raise Killed
        with atomic(self):
            yield self
        made[0] += 1

    monkeypatch.setattr(Database, "atomic", counted)
    return made


def contents(path: Path) -> list:
    """Return the rows of an upgraded database, and what its index finds. Fails if they are not whole."""
    with closing(open_database(path)) as db:
        db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(connect(path)) as db:
        assert [*changed_schema(db), *changed_texts(db)] == []
        assert articles_by_day(db, EVERYWHERE) == days_of_articles(db)
        found = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
        queries = ("article", "climate", '"知 事"', 'labels:"\ue000s1"')
        counts = [db.execute(found, (query,)).fetchone()[0] for query in queries]
        asked = ("SELECT * FROM articles ORDER BY place", "SELECT name, key FROM changes ORDER BY key",
                 "SELECT * FROM revisions", "SELECT * FROM my_titles_by_day")  # fmt: skip
        return [counts, *([tuple(row) for row in db.execute(sql)] for sql in asked)]


def test_upgrade_keeps_every_article_and_puts_them_in_order_of_days(path, older):
    """Undated ones come first and have no day any more; the journal hears of them. What the user made is there."""
    rows = contents(path)
    with closing(connect(path)) as db:
        made = dict(db.execute("SELECT name, type FROM sqlite_master WHERE name LIKE 'my%'").fetchall())
        assert made == {"my_titles": "index", "my_titles_by_day": "view", "my_numbers": "view"}
        assert views_by_rowid(db) == ["my_numbers"]
        assert [row[0] for row in db.execute("SELECT id FROM articles ORDER BY place LIMIT 4")] == [*UNDATED, 21]
        days = [tuple(row) for row in db.execute("SELECT id, place >> 20, published_day FROM articles ORDER BY place")]
        assert [one for one in days if one[1] == 0] == [*((number, 0, None) for number in UNDATED), (21, 0, "1599")]
        assert sorted(days, key=lambda one: (one[1], one[0])) == days
        kept = "SELECT id, url, title, text, published, first_seen FROM articles ORDER BY id"
        now = [tuple(row) for row in db.execute(kept)]
    with closing(sqlite3.connect(older)) as db:
        assert db.execute(kept).fetchall() == now
    assert rows[2] == [("articles", number) for number in UNDATED]
    assert rows[0] == [30, 2, 1, 20]


@pytest.mark.parametrize("commits", range(1, 12))  # begin, four copies, the exchange, four of the index, its merge
def test_upgrade_that_is_killed_goes_on_where_it_stopped(path, older, monkeypatch, tmp_path, commits):
    """Readers are told so in between, and the next run makes the same database as one that nothing stopped."""
    whole = Path(shutil.copy(older, tmp_path / "whole.db"))
    with monkeypatch.context() as patch:
        made = kill_after(patch, commits)
        with pytest.raises(Killed):
            open_database(path)
    assert made == [commits]
    with pytest.raises(ArchiveDamaged, match="is being upgraded"):
        connect(path)
    assert contents(path) == contents(whole)


def test_upgrade_that_is_killed_before_it_is_noted_is_noted_by_the_next_run(path, older, monkeypatch, tmp_path):
    """All is done then, and can be read already."""
    whole = Path(shutil.copy(older, tmp_path / "whole.db"))
    with monkeypatch.context() as patch:
        patch.setattr(type(migrations), "_record_applied", raise_killed)
        with pytest.raises(Killed):
            open_database(path)
    connect(path).close()
    assert contents(path) == contents(whole)


def raise_killed(*_):
    raise Killed


def test_progress_is_told_after_each_batch(path):
    """An upgrade that goes on tells it, too."""
    said = []
    token = search_index.reporting.set(lambda *values: said.append(values))
    open_database(path).close()
    search_index.reporting.reset(token)
    steps = [10, 20, 30, 39]
    assert said == [(what, done, 39) for what in ("copied", "indexed", "read") for done in steps]


def test_upgrade_without_room_changes_nothing_and_says_how_much_is_missing(path, monkeypatch):
    """The archive can be read as before."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(0))
    with pytest.raises(
        DiskFull, match=r"takes 0\.1 MB of free disk for a while, and there are 0\.0\s+free 0\.1 MB more"
    ):
        open_database(path)
    with closing(connect(path)) as db:
        assert db.execute("SELECT count(*) FROM articles WHERE published_day IS NULL").fetchone()[0] == 0


def test_upgrade_with_more_articles_on_a_day_than_places_changes_nothing(path, monkeypatch):
    """The error names the day."""
    monkeypatch.setattr(search_index, "MOST_A_DAY", 1)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE articles SET published_day = '2024-02-29' WHERE id IN (3, 4)")
        db.commit()
    with pytest.raises(MorgueError, match="articles of 2024-02-29: 1,048,575 articles are dated on this day"):
        open_database(path)
    connect(path).close()


def test_digest_of_an_undated_article_that_was_changed_stays_wrong(path):
    """An upgrade does not hide from `morgue verify` what was changed before it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE articles SET section = 'Forged' WHERE id = 2")
        db.commit()
    open_database(path).close()
    with closing(connect(path)) as db:
        assert [finding.what.partition(":")[0] for finding in changed_texts(db)] == ["article 2"]


@pytest.mark.parametrize(
    ("column", "cure"),
    [
        ("my_length INTEGER AS (length(text))", 'DROP COLUMN "my_length"; add it afterwards'),
        ("place TEXT", 'RENAME COLUMN "place" TO another name'),
    ],
)
def test_upgrade_with_a_column_that_cannot_be_copied_changes_nothing_and_says_what_to_do(path, column, cure):
    """Its definition is known to SQLite alone, or the new table has a column of that name."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"ALTER TABLE articles ADD COLUMN {column}")
        before = [*db.execute("SELECT * FROM sqlite_master")]
    with pytest.raises(ArchiveDamaged) as refused:
        open_database(path)
    assert refused.value.cure == f"ALTER TABLE articles {cure}"
    with closing(sqlite3.connect(path)) as db:
        assert [*db.execute("SELECT * FROM sqlite_master")] == before


def test_upgrade_keeps_a_column_of_the_users_with_its_default(path):
    """Its values stay, and a new article gets the default."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE articles ADD COLUMN my_mark TEXT NOT NULL DEFAULT 'none'")
        db.execute("UPDATE articles SET my_mark = 'seen' WHERE id = 3")
        db.commit()
    open_database(path).close()
    with closing(connect(path)) as db:
        marks = db.execute("SELECT id, my_mark FROM articles WHERE id IN (3, 4) ORDER BY id")
        assert [tuple(row) for row in marks] == [(3, "seen"), (4, "none")]
        kept = "SELECT type, \"notnull\", dflt_value FROM pragma_table_info('articles') WHERE name = 'my_mark'"
        assert tuple(db.execute(kept).fetchone()) == ("TEXT", 1, "'none'")
