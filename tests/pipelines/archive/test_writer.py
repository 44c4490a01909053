"""Test the archive writer: the lock, the order of events, and what a failure leaves. Real files, a real database."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from pipelines.archive.group_commit import COMMIT_SECONDS, COMMIT_TASKS
from pipelines.archive.write_queue import GATHER_TASKS
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveLocked, DiskFull, MorgueError
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage, sha256_of
from pipelines.warc.writer import WarcWriter
from tests.support.exchanges import write_small_exchange
from tests.support.warc_files import walk


@pytest.fixture
def archive_writer(tmp_path):
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    yield archive_writer
    archive_writer.close()


def seen_by_others(archive_writer) -> int:
    """Return how many captures another connection sees."""
    with sqlite3.connect(archive_writer.database) as db:
        return db.execute("SELECT count(*) FROM captures").fetchone()[0]


def test_second_writer_is_refused_with_the_process_of_the_first(archive_writer):
    """When the first lets go, the next may have the archive."""
    with pytest.raises(ArchiveLocked, match=f"process {os.getpid()}"):
        ArchiveWriter(archive_writer.database, WarcStorage(archive_writer.database.parent / "warc"), info={})


def test_lock_ends_with_its_process(tmp_path):
    """After kill -9 there is nothing to remove by hand."""
    code = (
        "import sys, time; from pathlib import Path; from pipelines.core.lock import ArchiveLock; "
        f"lock = ArchiveLock(Path({str(tmp_path / 'morgue.lock')!r})); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ArchiveLocked):
        ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})
    holder.kill()
    holder.wait()
    ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={}).close()


def test_rows_become_visible_within_a_second_or_so(archive_writer):
    """The commit comes by itself."""

    async def scene():
        await archive_writer.do(write_small_exchange, archive_writer)
        assert seen_by_others(archive_writer) == 0
        await asyncio.sleep(COMMIT_SECONDS + 0.5)
        assert seen_by_others(archive_writer) == 1

    asyncio.run(scene())


def test_warc_is_synced_before_its_row_is_committed(archive_writer, monkeypatch):
    """fsync of the file, then COMMIT: never the other way round."""
    order = []
    sync = archive_writer.writer.sync
    monkeypatch.setattr(
        archive_writer.writer, "sync", lambda: (sync(), order.append(("sync", seen_by_others(archive_writer))))
    )
    archive_writer.call(write_small_exchange, archive_writer)
    archive_writer._group._committed = time.monotonic() - 2 * COMMIT_SECONDS
    archive_writer.call(lambda: None)
    order.append(("after", seen_by_others(archive_writer)))
    assert order == [("sync", 0), ("after", 1)]


def test_failed_sync_commits_nothing(tmp_path, monkeypatch):
    """No row may point at bytes that are not safe; the writer is finished and says why, every time."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})

    def full() -> None:
        raise OSError(28, "No space left on device")

    archive_writer.call(write_small_exchange, archive_writer)
    monkeypatch.setattr(archive_writer.writer, "sync", full)
    archive_writer._group._committed = time.monotonic() - 2 * COMMIT_SECONDS
    with pytest.raises(DiskFull):
        archive_writer.call(lambda: None)
    with pytest.raises(DiskFull):
        archive_writer.call(write_small_exchange, archive_writer)
    assert seen_by_others(archive_writer) == 0
    archive_writer.close()


def test_failed_task_is_rolled_back_alone(archive_writer):
    """A mistake in one task takes back that task only; the group goes on."""

    def half() -> None:
        archive_writer.db.execute("INSERT INTO sources (name, url, added) VALUES ('half', '', '')")
        raise ValueError("a mistake of ours")

    archive_writer.call(write_small_exchange, archive_writer)
    with pytest.raises(ValueError, match="of ours"):
        archive_writer.call(half)
    with pytest.raises(MorgueError):
        archive_writer.call(archive_writer.db.execute, "INSERT INTO sources (name) VALUES (NULL)")
    archive_writer.call(write_small_exchange, archive_writer)
    archive_writer.close()
    with sqlite3.connect(archive_writer.database) as db:
        assert db.execute("SELECT (SELECT count(*) FROM sources), (SELECT count(*) FROM captures)").fetchone() == (0, 2)
    archive_writer.__init__(archive_writer.database, archive_writer.storage, info={})


def test_brief_task_runs_on_the_callers_thread(archive_writer):
    """Unless a transaction is to be begun, and never while the writer's thread is at work."""
    here = threading.get_ident()

    async def where(**how) -> bool:
        return await archive_writer.do(threading.get_ident, **how) == here

    async def scene():
        assert not await where(brief=True)  # begins a transaction
        assert await where(brief=True)
        assert not await where()
        busy = asyncio.ensure_future(archive_writer.do(time.sleep, 0.2))
        await asyncio.sleep(0.05)
        assert await where(brief=True)  # afterwards
        await asyncio.wait_for(busy, 0.1)

    asyncio.run(scene())


def test_brief_tasks_are_gathered(archive_writer):
    """Until there are enough of them, or for a moment."""

    async def scene():
        await archive_writer.do(int)
        done = []
        waiting = [
            asyncio.ensure_future(archive_writer.do(done.append, number, brief=True)) for number in range(GATHER_TASKS)
        ]
        await asyncio.sleep(0)
        assert done == list(range(GATHER_TASKS))
        await asyncio.gather(*waiting)
        last = asyncio.ensure_future(archive_writer.do(done.append, "last", brief=True))
        await asyncio.sleep(0)
        assert len(done) == GATHER_TASKS
        await last

    asyncio.run(scene())


def test_tasks_run_in_the_order_of_their_calls(archive_writer):
    """Those of one kind, and across commits."""
    done = {True: [], False: []}

    async def scene():
        waiting = []
        for number in range(300):
            if number % 100 == 99:
                archive_writer._group._committed = time.monotonic() - 2 * COMMIT_SECONDS
            brief = number % 3 > 0
            waiting.append(asyncio.ensure_future(archive_writer.do(done[brief].append, number, brief=brief)))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(scene())
    assert done == {brief: [number for number in range(300) if (number % 3 > 0) == brief] for brief in (True, False)}


def test_brief_tasks_are_committed_in_time(archive_writer):
    """By the timer, and after a number of them."""

    async def scene():
        await archive_writer.do(write_small_exchange, archive_writer, brief=True)
        await archive_writer.do(write_small_exchange, archive_writer, brief=True)
        assert seen_by_others(archive_writer) == 0
        await asyncio.sleep(COMMIT_SECONDS + 0.5)
        assert seen_by_others(archive_writer) == 2
        await archive_writer.do(write_small_exchange, archive_writer)
        await asyncio.gather(*(archive_writer.do(int, brief=True) for _ in range(COMMIT_TASKS)))
        await archive_writer.do(int)  # after the commit
        assert seen_by_others(archive_writer) == 3

    asyncio.run(scene())


def test_failed_commit_without_a_waiter_is_raised_by_the_next_call(archive_writer, monkeypatch):
    """The timer does not go on trying."""

    def full() -> None:
        tries.append(1)
        raise OSError(28, "No space left on device")

    tries = []
    monkeypatch.setattr(archive_writer.writer, "sync", full)

    async def scene():
        await archive_writer.do(write_small_exchange, archive_writer)
        await archive_writer.do(write_small_exchange, archive_writer, brief=True)
        await asyncio.sleep(COMMIT_SECONDS + 0.5)
        for brief in (True, False, True):
            with pytest.raises(DiskFull):
                await archive_writer.do(write_small_exchange, archive_writer, brief=brief)

    asyncio.run(scene())
    assert tries == [1]
    assert seen_by_others(archive_writer) == 0


def test_task_left_by_an_ended_loop_does_not_block_the_next_loop(archive_writer):
    """The loop ended while the task was on its way."""
    left = []

    async def leaves():
        left.append(asyncio.ensure_future(archive_writer.do(time.sleep, 0.2)))
        await asyncio.sleep(0.05)

    async def goes_on():
        return await archive_writer.do(write_small_exchange, archive_writer), await archive_writer.do(
            write_small_exchange, archive_writer, brief=True
        )

    asyncio.run(leaves())
    first, second = asyncio.run(goes_on())
    assert (first.id, second.id) == (1, 2)


def test_close_finishes_earlier_tasks_and_refuses_later_ones(tmp_path):
    """This includes a brief task that still waits for others."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})

    async def scene():
        await archive_writer.do(int)
        waiting = [
            asyncio.ensure_future(archive_writer.do(write_small_exchange, archive_writer, brief=brief))
            for brief in (True, False)
        ]
        await asyncio.sleep(0)
        archive_writer.close()
        assert {capture.id for capture in await asyncio.gather(*waiting)} == {1, 2}
        with pytest.raises(RuntimeError):
            await archive_writer.do(write_small_exchange, archive_writer, brief=True)

    asyncio.run(scene())
    assert seen_by_others(archive_writer) == 2


def test_close_during_a_commit_raises_nothing(tmp_path, caplog):
    """The thread comes back to an event loop that goes on: nothing more is asked of it."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={})

    async def scene():
        await archive_writer.do(write_small_exchange, archive_writer)
        waiting = asyncio.ensure_future(archive_writer.do(time.sleep, 0.1))
        await asyncio.sleep(0.05)
        archive_writer._queue._on_timer()  # it is to commit as soon as the thread is back
        archive_writer.close()
        await waiting
        await asyncio.sleep(0.05)

    asyncio.run(scene())
    assert caplog.records == []
    assert seen_by_others(archive_writer) == 1


@pytest.mark.parametrize("brief", [True, False], ids=["brief", "not brief"])
def test_exception_of_a_task_is_raised_to_its_caller_only(archive_writer, brief):
    """Exceptions that a future does not accept, too."""

    def stops() -> None:
        raise StopIteration

    async def scene():
        await archive_writer.do(int)
        waiting = [archive_writer.do(task, brief=brief) for task in (stops, int)]
        first, second = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(first, RuntimeError)
        assert second == 0

    asyncio.run(scene())


def test_unexpected_failure_of_a_commit_ends_the_writer(archive_writer, monkeypatch):
    """Nothing waits for ever."""

    def exhausted() -> None:
        raise MemoryError("no more of it")

    monkeypatch.setattr(archive_writer.writer, "sync", exhausted)

    async def scene():
        await archive_writer.do(write_small_exchange, archive_writer)
        archive_writer._group._committed = time.monotonic() - 2 * COMMIT_SECONDS
        await archive_writer.do(int)
        with pytest.raises(MorgueError, match="no more of it"):
            await archive_writer.do(int)

    asyncio.run(scene())


def test_file_is_finished_on_the_writers_thread(tmp_path, monkeypatch):
    """It is read back, which takes seconds; brief tasks run on the thread of the event loop."""
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", WarcStorage(tmp_path / "warc"), info={}, max_size=1000)
    threads, finish = [], WarcWriter.close
    monkeypatch.setattr(WarcWriter, "close", lambda writer: (threads.append(threading.get_ident()), finish(writer)))

    async def scene():
        await archive_writer.do(int)
        await asyncio.gather(*(archive_writer.do(write_small_exchange, archive_writer, brief=True) for _ in range(10)))

    asyncio.run(scene())
    archive_writer.close()
    assert len(threads) > 2
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(("max_age", "written"), [(0, 1), (86_400, 2)], ids=["a file each", "one file"])
def test_run_that_changes_only_the_queue_makes_no_file(tmp_path, max_age, written):
    """The change is written into the file of the next exchange, or at once into a file that is continued anyway."""

    def run(*, exchange: bool) -> None:
        storage = WarcStorage(tmp_path / "warc")
        archive_writer = ArchiveWriter(tmp_path / "morgue.db", storage, info={}, max_age=max_age)
        change = "INSERT OR IGNORE INTO changes (name, key) VALUES ('frontier', 7)"
        archive_writer.call(archive_writer.db.execute, change)
        if exchange:
            archive_writer.call(write_small_exchange, archive_writer)
        archive_writer.close()

    run(exchange=False)
    assert list((tmp_path / "warc").iterdir()) == []
    run(exchange=True)
    run(exchange=False)
    assert len(list((tmp_path / "warc").iterdir())) == 1
    lines = b"".join(member.block for path in (tmp_path / "warc").iterdir() for member in walk(path)).splitlines()
    assert lines.count(b'{"frontier":{"gone":7}}') == written


def test_file_at_rest_is_finished_and_its_new_line_counts_afterwards(tmp_path):
    """A takedown rewrites files while the archive is locked: what comes after it continues the file as it is then."""
    storage, listed = WarcStorage(tmp_path / "warc"), tmp_path / "manifest.jsonl"
    archive_writer = ArchiveWriter(tmp_path / "morgue.db", storage, info={}, max_age=86_400)
    archive_writer.call(write_small_exchange, archive_writer)
    with archive_writer.at_rest():
        (path,) = (tmp_path / "warc").iterdir()
        assert path.name.endswith(".warc.gz")
        data = bytearray(path.read_bytes())
        data[9] ^= 1  # of a gzip header: no record changes
        path.write_bytes(data)
        (entry,) = manifest.load(listed).values()
        manifest.write(listed, [replace(entry, sha256=sha256_of(path))])
    archive_writer.call(write_small_exchange, archive_writer)
    archive_writer.close()
    (entry,) = manifest.load(listed).values()
    assert len(entry.parts) == 2
    with path.open("rb") as file:
        assert manifest.differing_parts(file, entry) == []
