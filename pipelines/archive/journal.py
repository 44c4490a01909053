"""Write the journal into the WARC files: rows that no capture can restore, so that the files alone are enough.

Now and then, and before a WARC file is finished, the rows that changed go into a metadata record of JSON lines
(`database.journal_rows`). Records are numbered, and each names the one before it (`Morgue-After`). A crash may take the
last commit of the database and leave its journal records. The next record passes over their numbers and names the last
committed record instead, which makes them void. One commit may change more rows than one record holds: then all of its
records but the last say that more follow (`Morgue-More`), and count only together. Each record also names its archive,
because a WARC file of another archive may be among ours.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pipelines.core.items import DatabaseState
from pipelines.core.timestamps import fine_stamp, now
from pipelines.database import journal_rows
from pipelines.warc.record import ARCHIVE_FIELD, WarcFields, WarcRecord, digest, new_id

MEDIA_TYPE = "application/x-ndjson"
NUMBER = "Morgue-Journal"  # header: number of the record
AFTER = "Morgue-After"  # header: number of the previous committed record; if absent, this number minus one
MORE = "Morgue-More"  # header: more records of the same commit follow
MIN_CHANGED_ROWS = 500  # rows from which a record is worth writing; many rows compress well
MAX_WAIT_SECONDS = 60.0  # since the last record; after it fewer rows are worth a record, too
MAX_RECORD_ROWS = 5000
MINOR_TABLES = ("crawls", "sources")  # if only these changed, it is not worth a record outside of a run's file
QUEUE_TABLES = ("frontier",)  # if only these and the minor ones changed, it is not worth a new WARC file


class Journal:
    """Collect the journal of one archive while it is written. Used on the writing thread only."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._written = time.monotonic()  # seconds

    def is_due(self) -> bool:
        """Return True if a record is worth writing now."""
        journal_rows.note_captures(self.db)
        if time.monotonic() - self._written >= MAX_WAIT_SECONDS:
            return True
        return journal_rows.has_changes(self.db, number=MIN_CHANGED_ROWS)

    def has_news(self, *, everything: bool = False, new_file: bool = False) -> bool:
        """Return True if changes are worth opening a WARC file for them.

        `everything`: any change is. `new_file`: there is none to continue, so a new one would be made.
        """
        journal_rows.note_captures(self.db)
        besides = () if everything else (*MINOR_TABLES, *QUEUE_TABLES) if new_file else MINOR_TABLES
        return journal_rows.has_changes(self.db, besides=besides)

    def records(self, warcinfo_id: Callable[[], str]) -> Iterator[WarcRecord]:
        """Yield what changed since the last call as WARC records. Commit only after they are durable.

        `warcinfo_id()` is called for each record, and names the file to which it goes.
        """
        self._written = time.monotonic()
        journal_rows.note_captures(self.db)
        archive, after = self.database_state()
        while lines := journal_rows.take_changes(self.db, MAX_RECORD_ROWS):
            number = journal_rows.next_number(self.db)
            header = JournalHeader(number, after, archive, journal_rows.has_changes(self.db))
            yield journal_record(header, lines, warcinfo_id())
            after = number

    def database_state(self) -> DatabaseState:
        """Return which archive this is, and the last journal record whose rows are in the database."""
        return journal_rows.database_state(self.db)


class JournalHeader(NamedTuple):
    """Hold the header fields of a journal record."""

    number: int
    after: int  # number of the previous record that counts; 0: this is the first
    archive: str | None  # id of the archive that wrote it; None: written before archives had ids
    more: bool = False  # it counts only if the next record does


def journal_record(header: JournalHeader, lines: Iterable[str], warcinfo_id: str | None) -> WarcRecord:
    """Return a metadata record (WARC 1.1 section 6.6) with lines of the journal."""
    block = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(now())),
        ("Content-Type", MEDIA_TYPE),
        ("WARC-Block-Digest", digest(block)),
        (NUMBER, str(header.number)),
        (AFTER, str(header.after)),
    ]
    if header.more:
        fields.append((MORE, "1"))
    if header.archive is not None:
        fields.append((ARCHIVE_FIELD, header.archive))
    if warcinfo_id is not None:
        fields.append(("WARC-Warcinfo-ID", warcinfo_id))
    return WarcRecord(WarcFields(fields), block)


def journal_header(fields: WarcFields) -> JournalHeader | None:
    """Return the header of a journal record, or None for any other record."""
    number, after = fields.get(NUMBER) or "", fields.get(AFTER) or ""
    if fields.get("WARC-Type") != "metadata" or not number.isdecimal():
        return None
    before = int(after) if after.isdecimal() else int(number) - 1
    return JournalHeader(int(number), before, fields.get(ARCHIVE_FIELD), fields.get(MORE) is not None)


def valid_records(headers: Sequence[tuple[int, JournalHeader]]) -> list[int]:
    """Return which journal records of one archive count, in the order in which they apply.

    `headers`: (place in the files, header) of each record. The numbers decide on the order, not the files. Archives
    older than `Morgue-After` used a number again that a crash had made void. If a number occurs twice, the order of the
    files decides.

    >>> valid_records([(0, JournalHeader(3, 1, "a")), (1, JournalHeader(1, 0, "a")), (2, JournalHeader(2, 1, "a"))])
    [1, 0]
    """
    numbers = [header.number for _place, header in headers]
    if len(set(numbers)) == len(numbers):
        headers = sorted(headers, key=lambda one: one[1].number)
    valid: list[tuple[int, JournalHeader]] = []
    for place, header in headers:
        while valid and valid[-1][1].number > header.after:
            valid.pop()
        valid.append((place, header))
    while valid and valid[-1][1].more:  # a crash came before the rest of that commit
        valid.pop()
    return [place for place, _header in valid]
