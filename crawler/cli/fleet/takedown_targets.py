"""Decide which targets of a takedown on a whole fleet one of its shards has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import NotFound
from pipelines.database.connection import connect
from pipelines.fleet.layout import FleetFolder
from pipelines.takedown.register import was_removed
from pipelines.takedown.targets import find


def targets_in_shard(shard: Path, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the targets that a shard has or had; all of them if it has none, so that the command says so.

    Raises MorgueError.
    """
    return tuple(target for target in targets if _has(shard, target)) or targets


def shards_with_targets(fleet: FleetFolder, targets: Iterable[str]) -> list[int]:
    """Return the shards that have or had something of the targets; all, if there is no target.

    Raises NotFound for a target that no shard has: nothing is removed then. Raises MorgueError.
    """
    wanted = dict.fromkeys(targets, False)
    found = []
    for number, path in enumerate(fleet.shard_paths()):
        here = [target for target in wanted if _has(path, target)]
        wanted |= dict.fromkeys(here, True)
        found += [number] if here else []
    if (missing := next((target for target, is_there in wanted.items() if not is_there), None)) is not None:
        raise NotFound(missing, "the fleet has nothing of it", "`morgue show URL` says what it knows")
    return found if wanted else [*range(fleet.shards)]


def _has(shard: Path, target: str) -> bool:
    with closing(connect(shard / DATABASE_NAME)) as db:
        return _is_known(db, target)


def _is_known(db: sqlite3.Connection, target: str) -> bool:
    try:
        find(db, (target,))
    except NotFound:
        return was_removed(db, target)
    return True
