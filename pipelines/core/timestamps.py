"""Write and parse times in the form of the archive: UTC, ISO 8601 with `Z`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the current time, UTC."""
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """Return a time for a database column, to the second: `2026-11-23T08:00:00Z`."""
    return time.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


def fine_stamp(time: datetime) -> str:
    """Return a time to the microsecond, as for WARC-Date (WARC 1.1, 5.4): `2026-11-23T08:00:00.123456Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def later(time: datetime, seconds: float) -> datetime:
    """Return the time `seconds` after `time`, or the largest representable time if that would overflow."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def parse(text: str) -> datetime:
    """Parse a time that `stamp` or `fine_stamp` wrote, or any ISO 8601 time. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
