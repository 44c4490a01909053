"""A database in the making: what an archive's WARC files tell, as rows whose texts are still to be read.

The files are scanned (captures, journal, tombstones) into tables of its own, then the journal is replayed. It lies
beside the archive's database under another name, and whoever opens it again goes on where it was left, if the files are
still the same.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines import journal, manifest
from pipelines.columns import CAPTURE_COLUMNS
from pipelines.errors import ArchiveDamaged
from pipelines.items import Source
from pipelines.keeper import open_database
from pipelines.reader import REBUILDING
from pipelines.scan import Told, scan
from pipelines.warcread import read_block
from pipelines.workers import Workers

STAGING = f"""
CREATE TABLE scanned (file TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE found (at INTEGER PRIMARY KEY, {", ".join(f"{name} ANY" for name in CAPTURE_COLUMNS)}) STRICT;
CREATE TABLE told (at INTEGER PRIMARY KEY, number INTEGER NOT NULL, file TEXT, offset INTEGER, length INTEGER) STRICT;
CREATE TABLE unread (revision_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE damage (file TEXT, offset INTEGER, length INTEGER, why TEXT) STRICT;
CREATE TABLE gone (url TEXT, time TEXT, reason TEXT) STRICT;
CREATE TABLE listed (at INTEGER PRIMARY KEY, file TEXT, size INTEGER, sha256 TEXT, records INTEGER, captures INTEGER,
                     first TEXT, last TEXT) STRICT;
CREATE TABLE untold (capture_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE step (name TEXT NOT NULL, files TEXT NOT NULL) STRICT;
{journal.PLACED}
CREATE UNIQUE INDEX placed_at ON placed(file, offset);
"""
STAGED = ("scanned", "found", "told", "damage", "gone", "listed", "unread", "untold", "step", "placed")


@dataclass
class Rebuilt:
    """What a rebuild found and made."""

    files: int = 0
    captures: int = 0
    articles: int = 0
    revisions: int = 0
    differently: int = 0  # texts that this version reads otherwise than the one that read them first
    unread: list[tuple[str, str]] = field(default_factory=list)  # (URL, why): revisions whose text could not be had
    damaged: list[tuple[str, int, int, str]] = field(default_factory=list)  # file, offset, length, why
    untold: int = 0  # captures of which the journal tells nothing: it was not written yet when the database was lost
    filed: int = 0  # articles that were read from these
    missing: list[str] = field(default_factory=list)  # files that the manifest lists and that are not there
    listed: int = 0  # files that were not in the manifest, and are now
    notes: list[str] = field(default_factory=list)  # for people
    kept: Path | None = None  # where the database that was there before is now


Tell = Callable[[str, int, int], object]  # step, done, of how many
Owner = Callable[[str], Source | None]


class Draft:
    """The half of a rebuild that reads no page. The caller holds the archive's lock."""

    def __init__(self, database: Path, warc: Path, sources: Mapping[str, Source], owner: Owner, tell: Tell) -> None:
        """`sources`: those that have a file, by name; `owner(url)`: the one of these that covers an address."""
        self.database, self.warc, self.sources, self.owner, self.tell = database, warc, sources, owner, tell
        self.part = database.with_name(database.name + REBUILDING)
        self.result = Rebuilt()
        self._entries: dict[str, manifest.Entry] = {}
        self.db: sqlite3.Connection

    # Where are we?

    def _open(self) -> None:
        """Begin, or go on where an earlier run was stopped, if the WARC files are still the same."""
        files = self._files()
        self.result.files = len(files)
        about = ((name, (self.warc / name).stat()) for name in files)
        state = sha256("\n".join(f"{name} {at.st_size} {at.st_mtime_ns}" for name, at in about).encode()).hexdigest()
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
        there = {path.name for path in self.warc.glob("*.warc.gz")}
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

    async def _scan(self, scanners: Workers) -> None:
        """Files -> `found`, `told`. A file is told whole or not at all."""
        if not self._is_at("scan"):
            return
        files = [row["file"] for row in self._ask("SELECT file FROM scanned WHERE number >= 0 ORDER BY number")]
        self.tell("scanning", 0, len(files))
        ahead: deque[asyncio.Task[Told]] = deque()
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

    def _found(self, file: str, told: Told) -> None:
        names, marks = ", ".join(CAPTURE_COLUMNS), ", ".join(f":{name}" for name in CAPTURE_COLUMNS)
        with self.db:
            self.db.executemany(f"INSERT INTO found ({names}) VALUES ({marks})", told.captures)  # noqa: S608
            self.db.executemany(
                "INSERT INTO told (number, file, offset, length) VALUES (?, ?, ?, ?)",
                [(place.number, file, place.offset, place.length) for place in told.journal],
            )
            self._ask("UPDATE scanned SET number = -1 - number WHERE file = ?", file)
            self.db.executemany("INSERT INTO damage VALUES (?, ?, ?, ?)", [(file, *one) for one in told.damaged])
            self.db.executemany("INSERT INTO gone VALUES (?, ?, ?)", told.gone)
            self.db.execute(
                """INSERT INTO listed (file, size, sha256, records, captures, first, last)
                   VALUES (:file, :size, :sha256, :records, :captures, :first, :last)""",
                asdict(told.entry),
            )

    def _replay(self) -> None:
        """`told`, `found` -> every row, its text still empty."""
        if not self._is_at("replay"):
            return
        valid = valid_records(
            [(row["at"], row["number"]) for row in self._ask("SELECT at, number FROM told ORDER BY at")]
        )
        with self.db:
            for done, at in enumerate(valid, 1):
                (file, offset, length) = self._ask("SELECT file, offset, length FROM told WHERE at = ?", at).fetchone()
                journal.apply(self.db, read_block(self.warc / file, offset, length))
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
                     WHERE f.imported IS NULL  -- without a row, the next import reads it
                       AND NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = f.file AND p.offset = f.offset)
                     ORDER BY f.at"""  # noqa: S608 (our own names)
            )
            self.db.execute(
                """UPDATE captures SET body_length = (SELECT o.body_length FROM captures o
                                                       WHERE o.record_id = captures.refers_to)
                    WHERE record_type = 'revisit' AND body_length IS NULL"""
            )
            self._without_records()
            self.db.execute("INSERT INTO unread SELECT id FROM revisions")
            if valid:
                self.db.execute("UPDATE journal SET last = (SELECT number FROM told WHERE at = ?)", (valid[-1],))
            self._next("read")

    def _without_records(self) -> None:
        """No row without bytes: what the journal knows of records that are in no file is left out, and named."""
        lost = "capture_id NOT IN (SELECT id FROM captures)"
        query = f"""SELECT DISTINCT a.url_key FROM articles a LEFT JOIN revisions r ON r.article_id = a.id
                     WHERE r.id IS NULL OR r.{lost} ORDER BY 1"""  # noqa: S608 (our own names)
        self.result.unread += [(row["url_key"], "its record is in no WARC file here") for row in self._ask(query)]
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


def valid_records(numbered: list[tuple[int, int]]) -> list[int]:
    """Which journal records count, of (place in the files, number): one that comes again voids all from there on.

    >>> valid_records([(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)])
    [1, 4, 5]
    """
    valid: list[tuple[int, int]] = []
    for at, number in numbered:
        while valid and valid[-1][1] >= number:
            valid.pop()
        valid.append((at, number))
    return [at for at, _number in valid]
