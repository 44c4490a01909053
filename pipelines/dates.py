"""A date as a page writes it -> ISO 8601, or None. Machine-readable forms only: prose is htmldate's business."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

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
NAMED = re.compile(
    r"^(?:\w{3,9},?\s+)?(?:(\d{1,2})\.?\s+([A-Za-z]{3,9})\.?,?|([A-Za-z]{3,9})\.?\s+(\d{1,2}),?)\s+(\d{4})\b"
)
MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


def parse(raw: str | None, seen: datetime) -> str | None:
    """`raw` in ISO 8601: with time and zone if it has both, else the day. `seen`: when the page was captured.

    None for what cannot be read, for days before the web, and for days more than two days after `seen`.
    """
    if not raw or len(raw) > 80:
        return None
    moment = _read(raw.strip())
    if moment is None:
        return None
    day = moment.date() if isinstance(moment, datetime) else moment
    if not EARLIEST <= day <= (seen + AHEAD).date():
        return None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.replace(microsecond=0).isoformat()
    return day.isoformat()


def _read(raw: str) -> datetime | date | None:
    """Without judgement: an aware datetime, or a date (a time without zone is a moment nobody can place)."""
    try:
        if NUMERIC.match(raw):
            return datetime.fromtimestamp(int(raw[:10]), UTC)
        if found := ISO.match(raw):
            return _iso(found)
        if found := DOTTED.match(raw):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := NAMED.match(raw):
            month = MONTHS.get((found[2] or found[3])[:3].lower())
            if month is None:
                return None
            day = date(int(found[5]), month, int(found[1] or found[4]))
            if re.search(r"\d{2}:\d{2}:\d{2}\s+([+-]\d{4}|GMT|UTC|Z)", raw):
                return parsedate_to_datetime(raw)
            return day
    except (ValueError, OverflowError, OSError, TypeError):
        pass
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
