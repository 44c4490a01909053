"""Judge whether passes begin as they should: by their habit, and by what `morgue watch` says of itself. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from crawler.health.kinds import BAD, WARN, HealthReason
from crawler.health.volume import span
from pipelines.core.plural import counted
from pipelines.database.health.facts import ArchiveFacts, WatchFacts

MIN_RUNS, RECENT_RUNS = 5, 50
MIN_PAUSE, LONG_PAUSE = timedelta(hours=3), timedelta(days=1)  # between passes, before anything is said
PAUSE_FACTOR, LONG_PAUSE_FACTOR = 4, 12  # of the usual time between two passes
WATCH_GRACE = timedelta(minutes=15)  # for a supervisor to start a watch again, and for a planned pass to begin
OWN_PASS = timedelta(minutes=1)  # within which a run that begins is the pass of which the watch has spoken
START_AGAIN = "start morgue watch again, best under a supervisor (docs/scheduling.md), or a timer: morgue schedule"
RESTART = "stop process {pid}, and start morgue watch again; then morgue log"
UNBLOCK = "see to what hinders it; morgue watch then goes on by itself"


def no_pass(facts: ArchiveFacts, now: datetime) -> HealthReason | None:
    """Return a reason if the last pass was too long ago: longer than usual, or than `morgue watch` has planned."""
    watch = facts.watch
    if watch is None:
        return late(facts, now)
    if watch.state == "stopped":
        reason = late(facts, now)
        if reason is None or (facts.starts and facts.starts[-1] > watch.since):
            return reason
        told = f"{reason.evidence}; morgue watch was stopped at {minute(watch.since)} UTC"
        return replace(reason, evidence=told, step=START_AGAIN)
    return of_running_watch(watch, now) if watch.is_alive else of_dead_watch(facts, watch, now)


def of_running_watch(watch: WatchFacts, now: datetime) -> HealthReason | None:
    """Return a reason if a watch is hindered for long, or does not begin the pass that it has planned."""
    if watch.state in ("paused", "locked"):
        if now - watch.since <= MIN_PAUSE:
            return None
        status = BAD if now - watch.since > LONG_PAUSE else WARN
        told = f"morgue watch is {watch.state} since {minute(watch.since)} UTC: {watch.reason}"
        return HealthReason("no pass", status, watch.since, told, UNBLOCK)
    planned = watch.next_pass
    if watch.state != "waiting" or planned is None or now <= planned + WATCH_GRACE:
        return None  # however long it waits or crawls: it ends a pass that hangs
    told = f"morgue watch (process {watch.pid}) has not begun the pass that was planned for {minute(planned)} UTC"
    return HealthReason("no pass", BAD, planned, told, RESTART.format(pid=watch.pid))


def of_dead_watch(facts: ArchiveFacts, watch: WatchFacts, now: datetime) -> HealthReason | None:
    """Return a reason if a watch ended without having been stopped, and nothing has crawled since."""
    if facts.starts and facts.starts[-1] > watch.since + OWN_PASS:
        return late(facts, now)
    planned = watch.next_pass or watch.since
    if now <= planned + WATCH_GRACE:
        return None
    status = BAD if now - planned > LONG_PAUSE else WARN
    doing = f"it was {watch.state} at {minute(watch.since)} UTC, and no pass has begun since"
    return HealthReason(
        "no pass", status, planned, f"morgue watch does not run any more, and was not stopped: {doing}", START_AGAIN
    )


def late(facts: ArchiveFacts, now: datetime) -> HealthReason | None:
    """Return a reason if the last pass was longer ago than usual."""
    starts = facts.starts[-RECENT_RUNS:]
    if len(starts) < MIN_RUNS:
        return None
    usual = median((after - before).total_seconds() for before, after in pairwise(starts))
    ago = now - starts[-1]
    if ago <= max(MIN_PAUSE, timedelta(seconds=PAUSE_FACTOR * usual)):
        return None
    status = BAD if ago > max(LONG_PAUSE, timedelta(seconds=LONG_PAUSE_FACTOR * usual)) else WARN
    told = f"the last pass began {span(ago)} ago; usually one begins each {duration(usual)}"
    return HealthReason("no pass", status, starts[-1], told)


def duration(seconds: float) -> str:
    """Return a length of time in words: `15 minutes`, `6 hours`."""
    return counted(round(seconds / 60), "minute") if seconds < 7200 else span(timedelta(seconds=seconds))


def minute(time: datetime) -> str:
    """Return a time up to its minute."""
    return f"{time:%Y-%m-%d %H:%M}"
