"""Read days and periods (UTC) as people say them: `2024-03`, `2026-W12`, `yesterday`, `7 days ago`, `last month`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from pipelines.core import timestamps
from pipelines.core.errors import QueryError
from pipelines.core.languages.lazy_patterns import lazy_pattern

EXAMPLES = "say 2024, 2024-03, 2024-03-09, 2024-W10, an ISO 8601 time, today, yesterday, '7 days ago' or 'last week'"
NOT_A_DAY = "not a year, month, day or time"
CALENDAR = lazy_pattern("([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2}))?)?")
DOTTED = lazy_pattern(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")  # the day comes first wherever dates have dots
SLASHED = lazy_pattern("([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")  # American or European: refused
COMPACT = lazy_pattern("([0-9]{4})([0-9]{2})([0-9]{2})")
DAY_OF_MONTH = "([0-9]{1,2})(?:st|nd|rd|th)?"
NAMED_MONTH = lazy_pattern(rf"(?:{DAY_OF_MONTH} )?([a-z]{{3,9}})\.?(?: {DAY_OF_MONTH})?,? ([0-9]{{4}})")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEK = lazy_pattern("([0-9]{4})-?[Ww]([0-9]{2})")
TIME = lazy_pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+")
AGO = lazy_pattern(r"([0-9]{1,6}|an?|one)\s+(day|week|month|year)s?\s+ago")
RELATIVE = lazy_pattern(r"(this|last)\s+(week|month|year)")
MAX_WORDS_OF_PERIOD = 4
DAYS_AGO = {"today": 0, "yesterday": 1}

Period = tuple[date, date]  # first and last day


def parse_day(option: str, text: str | None, *, last: bool) -> str | None:
    """Return the first (or last) UTC day of the period that `text` names; None for None. Raises QueryError."""
    if text is None:
        return None
    try:
        return period(text)[last].isoformat()
    except (ValueError, OverflowError) as error:
        cause = NOT_A_DAY if str(error) == NOT_A_DAY else "not a day that exists"
        raise QueryError(f"{option} {text!r}", cause, _advice(text)) from None


def _advice(text: str) -> str:
    """Return what to write instead of a text that names no day: what it may mean, else examples."""
    if found := SLASHED.fullmatch(text.strip()):
        first, second, year = map(int, found.groups())
        days = dict.fromkeys(_days_that_exist([(year, first, second), (year, second, first)]))
        return f"say {' or '.join(day.isoformat() for day in days)}" if days else EXAMPLES
    whole = _with_year(text, timestamps.now().astimezone(UTC).date())
    return f"say '{whole}'" if whole else EXAMPLES


def _days_that_exist(numbers: Iterable[tuple[int, int, int]]) -> Iterator[date]:
    for year, month, of_month in numbers:
        with suppress(ValueError):
            yield date(year, month, of_month)


def _with_year(text: str, today: date) -> str | None:
    """Return a month, or a day of one, with the year in which it last began; None for anything else."""
    said = " ".join(text.split()).strip(".,")
    for year in (today.year, today.year - 1):
        with suppress(ValueError):
            found = NAMED_MONTH.fullmatch(f"{said} {year}".lower())
            if found and _named_period(*found.groups())[0] <= today:
                return " ".join([*map(str.capitalize, said.split()), str(year)])
    return None


def words_of_period(text: str) -> str | None:
    """Return the two to four words that begin a text if they name a period together, as `last week`; else None."""
    words = re.split('[()"]', text, maxsplit=1)[0].split()
    for number in range(min(len(words), MAX_WORDS_OF_PERIOD), 1, -1):
        said = " ".join(words[:number])
        with suppress(ValueError, OverflowError):
            period(said)
            return said
    return None


def period(text: str) -> Period:
    """Return the first and the last UTC day of what a text names. Raises ValueError, OverflowError."""
    said = " ".join(text.split())
    if names_time(said):
        moment = datetime.fromisoformat(said)
        day = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        return day, day
    if found := CALENDAR.fullmatch(said) or COMPACT.fullmatch(said):
        year, month, of_month = (int(part) if part else None for part in found.groups())
        return _calendar_period(year or 0, month, of_month)
    if found := DOTTED.fullmatch(said):
        day = date(int(found[3]), int(found[2]), int(found[1]))
        return day, day
    if found := NAMED_MONTH.fullmatch(said.lower()):
        return _named_period(*found.groups())
    if found := WEEK.fullmatch(said):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + timedelta(days=6)
    return _relative_period(said.lower(), timestamps.now().astimezone(UTC).date())


def names_time(text: str) -> bool:
    """Return True if a text names a time of day (ISO 8601), not a period."""
    return TIME.fullmatch(text.strip()) is not None


def _calendar_period(year: int, month: int | None, of_month: int | None) -> Period:
    if month is not None and of_month is not None:
        day = date(year, month, of_month)
        return day, day
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    first = date(year, month, 1)
    return first, date(year, 12, 31) if month == 12 else date(year, month + 1, 1) - timedelta(days=1)


def _named_period(before: str | None, name: str, after: str | None, year: str) -> Period:
    """Return the period of `9 March 2024`, `March 9, 2024` or `Mar 2024`. English only, as `yesterday` is."""
    months = [number for number, month in enumerate(MONTHS, 1) if month.startswith(name)]
    if len(months) != 1 or (before and after):
        raise ValueError(NOT_A_DAY)
    of_month = before or after
    return _calendar_period(int(year), months[0], int(of_month) if of_month else None)


def _relative_period(said: str, today: date) -> Period:
    if said in DAYS_AGO:
        day = today - timedelta(days=DAYS_AGO[said])
        return day, day
    if found := AGO.fullmatch(said):
        day = _earlier(today, int(found[1]) if found[1].isdecimal() else 1, found[2])
        return day, day
    if found := RELATIVE.fullmatch(said):
        return _period_around(_earlier(today, 1, found[2]) if found[1] == "last" else today, found[2])
    raise ValueError(NOT_A_DAY)


def _earlier(day: date, number: int, unit: str) -> date:
    """Return the day so many units earlier. In a shorter month, the last day stands for one that is not there."""
    if unit in ("day", "week"):
        return day - timedelta(days=number * (7 if unit == "week" else 1))
    year, month = divmod(day.year * 12 + day.month - 1 - number * (12 if unit == "year" else 1), 12)
    first, last = _calendar_period(year, month + 1, None)
    return first.replace(day=min(day.day, last.day))


def _period_around(day: date, unit: str) -> Period:
    """Return the week (from Monday), month or year in which a day is."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    return _calendar_period(day.year, day.month if unit == "month" else None, None)
