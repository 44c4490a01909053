"""Bring an older copy of an archive's database up to date, from what was written into the WARC files since.

The journal records after the last one whose rows the copy has are replayed into it, as a rebuild replays all of them
into an empty database. Only those files, and ends of files, are read that can hold such records, or captures that the
copy does not have. The work is done on a copy of the copy, step by step as in a rebuild, and can be interrupted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from pipelines.archive import journal
from pipelines.archive.crash_recovery import files_without_rows, must_be_of_archive
from pipelines.core.archive_layout import RESTORED_SUFFIX, RESTORING_SUFFIX, side_files
from pipelines.core.errors import ArchiveDamaged, BucketFailing, MorgueError, os_errors
from pipelines.core.items import Source
from pipelines.core.safe_open import sync_folder
from pipelines.core.worker_pool import WorkerPool
from pipelines.database import captures
from pipelines.database.columns import CAPTURE_COLUMNS, capture_row
from pipelines.database.connection import ask, connect, open_for_maintenance
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.journal_rows import database_state, note_captures
from pipelines.fleet.layout import rebuild_of
from pipelines.rebuild.rebuild import Rebuild
from pipelines.rebuild.staging import FOREIGN_FILES, OWN_FILE, OnProgress, RebuildReport, SourceFinder
from pipelines.warc import manifest
from pipelines.warc.exchange import capture_of
from pipelines.warc.reader import walk
from pipelines.warc.storage import WarcStorage

logger = logging.getLogger("morgue.rebuild")

COPIED_PAGES = 20_000  # of the database, between two reports of progress
REBUILD = "`morgue rebuild` makes a new database, from all WARC files"
OTHER_COPY = f"take another copy; or {REBUILD}"


async def catch_up(
    database: Path,
    warc: WarcStorage,
    copy: Path,
    *,
    sources: Mapping[str, Source],
    source_of: SourceFinder,
    scanners: WorkerPool,
    readers: WorkerPool,
    on_progress: OnProgress = lambda step, done, total: None,
) -> RebuildReport:
    """Make `database` from an older copy of it and the archive's WARC files. The copy stays as it is.

    `copy` may be `database` itself. The manifest is beside `database`; what is there under that name already is put
    aside at the end. `sources`: sources that have a file, by name. `source_of(url)`: the one of these that covers an
    address. The caller holds the archive's lock and has mended what a crash left `.open`. If this is interrupted, the
    same call goes on. Raises ArchiveDamaged for a copy of another archive, one that is newer than the WARC files, or
    files that are missing; MorgueError.
    """
    work = CatchUp(database, warc, sources, source_of, on_progress, copy)
    return await work.run(scanners, readers)


def finish_interrupted(database: Path, warc: WarcStorage) -> bool:
    """Put a database in its place that an interrupted run had made. Return False if none is there and up to date."""
    made = database.with_name(database.name + RESTORED_SUFFIX)
    if not made.exists():
        return False
    if not is_up_to_date(made, database.parent / manifest.NAME, warc):
        made.unlink()
        return False
    CatchUp(database, warc, {}, lambda url: None, lambda step, done, total: None, made).put_in_place(made)
    return True


def is_up_to_date(database: Path, manifest_file: Path, warc: WarcStorage) -> bool:
    """Return True if a database has all that the WARC files have. Raises ArchiveDamaged if it is of another archive."""
    entries = manifest.load(manifest_file)
    with closing(connect(database, unfinished=True)) as db:
        if not {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('journal')")} >= {"archive", "used"}:
            return False
        must_be_of_archive(db, entries.values())
        if last_listed(entries) > database_state(db).journal or {*warc.list().finished} - entries.keys():
            return False
        try:
            return next(files_without_rows(db, entries.values()), None) is None
        except ArchiveDamaged:
            return False


def last_listed(entries: Mapping[str, manifest.ManifestEntry]) -> int:
    """Return the last journal record that had been committed when a file was finished; 0: none is known."""
    return max((part.journal or 0 for entry in entries.values() for part in entry.parts if part.archive), default=0)


class CatchUp(Rebuild):
    """Bring a copy up to date. The caller holds the archive's lock and has mended what a crash left open."""

    suffix = RESTORING_SUFFIX

    def __init__(
        self,
        database: Path,
        warc: WarcStorage,
        sources: Mapping[str, Source],
        source_of: SourceFinder,
        on_progress: OnProgress,
        copy: Path,
    ) -> None:
        super().__init__(database, warc, sources, source_of, on_progress)
        self.copy, self._is_refused = copy, False
        self.result.is_restored = True

    async def run(self, scanners: WorkerPool, readers: WorkerPool) -> RebuildReport:
        """Do all steps that are not done yet. A copy that is refused leaves no unfinished database."""
        try:
            return await super().run(scanners, readers)
        except ArchiveDamaged:
            if self._is_refused:
                self.db.close()
                for path in (self.part, *side_files(self.part)):
                    path.unlink(missing_ok=True)
            raise

    def put_in_place(self, made: Path) -> None:
        """Let a finished database take the place of the old one."""
        self._put_in_place(made)

    # Where it begins

    def _made_from(self) -> str:
        """Return the row that says how far the copy has got. Raises ArchiveDamaged if the copy cannot be used."""
        if not manifest.load(self._manifest_file):
            cure = f"`{rebuild_of(self.database.parent)}` makes a new database, from all WARC files"
            raise ArchiveDamaged(str(self._manifest_file), "lists no WARC file", cure)
        with closing(connect(self.copy, unfinished=True)) as db:
            columns = [row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('journal')")]
            if not columns:
                raise ArchiveDamaged(str(self.copy), "is of a version that kept no journal", REBUILD)
            if "archive" in columns:
                must_be_of_archive(db, self._entries.values())
            return repr([*next(ask(db, "SELECT * FROM journal"))])

    def _copy(self) -> None:
        logger.info("%(file)s is copied", {"file": self.copy.name})
        with closing(connect(self.copy, unfinished=True)) as old, closing(open_for_maintenance(self.part)) as new:
            old.backup(
                new,
                pages=COPIED_PAGES,
                progress=lambda _status, left, total: self.on_progress("copying", total - left, total),
            )

    def _to_scan(self, files: list[str]) -> dict[str, int]:
        """Return what can hold journal records or captures that the copy has not got.

        When a part of a file was finished, the manifest noted the last journal record that was committed. If the copy
        knows a later one, it was made after the next commit, and that had all rows of the part. Of the other parts it
        has the rows up to some record: rows are committed in the order of their records.
        """
        must_be_of_archive(self.db, self._entries.values())
        note_captures(self.db)
        FrontierTable(self.db).release_all()  # of a crawl that has long ended
        known = min(database_state(self.db).journal, last_listed(self._entries))
        found = {}
        for file in [*files, *self.result.missing]:
            entry = self._entries.get(file)
            if entry is None:
                found[file] = 0
                continue
            old = [part.size for part in entry.parts if part.archive and (part.journal or 0) < known]
            start = max(captures.last_offset(self.db, file) or 0, *old, 0)
            if file in self.result.missing:
                if start < entry.size and captures.count_in_file(self.db, file) < entry.captures:
                    cause = "is not there, and has what was written since the copy was made"
                    cure = (
                        "put the file back from a copy and run the same command again; or `morgue rebuild` without it"
                    )
                    self._refuse(self.warc.location(file), cause, cure)
            elif self.warc.size(file) != entry.size:
                found[file] = 0  # the manifest is older, and its line is to be written anew
            elif start < entry.size:
                found[file] = start
        return found

    def _refuse(self, subject: str, cause: str, cure: str) -> NoReturn:
        """Raise ArchiveDamaged for a copy that cannot be brought up to date from these files."""
        self._is_refused = True
        raise ArchiveDamaged(subject, cause, cure)

    # What is replayed

    def _archive_id(self) -> str:
        return database_state(self.db).archive

    def _valid_records(self) -> list[int]:
        """Return the journal records after the last one of the copy. None may be missing between it and the newest."""
        (last,) = self._ask("SELECT last FROM beginning").fetchone()
        listed = last_listed(self._entries)
        headers = self._journal_headers()
        if 0 < listed < last and all(header.number < last for _at, header in headers):
            cause = f"is newer than the WARC files: it has journal record {last}, and they end with {listed}"
            self._refuse(str(self.copy), cause, "put the missing WARC files and their manifest.jsonl back from a copy")
        later = {at: header for at, header in headers if header.number > last}
        valid = journal.valid_records([*later.items()])
        before = last
        for header in (later[at] for at in valid):
            if header.after != before:
                self._refuse_without(before, header.number)
            before = header.number
        if listed > before:
            self._refuse_without(before, listed)
        logger.info(
            "the journal is replayed (records: %(valid)d, after: %(last)d)", {"valid": len(valid), "last": last}
        )
        # A file of another archive was there without rows, or with those that a rebuild had made.
        self._ask(f"DELETE FROM found_captures WHERE file IN {FOREIGN_FILES}")  # noqa: S608 (our own names)
        return valid

    def _refuse_without(self, before: int, after: int) -> NoReturn:
        cause = f"are no record of what was written between journal records {before} and {after}"
        cure = f"`morgue verify` names the file that is missing or damaged: put it back from a copy; or {OTHER_COPY}"
        self._refuse(str(self.warc.location("")), cause, cure)

    def _find_placed(self) -> None:
        columns, marks = ", ".join(CAPTURE_COLUMNS), ", ".join(f":{name}" for name in CAPTURE_COLUMNS)
        places = self._ask(
            f"""SELECT p.file, p.offset FROM placed p
                 WHERE NOT EXISTS (SELECT 1 FROM captures c WHERE (c.file, c.offset) = (p.file, p.offset))
                   AND (p.file, p.offset) NOT IN (SELECT file, offset FROM found_captures)
                   AND {OWN_FILE} ORDER BY 1, 2"""  # noqa: S608 (our own names)
        ).fetchall()
        for file, offset in places:
            try:
                capture = capture_of(next(walk(self.warc, file, start=offset)), file)
            except BucketFailing:
                raise
            except (MorgueError, ValueError, StopIteration):  # its rows are left out, and it is named
                continue
            if capture is not None:
                row = capture_row(capture)
                self.db.execute(f"INSERT INTO found_captures ({columns}) VALUES ({marks})", row)  # noqa: S608

    # The end

    def _finished(self) -> Path:
        """Give the finished database a name that says so: what it was made from may be put aside from now on."""
        made = self.database.with_name(self.database.name + RESTORED_SUFFIX)
        with os_errors(str(self.part)):
            self.part.replace(made)
            sync_folder(made.parent)
        return made
