"""Delete rows of the table `frontier` that nobody wants any more. Commits nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from pipelines.database.frontier.rows import FORGOTTEN

PAGES = "kind IN ('article', 'page')"
UNANSWERED = "source_id IS NULL AND visits = 0 AND state != 'removed'"  # of no source, and never answered

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound

# What becomes of a row that stays: it has no source and no plan, and its host is not listed until it is visited again.
FORGOTTEN_ROW = f"""source_id = NULL, next_visit = NULL, claimed_by = NULL,
                    state = iif(state = 'removed', state, 'done'),
                    last_error = iif(state = 'removed', last_error, '{FORGOTTEN}')"""


def forget_source(db: sqlite3.Connection, source_id: int) -> None:
    """Delete a source's rows. Pages that were answered or taken down stay, without a source and without a plan."""
    db.execute(
        f"UPDATE frontier SET {FORGOTTEN_ROW} WHERE source_id = ? AND (state = 'removed' OR ({PAGES} AND visits > 0))",
        (source_id,),
    )
    db.execute("DELETE FROM frontier WHERE source_id = ?", (source_id,))
    db.execute("DELETE FROM backfills WHERE source_id = ?", (source_id,))
    db.execute("DELETE FROM pauses WHERE source_id = ?", (source_id,))


def forget_host(db: sqlite3.Connection, host: str) -> None:
    """Delete the rows of a host that belong to no source. Pages that were answered or taken down stay, as above."""
    db.execute(f"DELETE FROM frontier WHERE host = ? AND {UNANSWERED}", (host,))
    db.execute(f"UPDATE frontier SET {FORGOTTEN_ROW} WHERE host = ? AND source_id IS NULL", (host,))


def forget_unanswered(db: sqlite3.Connection, row_ids: Iterable[int]) -> None:
    """Delete those of these rows that belong to no source and were never answered."""
    db.executemany(f"DELETE FROM frontier WHERE id = ? AND {UNANSWERED}", [(row_id,) for row_id in row_ids])
