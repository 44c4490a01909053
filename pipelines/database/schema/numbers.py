"""Number new rows. In an ordinary archive SQLite does that; a shard of a fleet gives numbers of its own range.

Rows keep their numbers when they move to another shard, so a shard has rows of foreign ranges, above and below its own,
and a higher number need not be later. The tables `shard` and `number_floors` are empty in an ordinary archive.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.fleet.layout import FLEET_NAME, ShardPlace, place_of_shard
from pipelines.fleet.numbers import RANGE, NumberRange, bounds, shard_of_number

SHARD_TABLES = """
-- Which shard of which fleet this archive is. Empty in an ordinary archive.
CREATE TABLE shard (
    fleet  TEXT PRIMARY KEY, -- UUID of the fleet
    number INTEGER NOT NULL, -- of this shard, from 0
    shards INTEGER NOT NULL  -- how many the fleet had when this was written
) STRICT;
-- The highest number that this shard gave in a table, if that row has moved to another shard.
CREATE TABLE number_floors (
    name    TEXT PRIMARY KEY, -- of the table
    highest INTEGER NOT NULL
) STRICT;
"""
# Tables whose rows are numbered when they are inserted. A cluster has the number of an article.
NUMBERED_TABLES = (
    "sources", "crawls", "captures", "articles", "revisions", "readings", "removals", "page_states", "gaps", "pauses",
    "page_parts", "frontier",
)  # fmt: skip
PUT_BACK = "put its folder back where it was, under the name that it had"
EVERY_NUMBER = NumberRange(1, (1 << 63) - 1)  # that SQLite can give


def new_id(table: str) -> str:
    """Return SQL for the id of a new row: NULL, so that SQLite chooses, or the next number of the shard's range.

    In an INSERT of several rows it is the same for each: see `new_ids`.
    """
    first, last = f"shard.number * {RANGE} + 1", f"shard.number * {RANGE} + {RANGE - 1}"
    return f"""(SELECT 1 + max(coalesce((SELECT max(id) FROM {table} WHERE id BETWEEN {first} AND {last}), {first} - 1),
                coalesce((SELECT highest FROM number_floors WHERE name = '{table}'), 0)) FROM shard)"""


def new_ids(table: str, order: str) -> str:
    """Return SQL for the ids of the rows that one INSERT ... SELECT adds in an order."""
    return f"{new_id(table)} - 1 + row_number() OVER (ORDER BY {order})"


def own_numbers(db: sqlite3.Connection) -> NumberRange | None:
    """Return the numbers that a shard gives; None for an ordinary archive, upgraded or not."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'shard'").fetchone() is None:
        return None
    row = db.execute("SELECT number FROM shard").fetchone()
    return None if row is None else bounds(row[0])


def ranges_in(db: sqlite3.Connection, table: str) -> list[NumberRange]:
    """Return the ranges of which a table has rows. Within each, a higher number is later."""
    if own_numbers(db) is None:
        return [EVERY_NUMBER]
    found: list[NumberRange] = []
    below = EVERY_NUMBER.last
    while (highest := db.execute(f"SELECT max(id) FROM {table} WHERE id < ?", (below,)).fetchone()[0]) is not None:
        found.append(bounds(shard_of_number(highest)))
        below = found[-1].first
    return found


def newest_first(db: sqlite3.Connection, time: str) -> str:
    """Return what to order rows by. Numbers are right whatever the clock said, but not for rows of other shards."""
    return "id DESC" if own_numbers(db) is None else f"{time} DESC, id DESC"


def own_first(db: sqlite3.Connection) -> str:
    """Return what to order the rows of one source by, the newest first, without reading more than their numbers.

    Where a source was moved, its rows of other ranges came in before.
    """
    own = own_numbers(db)
    return "id DESC" if own is None else f"id BETWEEN {own.first} AND {own.last} DESC, id DESC"


def given_before(db: sqlite3.Connection) -> str:
    """Return the condition on rows that are older than the number `?`, which is this archive's own."""
    own = own_numbers(db)
    return "id < ?" if own is None else f"id NOT BETWEEN ? AND {own.last}"


def make_shard(db: sqlite3.Connection, fleet: str, number: int, shards: int) -> None:
    """Let an archive be a shard of a fleet from now on. Commits nothing. Raises MorgueError if it is another one."""
    bounds(number)
    row = db.execute("SELECT fleet, number FROM shard").fetchone()
    if row is not None and tuple(row) != (fleet, number):
        cause = f"it is shard {row[1]} of the fleet {row[0]}, not shard {number} of the fleet {fleet}"
        raise MorgueError("this archive", cause, PUT_BACK)
    db.execute(
        """INSERT INTO shard (fleet, number, shards) VALUES (?1, ?2, ?3)
           ON CONFLICT (fleet) DO UPDATE SET shards = ?3 WHERE shards != ?3""",
        (fleet, number, shards),
    )


def must_be_shard(db: sqlite3.Connection, path: Path) -> None:
    """Check that a database is that of the shard in whose folder it lies. Raises ConfigError.

    One that says of no shard that it is it can be read.
    """
    if own_numbers(db) is None or (place := place_of_shard(path.parent)) is None:
        return
    fleet, number = place
    here = f"{fleet.path / FLEET_NAME} says"
    (found,) = db.execute("SELECT fleet, number, shards FROM shard").fetchall()
    if found[0] != fleet.id:
        cause, cure = f"belongs to the fleet {found[0]}, and {here} {fleet.id}", PUT_BACK
    elif found[1] != number:
        cause, cure = f"is shard {found[1]} of this fleet, and lies in the folder of shard {number}", PUT_BACK
    elif found[2] != fleet.shards:
        cause = f"is one of {found[2]} shards, and {here} {fleet.shards}"
        cure = f"write shards = {found[2]} there again; `morgue fleet split` makes a fleet with another number"
    else:
        return
    raise ConfigError(str(path), cause, cure)


def must_agree_with_others(place: ShardPlace, path: Path, connect: Callable[[Path], sqlite3.Connection]) -> None:
    """Check that the databases of other shards are of this fleet, before that of a shard is made at a path.

    Its own can say nothing yet of the fleet, and of how many shards there are. The first that can be read is asked; if
    there is none, the fleet is new, or this machine has only this shard. `connect`: opens it to read, and checks that
    it is of this fleet. Raises ConfigError.
    """
    if path.exists():
        return
    others = [path for path in place.fleet.shard_paths() if path != place.fleet.shard_path(place.number)]
    for path in (other / DATABASE_NAME for other in others):
        try:
            with closing(connect(path)) as db:
                if own_numbers(db) is not None:
                    return
        except ConfigError:
            raise
        except MorgueError:
            continue


def highest_numbers(db: sqlite3.Connection, shard: int) -> dict[str, int]:
    """Return the highest number of a shard's range that each table of this database has, or had."""
    first, last = bounds(shard)
    floors = dict(db.execute("SELECT name, highest FROM number_floors").fetchall())
    found = {}
    for table in NUMBERED_TABLES:
        (most,) = db.execute(f"SELECT max(id) FROM {table} WHERE id BETWEEN ? AND ?", (first, last)).fetchone()
        highest = max(most or 0, floors.get(table, 0))
        if highest:
            found[table] = highest
    return found


def raise_floors(db: sqlite3.Connection, highest: Mapping[str, int]) -> None:
    """Let no table give a number again that is not above these. Commits nothing."""
    db.executemany(
        """INSERT INTO number_floors (name, highest) VALUES (?1, ?2)
           ON CONFLICT (name) DO UPDATE SET highest = ?2 WHERE highest < ?2""",
        highest.items(),
    )
