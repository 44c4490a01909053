"""An archive's database made anew from its WARC files: no network, no Scrapy, and the same rows.

Each step leaves a state that the next run goes on from: the files are scanned (captures, journal); the journal is
replayed (sources, crawls, articles, revisions, frontier: every row with its number); the texts are read again from the
captures that they were read from; pages of which the journal tells nothing are read and filed as an import would; the
database takes its place. It grows beside the old one, which stays as it is until the new one is whole.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines import journal, manifest
from pipelines.columns import CAPTURE_COLUMNS, columns
from pipelines.errors import ArchiveDamaged, os_errors
from pipelines.items import Article, Reading, Source
from pipelines.keeper import open_database
from pipelines.reread import CAPTURED, REVISIONS, Reread, read_one, reread
from pipelines.scan import Told, scan
from pipelines.store import Store
from pipelines.urls import host_of
from pipelines.warcread import read_block
from pipelines.workers import Workers

SUFFIX = ".rebuilding"  # behind the name of a database that is not whole yet
STAGING = f"""
CREATE TABLE scanned (file TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE found (at INTEGER PRIMARY KEY, {", ".join(f"{name} ANY" for name in CAPTURE_COLUMNS)}) STRICT;
CREATE TABLE told (at INTEGER PRIMARY KEY, number INTEGER NOT NULL, file TEXT, offset INTEGER, length INTEGER) STRICT;
CREATE TABLE unread (revision_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE untold (capture_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE step (name TEXT NOT NULL, files TEXT NOT NULL) STRICT;
{journal.PLACED}
CREATE UNIQUE INDEX placed_at ON placed(file, offset);
"""
STAGED = ("scanned", "found", "told", "unread", "untold", "step", "placed")


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
    kept: Path | None = None  # where the database that was there before is now


Tell = Callable[[str, int, int], object]  # step, done, of how many
Owner = Callable[[str], Source | None]


class Rebuild:
    """One rebuild. The caller holds the archive's lock and has mended what a crash left open."""

    def __init__(self, database: Path, warc: Path, sources: Mapping[str, Source], owner: Owner, tell: Tell) -> None:
        """`sources`: those that have a file, by name; `owner(url)`: the one of these that covers an address."""
        self.database, self.warc, self.sources, self.owner, self.tell = database, warc, sources, owner, tell
        self.part = database.with_name(database.name + SUFFIX)
        self.result = Rebuilt()
        self.db: sqlite3.Connection

    async def run(self, scanners: Workers, readers: Workers) -> Rebuilt:
        """All steps that are not done yet. Raises MorgueError; what was done is kept for the next run."""
        self._open()
        try:
            await self._scan(scanners)
            self._replay()
            await self._read(readers)
            await self._file_untold(readers)
            self._finish()
        finally:
            self.db.close()
        self._take_its_place()
        return self.result

    # Where are we?

    def _open(self) -> None:
        """Begin, or go on where an earlier run was stopped, if the WARC files are still the same."""
        files = self._files()
        self.result.files = len(files)
        state = sha256("\n".join(f"{name} {(self.warc / name).stat().st_size}" for name in files).encode()).hexdigest()
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
        listed = [name for name in manifest.load(self.database.parent / manifest.NAME) if name in there]
        return [*listed, *sorted(there - set(listed))]

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
        self.result.damaged += [(file, *damage) for damage in told.damaged]

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

    async def _read(self, readers: Workers) -> None:
        """Captures -> the texts of the revisions."""
        if not self._is_at("read"):
            return
        (total,) = self._ask("SELECT count(*) FROM revisions").fetchone()
        (left,) = self._ask("SELECT count(*) FROM unread").fetchone()
        done = total - left
        self.tell("reading", done, total)
        # All at once: the cursor would otherwise stand on tables that are written meanwhile.
        ids = [row[0] for row in self._ask(
            """SELECT u.revision_id FROM unread u JOIN revisions r ON r.id = u.revision_id
                 JOIN captures c ON c.id = r.capture_id ORDER BY c.file, c.offset""")]  # fmt: skip
        rows = (self._ask(f"{REVISIONS} WHERE r.id = ?", one).fetchone() for one in ids)
        try:
            async for read in reread(self.db, self.warc, rows, self.sources, readers):
                self._file(read)
                done += 1
                if done % 200 == 0:
                    self.db.commit()
                self.tell("reading", done, total)
        finally:
            self.db.commit()
        with self.db:
            # All of it came out of the journal, but for captures of which that tells nothing.
            self.db.execute("DELETE FROM changes")
            self.db.execute(
                """INSERT INTO changes (name, key) SELECT 'captures', c.id FROM captures c
                    WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = c.file AND p.offset = c.offset)"""
            )
            self.db.execute("INSERT INTO untold SELECT key FROM changes WHERE name = 'captures'")
            self._next("file")

    async def _file_untold(self, readers: Workers) -> None:
        """Pages of which the journal tells nothing, in the order of their captures."""
        if not self._is_at("file"):
            return
        query = f"""SELECT {CAPTURED} FROM captures c JOIN untold u ON u.capture_id = c.id
                     WHERE c.status = 200 AND c.error IS NULL AND c.kind IN ('article', 'page')
                     ORDER BY c.time, c.id"""  # noqa: S608 (our own names)
        rows = [dict(row) for row in self._ask(query)]
        self.tell("filing", 0, len(rows))
        for done, row in enumerate(rows, 1):
            await self._file_page(row, readers)
            self.tell("filing", done, len(rows))
        with self.db:
            self._next("finish")

    async def _file_page(self, row: dict[str, Any], readers: Workers) -> None:
        url = row["url"]
        source = self.owner(url) or Source(host_of(url), f"{urlsplit(url).scheme}://{host_of(url)}/")
        known = {"source_name": source.name, "source_url": source.url, "source_title": source.title,
                 "source_language": source.language, "source_id": None, "hint": None, "comments": False}  # fmt: skip
        read = await read_one(self.db, self.warc, row | known, self.sources, readers)
        with self.db:
            if isinstance(read.outcome, Article) and read.page is not None:
                store = Store(self.db)
                source_id = store.source(source, watched=source.name in self.sources)
                filed = store.file(Reading(read.page, read.outcome, 0.0), source_id, "")
                self.result.filed += filed.change in ("new", "edited")
                self._ask("UPDATE captures SET source_id = ? WHERE id = ?", source_id, row["capture_id"])
            self._ask("DELETE FROM untold WHERE capture_id = ?", row["capture_id"])

    def _file(self, read: Reread) -> None:
        row, outcome = read.row, read.outcome
        self._ask("DELETE FROM unread WHERE revision_id = ?", row["id"])
        if not isinstance(outcome, Article) or read.page is None or read.page.capture is None:
            self.result.unread.append((row["url"], getattr(outcome, "reason", "")))
            return
        values = columns(outcome, read.page.capture)
        self.result.differently += values["text_digest"] != row["text_digest"]
        state = {name: values[name] for name in
                 ("title", "description", "authors", "modified", "text", "text_digest", "extractor")}  # fmt: skip
        self._set("revisions", state, row["id"])
        if row["newest"]:
            del values["comments"]  # the journal has them: they may be of a later capture than the text
            self._set("articles", values, row["article_id"])

    def _set(self, table: str, values: Mapping[str, Any], where: int) -> None:
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        self.db.execute(f"UPDATE {table} SET {assignments} WHERE id = :where", {**values, "where": where})  # noqa: S608

    def _finish(self) -> None:
        """Count, check, and leave a database like any other."""
        count = self.result
        count.captures, count.articles, count.revisions = (
            self._ask(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in ("captures", "articles", "revisions")
        )
        count.untold = self._ask("SELECT count(*) FROM changes WHERE name = 'captures'").fetchone()[0]
        dangling = self._ask("PRAGMA foreign_key_check").fetchall()
        if dangling:
            cause = f"{len(dangling)} rows of it refer to rows that are not there, the first in {dangling[0][0]}"
            raise ArchiveDamaged(str(self.part), cause, "this is a mistake of Newsmorgue: keep the file and report it")
        with self.db:
            for name in STAGED:
                self.db.execute(f"DROP TABLE {name}")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _take_its_place(self) -> None:
        """The new database under the archive's name; the old one, if there is one, beside it."""
        with os_errors(str(self.database)):
            if self.database.exists():
                kept = self.database.with_name(f"{self.database.name}.before-{datetime.now(UTC):%Y%m%d%H%M%S}")
                for path in (self.database, *self._beside(self.database)):
                    if path.exists():
                        path.rename(kept.with_name(kept.name + path.name.removeprefix(self.database.name)))
                self.result.kept = kept
            for path in self._beside(self.part):
                path.unlink(missing_ok=True)
            self.part.rename(self.database)
            folder = os.open(self.database.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

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
