"""Build a staging database from an archive's WARC files: all rows, with texts that are still to be read.

The files are scanned into staging tables (captures, journal, tombstones), then the journal is replayed. The staging
database is beside the archive's database under another name. If a run is interrupted, the next one goes on where it
stopped, provided that the files are still the same.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.archive import journal
from pipelines.core.archive_layout import REBUILDING_SUFFIX, side_files
from pipelines.core.errors import ArchiveDamaged, MorgueError, os_errors
from pipelines.core.items import Source
from pipelines.core.worker_pool import WorkerPool
from pipelines.database import journal_rows
from pipelines.database.captures import FILL_FROM_RESPONSES
from pipelines.database.columns import CAPTURE_COLUMNS
from pipelines.database.connection import open_database, open_read_only
from pipelines.database.schema.numbers import new_ids
from pipelines.rebuild.warc_scan import FileScan, scan
from pipelines.warc import manifest
from pipelines.warc.reader import read_block
from pipelines.warc.storage import WarcStorage

logger = logging.getLogger("morgue.rebuild")

STAGING = f"""
CREATE TABLE scanned (file TEXT PRIMARY KEY, number INTEGER NOT NULL, archive TEXT) STRICT;
CREATE TABLE found_captures (at INTEGER PRIMARY KEY, {", ".join(f"{name} ANY" for name in CAPTURE_COLUMNS)}) STRICT;
CREATE TABLE journal_records (at INTEGER PRIMARY KEY, number INTEGER NOT NULL, after INTEGER NOT NULL, archive TEXT,
                              more INTEGER NOT NULL, file TEXT, offset INTEGER, length INTEGER) STRICT;
CREATE TABLE unread (revision_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE damage (file TEXT, offset INTEGER, length INTEGER, why TEXT) STRICT;
CREATE TABLE tombstones (url TEXT, time TEXT, reason TEXT, is_part INTEGER, file TEXT) STRICT;
CREATE TABLE changed_texts (revision_id INTEGER PRIMARY KEY, extractor TEXT, reading_id INTEGER) STRICT;
CREATE TABLE lost (url TEXT, why TEXT) STRICT;
CREATE TABLE manifest_lines (at INTEGER PRIMARY KEY, file TEXT, size INTEGER, sha256 TEXT, records INTEGER,
                             captures INTEGER, first TEXT, last TEXT) STRICT;
CREATE TABLE unmentioned (capture_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE step (name TEXT NOT NULL, files TEXT NOT NULL) STRICT;
{journal_rows.PLACED_TABLE}
CREATE UNIQUE INDEX placed_at ON placed(file, offset);
"""
STAGING_TABLES = ("scanned", "found_captures", "journal_records", "damage", "tombstones", "changed_texts", "lost",
                  "manifest_lines", "unread", "unmentioned", "step", "placed")  # fmt: skip
FOREIGN_FILES = "(SELECT file FROM scanned WHERE archive != (SELECT archive FROM journal))"
OWN_FILE = f"file NOT IN {FOREIGN_FILES}"  # a condition: not a file of another archive


@dataclass
class RebuildReport:
    """Count what a rebuild found and made."""

    files: int = 0
    captures: int = 0
    articles: int = 0
    revisions: int = 0
    changed_texts: int = 0  # texts that this version reads differently from the extractor that read them first
    kept_readings: int = 0  # earlier readings that the old database had, and that are in `readings` now
    # extractor -> number of changed texts that it had read, and that are kept nowhere
    extractors: dict[str, int] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)  # (URL, why): revisions without a text
    damaged: list[tuple[str, int, int, str]] = field(default_factory=list)  # file, offset, length, why
    unmentioned: int = 0  # captures that no journal record mentions: it was not written yet when the database was lost
    filed: int = 0  # articles that were read from these
    removed_copies: int = 0  # pages among these that say that they are copies of one that was taken down
    missing: list[str] = field(default_factory=list)  # files that the manifest lists and that are not there
    foreign: list[str] = field(default_factory=list)  # files that another archive wrote
    listed: int = 0  # files that were entered in the manifest
    notes: list[str] = field(default_factory=list)  # sentences for the user
    old_database: Path | None = None  # where the previous database is now


OnProgress = Callable[[str, int, int], object]  # step, done, of how many
SourceFinder = Callable[[str], Source | None]


class StagingDatabase:
    """Do the steps of a rebuild that read no page. The caller holds the archive's lock."""

    def __init__(
        self,
        database: Path,
        warc: WarcStorage,
        sources: Mapping[str, Source],
        source_of: SourceFinder,
        on_progress: OnProgress,
    ) -> None:
        """`sources`: sources that have a file, by name. `source_of(url)`: the one of these that covers an address."""
        self.database, self.warc, self.sources = database, warc, sources
        self.source_of, self.on_progress = source_of, on_progress
        self.part = database.with_name(database.name + REBUILDING_SUFFIX)
        self.result = RebuildReport()
        self._entries: dict[str, manifest.ManifestEntry] = {}
        self.db: sqlite3.Connection
        self._old_db: sqlite3.Connection | None = None  # the archive's present database

    # Begin, and go on

    def _open(self) -> None:
        """Begin, or go on where an earlier run was interrupted if the WARC files are still the same."""
        files = self._files()
        self.result.files = len(files)
        lines = [self._status_line(name) for name in files]
        state = sha256("\n".join([STAGING, *lines]).encode()).hexdigest()  # another version has other tables
        if self.part.exists():
            self.db = _connect(self.part)
            row = self._ask("SELECT count(*) FROM sqlite_master WHERE name = 'step'").fetchone()
            if row[0] and self._ask("SELECT files FROM step").fetchone()[0] == state:
                logger.info("an earlier rebuild was interrupted: it goes on")
                return
            logger.info("an earlier rebuild was interrupted, and the WARC files have changed: it begins again")
            self.db.close()
            for path in (self.part, *side_files(self.part)):
                path.unlink(missing_ok=True)
        self.db = _connect(self.part)
        self.db.executescript(STAGING)
        with self.db:
            self.db.execute("INSERT INTO step VALUES ('scan', ?)", (state,))
            rows = [(name, number) for number, name in enumerate(files)]
            self.db.executemany("INSERT INTO scanned (file, number) VALUES (?, ?)", rows)

    def _status_line(self, name: str) -> str:
        with os_errors(self.warc.location(name)):
            status = self.warc.status(name)
        return f"{name} {status.size} {status.modified_ns}"

    def _files(self) -> list[str]:
        """Return the finished files in the order in which they were begun.

        There is one writer, so they were finished in this order too.
        """
        present = set(self.warc.list().finished)
        try:
            self._entries = manifest.load(self._manifest_file)
        except ArchiveDamaged as error:
            self.result.notes.append(f"{error.subject}: {error.cause}; a new manifest is written")
            self._entries = {}
        self.result.missing = [name for name in self._entries if name not in present]
        listed = [name for name in self._entries if name in present]
        return [*listed, *sorted(present - set(listed))]

    @property
    def _manifest_file(self) -> Path:
        return self.database.parent / manifest.NAME

    def _ask(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def _is_at(self, step: str) -> bool:
        return bool(self._ask("SELECT name FROM step").fetchone()[0] == step)

    def _begin_step(self, step: str) -> None:
        logger.info("next step: %(step)s", {"step": step})
        self._ask("UPDATE step SET name = ?", step)

    # The steps

    async def _scan(self, scanners: WorkerPool) -> None:
        """Scan the files into the staging tables. Each file is committed as a whole."""
        if not self._is_at("scan"):
            return
        files = [row["file"] for row in self._ask("SELECT file FROM scanned WHERE number >= 0 ORDER BY number")]
        self.on_progress("scanning", 0, len(files))
        ahead: deque[asyncio.Task[FileScan]] = deque()
        try:
            for done, file in enumerate(files, 1):
                while len(ahead) < scanners.size and done - 1 + len(ahead) < len(files):
                    next_file = files[done - 1 + len(ahead)]
                    ahead.append(asyncio.ensure_future(scanners.run(scan, self.warc, next_file)))
                self._store_scan(file, await ahead.popleft())
                self.on_progress("scanning", done, len(files))
        finally:
            for task in ahead:
                task.cancel()
        with self.db:
            self._begin_step("replay")

    def _store_scan(self, file: str, found: FileScan) -> None:
        names, marks = ", ".join(CAPTURE_COLUMNS), ", ".join(f":{name}" for name in CAPTURE_COLUMNS)
        about = {"file": file, "captures": len(found.captures), "damage": len(found.damaged)}
        logger.info("%(file)s is scanned (captures: %(captures)d, damaged places: %(damage)d)", about)
        with self.db:
            self.db.executemany(f"INSERT INTO found_captures ({names}) VALUES ({marks})", found.captures)  # noqa: S608
            self.db.executemany(
                """INSERT INTO journal_records (number, after, archive, more, file, offset, length)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                [(*place.header, file, place.offset, place.length) for place in found.journal],
            )
            # A negative number says that the file is scanned.
            self._ask("UPDATE scanned SET number = -1 - number, archive = ? WHERE file = ?", found.archive, file)
            self.db.executemany("INSERT INTO damage VALUES (?, ?, ?, ?)", [(file, *one) for one in found.damaged])
            tombstones = [(*one, file) for one in found.tombstones]
            self.db.executemany("INSERT INTO tombstones VALUES (?, ?, ?, ?, ?)", tombstones)
            self.db.execute(
                """INSERT INTO manifest_lines (file, size, sha256, records, captures, first, last)
                   VALUES (:file, :size, :sha256, :records, :captures, :first, :last)""",
                asdict(found.entry),
            )

    def _replay(self) -> None:
        """Replay the journal into the tables of the archive, whose texts stay empty."""
        if not self._is_at("replay"):
            return
        with self.db:
            self._ask("UPDATE journal SET archive = ?", self._archive_id())
            valid = journal.valid_records(headers := self._journal_headers())
            counts = {"valid": len(valid), "void": len(headers) - len(valid)}
            logger.info("the journal is replayed (records: %(valid)d, void: %(void)d)", counts)
            place = "SELECT file, offset, length FROM journal_records WHERE at = ?"
            for done, at in enumerate(valid, 1):
                (file, offset, length) = self._ask(place, at).fetchone()
                journal_rows.apply_lines(self.db, read_block(self.warc, file, offset, length))
                self.on_progress("replaying", done, len(valid))
            self._insert_captures()
            self.db.execute(FILL_FROM_RESPONSES)
            self._drop_rows_without_records()
            self.db.execute("INSERT INTO unread SELECT id FROM revisions")
            self.db.execute("DELETE FROM changes")  # from here on, triggers note what the journal does not have
            if valid:
                self._ask("UPDATE journal SET last = (SELECT number FROM journal_records WHERE at = ?)", valid[-1])
                self._ask(f"UPDATE journal SET used = (SELECT max(number) FROM journal_records WHERE {OWN_FILE})")  # noqa: S608
            self._begin_step("read")

    def _insert_captures(self) -> None:
        """Insert the captures: first those that the journal mentions, with their numbers, then all others."""
        names = ", ".join(CAPTURE_COLUMNS)
        found = ", ".join(f"f.{name}" for name in CAPTURE_COLUMNS)
        self.db.execute(
            f"""INSERT OR IGNORE INTO captures (id, crawl_id, source_id, {names})
                SELECT p.id, p.crawl_id, p.source_id, {found}
                  FROM placed p JOIN found_captures f ON f.file = p.file AND f.offset = p.offset
                 ORDER BY p.id"""  # noqa: S608 (our own names)
        )
        self.db.execute(
            f"""INSERT OR IGNORE INTO captures (id, {names})
                SELECT {new_ids("captures", "f.at")}, {found} FROM found_captures f
                 WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = f.file AND p.offset = f.offset)
                 ORDER BY f.at"""  # noqa: S608 (our own names)
        )

    def _archive_id(self) -> str:
        """Return the id of this archive.

        It is the manifest's; else that of the old database, if a file has it too; else the one that most files have (of
        the files in the manifest, if there is a manifest).
        """
        for entry in reversed(self._entries.values()):
            if entry.archive is not None:
                return entry.archive
        old = self._ask_old("SELECT archive FROM journal")
        rows = self._ask("SELECT file, archive FROM scanned WHERE archive IS NOT NULL ORDER BY number DESC").fetchall()
        if old and old[0] and (not rows or old[0] in {row["archive"] for row in rows}):
            return str(old[0])
        counts = Counter(row["archive"] for row in rows if row["file"] in self._entries or not self._entries)
        return counts.most_common(1)[0][0] if counts else journal_rows.database_state(self.db).archive

    def _journal_headers(self) -> list[tuple[int, journal.JournalHeader]]:
        """Return (key in `journal_records`, header) of the records of this archive, in the order of the files."""
        order = {file: place for place, file in enumerate(self._files_in_order())}
        names = journal.JournalHeader._fields
        query = f"SELECT at, {', '.join(names)}, file FROM journal_records WHERE {OWN_FILE}"  # noqa: S608 (our own names)
        rows = self._ask(query).fetchall()
        rows.sort(key=lambda row: (order[row["file"]], row["at"]))
        return [(row["at"], journal.JournalHeader(*(row[name] for name in names))) for row in rows]

    def _files_in_order(self) -> list[str]:
        """Return the files in the order in which they were written.

        That is the manifest's order. If the manifest does not list them all, it is the order of the first journal
        number in each file, because their names only say what the clock said.
        """
        files = [row["file"] for row in self._ask("SELECT file FROM scanned ORDER BY number DESC")]
        if self._entries.keys() >= set(files):
            return files
        query = f"SELECT file, min(number) AS first FROM journal_records WHERE {OWN_FILE} GROUP BY file"  # noqa: S608
        first = {row["file"]: row["first"] for row in self._ask(query)}
        ranks, rank = {}, 0
        for file in files:
            ranks[file] = rank = first.get(file, rank)
        return sorted(files, key=lambda file: ranks[file])

    def _ask_old(self, sql: str, *values: Any) -> Any:
        """Return a row of the old database; None if there is no such row, or no database that can be read."""
        try:
            if self._old_db is None:
                self._old_db = open_read_only(self.database)
                self._old_db.row_factory = sqlite3.Row
            return self._old_db.execute(sql, values).fetchone()
        except (sqlite3.Error, MorgueError):
            return None

    def _drop_rows_without_records(self) -> None:
        """Delete what the journal says about records that are in no file, and note the articles that this concerns."""
        no_record = "capture_id NOT IN (SELECT id FROM captures)"
        query = f"""SELECT DISTINCT a.url_key FROM articles a LEFT JOIN revisions r ON r.article_id = a.id
                     WHERE r.id IS NULL OR r.{no_record} ORDER BY 1"""  # noqa: S608 (our own names)
        lost = [(row["url_key"], "its record is in no WARC file of this archive") for row in self._ask(query)]
        self.db.executemany("INSERT INTO lost VALUES (?, ?)", lost)
        for name in ("revisions", "sightings"):
            self.db.execute(f"DELETE FROM {name} WHERE {no_record}")  # noqa: S608
        for name in ("readings", "sightings"):
            self.db.execute(f"DELETE FROM {name} WHERE revision_id NOT IN (SELECT id FROM revisions)")  # noqa: S608
        for column in ("capture_id", "last_capture_id", "ended_capture_id"):
            self.db.execute(f"DELETE FROM page_states WHERE {column} NOT IN (SELECT id FROM captures)")  # noqa: S608
        self.db.execute("DELETE FROM articles WHERE id NOT IN (SELECT article_id FROM revisions)")
        self.db.execute("UPDATE page_states SET article_id = NULL WHERE article_id NOT IN (SELECT id FROM articles)")
        self.db.execute("DELETE FROM aliases WHERE article_id NOT IN (SELECT id FROM articles)")
        self.db.execute(
            f"""UPDATE articles SET (revision, capture_id) =
                    (SELECT number, capture_id FROM revisions WHERE article_id = articles.id
                      ORDER BY number DESC LIMIT 1) WHERE {no_record}"""  # noqa: S608
        )


def _connect(path: Path) -> sqlite3.Connection:
    """Open the staging database with rows that can be read by name, and without foreign keys.

    Rows come before the rows that they refer to. The references are checked at the end.
    """
    db = open_database(path)
    db.isolation_level = "DEFERRED"
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = OFF")
    return db
