"""Times as the archive writes them: UTC, ISO 8601 with `Z`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def stamp(time: datetime) -> str:
    """A time for a database column, to the second: `2026-11-23T08:00:00Z`."""
    return time.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


def fine_stamp(time: datetime) -> str:
    """A time to the microsecond, as WARC-Date writes it (WARC 1.1, 5.4): `2026-11-23T08:00:00.123456Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def later(time: datetime, seconds: float) -> datetime:
    """`seconds` after `time`; the largest representable time where that would overflow."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def parse(text: str) -> datetime:
    """The time that `stamp` or `fine_stamp` wrote. Raises ValueError for anything else than ISO 8601."""
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
