"""Read the day or time that a feed, a sitemap or an address gives for an article, and judge whether it says anything.

Pure: no clock and no database.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from crawler.frontier.queue_values import FrontierEntry
from pipelines.core.timestamps import parse, stamp

MAX_AHEAD = timedelta(days=1)  # of a time that is believed: a clock or a time zone may be wrong by hours
SAME_TIME_MIN_LINKS = 5  # from so many links on, one time of change for most of them says nothing
SAME_TIME_SPAN = timedelta(minutes=1)
SAME_TIME_SHARE = 0.8  # of all links: the front page in a sitemap often keeps a time of its own
MANY_CHANGED_MIN_LINKS = 20  # from so many known links on, ...
MANY_CHANGED_SHARE = 0.5  # ... a larger share of them that changed at once is none of pages that changed
MAX_CHANGED_IN_A_DAY = 3000  # pages of one listing; no paper writes more

# /2026/11/23/, /2026-11-23-..., /2026/11/: years that a news site can have.
DATE_IN_PATH = re.compile(r"/((?:199|20[0-4])\d)[/-](0[1-9]|1[0-2])(?:[/-](0[1-9]|[12]\d|3[01]))?(?=[/-])")

# In the name of a sitemap: sitemap-2026-11-28.xml, /2026/11/28/sitemap.xml, sitemap_20261128.xml, sitemap-2026-11.xml.
DATE_IN_NAME = re.compile(
    r"(?<!\d)(199\d|20[0-4]\d)([-_./]?)(0[1-9]|1[0-2])(?:\2(0[1-9]|[12]\d|3[01])(?!\d)|(?!\d|\2\d))"
)
OLDEST_DAY = date(1990, 1, 1)  # of a sitemap
DATE_PARAMETERS = (("yyyy", "year", "yy", "y"), ("mm", "month", "m"), ("dd", "day", "d"))


def day_of(hint: Mapping[str, str], now: datetime) -> str | None:
    """Return the ISO day that a feed or sitemap gives an article: of publication, else of its last change; or None.

    A day that is yet to come is ignored.
    """
    last = stamp(now + MAX_AHEAD)[:10]
    days = (hint.get(name, "")[:10] for name in ("published", "modified"))
    return next((day for day in days if len(day) == len(last) and day <= last), None)


def day_in(url: str) -> str | None:
    """Return the ISO day in a URL's path, or None. If the path has a month only: the last day that is possible."""
    date = DATE_IN_PATH.search(url)
    if date is None:
        return None
    last_day = monthrange(int(date[1]), int(date[2]))[1]
    return f"{date[1]}-{date[2]}-{date[3] or last_day}"


def day_in_name(url: str, now: datetime) -> tuple[str, bool] | None:
    """Return the ISO day in the address of a sitemap, and True if that is of one day; None if it has none.

    Of a month it is the last day, and False: `sitemap-2026-11.xml`, `?yyyy=2026&mm=11`. One that is yet to come is
    ignored.
    """
    parts = urlsplit(url)
    dates: list[tuple[str | None, ...]] = [
        (one[1], one[3], one[4]) for one in DATE_IN_NAME.finditer(f"{parts.path}?{parts.query}")
    ]
    values = {name.lower(): text for name, text in parse_qsl(parts.query)}
    dates.append(tuple(next((values[name] for name in names if name in values), None) for names in DATE_PARAMETERS))
    for year, month, day in reversed(dates):
        try:
            last = monthrange(int(year or 0), int(month or 0))[1]
            found = date(int(year or 0), int(month or 0), int(day or last))
        except ValueError:
            continue
        if OLDEST_DAY <= found <= (now + MAX_AHEAD).date():
            return found.isoformat(), day is not None
    return None


def changed_at(hint: Mapping[str, str], now: datetime) -> str | None:
    """Return the time of the last change that a feed or sitemap claims, as a UTC stamp; None if it names no time.

    A day without a time is ignored, because the change may be from before or after a visit on that day. So is a time
    that is yet to come.
    """
    text = hint.get("modified", "")
    try:
        changed = parse(text) if len(text) > 10 else None
    except (ValueError, OverflowError):
        return None
    return stamp(changed) if changed is not None and changed <= now + MAX_AHEAD else None


def times_of_writing(times: Iterable[str], now: datetime, links: int, known: int, changed: int) -> frozenset[str]:
    """Return those of the times of change in a feed or sitemap that say when it was written, and nothing of the pages.

    `links`: how many it has; `known`: how many of them it had at its last reading, and `changed`: those of them that
    had another time then. About the same time for nearly all of the links is such a time. If more pages have changed
    than a paper changes, all times are.
    """
    by_time: dict[datetime, list[str]] = {}
    for text in times:
        try:
            by_time.setdefault(parse(text), []).append(text)
        except (ValueError, OverflowError):
            continue
    moments = sorted(moment for moment, texts in by_time.items() for _ in texts)
    many = known >= MANY_CHANGED_MIN_LINKS and changed > MANY_CHANGED_SHARE * known
    today = sum(abs(now - moment) < timedelta(days=1) for moment in moments)
    if many or (today > MAX_CHANGED_IN_A_DAY and today > MANY_CHANGED_SHARE * links):
        return frozenset(text for texts in by_time.values() for text in texts)
    number = max(SAME_TIME_MIN_LINKS, math.ceil(SAME_TIME_SHARE * links))  # that are to have the same time
    for first, last in zip(moments, moments[number - 1 :], strict=False):
        if last - first < SAME_TIME_SPAN:
            near = (first - SAME_TIME_SPAN, last + SAME_TIME_SPAN)
            return frozenset(text for moment in by_time if near[0] < moment < near[1] for text in by_time[moment])
    return frozenset()


def dated(entries: Iterable[FrontierEntry]) -> Iterator[datetime]:
    """Yield the times of publication that entries of a listing give, if they give a time of day."""
    for entry in entries:
        text = entry.hint.get("published", "")
        try:
            if len(text) > len("2026-11-29"):
                yield parse(text)
        except ValueError:
            continue


def day_or_none(text: str | None) -> datetime | None:
    """Return an ISO day or time as a time; None if the text is none."""
    try:
        return parse(text) if text else None
    except ValueError:
        return None
