"""Check the references between the WARC files of an archive: ids that occur twice, and references that lead nowhere.

The ids of all records are held in a temporary database, which SQLite moves to disk as it grows: some thirty bytes per
record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import repeat

from pipelines.verification.findings import Finding
from pipelines.verification.warc_check import InspectionResult, short_hash
from pipelines.warc.digests import parse_digest, payload_matches, same_digest
from pipelines.warc.reader import StoredRecord, members
from pipelines.warc.storage import WarcStorage

TABLES = """
CREATE TABLE records (id INTEGER, payload INTEGER, file TEXT, offset INTEGER);
CREATE TABLE imported (file TEXT, offset INTEGER, PRIMARY KEY (file, offset)) WITHOUT ROWID;
CREATE TABLE links (target INTEGER, payload INTEGER, stated TEXT, id TEXT, name TEXT, file TEXT, offset INTEGER);
"""
DUPLICATE_IDS = """
SELECT r.file, r.offset, f.file AS first_file, f.offset AS first_offset,
       (r.file, r.offset) IN imported OR (f.file, f.offset) IN imported AS imported FROM records r
  JOIN (SELECT id, min(rowid) AS first FROM records GROUP BY id HAVING count(*) > 1) d ON d.id = r.id
  JOIN records f ON f.rowid = d.first WHERE r.rowid > d.first AND r.id <> :none ORDER BY r.file, r.offset
"""
DANGLING = """
SELECT file, offset, name, id FROM links WHERE target NOT IN (SELECT id FROM records) ORDER BY file, offset
"""
REVISITS_OF_OTHER_PAYLOADS = """
SELECT l.file, l.offset, l.stated, l.id, r.file AS target_file, r.offset AS target_offset
  FROM links l JOIN records r ON r.id = l.target
 WHERE l.stated IS NOT NULL AND l.payload <> r.payload ORDER BY l.file, l.offset
"""
FIELDS_OF_COPIES = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI")  # that two copies share


class RecordReferences:
    """Hold the ids and references of an archive's records."""

    def __init__(self, storage: WarcStorage, *, is_shard: bool = False) -> None:
        """`is_shard`: of a fleet, so that records may have come from another shard with their warcinfo."""
        self.storage, self.is_shard = storage, is_shard
        self._db = sqlite3.connect("", isolation_level=None)  # a temporary file
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + TABLES)

    def add(self, result: InspectionResult) -> None:
        """Add the records of one file."""
        name = result.task.name
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)",
                             zip(result.ids, result.payloads, repeat(name), result.offsets))  # fmt: skip
        self._db.executemany("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?, ?)", (
            (short_hash(one.target), short_hash(one.payload) if one.payload else None, one.payload, one.target,
             one.name, name, one.offset) for one in result.references))  # fmt: skip
        self._db.executemany("INSERT OR IGNORE INTO imported VALUES (?, ?)", zip(repeat(name), result.imported))
        self._db.execute("COMMIT")

    def findings(self) -> Iterator[Finding]:
        """Yield ids that occur twice, references that lead nowhere, and revisits of another payload than they say."""
        self._db.execute("CREATE INDEX records_id ON records(id)")
        for row in self._db.execute(DUPLICATE_IDS, {"none": short_hash("")}):
            place, first = (row["file"], row["offset"]), (row["first_file"], row["first_offset"])
            if self._came_so(place, first) if row["imported"] else self._is_moved_warcinfo(place, first):
                continue
            where = f"warc/{row['first_file']} at byte {row['first_offset']}"
            yield Finding(f"warc/{row['file']}", row["offset"], "twice", f"{where} has the same WARC-Record-ID")
        for row in self._db.execute(DANGLING):
            what = f"{row['name']}: {row['id']} is in no file of the archive"
            yield Finding(f"warc/{row['file']}", row["offset"], "link", what)
        for row in self._db.execute(REVISITS_OF_OTHER_PAYLOADS):
            if not self._has_payload(row["target_file"], row["target_offset"], row["stated"]):
                what = f"its payload digest {row['stated']} is not that of {row['id']}"
                where = f"warc/{row['target_file']} at byte {row['target_offset']}"
                yield Finding(f"warc/{row['file']}", row["offset"], "revisit", f"{what} ({where})")

    def _came_so(self, *places: tuple[str, int]) -> bool:
        """Return True if two records, one of them imported and not a capture, came with one id, and nothing is lost.

        Either they are the same: earlier versions copied a warcinfo record with each imported file, and a request is
        copied again with its answer if only the answer was lost. Or one is a request: some programs number the requests
        of each file from the beginning, or give a request the id of its answer.
        """
        one, other = (self._read(*place) for place in places)
        if "request" in (one.headers.get("WARC-Type"), other.headers.get("WARC-Type")):
            return True
        same = all(one.headers.get(name) == other.headers.get(name) for name in FIELDS_OF_COPIES)
        return same and one.block == other.block

    def _is_moved_warcinfo(self, *places: tuple[str, int]) -> bool:
        """Return True if two records are copies of one warcinfo record, which records from another shard name."""
        if not self.is_shard:
            return False
        one, other = (self._read(*place) for place in places)
        return one.headers.get("WARC-Type") == "warcinfo" and one.headers == other.headers and one.block == other.block

    def _has_payload(self, file: str, offset: int, stated: str) -> bool:
        """Return True if a record's payload, or its body as stored, has this digest, or if the record declares it."""
        record = self._read(file, offset)
        if same_digest(stated, record.headers.get("WARC-Payload-Digest") or ""):
            return True
        try:
            wanted = parse_digest(stated)
        except ValueError:
            return False
        return wanted is None or payload_matches(wanted, record.headers.first, record.block)

    def _read(self, file: str, offset: int) -> StoredRecord:
        with self.storage.open(file) as data:
            return next(members(data, offset, offset + 1))

    def close(self) -> None:
        """Delete the temporary database."""
        self._db.close()
