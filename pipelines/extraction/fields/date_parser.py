"""Parse a date as a page writes it to ISO 8601.

`parse` reads dates for machines, `parse_printed` dates for readers, in their language. Neither searches prose, as
htmldate does.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize, numeric

from pipelines.extraction.languages import tables
from pipelines.extraction.languages.date_labels import language_of_label

if TYPE_CHECKING:
    from pipelines.extraction.page.declared import DeclaredMetadata

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
# As programs in C print a moment: "Fri Apr 28 19:20:36 CEST 2023".
C_TIME = re.compile(r"[A-Z][a-z]{2}\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d\d:\d\d:\d\d)(?:\s+([A-Z]{3,4}))?\s+(\d{4})$")
NAMED_ZONES = {"UTC": "Z", "GMT": "Z", "CET": "+01:00", "CEST": "+02:00"}  # others stand for several
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
# A name of a month; vowels of Indic and Thai letters are marks, which \w leaves out.
_LETTER = r"(?:[^\W\d_]|[\u0900-\u0dff\u0e30-\u0e4f])"
_MONTH = rf"({_LETTER}{{2,12}}|[\u0e01-\u0e4f]{{1,2}}\.[\u0e01-\u0e4f]{{1,2}}(?=\.))"
_YEAR = r"((?:19|20|25)\d\d)(?!\d)"
PRINTED_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|º|ª|\.)?,?(?:\s+|\s*[-./]\s*)?(?:de\s+|of\s+)?{_MONTH}\.?"
    rf"(?:\s?/\s?{_LETTER}{{2,12}})?[,،]?[\s./-]{{1,3}}(?:de\s+|del\s+|พ\.ศ\.\s*)?{_YEAR}"
    rf"|{_MONTH}\.?,?\s+(\d{{1,2}})(?:\s?(?:st|nd|rd|th))?(?:\s+\d\d:\d\d:\d\d(?:\s[A-Z]{{3,4}})?)?\s?[,،]?\s?{_YEAR}"
    rf"|(?<!\d){_YEAR}\.\sgada\s(\d{{1,2}})\.\s{_MONTH}"
    rf"|(?<!\d){_YEAR}\.?(?:\sm\.?)?[\s-]{_MONTH}\.?[\s-](\d{{1,2}})(?!\d)"
)
# "3 tháng 5, 2024", "ngày 3 tháng 5 năm 2024"
PRINTED_NUMBERED = re.compile(rf"(?<!\d)(\d{{1,2}})\stháng\s(\d{{1,2}})(?:,|\snăm)?\s{_YEAR}", re.IGNORECASE)
PRINTED_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})[.]\s?(\d{1,2})[.]\s?((?:19|20)\d\d)(?!\d)")
PRINTED_YEAR_FIRST = re.compile(
    r"(?<![\d/.-])((?:19|20)\d\d)(?:([-/.])\s?(\d{1,2})\2\s?(\d{1,2})|\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2}))(?![\d-])"
)
PRINTED_SLASHED = re.compile(r"(?<![\d/-])(\d{1,2}([/-])\d{1,2}\2(?:19|20)\d\d)(?![\d/-])")
WEEKDAY_BEFORE = re.compile(r"(?<![^\W\d_])((?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6})\.?,?\s{1,2}$", re.IGNORECASE)
PRINTED_SHORT = re.compile(r"(?<![\d./:-])(\d{1,2})([./-])(\d{1,2})\2(\d\d)(?![\d/.:-]|[.,]\d)")  # "11/5/26", "29.4.20"
# "3 May '24", "3-May-24", "May 3, '24"
PRINTED_NAMED_SHORT = re.compile(
    rf"(?<!\d)(\d{{1,2}})\.?[\s-]{_MONTH}\.?[\s-]['’]?(\d\d)(?![\d:.h])|{_MONTH}\.?\s(\d{{1,2}}),?\s['’](\d\d)(?!\d)"
)
# "令和6年5月3日", "民國113年5月3日"; "二〇二四年五月三日"
ERAS = {
    name: int(before)
    for lines in tables.by_language("eras").values()
    for before, *names in map(str.split, lines)
    for name in names
}
_NUMBER = r"([〇零一二三四五六七八九十百\d]{1,5})"
PRINTED_ERA = re.compile(
    rf"(?:({'|'.join(sorted(ERAS, key=len, reverse=True))})\s?(元|{_NUMBER})"
    rf"|(?<!\d)([一二][〇零一二三四五六七八九]{{3}}))\s?年\s?{_NUMBER}\s?月\s?{_NUMBER}(?=\s?日)"
)
BUDDHIST_YEARS = 543  # that the Thai calendar is ahead
YEAR_FIRST = ("ko", "ja", "zh", "hu", "lt")  # languages in which 24.05.03 begins with the year
# The time beside a printed date: "9:18 pm", "kl. 13.45", "8h30", "21時18分", "9 pm".
CLOCK_AFTER = re.compile(
    r"[\s,|•·–—()日일-]{0,4}(?:[^\W\d_]{1,6}\.?\s{1,2})?(\d{1,2})(?:\s?[:.h時시点點]\s?(\d{2})(?!\d)(?::\d\d)?\s?([ap]\.?m\b)?|\s?([ap]\.?m\b))",
    re.IGNORECASE,
)
CLOCK_BEFORE = re.compile(r"(?<![\d.])(\d{1,2})[:.h](\d{2})(?!\d)\s?([ap]\.?m\b)?\D{0,14}$", re.IGNORECASE)
ACCENTS = dict.fromkeys(range(0x300, 0x370))


def _plain(name: str) -> str:
    """Return the name of a month in lower case without accents: "ΜΑΪΟΥ" and "Μαΐου" are one."""
    return name.casefold() if name.isascii() else normalize("NFD", name).translate(ACCENTS).casefold().rstrip(".")


def _month_numbers() -> dict[tuple[str, str], int]:
    """Return (language, name of a month) -> its number; a line of the word tables is "1 january jan".

    The language "" has the names that mean one month wherever they are used: "listopad" is October in Croatia.
    """
    found: dict[tuple[str, str], int] = {}
    ambiguous = set()
    for code, lines in tables.by_language("months").items():
        for number, *names in map(str.split, lines):
            for name in map(_plain, names):
                found[code, name] = int(number)
                if found.setdefault(("", name), int(number)) != int(number):
                    ambiguous.add(("", name))
    return {key: number for key, number in found.items() if key not in ambiguous}


MONTH_NUMBERS = _month_numbers()


def month(name: str, locale: str | None) -> int | None:
    """Return the number of a month by its name, which may be a short one; None if it is no month."""
    plain = _plain(name)
    return MONTH_NUMBERS.get(((locale or "")[:2].lower(), plain)) or MONTH_NUMBERS.get(("", plain))


def page_locale(page: DeclaredMetadata, line: str = "") -> str | None:
    """Return the locale of the page. `line`: what is read by it.

    If a day in `line` may be read in two ways and the page declares no language or English, that of the label beside it
    or that of the text decides.
    """
    declared = page.locale
    if not TWO_WAYS.search(line) or (declared and declared[:2].lower() != "en"):
        return declared
    language = language_of_label(line) or page.text_language
    return declared if language in (None, "en", *YEAR_FIRST) else language


TWO_WAYS = re.compile(r"(?<!\d)[01]?\d[/-][01]?\d[/-]\d\d")


DIGITS_TO_ASCII = {
    first + value: ord("0") + value
    for first in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10)  # Arabic, Persian, Hindi, Bengali, Thai, full width
    for value in range(10)
} | {wide: wide - 0xFEE0 for wide in map(ord, "－．／：（）")}  # of full width, too
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
            number = month(found[2] or found[3], locale)
            if number is None:
                return None
            day = date(int(found[5]), number, int(found[1] or found[4]))
        elif (found := C_TIME.match(raw)) and (number := month(found[1], locale)):
            clock = f"T{found[3]}{NAMED_ZONES.get(found[4] or '', '')}"
            return _moment(date(int(found[5]), number, int(found[2])), clock)
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
    if not line.isascii():
        line = line.translate(DIGITS_TO_ASCII)
    for match in PRINTED_NAMED.finditer(line):
        named = month(match[2] or match[4] or match[9] or match[11], locale)
        _add(
            found,
            match,
            match[3] or match[6] or match[7] or match[10],
            named,
            match[1] or match[5] or match[8] or match[12],
        )
    for match in PRINTED_NUMBERED.finditer(line) if "th" in line else ():
        _add(found, match, match[3], match[2], match[1])
    for match in PRINTED_DOTTED.finditer(line):
        _add(found, match, match[3], match[2], match[1])
    for match in PRINTED_YEAR_FIRST.finditer(line):
        _add(found, match, match[1], match[3] or match[5], match[4] or match[6])
    for match in PRINTED_ERA.finditer(line) if "年" in line else ():
        of_era = ERAS[match[1]] + _number(match[2]) if match[1] else _number(match[4])
        _add(found, match, str(of_era), _number(match[5]), str(_number(match[6])))
    for match in PRINTED_SLASHED.finditer(line):
        weekday = WEEKDAY_BEFORE.search(line[: match.start()][-20:])
        _add_slashed(found, match, match[1], locale, weekday[1][:3].lower() if weekday else "")
    for match in PRINTED_SHORT.finditer(line) if short else ():
        year = f"20{match[4]}"
        if (locale or "")[:2].lower() in YEAR_FIRST:
            _add(found, match, f"20{match[1]:0>2}", match[3], match[4])
        elif match[2] == ".":
            _add(found, match, year, match[3], match[1])
        else:
            _add_slashed(found, match, f"{match[1]}/{match[3]}/{year}", locale)
    for match in PRINTED_NAMED_SHORT.finditer(line) if short else ():
        named = month(match[2] or match[4], locale)
        _add(found, match, f"20{match[3] or match[6]}", named, match[1] or match[5])
    return sorted(found)


def _add(found: list[PrintedDay], match: re.Match[str], year: str, month: str | int | None, day: str) -> None:
    before = BUDDHIST_YEARS if year.startswith("25") else 0
    if month and (real := _day(int(year) - before, month, day)):
        found.append(PrintedDay(match.start(), match.end(), real))


def _number(text: str) -> int:
    """Return a number in digits or in Chinese characters, with or without 十; 元 is the first year of an era."""
    total = digits = 0
    for value in (int(numeric(one)) for one in text.replace("元", "一")):
        if value >= 10:
            total, digits = total + (digits or 1) * value, 0
        else:
            digits = digits * 10 + value
    return total + digits


def _add_slashed(
    found: list[PrintedDay], match: re.Match[str], raw: str, locale: str | None, weekday: str = ""
) -> None:
    try:
        if weekday:
            both = [_slashed(raw, one) for one in ("en-us", "en-gb")]
            day = next((one for one in both if one and f"{one:%a}".lower() == weekday), None)
        else:
            day = _slashed(raw, locale)
        if day:
            found.append(PrintedDay(match.start(), match.end(), day))
    except ValueError:
        return


RANGE_FROM = re.compile(
    r"(?<![\d:.])(?:\d{1,2}\.?\s([^\W\d_]{3,12})\.?\s?[–—-]|\d{1,2}[–—-])\s?$"
)  # "12 April – 3 May 2024"


def is_end_of_range(head: str, locale: str | None) -> bool:
    found = RANGE_FROM.search(head[-30:])
    return found is not None and (not found[1] or month(found[1], locale) is not None)


def printed_clock(before: str, after: str) -> tuple[int, int] | None:
    """Return hour and minute of the time that is printed right after a date, or right before it."""
    found = CLOCK_AFTER.match(after[:30].translate(DIGITS_TO_ASCII))
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


def as_day(value: str) -> date:
    """Return the day of an ISO 8601 value, in its own zone."""
    return date.fromisoformat(value[:10])
