"""Bring what is known of copies into a database that holds some of the articles of another one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable

from pipelines.clusters.candidates import MAX_POSTINGS
from pipelines.database.clusters.regrouping import PAIR_COLUMNS, regroup
from pipelines.database.clusters.upkeep import unpacked, update
from pipelines.database.connection import ask


def copy_compared(db: sqlite3.Connection, new: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Copy the signatures of articles that were compared, and what they share with older ones. Commits nothing."""
    listed = (json.dumps(list(articles)),)
    query = """SELECT article_id, shingles, hashes FROM text_signatures
                WHERE article_id IN (SELECT value FROM json_each(?))
                  AND article_id NOT IN (SELECT article_id FROM unclustered)"""
    rows = [tuple(row) for row in ask(db, query, listed)]
    new.executemany("INSERT INTO text_signatures VALUES (?, ?, ?)", rows)
    new.executemany(
        "INSERT INTO text_shingles VALUES (?, ?)", [(one, row[0]) for row in rows for one in unpacked(row[2])]
    )
    query = f"SELECT {PAIR_COLUMNS} FROM article_pairs WHERE other_id IN (SELECT value FROM json_each(?))"  # noqa: S608
    pairs = [tuple(row) for row in ask(db, query, listed)]
    new.executemany("INSERT INTO article_pairs VALUES (?, ?, ?, ?, ?, ?)", pairs)


def make_clusters(db: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Make the clusters of a database after `copy_compared` of all its articles from `db`. Commits nothing.

    Compared again is what was waiting, and what may share text with an article that is not here or was waiting. So the
    rows are those that comparing all of them would give.
    """
    known = {row[0] for row in new.execute("SELECT article_id FROM text_signatures")}
    new.execute("DELETE FROM unclustered WHERE article_id IN (SELECT article_id FROM text_signatures)")
    if len(known) < next(ask(db, "SELECT count(*) FROM text_signatures"))[0]:
        signatures = new.execute("SELECT article_id, hashes FROM text_signatures")
        again = [(number,) for number, hashes in signatures if _met_others(db, number, unpacked(hashes), known)]
        new.executemany("INSERT INTO unclustered VALUES (?, 0)", again)
    new.execute("DELETE FROM article_pairs WHERE article_id NOT IN (SELECT id FROM articles)")
    for query in ("SELECT article_id FROM unclustered", "SELECT article_id FROM unclustered WHERE changed = 0"):
        update(new, [row[0] for row in new.execute(query)])
    query = """SELECT article_id FROM article_pairs UNION SELECT other_id FROM article_pairs
               EXCEPT SELECT article_id FROM cluster_members"""
    regroup(new, [row[0] for row in new.execute(query)], ())


def _met_others(db: sqlite3.Connection, number: int, hashes: Iterable[int], known: Container[int]) -> bool:
    """Return True if an article was compared, or might have been, with an older one that is not known."""
    query = "SELECT article_id FROM text_shingles WHERE hash = ? AND article_id < ? ORDER BY article_id DESC LIMIT ?"
    return any(row[0] not in known for one in hashes for row in ask(db, query, (one, number, MAX_POSTINGS)))
