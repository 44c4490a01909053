"""Make an archive's database again from its WARC files: without network, and with the same rows.

Each step leaves a state from which the next run can go on. The files are scanned (captures, journal). The journal is
replayed (sources, crawls, articles, revisions, frontier: every row with its number). The texts are read again from the
captures that they were read from. Pages that no journal record mentions are read and filed as an import would do it.
Then the new database takes the place of the old one, which stays as it is until then.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any
from urllib.parse import urlsplit

from pipelines.core.archive_layout import OLD_DATABASE_SUFFIX, side_files
from pipelines.core.errors import ArchiveDamaged, os_errors, write_error
from pipelines.core.items import Article, Reading, Source
from pipelines.core.plural import counted
from pipelines.core.safe_open import sync_folder
from pipelines.core.timestamps import now, stamp
from pipelines.core.urls import host_of, url_key
from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from pipelines.database import journal_rows, readings, removals
from pipelines.database.clusters.upkeep import work_off_all
from pipelines.database.columns import (
    REVISION_COLUMNS,
    STATE_COLUMNS,
    article_row,
    columns_digest,
    update_article,
    update_row,
)
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.schema.day_counts import COUNT_DAYS
from pipelines.database.search.merging import merge_index
from pipelines.database.store import ArticleStore
from pipelines.extraction.entry import addresses_of
from pipelines.rebuild.reread import RereadPage, reread, reread_one
from pipelines.rebuild.staging import (
    FOREIGN_FILES,
    OWN_FILE,
    STAGING_TABLES,
    RebuildReport,
    StagingDatabase,
)
from pipelines.takedown.register import COPY, TakedownRegister
from pipelines.takedown.target_names import name_of_key
from pipelines.warc import manifest

logger = logging.getLogger("morgue.rebuild")

COMMIT_PAGES = 200  # read between two commits


class Rebuild(StagingDatabase):
    """Rebuild a database. The caller holds the archive's lock and has mended what a crash left open."""

    async def run(self, scanners: WorkerPool, readers: WorkerPool) -> RebuildReport:
        """Do all steps that are not done yet. Raises MorgueError; the next run goes on from what was done."""
        try:
            self._open()
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, self.part) from error
        try:
            await self._scan(scanners)
            self._replay()
            await self._read_texts(readers)
            await self._file_unmentioned(readers)
            work_off_all(self.db, lambda done, total: self.on_progress("comparing articles", done, total))
            self._finish()
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, self.part) from error
        finally:
            self.db.close()
            if self._old_db is not None:
                self._old_db.close()
        self._put_in_place()
        return self.result

    async def _read_texts(self, readers: WorkerPool) -> None:
        """Read the texts of the revisions from their captures."""
        if not self._is_at("read"):
            return
        (total,) = self._ask("SELECT count(*) FROM revisions").fetchone()
        (left,) = self._ask("SELECT count(*) FROM unread").fetchone()
        done = total - left
        self.on_progress("reading", done, total)
        # All ids are fetched first, because the tables are written while the revisions are read.
        ids = [row[0] for row in self._ask(
            """SELECT u.revision_id FROM unread u JOIN revisions r ON r.id = u.revision_id
                 JOIN captures c ON c.id = r.capture_id ORDER BY c.file, c.offset""")]  # fmt: skip
        rows = readings.revisions(self.db, ids)
        try:
            async for read in reread(self.db, self.warc, rows, self.sources, readers):
                self._file_text(read)
                done += 1
                if done % COMMIT_PAGES == 0:
                    self.db.commit()
                self.on_progress("reading", done, total)
        finally:
            self.db.commit()
        with self.db:
            self._note_changes()
            self._remember_removals()
            self._begin_step("file")

    def _note_changes(self) -> None:
        """Note which rows the journal in the files does not have yet, so that the next run writes them."""
        self.db.execute("UPDATE journal SET captures = ?", (journal_rows.newest_capture(self.db),))
        self.db.execute(
            """INSERT INTO changes (name, key) SELECT 'captures', c.id FROM captures c
                WHERE NOT EXISTS (SELECT 1 FROM placed p WHERE p.file = c.file AND p.offset = c.offset)"""
        )
        self.db.execute("INSERT INTO unmentioned SELECT key FROM changes WHERE name = 'captures'")

    def _remember_removals(self) -> None:
        """Add removals that only tombstones tell of: a takedown was killed before it came to its rows."""
        removed = TakedownRegister(self.db)
        for row in self._ask(f"SELECT url, time, reason FROM tombstones WHERE NOT is_part AND {OWN_FILE}").fetchall():  # noqa: S608
            if row["url"] and row["url"] not in removed:
                key = url_key(row["url"])
                removals.remember(self.db, name_of_key(key), row["time"], row["reason"], captures=1)
                frontier = FrontierTable(self.db)
                frontier.mark_removed(frontier.ids_of_keys([key]))
                removed = TakedownRegister(self.db)

    async def _file_unmentioned(self, readers: WorkerPool) -> None:
        """Read and file the pages that no journal record mentions, in the order of their captures."""
        if not self._is_at("file"):
            return
        query = f"""SELECT {readings.CAPTURE_PLACE}, c.kind IN ('front', 'section') AS listing
                      FROM captures c JOIN unmentioned u ON u.capture_id = c.id
                     WHERE c.status = 200 AND c.error IS NULL AND c.kind IN ('article', 'page', 'front', 'section')
                     ORDER BY c.time, c.id"""  # noqa: S608 (our own names)
        rows = [dict(row) for row in self._ask(query)]
        self.on_progress("filing", 0, len(rows))
        for done, row in enumerate(rows, 1):
            await self._file_page(row, readers)
            self.on_progress("filing", done, len(rows))
        with self.db:
            self._begin_step("finish")

    async def _file_page(self, row: dict[str, Any], readers: WorkerPool) -> None:
        url = row["url"]
        source = self.source_of(url) or Source(host_of(url), f"{urlsplit(url).scheme}://{host_of(url)}/")
        known = {"source_name": source.name, "source_url": source.url, "source_title": source.title,
                 "source_language": source.language, "source_id": None, "hint": None, "comments": False}  # fmt: skip
        read = await reread_one(self.db, self.warc, row | known, self.sources, readers)
        is_copy = await self._is_removed_copy(read, readers)
        with self.db:
            if is_copy:
                self.result.removed_copies += 1
                logger.info("not filed: %(url)s is a %(what)s", {"url": url, "what": COPY})
            elif isinstance(read.outcome, Article) and read.page is not None:
                store = ArticleStore(self.db)
                source_id = store.source(source, watched=source.name in self.sources)
                filed = store.file(Reading(read.page, read.outcome, 0.0), source_id, "")
                self.result.filed += filed.change in ("new", "edited")
                logger.info("filed %(url)s, which is in no journal: %(change)s", {"url": url, "change": filed.change})
                self._ask("UPDATE captures SET source_id = ? WHERE id = ?", source_id, row["capture_id"])
            self._ask("DELETE FROM unmentioned WHERE capture_id = ?", row["capture_id"])

    async def _is_removed_copy(self, read: RereadPage, readers: WorkerPool) -> bool:
        """Return True if a page says that it is published at an address that was taken down."""
        if not isinstance(read.outcome, Article) or read.page is None:
            return False
        register = TakedownRegister(self.db)
        if not register.concerns_site_of(read.page.url):
            return False
        try:
            declared = await readers.run(addresses_of, read.page)
        except WorkerFailure:  # the page was read a moment ago; when in doubt, what was taken down stays away
            return True
        return register.original_of(read.page.url, declared) is not None

    def _file_text(self, read: RereadPage) -> None:
        row, outcome = read.row, read.outcome
        self._ask("DELETE FROM unread WHERE revision_id = ?", row["id"])
        if not isinstance(outcome, Article) or read.page is None or read.page.capture is None:
            why = getattr(outcome, "reason", "")
            self._ask("INSERT INTO lost VALUES (?, ?)", row["url"], why)
            logger.info("no text of %(url)s: %(why)s", {"url": row["url"], "why": why})
            unread = {"extractor": "", "state_digest": None}  # so that `verify` tells it from a text that was emptied
            self._update(row, unread, unread | {"fields_digest": None})
            return
        values = article_row(outcome, read.page.capture)
        self._keep_old_reading(row, values)
        # The journal has comments, which may be from a later capture than the text, and the capture.
        read_again = {name: value for name, value in values.items() if name not in ("comments", "capture_id")}
        self._update(row, {name: values[name] for name in REVISION_COLUMNS}, read_again)

    def _update(self, row: Mapping[str, Any], of_revision: dict[str, Any], of_article: dict[str, Any]) -> None:
        """Write what is read of a page. A column that is as in the journal stays, so that no trigger notes a change."""
        changed = {name: value for name, value in of_revision.items() if value != row[name]}
        if changed:
            update_row(self.db, "revisions", changed, row["id"])
        if row["newest"]:
            if of_article["fields_digest"] == row["fields_digest"]:
                del of_article["fields_digest"]
            update_article(self.db, of_article, row["article_id"])

    def _keep_old_reading(self, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Keep the earlier reading of a revision that is read differently now, as `reextract` does.

        The journal has only the digest of its text. The old database may have it whole.
        """
        known = row["id"], row["text_digest"]
        found = self._ask_old("SELECT * FROM revisions WHERE id = ? AND text_digest = ?", *known)
        # Earlier versions had no such columns.
        old = None if found is None else {"state_digest": None, "line_kinds": None, **found}
        reading_id = None
        if old is not None and _is_whole(old, row) and any(old[name] != values[name] for name in STATE_COLUMNS):
            reading_id = readings.keep_reading(self.db, row["id"], stamp(now()), old)
        if reading_id is not None or values["text_digest"] != row["text_digest"]:
            logger.info("read differently: %(url)s", {"url": row["url"], "extractor": row["extractor"]})
            self._ask("INSERT INTO changed_texts VALUES (?, ?, ?)", row["id"], row["extractor"], reading_id)

    def _list_files(self) -> None:
        """Enter files in the manifest that are not listed, and what was appended to files since they were listed.

        Lines that are there keep their numbers and digests, so that `morgue verify` sees what differs. They get the
        archive's id and the state of the database if they lack them.
        """
        foreign = {row[0] for row in self._ask(f"SELECT file FROM scanned WHERE file IN {FOREIGN_FILES}")}  # noqa: S608
        state = journal_rows.database_state(self.db)
        query = "SELECT file, size, sha256, records, captures, first, last FROM manifest_lines ORDER BY at"
        found = {row["file"]: manifest.ManifestEntry(**row) for row in map(dict, self._ask(query))}
        grown = self._grown(found)
        self.result.listed = len(found.keys() - self._entries.keys()) + len(grown)
        self.result.foreign = sorted(foreign)
        known = found | self._entries | grown
        entries = [
            entry if entry.archive or entry.file in foreign else replace(entry, **state._asdict())
            for entry in (known[name] for name in dict.fromkeys([*self._files_in_order(), *known]))
        ]
        if entries != [*self._entries.values()]:
            manifest.write(self._manifest_file, entries)

    def _grown(self, found: Mapping[str, manifest.ManifestEntry]) -> dict[str, manifest.ManifestEntry]:
        """Return new entries of listed files that are longer than listed, and begin as listed.

        A copy of an archive that was made beside a crawl may have a manifest that is older than its files.
        """
        grown = {}
        for name, listed in self._entries.items():
            if name not in found or found[name].size <= listed.size:
                continue
            rest = manifest.FileContents(listed)
            with self.warc.open(name) as file, os_errors(self.warc.location(name)):
                differing = manifest.differing_parts(file, listed)
                rest.add_file(file)
            if not differing:
                sha256 = rest.entry(name).sha256
                grown[name] = replace(found[name], sha256=sha256, offset=listed.size, earlier=listed.parts)
        return grown

    def _finish(self) -> None:
        """Count and check, and drop the staging tables."""
        result = self.result
        rows = self._ask("SELECT file, offset, length, why FROM damage ORDER BY file, offset")
        result.damaged = [tuple(row) for row in rows]
        result.unread = [tuple(row) for row in self._ask("SELECT url, why FROM lost ORDER BY rowid")]
        query = "SELECT count(*), count(reading_id) FROM changed_texts"
        result.changed_texts, result.kept_readings = self._ask(query).fetchone()
        query = "SELECT extractor, count(*) FROM changed_texts WHERE reading_id IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        result.extractors = {row[0]: row[1] for row in self._ask(query)}
        self._list_files()
        result.captures, result.articles, result.revisions = (
            self._ask(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for name in ("captures", "articles", "revisions")
        )
        result.unmentioned = self._ask("SELECT count(*) FROM changes WHERE name = 'captures'").fetchone()[0]
        dangling = self._ask("PRAGMA foreign_key_check").fetchall()
        if dangling:
            references = counted(len(dangling), "reference")
            cause = f"has {references} to rows that do not exist, the first in {dangling[0][0]}"
            raise ArchiveDamaged(str(self.part), cause, "this is a mistake of Newsmorgue: keep the file and report it")
        with self.db:
            self._ask("DELETE FROM source_days")  # counted while the articles had no text yet
            self._ask(COUNT_DAYS)
            for name in STAGING_TABLES:
                self.db.execute(f"DROP TABLE {name}")
        self.db.isolation_level = None  # each step of the merge is a transaction
        merge_index(self.db, inf)
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _put_in_place(self) -> None:
        """Rename the old database, if there is one, and give the new one the archive's name."""
        with os_errors(str(self.database)):
            if self.database.exists():
                suffix = f"{OLD_DATABASE_SUFFIX}{datetime.now(UTC):%Y%m%d%H%M%S}"
                old = self.database.with_name(self.database.name + suffix)
                for path in (self.database, *side_files(self.database)):
                    if path.exists():
                        path.rename(old.with_name(old.name + path.name.removeprefix(self.database.name)))
                self.result.old_database = old
                logger.info("the old database is kept as %(file)s", {"file": old.name})
            for path in side_files(self.part):
                path.unlink(missing_ok=True)
            self.part.rename(self.database)
            sync_folder(self.database.parent)


def _is_whole(old: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Return True if a reading of the old database has the digest that the journal has for it."""
    if row["state_digest"] is not None:
        return columns_digest(old, STATE_COLUMNS) == row["state_digest"]
    return text_digest(old["title"], old["text"]) == row["text_digest"]
