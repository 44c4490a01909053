"""The one writer of an archive: one lock, one thread, WARC bytes first and rows after them, committed in groups.

Everything that writes goes through `ArchiveWriter.do`. A commit first makes the WARC file durable (fsync), then the
rows, so a row never points at bytes that a crash could take away; the other way round a crash leaves bytes
without a row, which costs a second fetch and loses nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipelines.archive.crash_recovery import adopt, lacking, must_be_of_these_files
from pipelines.archive.journal import Journal, standing
from pipelines.core import lock
from pipelines.core.errors import (
    ArchiveDamaged,
    DiskFull,
    MorgueError,
)
from pipelines.core.plural import counted, verb
from pipelines.database.connection import open_database, write_error
from pipelines.warc import manifest
from pipelines.warc.recovery import recover
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter

T = TypeVar("T")

COMMIT_SECONDS = 1.0  # a crash costs at most this much work (it is fetched again)
GATHER_SECONDS, GATHER_TASKS = 0.02, 8  # how long a brief task waits for others, and for how many
COMMIT_TASKS = 500  # or this many tasks, so that one transaction stays small


@dataclass(slots=True)
class WriteTask:
    """A task on its way to the keeper's thread and back."""

    task: Callable[..., Any]
    args: tuple[Any, ...]
    brief: bool
    future: asyncio.Future[Any]  # who waits for it; of the event loop, and touched there only
    done: bool = False
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """Tell who waits, unless nobody does any more."""
        if self.future.done():
            return
        if isinstance(self.error, StopIteration):  # no future takes that one
            self.future.set_exception(RuntimeError("a task raised StopIteration"))
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class ArchiveWriter:
    """Owns the database connection and the WARC writer of one archive while a command writes to it."""

    def __init__(self, database: Path, storage: WarcStorage, **writer_options: Any) -> None:
        """Lock the archive, mend what a crash left, open the database.

        Raises ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull.
        """
        self.database, self.storage = database, storage
        self._lock = lock.ArchiveLock(database.parent / lock.NAME)
        listed_in = database.parent / manifest.NAME
        try:
            storage.prepare()
            listed = manifest.load(listed_in)
            if not database.exists() and (listed or storage.list().finished):
                raise database_gone(database)
            self.db, self._adopted = open_database(database), 0
            try:
                must_be_of_these_files(self.db, listed.values())
                for file in lacking(self.db, listed.values()):
                    if storage.size(file) is not None:
                        self._adopt(file)
                mended = recover(storage, listed_in, self._adopt, standing(self.db))  # later, as its files are
            except BaseException:
                self.db.close()
                raise
            # About files that a crash left open, and about rows that it took.
            self.mended = [sentence for one in mended for sentence in one.messages]
            if self._adopted:
                whose = verb(self._adopted, "its row", "their rows")
                pages = verb(self._adopted, "its page is", "their pages are")
                got = f"{counted(self._adopted, 'capture')} of the last run got {whose} back"
                self.mended.append(f"{got}; {pages} fetched again")
        except BaseException:
            self._lock.release()
            raise
        self.journal = Journal(self.db)
        self.writer = WarcWriter(storage, listed_in=listed_in, standing=self.journal.standing(), **writer_options)
        self.failed: MorgueError | None = None  # the first failure to write; after it nothing is written any more
        self.commits = 0  # how many there were
        # Called at the end if the disk was full: rows that say so. On the keeper's thread; they may not fit either.
        self.at_failure: Callable[[MorgueError], object] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")
        self._timer: asyncio.TimerHandle | None = None
        self._loop: Any = None  # the event loop that the next four belong to
        self._errands: list[WriteTask] = []  # not yet sent to the thread
        self._gathered: list[WriteTask] = []  # brief ones
        self._away = False  # the thread has something to do: nobody else touches the database and the WARC files
        self._due = False  # it is to commit the next time
        self._closed = False
        self._tasks = 0  # since the last commit
        self._committed = time.monotonic()

    def _adopt(self, name: str) -> None:
        try:
            self.db.execute("BEGIN IMMEDIATE")
            adopted = adopt(self.db, self.storage, name)
            self.db.execute("COMMIT")
            self._adopted += adopted
        except (sqlite3.Error, OSError) as error:
            raise write_error(error, self.database) from error

    async def do(self, task: Callable[..., T], *args: Any, brief: bool = False) -> T:
        """Run `task(*args)` on the keeper's thread, inside the current transaction, and return what it returns.

        Raises what the task raises. An error of the disk or the database ends the keeper: that group is rolled back
        and this and all later calls raise it (DiskFull, NotWritable, ArchiveDamaged).

        `brief`: the task takes about a millisecond and changes rows by one statement at most, and last. It waits a
        moment for others of its kind; they are run together, and on the thread of the event loop, if the keeper's has
        nothing to do and a transaction is open (so that nothing is waited for). What they share is then in this
        processor's caches: apart, or on another thread, they would take two or three times as long. Others may
        overtake them.
        """
        if self._closed:
            raise RuntimeError("the archive was closed already")
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # what another one left is over
            self._thread.submit(int).result()
            self._loop, self._errands, self._gathered, self._away, self._timer = loop, [], [], False, None
        errand = WriteTask(task, args, brief, loop.create_future())
        if brief:
            self._gather(errand, loop)
        else:
            self._errands.append(errand)
            if not self._away and len(self._errands) == 1:
                loop.call_soon(self._send)  # with those that this turn of the loop still brings
        result: T = await errand.future
        return result

    def _gather(self, errand: WriteTask, loop: asyncio.AbstractEventLoop) -> None:
        self._gathered.append(errand)
        if len(self._gathered) == 1:
            loop.call_later(GATHER_SECONDS, self._run_gathered)
        elif len(self._gathered) >= GATHER_TASKS:
            self._run_gathered()

    def _run_gathered(self) -> None:
        """Brief tasks, here; or by the thread, if it is to begin a transaction."""
        if self._away or not self._gathered:  # `_deliver` comes back to it
            return
        errands, self._gathered = self._gathered, []
        for done, errand in enumerate(errands):
            if not self.db.in_transaction or self.writer.is_full:  # that would take longer
                self._errands += errands[done:]
                break
            self._run_each([errand])
        self._deliver([errand for errand in errands if errand.done])

    def _send(self) -> None:
        """What has come since the last time goes to the thread together; and a commit, if it is time for one."""
        if self._away or self._closed or not (self._errands or self._due):
            return
        self._away = True
        self._thread.submit(self._run_all, self._errands, self._due, self._loop)
        self._errands, self._due = [], False

    def _run_all(self, errands: list[WriteTask], due: bool, loop: asyncio.AbstractEventLoop) -> None:
        self._run_each(errands)
        if due or self._is_due():
            self._commit_quietly()
        loop.call_soon_threadsafe(self._returned, errands)

    def _run_each(self, errands: list[WriteTask]) -> None:
        for errand in errands:
            errand.done = True
            if not errand.future.cancelled():
                try:
                    errand.result = self._run(errand.task, errand.args, errand.brief)
                except BaseException as error:  # noqa: BLE001 whoever waits for it gets it
                    errand.error = error

    def _returned(self, errands: list[WriteTask]) -> None:
        self._away = False
        self._run_gathered()
        self._deliver(errands)

    def _deliver(self, errands: list[WriteTask]) -> None:
        """Tell who waits; see to it that what was done is committed in time."""
        for errand in errands:
            errand.deliver()
        self._due |= self._is_due()
        self._send()
        if self._timer is None and self._tasks and not self._closed:
            self._timer = self._loop.call_later(COMMIT_SECONDS, self._on_timer)

    def call(self, task: Callable[..., T], *args: Any) -> T:
        """`do` for callers without an event loop, or on its thread."""
        return self._thread.submit(self._run_one, task, args).result()

    def _run_one(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        result = self._run(task, args)
        if self._is_due():
            self._commit()
        return result

    def close(self, *, everything: bool = False) -> None:
        """Commit, close the WARC file (renaming it from `.open`), close the database, release the lock.

        `everything`: tell the WARC files of all that changed, also if that alone is not worth a file.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._closed = True
        errands, self._errands, self._gathered = [*self._errands, *self._gathered], [], []
        if errands:
            self._thread.submit(self._run_all, errands, False, self._loop)
        try:
            if self.failed is None:
                self._thread.submit(self._commit, last=True, everything=everything).result()
        finally:
            self._thread.submit(self._shut).result()
            self._thread.shutdown()
            self._lock.release()

    def _on_timer(self) -> None:
        self._timer = None
        self._due |= self._tasks > 0 and self.failed is None
        self._send()

    def _commit_quietly(self) -> None:
        """A failure is kept in `failed` and raised by the next `do`."""
        if self.failed is not None:
            return
        try:
            self._commit()
        except Exception as error:  # noqa: BLE001 `_commit` has translated what disks and databases raise
            self.failed = self.failed or write_error(error, self.database)

    def _run(self, task: Callable[..., T], args: tuple[Any, ...], brief: bool = False) -> T:
        if self.failed is not None:
            raise self.failed
        try:
            if not self.db.in_transaction:
                self.db.execute("BEGIN IMMEDIATE")
            result = task(*args) if brief else self._whole(task, args)
        except (MorgueError, OSError, sqlite3.Error) as error:
            self._fail(error)
        self._tasks += 1
        return result

    def _is_due(self) -> bool:
        """Whether it is time to commit."""
        if self.failed is not None or not self._tasks:
            return False
        return self._tasks >= COMMIT_TASKS or time.monotonic() - self._committed >= COMMIT_SECONDS

    def _whole(self, task: Callable[..., T], args: tuple[Any, ...]) -> T:
        """A task is done whole or not at all, whatever else the group holds."""
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

    def _commit(self, *, last: bool = False, everything: bool = False) -> None:
        try:
            if last or self.db.in_transaction:
                self._tell(last=last, everything=everything)
            self.writer.sync()
            if self.db.in_transaction:
                self.db.execute("COMMIT")
                self.commits += 1
                self.writer.standing = self.journal.standing()
        except (MorgueError, OSError, sqlite3.Error) as error:
            self._fail(error)
        self._tasks = 0
        self._committed = time.monotonic()

    def _tell(self, *, last: bool, everything: bool) -> None:
        """Write the journal, if it is time to: before the last file is finished, or enough has changed."""
        has_news = self.journal.has_news(everything=everything) if last else self.journal.is_due()
        if not (has_news or (last and self.writer.is_open)):
            return
        if not self.db.in_transaction:
            self.db.execute("BEGIN IMMEDIATE")
        for record in self.journal.records(self.writer.warcinfo_id):
            self.writer.append([record])

    def _fail(self, error: Exception) -> Any:
        """Remember the first failure in the family's words, give up the open transaction, raise."""
        failure = write_error(error, self.database)
        if not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            self.failed = self.failed or failure
        if self.db.in_transaction and self.failed is not None:
            try:
                self.db.execute("ROLLBACK")
            except sqlite3.Error as rollback:
                failure.add_note(f"rolling back failed as well: {rollback}")
        raise failure from error

    def _shut(self) -> None:
        try:
            self.writer.close()
        except (MorgueError, OSError) as error:
            self.failed = self.failed or write_error(error, self.database)
        try:
            # Closing does it as well, but tells nobody if it fails.
            self.db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            self.failed = self.failed or write_error(error, self.database)
        if isinstance(self.failed, DiskFull) and self.at_failure is not None:
            self._say_so(self.failed, self.at_failure)
        self.db.close()

    def _say_so(self, failure: MorgueError, at_failure: Callable[[MorgueError], object]) -> None:
        """A row fits now and then: the write-ahead log begins anew where it was copied into the database."""
        with suppress(sqlite3.Error):
            try:
                self.db.execute("BEGIN IMMEDIATE")
                at_failure(failure)
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")


def database_gone(path: Path) -> ArchiveDamaged:
    """Where there are WARC files and no database, a new one would know nothing of them."""
    return ArchiveDamaged(str(path), "is not there, but WARC files are", "`morgue rebuild` makes it anew from them")
