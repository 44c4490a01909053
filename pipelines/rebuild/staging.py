"""A database in the making: what an archive's WARC files tell, as rows whose texts are still to be read.

The files are scanned (captures, journal, tombstones) into tables of its own, then the journal is replayed. It lies
beside the archive's database under another name, and whoever opens it again goes on where it was left, if the files are
still the same.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.archive import journal
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.items import Source
from pipelines.core.worker_pool import WorkerPool
from pipelines.database import journal_rows
from pipelines.database.columns import CAPTURE_COLUMNS
from pipelines.database.connection import REBUILDING_SUFFIX, open_database
from pipelines.database.revisit_lengths import FILL_FROM_RESPONSES
from pipelines.rebuild.warc_scan import FileScan, scan
from pipelines.warc import manifest
from pipelines.warc.reader import read_block
from pipelines.warc.storage import WarcStorage

STAGING = f"""
CREATE TABLE scanned (file TEXT PRIMARY KEY, number INTEGER NOT NULL, archive TEXT) STRICT;
CREATE TABLE found (at INTEGER PRIMARY KEY, {", ".join(f"{name} ANY" for name in CAPTURE_COLUMNS)}) STRICT;
CREATE TABLE told (at INTEGER PRIMARY KEY, number INTEGER NOT NULL, after INTEGER NOT NULL, archive TEXT,
                   more INTEGER NOT NULL, file TEXT, offset INTEGER, length INTEGER) STRICT;
CREATE TABLE unread (revision_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE damage (file TEXT, offset INTEGER, length INTEGER, why TEXT) STRICT;
CREATE TABLE gone (url TEXT, time TEXT, reason TEXT, file TEXT) STRICT;
CREATE TABLE otherwise (revision_id INTEGER PRIMARY KEY, extractor TEXT, reading_id INTEGER) STRICT;
CREATE TABLE lost (url TEXT, why TEXT) STRICT;
CREATE TABLE listed (at INTEGER PRIMARY KEY, file TEXT, size INTEGER, sha256 TEXT, records INTEGER, captures INTEGER,
                     first TEXT, last TEXT) STRICT;
CREATE TABLE untold (capture_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE step (name TEXT NOT NULL, files TEXT NOT NULL) STRICT;
{journal_rows.PLACED_TABLE}
CREATE UNIQUE INDEX placed_at ON placed(file, offset);
"""
STAGED = ("scanned", "found", "told", "damage", "gone", "otherwise", "lost", "listed", "unread", "untold", "step",
          "placed")  # fmt: skip
FOREIGN = "(SELECT file FROM scanned WHERE archive != (SELECT archive FROM journal))"
OURS = f"file NOT IN {FOREIGN}"  # files of another archive left out


@dataclass
class RebuildReport:
    """What a rebuild found and made."""

    files: int = 0
    captures: int = 0
    articles: int = 0
    revisions: int = 0
    differently: int = 0  # texts that this version reads otherwise than the one that read them first
    kept_readings: int = 0  # readings of before that the database that was there had, and that are in `readings` now
    # Of texts that are read otherwise, and of which nothing is left: which extractor had read them, how many.
    extractors: dict[str, int] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)  # (URL, why): revisions whose text could not be had
    damaged: list[tuple[str, int, int, str]] = field(default_factory=list)  # file, offset, length, why
    untold: int = 0  # captures of which the journal tells nothing: it was not written yet when the database was lost
    filed: int = 0  # articles that were read from these
    missing: list[str] = field(default_factory=list)  # files that the manifest lists and that are not there
    foreign: list[str] = field(default_factory=list)  # files that another archive wrote
    listed: int = 0  # files that were not in the manifest, and are now
    notes: list[str] = field(default_factory=list)  # for people
    kept: Path | None = None  # where the database that was there before is now


Tell = Callable[[str, int, int], object]  # step, done, of how many
Owner = Callable[[str], Source | None]


class StagingDatabase:
    """The half of a rebuild that reads no page. The caller holds the archive's lock."""

    def __init__(
        self, database: Path, warc: WarcStorage, sources: Mapping[str, Source], owner: Owner, tell: Tell
    ) -> None:
        """`sources`: those that have a file, by name; `owner(url)`: the one of these that covers an address."""
        self.database, self.warc, self.sources, self.owner, self.tell = database, warc, sources, owner, tell
        self.part = database.with_name(database.name + REBUILDING_SUFFIX)
        self.result = RebuildReport()
        self._entries: dict[str, manifest.ManifestEntry] = {}
        self.db: sqlite3.Connection
        self._old: sqlite3.Connection | None = None  # the database that is there

    # Where are we?

    def _open(self) -> None:
        """Begin, or go on where an earlier run was stopped, if the WARC files are still the same."""
        files = self._files()
        self.result.files = len(files)
        about = ((name, self.warc.status(name)) for name in files)
        lines = [STAGING, *(f"{name} {at.size} {at.modified_ns}" for name, at in about)]  # and of this version
        state = sha256("\n".join(lines).encode()).hexdigest()
        if self.part.exists():
            self._connect()
            row = self._ask("SELECT count(*) FROM sqlite_master WHERE name = 'step'").fetchone()
            if row[0] and self._ask("SELECT files FROM step").fetchone()[0] == state:
                return
            self.db.close()
            for path in (self.part, *self._beside(self.part)):
                path.unlink(missing_ok=True)
        self._connect()
        self.db.executescript(STAGING)
        with self.db:
            self.db.execute("INSERT INTO step VALUES ('scan', ?)", (state,))
            rows = [(name, number) for number, name in enumerate(files)]
            self.db.executemany("INSERT INTO scanned (file, number) VALUES (?, ?)", rows)

    def _connect(self) -> None:
        self.db = open_database(self.part)
        self.db.isolation_level = "DEFERRED"
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA foreign_keys = OFF")  # rows come before what they refer to; checked at the end

    def _files(self) -> list[str]:
        """Finished files in the order in which they were begun: one writer, so also that of their finishing."""
        there = set(self.warc.list().finished)
        try:
            self._entries = manifest.load(self._manifest)
        except ArchiveDamaged as error:
            self.result.notes.append(f"{error.subject}: {error.cause}; the manifest is made anew")
            self._entries = {}
        self.result.missing = [name for name in self._entries if name not in there]
        listed = [name for name in self._entries if name in there]
        return [*listed, *sorted(there - set(listed))]

    @property
    def _manifest(self) -> Path:
        return self.database.parent / manifest.NAME

    def _ask(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def _is_at(self, step: str) -> bool:
        return bool(self._ask("SELECT name FROM step").fetchone()[0] == step)

    def _next(self, step: str) -> None:
        self._ask("UPDATE step SET name = ?", step)

    # The steps

    async def _scan(self, scanners: WorkerPool) -> None:
        """Files -> `found`, `told`. A file is told whole or not at all."""
        if not self._is_at("scan"):
            return
        files = [row["file"] for row in self._ask("SELECT file FROM scanned WHERE number >= 0 ORDER BY number")]
        self.tell("scanning", 0, len(files))
        ahead: deque[asyncio.Task[FileScan]] = deque()
        try:
            for done, file in enumerate(files, 1):
                while len(ahead) < scanners.size and done - 1 + len(ahead) < len(files):
                    next_file = files[done - 1 + len(ahead)]
                    ahead.append(asyncio.ensure_future(scanners.run(scan, self.warc, next_file)))
                self._found(file, await ahead.popleft())
                self.tell("scanning", done, len(files))
        finally:
            for task in ahead:
                task.cancel()
        with self.db:
            self._next("replay")

    def _found(self, file: str, told: FileScan) -> None:
        names, marks = ", ".join(CAPTURE_COLUMNS), ", ".join(f":{name}" for name in CAPTURE_COLUMNS)
        with self.db:
            self.db.executemany(f"INSERT INTO found ({names}) VALUES ({marks})", told.captures)  # noqa: S608
            self.db.executemany(
                "INSERT INTO told (number, after, archive, more, file, offset, length) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*place.mark, file, place.offset, place.length) for place in told.journal],
            )
            self._ask("UPDATE scanned SET number = -1 - number, archive = ? WHERE file = ?", told.archive, file)
            self.db.executemany("INSERT INTO damage VALUES (?, ?, ?, ?)", [(file, *one) for one in told.damaged])
            self.db.executemany("INSERT INTO gone VALUES (?, ?, ?, ?)", [(*one, file) for one in told.gone])
            self.db.execute(
                """INSERT INTO listed (file, size, sha256, records, captures, first, last)
                   VALUES (:file, :size, :sha256, :records, :captures, :first, :last)""",
                asdict(told.entry),
            )

    def _replay(self) -> None:
        """`told`, `found` -> every row, its text still empty."""
        if not self._is_at("replay"):
            return
        with self.db:
            self._ask("UPDATE journal SET archive = ?", self._whose())
            valid = journal.valid_records(self._marks())
            for done, at in enumerate(valid, 1):
                (file, offset, length) = self._ask("SELECT file, offset, length FROM told WHERE at = ?", at).fetchone()
                journal_rows.apply_lines(self.db, read_block(self.warc, file, offset, length))
                self.tell("replaying", done, len(valid))
            names = ", ".join(CAPTURE_COLUMNS)
            found = ", ".join(f"f.{name}" for name in CAPTURE_COLUMNS)
            self.db.execute(
                f"""INSERT OR IGNORE INTO captures (id, crawl_id, source_id, {names})
                    SELECT p.id, p.crawl_id, p.source_id, {found}
                      FROM placed p JOIN found f ON f.file = p.file AND f.offset = p.offset ORDER BY p.id"""  # noqa: S608
            )
            self.db.execute(
                f"""INSERT OR IGNORE INTO captures ({names}) SELECT {found} FROM found f
                     WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = f.file AND p.offset = f.offset)
                     ORDER BY f.at"""  # noqa: S608 (our own names)
            )
            self.db.execute(FILL_FROM_RESPONSES)
            self._without_records()
            self.db.execute("INSERT INTO unread SELECT id FROM revisions")
            if valid:
                self._ask("UPDATE journal SET last = (SELECT number FROM told WHERE at = ?)", valid[-1])
                self._ask(f"UPDATE journal SET used = (SELECT max(number) FROM told WHERE {OURS})")  # noqa: S608
            self._next("read")

    def _whose(self) -> str:
        """The id of this archive: the manifest's; else that of the database that is there, if a file has it, too; else
        the one that most files have (of those in the manifest, if there is one)."""
        for entry in reversed(self._entries.values()):
            if entry.archive is not None:
                return entry.archive
        asked = self._asked("SELECT archive FROM journal")
        rows = self._ask("SELECT file, archive FROM scanned WHERE archive IS NOT NULL ORDER BY number DESC").fetchall()
        if asked and asked[0] and (not rows or asked[0] in {row["archive"] for row in rows}):
            return str(asked[0])
        counts = Counter(row["archive"] for row in rows if row["file"] in self._entries or not self._entries)
        return counts.most_common(1)[0][0] if counts else journal_rows.database_state(self.db).archive

    def _marks(self) -> list[tuple[int, journal.JournalHeader]]:
        """The journal's records of this archive, in the order of the files."""
        order = {file: place for place, file in enumerate(self._in_order())}
        names = ", ".join(journal.JournalHeader._fields)
        rows = self._ask(f"SELECT at, {names}, file FROM told WHERE {OURS}").fetchall()  # noqa: S608 (our own names)
        rows.sort(key=lambda row: (order[row["file"]], row["at"]))
        return [
            (row["at"], journal.JournalHeader(*(row[name] for name in journal.JournalHeader._fields))) for row in rows
        ]

    def _in_order(self) -> list[str]:
        """The files in the order in which they were written: the manifest's; if it does not list them all, that of the
        first journal numbers in them, because names tell only what the clock said."""
        files = [row["file"] for row in self._ask("SELECT file FROM scanned ORDER BY number DESC")]
        if self._entries.keys() >= set(files):
            return files
        query = f"SELECT file, min(number) AS first FROM told WHERE {OURS} GROUP BY file"  # noqa: S608 (our own names)
        first = {row["file"]: row["first"] for row in self._ask(query)}
        ranks, rank = {}, 0
        for file in files:
            ranks[file] = rank = first.get(file, rank)
        return sorted(files, key=lambda file: ranks[file])

    def _asked(self, sql: str, *values: Any) -> Any:
        """A row of the database that is there; None if there is none, or none that can be asked."""
        try:
            if self._old is None:
                self._old = sqlite3.connect(f"{self.database.absolute().as_uri()}?mode=ro", uri=True)
                self._old.row_factory = sqlite3.Row
            return self._old.execute(sql, values).fetchone()
        except sqlite3.Error:
            return None

    def _without_records(self) -> None:
        """No row without bytes: what the journal knows of records that are in no file is left out, and named."""
        lost = "capture_id NOT IN (SELECT id FROM captures)"
        query = f"""SELECT DISTINCT a.url_key FROM articles a LEFT JOIN revisions r ON r.article_id = a.id
                     WHERE r.id IS NULL OR r.{lost} ORDER BY 1"""  # noqa: S608 (our own names)
        lost_ones = [(row["url_key"], "its record is in no WARC file here") for row in self._ask(query)]
        self.db.executemany("INSERT INTO lost VALUES (?, ?)", lost_ones)
        for name in ("revisions", "sightings"):
            self.db.execute(f"DELETE FROM {name} WHERE {lost}")  # noqa: S608
        for name in ("readings", "sightings"):
            self.db.execute(f"DELETE FROM {name} WHERE revision_id NOT IN (SELECT id FROM revisions)")  # noqa: S608
        self.db.execute("DELETE FROM articles WHERE id NOT IN (SELECT article_id FROM revisions)")
        self.db.execute("DELETE FROM aliases WHERE article_id NOT IN (SELECT id FROM articles)")
        self.db.execute(
            f"""UPDATE articles SET (revision, capture_id) =
                    (SELECT number, capture_id FROM revisions WHERE article_id = articles.id
                      ORDER BY number DESC LIMIT 1) WHERE {lost}"""  # noqa: S608
        )

    @staticmethod
    def _beside(database: Path) -> tuple[Path, Path]:
        return database.with_name(database.name + "-wal"), database.with_name(database.name + "-shm")
