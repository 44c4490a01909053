"""Decide whether a source may be asked now by the hours that its settings allow, and when it may be next. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_NUMBERS = {day.lower(): number for number, day in enumerate(DAYS)}
FORM = re.compile(
    r"(?:(?P<days>[A-Za-z]{3}(?:[-,][A-Za-z]{3}){0,6}) )?"
    r"(?P<start>[0-2]\d:[0-5]\d)-(?P<end>[0-2]\d:[0-5]\d) (?P<zone>[A-Za-z0-9_+/-]{1,60})",
    re.ASCII,
)
LOOK_AHEAD = timedelta(days=8)  # within which every span opens, but for one that clocks skip each time
STEP = timedelta(minutes=15)  # all changes of clocks are at quarters of an hour
EXAMPLE = "Mon-Fri 09:00-17:00 Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hold a span of the day in a time zone. `end` before `start`: over midnight; equal to it: the whole day."""

    text: str  # as written
    days: frozenset[int]  # on which the span begins; 0 is Monday
    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Parse `Mon-Fri 09:00-17:00 Europe/Berlin`; without days, every day is meant. Raises ValueError."""
        found = FORM.fullmatch(" ".join(text.split()))
        if found is None and FORM.fullmatch(f"{' '.join(text.split())} UTC"):
            raise ValueError(f"names no time zone: say e.g. {text.strip()} Europe/Berlin")
        if found is None:
            raise ValueError(f"is no span of hours with a time zone, such as {EXAMPLE}")
        try:
            zone = ZoneInfo(found["zone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
            raise ValueError(f"names the time zone {found['zone']}, which does not exist") from None
        return cls(text, days_of(found["days"]), clock_time(found["start"]), clock_time(found["end"]), zone)

    def is_open(self, now: datetime) -> bool:
        """Return True if the time is within the span, as clocks of its zone show it."""
        local = now.astimezone(self.zone)
        clock, day = local.time(), local.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= clock < self.end
        return (day in self.days and clock >= self.start) or ((day - 1) % 7 in self.days and clock < self.end)

    def opens(self, now: datetime) -> datetime:
        """Return the time at which the span is open next (UTC): `now`, if it is."""
        if self.is_open(now):
            return now
        local = now.astimezone(self.zone)
        starts = [
            datetime.combine(local.date() + timedelta(days=ahead), self.start, self.zone).astimezone(UTC)
            for ahead in range(LOOK_AHEAD.days + 1)
        ]
        quarter = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        # Where clocks are turned in the night, a span may open in its middle, or twice.
        quarters = [quarter + step * STEP for step in range(LOOK_AHEAD // STEP)]
        candidates = (at for at in sorted((*starts, *quarters)) if at > now and self.is_open(at))
        return next(candidates, now + LOOK_AHEAD)

    def next_opening(self, now: datetime) -> str:
        """Say when the span is open next, as clocks of its zone show it: `Mon 09:00 Europe/Berlin`."""
        local = self.opens(now).astimezone(self.zone)
        return f"{DAYS[local.weekday()]} {local:%H:%M} {self.zone.key}"


def days_of(text: str | None) -> frozenset[int]:
    """Return the numbers of days in `Mon-Fri`, `Sat,Sun` or `Fri-Mon`; None is every day. Raises ValueError."""
    if text is None:
        return frozenset(range(7))
    numbers: set[int] = set()
    for part in text.lower().split(","):
        first, *last = (DAY_NUMBERS.get(day, -1) for day in part.split("-"))
        if len(last) > 1 or -1 in (first, *last):
            raise ValueError(f"has days that are none: write {', '.join(DAYS)}, or Mon-Fri")
        length = (last[0] - first) % 7 if last else 0
        numbers |= {(first + step) % 7 for step in range(length + 1)}
    return frozenset(numbers)


def clock_time(text: str) -> time:
    """Return a time of day; 24:00 is midnight. Raises ValueError."""
    if text == "24:00":
        return time(0)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"has the time {text}, which no clock shows") from None
