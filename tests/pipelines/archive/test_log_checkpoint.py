"""Test that the write-ahead log is emptied as soon as readers allow it, and that no reader keeps a writer for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.archive import log_checkpoint
from pipelines.archive.log_checkpoint import LogCheckpoint
from pipelines.database.connection import connect, open_database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "morgue.db"


@pytest.fixture
def db(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    monkeypatch.setattr(log_checkpoint, "LARGE_LOG_BYTES", 1)
    monkeypatch.setattr(log_checkpoint, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(log_checkpoint, "RETRY_SECONDS", 0)
    with closing(open_database(database)) as db:
        db.execute("INSERT INTO sources (name, url, added) VALUES ('paper', 'https://paper.example/', 'x')")
        yield db


def log_size(database: Path) -> int:
    return database.with_name("morgue.db-wal").stat().st_size


def test_large_log_is_emptied_where_nobody_reads(database, db):
    """Its rows are in the database then."""
    assert log_size(database) > 0
    LogCheckpoint(database, db).run_if_large()
    assert log_size(database) == 0
    assert db.execute("SELECT name FROM sources").fetchall() == [("paper",)]


def add(db: sqlite3.Connection, name: str) -> None:
    db.execute("INSERT INTO sources (name, url, added) VALUES (?, 'https://paper.example/', 'x')", (name,))


def test_log_that_a_reader_needs_stays_until_it_leaves(database, db):
    """The reader sees its snapshot to the end, and the writer goes on."""
    checkpoint = LogCheckpoint(database, db)
    with closing(connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sources").fetchone()
        add(db, "other")
        checkpoint.run_if_large()
        assert log_size(database) > 0
        assert reader.execute("SELECT count(*) FROM sources").fetchone()[0] == 1
    checkpoint.run_if_large()
    assert log_size(database) == 0


def test_reader_that_stays_for_long_is_not_waited_for(database, db, monkeypatch):
    """Each wait would be in vain. After it left, the log is emptied at once."""
    checkpoint, modes = LogCheckpoint(database, db), []
    db.set_trace_callback(lambda sql: modes.append(sql.split("(")[1][:-1]) if "wal_checkpoint" in sql else None)
    with closing(connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sources").fetchone()
        for number, long in enumerate((60, 60, 0, 0)):
            monkeypatch.setattr(log_checkpoint, "LONG_READER_SECONDS", long)
            add(db, f"paper {number}")
            checkpoint.run_if_large()
    add(db, "last")
    checkpoint.run_if_large()
    assert modes == ["PASSIVE", "TRUNCATE"] * 2 + ["PASSIVE"] * 2 + ["PASSIVE", "TRUNCATE"]
    assert log_size(database) == 0


def test_query_of_the_writer_itself_is_no_error(database, db):
    """SQLite cannot empty the log before it is read to its end."""
    checkpoint = LogCheckpoint(database, db)
    unfinished = db.execute("SELECT name FROM sqlite_master")
    unfinished.fetchone()
    checkpoint.run_if_large()
    assert log_size(database) > 0
    unfinished.close()


def test_writer_waits_for_other_writers_as_long_as_before(database, db):
    """The brief wait holds for the log alone."""
    before = db.execute("PRAGMA busy_timeout").fetchone()
    LogCheckpoint(database, db).run_if_large()
    assert db.execute("PRAGMA busy_timeout").fetchone() == before
