"""Connect to the databases of all shards of a fleet, and say which of them cannot be read."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from exports.python_api.connections import ArchiveConnections, database_file
from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME, has_warc_files
from pipelines.core.errors import ArchiveDamaged, MorgueError, NoArchive
from pipelines.core.plural import counted, verb
from pipelines.database.shards.databases import FleetDatabase
from pipelines.fleet.plan import must_be_still, plan_in


class ShardsLeftOut(UserWarning):
    """Warn that some shards of a fleet cannot be read, so that answers lack what they hold."""


class SiteMoving(UserWarning):
    """Warn that a site is between two shards of a fleet, so that answers may have its articles twice."""


class FleetConnections:
    """Hold the connections to the databases of the shards. They are opened when a question is first asked."""

    def __init__(self, path: Path, shard_paths: Sequence[Path]) -> None:
        self.path = path
        self._paths = tuple(shard_paths)
        self._lock = threading.Lock()
        self._opened: tuple[ArchiveConnections, ...] | None = None
        self._unreadable: dict[Path, MorgueError] = {}
        self._closed = False

    def __reduce__(self) -> tuple[type[FleetConnections], tuple[Path, tuple[Path, ...]]]:
        return FleetConnections, (self.path, self._paths)  # another process opens the fleet for itself

    @property
    def shards(self) -> tuple[ArchiveConnections, ...]:
        """Return those that can be read; a shard that no crawl has begun has none. Raises NoArchive, MorgueError.

        The first call warns of those that cannot be read, and of a site that moves.
        """
        with self._lock:
            if self._closed:
                raise MorgueError(str(self.path), "the archive was closed", "open it again: Archive(...)")
            if self._opened is None:
                self._opened = self._open()
                for path, error in self._unreadable.items():
                    warnings.warn(f"shard {path.name} is left out: {error}", ShardsLeftOut, stacklevel=3)
                if moving := self.moving():
                    warnings.warn(moving, SiteMoving, stacklevel=3)
            return self._opened

    @property
    def unreadable(self) -> Mapping[Path, MorgueError]:
        """Return why shards cannot be read, by their folders. Raises as `shards` does."""
        return self._unreadable if self.shards else {}

    def _open(self) -> tuple[ArchiveConnections, ...]:
        opened: list[ArchiveConnections] = []
        for path in self._paths:
            try:
                opened.append(ArchiveConnections(database_file(path)))
            except MorgueError as error:
                if not _is_empty(path):
                    self._unreadable[path] = error
        if opened:
            return tuple(opened)
        if self._unreadable:
            raise next(iter(self._unreadable.values()))
        cure = "run `morgue crawl` (`morgue add URL` names what to crawl)"
        raise NoArchive(str(self.path), "no articles yet", cure)

    def get(self) -> FleetDatabase:
        """Return this thread's connections. Raises MorgueError."""
        return FleetDatabase([one.get() for one in self.shards])

    def moving(self) -> str:
        """Return which site is between two shards, or was when its move was stopped; "" if none is."""
        plan = plan_in(self.path)
        return "" if plan is None or plan.id else f"{plan.of_move()}: what there is of it may be counted twice"

    def must_be_still(self) -> None:
        """Raise ArchiveLocked if a site is between two shards."""
        must_be_still(self.path)

    def must_be_whole(self, cure: str) -> None:
        """Raise ArchiveDamaged if a shard cannot be read."""
        if unreadable := self.unreadable:
            number = counted(len(unreadable), "shard")
            names = "; ".join(f"{path.name}: {error.cause}" for path, error in unreadable.items())
            raise ArchiveDamaged(str(self.path), f"{number} cannot be read ({names})", cure)

    def close(self) -> None:
        """Close the databases of all shards."""
        with self._lock:
            self._closed = True
            for one in self._opened or ():
                one.close()


def left_out(unreadable: Mapping[Path, MorgueError]) -> str:
    """Return the sentence that says what answers lack."""
    number = len(unreadable)
    return f"{counted(number, 'shard')} could not be read, and what {verb(number, 'it holds', 'they hold')} is missing."


def _is_empty(path: Path) -> bool:
    """Return True for the folder of a shard that no crawl has begun."""
    return (path / SETTINGS_NAME).is_file() and not (path / DATABASE_NAME).exists() and not has_warc_files(path)
