"""Keep an archive open for the view: open it again when its database was replaced, and end what takes too long."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from exports.python_api.archive import Archive
from exports.python_api.connections import DatabaseReplaced
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, MorgueError, from_os_error, read_error
from pipelines.database.connection import applied_migrations
from pipelines.database.schema import newest

T = TypeVar("T")

MAX_SECONDS = 20.0  # wall seconds of one answer that are spent in the database
STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, about a millisecond
MAX_REPLACED = 3  # times that the database may be replaced while one question is asked


class TookTooLong(MorgueError):
    """Report that an answer would take longer than a reader waits."""


@dataclass(slots=True)
class OpenedArchive:
    """Hold an archive, and how many ask it."""

    archive: Archive
    users: int = 0


class ServedArchive:
    """Hold the archive that is served. All threads share it; `Archive` gives each a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises NoArchive, ArchiveDamaged (of another version) and other MorgueErrors."""
        self.path = path
        self._lock = threading.Lock()
        self._opened = OpenedArchive(_newest(path))
        self._is_stopping = threading.Event()

    def ask(self, question: Callable[[Archive], T]) -> T:
        """Return the answer of the archive. Raises TookTooLong, and what the question raises, as `told` has it."""
        with self.told():
            for _ in range(MAX_REPLACED):
                try:
                    with self.opened() as archive:
                        return _in_time(archive, question, self._is_stopping)
                except DatabaseReplaced as error:
                    replaced = error
                    self._open_again(archive)
            raise replaced

    @contextmanager
    def opened(self) -> Iterator[Archive]:
        """Give the archive for a longer work. It stays open until the block ends, also if its database is replaced."""
        with self._lock:
            opened = self._opened
            opened.users += 1
        try:
            yield opened.archive
        finally:
            with self._lock:
                opened.users -= 1
                is_done = opened is not self._opened and not opened.users
            if is_done:
                opened.archive.close()

    def _open_again(self, replaced: Archive) -> None:
        """Open the database that took the place of another one, unless another thread did. The last user closes it."""
        with self._lock:
            before = self._opened
            if before.archive is not replaced:
                return
            self._opened = OpenedArchive(_newest(self.path))
            is_done = not before.users
        if is_done:
            replaced.close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise errors of the block as readers may see them: MorgueErrors, with names relative to the archive.

        An error of another kind than those of SQLite and of the system is our fault, and is raised as it is.
        """
        try:
            yield
        except MorgueError as error:
            for name in ("subject", "cause", "cure"):
                setattr(error, name, self.without_path(getattr(error, name)))
            raise
        except sqlite3.DatabaseError as error:
            raise read_error(error, Path(DATABASE_NAME)) from error
        except OSError as error:
            raise from_os_error(error, self.without_path(str(error.filename or DATABASE_NAME))) from error

    def without_path(self, text: str) -> str:
        """Return a text without where the archive is on the disk."""
        for folder in sorted({str(self.path.absolute()), str(self.path.resolve())}, key=len, reverse=True):
            text = text.replace(f"{folder}/", "").replace(folder, "the archive")
        return text

    def stop(self) -> None:
        """End what is asked, so that the server can stop."""
        self._is_stopping.set()

    def close(self) -> None:
        """Close the archive."""
        self._opened.archive.close()


def _newest(path: Path) -> Archive:
    """Open an archive. Raises ArchiveDamaged if an older version wrote it, because most pages would be errors."""
    archive = Archive(path)
    if set(newest.MIGRATIONS) - set(applied_migrations(archive.connection)):
        archive.close()
        subject, cure = str(archive.path / DATABASE_NAME), "`morgue upgrade` brings it up to date"
        raise ArchiveDamaged(subject, "written by an older version of Newsmorgue", cure)
    return archive


def _in_time(archive: Archive, question: Callable[[Archive], T], is_stopping: threading.Event) -> T:
    end = time.monotonic() + MAX_SECONDS
    connection = archive.connection
    connection.set_progress_handler(lambda: time.monotonic() > end or is_stopping.is_set(), STEPS_BETWEEN_LOOKS)
    try:
        return question(archive)
    except DatabaseReplaced:
        raise
    except (MorgueError, sqlite3.OperationalError) as error:
        if time.monotonic() <= end:
            raise
        cause = f"takes longer than {MAX_SECONDS:.0f} s"
        raise TookTooLong("this question", cause, "ask for fewer articles: a source, a period, more words") from error
    finally:
        connection.set_progress_handler(None, 0)
