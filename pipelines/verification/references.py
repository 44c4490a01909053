"""Who refers to whom across the WARC files of an archive: every record's id, and the references still to be answered.

In a temporary database that SQLite moves to disk as it grows; some thirty bytes a record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import repeat

from pipelines.verification.findings import Finding
from pipelines.verification.warc_check import InspectionResult, short
from pipelines.warc.digests import parse_digest, payload_matches
from pipelines.warc.reader import StoredRecord, members
from pipelines.warc.storage import WarcStorage

TABLES = """
CREATE TABLE records (id INTEGER, payload INTEGER, file TEXT, offset INTEGER);
CREATE TABLE adopted (file TEXT, offset INTEGER, PRIMARY KEY (file, offset)) WITHOUT ROWID;
CREATE TABLE links (target INTEGER, payload INTEGER, stated TEXT, id TEXT, name TEXT, file TEXT, offset INTEGER);
"""
TWICE = """
SELECT r.file, r.offset, f.file AS first_file, f.offset AS first_offset,
       (r.file, r.offset) IN adopted OR (f.file, f.offset) IN adopted AS adopted FROM records r
  JOIN (SELECT id, min(rowid) AS first FROM records GROUP BY id HAVING count(*) > 1) d ON d.id = r.id
  JOIN records f ON f.rowid = d.first WHERE r.rowid > d.first AND r.id <> :none ORDER BY r.file, r.offset
"""
DANGLING = """
SELECT file, offset, name, id FROM links WHERE target NOT IN (SELECT id FROM records) ORDER BY file, offset
"""
DOUBTFUL = """
SELECT l.file, l.offset, l.stated, l.id, r.file AS there, r.offset AS at FROM links l JOIN records r ON r.id = l.target
 WHERE l.stated IS NOT NULL AND l.payload <> r.payload ORDER BY l.file, l.offset
"""
SAME = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI")


class RecordReferences:
    """The references of an archive."""

    def __init__(self, storage: WarcStorage) -> None:
        self.storage = storage
        self._db = sqlite3.connect("", isolation_level=None)  # a temporary file
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + TABLES)

    def add(self, seen: InspectionResult) -> None:
        """What one task saw."""
        name = seen.task.name
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)",
                             zip(seen.ids, seen.payloads, repeat(name), seen.offsets))  # fmt: skip
        self._db.executemany("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?)", (
            (short(link.target), short(link.payload) if link.payload else None, link.payload, link.target, link.name,
             name, link.offset) for link in seen.links))  # fmt: skip
        self._db.executemany("INSERT OR IGNORE INTO adopted VALUES (?, ?)", zip(repeat(name), seen.adopted))
        self._db.execute("COMMIT")

    def findings(self) -> Iterator[Finding]:
        """Ids that occur twice, references that lead nowhere, revisits of another body than they say."""
        self._db.execute("CREATE INDEX records_id ON records(id)")
        for row in self._db.execute(TWICE, {"none": short("")}):
            here, there = (row["file"], row["offset"]), (row["first_file"], row["first_offset"])
            if row["adopted"] and self._are_copies(here, there):
                continue
            where = f"warc/{row['first_file']} at byte {row['first_offset']}"
            yield Finding(f"warc/{row['file']}", row["offset"], "twice", f"{where} has the same WARC-Record-ID")
        for row in self._db.execute(DANGLING):
            what = f"{row['name']}: {row['id']} is in no file of the archive"
            yield Finding(f"warc/{row['file']}", row["offset"], "link", what)
        for row in self._db.execute(DOUBTFUL):
            if not self._same_payload(row["there"], row["at"], row["stated"]):
                what = f"its payload digest {row['stated']} is not that of {row['id']}"
                where = f"warc/{row['there']} at byte {row['at']}"
                yield Finding(f"warc/{row['file']}", row["offset"], "revisit", f"{what} ({where})")

    def _are_copies(self, *places: tuple[str, int]) -> bool:
        """Whether two records, one of them imported and no capture, are the same. A warcinfo record came in with each
        file in versions before; a request comes again with its answer if that alone was lost."""
        here, there = (self._read(*place) for place in places)
        same = all(here.headers.get(name) == there.headers.get(name) for name in SAME)
        return same and here.block == there.block

    def _same_payload(self, file: str, offset: int, stated: str) -> bool:
        """Whether a record's payload has a digest of some other kind than ours, or of the body as it is stored."""
        record = self._read(file, offset)
        try:
            wanted = parse_digest(stated)
        except ValueError:
            return False
        return wanted is None or payload_matches(wanted, record.headers.first, record.block)

    def _read(self, file: str, offset: int) -> StoredRecord:
        with self.storage.open(file) as data:
            return next(members(data, offset, offset + 1))

    def close(self) -> None:
        """The temporary file goes."""
        self._db.close()
