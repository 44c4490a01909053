"""Test that the databases that tests copy are what the migrations make."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from pipelines.database.connection import open_database
from tests.support.new_databases import by_migrations

SETTINGS = ("page_size", "journal_mode", "user_version", "application_id", "auto_vacuum", "encoding")


def test_copied_database_is_what_the_migrations_make(tmp_path):
    """But for the times of the migrations and the name of the archive, which is another each time."""
    with closing(sqlite3.connect(tmp_path / "made.db")) as made:
        made.execute("PRAGMA journal_mode = WAL")
        by_migrations(made)
        copies = [open_database(tmp_path / name) for name in ("one.db", "other.db")]
        for copy in copies:
            assert schema(copy) == schema(made)
            assert [copy.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS] == [
                made.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS
            ]
        names = {db.execute("SELECT archive FROM journal").fetchone()[0] for db in (made, *copies)}
        assert len(names) == 3
        for copy in copies:
            copy.close()


def schema(db):
    """Return the schema of a database, the names of its migrations and the numbers of its rows."""
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return (
        [tuple(row) for row in db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")],
        [tuple(row) for row in db.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY name")],
        [db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables],
    )
