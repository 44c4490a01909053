"""Write and read times in the form of the archive: UTC, ISO 8601 with `Z`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta


def system_clock() -> datetime:
    """Return the time of this machine in UTC."""
    return datetime.now(UTC)


# The one clock of the program: all that is planned, filed and named by time. A simulation puts another in its place.
clock: Callable[[], datetime] = system_clock


def now() -> datetime:
    """Return the current time in UTC."""
    return clock()


def stamp(time: datetime) -> str:
    """Return a time for a database column, to the second: `2026-11-23T08:00:00Z`."""
    return time.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


def fine_stamp(time: datetime) -> str:
    """Return a time to the microsecond, as in WARC-Date (WARC 1.1, 5.4): `2026-11-23T08:00:00.123456Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def later(time: datetime, seconds: float) -> datetime:
    """Return the time `seconds` after `time`, or before it if they are negative, within the times that there are."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return (datetime.max if seconds > 0 else datetime.min).replace(tzinfo=UTC)


def parse(text: str) -> datetime:
    """Return the time that `stamp` or `fine_stamp` wrote. Raises ValueError for text that is not ISO 8601."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


FIRST_NUMBERED_DAY = date(1600, 1, 1).toordinal()  # no newspaper is older


def day_number(day: str | None) -> int:
    """Return the number of an ISO day: days since 0001-01-01, which is 1. 0 if there is none, or it is before 1600."""
    try:
        number = date.fromisoformat(day or "").toordinal()
    except ValueError:
        return 0
    return number if number >= FIRST_NUMBERED_DAY else 0
