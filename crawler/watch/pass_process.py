"""Run one pass in a process of its own, forked from the watch, which has imported what a pass needs.

The memory that a pass takes goes with its process, and whatever happens to it, the watch goes on. The process has no
thread when it forks, and neither an event loop nor a worker.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import NoReturn

from crawler.engine.crawl import CrawlOutcome, CrawlRun
from crawler.engine.lost_files import lost_files_note
from crawler.engine.shipping import ship_after_run
from crawler.frontier.crawl_plan import CrawlPlan
from crawler.health.after_pass import after_pass
from crawler.health.kinds import BROKEN_FILE
from crawler.watch.next_pass import PassResult
from crawler.watch.pass_progress import Crawl, accompanied
from crawler.watch.watched_settings import WatchedSettings
from pipelines.core.errors import INTERRUPTED, BucketFailing, MorgueError
from pipelines.core.timestamps import parse
from pipelines.session.crawl_stats import OUTCOMES, CrawlStats

COMMAND = "morgue crawl (by morgue watch)"  # in the list of runs
MAX_ATTENTION = 20  # lines that the status file has of one pass
MAX_MESSAGE_BYTES = 1 << 20  # of the message in which a pass says how it ended
LINE_READ_BYTES = 1 << 16
KILLED = "killed"  # outcome of a pass whose process ended without a word
HUNG = "hung"  # outcome of a pass that made no progress, and was ended by the watch
UNLOADABLE = "not loaded"  # outcome of a pass that could not import a part of the program
KILL_SECONDS = 60.0  # for a hung pass to end cleanly, before it is killed
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class PassProcess:
    """Hold the process of a pass, and what it has said so far."""

    pid: int
    line: int  # descriptor from which beats and then its message are read; at its end, the process is ending
    lifeline: int  # descriptor whose end tells the process that the watch is gone
    message: bytes = b""
    heard: float = field(default_factory=time.monotonic)  # when it last said that it gets on
    hung_for: float = 0.0  # seconds without progress, once it was told to end because of them
    ended_by: signal.Signals | None = None  # that the watch sent to a hung pass

    def read(self) -> bool:
        """Take what the process says now. Return False at the end."""
        data = os.read(self.line, LINE_READ_BYTES)
        self.message = (self.message + data).lstrip()[:MAX_MESSAGE_BYTES]
        self.heard = time.monotonic()
        return bool(data)

    def end_if_hung(self, max_quiet: float) -> None:
        """End the process if it has made no progress for so many seconds: cleanly, then by force."""
        quiet = time.monotonic() - self.heard
        if quiet <= max_quiet or self.ended_by is signal.SIGKILL:
            return
        if self.ended_by is None:
            self.hung_for, self.ended_by = quiet, signal.SIGINT
        elif quiet > self.hung_for + KILL_SECONDS:
            self.ended_by = signal.SIGKILL
        else:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, self.ended_by)

    def result(self) -> PassResult:
        """Wait for the end of the process, and return how the pass ended."""
        result = self._result()
        if self.ended_by is None:
            return result
        name = f"{self.ended_by.name}, after SIGINT" if self.ended_by is signal.SIGKILL else self.ended_by.name
        why = f"the pass made no progress for {self.hung_for / 60:,.0f} minutes, and was ended ({name})"
        return replace(result, word=HUNG, exit_code=MorgueError.exit_code, error=why)

    def _result(self) -> PassResult:
        os.close(self.line)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.lifeline)
        code = os.waitstatus_to_exitcode(status)
        with suppress(ValueError, TypeError, KeyError):
            values = json.loads(self.message)
            due = values.pop("next_due")
            attention, notes = tuple(values.pop("attention")), tuple(values.pop("notes"))
            counts = tuple((str(word), int(number)) for word, number in values.pop("counts"))
            next_due = parse(due) if due else None
            return PassResult(**values, attention=attention, notes=notes, counts=counts, next_due=next_due)
        why = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return PassResult(KILLED, MorgueError.exit_code, f"the process of the pass ended unexpectedly ({why})")

    def stop(self) -> None:
        """Ask the pass to end: what is under way is finished. A second time, it ends at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)


def start_pass(settings: WatchedSettings, notify: str, crawl: Crawl, leave_parent: Callable[[], None]) -> PassProcess:
    """Start the process of a pass over all that is due. `leave_parent`: let go of what only the watch may hold."""
    ours, theirs = os.pipe()
    lifeline, held = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal to the new process before it has handlers of its own would run those of the watch.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            os.close(held)
            _be_pass(settings, notify, crawl, leave_parent, theirs, lifeline)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.close(theirs)
    os.close(lifeline)
    return PassProcess(pid, ours, held)


def _be_pass(
    settings: WatchedSettings,
    notify: str,
    crawl: Crawl,
    leave_parent: Callable[[], None],
    line: int,
    lifeline: int,
) -> NoReturn:
    """Run the pass in the new process, and never return."""
    try:
        signal.set_wakeup_fd(-1)
        _until_the_loop()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it is meant for the watch
        leave_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        result = run_pass(settings, notify, crawl, line, lifeline)
        values = asdict(result)
        values["next_due"] = result.next_due.isoformat() if result.next_due else None
        with suppress(BrokenPipeError):  # the watch was killed
            _write_all(line, json.dumps(values).encode())
        _leave(result.exit_code)
    except KeyboardInterrupt:
        _leave(INTERRUPTED)
    except BaseException:  # noqa: BLE001 - nothing may return from here into the code of the watch
        traceback.print_exc()
    finally:
        _leave(MorgueError.exit_code)


def _write_all(line: int, data: bytes) -> None:
    while data:
        data = data[os.write(line, data) :]


def _leave(code: int) -> NoReturn:
    """End this process without what its parent registered for its own end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _until_the_loop() -> None:
    """Let a signal end the pass while no event loop handles it."""
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


def run_pass(settings: WatchedSettings, notify: str, crawl: Crawl, line: int, lifeline: int) -> PassResult:
    """Fetch what is due, tell what changed in the health of sources, and return how it ended.

    `line` and `lifeline`: see `accompanied`.
    """
    config = settings.config
    plan = CrawlPlan(listings_now=False, config_of_files=settings.config_of_files)
    try:
        run = CrawlRun(config, plan, COMMAND)
    except MorgueError as error:
        return PassResult(type(error).__name__, error.exit_code, str(error))
    try:
        result = _crawl_due(run, lambda run: accompanied(run, crawl, line, lifeline))
        _until_the_loop()
        may_ship = result.exit_code not in (INTERRUPTED, BucketFailing.exit_code)
        if may_ship and (waiting := ship_after_run(config)):
            result = replace(result, attention=(*result.attention, waiting)[-MAX_ATTENTION:])
        # The watch itself says which files it refuses, and which are in order again (`WatchedSettings`).
        target = notify or config.notify.url
        said, broken = (BROKEN_FILE, "settings"), settings.broken_settings
        after_pass(run, result.exit_code, target, by_change=True, said_already=said, broken_settings=broken)
    except MorgueError as error:
        run.abandon(type(error).__name__)
        return PassResult(type(error).__name__, error.exit_code, str(error))
    except KeyboardInterrupt:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second one must not cut off what is written now
        run.abandon("interrupted")
        return PassResult("interrupted", INTERRUPTED)
    except ImportError as error:
        run.abandon()
        cure = "if it was upgraded or moved just now, this passes; else install it again"
        return PassResult(
            UNLOADABLE, MorgueError.exit_code, f"a part of Newsmorgue cannot be loaded: {error}\n  {cure}"
        )
    except BaseException:
        run.abandon()
        raise
    return result


def _crawl_due(run: CrawlRun, crawl: Crawl) -> PassResult:
    """Crawl what is due, and return how it ended. Raises MorgueError."""
    _, lost = lost_files_note(run.context.archive_writer)
    broken = [f"{name}: {str(error).splitlines()[0]}" for name, error in run.config.broken.items()]
    wrong = (*broken, *([lost] if lost else []))
    run.has_faults = bool(wrong)
    prepared = run.prepare()
    notes = (*run.context.archive_writer.recovery_messages, *prepared.notes)
    if not run.has_due_urls():
        due = run.next_due()
        outcome = CrawlOutcome("partly failed", MorgueError.exit_code) if wrong else CrawlOutcome("done", 0)
        run.abandon(outcome.word)
    else:
        outcome = asyncio.run(crawl(run))
        due = run.next_planned
    return PassResult(
        outcome.word,
        outcome.exit_code,
        str(outcome.error) if outcome.error is not None else "",
        counts_of(run.context.stats),
        run.due_left,
        parse(due) if due else None,
        (*wrong, *troubles(run.context.stats))[:MAX_ATTENTION],
        notes,
    )


def counts_of(stats: CrawlStats) -> tuple[tuple[str, int], ...]:
    """Return the counts of a pass that are not zero: the listings that were read, pages by what they were, parts."""
    parts = sum(count.parts.ended for count in stats.by_source.values())
    counts = (("listings", stats.listings), *((word, stats.total(word)) for word in OUTCOMES), ("parts", parts))
    return tuple((word, number) for word, number in counts if number)


def troubles(stats: CrawlStats) -> list[str]:
    """Return what needs attention, by source."""
    return [
        f"{name}: {why}" + (f": {trouble.example}" if trouble.example else "")
        for name, count in sorted(stats.by_source.items())
        for why, trouble in count.troubles.items()
    ]


def wait_for(descriptors: list[int], seconds: float) -> list[int]:
    """Return those of the descriptors from which something can be read, after so many seconds at most."""
    readable, _, _ = select.select(descriptors, [], [], max(0.0, seconds))
    return readable
