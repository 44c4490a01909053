"""Run tasks in one open transaction and commit them as a group: WARC bytes first, their rows after them.

A commit makes the WARC file durable (fsync) before the rows, so that no row points at bytes that a crash could take
away. A crash between the two leaves bytes without a row: their page is fetched again, and nothing is lost.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pipelines.archive.journal import Journal
from pipelines.archive.log_checkpoint import LogCheckpoint
from pipelines.core.errors import ConfigError, DiskFull, MorgueError, NotFound, write_error
from pipelines.warc.writer import WarcWriter

T = TypeVar("T")
logger = logging.getLogger("morgue.archive")

COMMIT_SECONDS = 1.0  # a crash costs at most the work of this time: it is fetched again
SLOW_COMMIT_SECONDS = 1.0  # from which on the log says without -vv that the disk is slow
COMMIT_TASKS = 500  # a commit comes after so many tasks at the latest, so that a transaction stays small


OnFullDisk = Callable[[MorgueError], object]


class GroupCommit:
    """Hold the open transaction of an archive: its rows, its WARC file, its journal. Used by one thread at a time."""

    def __init__(self, database: Path, db: sqlite3.Connection, writer: WarcWriter, journal: Journal) -> None:
        self.database, self.db, self.writer, self.journal = database, db, writer, journal
        self.failed: MorgueError | None = None  # the first failure to write; nothing is written after it
        self.commits = 0  # number of commits so far
        self.uncommitted_tasks = 0
        self._committed = time.monotonic()  # seconds
        self._log = LogCheckpoint(database, db)

    def run(self, task: Callable[..., T], args: tuple[Any, ...], *, brief: bool = False) -> T:
        """Run a task in the open transaction, or begin one. A task that raises leaves no rows.

        `brief`: the task changes rows by one statement at most, and last, so that it needs no savepoint. Raises what
        the task raises; a failure of the disk or the database as MorgueError, now and at every later call.
        """
        if self.failed is not None:
            raise self.failed
        try:
            if not self.db.in_transaction:
                self.db.execute("BEGIN IMMEDIATE")
            result = task(*args) if brief else self._run_in_savepoint(task, args)
        except (ConfigError, NotFound):
            raise  # the task refused what the user asked for; the archive can be written as before
        except (MorgueError, OSError, sqlite3.Error) as error:
            self._fail(error)
        self.uncommitted_tasks += 1
        return result

    def may_wait(self) -> bool:
        """Return True if the next task begins a transaction or reads a whole WARC file: both can take long."""
        return not self.db.in_transaction or self.writer.may_wait

    def is_due(self) -> bool:
        """Return True if it is time to commit."""
        if self.failed is not None or not self.uncommitted_tasks:
            return False
        return self.uncommitted_tasks >= COMMIT_TASKS or time.monotonic() - self._committed >= COMMIT_SECONDS

    def commit(self, *, last: bool = False, everything: bool = False) -> None:
        """Write the journal if it is due, sync the WARC file, then commit the rows. Raises MorgueError.

        `last`: nothing comes after this commit. `everything`: journal all that changed, also if that alone is not
        worth a WARC file.
        """
        began = time.monotonic()
        try:
            if last or self.db.in_transaction:
                self._write_journal(last=last, everything=everything)
            self.writer.sync()
            if self.db.in_transaction:
                self.db.execute("COMMIT")
                self.commits += 1
                self.writer.database_state = self.journal.database_state()
                self._log.run_if_large()
        except (MorgueError, OSError, sqlite3.Error) as error:
            self._fail(error)
        self._committed = time.monotonic()
        about = {"tasks": self.uncommitted_tasks, "seconds": self._committed - began}
        level = logging.INFO if about["seconds"] >= SLOW_COMMIT_SECONDS else logging.DEBUG
        logger.log(level, "committed (tasks: %(tasks)d, seconds: %(seconds).3f)", about)
        self.uncommitted_tasks = 0

    def try_commit(self) -> None:
        """Commit; keep a failure in `failed`, for the next `run` to raise."""
        if self.failed is not None:
            return
        try:
            self.commit()
        except Exception as error:  # noqa: BLE001 `commit` has translated what disks and databases raise
            self.failed = self.failed or write_error(error, self.database)

    def close(self, on_full_disk: OnFullDisk | None = None) -> None:
        """Close the WARC file and the database; keep a failure in `failed`.

        `on_full_disk`: called with the failure if the disk was full, to write rows that say so.
        """
        try:
            self.writer.close()
        except (MorgueError, OSError) as error:
            self.failed = self.failed or write_error(error, self.database)
        try:
            # Closing the connection does this as well, but reports no failure.
            self.db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            self.failed = self.failed or write_error(error, self.database)
        if isinstance(self.failed, DiskFull) and on_full_disk is not None:
            self._record_failure(self.failed, on_full_disk)
        self.db.close()

    def _run_in_savepoint(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        """Run a task whole or not at all, without touching what else is in the transaction."""
        self.db.execute("SAVEPOINT task")
        try:
            return task(*args)
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK TO task")
            raise
        finally:
            if self.db.in_transaction:
                self.db.execute("RELEASE task")

    def _write_journal(self, *, last: bool, everything: bool) -> None:
        """Write the journal if enough has changed, or before the last WARC file is finished.

        A file is not opened for changes that are not worth one: they stay noted, and are written with the next.
        """
        if not (last or self.journal.is_due()):
            return
        if not self.writer.is_open:
            new_file = self.writer.file_to_continue() is None
            if not self.journal.has_news(everything=everything, new_file=new_file):
                return
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")
        for record in self.journal.records(self.writer.warcinfo_id):
            self.writer.append([record])

    def _fail(self, error: Exception) -> Any:
        """Raise an error as MorgueError; if the archive cannot be written any more, keep it and roll back first."""
        failure = write_error(error, self.database)
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            if self.failed is None:
                logger.error("a write failed, and nothing is written after it: %(error)s", {"error": failure})
            self.failed = self.failed or failure
        if self.db.in_transaction and self.failed is not None:
            try:
                self.db.execute("ROLLBACK")
            except sqlite3.Error as rollback:
                failure.add_note(f"rolling back failed as well: {rollback}")
        raise failure from error

    def _record_failure(self, failure: MorgueError, on_full_disk: OnFullDisk) -> None:
        """Try to record a failure. Even on a full disk a small row may fit: SQLite reuses checkpointed log space."""
        with suppress(sqlite3.Error):
            try:
                self.db.execute("BEGIN IMMEDIATE")
                on_full_disk(failure)
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
