"""Test that scripts run within the transaction of a migration, statement by statement."""

from __future__ import annotations

import sqlite3

import pytest
from sqlite_utils import Database

from pipelines.database.schema.migrations import migrations
from pipelines.database.schema.scripts import SchemaDatabase

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (';'); DELETE FROM b; END;"


def schema_of(db):
    return db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid").fetchall()


def test_schema_is_that_of_sqlite_utils():
    """Every table, index, trigger and view is the same to the letter."""
    ours, theirs = SchemaDatabase(memory=True), Database(memory=True)
    for db in (ours, theirs):
        migrations.apply(db)
    assert schema_of(ours) == schema_of(theirs) != []


def test_semicolon_inside_a_statement_does_not_end_it():
    """Triggers, texts and comments have some; the last statement needs none."""
    db = SchemaDatabase(memory=True)
    with db.atomic():
        db.executescript(
            f"CREATE TABLE a (x); -- of b; and c\nCREATE TABLE b (x);\n{TRIGGER} INSERT INTO a VALUES (';')"
        )
    assert [row[1] for row in schema_of(db)] == ["a", "b", "t"]
    assert db.execute("SELECT x FROM a").fetchall() == [(";",)]


def test_failed_script_is_rolled_back():
    """A migration is done wholly or not at all."""
    db = SchemaDatabase(memory=True)
    with pytest.raises(sqlite3.OperationalError, match="syntax"), db.atomic():
        db.executescript("CREATE TABLE a (x); CREATE TABEL b (x);")
    assert schema_of(db) == []
