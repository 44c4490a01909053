"""Read what `morgue watch` says of itself in watch.json, and whether it still runs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pipelines.core import safe_open
from pipelines.core.archive_layout import WATCH_LOCK_NAME, WATCH_STATUS_NAME
from pipelines.core.errors import MorgueError
from pipelines.core.lock import is_held
from pipelines.core.timestamps import parse
from pipelines.database.health.facts import WatchFacts

logger = logging.getLogger("morgue.health")

MAX_STATUS_BYTES = 1 << 20


def watch_of(archive: Path) -> WatchFacts | None:
    """Return what the watch of an archive says; None if it was never watched, or the file cannot be understood."""
    path = archive / WATCH_STATUS_NAME
    try:
        values = json.loads(safe_open.read_bytes(path, MAX_STATUS_BYTES))
        planned = values["next_pass"]
        return WatchFacts(
            str(values["state"]),
            (str(values["reason"] or "").splitlines() or [""])[0],
            parse(values["since"]),
            int(values["pid"]),
            parse(planned) if planned else None,
            _is_alive(archive / WATCH_LOCK_NAME),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        logger.warning("%(file)s: cannot be read (%(why)s)", {"file": path, "why": error})
        return None


def _is_alive(lock: Path) -> bool:
    """Return True if a process holds the lock of a watch; the kernel releases it when that process ends."""
    try:
        return is_held(lock)
    except MorgueError:
        return True  # nothing is known to be wrong
