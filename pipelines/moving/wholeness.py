"""Compare archives before and after they were split: which rows they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.database.connection import ask, connect
from pipelines.database.journal_rows import database_state
from pipelines.database.schema.numbers import NUMBERED_TABLES, highest_numbers


def state_of(database: Path) -> str:
    """Return what tells whether an archive has changed: its id, the last record of its journal, its newest capture.

    Raises MorgueError.
    """
    with closing(connect(database)) as db:
        state = database_state(db)
        newest = next(ask(db, "SELECT coalesce(max(id), 0) FROM captures"))[0]
    return f"{state.archive} {state.journal} {newest}"


def archives_in(states: Iterable[str]) -> list[str]:
    """Return the ids of the archives that `state_of` told of."""
    return [state.partition(" ")[0] for state in states]


def highest_of(database: Path, shard: int) -> dict[str, int]:
    """Return the highest numbers of a shard's range that the tables of an archive have, or had. Raises MorgueError."""
    with closing(connect(database)) as db:
        return highest_numbers(db, shard)


def must_be_whole(before: Sequence[Path], after: Sequence[Path], name: Path) -> None:
    """Check that each row is in some of the databases `after`, and none that was not before. Raises MorgueError."""
    for table in NUMBERED_TABLES:
        differing = _numbers_in(before, table) ^ _numbers_in(after, table)
        if differing:
            what = f"{counted(len(differing), 'row')} of {table}, such as number {min(differing)}"
            cause = f"{what}, would be in the archive and not in the fleet, or the other way round"
            raise MorgueError(str(name), cause, "the archive is as it was; report this mistake of Newsmorgue")


def _numbers_in(databases: Iterable[Path], table: str) -> set[int]:
    found: set[int] = set()
    for database in databases:
        with closing(connect(database)) as db:
            found.update(row[0] for row in ask(db, f"SELECT id FROM {table}"))  # noqa: S608 (our own names)
    return found
