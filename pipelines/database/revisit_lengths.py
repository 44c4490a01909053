"""Fill in `body_length` of revisits that were imported before the response they refer to."""

from __future__ import annotations

import sqlite3

from pipelines.core.items import Capture

# For revisits whose response has a row already; a rebuild and an import begin with it.
FILL_FROM_RESPONSES = """UPDATE captures
             SET body_length = (SELECT o.body_length FROM captures o WHERE o.record_id = captures.refers_to)
           WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
# A temporary table, because `captures` has no index on `refers_to`.
CREATE_AWAITED = """
CREATE TEMP TABLE IF NOT EXISTS awaited (
    record_id TEXT, revisit INTEGER, PRIMARY KEY (record_id, revisit)
) WITHOUT ROWID;
DELETE FROM temp.awaited;
"""
COLLECT_AWAITED = """INSERT INTO temp.awaited SELECT refers_to, id FROM captures
              WHERE record_type = 'revisit' AND body_length IS NULL AND refers_to IS NOT NULL"""
FILL_AWAITED = """UPDATE captures SET body_length = ?2
              WHERE id IN (SELECT revisit FROM temp.awaited WHERE record_id = ?1) AND body_length IS NULL"""


class PendingRevisitLengths:
    """Revisits that wait for the response they refer to. Commits nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Read `captures` through once."""
        self._db = db
        for statement in filter(str.strip, CREATE_AWAITED.split(";")):  # `executescript` would commit
            db.execute(statement)
        db.execute(FILL_FROM_RESPONSES)
        db.execute(COLLECT_AWAITED)

    def filed(self, capture: Capture) -> None:
        """Note that a capture got its row: a revisit waits, a response fills in the revisits that wait for it."""
        if capture.record_type == "revisit" and capture.body_length is None and capture.refers_to is not None:
            self._db.execute("INSERT INTO temp.awaited VALUES (?, ?)", (capture.refers_to, capture.id))
        elif capture.body_length is not None:
            self._db.execute(FILL_AWAITED, (capture.record_id, capture.body_length))
