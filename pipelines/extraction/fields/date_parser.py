"""Parse a date as a page writes it to ISO 8601.

`parse` reads dates for machines, `parse_printed` dates for readers, in their language. Neither searches prose, as
htmldate does.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

from pipelines.extraction.languages import tables

EARLIEST_DAY = date(1990, 8, 6)  # the first web page; an earlier date is a default value
MAX_AHEAD = timedelta(days=2)  # into the future: time zones, and papers dated tomorrow

DIGITS = re.compile(r"\d\d|[年년]")  # without them, a line has no date


class PrintedDay(NamedTuple):
    """Hold a day in a line for readers, and its place there."""

    start: int
    end: int
    day: date


UNIX_TIME = re.compile(r"^\d{10}(\d{3})?$")  # seconds or milliseconds since 1970
# A pattern for a day never ends within a number: what follows it is checked by `_moment`.
ISO_DAY = re.compile(
    r"(?P<y>\d{4})(?:(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})|(?P<month>\d{2})(?P<day>\d{2}))(?!\d)"
)
ORDINAL_DAY = re.compile(r"(\d{4})-(\d{3})(?!\d)")  # ISO 8601: year and day of the year
DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)")  # with dots, the day comes first
SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)")  # day first or month first, by country
NAMED_MONTH = re.compile(
    r"(?:[^\W\d_]{2,12}(?:\.?,\s*|\.?\s+))?(?:(\d{1,2})\.?[\s-]+([^\W\d_]{3,12})\.?,?|([^\W\d_]{3,12})\.?\s+(\d{1,2}),?)"
    r"[\s-]+(\d{4})(?!\d)"
)
WEEKDAY_FIRST = re.compile(r"[^\W\d_]{2,12}\.?,\s*(\d{1,2}[./]\d{1,2}[./]\d{4}.*)")  # "Mo., 06.05.2024 - 14:30"
# What may follow a day: a time, and its zone (RFC 3339, RFC 5322, "UTC+2"), and a comment in brackets (RFC 5322).
CLOCK = re.compile(
    r"(?:(?:\s*T\s*|[\s,-]+)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,:]\d+)?)?"
    r"|T(?P<HH>\d{2})(?P<MM>\d{2})(?P<SS>\d{2})?)(?!\d)\s*(?P<half>[ap]\.?m\b\.?)?"
    r"\s*(?P<utc>Z|UTC?|GMT)?\s*(?:(?P<sign>[+-])(?:(?P<h>\d{1,2}):(?P<m>\d{2})|(?P<hh>\d{2})(?P<mm>\d{2})|(?P<hours>\d{1,2})))?"
    r"\s*(?:\([^()]*\))?",
    re.IGNORECASE,
)
MORE_DIGITS = re.compile(r"[-/.:]?\d")  # the number, or the row of numbers, goes on: 2024-12-311, 2003-012-31
MAX_ZONE = timedelta(hours=14)  # from UTC, in use anywhere
# PRINTED_...: a date in a line for readers, "Published on 6 May 2024", "6. Mai 2024, 8:30 Uhr", "May 6th, 2024",
# "2024. május 6.", "2024年5月6日". Years have four digits, in PRINTED_SHORT two.
PRINTED_NAMED = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?(?:\s+|\s*[-./]\s*)(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?,?[\s./-]{1,3}(?:de\s+|del\s+)?((?:19|20)\d\d)(?!\d)"
    r"|([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:\s?(?:st|nd|rd|th))?\s?,?\s?((?:19|20)\d\d)(?!\d)"
    r"|(?<!\d)((?:19|20)\d\d)\.?(?:\s(?:m|gada?)\.)?[\s-]([^\W\d_]{3,12})\.?\s(\d{1,2})(?!\d)"
)
PRINTED_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})[.]\s?(\d{1,2})[.]\s?((?:19|20)\d\d)(?!\d)")
PRINTED_YEAR_FIRST = re.compile(
    r"(?<![\d/.-])((?:19|20)\d\d)(?:([-/.])\s?(\d{1,2})\2\s?(\d{1,2})|\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2}))(?![\d-])"
)
PRINTED_SLASHED = re.compile(r"(?<![\d/-])(\d{1,2}([/-])\d{1,2}\2(?:19|20)\d\d)(?![\d/-])")
PRINTED_SHORT = re.compile(r"(?<![\d./:-])(\d{1,2})([./])(\d{1,2})\2(\d\d)(?![\d/.:]|[.,]\d)")  # "11/5/26", "29.4.20"
# The time beside a printed date: "9:18 pm", "kl. 13.45", "8h30", "21時18分", "9 pm".
CLOCK_AFTER = re.compile(
    r"[\s,|•·–—()日일-]{0,4}(?:[^\W\d_]{1,6}\.?\s{1,2})?(\d{1,2})(?:\s?[:.h時시点點]\s?(\d{2})(?!\d)(?::\d\d)?\s?([ap]\.?m\b)?|\s?([ap]\.?m\b))",
    re.IGNORECASE,
)
CLOCK_BEFORE = re.compile(r"(?<![\d.])(\d{1,2})[:.h](\d{2})(?!\d)\s?([ap]\.?m\b)?\D{0,14}$", re.IGNORECASE)
WIDE = str.maketrans("０１２３４５６７８９．／：－（）", "0123456789./:-()")  # as Japanese lines print them
# Name of a month -> its number; a line of the word tables is "1 january jan".
MONTH_NUMBERS = {name: int(number) for number, *names in map(str.split, tables.phrases("months")) for name in names}
# English has the month first in American usage only.
MONTH_FIRST_LOCALES = frozenset(("en", "en-us", "en_us", "en-ca", "en-ph"))


def parse(raw: str | None, captured: datetime, locale: str | None = None) -> str | None:
    """Return `raw` in ISO 8601, with time and zone if it has both, else the day.

    `captured`: when the page was captured. `locale`: that of the page, "en-GB"; without one, 05/06/2024 is not read,
    because day and month cannot be distinguished. Return None if `raw` cannot be read, is before the web, or is more
    than two days after `captured`.
    """
    if not raw or len(raw) > 80:
        return None
    return if_possible(_parse(raw.strip(), locale), captured)


def parse_printed(line: str | None, captured: datetime, locale: str | None) -> str | None:
    """Return the day in a short line for readers, such as a byline or a <time>; None if it has none or several."""
    if not line or len(line) > 150:
        return None
    days = {day for found in printed_days(line, locale) if (day := if_possible(found.day, captured))}
    return days.pop() if len(days) == 1 else None


def if_possible(moment: datetime | date | None, captured: datetime) -> str | None:
    """Return a moment in ISO 8601 if a page that was captured at `captured` can have it, else None."""
    if moment is None:
        return None
    day = moment.date() if isinstance(moment, datetime) else moment
    if not EARLIEST_DAY <= day <= (captured + MAX_AHEAD).date():
        return None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.replace(microsecond=0).isoformat()
    return day.isoformat()


def _parse(raw: str, locale: str | None) -> datetime | date | None:
    """Return an aware datetime, or a date, possible or not. Of a time without zone, only the day is read."""
    try:
        if UNIX_TIME.match(raw):
            return datetime.fromtimestamp(int(raw[:10]), UTC)
        if found := ISO_DAY.match(raw):
            day = date(int(found["y"]), int(found["m"] or found["month"]), int(found["d"] or found["day"]))
        elif found := ORDINAL_DAY.match(raw):
            day = date.fromordinal(date(int(found[1]), 1, 1).toordinal() + int(found[2]) - 1)
            if day.year != int(found[1]):
                return None
        elif found := DOTTED.match(raw):
            day = date(int(found[3]), int(found[2]), int(found[1]))
        elif found := SLASHED.match(raw):
            slashed = _slashed(found[0], locale)
            if slashed is None:
                return None
            day = slashed
        elif found := NAMED_MONTH.match(raw):
            month = MONTH_NUMBERS.get((found[2] or found[3]).casefold())
            if month is None:
                return None
            day = date(int(found[5]), month, int(found[1] or found[4]))
        elif found := WEEKDAY_FIRST.match(raw):
            return _parse(found[1], locale)
        else:
            return None
        return _moment(day, raw[found.end() :])
    except (ValueError, OverflowError, OSError):
        return None


def _moment(day: date, rest: str) -> datetime | date | None:
    """Return a day with the time and zone that follow it, if both do; None if the day was a part of something else."""
    clock = CLOCK.fullmatch(rest)
    if clock is None:
        return None if MORE_DIGITS.match(rest) else day
    if not clock["utc"] and not clock["sign"]:
        return day
    hours, minutes = clock["h"] or clock["hh"] or clock["hours"] or "0", clock["m"] or clock["mm"] or "0"
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if clock["sign"] == "-" else 1)
    if abs(offset) > MAX_ZONE:
        return day
    hour, minute, second = (int(clock[a] or clock[b] or 0) for a, b in (("H", "HH"), ("M", "MM"), ("S", "SS")))
    if clock["half"] and hour <= 12:
        hour = hour % 12 + (12 if clock["half"][0] in "pP" else 0)
    second = 59 if second == 60 else second  # a leap second
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone(offset))


def _slashed(raw: str, locale: str | None) -> date | None:
    """Read dd/mm/yyyy or mm/dd/yyyy, if only one of them is possible or the locale decides."""
    one, two, year = (int(part) for part in re.split("[/-]", raw))
    if one <= 12 and two <= 12 and one != two:
        if locale is None or locale.lower() == "en":
            return None
        if locale.lower() in MONTH_FIRST_LOCALES:
            one, two = two, one
    elif two > 12:
        one, two = two, one
    return date(year, two, one)


def printed_days(line: str, locale: str | None, short: bool = False) -> list[PrintedDay]:
    """Return the days in a line, in its order. `short`: also those of which the year has two digits."""
    found: list[PrintedDay] = []
    if not DIGITS.search(line):
        return found
    line = line.translate(WIDE)
    for match in PRINTED_NAMED.finditer(line):
        month = MONTH_NUMBERS.get((match[2] or match[4] or match[8]).casefold())
        _add(found, match, match[3] or match[6] or match[7], month, match[1] or match[5] or match[9])
    for match in PRINTED_DOTTED.finditer(line):
        _add(found, match, match[3], match[2], match[1])
    for match in PRINTED_YEAR_FIRST.finditer(line):
        _add(found, match, match[1], match[3] or match[5], match[4] or match[6])
    for match in PRINTED_SLASHED.finditer(line):
        _add_slashed(found, match, match[1], locale)
    for match in PRINTED_SHORT.finditer(line) if short else ():
        year = f"20{match[4]}"
        if match[2] == ".":
            _add(found, match, year, match[3], match[1])
        else:
            _add_slashed(found, match, f"{match[1]}/{match[3]}/{year}", locale)
    return sorted(found)


def _add(found: list[PrintedDay], match: re.Match[str], year: str, month: str | int | None, day: str) -> None:
    if month and (real := _day(year, month, day)):
        found.append(PrintedDay(match.start(), match.end(), real))


def _add_slashed(found: list[PrintedDay], match: re.Match[str], raw: str, locale: str | None) -> None:
    try:
        if day := _slashed(raw, locale):
            found.append(PrintedDay(match.start(), match.end(), day))
    except ValueError:
        return


def printed_clock(before: str, after: str) -> tuple[int, int] | None:
    """Return hour and minute of the time that is printed right after a date, or right before it."""
    found = CLOCK_AFTER.match(after[:30].translate(WIDE))
    if found:
        hour, minute, half = int(found[1]), int(found[2] or 0), found[3] or found[4]
    elif found := CLOCK_BEFORE.search(before[-30:]):
        hour, minute, half = int(found[1]), int(found[2]), found[3]
    else:
        return None
    if half and hour <= 12:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return (hour, minute) if hour < 24 and minute < 60 else None


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
