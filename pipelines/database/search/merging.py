"""Merge the segments of the full-text index, because each costs every search its own steps. Commits what it does.

FTS5 writes each article that is filed as a segment, and merges some of them while it goes on writing
(sqlite.org/fts5, "The 'merge' command"). A merge of all writes the whole index anew, so it waits until the others are a
tenth of the largest.
"""

from __future__ import annotations

import logging
import sqlite3
import time

logger = logging.getLogger("morgue.database")

MERGE_SECONDS = 2.0  # at the end of a pass; the next one goes on
PAGES_AT_ONCE = 500  # merged in one transaction
MOST_BESIDE_LARGEST = 0.1  # pages of all other segments, as a share of those of the largest

# The last term of a segment is on its last page.
SEGMENT_PAGES = """
WITH RECURSIVE segment(id) AS (
    SELECT min(segid) FROM articles_fts_idx
    UNION ALL
    SELECT (SELECT min(segid) FROM articles_fts_idx WHERE segid > segment.id) FROM segment WHERE id IS NOT NULL)
SELECT (SELECT pgno >> 1 FROM articles_fts_idx WHERE segid = segment.id ORDER BY term DESC LIMIT 1)
  FROM segment WHERE id IS NOT NULL
"""


def merge_index(db: sqlite3.Connection, seconds: float = MERGE_SECONDS) -> None:
    """Merge the segments of the index if it is worth it, for so many seconds at most. No transaction may be open.

    An error of SQLite is only logged: the index finds the same without it.
    """
    until = time.monotonic() + seconds
    try:
        while is_scattered(db) and time.monotonic() < until:
            before = db.total_changes
            db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('merge', ?)", (-PAGES_AT_ONCE,))
            if db.total_changes - before < 2:  # FTS5 says by this that it had nothing to do
                return
    except sqlite3.Error as error:
        logger.warning("the full-text index could not be merged: %(why)s", {"why": error})


def is_scattered(db: sqlite3.Connection) -> bool:
    """Return True if a merge of the segments is worth it."""
    pages = [row[0] for row in db.execute(SEGMENT_PAGES)]
    return sum(pages) - max(pages, default=0) > MOST_BESIDE_LARGEST * max(pages, default=0)
