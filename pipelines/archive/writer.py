"""Write to one archive: one lock, one writing thread, WARC bytes first and rows after them, committed in groups.

`ArchiveWriter` opens the archive; `write_queue` brings tasks to its thread, `group_commit` runs and commits them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pipelines.archive.crash_recovery import recover_archive
from pipelines.archive.group_commit import GroupCommit, OnFullDisk
from pipelines.archive.journal import Journal
from pipelines.archive.write_queue import WriteQueue
from pipelines.core.archive_layout import LOCK_NAME
from pipelines.core.errors import ArchiveDamaged, MorgueError
from pipelines.core.lock import ArchiveLock
from pipelines.database.connection import MAKE_AGAIN, open_database
from pipelines.database.search.merging import merge_index
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter

T = TypeVar("T")


class ArchiveWriter:
    """Hold the database connection and the WARC writer of one archive while a command writes to it."""

    def __init__(self, database: Path, storage: WarcStorage, **writer_options: Any) -> None:
        """Lock the archive, open the database, and recover what a crash left. `writer_options`: of `WarcWriter`.

        Raises ArchiveLocked, NotWritable, ArchiveDamaged, DiskFull.
        """
        self.database, self.storage = database, storage
        self._lock = ArchiveLock(database.parent / LOCK_NAME)
        manifest_path = database.parent / manifest.NAME
        try:
            storage.prepare()
            listed = manifest.load(manifest_path)
            if not database.exists() and (listed or storage.list().finished):
                raise database_gone(database)
            self.db = open_database(database)
            try:
                self.recovery_messages = recover_archive(self.db, database, storage, manifest_path, listed.values())
            except BaseException:
                self.db.close()
                raise
        except BaseException:
            storage.end()
            self._lock.release()
            raise
        self.journal = Journal(self.db)
        self.writer = WarcWriter(
            storage, manifest_path=manifest_path, database_state=self.journal.database_state(), **writer_options
        )
        self._group = GroupCommit(database, self.db, self.writer, self.journal)
        self._queue = WriteQueue(self._group)

    @property
    def failed(self) -> MorgueError | None:
        """Return the first failure to write, or None. After a failure nothing is written any more."""
        return self._group.failed

    @property
    def commits(self) -> int:
        """Return the number of commits so far."""
        return self._group.commits

    async def do(self, task: Callable[..., T], *args: Any, brief: bool = False) -> T:
        """Run `task(*args)` on the writing thread, inside the current transaction, and return its result.

        Raises what the task raises. After an error of the disk or the database nothing is written any more: the
        current group is rolled back, and this call and all later ones raise it (DiskFull, NotWritable, ArchiveDamaged).

        `brief`: the task takes about a millisecond and changes rows by one statement at most, and last. It waits a
        moment for other brief tasks. They run together, on the thread of the event loop, if the writing thread is idle
        and a transaction is open, so that nothing has to wait. What they share is then in the caches of one processor;
        apart, or on another thread, they would take two or three times as long. Other tasks may overtake them.
        """
        return await self._queue.do(task, *args, brief=brief)

    def call(self, task: Callable[..., T], *args: Any) -> T:
        """Run a task like `do`, and wait for it: for callers without an event loop, or on its thread."""
        return self._queue.call(task, *args)

    def commit(self) -> None:
        """Commit now, on the writing thread, and wait for it. Raises MorgueError."""
        self._queue.on_thread(self._group.commit)

    @contextmanager
    def at_rest(self, *, everything: bool = False) -> Iterator[None]:
        """Commit, and finish the file being written, so that the caller may rewrite any file and its line.

        `everything`: journal all that changed, so that a rebuild finds it if there is no later commit.
        """
        self._queue.on_thread(self._group.commit, last=everything, everything=everything)
        self._queue.on_thread(self.writer.close)
        try:
            yield
        finally:
            self._queue.on_thread(self.writer.read_manifest)

    def close(self, *, everything: bool = False, on_full_disk: OnFullDisk | None = None) -> None:
        """Commit, close the WARC file (renaming it from `.open`), close the database, release the lock.

        `everything`: journal all that changed, also if that alone is not worth a WARC file. `on_full_disk`: called on
        the writing thread if the disk was full, to write rows that say so. They may not fit either.
        """
        self._queue.stop()
        try:
            if self.failed is None:
                self._queue.on_thread(self._group.commit, last=True, everything=everything)
                self._queue.on_thread(merge_index, self.db)
        finally:
            self._queue.on_thread(self._group.close, on_full_disk)
            self._queue.shut_down()
            self.storage.end()
            self._lock.release()


def database_gone(path: Path) -> ArchiveDamaged:
    """Return the error for WARC files without a database: a new database would have no rows of them."""
    return ArchiveDamaged(str(path), "is not there, but WARC files are", MAKE_AGAIN)
