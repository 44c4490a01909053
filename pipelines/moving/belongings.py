"""Select the rows of an archive that belong to sites: temporary tables with their numbers.

A row belongs to the site of its source; without a source, to that of its address. What a row names goes with it: a
capture that shows an article, the response that a revisit refers to, the parts of a page, the run that recorded a
capture. If that belongs to another site it is shared: it is copied, and stays where it was as well.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from pipelines.core.urls import host_or_empty

Belongs = Callable[[str, str], bool]  # (URL, name of a source or "") -> True if it moves

OWN = "(source_id IN temp.moving_sources OR source_id IS NULL AND belongs(url, ''))"
# The page that a part of no source was found on decides, because the part may be anywhere.
PAGE_URL = "iif(kind = 'part' AND json_valid(hint), coalesce(json_extract(hint, '$.home'), url), url)"
NAMED_CAPTURES = """
SELECT capture_id FROM {of}.articles WHERE id IN temp.moving_articles
UNION SELECT capture_id FROM {of}.revisions WHERE id IN temp.moving_revisions
UNION SELECT capture_id FROM {of}.sightings WHERE revision_id IN temp.moving_revisions
UNION SELECT capture_id FROM {of}.page_states WHERE id IN temp.moving_states
UNION SELECT last_capture_id FROM {of}.page_states WHERE id IN temp.moving_states
UNION SELECT ended_capture_id FROM {of}.page_states WHERE id IN temp.moving_states
UNION SELECT capture_id FROM {of}.gaps WHERE id IN temp.moving_gaps
UNION SELECT capture_id FROM {of}.robots_files WHERE site IN temp.moving_robots
UNION SELECT c.id FROM temp.moving_parts p JOIN {of}.frontier f ON f.id = p.id
        JOIN {of}.captures c ON c.url = f.url AND c.kind = 'part'"""
SELECTIONS = (
    ("moving_sources", "id", "SELECT id FROM {of}.sources WHERE belongs(url, name)"),
    ("moving_articles", "id", f"SELECT id FROM {{of}}.articles WHERE {OWN}"),
    ("moving_revisions", "id", "SELECT id FROM {of}.revisions WHERE article_id IN temp.moving_articles"),
    (
        "moving_states",
        "id",
        f"""SELECT id FROM {{of}}.page_states
             WHERE article_id IN temp.moving_articles OR article_id IS NULL AND {OWN}""",
    ),
    ("moving_listings", "url_key", f"SELECT url_key FROM {{of}}.listings WHERE {OWN}"),
    ("moving_gaps", "id", f"SELECT id FROM {{of}}.gaps WHERE {OWN}"),
    (
        "moving_frontier",
        "id",
        f"""SELECT id FROM {{of}}.frontier WHERE source_id IN temp.moving_sources
                OR source_id IS NULL AND belongs({PAGE_URL}, '')""",
    ),
    (
        "moving_parts",  # of pages that move, and themselves of others
        "id",
        """WITH RECURSIVE reached(id) AS (
               SELECT part_id FROM {of}.page_parts WHERE page_id IN temp.moving_frontier
               UNION SELECT p.part_id FROM reached JOIN {of}.page_parts p ON p.page_id = reached.id)
           SELECT id FROM reached WHERE id NOT IN temp.moving_frontier""",
    ),
    (
        "moving_hosts",
        "host",
        """SELECT host FROM {of}.frontier WHERE id IN temp.moving_frontier OR id IN temp.moving_parts
           UNION SELECT host FROM {of}.hosts WHERE belongs('http://' || host || '/', '')""",
    ),
    (
        "moving_robots",
        "site",
        """SELECT site FROM {of}.robots_files
            WHERE belongs(site || '/', '') OR host_of(site || '/') IN temp.moving_hosts""",
    ),
    ("moving_own_captures", "id", f"SELECT id FROM {{of}}.captures WHERE {OWN}"),
    (
        "moving_captures",  # with those that are shared
        "id",
        f"""WITH RECURSIVE named(id) AS (
                SELECT id FROM temp.moving_own_captures UNION {NAMED_CAPTURES}
                UNION SELECT o.id FROM named JOIN {{of}}.captures c ON c.id = named.id
                        JOIN {{of}}.captures o ON o.record_id = c.refers_to)
            SELECT id FROM named WHERE id IS NOT NULL""",
    ),
    ("moving_crawls", "id", "SELECT DISTINCT crawl_id FROM {of}.captures WHERE id IN temp.moving_captures"),
)
# What no site has: it goes with what the caller says.
REST = (
    ("moving_crawls", "SELECT id FROM {of}.crawls WHERE id NOT IN (SELECT crawl_id FROM {of}.captures "
     "WHERE crawl_id IS NOT NULL)"),
)  # fmt: skip


def select(db: sqlite3.Connection, of: str, belongs: Belongs, *, rest: bool = False) -> None:
    """Fill the temporary tables with the numbers of what belongs to some sites in a database (`of`: its schema's name).

    `rest`: also what belongs to no site, such as runs that recorded nothing. Raises sqlite3.Error.
    """
    db.create_function("belongs", 2, belongs, deterministic=True)
    db.create_function("host_of", 1, host_or_empty, deterministic=True)
    for name, key, query in SELECTIONS:
        kind = "TEXT" if key in ("url_key", "host", "site") else "INTEGER"
        db.execute(f"CREATE TEMP TABLE {name} ({key} {kind} PRIMARY KEY)")
        db.execute(f"INSERT OR IGNORE INTO temp.{name} {query.format(of=of)}")
    for name, query in REST if rest else ():
        db.execute(f"INSERT OR IGNORE INTO temp.{name} {query.format(of=of)}")


def forget(db: sqlite3.Connection) -> None:
    """Drop the temporary tables, with that of the captures that left."""
    for name in (*(name for name, _, _ in SELECTIONS), "moving_away"):
        db.execute(f"DROP TABLE IF EXISTS temp.{name}")
