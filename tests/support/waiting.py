"""Wait for something that another process does, and move an archive through time without waiting."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as `condition()` is true; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not true after {seconds:g} seconds"
        time.sleep(0.02)


def suspend(pid: int) -> None:
    """Stop a child process with SIGSTOP, and return once each thread of it has stopped: a signal alone comes later."""
    os.kill(pid, signal.SIGSTOP)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), f"process {pid} has ended"


def let_a_day_pass(archive: Path) -> None:
    """Set an archive back by a day: every visit was a day ago, and what was due tomorrow is due now."""
    moved = {
        "frontier": ("first_visit", "last_visit", "next_visit"),
        "robots_files": ("checked",),
        "hosts": ("since", "retry_at", "last_request", "unconditional_until"),
    }
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        for table, columns in moved.items():
            values = ", ".join(f"{column} = strftime('%Y-%m-%dT%H:%M:%SZ', {column}, '-1 day')" for column in columns)
            db.execute(f"UPDATE {table} SET {values}")
    db.close()
