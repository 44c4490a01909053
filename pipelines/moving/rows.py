"""Copy the selected rows from an attached database, and delete them where they were.

Numbers stay. Not copied is what an archive computes or learns again: index, days, counts, clusters (articles that came
are noted in `unclustered`), and its journal.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pipelines.core.errors import ConfigError
from pipelines.database.schema.places import place_for


class MovedTable(NamedTuple):
    """Describe which rows of a table move."""

    name: str
    which: str  # condition on its rows
    is_shared: bool = False  # another shard may have the same rows
    changed: dict[str, str] = {}  # noqa: RUF012 (never changed) column -> SQL for its value


ONLY_OWN_SOURCE = {"source_id": "iif(source_id IN temp.moving_sources, source_id, NULL)"}
PART = {
    **ONLY_OWN_SOURCE,
    "state": "iif(state = 'claimed', iif(kind = 'part', 'idle', 'waiting'), state)",
    "claimed_by": "NULL",
}
TABLES = (
    MovedTable("sources", "id IN temp.moving_sources", is_shared=True),
    MovedTable("crawls", "id IN temp.moving_crawls", is_shared=True),
    MovedTable("captures", "id IN temp.moving_captures", is_shared=True),
    MovedTable("articles", "id IN temp.moving_articles"),
    MovedTable("revisions", "id IN temp.moving_revisions"),
    MovedTable("readings", "revision_id IN temp.moving_revisions"),
    MovedTable("sightings", "revision_id IN temp.moving_revisions"),
    MovedTable("aliases", "article_id IN temp.moving_articles"),
    MovedTable("page_states", "id IN temp.moving_states", changed=ONLY_OWN_SOURCE),
    MovedTable("listings", "url_key IN temp.moving_listings"),
    MovedTable("listing_entries", "url_key IN temp.moving_listings"),
    MovedTable("gaps", "id IN temp.moving_gaps"),
    MovedTable("backfills", "source_id IN temp.moving_sources"),
    MovedTable("pauses", "source_id IN temp.moving_sources"),
    MovedTable("frontier", "id IN temp.moving_frontier", changed=PART),
    MovedTable("frontier", "id IN temp.moving_parts", is_shared=True, changed=PART),
    MovedTable("page_parts", "page_id IN temp.moving_frontier"),
    MovedTable("page_parts", "page_id IN temp.moving_parts", is_shared=True),
    MovedTable("removals", "1", is_shared=True),  # what was taken down must come back nowhere
    MovedTable("hosts", "host IN temp.moving_hosts", is_shared=True),
    MovedTable("robots_files", "site IN temp.moving_robots", is_shared=True),
    MovedTable("source_health", "source_id IN temp.moving_sources"),
    MovedTable("changed_lines", "source_id IN temp.moving_sources"),
)
KEYED_BY_ADDRESS = ("aliases", "listings", "listing_entries")  # rows of another source here may have the same key
FIRST = ("sources", "crawls")
CONFLICT = "an article is in both shards under this address, and one archive has an address once"


def copy_first(db: sqlite3.Connection) -> None:
    """Copy sources and runs, which captures name. Commits nothing. Raises ConfigError if a source's name is taken."""
    db.execute("PRAGMA defer_foreign_keys = ON")
    row = db.execute(
        """SELECT o.name FROM old.sources o JOIN main.sources m ON m.name = o.name
            WHERE o.id IN temp.moving_sources AND m.id != o.id"""
    ).fetchone()
    if row is not None:
        cure = "nothing was moved; give one of them another name: `morgue --shard K sources rename`"
        raise ConfigError(f"source {row[0]}", "is in both shards, as two sources", cure)
    for table in TABLES:
        if table.name in FIRST:
            _copy(db, table)


def copy_rows(db: sqlite3.Connection) -> None:
    """Copy the rows that `belongings.select` selected in the attached database `old`; captures are there already.

    Rows that an earlier run copied are replaced. Parts that are here stay, as pages of other sites may have them:
    only their source comes. Commits nothing.
    """
    for table in reversed(TABLES):
        if not table.is_shared and table.name not in KEYED_BY_ADDRESS:
            key, but = _key_of(db, table.name), "AND kind != 'part'" if table.name == "frontier" else ""
            db.execute(
                f"""DELETE FROM main.{table.name} WHERE ({key}) IN (
                        SELECT {key} FROM old.{table.name} WHERE {table.which} {but})"""
            )
    _give_way(db)
    for table in TABLES:
        if table.name == "articles":
            _copy_articles(db, table)
        elif table.name not in ("captures", *FIRST):
            _copy(db, table)
    db.execute(
        """UPDATE main.frontier SET source_id = o.source_id FROM old.frontier o
            WHERE o.id = frontier.id AND frontier.kind = 'part' AND frontier.source_id IS NULL
              AND o.id IN temp.moving_frontier"""
    )
    _link_parts(db)


def columns_of(db: sqlite3.Connection, table: str, schema: str = "main") -> list[str]:
    """Return the columns of a table that are stored."""
    return [row[1] for row in db.execute(f"PRAGMA {schema}.table_info({table})")]


def _key_of(db: sqlite3.Connection, table: str) -> str:
    if table == "articles":
        return "id"  # the primary key is its place
    return ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})") if row[5])


def check_addresses(db: sqlite3.Connection) -> None:
    """Raise ConfigError if both archives have an article at one address."""
    for name in ("articles", "aliases"):
        row = db.execute(
            f"""SELECT o.url_key FROM old.articles o JOIN main.{name} m ON m.url_key = o.url_key
                 WHERE o.id IN temp.moving_articles AND m.{"id" if name == "articles" else "article_id"} != o.id"""
        ).fetchone()
        if row is not None:
            cure = "nothing was moved; show both, and take one of them down (`morgue --shard K remove`)"
            raise ConfigError(row[0], CONFLICT, cure)


def _copy(db: sqlite3.Connection, table: MovedTable, more: str = "1") -> None:
    names = columns_of(db, table.name)
    values = ", ".join(table.changed.get(name, name) for name in names)
    db.execute(
        f"""INSERT INTO main.{table.name} ({", ".join(names)}) SELECT {values} FROM old.{table.name}
             WHERE {table.which} AND {more} ON CONFLICT DO NOTHING"""
    )


def _copy_articles(db: sqlite3.Connection, table: MovedTable) -> None:
    """Copy articles: to the places that they had, where these are free."""
    names = columns_of(db, table.name)
    taken = db.execute(
        f"""SELECT id, published_day FROM old.articles
             WHERE {table.which} AND place IN (SELECT place FROM main.articles) ORDER BY id"""
    ).fetchall()
    _copy(db, table, "place NOT IN (SELECT place FROM main.articles)")
    for number, day in taken:
        values = ", ".join("?2" if name == "place" else name for name in names)
        db.execute(
            f"INSERT INTO main.articles ({', '.join(names)}) SELECT {values} FROM old.articles WHERE id = ?1",
            (number, place_for(db, day)),
        )


# Rows that this archive has about addresses of rows that come, under other numbers.
HELD_ADDRESSES = """
SELECT m.id, o.id AS coming FROM old.frontier o JOIN main.frontier m ON m.url_key = o.url_key
 WHERE o.id IN temp.moving_frontier AND m.id != o.id AND o.kind != 'part'"""
HELD_STATES = """
SELECT m.id FROM old.page_states o JOIN main.page_states m ON m.url_key = o.url_key
 WHERE o.id IN temp.moving_states AND m.id != o.id AND o.ended IS NULL AND m.ended IS NULL"""


def _give_way(db: sqlite3.Connection) -> None:
    """Delete rows about addresses that come with their own, as of a page to which another site led: one row has it."""
    held = f"(SELECT id FROM ({HELD_ADDRESSES}))"
    db.execute(
        f"""UPDATE OR IGNORE main.page_parts SET part_id = h.coming FROM ({HELD_ADDRESSES}) h
             WHERE part_id = h.id"""
    )
    db.execute(f"DELETE FROM main.page_parts WHERE part_id IN {held} OR page_id IN {held}")
    db.execute(f"DELETE FROM main.frontier WHERE id IN {held}")
    db.execute(f"DELETE FROM main.page_states WHERE id IN ({HELD_STATES})")


def _link_parts(db: sqlite3.Connection) -> None:
    """Link pages with the rows that parts have here, where this archive knew their addresses before."""
    db.execute(
        """UPDATE OR IGNORE main.page_parts SET part_id = m.id
             FROM old.frontier o JOIN main.frontier m ON m.url_key = o.url_key
            WHERE part_id = o.id AND m.id != o.id AND page_id IN temp.moving_frontier"""
    )


def delete_rows(db: sqlite3.Connection) -> None:
    """Delete the rows that `belongings.select` selected in this database, but not those that others of it name.

    The caller has filled the table `moving_away` with the captures that go. Commits nothing.
    """
    db.execute("PRAGMA defer_foreign_keys = ON")
    db.execute("UPDATE captures SET source_id = NULL WHERE source_id IN temp.moving_sources")
    db.execute("DELETE FROM source_days WHERE source_id IN temp.moving_sources")
    db.execute("DELETE FROM robots_files WHERE capture_id IN temp.moving_away")
    for table in reversed(TABLES):
        if not table.is_shared:
            db.execute(f"DELETE FROM {table.name} WHERE {table.which}")
    db.execute("DELETE FROM captures WHERE id IN temp.moving_away")
    db.execute("DELETE FROM sources WHERE id IN temp.moving_sources")
