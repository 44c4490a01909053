"""Write and read `page_states`: the periods in which an address did not show its article.

`stand_ins.stands_in` decides what a page is; here its verdict is kept. The functions commit nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from pipelines.core import GONE_KINDS
from pipelines.core.items import Capture, PageState
from pipelines.core.timestamps import stamp
from pipelines.core.urls import url_key
from pipelines.database.connection import Row, ask
from pipelines.database.runs import TRUE_TIME
from pipelines.database.schema.numbers import new_id
from pipelines.database.shards.databases import Database, shards_of
from pipelines.database.stand_ins import CUT_OFF, ShownText

# When the page was last seen to show its article before the period `p` of the article `a`; a 304 counts.
LAST_ALIVE = """iif(a.last_seen <= p.since, a.last_seen, coalesce((
    SELECT max(substr(time, 1, 19)) || 'Z' FROM (
        SELECT c.time FROM revisions r JOIN sightings s ON s.revision_id = r.id JOIN captures c ON c.id = s.capture_id
         WHERE r.article_id = a.id
         UNION ALL SELECT time FROM captures WHERE url = p.url AND status = 304)
     WHERE substr(time, 1, 19) || 'Z' < p.since), iif(a.first_seen < p.since, a.first_seen, NULL)))"""
IS_GONE = f"p.kind IN {GONE_KINDS}"
STATE = "kind, since, visits, article_id, text_digest"  # the columns of a PageState

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound

MAX_ADDRESSES = 50  # with the same text that are looked at


def note(
    db: sqlite3.Connection,
    url: str,
    kind: str,
    capture: Capture,
    *,
    source_id: int | None,
    article_id: int | None,
    text_digest: str | None = None,
) -> PageState:
    """Note that a capture shows something in place of the article at `url`: begin a period, or extend one.

    Kinds of gone pages continue each other. An import may file a capture before later ones; its period ends with the
    next capture that is filed already.
    """
    key, time = url_key(url), stamp(capture.time)
    values = {
        "key": key, "url": url, "kind": kind, "time": time, "capture": capture.id, "source": source_id,
        "article": article_id, "digest": text_digest,
    }  # fmt: skip
    now = db.execute("SELECT id, kind, since FROM page_states WHERE url_key = ? AND ended IS NULL", (key,)).fetchone()
    if now is not None and time >= now[2]:
        if now[1] == kind or {now[1], kind} <= set(GONE_KINDS):
            row = db.execute(
                f"""UPDATE page_states SET kind = :kind, visits = visits + (last_capture_id != :capture),
                           last_seen = max(last_seen, :time), last_capture_id = :capture, text_digest = :digest,
                           article_id = coalesce(article_id, :article)
                     WHERE id = :id RETURNING {STATE}""",
                values | {"id": now[0]},
            )
            return PageState(*row.fetchone())
        db.execute(
            "UPDATE page_states SET ended = :time, ended_capture_id = :capture WHERE id = :id", values | {"id": now[0]}
        )
    later = db.execute(
        f"""SELECT time, id FROM (
               SELECT substr({TRUE_TIME}, 1, 19) || 'Z' AS time, c.id FROM revisions r
                 JOIN sightings s ON s.revision_id = r.id JOIN captures c ON c.id = s.capture_id
                 LEFT JOIN crawls k ON k.id = c.crawl_id WHERE r.article_id = :article
               UNION ALL SELECT since, capture_id FROM page_states WHERE url_key = :key)
             WHERE time > :time ORDER BY time LIMIT 1""",
        values,
    ).fetchone() or (None, None)
    row = db.execute(
        f"""INSERT INTO page_states (id, url_key, url, source_id, article_id, kind, since, capture_id, last_seen,
                                     last_capture_id, text_digest, ended, ended_capture_id)
            VALUES ({new_id("page_states")}, :key, :url, :source, :article, :kind, :time, :capture, :time, :capture,
                    :digest, :ended, :end)
            RETURNING {STATE}""",
        values | {"ended": later[0], "end": later[1]},
    )
    return PageState(*row.fetchone())


def shown_now(db: sqlite3.Connection, key: str) -> PageState | None:
    """Return what the address with this url_key shows in place of its article; None if nothing is known to be."""
    sql = f"SELECT {STATE} FROM page_states WHERE url_key = ? AND ended IS NULL"
    row = db.execute(sql, (key,)).fetchone()
    return None if row is None else PageState(*row)


def end(
    db: sqlite3.Connection, keys: Collection[str], article_id: int | None, capture: Capture, *, is_own: bool = True
) -> str | None:
    """End what addresses show in place of an article, because a capture shows the article. Return its kind, if any.

    `is_own`: the capture is of the article's own address. Another address says nothing about that one.
    """
    marks = ", ".join("?" * len(keys))
    or_article = "OR article_id = ?" if is_own and article_id is not None else ""
    time = stamp(capture.time)
    rows = db.execute(
        f"""UPDATE page_states SET ended = ?, ended_capture_id = ?
             WHERE ended IS NULL AND since <= ? AND (url_key IN ({marks}) {or_article})
            RETURNING kind""",
        (time, capture.id, time, *keys, *([article_id] if or_article else [])),
    ).fetchall()
    return str(rows[0][0]) if rows else None


def kind_of_text(db: sqlite3.Connection, source_id: int | None, digest: str, besides: str) -> str | None:
    """Return the kind as which this text was met at another address of a source than `besides`; None if it was not.

    CUT_OFF says that a text is short, not which: it counts while the other page shows it.
    """
    row = db.execute(
        """SELECT kind FROM page_states WHERE text_digest = ?1 AND source_id IS ?2 AND url_key != ?3
              AND (?1 != ?4 OR ended IS NULL) ORDER BY since DESC LIMIT 1""",
        (digest, source_id, besides, CUT_OFF),
    ).fetchone()
    return None if row is None else str(row[0])


def addresses_with_text(db: sqlite3.Connection, source_id: int | None, digest: str, since: str) -> list[str]:
    """Return addresses (url_keys) of a source that showed this text in the place of an article since a stamp."""
    rows = db.execute(
        """SELECT DISTINCT url_key FROM page_states WHERE text_digest = ? AND source_id IS ? AND last_seen >= ?
            ORDER BY url_key LIMIT ?""",
        (digest, source_id, since, MAX_ADDRESSES),
    )
    return [key for (key,) in rows]


def is_text_of_others(db: sqlite3.Connection, source_id: int | None, digest: str, besides: int) -> bool:
    """Return True if another article of a source has exactly this headline and text."""
    row = db.execute(
        "SELECT 1 FROM articles WHERE text_digest = ? AND source_id IS ? AND id != ? LIMIT 1",
        (digest, source_id, besides),
    ).fetchone()
    return row is not None


def filed_text(db: sqlite3.Connection, article_id: int) -> tuple[ShownText, str | None]:
    """Return the newest text of an article, and the payload digest of the capture that it was read from."""
    *values, payload = db.execute(
        """SELECT a.title, a.text, a.text_digest, a.access, a.modified, c.payload_digest
             FROM articles a LEFT JOIN captures c ON c.id = a.capture_id WHERE a.id = ?""",
        (article_id,),
    ).fetchone()
    return ShownText(*values), payload


def of_article(db: Database, article_id: int) -> list[Row]:
    """Return every period of an article with its number and headline, the oldest first. Raises MorgueError."""
    sql = f"""SELECT p.url, s.name AS source, p.article_id AS article, a.title, p.kind, {IS_GONE} AS gone,
                     p.since, p.last_seen, p.visits, p.ended, {LAST_ALIVE} AS last_alive, p.capture_id,
                     p.last_capture_id, p.ended_capture_id
                FROM page_states p LEFT JOIN articles a ON a.id = p.article_id LEFT JOIN sources s ON s.id = p.source_id
               WHERE p.article_id = ? ORDER BY p.since, p.id"""
    found = (row for one in shards_of(db) for row in ask(one, sql, (article_id,)))
    return [dict(row) | {"gone": bool(row["gone"])} for row in found]


def kinds_shown_now(db: sqlite3.Connection, source_id: int) -> dict[str, int]:
    """Return the number of pages of a source that do not show their article, by kind, the newest first."""
    sql = """SELECT kind, count(*) FROM page_states WHERE source_id = ? AND ended IS NULL
              GROUP BY kind ORDER BY max(since) DESC, max(id) DESC"""
    return dict(map(tuple, ask(db, sql, (source_id,))))
