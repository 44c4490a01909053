"""Divide time into days, weeks (ISO 8601), months and years by their names, such as 2024-W10. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from pipelines.core.errors import ArchiveDamaged, QueryError
from pipelines.database.query_language.days import period as days_named


class CountedPeriod(NamedTuple):
    """Describe one kind of period."""

    name: Callable[[date], str]  # of the period in which a day is
    first: Callable[[date], date]  # day of the period in which a day is
    days: int  # of the longest


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


# From the shortest to the longest. A longer one holds whole shorter ones, except for weeks.
PERIODS = {
    "day": CountedPeriod(date.isoformat, lambda day: day, 1),
    "week": CountedPeriod(
        _week, lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1)), 7
    ),  # from Monday
    "month": CountedPeriod(lambda day: day.isoformat()[:7], lambda day: day.replace(day=1), 31),
    "year": CountedPeriod(lambda day: day.isoformat()[:4], lambda day: day.replace(month=1, day=1), 366),
}
UNITS = tuple(PERIODS)
MAX_PERIODS = 50_000  # of one table: days of 136 years
# The longest span, in days, that is counted by this unit if the user names none: about as many rows as fit on a page.
DAYS_COUNTED_BY = {"day": 62, "week": 400, "month": 3700}


def day_of(text: str) -> date:
    """Return the day that the database names. Raises ArchiveDamaged."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        cure = "`morgue rebuild` makes a new database from the WARC files"
        raise ArchiveDamaged("morgue.db: articles", f"its column published_day holds {text!r}", cure) from None


def period_of(day: str, unit: str) -> str:
    """Return the period that a day (ISO 8601) is in. Raises ArchiveDamaged if it is no day."""
    return PERIODS[unit].name(day_of(day))


def days_of(period: str) -> tuple[date, date]:
    """Return the first and the last day of a period."""
    return days_named(period)


def periods_between(first: date, last: date, unit: str) -> Iterator[str]:
    """Yield every period from the one with the day `first` to the one with `last`. Raises QueryError if too many."""
    day = first
    for _ in range(MAX_PERIODS):
        period = period_of(day.isoformat(), unit)
        yield period
        ends = days_of(period)[1]
        if ends >= last:
            return
        day = ends + timedelta(days=1)
    cause = f"more than {MAX_PERIODS:,} {unit}s from {first} to {last}"
    raise QueryError(f"count by {unit}", cause, "count by a longer unit, or choose a shorter period")


def unit_for(first: date, last: date) -> str:
    """Return the unit by which a span is counted if the user names none."""
    span = (last - first).days + 1
    return next((unit for unit, longest in DAYS_COUNTED_BY.items() if span <= longest), "year")
