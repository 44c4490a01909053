"""Decide when the next pass begins. Pure: no clock, no files, no processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LOOK_SECONDS = 900.0  # the longest wait between two passes, whatever is planned
MIN_GAP_SECONDS = 60.0  # from the end of a pass to the next: what falls due meanwhile is taken together
CLOCK_JUMP_SECONDS = 60.0  # by which the two clocks may differ during one wait; more is a jump, or the machine slept
SPACE_BYTES = 1 << 20  # by which the free space has to grow after a full disk


@dataclass(frozen=True, slots=True)
class PassResult:
    """Say how a pass ended, as far as its process could say."""

    word: str  # the outcome of the crawl; `ArchiveLocked` and other names of errors; `killed`
    exit_code: int
    error: str = ""  # the error that stopped it
    counts: tuple[tuple[str, int], ...] = ()  # what was read and filed, by the words of the summary
    left: int = 0  # URLs that are due and were not visited
    next_due: datetime | None = None  # when the next URL falls due
    attention: tuple[str, ...] = ()  # what the user has to see to
    notes: tuple[str, ...] = ()  # what the pass says once: a clock that jumped, a backfill that is done

    @property
    def has_run(self) -> bool:
        """True if the pass came to its end, however the sites answered."""
        return self.exit_code in (0, 1, 3) and not self.error

    @property
    def requests(self) -> int:
        """Number of listings and pages that were fetched or failed."""
        return sum(number for _word, number in self.counts)


def seconds_to_next(result: PassResult, now: datetime, every: float, failures: int) -> float:
    """Return how long to wait after a pass. `every`: at most so long; `failures`: passes in a row that did not run.

    A pass that did not run is tried again after a minute, then ever more seldom. What is due and was left without a
    single request (the pages of a day are used up, say) waits for the full time: a pass at once would leave it again.
    """
    gap = min(MIN_GAP_SECONDS, every)
    if result.word == "ArchiveLocked":
        return gap
    if result.word == "DiskFull":  # before that only if space was freed: an attempt would lose what it fetches
        return every
    if not result.has_run:
        return float(min(every, gap * 2 ** min(failures - 1, 10)))
    if result.next_due is None:
        return every
    ahead = (result.next_due - now).total_seconds()
    if ahead <= 0 and not result.requests:
        return every
    return min(max(ahead, gap), every)


def has_jumped(monotonic_seconds: float, wall_seconds: float) -> bool:
    """Return True if the wall clock went differently from the clock that nobody sets, during the same wait.

    It was set, or the machine slept: the plan of the wait is void, and a pass looks at what is due by the new time.
    """
    return abs(wall_seconds - monotonic_seconds) > CLOCK_JUMP_SECONDS


def has_space_again(free_then: int, free_now: int) -> bool:
    """Return True if space was freed since the disk was full."""
    return free_now >= free_then + SPACE_BYTES
