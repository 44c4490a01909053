"""Learn which lines come and go on the pages of a whole source: they belong to its template, not to an article.

The table `changed_lines` names the articles in which a line came or went within a day. It is not in the journal: after
a rebuild it is learned again. Reports on one event share sentences, and an editor corrects a sentence in all of them.
So a line is the template's only if it changes on most pages that are looked at in that time; a line that makes a
statement needs more evidence than one that makes none, such as a teaser. In the same way a line is learned whose words
stay while its numbers change, such as a counter in words that no table has: its shape is remembered like a line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256

from pipelines.core.timestamps import fine_stamp, later, parse, stamp
from pipelines.database.edits.counters import NUMBER, SENTENCE_END

MIN_ARTICLES = 3  # of one source, in which a line came or went within TEMPLATE_DAYS
MIN_SHARE = 0.5  # of the articles that were looked at again from the first of these changes on
MANY_ARTICLES = 10  # from which on a line without a statement needs no share: a section may have a template of its own
MIN_STATEMENT_SHARE = 0.8  # of the articles, MANY_ARTICLES at least, for a line that makes a statement
MIN_COUNTER_SHARE = 0.8  # of the articles, MIN_ARTICLES at least, in which only the numbers of a line changed
TEMPLATE_DAYS = 1
REMEMBERED_DAYS = 60  # pages are looked at again for a month, so a redesign is met for as long
DAY = 86_400.0  # seconds
MAX_LINES = 50  # of one change that are remembered; a redesign changes fewer

LOOKED_AT = """
SELECT count(DISTINCT r.article_id) FROM captures c
  JOIN sightings s ON s.capture_id = c.id JOIN revisions r ON r.id = s.revision_id
 WHERE c.source_id = ? AND c.time BETWEEN ? AND ?
   AND c.status BETWEEN 200 AND 399 AND c.kind NOT IN ('robots', 'tdmrep', 'part')
   AND r.article_id != ? AND NOT (r.number = 1 AND r.capture_id = c.id)
"""


def digest_of(line: str) -> str:
    """Return what stands for a line (as `comparable` gives it) in the table."""
    return sha256(line.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_statement(line: str) -> bool:
    """Return True for a line that says something: a sentence, or a line with a number."""
    return SENTENCE_END.search(line) is not None or any(map(str.isdigit, line))


def is_of_template(line: str, articles: int, looked_at: Callable[[], int]) -> bool:
    """Return True if a line that came or went in so many articles within a day is the template's.

    `looked_at`: asks how many articles were looked at again in that time.
    """
    if NUMBER in line:  # the shape of a line
        return articles >= MIN_ARTICLES and articles >= MIN_COUNTER_SHARE * looked_at()
    if is_statement(line):
        return articles >= MANY_ARTICLES and articles >= MIN_STATEMENT_SHARE * looked_at()
    return articles >= MANY_ARTICLES or (articles >= MIN_ARTICLES and articles >= MIN_SHARE * looked_at())


def articles_looked_at(
    db: sqlite3.Connection, source_id: int | None, since: str, until: datetime, besides: int = 0
) -> int:
    """Return the number of articles of a source that were looked at again in a time. `since`: stamp, included."""
    values = (source_id, fine_stamp(parse(since)), fine_stamp(until), besides)
    return int(db.execute(LOOKED_AT, values).fetchone()[0])


def template_test(
    db: sqlite3.Connection, source_id: int | None, article_id: int, now: datetime
) -> Callable[[str], bool]:
    """Return a test for lines of the template of a source, as known from other articles."""
    since = stamp(later(now, -TEMPLATE_DAYS * DAY))

    def is_template(line: str) -> bool:
        others, first, known = db.execute(
            """SELECT count(*) FILTER (WHERE article_id != ?1), min(last_seen), max(is_template) FROM changed_lines
                WHERE source_id = ?2 AND line = ?3 AND (is_template OR last_seen >= ?4)""",
            (article_id, source_id, digest_of(line), since),
        ).fetchone()
        if known or not others:
            return bool(known)
        return is_of_template(
            line, others + 1, lambda: 1 + articles_looked_at(db, source_id, first, now, besides=article_id)
        )

    return is_template


def remember_lines(
    db: sqlite3.Connection,
    source_id: int | None,
    article_id: int,
    lines: Iterable[str],
    now: datetime,
    is_template: Callable[[str], bool],
) -> None:
    """Note that lines came or went in an article of a source. `is_template`: the test by which they were judged."""
    if source_id is None:
        return
    for line in list(dict.fromkeys(lines))[:MAX_LINES]:
        values = {"source": source_id, "line": digest_of(line), "article": article_id, "now": stamp(now)}
        known = is_template(line)
        if known:  # one row is enough from here on
            db.execute("DELETE FROM changed_lines WHERE source_id = :source AND line = :line", values)
        db.execute(
            """INSERT INTO changed_lines (source_id, line, article_id, last_seen, is_template)
               VALUES (:source, :line, :article, :now, :known)
               ON CONFLICT DO UPDATE SET last_seen = max(last_seen, :now)""",
            values | {"known": int(known)},
        )
    db.execute(
        "DELETE FROM changed_lines WHERE source_id = ? AND last_seen < iif(is_template, ?, ?)",
        (source_id, *(stamp(later(now, -days * DAY)) for days in (REMEMBERED_DAYS, TEMPLATE_DAYS))),
    )
