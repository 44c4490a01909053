"""Connect to the databases of all shards of a fleet, and say which of them cannot be read."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME, has_warc_files
from pipelines.core.errors import ArchiveDamaged, MorgueError, NoArchive
from pipelines.core.plural import counted, verb
from pipelines.database.captures import location_of
from pipelines.database.shards.databases import FleetDatabase

if TYPE_CHECKING:
    from exports.python_api.archive import Archive


class ShardsLeftOut(UserWarning):
    """Warn that some shards of a fleet cannot be read, so that answers lack what they hold."""


class FleetConnections:
    """Hold the archive of each shard. They are opened when a question is first asked."""

    def __init__(self, path: Path, shard_paths: Sequence[Path]) -> None:
        self.path = path
        self._paths = tuple(shard_paths)
        self._lock = threading.Lock()
        self._opened: tuple[Archive, ...] | None = None
        self._unreadable: dict[Path, MorgueError] = {}
        self._closed = False

    @property
    def archives(self) -> tuple[Archive, ...]:
        """Return the shards that can be read; one that no crawl has begun is none. Raises NoArchive, MorgueError.

        The first call warns of those that cannot be read.
        """
        with self._lock:
            if self._closed:
                raise MorgueError(str(self.path), "the archive was closed", "open it again: Archive(...)")
            if self._opened is None:
                self._opened = self._open()
                for path, error in self._unreadable.items():
                    warnings.warn(f"shard {path.name} is left out: {error}", ShardsLeftOut, stacklevel=3)
            return self._opened

    @property
    def unreadable(self) -> Mapping[Path, MorgueError]:
        """Return why shards cannot be read, by their folders."""
        try:
            self.archives  # noqa: B018 - opens them
        except MorgueError:
            if not self._unreadable:
                raise
        return self._unreadable

    def _open(self) -> tuple[Archive, ...]:
        from exports.python_api.archive import Archive

        opened: list[Archive] = []
        for path in self._paths:
            try:
                opened.append(Archive(path))
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
        return FleetDatabase([one.connection for one in self.archives])

    def holder(self, row: Mapping[str, Any]) -> Archive:
        """Return the shard that holds the record of a row. Raises ArchiveDamaged."""
        for one in self.archives:
            if location_of(one.connection, row["warc_record_id"]) is not None:
                return one
        raise ArchiveDamaged(row["warc_record_id"], "no shard has this record any more", "ask for its article again")

    def must_be_whole(self, cure: str) -> None:
        """Raise ArchiveDamaged if a shard cannot be read."""
        if unreadable := self.unreadable:
            number = counted(len(unreadable), "shard")
            names = "; ".join(f"{path.name}: {error.cause}" for path, error in unreadable.items())
            raise ArchiveDamaged(str(self.path), f"{number} cannot be read ({names})", cure)

    def close(self) -> None:
        """Close all shards."""
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
