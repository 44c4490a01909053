"""Wait for something that another process does, and move an archive through time without waiting."""

from __future__ import annotations

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


def let_a_day_pass(archive: Path) -> None:
    """Set the frontier of an archive back by a day: every visit was a day ago, what was due tomorrow is due now."""
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute(
            """UPDATE frontier SET first_visit = strftime('%Y-%m-%dT%H:%M:%SZ', first_visit, '-1 day'),
                      last_visit = strftime('%Y-%m-%dT%H:%M:%SZ', last_visit, '-1 day'),
                      next_visit = strftime('%Y-%m-%dT%H:%M:%SZ', next_visit, '-1 day')"""
        )
    db.close()
