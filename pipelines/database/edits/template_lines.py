"""Learn which lines come and go on the pages of a whole source: they belong to its template, not to an article.

The table `changed_lines` counts articles in which a line came or went. It is not in the journal: after a rebuild it is
learned again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from pipelines.core.timestamps import stamp

MIN_ARTICLES = 3  # of one source, in which a line came or went within TEMPLATE_DAYS, this one included
TEMPLATE_DAYS = 1
REMEMBERED_DAYS = 60  # pages are looked at again for a month, so a redesign is met for as long
MAX_LINES = 50  # of one change that are remembered; a redesign changes fewer


def digest_of(line: str) -> str:
    """Return what stands for a line (as `comparable` gives it) in the table."""
    return sha256(line.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def template_test(
    db: sqlite3.Connection, source_id: int | None, article_id: int, now: datetime
) -> Callable[[str], bool]:
    """Return a test for lines of the template of a source, as known from other articles."""
    since = stamp(now - timedelta(days=TEMPLATE_DAYS))

    def is_template(line: str) -> bool:
        row = db.execute(
            "SELECT articles, article_id != ?, last_seen FROM changed_lines WHERE source_id = ? AND line = ?",
            (article_id, source_id, digest_of(line)),
        ).fetchone()
        if row is None:
            return False
        articles, is_another, last_seen = row
        return articles >= MIN_ARTICLES or (articles + is_another >= MIN_ARTICLES and last_seen >= since)

    return is_template


def remember_lines(
    db: sqlite3.Connection, source_id: int | None, article_id: int, lines: Iterable[str], now: datetime
) -> None:
    """Note that lines came or went in an article of a source."""
    if source_id is None:
        return
    values = {"source": source_id, "article": article_id, "now": stamp(now), "least": MIN_ARTICLES,
              "since": stamp(now - timedelta(days=TEMPLATE_DAYS))}  # fmt: skip
    distinct = list(dict.fromkeys(map(digest_of, lines)))[:MAX_LINES]
    db.executemany(
        """INSERT INTO changed_lines (source_id, line, articles, article_id, last_seen)
           VALUES (:source, :line, 1, :article, :now)
           ON CONFLICT (source_id, line) DO UPDATE SET
               articles = CASE WHEN articles < :least AND last_seen < :since THEN 1
                               ELSE articles + (article_id != :article) END,
               article_id = :article, last_seen = max(last_seen, :now)""",
        [values | {"line": line} for line in distinct],
    )
    db.execute(
        """DELETE FROM changed_lines WHERE source_id = :source
              AND last_seen < CASE WHEN articles < :least THEN :since ELSE :old END""",
        values | {"old": stamp(now - timedelta(days=REMEMBERED_DAYS))},
    )
