"""Describe the tables and views of a fresh database, for docs/schema.md."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent)]

from pipelines.database.connection import open_database  # noqa: E402  (importable only now)
from pipelines.database.schema import descriptions  # noqa: E402


def tables() -> str:
    """Return what the tables and views of a fresh database hold, with a sentence for each column."""
    parts = [""]
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "morgue.db")
        for table, described in descriptions.DESCRIPTIONS.items():
            parts += [f"## {table}\n", f"{described.meaning}\n", "| column | type | meaning |", "| --- | --- | --- |"]
            parts += [f"| `{name}` | {kind} | {described.columns[name]} |" for name, kind in columns_of(db, table)]
            parts += [""]
            notes = [f"- unique: `({', '.join(names)})`" for names in unique_groups(db, table)]
            notes += [f"- index `{index}`: {query}" for index, query in described.indexes.items()]
            parts += ["\n".join(notes) + "\n"] if notes else []
        db.close()
    return "\n".join(parts)


def columns_of(db: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """Return (name, type and constraints) of each column, in the order of the table."""
    links = db.execute('SELECT "from", "table", coalesce("to", \'id\') FROM pragma_foreign_key_list(?)', (table,))
    refers = {column: f"→ `{other}.{key}`" for column, other, key in links}
    alone = {names[0] for names in unique_groups(db, table, most=1)}
    found = []
    for name, kind, not_null, default, key in db.execute(
        'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?) WHERE hidden != 1', (table,)
    ):
        facts = [kind] if kind else []
        facts += ["primary key"] if key else ["not null"] if not_null else []
        facts += ["unique"] if name in alone else []
        facts += [f"default `{default}`"] if default is not None else []
        facts += [refers[name]] if name in refers else []
        found.append((name, ", ".join(facts).replace(", →", " →")))
    return found


def unique_groups(db: sqlite3.Connection, table: str, most: int | None = None) -> list[list[str]]:
    """Return the columns of each UNIQUE constraint: of several columns, or of at most `most`."""
    indexes = db.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", (table,)).fetchall()
    groups = [[row[0] for row in db.execute("SELECT name FROM pragma_index_info(?)", index)] for index in indexes]
    return [names for names in groups if (len(names) > 1 if most is None else len(names) <= most)]
