"""Keep an archive open for the view: open it again when its database was replaced, and end what takes too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from exports.python_api.archive import Archive
from exports.python_api.connections import DatabaseReplaced
from pipelines.core.errors import MorgueError

T = TypeVar("T")

MAX_SECONDS = 20.0  # wall seconds of one answer that are spent in the database
STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine, about a millisecond


class TookTooLong(MorgueError):
    """Report that an answer would take longer than a reader waits."""


class ServedArchive:
    """Hold the archive that is served. All threads share it; `Archive` gives each a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises NoArchive and other MorgueErrors."""
        self.path = path
        self._lock = threading.Lock()
        self._archive = Archive(path)

    def ask(self, question: Callable[[Archive], T]) -> T:
        """Return the answer of the archive. Raises TookTooLong, and what the question raises."""
        archive = self._archive
        try:
            return _in_time(archive, question)
        except DatabaseReplaced:
            with self._lock:
                if self._archive is archive:  # no other thread was faster
                    self._archive = Archive(self.path)
            return _in_time(self._archive, question)

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def _in_time(archive: Archive, question: Callable[[Archive], T]) -> T:
    end = time.monotonic() + MAX_SECONDS
    connection = archive.connection
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
    try:
        return question(archive)
    except DatabaseReplaced:
        raise
    except MorgueError as error:
        if time.monotonic() <= end:
            raise
        cause = f"takes longer than {MAX_SECONDS:.0f} s"
        raise TookTooLong("this question", cause, "ask for fewer articles: a source, a period, more words") from error
    finally:
        connection.set_progress_handler(None, 0)
