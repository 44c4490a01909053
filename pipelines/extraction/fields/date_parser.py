"""A date as a page writes it -> ISO 8601, or None.

`parse` reads what is meant for machines, `printed` what is meant for readers, in their language. Neither searches
prose: that is htmldate's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipelines.extraction.languages import tables

EARLIEST = date(1990, 8, 6)  # the first web page; a date before it is a default value, not a date
AHEAD = timedelta(days=2)  # how far in the future a date may lie: time zones, and papers dated tomorrow

NUMERIC = re.compile(r"^\d{10}(\d{3})?$")  # seconds or milliseconds since 1970
ISO = re.compile(
    r"^(?P<y>\d{4})[-/.]?(?P<m>\d{1,2})[-/.]?(?P<d>\d{1,2})"
    r"(?:[T\s]+(?:-\s*)?(?P<H>\d{1,2}):?(?P<M>\d{2})(?::?(?P<S>\d{2}))?(?:[.,:]\d+)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{1,2})?\b",
    re.IGNORECASE,
)
DOTTED = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b")  # day first wherever dots are used
SLASHED = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b")  # day first or month first: depends on the reader
NAMED = re.compile(
    r"^(?:\w{2,12}\.?,?\s+)?(?:(\d{1,2})\.?\s+([^\W\d_]{3,12})\.?,?|([^\W\d_]{3,12})\.?\s+(\d{1,2}),?)\s+(\d{4})\b"
)
# In a line for readers: "Published on 6 May 2024", "6. Mai 2024, 8:30 Uhr", "May 6th, 2024", "2024年5月6日".
WORDS = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?(?:\s+|\s*[-.]\s*)(?:de\s+|of\s+)?([^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?((?:19|20)\d\d)(?!\d)"
    r"|([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)(?!\d)"
)
NUMBERS = re.compile(r"(?<![\d.])(\d{1,2})[.]\s?(\d{1,2})[.]\s?((?:19|20)\d\d)(?!\d)")
YEAR_FIRST = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:[-/.]\s?|\s*[年년]\s*)(\d{1,2})(?:[-/.]\s?|\s*[月월]\s*)(\d{1,2})(?!\d)"
)
SLASHES = re.compile(r"(?<![\d/])(\d{1,2}/\d{1,2}/(?:19|20)\d\d)(?![\d/])")
# Name of a month -> its number; a line of the word tables is "1 january jan".
MONTHS = {name: int(number) for number, *names in map(str.split, tables.phrases("months")) for name in names}
# English is written with the month first in America alone.
MONTH_FIRST_ENGLISH = frozenset(("en", "en-us", "en_us", "en-ca", "en-ph"))


def parse(raw: str | None, seen: datetime, locale: str | None = None) -> str | None:
    """`raw` in ISO 8601: with time and zone if it has both, else the day. `seen`: when the page was captured.

    None for what cannot be read, for days before the web, and for days more than two days after `seen`.
    `locale`: the page's, "en-GB"; it tells the day from the month in 05/06/2024, which is not read without it.
    """
    if not raw or len(raw) > 80:
        return None
    return judged(_read(raw.strip(), locale), seen)


def printed(line: str | None, seen: datetime, locale: str | None = None) -> str | None:
    """The day that a short line for readers names: a byline, what stands in a <time>. None if it names none, or two."""
    if not line or len(line) > 150:
        return None
    days = {day for found in _in_words(line, locale) if (day := judged(found, seen))}
    return days.pop() if len(days) == 1 else None


def judged(moment: datetime | date | None, seen: datetime) -> str | None:
    """ISO 8601, if the moment is possible for a page that was captured at `seen`."""
    if moment is None:
        return None
    day = moment.date() if isinstance(moment, datetime) else moment
    if not EARLIEST <= day <= (seen + AHEAD).date():
        return None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.replace(microsecond=0).isoformat()
    return day.isoformat()


def _read(raw: str, locale: str | None) -> datetime | date | None:
    """Without judgement: an aware datetime, or a date (a time without zone is a moment nobody can place)."""
    try:
        if NUMERIC.match(raw):
            return datetime.fromtimestamp(int(raw[:10]), UTC)
        if found := ISO.match(raw):
            return _iso(found)
        if found := DOTTED.match(raw):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := SLASHED.match(raw):
            return _slashed(found[0], locale)
        if found := NAMED.match(raw):
            month = MONTHS.get((found[2] or found[3]).casefold())
            if month is None:
                return None
            day = date(int(found[5]), month, int(found[1] or found[4]))
            if re.search(r"\d{2}:\d{2}:\d{2}\s+([+-]\d{4}|GMT|UTC|Z)", raw):
                return parsedate_to_datetime(raw)
            return day
        if found := DAY_BEFORE.match(raw):
            return _read(found[1], locale)
    except (ValueError, OverflowError, OSError, TypeError):
        pass
    return None


DAY_BEFORE = re.compile(r"^[^\W\d_]{2,12}\.?,\s*(\d{1,2}[./]\d{1,2}[./]\d{4}.*)$")  # "Mo., 06.05.2024 - 14:30"


def _slashed(raw: str, locale: str | None) -> date | None:
    """dd/mm/yyyy or mm/dd/yyyy, if only one of them is possible or the locale tells."""
    one, two, year = (int(part) for part in re.split("[/-]", raw))
    if one <= 12 and two <= 12 and one != two:
        if locale is None or locale.lower() == "en":
            return None
        if locale.lower() in MONTH_FIRST_ENGLISH:
            one, two = two, one
    elif two > 12:
        one, two = two, one
    return date(year, two, one)


def _in_words(line: str, locale: str | None) -> Iterator[date]:
    """The days that a line names."""
    for found in WORDS.finditer(line):
        month = MONTHS.get((found[2] or found[4]).casefold())
        if month and (day := _day(found[3] or found[6], month, found[1] or found[5])):
            yield day
    for found in NUMBERS.finditer(line):
        if day := _day(found[3], found[2], found[1]):
            yield day
    for found in YEAR_FIRST.finditer(line):
        if day := _day(found[1], found[2], found[3]):
            yield day
    for found in SLASHES.finditer(line):
        try:
            if day := _slashed(found[1], locale):
                yield day
        except ValueError:
            continue


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _iso(found: re.Match[str]) -> datetime | date:
    day = date(int(found["y"]), int(found["m"]), int(found["d"]))
    if found["H"] is None or found["zone"] is None:
        return day
    zone = found["zone"].upper()
    if zone in ("Z", "UTC", "GMT"):
        offset = "+00:00"
    else:
        digits = zone[1:].replace(":", "")
        offset = f"{zone[0]}{digits.zfill(2)[:2]}:{digits[2:] or '00'}"
    return datetime.fromisoformat(f"{day}T{int(found['H']):02}:{found['M']}:{found['S'] or '00'}{offset}")
