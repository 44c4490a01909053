"""Test the upgrades that add columns (m017, m018): an archive of the version before keeps its rows, without values."""

from contextlib import closing

import pytest
from sqlite_utils import Database

from pipelines.database.connection import open_database
from tests.support.worded_archive import worded

LINE_KINDS = [("articles", "line_kinds"), ("revisions", "line_kinds"), ("readings", "line_kinds")]
LANGUAGE = [("articles", "language_declared")]


@pytest.mark.parametrize(("names", "columns"), [
    (("m018_line_kinds",), LINE_KINDS),
    (("m017_language_declared", "m018_line_kinds"), LANGUAGE + LINE_KINDS),
], ids=["m018", "m017 and m018"])  # fmt: skip
def test_older_archive_gets_new_columns_without_values(tmp_path, names, columns):
    """Null says that the version that read an article did not know them."""
    path = worded(tmp_path / "morgue.db", [("Flood", "The river rose."), ("Bridge", "It stands.")])
    with closing(Database(path)) as old:
        for table, column in columns:
            old.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for name in names:
            old.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [name])
        old.conn.commit()
        before = [*old.query("SELECT * FROM articles ORDER BY id")]
    with closing(open_database(path)) as db:
        db.execute("SELECT 1")
    with closing(Database(path)) as new:
        after = [*new.query("SELECT * FROM articles ORDER BY id")]
        known = {(table, column) for table, column in columns if column in new[table].columns_dict}
    assert known == set(columns)
    added = dict.fromkeys(column for table, column in columns if table == "articles")
    assert after == [row | added for row in before]
