"""Decide which targets of a takedown on a whole fleet one of its shards has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import NotFound
from pipelines.database.connection import connect
from pipelines.fleet.layout import fleet_of_shard
from pipelines.takedown.register import was_removed
from pipelines.takedown.targets import find


def targets_in_shard(shard: Path, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the targets that a shard has or had; all of them if it has none, so that the command says so.

    Raises NotFound for one that no shard of the fleet has: nothing is removed then. Raises MorgueError.
    """
    fleet = fleet_of_shard(shard)
    others = [] if fleet is None else [path for path in fleet.shard_paths() if path != shard]
    here = tuple(target for target in targets if _has(shard, target))
    for target in targets:
        if target not in here and not any(_has(path, target) for path in others):
            raise NotFound(target, "the fleet has nothing of it", "`morgue show URL` says what it knows")
    return here or targets


def _has(shard: Path, target: str) -> bool:
    with closing(connect(shard / DATABASE_NAME)) as db:
        return _is_known(db, target)


def _is_known(db: sqlite3.Connection, target: str) -> bool:
    try:
        find(db, (target,))
    except NotFound:
        return was_removed(db, target)
    return True
