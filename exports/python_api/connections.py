"""Connect to the database of an archive from any thread and process, for reading."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME
from pipelines.core.errors import MorgueError, NoArchive, os_errors
from pipelines.database.connection import connect, missing_database
from pipelines.fleet.layout import fleet_above, lost_shard


class DatabaseReplaced(MorgueError):
    """Report that a database was replaced while it was open, as `morgue rebuild` does."""


class ArchiveConnections:
    """Hold one connection for each thread that asks; raise MorgueError after `close`.

    A connection is made when a thread first asks. A process that was forked makes its own: SQLite forbids sharing them.
    """

    def __init__(self, path: Path) -> None:
        """Open `morgue.db`. Raises NoArchive, ArchiveDamaged, ArchiveLocked and other MorgueErrors."""
        self.path = path
        self._lock = threading.Lock()
        self._open = {_here(): connect(path)}  # by process and thread, whose numbers are used again
        self._closed = False
        self._file = self._file_now()

    def __reduce__(self) -> tuple[type[ArchiveConnections], tuple[Path]]:
        return ArchiveConnections, (self.path,)  # another process opens the archive for itself

    def get(self) -> sqlite3.Connection:
        """Return the connection of this thread. Raises MorgueError if it was closed, or the database was replaced."""
        key = _here()
        with self._lock:
            if self._closed:
                raise MorgueError(str(self.path.parent), "the archive was closed", "open it again: Archive(...)")
            if self._file_now() != self._file:
                cause = "the database was replaced, as `morgue rebuild` does, so numbers may mean other articles"
                raise DatabaseReplaced(str(self.path), cause, "open it again: Archive(...)")
            if key not in self._open:
                self._open[key] = connect(self.path)
            return self._open[key]

    def _file_now(self) -> tuple[int, int]:
        """Return the device and inode of the database. Raises NoArchive, ArchiveDamaged."""
        try:
            with os_errors(str(self.path)):
                status = self.path.stat()
        except MorgueError:
            if not self.path.exists():
                raise missing_database(self.path) from None
            raise
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Close all connections of this process. Iterators that are not at their end raise MorgueError."""
        with self._lock:
            self._closed = True
            for (process, _), db in self._open.items():
                if process == os.getpid():
                    db.close()
            self._open.clear()


def _here() -> tuple[int, int]:
    """Return the numbers of this process and thread."""
    return os.getpid(), threading.get_ident()


def database_file(path: Path) -> Path:
    """Return the database that a user means by an archive folder or by the file itself. Raises MorgueError."""
    if path.is_dir():
        file = path / DATABASE_NAME
        if not os.path.lexists(file) and not os.path.lexists(path / SETTINGS_NAME):
            if fleet_above(path) is not None:
                raise lost_shard(path)
            cause = f"is a folder without {SETTINGS_NAME}, which is not an archive"
            raise NoArchive(str(path), cause, f"name the folder of an archive, or its {DATABASE_NAME}")
        return file
    if not os.path.lexists(path):
        if fleet_above(path) is not None:
            raise lost_shard(path)
        raise NoArchive(str(path), "does not exist", f"name the folder of an archive, or its {DATABASE_NAME}")
    return path
