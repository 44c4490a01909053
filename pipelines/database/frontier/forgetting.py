"""Delete rows of the table `frontier` that nobody wants any more. Commits nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime

from pipelines.core.timestamps import stamp
from pipelines.core.urls import url_key
from pipelines.database.frontier.due import PAGES
from pipelines.database.frontier.rows import FORGOTTEN, PART

SITEMAPS = "('sitemap', 'news sitemap')"
UNANSWERED = "source_id IS NULL AND visits = 0 AND state != 'removed'"  # of no source, and never answered

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound

# What becomes of a row that stays: it has no source and no plan, and its host is not listed until it is visited again.
FORGOTTEN_ROW = f"""source_id = NULL, next_visit = NULL, claimed_by = NULL,
                    state = iif(state = 'removed', state, 'done'),
                    last_error = iif(state = 'removed', last_error, '{FORGOTTEN}')"""


def forget_source(db: sqlite3.Connection, source_id: int) -> None:
    """Delete a source's rows. Pages and parts that were answered or taken down stay, without source and plan."""
    kept = f"(state = 'removed' OR (({PAGES} OR kind = '{PART}') AND visits > 0))"
    db.execute(
        f"UPDATE frontier SET {FORGOTTEN_ROW} WHERE source_id = ? AND {kept}",
        (source_id,),
    )
    db.execute("DELETE FROM frontier WHERE source_id = ?", (source_id,))
    db.execute("DELETE FROM backfills WHERE source_id = ?", (source_id,))
    db.execute("DELETE FROM pauses WHERE source_id = ?", (source_id,))


def forget_dropped_sitemap(db: sqlite3.Connection, row_id: int, packed: bytes) -> bool:
    """Delete the row of a sitemap, and what is known of it, if no listing names it any more. Return True if so.

    `packed`: the key of its URL among the entries of listings. Sites give their sitemaps new names each day, or each
    hour. One that the source's file names stays, and so does one whose index was not read yet.
    """
    sql = f"SELECT url_key, found_on, source_id FROM frontier WHERE id = ? AND depth > 0 AND kind IN {SITEMAPS}"
    key, found_on, source_id = db.execute(sql, (row_id,)).fetchone() or (None, None, None)
    if found_on is None:
        return False
    # The entries of its index; NULL: the index is not known any more.
    sql = """SELECT entries FROM frontier LEFT JOIN listing_entries USING (url_key) WHERE url_key = ?"""
    index = db.execute(sql, (url_key(found_on),)).fetchone()
    if index is not None and (index[0] is None or packed in index[0]):
        return False
    sql = f"""SELECT EXISTS (SELECT 1 FROM listings l LEFT JOIN listing_entries e USING (url_key)
                              WHERE l.source_id = ?2 AND CASE WHEN l.url_key = ?1 THEN l.replaces IS NOT NULL
                                    ELSE l.kind IN {SITEMAPS} AND instr(e.entries, ?3) END)"""
    if db.execute(sql, (key, source_id, packed)).fetchone()[0]:
        return False
    db.execute("DELETE FROM frontier WHERE id = ?", (row_id,))
    for table in ("listings", "listing_entries"):
        db.execute(f"DELETE FROM {table} WHERE url_key = ?", (key,))
    return True


def plan_dropped_sitemaps(
    db: sqlite3.Connection, index: str, source_id: int | None, is_named: Callable[[str], bool], at: datetime
) -> None:
    """Plan a last visit by then of the sitemaps that an index named and does not name any more."""
    sql = f"""SELECT id, url FROM frontier WHERE source_id = ? AND kind IN {SITEMAPS} AND state = 'waiting'
                 AND next_visit > ? AND depth > 0 AND found_on = ?"""
    dropped = [row_id for row_id, url in db.execute(sql, (source_id, stamp(at), index)) if not is_named(url)]
    db.executemany("UPDATE frontier SET next_visit = ? WHERE id = ?", [(stamp(at), row_id) for row_id in dropped])


def forget_host(db: sqlite3.Connection, host: str) -> None:
    """Delete the rows of a host that belong to no source. Pages that were answered or taken down stay, as above."""
    db.execute(f"DELETE FROM frontier WHERE host = ? AND {UNANSWERED}", (host,))
    db.execute(f"UPDATE frontier SET {FORGOTTEN_ROW} WHERE host = ? AND source_id IS NULL", (host,))


def forget_unanswered(db: sqlite3.Connection, row_ids: Iterable[int]) -> None:
    """Delete those of these rows that belong to no source and were never answered."""
    db.executemany(f"DELETE FROM frontier WHERE id = ? AND {UNANSWERED}", [(row_id,) for row_id in row_ids])
