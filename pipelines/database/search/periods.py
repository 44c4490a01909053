"""Divide time into days, weeks (ISO 8601), months and years by their names, such as 2024-W10. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipelines.core.errors import ArchiveDamaged, QueryError
from pipelines.database.query_language.days import period as days_named
from pipelines.database.search.place_counts import PERIODS

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
    raise QueryError(f"--by {unit}", cause, "count by a longer unit, or choose a period with --since and --until")


def unit_for(first: date, last: date) -> str:
    """Return the unit by which a span is counted if the user names none."""
    span = (last - first).days + 1
    return next((unit for unit, longest in DAYS_COUNTED_BY.items() if span <= longest), "year")
