"""Answer whether an address was taken down, so that no crawl and no import brings it back."""

from __future__ import annotations

import sqlite3

from pipelines.core.errors import NotFound
from pipelines.database import removals
from pipelines.takedown.target_names import TargetMatcher, key_or_none, name_of_target


class TakedownRegister:
    """Hold the names of all that was taken down. `url in register` asks for one address."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._removed = TargetMatcher(removals.names(db))

    def __contains__(self, url: str) -> bool:
        if not self._removed:
            return False
        key = key_or_none(url)
        return key is not None and self._removed.covers(key)

    def last_removal(self, url: str) -> tuple[str, str] | None:
        """Return time (UTC) and reason of the last takedown that covers an address; None if none does."""
        key = key_or_none(url)
        if key is None:
            return None
        removed = removals.newest_first(self._db)
        return next(((time, reason) for time, name, reason in removed if TargetMatcher([name]).covers(key)), None)


def taken_down_on(db: sqlite3.Connection, url: str) -> str | None:
    """Return the day on which an address was last taken down, as 2026-11-23; None if it was not."""
    register = TakedownRegister(db)
    removal = register.last_removal(url) if url in register else None
    return removal[0][:10] if removal else None


def was_removed(db: sqlite3.Connection, target: str) -> bool:
    """Return True if a target, as the user wrote it, was taken down before. An article's number is forgotten then."""
    try:
        return removals.is_removed(db, name_of_target(db, target))
    except NotFound:
        return False
