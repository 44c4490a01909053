"""Find and delete the rows about pages that are taken down; read and write the table `removals`.

No function here commits. `frontier.table` marks the rows of the frontier.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from pipelines.database.captures import LOCATION, CaptureLocation
from pipelines.database.clusters.upkeep import forget
from pipelines.database.frontier.hosts import forget_robots
from pipelines.database.schema.numbers import new_id

PREFIX_END = "\U0010ffff"  # sorts after every character of an address


def key_of_article(db: sqlite3.Connection, article_id: int) -> str | None:
    """Return the url_key of an article; None if there is no article with this number."""
    row = db.execute("SELECT url_key FROM articles WHERE id = ?", (article_id,)).fetchone()
    return None if row is None else str(row[0])


def title_of_article(db: sqlite3.Connection, article_id: int) -> str:
    """Return the headline of an article, "" if it has none."""
    return str(db.execute("SELECT coalesce(title, '') FROM articles WHERE id = ?", (article_id,)).fetchone()[0])


def key_and_url_of(db: sqlite3.Connection, article_id: int) -> tuple[str, str]:
    """Return the url_key of an article, and the URL from which it was read."""
    row = db.execute("SELECT url_key, url FROM articles WHERE id = ?", (article_id,)).fetchone()
    return str(row[0]), str(row[1])


def aliases_below(db: sqlite3.Connection, prefix: str, article_ids: Iterable[int]) -> set[str]:
    """Return the url_keys that begin with `prefix` and are other addresses of these articles."""
    rows = db.execute(
        """SELECT url_key FROM aliases
            WHERE url_key >= ?1 AND url_key < ?2 AND article_id IN (SELECT value FROM json_each(?3))""",
        (prefix, prefix + PREFIX_END, json.dumps(list(article_ids))),
    )
    return {row[0] for row in rows}


def articles_known_as(db: sqlite3.Connection, keys: Iterable[str]) -> set[int]:
    """Return the articles that have one of these url_keys, as their own or as an alias."""
    rows = db.execute(
        """SELECT id FROM articles WHERE url_key IN (SELECT value FROM json_each(?1))
           UNION SELECT article_id FROM aliases WHERE url_key IN (SELECT value FROM json_each(?1))""",
        (json.dumps(sorted(keys)),),
    )
    return {row[0] for row in rows}


def articles_below(db: sqlite3.Connection, prefix: str) -> set[int]:
    """Return the articles of which a url_key, their own or an alias, begins with `prefix`."""
    rows = db.execute(
        """SELECT id FROM articles WHERE url_key >= ?1 AND url_key < ?2
           UNION SELECT article_id FROM aliases WHERE url_key >= ?1 AND url_key < ?2""",
        (prefix, prefix + PREFIX_END),
    )
    return {row[0] for row in rows}


def articles_read_from(db: sqlite3.Connection, capture_ids: Iterable[int]) -> set[int]:
    """Return the articles with a revision that was first seen in one of these captures."""
    query = "SELECT article_id FROM revisions WHERE capture_id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(query, (json.dumps(list(capture_ids)),))}


def revisions_of(db: sqlite3.Connection, article_ids: Iterable[int]) -> set[int]:
    """Return the row ids of all revisions of these articles."""
    query = "SELECT id FROM revisions WHERE article_id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(query, (json.dumps(list(article_ids)),))}


def keys_and_urls_of(db: sqlite3.Connection, article_id: int) -> tuple[set[str], set[str]]:
    """Return the url_keys of an article, and the URLs from which it was read."""
    keys = db.execute(
        "SELECT url_key FROM articles WHERE id = ?1 UNION SELECT url_key FROM aliases WHERE article_id = ?1",
        (article_id,),
    ).fetchall()
    urls = db.execute(
        """SELECT url FROM articles WHERE id = ?1
           UNION SELECT c.url FROM revisions r JOIN captures c ON c.id = r.capture_id WHERE r.article_id = ?1""",
        (article_id,),
    ).fetchall()
    return {row[0] for row in keys}, {row[0] for row in urls}


def captures_possibly_at(db: sqlite3.Connection, host: str) -> list[CaptureLocation]:
    """Return the captures whose address may be at a host (a name without port), however the address is spelled.

    An import may bring any spelling. So two kinds are returned: addresses with the host's name in them, and addresses
    with a percent sign or a character outside of ASCII, of which only `url_key` can say what they mean.
    """
    rows = db.execute(
        f"{LOCATION} WHERE url LIKE ? ESCAPE '!' OR url GLOB '*[^ -~]*' OR url GLOB '*://*%*'",
        ("%" + re.sub(r"([!%_])", r"!\1", host) + "%",),
    )
    return [CaptureLocation(*row) for row in rows]


def captures_referring_to(db: sqlite3.Connection, record_ids: Collection[str]) -> list[CaptureLocation]:
    """Return the revisits that refer to one of these records."""
    query = f"{LOCATION} WHERE refers_to IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608 (our own names)
    return [CaptureLocation(*row) for row in db.execute(query, (json.dumps(sorted(record_ids)),))]


def delete_rows(
    db: sqlite3.Connection, *, captures: Iterable[int], articles: Iterable[int], revisions: Iterable[int]
) -> None:
    """Delete these captures, articles and revisions, and all that belongs to them. Deleted bytes are overwritten."""
    captures, articles, revisions = list(captures), list(articles), list(revisions)
    before = db.execute("PRAGMA secure_delete").fetchone()[0]
    db.execute("PRAGMA secure_delete = ON")
    try:
        forget_robots(db, captures)
        db.execute(
            """DELETE FROM page_states WHERE article_id IN (SELECT value FROM json_each(?1))
                   OR capture_id IN (SELECT value FROM json_each(?2))
                   OR last_capture_id IN (SELECT value FROM json_each(?2))
                   OR ended_capture_id IN (SELECT value FROM json_each(?2))""",
            (json.dumps(articles), json.dumps(captures)),
        )
        for table, column, ids in (
            ("readings", "revision_id", revisions), ("sightings", "revision_id", revisions),
            ("sightings", "capture_id", captures), ("revisions", "id", revisions),
            ("aliases", "article_id", articles), ("articles", "id", articles), ("captures", "id", captures),
        ):  # fmt: skip
            db.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(one,) for one in ids])  # noqa: S608
        forget(db, articles)
    finally:
        db.execute(f"PRAGMA secure_delete = {('OFF', 'ON', 'FAST')[before]}")


def delete_aliases(db: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Let these url_keys be no address of any article."""
    db.executemany("DELETE FROM aliases WHERE url_key = ?", [(key,) for key in keys])


def purge(db: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows in the database file: index entries, free pages, the write-ahead log."""
    db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('optimize')")
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def remember(db: sqlite3.Connection, name: str, time: str, reason: str, captures: int) -> None:
    """Add a row to `removals`: the name of what was removed, when (UTC), why, and the number of its captures."""
    db.execute(
        f"INSERT INTO removals (id, time, url_key, reason, captures) VALUES ({new_id('removals')}, ?, ?, ?, ?)",  # noqa: S608
        (time, name, reason, captures),
    )


def names(db: sqlite3.Connection) -> list[str]:
    """Return the names of all that was removed."""
    return [row[0] for row in db.execute("SELECT url_key FROM removals")]


def newest_first(db: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield (time, name, reason) of each removal."""
    for row in db.execute("SELECT time, url_key, reason FROM removals ORDER BY time DESC"):
        yield row[0], row[1], row[2]


def is_removed(db: sqlite3.Connection, name: str) -> bool:
    """Return True if `removals` has a row of exactly this name."""
    return db.execute("SELECT 1 FROM removals WHERE url_key = ?", (name,)).fetchone() is not None
