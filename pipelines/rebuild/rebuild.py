"""An archive's database made anew from its WARC files: no network, no Scrapy, and the same rows.

Each step leaves a state that the next run goes on from: the files are scanned (captures, journal); the journal is
replayed (sources, crawls, articles, revisions, frontier: every row with its number); the texts are read again from the
captures that they were read from; pages of which the journal tells nothing are read and filed as an import would; the
database takes its place. It grows beside the old one, which stays as it is until the new one is whole.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pipelines.core.durability import sync_folder
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.items import Article, Reading, Source
from pipelines.core.plural import counted
from pipelines.core.timestamps import now, stamp
from pipelines.core.urls import host_of, url_key
from pipelines.core.worker_pool import WorkerPool
from pipelines.database import journal_rows
from pipelines.database.columns import REVISION_COLUMNS, article_row, update_row
from pipelines.database.connection import write_error
from pipelines.database.store import ArticleStore
from pipelines.rebuild.reread import CAPTURED, REVISIONS, RereadPage, read_one, reread
from pipelines.rebuild.staging import FOREIGN, OURS, STAGED, RebuildReport, StagingDatabase
from pipelines.takedown.targets import TakedownRegister, name_of_key
from pipelines.warc import manifest


class Rebuild(StagingDatabase):
    """One rebuild. The caller holds the archive's lock and has mended what a crash left open."""

    async def run(self, scanners: WorkerPool, readers: WorkerPool) -> RebuildReport:
        """All steps that are not done yet. Raises MorgueError; what was done is kept for the next run."""
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, self.part) from error
        try:
            await self._scan(scanners)
            self._replay()
            await self._read(readers)
            await self._file_untold(readers)
            self._finish()
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, self.part) from error
        finally:
            self.db.close()
            if self._old is not None:
                self._old.close()
        self._take_its_place()
        return self.result

    async def _read(self, readers: WorkerPool) -> None:
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
            self.db.execute("UPDATE journal SET captures = (SELECT coalesce(max(id), 0) FROM captures)")
            self.db.execute(
                """INSERT INTO changes (name, key) SELECT 'captures', c.id FROM captures c
                    WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = c.file AND p.offset = c.offset)"""
            )
            self.db.execute("INSERT INTO untold SELECT key FROM changes WHERE name = 'captures'")
            # And the readings of before, with the revisions whose texts took their place.
            kept = "FROM otherwise WHERE reading_id IS NOT NULL"
            self.db.execute(f"INSERT INTO changes (name, key) SELECT 'readings', reading_id {kept}")
            self.db.execute(f"INSERT INTO changes (name, key) SELECT 'revisions', revision_id {kept}")
            self._remember_removals()
            self._next("file")

    def _remember_removals(self) -> None:
        """A kill may have come between the tombstones of a takedown and its rows: then the tombstones tell of it."""
        removed = TakedownRegister(self.db)
        for row in self._ask(f"SELECT url, time, reason FROM gone WHERE {OURS}").fetchall():  # noqa: S608
            if row["url"] and row["url"] not in removed:
                key = url_key(row["url"])
                values = (row["time"], name_of_key(key), row["reason"])
                self._ask("INSERT INTO removals (time, url_key, reason, captures) VALUES (?, ?, ?, 1)", *values)
                self._ask("UPDATE frontier SET state = 'removed', next_visit = NULL, hint = NULL WHERE url_key = ?",
                          key)  # fmt: skip
                removed = TakedownRegister(self.db)

    async def _file_untold(self, readers: WorkerPool) -> None:
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

    async def _file_page(self, row: dict[str, Any], readers: WorkerPool) -> None:
        url = row["url"]
        source = self.owner(url) or Source(host_of(url), f"{urlsplit(url).scheme}://{host_of(url)}/")
        known = {"source_name": source.name, "source_url": source.url, "source_title": source.title,
                 "source_language": source.language, "source_id": None, "hint": None, "comments": False}  # fmt: skip
        read = await read_one(self.db, self.warc, row | known, self.sources, readers)
        with self.db:
            if isinstance(read.outcome, Article) and read.page is not None:
                store = ArticleStore(self.db)
                source_id = store.source(source, watched=source.name in self.sources)
                filed = store.file(Reading(read.page, read.outcome, 0.0), source_id, "")
                self.result.filed += filed.change in ("new", "edited")
                self._ask("UPDATE captures SET source_id = ? WHERE id = ?", source_id, row["capture_id"])
            self._ask("DELETE FROM untold WHERE capture_id = ?", row["capture_id"])

    def _file(self, read: RereadPage) -> None:
        row, outcome = read.row, read.outcome
        self._ask("DELETE FROM unread WHERE revision_id = ?", row["id"])
        if not isinstance(outcome, Article) or read.page is None or read.page.capture is None:
            self._ask("INSERT INTO lost VALUES (?, ?)", row["url"], getattr(outcome, "reason", ""))
            return
        values = article_row(outcome, read.page.capture)
        self._keep_reading(row, values)
        update_row(self.db, "revisions", {name: values[name] for name in REVISION_COLUMNS}, row["id"])
        if row["newest"]:
            del values["comments"]  # the journal has them: they may be of a later capture than the text
            update_row(self.db, "articles", values, row["article_id"])

    def _keep_reading(self, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Keep what stood there before, where it is read otherwise now, as `reextract` does: the journal has the digest
        of it, the database that was there may have it whole."""
        names, known = ", ".join(REVISION_COLUMNS), (row["id"], row["text_digest"])
        before = self._asked(f"SELECT {names} FROM revisions WHERE id = ? AND text_digest = ?", *known)  # noqa: S608
        reading_id = None
        if before is not None and any(before[name] != values[name] for name in REVISION_COLUMNS if name != "extractor"):
            marks = ", ".join("?" * len(REVISION_COLUMNS))
            cursor = self._ask(
                f"INSERT INTO readings (revision_id, replaced, {names}) VALUES (?, ?, {marks})",  # noqa: S608
                row["id"], stamp(now()), *before,
            )  # fmt: skip
            reading_id = cursor.lastrowid
        if reading_id is not None or values["text_digest"] != row["text_digest"]:
            self._ask("INSERT INTO otherwise VALUES (?, ?, ?)", row["id"], row["extractor"], reading_id)

    def _list_files(self) -> None:
        """Enter files that are not listed. What is listed stays, so that `morgue verify` sees what differs; added is
        whose it is, and how far the database has got."""
        foreign = {row[0] for row in self._ask(f"SELECT file FROM scanned WHERE file IN {FOREIGN}")}  # noqa: S608
        state = journal_rows.database_state(self.db)
        rows = self._ask("SELECT file, size, sha256, records, captures, first, last FROM listed ORDER BY at")
        found = {row["file"]: manifest.ManifestEntry(**row) for row in map(dict, rows)}
        self.result.listed = len(found.keys() - self._entries.keys())
        self.result.foreign = sorted(foreign)
        there = found | self._entries
        entries = [
            entry if entry.archive or entry.file in foreign else replace(entry, **state._asdict())
            for entry in (there[name] for name in dict.fromkeys([*self._in_order(), *there]))
        ]
        if entries != [*self._entries.values()]:
            manifest.write(self._manifest, entries)

    def _finish(self) -> None:
        """Count, check, and leave a database like any other."""
        count = self.result
        rows = self._ask("SELECT file, offset, length, why FROM damage ORDER BY file, offset")
        count.damaged = [tuple(row) for row in rows]
        count.unread = [tuple(row) for row in self._ask("SELECT url, why FROM lost ORDER BY rowid")]
        query = "SELECT count(*), count(reading_id) FROM otherwise"
        count.differently, count.kept_readings = self._ask(query).fetchone()
        query = "SELECT extractor, count(*) FROM otherwise WHERE reading_id IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        count.extractors = {row[0]: row[1] for row in self._ask(query)}
        self._list_files()
        count.captures, count.articles, count.revisions = (
            self._ask(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in ("captures", "articles", "revisions")
        )
        count.untold = self._ask("SELECT count(*) FROM changes WHERE name = 'captures'").fetchone()[0]
        dangling = self._ask("PRAGMA foreign_key_check").fetchall()
        if dangling:
            references = counted(len(dangling), "reference")
            cause = f"has {references} to rows that are not there, the first in {dangling[0][0]}"
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
            sync_folder(self.database.parent)
