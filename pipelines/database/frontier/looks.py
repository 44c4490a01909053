"""Read how the looks at articles went: when edits were found, and which servers hid them. Write the latter down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from pipelines.core.items import FoundEdit, WatchedArticle
from pipelines.core.timestamps import parse, stamp
from pipelines.database.frontier.due import LISTED, as_array
from pipelines.database.schema.numbers import own_first

# ruff: noqa: S608 - SQL is put together from constants; every value is bound

MAX_WATCHED_ARTICLES = 300  # newest articles of a source that say how it edits
MAX_EDITS_READ = 2000  # of them all; live blogs have hundreds each
MAX_LATE_CLAIM = timedelta(minutes=10)  # after a change, that a listing may give as its time

# An article without a date counts as of the day on which it was first seen. Both lists come from the index in order.
WATCHED = """
SELECT id, first_seen, last_seen, revision FROM (
    SELECT * FROM (SELECT id, first_seen, last_seen, revision, published_day AS day FROM articles
                    WHERE source_id = ?1 AND published_day IS NOT NULL ORDER BY published_day DESC, id DESC LIMIT ?2)
    UNION ALL
    SELECT * FROM (SELECT id, first_seen, last_seen, revision, substr(first_seen, 1, 10) FROM articles
                    WHERE source_id = ?1 AND published_day IS NULL ORDER BY {newest} LIMIT ?2))
 ORDER BY day DESC, id DESC LIMIT ?2
"""
# Each edit with the last capture of the article before it. Answers 304 are captures, too.
EDITS = """
SELECT r.seen, coalesce((SELECT max(b.time) FROM captures b WHERE b.url = c.url AND b.time < c.time),
                        (SELECT p.seen FROM revisions p WHERE p.article_id = r.article_id AND p.number = r.number - 1))
  FROM revisions r JOIN captures c ON c.id = r.capture_id
 WHERE r.article_id = ? AND r.number > 1 ORDER BY r.number LIMIT ?
"""

LAST_EDIT = """
SELECT r.seen, coalesce((SELECT max(b.time) FROM captures b WHERE b.url = c.url AND b.time < c.time), a.first_seen)
  FROM articles a JOIN captures c ON c.id = a.capture_id
  JOIN revisions r ON r.article_id = a.id AND r.number = a.revision
 WHERE a.revision > 1
   AND a.id = coalesce((SELECT id FROM articles WHERE url_key = ?1),
                       (SELECT article_id FROM aliases WHERE url_key = ?1))
"""

CLAIMS = f"""
SELECT json_extract(f.hint, '$.modified'), f.last_visit, c.time, a.revision
  FROM frontier f JOIN articles a ON a.url_key = f.url_key JOIN captures c ON c.id = a.capture_id
 WHERE f.url_key IN {LISTED} AND f.last_visit IS NOT NULL AND json_valid(f.hint)
"""


def last_edit(db: sqlite3.Connection, key: str) -> FoundEdit | None:
    """Return the newest edit of the article with this url_key; None if none was found, or there is no article."""
    row = db.execute(LAST_EDIT, (key,)).fetchone()
    if row is None:
        return None
    found, before = parse(row[0]), parse(row[1])
    return FoundEdit(found, max(found - before, timedelta(0)))


def watched_articles(db: sqlite3.Connection, source_id: int | None) -> list[WatchedArticle]:
    """Return how the newest articles of a source were watched."""
    found, left = [], MAX_EDITS_READ
    for article_id, first_seen, last_seen, revision in db.execute(
        WATCHED.format(newest=own_first(db)), (source_id, MAX_WATCHED_ARTICLES)
    ).fetchall():
        first, edits = parse(first_seen), []
        for time, before in db.execute(EDITS, (article_id, left)) if revision > 1 and left > 0 else ():
            by = (parse(time) - first).total_seconds()
            after = (parse(before) - first).total_seconds() if before else 0.0
            edits.append((max(after, 0.0), max(by, 0.0)))
        left -= len(edits)
        found.append(WatchedArticle((parse(last_seen) - first).total_seconds(), tuple(edits)))
    return found


def claims_of_change(db: sqlite3.Connection, url_keys: Iterable[str], since: datetime) -> list[bool]:
    """Return whether an edit was found, for each time of change since then that a listing gave for these articles.

    Times that no visit followed say nothing, nor do those that were known at the first visit.
    """
    found = []
    for text, visited, read, revision in db.execute(CLAIMS, (as_array(url_keys),)):
        try:
            changed = parse(text)
        except (TypeError, ValueError, OverflowError):
            continue
        is_edit = parse(read) >= changed - MAX_LATE_CLAIM
        if since <= changed <= parse(visited) and not (is_edit and revision == 1):
            found.append(is_edit)
    return found


def hosts_with_false_304(db: sqlite3.Connection, now: datetime) -> set[str]:
    """Return the hosts that are asked without validators for now, because a 304 of theirs hid an edit."""
    rows = db.execute("SELECT host FROM hosts WHERE unconditional_until > ?", (stamp(now),))
    return {row[0] for row in rows}


def note_false_304(db: sqlite3.Connection, host: str, until: datetime) -> None:
    """Note that a host is to be asked without validators until then."""
    db.execute(
        """INSERT INTO hosts (host, unconditional_until) VALUES (?1, ?2)
           ON CONFLICT (host) DO UPDATE SET unconditional_until = ?2""",
        (host, stamp(until)),
    )
