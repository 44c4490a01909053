"""Make new databases as copies of one that the migrations have made.

The migrations take a tenth of a second for a new database, and wait for the disk as long; the suite makes thousands.
Older databases are migrated as ever.
"""

from __future__ import annotations

import sqlite3
from functools import cache
from uuid import uuid4

from pipelines.database import connection

by_migrations = connection.migrate


@cache
def template() -> sqlite3.Connection:
    """Return a database in memory to which all migrations have been applied."""
    made = sqlite3.connect(":memory:", check_same_thread=False)
    by_migrations(made)
    return made


def by_copying(db: sqlite3.Connection) -> None:
    """Do for a database what `migrate` does."""
    if db.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
        template().backup(db)
        with db:
            db.execute("UPDATE journal SET archive = ?", [str(uuid4())])  # no two archives have the same
    else:
        by_migrations(db)


def copy_new_databases() -> None:
    """Let this process, and those that are forked from it, make new databases by copying."""
    connection.migrate = by_copying
