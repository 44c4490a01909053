"""Keep the write-ahead log of a database small while others read it.

SQLite copies the log into the database after each commit, as far as readers allow, and begins it anew when no reader
needs it. If readers overlap all the time, that moment never comes, and the log grows for as long as the crawl runs
(sqlite.org/wal.html, "Avoiding Excessively Large WAL Files"). So a writer waits for that moment now and then, briefly,
unless a reader stays for long.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from pathlib import Path

from pipelines.core.archive_layout import side_files
from pipelines.database.connection import WRITE_BUSY_SECONDS

logger = logging.getLogger("morgue.archive")

LARGE_LOG_BYTES = 16_000_000  # from which on a writer waits for readers; SQLite begins anew at 4 MB if it may
WAIT_SECONDS = 1.0  # for readers to end; those that begin meanwhile are not waited for
LONG_READER_SECONDS = 2.0  # a reader that is there for longer is not waited for
RETRY_SECONDS = 5.0  # between two attempts


class LogCheckpoint:
    """Empty the log of one database. Used on the writing thread, after each commit."""

    def __init__(self, database: Path, db: sqlite3.Connection) -> None:
        self._db, self._log = db, side_files(database)[0]
        self._ends: deque[tuple[int, float]] = deque()  # of recent commits: frames in the log, and when
        self._tried = -RETRY_SECONDS  # seconds, of the monotonic clock

    def run_if_large(self) -> None:
        """Empty the log if it is large and readers leave in time. Raises sqlite3.Error, as of a full disk."""
        now = time.monotonic()
        if not self._log.exists() or (size := self._log.stat().st_size) < LARGE_LOG_BYTES:
            return
        if self._oldest_reader(now) > LONG_READER_SECONDS or now - self._tried < RETRY_SECONDS:
            return
        self._tried = now
        self._db.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000:.0f}")
        try:
            is_busy, _, _ = self._checkpoint("TRUNCATE")
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {WRITE_BUSY_SECONDS * 1000:.0f}")
        result = "stays: it is being read" if is_busy else "is empty"
        about = {"size": size, "result": result, "seconds": time.monotonic() - now}
        logger.debug("the write-ahead log of %(size)d bytes %(result)s (seconds: %(seconds).3f)", about)

    def _oldest_reader(self, now: float) -> float:
        """Return how long the oldest reader has been there at least, in seconds, as far as commits show it."""
        _, frames, copied = self._checkpoint("PASSIVE")
        if self._ends and frames < self._ends[-1][0]:  # the log began anew
            self._ends.clear()
        self._ends.append((frames, now))
        while self._ends and self._ends[0][0] <= copied:
            self._ends.popleft()
        return now - self._ends[0][1] if self._ends else 0.0

    def _checkpoint(self, mode: str) -> tuple[bool, int, int]:
        """Copy the log into the database. Return whether others kept it from that, its frames, and those copied."""
        try:
            busy, frames, copied = self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_LOCKED:
                raise
            return True, 0, 0  # a query of our own is not read to its end
        return bool(busy), frames, copied
