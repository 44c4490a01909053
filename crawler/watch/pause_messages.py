"""Tell the owner by message that a watch is paused, and that it goes on: while it is paused, no pass can say it."""

from __future__ import annotations

from datetime import datetime

from crawler.config.models import Config
from crawler.health.kinds import ARCHIVE, BAD, HealthReason
from crawler.health.last_pass import UNBLOCK
from crawler.health.notify import payload, send
from crawler.health.told_changes import BEGAN, ENDED, HealthChange
from crawler.watch.next_pass import PassResult
from pipelines.core.errors import ArchiveDamaged, DiskFailing, DiskFull, MorgueError, NotWritable

AT_ONCE = {error.__name__ for error in (ArchiveDamaged, DiskFailing, DiskFull, NotWritable)}  # outcomes: no accidents
MIN_FAILURES = 2  # passes in a row that did not run, before any other reason is told


class PauseMessages:
    """Send each pause once, and its end to those who heard of it. What could not be sent is tried after each pass."""

    def __init__(self) -> None:
        self._told: HealthReason | None = None  # of which the receiver has not heard the end

    def paused(self, config: Config, target: str, result: PassResult, since: datetime, failures: int) -> str | None:
        """Tell why the watch is paused, unless that was told or may be an accident. Return why that failed."""
        if self._told is not None or (result.word not in AT_ONCE and failures < MIN_FAILURES):
            return None
        why = (result.error or result.word).splitlines()[0]
        reason = HealthReason("no pass", BAD, since, f"morgue watch is paused: {why}", UNBLOCK)
        failure = self._send(config, target, BEGAN, reason)
        if failure is None:
            self._told = reason
        return failure

    def goes_on(self, config: Config, target: str) -> str | None:
        """Tell that the pause is over, if its beginning was told. Return why that failed."""
        if self._told is None:
            return None
        failure = self._send(config, target, ENDED, self._told)
        if failure is None:
            self._told = None
        return failure

    def _send(self, config: Config, target: str, change: str, reason: HealthReason) -> str | None:
        if not target:
            return None
        try:
            return send(target, payload(config.folder.path, [HealthChange(ARCHIVE, change, reason, ())]), config)
        except MorgueError as error:  # of a target that cannot be understood
            return str(error)
