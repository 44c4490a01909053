"""Laws of the descriptions of the database: each table, column and index has one, and nothing else has."""

from __future__ import annotations

from contextlib import closing

import pytest

from pipelines.database.connection import open_database
from pipelines.database.schema.descriptions import DESCRIPTIONS

OURS = """SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '\\_%' ESCAPE '\\'
             AND name NOT LIKE '%\\_fts\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name"""


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    with closing(open_database(tmp_path_factory.mktemp("fresh") / "morgue.db")) as db:
        yield db


def names(db, sql, *values):
    return [row[0] for row in db.execute(sql, values)]


def test_every_table_has_a_description_and_no_other(db):
    """The page has them in an order for readers, the database in that in which they were made."""
    assert sorted(DESCRIPTIONS) == names(db, OURS)


@pytest.mark.parametrize("table", DESCRIPTIONS)
def test_every_column_has_a_description_and_no_other(db, table):
    """A migration that adds a column needs a sentence here."""
    assert set(DESCRIPTIONS[table].columns) == set(
        names(db, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden != 1", table)
    )


@pytest.mark.parametrize("table", DESCRIPTIONS)
def test_every_index_has_a_description_and_no_other(db, table):
    """An index is there for a query; indexes that SQLite makes for a constraint are not ours."""
    made = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    assert set(DESCRIPTIONS[table].indexes) == set(names(db, made, table))


def test_column_descriptions_are_sentences():
    """They begin and end like one."""
    wrong = [
        f"{table}.{column}"
        for table, description in DESCRIPTIONS.items()
        for column, text in description.columns.items()
        if not text.endswith(".") or not (text[0].isupper() or text[0] in "`0123456789")
    ]
    assert wrong == []
