"""Turn changed rows into lines of the journal, and lines of the journal into rows.

The journal has what the database knows and no capture says: which page is which article, which sources and crawls there
were, what is in the queue. What is read from a page (title, text, authors, ...) is not in it, because it can be read
from the page again. Triggers note in the table `changes` which rows changed. A line is a JSON object with one row as it
is now, `{"articles": {"id": 7, ...}}`, or `{"aliases": {"gone": KEY}}` for a row that was deleted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.core.errors import write_error
from pipelines.core.items import DatabaseState
from pipelines.database.columns import as_json
from pipelines.database.connection import connect, copy_database
from pipelines.database.schema.numbers import EVERY_NUMBER, own_numbers
from pipelines.database.schema.places import place_for


class JournalTable(NamedTuple):
    """Describe a table in the journal: its key, and the columns that a line has."""

    key: str
    columns: tuple[str, ...]


JOURNAL_TABLES = {
    "sources": JournalTable(
        "id", ("id", "name", "url", "title", "language", "watched", "added", "planned_by", "former_names")
    ),
    "crawls": JournalTable(
        "id", ("id", "started", "finished", "outcome", "command", "software", "counts", "clock_ahead")
    ),
    "captures": JournalTable("id", ("id", "crawl_id", "source_id", "file", "offset")),
    "articles": JournalTable(
        "id", ("id", "url_key", "source_id", "capture_id", "revision", "first_seen", "last_seen", "comments",
               "fields_digest")
    ),
    "revisions": JournalTable(
        "id",
        ("id", "article_id", "number", "capture_id", "seen", "hint", "text_digest", "extractor", "state_digest",
         "changes", "change_ratio", "words_added", "words_removed", "silent", "alternates"),
    ),
    "sightings": JournalTable("capture_id", ("capture_id", "revision_id")),
    "readings": JournalTable(
        "id",
        ("id", "revision_id", "replaced", "title", "description", "authors", "modified", "text", "line_kinds",
         "text_digest", "extractor", "state_digest"),
    ),
    "removals": JournalTable("id", ("id", "time", "url_key", "reason", "captures")),
    "aliases": JournalTable("url_key", ("url_key", "article_id")),
    "page_states": JournalTable(
        "id",
        ("id", "url_key", "url", "source_id", "article_id", "kind", "since", "capture_id", "last_seen",
         "last_capture_id", "visits", "text_digest", "ended", "ended_capture_id"),
    ),
    "listings": JournalTable(
        "url_key",
        ("url_key", "url", "kind", "source_id", "interval", "readings", "entries", "new_entries", "newest_entry",
         "first_read", "last_read", "last_body", "last_new", "last_change", "rhythm", "digest", "trouble", "since",
         "moved_to", "moved_since", "replaces"),
    ),
    "gaps": JournalTable("id", ("id", "source_id", "url_key", "url", "began", "ended", "capture_id", "found")),
    "backfills": JournalTable(
        "source_id", ("source_id", "since", "until", "a_day", "begun", "day", "taken", "ended")
    ),
    "pauses": JournalTable("id", ("id", "source_id", "began", "ended")),
    "page_parts": JournalTable("id", ("id", "page_id", "part_id")),
    "shard": JournalTable("fleet", ("fleet", "number", "shards")),
    "number_floors": JournalTable("name", ("name", "highest")),
    "frontier": JournalTable(
        "id",
        ("id", "url_key", "url", "host", "source_id", "kind", "state", "next_visit", "priority", "depth", "found",
         "found_on", "hint", "day", "visits", "failures", "first_visit", "last_visit", "last_status", "last_error",
         "etag", "last_modified"),
    ),
}  # fmt: skip
# Values for columns that may not be NULL and are read from pages.
UNREAD_VALUES: dict[str, dict[str, Any]] = {
    "articles": {
        "url": "", "authors": "[]", "tags": "[]", "text": "", "word_count": 0, "kind": "", "extractor": "",
        "text_digest": "",
    },
    "revisions": {"authors": "[]", "text": ""},
}  # fmt: skip
# Values of columns that may not be NULL, and that lines of earlier versions do not have.
LATER_VALUES: dict[str, dict[str, Any]] = {"revisions": {"alternates": 0}}
# Which row has what only one row may have. Lines are in the order of their keys. So the row that had it before may have
# a line after the one of the row that has it now: it is deleted, and that line makes it again.
UNIQUE_VALUES = {
    "sources": "name = :name", "articles": "url_key = :url_key", "frontier": "url_key = :url_key",
    "revisions": "article_id = :article_id AND number = :number", "placed": "file = :file AND offset = :offset",
    "page_states": "url_key = :url_key AND ended IS NULL", "page_parts": "page_id = :page_id AND part_id = :part_id",
}  # fmt: skip
# Where a rebuild puts the lines of `captures`: by place, because the captures themselves come from their records.
PLACED_TABLE = """
CREATE TABLE placed (
    id INTEGER PRIMARY KEY, crawl_id INTEGER, source_id INTEGER, file TEXT NOT NULL, offset INTEGER NOT NULL
) STRICT;
"""


def database_state(db: sqlite3.Connection) -> DatabaseState:
    """Return which archive a database is of, and the last journal record whose rows are in it."""
    return DatabaseState(*db.execute("SELECT archive, last FROM journal").fetchone())


def set_archive(db: sqlite3.Connection, archive: str) -> None:
    """Let a database without any record of the journal be of the archive with this UUID."""
    db.execute("UPDATE journal SET archive = ? WHERE last = 0", (archive,))
    db.commit()


def count_articles(db: sqlite3.Connection) -> int:
    """Return the number of articles in a database."""
    (number,) = db.execute("SELECT count(*) FROM articles").fetchone()
    return int(number)


def back_up(database: Path, copy: Path) -> tuple[DatabaseState, int]:
    """Copy a database, which may be in use; return the state of the copy and its number of articles.

    Raises MorgueError.
    """
    try:
        copy_database(database, copy)
        with closing(connect(copy)) as db:
            return database_state(db), count_articles(db)
    except sqlite3.Error as error:
        raise write_error(error, copy) from error


def note_captures(db: sqlite3.Connection) -> None:
    """Note new captures in `changes`. A trigger would cost more than the row itself."""
    noted, newest = db.execute("SELECT captures FROM journal").fetchone()[0], newest_capture(db)
    if newest > noted:
        db.execute(
            """INSERT INTO changes (name, key) SELECT 'captures', id FROM captures WHERE id > ? AND id <= ?
               ON CONFLICT DO NOTHING""",
            (noted, newest),
        )
    if newest != noted:  # lower, if the newest were taken down: their ids are given again
        db.execute("UPDATE journal SET captures = ?", (newest,))


def newest_capture(db: sqlite3.Connection) -> int:
    """Return the highest number of a capture that this archive gave; 0 if it has none. Who moves rows notes them."""
    numbers = own_numbers(db) or EVERY_NUMBER
    query = "SELECT coalesce(max(id), 0) FROM captures WHERE id BETWEEN ? AND ?"
    return int(db.execute(query, numbers).fetchone()[0])


def has_changes(db: sqlite3.Connection, *, number: int = 1, besides: Sequence[str] = ()) -> bool:
    """Return True if at least `number` rows changed, in other tables than `besides`."""
    marks = ", ".join("?" * len(besides))
    query = f"SELECT 1 FROM changes WHERE name NOT IN ({marks}) LIMIT 1 OFFSET ?"  # noqa: S608 (marks only)
    return db.execute(query, (*besides, number - 1)).fetchone() is not None


def next_number(db: sqlite3.Connection) -> int:
    """Give the next journal record its number and return it. Numbers of a lost commit are passed over."""
    (number,) = db.execute("UPDATE journal SET used = used + 1, last = used + 1 RETURNING used").fetchone()
    return int(number)


def void_number(db: sqlite3.Connection, number: int) -> None:
    """Note that a journal record of a lost commit has a number, so that it is passed over and the record is void."""
    db.execute("UPDATE journal SET used = max(used, ?)", (number,))
    # A row that never was: with a change noted, a next journal record is written.
    db.execute("INSERT OR IGNORE INTO changes (name, key) VALUES ('captures', 0)")


def take_changes(db: sqlite3.Connection, most: int) -> list[str]:
    """Return lines for at most `most` changed rows, as they are now, and delete these from `changes`."""
    lines: list[str] = []
    for (name,) in db.execute("SELECT DISTINCT name FROM changes ORDER BY name").fetchall():
        lines += _take_changes_of(db, name, most - len(lines))
    return lines


def _take_changes_of(db: sqlite3.Connection, name: str, most: int) -> list[str]:
    table = JOURNAL_TABLES[name]
    columns = ", ".join(f"t.{column}" for column in table.columns)
    changed = db.execute(
        f"""SELECT c.key, {columns} FROM changes c LEFT JOIN {name} t ON t.{table.key} = c.key
             WHERE c.name = ? ORDER BY c.key LIMIT ?""",  # noqa: S608 (our own names)
        (name, most),
    ).fetchall()
    if changed:
        db.execute("DELETE FROM changes WHERE name = ? AND key <= ?", (name, changed[-1][0]))
    at = table.columns.index(table.key)
    return [
        _line(name, dict(zip(table.columns, row, strict=True)) if row[at] is not None else {"gone": key})
        for key, *row in changed
    ]


def _line(name: str, row: dict[str, Any]) -> str:
    """Return the line of one row. NULL is left out; a claimed URL waits, for a reader of this line comes later."""
    if row.get("state") == "claimed":
        row["state"] = "idle" if row.get("kind") == "part" else "waiting"
    known = {column: value for column, value in row.items() if value is not None}
    return as_json({name: known})


def apply_lines(db: sqlite3.Connection, block: bytes) -> list[tuple[str, Any]]:
    """Write the rows of a journal record into a database, and return the table and key of each.

    Columns that are read from pages stay as they are, empty in a new row. Rows of `captures` go into the table
    `placed`. Raises ValueError for a block that is not a journal's.
    """
    told = []
    for text in block.decode("utf-8", "surrogatepass").split("\n")[:-1]:
        ((name, row),) = json.loads(text).items()
        table = JOURNAL_TABLES.get(name)
        if table is None:  # of a later version
            continue
        key = row["gone"] if "gone" in row else row[table.key]
        told.append((name, key))
        target = "placed" if name == "captures" else name
        if "gone" in row:
            for one in {name, target}:
                db.execute(f"DELETE FROM {one} WHERE {table.key} = ?", (key,))  # noqa: S608 (our own names)
            continue
        columns = [column for column in table.columns if column in row or column not in UNREAD_VALUES.get(name, ())]
        later = LATER_VALUES.get(name, {})
        values = {column: row.get(column, later.get(column)) for column in columns} | UNREAD_VALUES.get(name, {})
        if name == "articles":
            values["place"] = place_for(db, None)  # until its day is read from its page
        updates = ", ".join(f"{column} = excluded.{column}" for column in columns if column != table.key)
        sql = f"""INSERT INTO {target} ({", ".join(values)}) VALUES ({", ".join(f":{column}" for column in values)})
                  ON CONFLICT ({table.key}) DO UPDATE SET {updates}"""  # noqa: S608 (our own names)
        try:
            db.execute(sql, values)
        except sqlite3.IntegrityError:
            if target not in UNIQUE_VALUES:
                raise
            db.execute(
                f"DELETE FROM {target} WHERE {UNIQUE_VALUES[target]} AND {table.key} != :{table.key}",  # noqa: S608
                values,
            )
            db.execute(sql, values)
    return told
