"""Test the lock of an archive: who holds it, and what a process that is refused is told."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from pipelines.core import lock
from pipelines.core.errors import ArchiveDamaged, ArchiveLocked

is_root = os.geteuid() == 0


def hold(file: int, ready: Any) -> None:
    """Lock an open file as another user, until the process is killed."""
    os.setuid(65534)
    fcntl.flock(os.open(f"/dev/fd/{file}", os.O_RDONLY), fcntl.LOCK_EX)
    ready.set()
    signal.pause()


def refused(path: Path) -> ArchiveLocked:
    """Return the error of a second process. (flock knows descriptors, so the same process will do.)"""
    with pytest.raises(ArchiveLocked) as error:
        lock.ArchiveLock(path)
    return error.value


def test_lock_and_settings_are_private(tmp_path):
    """Those of an older version are made so by the first command that writes."""
    (tmp_path / "morgue.toml").touch(0o644)
    (tmp_path / "morgue.lock").touch(0o644)
    lock.ArchiveLock(tmp_path / "morgue.lock").release()
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("morgue.lock", "morgue.toml")] == [0o600] * 2


def test_link_in_place_of_the_lock_is_not_followed(tmp_path):
    """Its target keeps its bytes, which taking the lock would cut off."""
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    (tmp_path / "morgue.lock").symlink_to(victim)
    with pytest.raises(ArchiveDamaged, match="symbolic link"):
        lock.ArchiveLock(tmp_path / "morgue.lock")
    with pytest.raises(ArchiveDamaged, match="symbolic link"):
        lock.is_held(tmp_path / "morgue.lock")
    assert victim.read_text() == "precious"


def test_crawl_that_runs_is_no_alarm(tmp_path):
    """It is named with its process and the time at which it began."""
    held = lock.ArchiveLock(tmp_path / "morgue.lock")
    error = refused(tmp_path / "morgue.lock")
    assert not error.is_suspicious
    assert f"process {os.getpid()} since 20" in error.cause
    held.release()


@pytest.mark.parametrize("pid", [2**22 + 1, os.getppid(), os.getpid()], ids=["gone", "of another program", "ours"])
def test_lock_of_a_dead_process_is_taken(tmp_path, pid):
    """The kernel has released it; the number that the process wrote may be that of another one by now."""
    path = tmp_path / "morgue.lock"
    path.write_text(f"process {pid}\n")
    held = lock.ArchiveLock(path)
    assert f"process {os.getpid()} since" in refused(path).cause
    held.release()


def test_lock_that_is_held_for_more_than_a_day_is_an_alarm(tmp_path):
    """Something hangs."""
    held = lock.ArchiveLock(tmp_path / "morgue.lock")
    os.utime(tmp_path / "morgue.lock", (1_600_000_000, 1_600_000_000))
    error = refused(tmp_path / "morgue.lock")
    assert error.is_suspicious
    assert "since 2020-09-13T12:26:40Z" in error.cause
    held.release()


@pytest.mark.parametrize("note", ["", "process 1\n"], ids=["no note", "the note of a crawl that died"])
def test_lock_of_another_program_is_an_alarm(tmp_path, note, monkeypatch):
    """Any process that may read a file may lock it: a backup program, or an enemy."""
    monkeypatch.setattr(lock, "NOTE_WAIT_SECONDS", 0)
    path = tmp_path / "morgue.lock"
    path.write_text(note)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        error = refused(path)
    assert error.is_suspicious
    assert "is not morgue" in error.cause
    assert str(os.getpid()) in error.cause or not lock.KERNEL_LOCKS.exists()


@pytest.mark.skipif(not is_root, reason="only root can run a process of another user")
def test_lock_of_another_user_is_an_alarm(tmp_path):
    """With the name of that user, if the lock file can still be read by all."""
    tmp_path.chmod(0o755)
    path = tmp_path / "morgue.lock"
    path.touch(0o644)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    with path.open() as file:  # opened here, because the folders above are closed to that user
        holder = context.Process(target=hold, args=(file.fileno(), ready))
        holder.start()
        try:
            assert ready.wait(60)
            error = refused(path)
        finally:
            holder.kill()
            holder.join()
    assert error.is_suspicious
    assert f"process {holder.pid} of user" in error.cause
