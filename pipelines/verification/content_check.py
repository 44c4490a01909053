"""Check what the database says: its texts against their digests, and its schema against ours. Reads only.

A digest shows a change that was made in one place. `journal_check` compares the digests with those in the WARC files.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.terminal import plain
from pipelines.core.urls import key_or_none
from pipelines.database.columns import FIELD_COLUMNS, REVISION_COLUMNS, STATE_COLUMNS, columns_digest
from pipelines.database.connection import ask
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.frontier.claims import damaged_hints
from pipelines.verification.findings import Finding

DIGESTS = {"state_digest": STATE_COLUMNS, "fields_digest": FIELD_COLUMNS}
TABLES_WITH_TEXTS = {"articles": "article", "revisions": "revision", "readings": "earlier reading"}
# Of an article that a rebuild could not read, the revision keeps the digest of the text that it had.
UNLIKE_REVISION = """
SELECT a.id, a.url, {pairs}
  FROM articles a JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
 WHERE ({differs}) AND NOT (a.extractor = '' AND r.extractor = '') ORDER BY a.id
"""
# Columns that hold JSON: a list of texts, or an object. Those that an older archive lacks are left out.
JSON_COLUMNS = {
    "articles": {"authors": "array", "tags": "array", "rights": "array", "comments": "array", "found_in": "object"},
    "revisions": {"authors": "array", "hint": "object"},
    "readings": {"authors": "array"},
    "captures": {"signals": "array", "flaws": "array"},
    "crawls": {"counts": "object"},
    "sources": {"planned_by": "object"},
}
JSON_VALUES = {"counts": "object", "planned_by": None, "found_in": None}  # None: any; of the others: text
# CASE: SQLite may evaluate the terms of AND and OR in any order.
DAMAGED_JSON = """
SELECT id FROM {table} WHERE {column} IS NOT NULL AND CASE WHEN NOT json_valid({column}) THEN 1
    WHEN json_type({column}) != '{kind}' THEN 1
    ELSE EXISTS (SELECT 1 FROM json_each({column}) WHERE {wrong}) END ORDER BY id
"""
MOVED_ARTICLES = """
SELECT a.id, a.url, c.url AS captured FROM articles a JOIN captures c ON c.id = a.capture_id WHERE a.url != c.url
 ORDER BY a.id
"""
OBJECTS = "SELECT type, name, tbl_name, coalesce(sql, '') AS sql FROM sqlite_master ORDER BY type, name"
SQL_COMMENT = re.compile(r"--[^\n]*")
TABLE_OF_MIGRATIONS = "_sqlite_migrations"  # of sqlite-utils, whose versions make it in different words
finding = partial(Finding, DATABASE_NAME, None)


def changed_texts(db: sqlite3.Connection) -> Iterator[Finding]:
    """Yield the texts whose digest is another, and the articles that differ from their newest revision."""
    tables = _names(db)
    for table, noun in TABLES_WITH_TEXTS.items():
        if table not in tables:  # an archive from before there were such
            continue
        for row in ask(db, f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608 (our own names)
            if wrong := _changed(dict(row)):
                yield finding("text", f"{noun} {row['id']}: {wrong}")
    there = _columns(db, "articles")
    compared = [name for name in REVISION_COLUMNS if name in there]
    pairs = ", ".join(f"a.{name} IS NOT r.{name} AS {name}" for name in compared)
    differs = " OR ".join(f"a.{name} IS NOT r.{name}" for name in compared)
    for row in ask(db, UNLIKE_REVISION.format(pairs=pairs, differs=differs)):
        names = ", ".join(name for name in compared if row[name])
        yield finding("text", f"article {row['id']} ({plain(row['url'])}) differs from its newest revision in: {names}")


def _changed(row: dict[str, Any]) -> str | None:
    """Return what is wrong with a row if it is not what its digests were made of. A NULL digest is not known."""
    if not row["extractor"]:  # a rebuild could not read its page
        return "it has a title or a text, and names no extractor" if row["text"] or row["title"] else None
    if text_digest(row["title"], row["text"]) != row["text_digest"]:
        return "title or text is not what its text_digest was made of"
    for digest, columns in DIGESTS.items():
        if row.get(digest) is not None and columns_digest(row, columns) != row[digest]:
            return f"{_one_of(columns)} is not what its {digest} was made of"
    return None


def _one_of(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def damaged_rows(db: sqlite3.Connection) -> Iterator[Finding]:
    """Yield the rows with a column that holds no such JSON as we write, and articles with another page's address."""
    tables = _names(db)
    for table in JSON_COLUMNS.keys() & tables:
        there = _columns(db, table)
        for column, kind in JSON_COLUMNS[table].items():
            if column in there:
                values = JSON_VALUES.get(column, "text")
                wrong = "0" if values is None else f"type != '{values}'"
                for (number,) in ask(db, DAMAGED_JSON.format(table=table, column=column, kind=kind, wrong=wrong)):
                    yield finding(
                        "text", f"{table}, row {number}: {column} holds no JSON {kind} as Newsmorgue writes it"
                    )
    for number in damaged_hints(db):
        yield finding("text", f"frontier, row {number}: hint holds no JSON object of texts; the row is never visited")
    for row in ask(db, MOVED_ARTICLES):
        if key_or_none(row["url"]) != key_or_none(row["captured"]):
            what = f"article {row['id']}: its url, {plain(row['url'])}, is not that of its capture"
            yield finding("text", f"{what}, {plain(row['captured'])}")


def changed_schema(db: sqlite3.Connection) -> Iterator[Finding]:
    """Yield triggers of others on our tables, and tables, indexes and triggers of ours that were changed or dropped."""
    from sqlite_utils import Database

    from pipelines.database.schema.migrations import foreign_triggers, known_objects, migrations

    for name in foreign_triggers(db):
        yield finding("schema", f"the trigger {plain(name)} is not Newsmorgue's; no command writes to the database")
    there = {row["name"].casefold(): _without_comments(row["sql"]) for row in ask(db, OBJECTS)}
    is_newest = not migrations.pending(Database(db))
    for name, versions in known_objects().items():
        if name == TABLE_OF_MIGRATIONS:
            continue
        if name not in there:
            if is_newest and versions[-1]:
                yield finding("schema", f"{name}, which Newsmorgue made, is not there any more")
        elif there[name] not in map(_without_comments, versions):
            yield finding("schema", f"{name} is not as Newsmorgue made it")


def other_objects(db: sqlite3.Connection) -> Iterator[str]:
    """Yield the tables, views, indexes and triggers of others: `view popular`. They change nothing of ours."""
    from pipelines.database.schema.migrations import foreign_triggers, known_objects

    known, strangers = known_objects(), foreign_triggers(db)
    for row in ask(db, OBJECTS):
        name = row["name"]
        if name.casefold() not in known and name not in strangers and not name.startswith("sqlite_"):
            yield f"{row['type']} {plain(name)}"


def _names(db: sqlite3.Connection) -> set[str]:
    return {row["name"].casefold() for row in ask(db, OBJECTS)}


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in ask(db, f"SELECT name FROM pragma_table_info('{table}')")}  # noqa: S608 (our name)


def _without_comments(sql: str) -> str:
    """Return SQL without comments, and with one space for white space."""
    return " ".join(SQL_COMMENT.sub(" ", sql).split())
