"""Sort any number of lines. SQLite does it in a private temporary file, which disappears at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pipelines.core.errors import MorgueError, read_error

BATCH_LINES = 1000  # lines per INSERT


class SortedLines:
    """Take lines in any order and yield them sorted by their bytes. Memory is SQLite's page cache, a few MB."""

    def __init__(self) -> None:
        # A database without a name is private, and goes to disk when it outgrows the cache.
        self._db = sqlite3.connect("", isolation_level=None)
        self._waiting: list[tuple[bytes]] = []
        self._do("PRAGMA journal_mode = OFF")
        self._do("CREATE TABLE line (text BLOB NOT NULL)")
        self._do("BEGIN")

    def add(self, line: bytes) -> None:
        """Take one line, with or without its line end. Raises DiskFull."""
        self._waiting.append((line,))
        if len(self._waiting) >= BATCH_LINES:
            self._flush()

    def __iter__(self) -> Iterator[bytes]:
        self._flush()
        try:
            for (line,) in self._db.execute("SELECT text FROM line ORDER BY text"):
                yield line
        except sqlite3.DatabaseError as error:
            raise _explained(error) from error

    def __enter__(self) -> SortedLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()

    def _flush(self) -> None:
        try:
            self._db.executemany("INSERT INTO line VALUES (?)", self._waiting)
        except sqlite3.DatabaseError as error:
            raise _explained(error) from error
        self._waiting.clear()

    def _do(self, sql: str) -> None:
        try:
            self._db.execute(sql)
        except sqlite3.DatabaseError as error:
            raise _explained(error) from error


def _explained(error: sqlite3.DatabaseError) -> MorgueError:
    return read_error(error, Path("the temporary file for sorting"))
