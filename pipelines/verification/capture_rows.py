"""Compare rows of `captures` with the records that they point at. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture
from pipelines.core.timestamps import fine_stamp
from pipelines.database.columns import capture_row
from pipelines.database.connection import ask, connect
from pipelines.warc.record import digest

COMPARED_COLUMNS: tuple[str, ...] = (
    "time", "record_id", "record_type", "url", "length", "status", "block_digest", "payload_digest", "refers_to",
    "declared_digest", "kind", "ip", "error", "signals",
)  # fmt: skip
# Of a capture that an earlier version imported, these may be NULL, or of a revisit the digest of no bytes: not known.
UNKNOWN_OF_IMPORTS = ("payload_digest", "declared_digest")
SIGNALS_SINCE = "SELECT applied_at FROM _sqlite_migrations WHERE name = 'm003_archive' LIMIT 1"
NOT_KNOWN = (None, digest(b""))


class CaptureRows:
    """Hold the rows of `captures` that point into a stretch of a file, as they were before its bytes were read."""

    def __init__(self, database: Path | None, file: str, start: int, end: int) -> None:
        """`database`: None if there are no rows to compare with. `start`, `end`: of the stretch, offsets."""
        self.known = False  # False: there are no rows to compare with
        self.compared = COMPARED_COLUMNS  # without columns that the database of this archive does not have yet
        self.signals_since = ""  # rows of earlier captures have no signals
        self._by_offset: dict[int, list[sqlite3.Row]] = {}
        if database is None:
            return
        try:
            with closing(connect(database)) as db:
                columns = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('captures')")}
                if "signals" in columns:
                    since = next(ask(db, SIGNALS_SINCE), None)
                    self.signals_since = fine_stamp(datetime.fromisoformat(since["applied_at"])) if since else ""
                self.compared = tuple(name for name in COMPARED_COLUMNS if name in columns)
                sql = f"SELECT id, offset, {', '.join(self.compared)} FROM captures"  # noqa: S608 our own names
                where = " WHERE file = ? AND offset >= ? AND offset < ? ORDER BY offset"
                for row in ask(db, sql + where, (file, start, end)):
                    self._by_offset.setdefault(row["offset"], []).append(row)
            self.known = True
        except MorgueError:  # the check of the database reports it
            self._by_offset.clear()

    def differing(self, row: sqlite3.Row, capture: Capture, date: str) -> list[str]:
        """Return how a row differs from its record, a text for each column. `date`: WARC-Date as written."""
        values = capture_row(capture) | {"time": date}
        return [
            f"{name} is {row[name]!r}, in the record {values[name]!r}"
            for name in self.compared
            if not (_same(row[name], values[name]) or self._is_unknown(name, row[name], capture))
        ]

    def _is_unknown(self, column: str, of_row: object, capture: Capture) -> bool:
        """Return True if an earlier version, which filed the row, did not know this of the capture."""
        if column == "kind":
            return capture.kind == "page"  # also of a record that does not say
        if column == "signals":
            return of_row == "[]" and capture.imported is None and fine_stamp(capture.time) < self.signals_since
        return of_row in NOT_KNOWN and column in UNKNOWN_OF_IMPORTS and capture.imported is not None

    def take(self, offset: int) -> list[sqlite3.Row]:
        """Remove and return the rows that point at an offset."""
        return self._by_offset.pop(offset, [])

    def take_within(self, start: int, end: int) -> list[sqlite3.Row]:
        """Remove and return the rows that point between two offsets."""
        return [row for offset in sorted(self._by_offset) if start <= offset < end for row in self.take(offset)]

    def rest(self) -> Iterator[sqlite3.Row]:
        """Yield the rows that were not taken."""
        for rows in self._by_offset.values():
            yield from rows


def _same(of_row: object, of_record: object) -> bool:
    if of_row == of_record:
        return True
    if not isinstance(of_row, str) or not isinstance(of_record, str):
        return False
    return _normalized_time(of_row) == _normalized_time(of_record) != ""


def _normalized_time(text: str) -> str:
    """Return a time in one spelling; "" for any other text."""
    try:
        return fine_stamp(datetime.fromisoformat(text))
    except ValueError:
        return ""
