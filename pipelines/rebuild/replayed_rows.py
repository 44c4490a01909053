"""Bring what the journal does not have into line with the rows that it changed: captures, texts to be read, `changes`.

A rebuild replays the whole journal into an empty database; `catch_up` replays the end of it into an older one. Both do
it in one transaction between `watch_replay` and `settle_replay`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from pipelines.database.captures import FILL_FROM_RESPONSES
from pipelines.database.columns import CAPTURE_COLUMNS
from pipelines.database.journal_rows import newest_capture
from pipelines.database.schema.numbers import new_ids

# Temporary, so that the schema stays ours. They use no INSERT OR IGNORE: the conflict clause of the statement that
# fires them would apply instead.
WATCHING = (
    "CREATE TEMP TABLE noted (name TEXT, key ANY, PRIMARY KEY (name, key)) WITHOUT ROWID",
    "INSERT INTO temp.noted SELECT name, key FROM changes",
    "CREATE TEMP TABLE retold (article_id INTEGER PRIMARY KEY)",
    """CREATE TEMP TRIGGER revision_is_new AFTER INSERT ON main.revisions BEGIN
           INSERT INTO unread VALUES (new.id) ON CONFLICT DO NOTHING;
       END""",
    """CREATE TEMP TRIGGER revision_is_retold AFTER UPDATE OF article_id, capture_id, text_digest, state_digest
       ON main.revisions WHEN (old.article_id, old.capture_id, old.text_digest, coalesce(old.state_digest, ''))
                           != (new.article_id, new.capture_id, new.text_digest, coalesce(new.state_digest, '')) BEGIN
           INSERT INTO unread VALUES (new.id) ON CONFLICT DO NOTHING;
       END""",
    # Of a text that a newer version of Newsmorgue read in the same way, only the name of the reader changes.
    """CREATE TEMP TRIGGER extractor_is_retold AFTER UPDATE OF extractor ON main.revisions
       WHEN old.extractor != new.extractor BEGIN
           UPDATE articles SET extractor = new.extractor, state_digest = new.state_digest
            WHERE id = new.article_id AND revision = new.number;
       END""",
    """CREATE TEMP TRIGGER reading_is_new AFTER INSERT ON main.readings BEGIN
           INSERT INTO unread VALUES (new.revision_id) ON CONFLICT DO NOTHING;
       END""",
    """CREATE TEMP TRIGGER article_is_new AFTER INSERT ON main.articles BEGIN
           INSERT INTO retold VALUES (new.id) ON CONFLICT DO NOTHING;
       END""",
    """CREATE TEMP TRIGGER article_is_retold AFTER UPDATE OF capture_id, revision, fields_digest ON main.articles
       WHEN (old.capture_id, old.revision, coalesce(old.fields_digest, ''))
         != (new.capture_id, new.revision, coalesce(new.fields_digest, '')) BEGIN
           INSERT INTO retold VALUES (new.id) ON CONFLICT DO NOTHING;
       END""",
    # What is learnt again must not go by what is no longer so: another capture may get the number of one that is gone.
    """CREATE TEMP TRIGGER capture_is_gone AFTER DELETE ON main.captures BEGIN
           DELETE FROM robots_files WHERE capture_id = old.id;
       END""",
    """CREATE TEMP TRIGGER source_is_gone AFTER DELETE ON main.sources BEGIN
           DELETE FROM changed_lines WHERE source_id = old.id;
       END""",
    """CREATE TEMP TRIGGER listing_is_retold AFTER UPDATE ON main.listings BEGIN
           DELETE FROM listing_entries WHERE url_key = new.url_key;
       END""",
    """CREATE TEMP TRIGGER listing_is_gone AFTER DELETE ON main.listings BEGIN
           DELETE FROM listing_entries WHERE url_key = old.url_key;
       END""",
)
WATCHERS = (
    *("revision_is_new", "revision_is_retold", "extractor_is_retold", "reading_is_new", "article_is_new"),
    *("article_is_retold", "capture_is_gone", "source_is_gone", "listing_is_retold", "listing_is_gone"),
)
NEWEST_OF_RETOLD = """
INSERT INTO unread
SELECT r.id FROM temp.retold t JOIN articles a ON a.id = t.article_id
  JOIN revisions r ON r.article_id = a.id AND r.number = a.revision WHERE true ON CONFLICT DO NOTHING
"""
NAMES = ", ".join(CAPTURE_COLUMNS)
FOUND = ", ".join(f"f.{name}" for name in CAPTURE_COLUMNS)
# A capture may be written again in another place, and the number of one that was taken down is given again.
DELETE_MOVED = """
DELETE FROM captures WHERE id IN (
    SELECT c.id FROM placed p JOIN captures c ON c.id = p.id WHERE (c.file, c.offset) != (p.file, p.offset))
"""
ASSIGN_PLACED = """
UPDATE captures SET (crawl_id, source_id) = (SELECT p.crawl_id, p.source_id FROM placed p WHERE p.id = captures.id)
 WHERE id IN (SELECT id FROM placed)
"""
INSERT_PLACED = f"""
INSERT OR IGNORE INTO captures (id, crawl_id, source_id, {NAMES})
SELECT p.id, p.crawl_id, p.source_id, {FOUND}
  FROM placed p JOIN found_captures f ON (f.file, f.offset) = (p.file, p.offset) ORDER BY p.id
"""  # noqa: S608 (our own names)
INSERT_OTHERS = f"""
INSERT OR IGNORE INTO captures (id, {NAMES})
SELECT {new_ids("captures", "f.at")}, {FOUND} FROM found_captures f
 WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE (p.file, p.offset) = (f.file, f.offset))
   AND NOT EXISTS (SELECT 1 FROM captures c WHERE (c.file, c.offset) = (f.file, f.offset))
 ORDER BY f.at
"""  # noqa: S608 (our own names)


def watch_replay(db: sqlite3.Connection) -> None:
    """Begin to note what a replay leaves to be done."""
    for statement in WATCHING:
        db.execute(statement)


def is_told(db: sqlite3.Connection, rows: Sequence[tuple[str, Any]]) -> None:
    """Note that the journal has these rows (table, key), so that they need not be written into it again."""
    db.executemany("DELETE FROM temp.noted WHERE name = ? AND key = ?", rows)


def insert_captures(db: sqlite3.Connection) -> None:
    """Insert the captures: first those that the journal mentions, with their numbers, then all others."""
    for statement in (DELETE_MOVED, ASSIGN_PLACED, INSERT_PLACED):
        db.execute(statement)
    before = newest_capture(db)
    db.execute(INSERT_OTHERS)
    new = (before, newest_capture(db))
    db.execute("INSERT INTO unmentioned SELECT id FROM captures WHERE id > ? AND id <= ?", new)
    db.execute(FILL_FROM_RESPONSES)


def settle_replay(db: sqlite3.Connection) -> None:
    """Note which texts are to be read, and which rows the journal does not have, so that the next run writes them."""
    db.execute(NEWEST_OF_RETOLD)
    db.execute("DELETE FROM unread WHERE revision_id NOT IN (SELECT id FROM revisions)")
    db.execute("DELETE FROM changes")
    db.execute("INSERT INTO changes (name, key) SELECT name, key FROM temp.noted")
    db.execute("INSERT OR IGNORE INTO changes (name, key) SELECT 'captures', capture_id FROM unmentioned")
    db.execute("UPDATE journal SET captures = ?", (newest_capture(db),))
    for name in WATCHERS:
        db.execute(f"DROP TRIGGER temp.{name}")
    for name in ("noted", "retold"):
        db.execute(f"DROP TABLE temp.{name}")
