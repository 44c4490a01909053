"""Revisits whose response has not come yet: they get the length of its body when it is filed, as in a rebuild."""

from __future__ import annotations

import sqlite3

from pipelines.core.items import Capture

# What a response that is filed already says of its revisits; `draft` and an import begin with it.
FILL = """UPDATE captures
             SET body_length = (SELECT o.body_length FROM captures o WHERE o.record_id = captures.refers_to)
           WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
TABLE = """
CREATE TEMP TABLE IF NOT EXISTS awaited (
    record_id TEXT, revisit INTEGER, PRIMARY KEY (record_id, revisit)
) WITHOUT ROWID;
DELETE FROM temp.awaited;
"""
WAITING = """INSERT INTO temp.awaited SELECT refers_to, id FROM captures
              WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
ARRIVED = """UPDATE captures SET body_length = ?2
              WHERE id IN (SELECT revisit FROM temp.awaited WHERE record_id = ?1) AND body_length IS NULL"""


class PendingRevisitLengths:
    """In a temporary table, because `captures` has no index by what is referred to. Commits nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Reads `captures` through once."""
        self._db = db
        for statement in filter(str.strip, TABLE.split(";")):  # `executescript` would commit
            db.execute(statement)
        db.execute(FILL)
        db.execute(WAITING)

    def filed(self, capture: Capture) -> None:
        """A capture got its row."""
        if capture.record_type == "revisit" and capture.body_length is None and capture.refers_to is not None:
            self._db.execute("INSERT INTO temp.awaited VALUES (?, ?)", (capture.refers_to, capture.id))
        elif capture.body_length is not None:
            self._db.execute(ARRIVED, (capture.record_id, capture.body_length))
