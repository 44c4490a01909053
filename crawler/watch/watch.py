"""Watch an archive: pass after pass until stopped. Holds little, so that it can run for years."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crawler import __version__
from crawler.config.archive_folder import ArchiveFolder
from crawler.watch.next_pass import (
    LOOK_SECONDS,
    MIN_GAP_SECONDS,
    PassResult,
    has_jumped,
    has_space_again,
    seconds_to_next,
)
from crawler.watch.pass_process import HUNG, KILLED, PassProcess, start_pass, wait_for
from crawler.watch.pass_progress import Crawl, max_quiet_seconds
from crawler.watch.pause_messages import PauseMessages
from crawler.watch.program_files import ProgramFiles
from crawler.watch.status_file import StatusFile
from crawler.watch.watched_settings import WatchedSettings
from pipelines.core.archive_layout import LOCK_NAME, WATCH_LOCK_NAME, WATCH_STATUS_NAME
from pipelines.core.errors import INTERRUPTED, ArchiveDamaged, MorgueError, NotWritable
from pipelines.core.lock import ArchiveLock, is_held
from pipelines.core.plural import counted
from pipelines.core.timestamps import now, stamp

logger = logging.getLogger("morgue.watch")

POLL_SECONDS = 5.0  # between two looks at the files of settings, the clocks and the disk while a watch waits
RETRY_SECONDS = 10.0  # from a pass that found the archive locked; between two tries to start an upgraded program
PATIENT_TRIES = 6  # to start it; then it is said that it does not start, and it is tried each minute
WAITING, CRAWLING, LOCKED, PAUSED, STOPPED = "waiting", "crawling", "locked", "paused", "stopped"
# Outcomes of the first pass with which a watch ends as `morgue crawl` does: it was started where it cannot work.
ENDS_AT_START = {NotWritable.__name__, ArchiveDamaged.__name__}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class WatchOutput:
    """Hold how a watch speaks. A command prints; this package does not."""

    passed: Callable[[str], None]  # takes the line of a pass
    note: Callable[[str], None]  # takes what is good to know
    problem: Callable[[str], None]  # takes what the user has to see to
    live: Callable[[str], None]  # takes what a terminal shows until the next line; empty: nothing


class Watch:
    """Run one pass after another on an archive, each in a process of its own.

    Only the pass locks the archive, so that other commands work between two passes.
    """

    def __init__(
        self,
        folder: ArchiveFolder,
        overrides: Sequence[str],
        output: WatchOutput,
        crawl: Crawl,
        *,
        every: float = LOOK_SECONDS,
        notify: str = "",
        stops_at_hangup: bool = False,
    ) -> None:
        """Lock the watch of this archive and load its settings. Raises ArchiveLocked, ConfigError, NotWritable."""
        self._folder, self._output, self._crawl = folder, output, crawl
        self._every, self._notify, self._stops_at_hangup = every, notify, stops_at_hangup
        self._lock = ArchiveLock(folder.path / WATCH_LOCK_NAME)
        try:
            if not os.access(folder.path, os.W_OK):  # a pass may work there, but nothing would say what the watch does
                cause = "no file can be made in this folder, and a watch has its status there"
                raise NotWritable(str(folder.path), cause, "check the folder's owner and permissions")
            self._settings = WatchedSettings(folder, overrides, output.problem, output.note)
        except BaseException:
            self._lock.release()
            raise
        self._file = StatusFile(folder.path / WATCH_STATUS_NAME, output.problem)
        self._started = self._since = now()
        self._state, self._reason = WAITING, ""
        self._next: datetime | None = None
        self._planned_at = time.monotonic(), now()
        self._last: dict[str, Any] | None = None
        self._problems: tuple[str, ...] = ()
        self._notes: tuple[str, ...] = ()  # of the last pass
        self._passes = self._failures = 0
        self._free_when_full: int | None = None
        self._messages, self._unsent = PauseMessages(), ""
        self._stops = 0  # signals that ask the watch to end
        self._is_called = False  # a signal asks for a pass at once
        self._program = ProgramFiles()
        self.is_outdated = False  # it has ended because Newsmorgue was upgraded, and is to be started again

    def run(self) -> int:
        """Run passes until a signal says stop, or the program was upgraded; return the exit code."""
        gc.collect()
        gc.freeze()  # the collector of a pass would copy the memory that it shares with this process
        reason, unfit, code = "ended by an error", "", INTERRUPTED
        try:
            with self._signals() as self._alarm:
                while not self._stops:
                    if self._wait_for_upgrade():
                        self.is_outdated = not self._stops
                        break
                    self._settings.take_in()
                    result = self._pass()
                    if self._passes == 1 and result.word in ENDS_AT_START:
                        unfit, code = result.error, result.exit_code
                        break
                    seconds = self._after(result)
                    if not self._stops:
                        self._wait(seconds)
                reason = "Newsmorgue was upgraded" if self.is_outdated else unfit
        finally:
            self._output.live("")
            self._next = None
            self._enter(STOPPED, reason)
            self._lock.release()
        if self.is_outdated:
            self._output.note("Newsmorgue was upgraded: the watch starts again with the new version")
        elif unfit:
            self._output.problem(f"stopped: {unfit}")
        else:
            self._output.note("stopped: everything fetched is kept")
        return code

    def _wait_for_upgrade(self) -> bool:
        """Return True if the program was replaced and the new one can be started, False if it is as it was.

        While it is being replaced, no pass begins: it would be of both versions.
        """
        tries = 0
        while self._program.have_changed() and not self._stops:
            why = self._program.why_they_cannot_start()
            if why is None:
                return True
            tries += 1
            reason = f"Newsmorgue was replaced, and cannot be started: {why}"
            if tries == PATIENT_TRIES:
                self._output.problem(f"paused: {reason}\n  install it again; the watch then goes on by itself")
            self._enter(PAUSED, reason)
            if wait_for([self._alarm], RETRY_SECONDS if tries < PATIENT_TRIES else MIN_GAP_SECONDS):
                os.read(self._alarm, 4096)
        return False

    # -- a pass

    def _pass(self) -> PassResult:
        """Run a pass to its end, and pass the signals on that ask for an end."""
        self._is_called, self._next = False, None
        # While it is paused, an attempt to go on is no news until it succeeds.
        self._enter(*((self._state, self._reason) if self._state in (LOCKED, PAUSED) else (CRAWLING, "")))
        self._output.live("")
        began = now()
        process = start_pass(self._settings, self._notify, self._crawl, self._lock.leave_to_parent)
        self._follow(process)
        result = process.result()
        self._passes += 1
        self._last = {
            "began": stamp(began),
            "ended": stamp(now()),
            "outcome": result.word,
            "exit_code": result.exit_code,
            "counts": dict(result.counts),
            "still_due": result.left,
            "error": result.error or None,
        }
        self._problems = result.attention
        return result

    def _follow(self, process: PassProcess) -> None:
        """Wait until the pass ends; end it if it hangs."""
        told, max_quiet = 0, max_quiet_seconds(self._settings.config)
        while True:
            for _ in range(self._stops - told):
                process.stop()
                told += 1
            readable = wait_for([process.line, self._alarm], POLL_SECONDS)
            if self._alarm in readable:
                os.read(self._alarm, 4096)
            if process.line in readable and not process.read():
                return
            process.end_if_hung(max_quiet)

    def _after(self, result: PassResult) -> float:
        """Say how a pass ended; return the seconds until the next."""
        for line in result.notes:
            if line not in self._notes:  # what holds on, such as a source without its file, is said once
                self._output.note(line)
        if result.has_run:
            self._notes = result.notes
        was, why = self._state, self._reason
        if result.exit_code == INTERRUPTED and self._stops:
            self._output.passed(pass_line(result, now(), None))
            return 0.0
        if result.has_run:
            self._failures, state, reason = 0, WAITING, ""
            if was in (LOCKED, PAUSED):
                self._output.note("goes on")
        else:
            self._failures += 1
            state = LOCKED if result.word == "ArchiveLocked" else PAUSED
            reason = result.error or result.word
            if result.word in (KILLED, HUNG) or (was, why) != (state, reason):
                doing = "waits" if state == LOCKED else "paused"
                self._output.problem(f"{doing}: {reason}")
        self._free_when_full = self._free() if result.word == "DiskFull" else None
        self._planned_at = time.monotonic(), now()  # a jump of the clock from here on makes the plan void
        seconds = seconds_to_next(result, self._planned_at[1], self._every, self._failures)
        self._next = self._planned_at[1] + timedelta(seconds=seconds)
        self._enter(state, reason)
        if state != LOCKED:
            self._tell(result)
        if result.has_run or result.counts:
            self._output.passed(pass_line(result, now(), self._next))
        return seconds

    def _tell(self, result: PassResult) -> None:
        """Send a message if the watch is paused for good, or goes on; say once why that fails."""
        config = self._settings.config
        target = self._notify or config.notify.url
        if self._state == PAUSED:
            failure = self._messages.paused(config, target, result, self._since, self._failures)
        else:
            failure = self._messages.goes_on(config, target)
        if failure is not None and failure != self._unsent:
            self._output.problem(f"--notify: {failure}\n  it is told again after the next pass")
        self._unsent = failure or ""

    # -- the time between

    def _wait(self, seconds: float) -> None:
        """Wait until the next pass: so many seconds, or until something calls for one earlier."""
        began, began_wall = self._planned_at
        gap = min(seconds, MIN_GAP_SECONDS)
        while not self._stops and not self._is_called:
            passed = time.monotonic() - began
            if passed >= seconds or has_jumped(passed, (now() - began_wall).total_seconds()):
                return
            if self._settings.have_settled() and passed >= gap:
                return
            if self._state == LOCKED and passed >= RETRY_SECONDS and not self._is_locked():
                return
            if self._free_when_full is not None and has_space_again(self._free_when_full, self._free()):
                return
            # The reason comes last, because a narrow terminal cuts off the end.
            when = f"next pass at {self._next:%H:%M:%S} UTC" if self._next else ""
            self._output.live("; ".join(filter(None, [self._state, when, *(self._reason.splitlines() or [""])[:1]])))
            if wait_for([self._alarm], min(POLL_SECONDS, seconds - passed)):
                os.read(self._alarm, 4096)

    def _is_locked(self) -> bool:
        """Return True if another process writes to the archive now. What cannot be looked at, the next pass reports."""
        try:
            return is_held(self._folder.path / LOCK_NAME)
        except MorgueError:
            return True

    def _free(self) -> int:
        """Return the free bytes of the archive's disk; 0 if it cannot be asked."""
        try:
            return shutil.disk_usage(self._folder.path).free
        except OSError:
            return 0

    # -- what it says of itself

    def _enter(self, state: str, reason: str) -> None:
        """Note what the watch does now, and write the status file."""
        if (state, reason) != (self._state, self._reason):
            self._since = now()
        self._state, self._reason = state, reason
        logger.info("watch: %(state)s %(reason)s", {"state": state, "reason": reason})
        broken = {f"sources/{name}.toml": str(error) for name, error in self._settings.config.broken.items()}
        if self._settings.broken_settings is not None:
            broken[self._folder.settings.name] = str(self._settings.broken_settings)
        self._file.write(
            {
                "state": state,
                "reason": reason or None,
                "since": stamp(self._since),
                "pid": os.getpid(),
                "version": __version__,
                "started": stamp(self._started),
                "passes": self._passes,
                "last_pass": self._last,
                "next_pass": stamp(self._next) if self._next else None,
                "problems": list(self._problems),
                "broken_files": broken,
            }
        )

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Note signals, and yield the descriptor that can be read when one has come."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        with ours, theirs:
            before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGHUP)}
            old_alarm = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            for number in STOP_SIGNALS:
                signal.signal(number, self._stop)
            if before[signal.SIGHUP] != signal.SIG_IGN:  # as under nohup
                signal.signal(signal.SIGHUP, self._stop if self._stops_at_hangup else self._call)
            try:
                yield ours.fileno()
            finally:
                signal.set_wakeup_fd(old_alarm)
                for number, handler in before.items():
                    signal.signal(number, signal.SIG_IGN if number in STOP_SIGNALS and self._stops else handler)

    def _stop(self, *_: object) -> None:
        self._stops += 1

    def _call(self, *_: object) -> None:
        self._is_called = True


def pass_line(result: PassResult, time_of_end: datetime, next_pass: datetime | None) -> str:
    """Return the line of a pass: when it ended, what it read and filed, when the next one is."""
    counts = ", ".join(
        f"{number:,} {word if number != 1 else SINGULARS.get(word, word)}" for word, number in result.counts
    )
    is_left = result.left > 0 or result.word == "interrupted"
    parts = [counts or ("nothing was read" if is_left else "nothing was due")]
    if result.left:
        parts.append(f"{result.left:,} still due")
    if result.word != "done":
        problems = (
            f" ({counted(len(result.attention), 'problem')}: see {WATCH_STATUS_NAME})" if result.attention else ""
        )
        parts.append(result.word + problems)
    if next_pass is not None:
        parts.append(f"next pass at {stamp(next_pass)}")
    return f"{stamp(time_of_end)}  {'; '.join(parts)}"


SINGULARS = {"listings": "listing", "parts": "part"}  # the other words have no plural
