"""Decide when a feed, sitemap, front or section page is read again, from the news that its readings brought. Pure.

A rhythm counts new articles by hour of the week. The next reading is due when a new article is likely enough, and
before the articles of the hours until then could push a third of a listing's entries out of it: a paper may publish an
hour's articles within minutes. An hour of the week of which little is known is taken to be like the same hour of other
days, and that like the average hour. So a rhythm is used from its second day on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOURS_A_DAY, HOURS_A_WEEK = 24, 168
MEMORY_HOURS = 28 * HOURS_A_DAY  # after which an observation counts 1/e of what it did
EXPECTED_NEW = 0.4  # articles at the next reading: most readings bring none, and an article waits a fifth of the pause
MAX_SHARE_OF_ENTRIES = 0.33  # of a listing, that the hours until the next reading may bring
NEIGHBOUR_SHARE = 0.25  # of the articles of an hour that the hours beside it are taken to have: bursts are not punctual
DAY_WEIGHT = 0.5  # days: what is known of all hours weighs at least as much as so many days of one hour
WEEK_WEIGHT = (
    2.0  # weeks: what is known of an hour of the day weighs at least as much as so many weeks of one of the week
)
PRIOR_ARTICLES = 1.0  # and as much as the time in which so many come: an hour in which two of a few came is no habit
MAX_SPREAD_HOURS = 24  # over which undated new articles are spread; those of a longer absence came at any time
MAX_TAUGHT = timedelta(days=8)  # between two readings; of a longer absence, most news came and went unseen
MIN_FIRST_ARTICLES = 3  # dated ones that a first reading must show
MIN_FIRST_SPAN, MAX_FIRST_SPAN = timedelta(hours=3), timedelta(days=7)  # from the oldest of them that counts
MAX_NEW_ARTICLES = 5000  # of one reading that are counted
MAX_BODY_AGE, MAX_SITEMAP_BODY_AGE = timedelta(days=1), timedelta(days=7)  # until which answers 304 are believed
FADED_AFTER = timedelta(days=30)  # a sitemap unchanged, and without a newer entry, for so long is dead or rotated
OLD_AFTER_UNCHANGED = timedelta(hours=20)  # if all its entries are that old
MIN_FADED_INTERVAL, MAX_FADED_INTERVAL = timedelta(days=7), timedelta(days=30)  # between two readings of such a sitemap
FADED_SHARE = 0.25  # of the time for which it has named nothing new, until it is read again
MAX_PINNED, MAX_PINNED_SHARE = 5, 0.5  # entries of a feed that it keeps in place, and their share of it
OUTRUN_MIN_ENTRIES = 3  # a listing of one or two entries shows the newest only, and its entries change altogether


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Hold the new articles of a listing by hour of the week, older ones counting less."""

    new: Mapping[int, float] = field(default_factory=dict)  # hour of the week (0: Monday, 0:00 UTC) -> articles
    hours: float = 0.0  # that were observed

    def to_json(self) -> str:
        """Return the rhythm as the text that the database holds."""
        new = {str(hour): round(number, 2) for hour, number in sorted(self.new.items()) if number >= 0.01}
        return json.dumps({"hours": round(self.hours, 2), "new": new}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Rhythm:
        """Return the rhythm of such a text; that of a new listing if there is none or it is damaged."""
        try:
            known = json.loads(text or "{}")
            new = {int(hour): float(number) for hour, number in known.get("new", {}).items()}
            hours = float(known.get("hours", 0.0))
        except (ValueError, AttributeError, TypeError):
            return cls()
        sound = all(0 <= hour < HOURS_A_WEEK and 0 <= number < math.inf for hour, number in new.items())
        return cls(new, hours) if sound and 0 <= hours < math.inf else cls()

    def __add__(self, other: Rhythm) -> Rhythm:
        """Return the rhythm of two listings together."""
        hours = self.new.keys() | other.new.keys()
        new = {hour: self.new.get(hour, 0.0) + other.new.get(hour, 0.0) for hour in hours}
        return Rhythm(new, max(self.hours, other.hours))

    def an_hour(self) -> float:
        """Return the articles of an hour, as observed in a day at least."""
        return sum(self.new.values()) / max(self.hours, HOURS_A_DAY)

    def without(self, number: float) -> Rhythm:
        """Return the rhythm with so many articles less, of each hour the same share."""
        every = sum(self.new.values())
        left = max(every - number, 0.0) / every if every else 0.0
        return Rhythm({hour: articles * left for hour, articles in self.new.items()}, self.hours)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hold the shortest and the longest interval between two readings."""

    shortest: timedelta
    longest: timedelta


def hour_of_week(time: datetime) -> int:
    """Return the hour of the week of a UTC time."""
    return time.weekday() * HOURS_A_DAY + time.hour


def after_reading(
    rhythm: Rhythm, since: datetime | None, now: datetime, new: int, dated: Iterable[datetime] = ()
) -> Rhythm:
    """Return a rhythm after a reading that brought so many new articles.

    `since`: the reading before; None: there was none. `dated`: the times that new articles give for themselves; they
    count if they lie between the two readings. The others are spread over that time. At a first reading, only the
    dated ones count, from the oldest on: they show bursts that a paper has each day.
    """
    dated = list(dated)
    if since is None:
        dated = sorted(time for time in dated if time <= now)[-MAX_NEW_ARTICLES:]
        # The very oldest may be an entry that a paper keeps on top.
        since = max(dated[len(dated) // 10], now - MAX_FIRST_SPAN) if len(dated) >= MIN_FIRST_ARTICLES else now
        if now - since < MIN_FIRST_SPAN:  # too few to tell, or a feed that dates all entries now
            return rhythm
        new = sum(since < time for time in dated)
    if since >= now or now - since > MAX_TAUGHT:  # a clock that was set back, or jumped ahead
        return rhythm
    passed = (now - since) / timedelta(hours=1)
    kept = math.exp(-passed / MEMORY_HOURS)
    counts = {hour: number * kept for hour, number in rhythm.new.items()}
    new = min(new, MAX_NEW_ARTICLES)
    times = [time for time in dated if since < time <= now][:new]
    for time in times:
        counts[hour_of_week(time)] = counts.get(hour_of_week(time), 0.0) + 1
    rest = new - len(times)
    begin = max(since, now - timedelta(hours=MAX_SPREAD_HOURS))
    for start, end in hours_between(begin, now) if rest else ():
        share = rest * ((end - start) / (now - begin))
        counts[hour_of_week(start)] = counts.get(hour_of_week(start), 0.0) + share
    return Rhythm(counts, rhythm.hours * kept + MEMORY_HOURS * (1 - kept))


def hours_between(begin: datetime, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Yield the parts of a period that lie within one hour of the clock."""
    while begin < end:
        until = min(begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1), end)
        yield begin, until
        begin = until


def hourly_rates(rhythm: Rhythm, prior_hours: float) -> list[float]:
    """Return the articles that each hour of the week is expected to bring.

    `prior_hours`: of a listing of which nothing is known, one article is expected in so many hours.
    """
    average = (sum(rhythm.new.values()) + 1) / (rhythm.hours + prior_hours)
    days, weeks = rhythm.hours / HOURS_A_DAY, rhythm.hours / HOURS_A_WEEK
    by_day = _by_hour_of_day(rhythm)
    weight = max(DAY_WEIGHT, PRIOR_ARTICLES / average)
    daily = [(number + weight * average) / (days + weight) for number in by_day]
    weekly = []
    for hour in range(HOURS_A_WEEK):
        usual = daily[hour % HOURS_A_DAY]
        weight = max(WEEK_WEIGHT, PRIOR_ARTICLES / usual)
        weekly.append((rhythm.new.get(hour, 0.0) + weight * usual) / (weeks + weight))
    return [
        max(rate, NEIGHBOUR_SHARE * max(weekly[hour - 1], weekly[(hour + 1) % HOURS_A_WEEK]))
        for hour, rate in enumerate(weekly)
    ]


def _by_hour_of_day(rhythm: Rhythm) -> list[float]:
    """Return the articles of each hour of the day."""
    by_day = [0.0] * HOURS_A_DAY
    for hour, number in rhythm.new.items():
        by_day[hour % HOURS_A_DAY] += number
    return by_day


def next_reading(
    rhythm: Rhythm, now: datetime, bounds: Bounds, *, entries: int | None, prior_hours: float = 1.0
) -> timedelta:
    """Return the time from a reading to the next one. `entries`: how many articles the listing shows, if known."""
    rates = hourly_rates(rhythm, prior_hours)
    # What came in an hour of each day so far may come again. To be outrun costs articles, and a reading only a request.
    bursts = [number / max(rhythm.hours / HOURS_A_DAY, 1.0) for number in _by_hour_of_day(rhythm)]
    most = max(MAX_SHARE_OF_ENTRIES * entries, EXPECTED_NEW) if entries else math.inf
    expected, of_whole_hours, at = 0.0, 0.0, now
    for start, end in hours_between(now, now + bounds.longest):
        rate = rates[hour_of_week(start)]
        of_whole_hours += max(rate, bursts[start.hour])
        hours = (end - start) / timedelta(hours=1)
        if of_whole_hours > most:  # all of this hour's articles may come at its beginning
            break
        if expected + rate * hours >= EXPECTED_NEW:
            at = start + timedelta(hours=(EXPECTED_NEW - expected) / rate)
            break
        expected, at = expected + rate * hours, end
    return min(max(at - now, bounds.shortest), bounds.longest)


def is_outrun(kind: str, before: int, entries: int, shared: int, new: int) -> bool:
    """Return True if a listing may have shown articles that no reading saw: it shares no entry with the one before.

    `before` and `entries`: how many articles it showed then and now; `shared`: both times, without `pinned` ones;
    `new`: how many of them were not known. Front and section pages have no order from which this could be seen, and
    sitemaps name everything.
    """
    small = min(before, entries) < OUTRUN_MIN_ENTRIES
    return kind in ("feed", "news sitemap") and not small and shared == 0 and new > 0


def pinned(before: Sequence[Hashable], now: Sequence[Hashable]) -> int:
    """Return how many entries of a feed keep their place while most of the others changed.

    A paper puts them on top for weeks. Entries that move on as new ones come show that none was missed; these do not.
    """
    places = {entry: at for at, entry in enumerate(before)}
    shared = [(places[entry], at) for at, entry in enumerate(now) if entry in places]
    if len(shared) > min(MAX_PINNED, len(before) * MAX_PINNED_SHARE, len(now) * MAX_PINNED_SHARE):
        return 0
    longer = len(now) - len(before)
    return len(shared) if all(at - place in (0, longer) for place, at in shared) else 0


def after_outrun(planned: timedelta, before: timedelta | None, bounds: Bounds) -> timedelta:
    """Return the time to the next reading of a listing that was outrun: half of what it was, or less."""
    return max(min(planned, before / 2 if before is not None else planned / 2), bounds.shortest)


def is_body_old(kind: str, now: datetime, last_body: datetime | None) -> bool:
    """Return True if a listing is asked for whole, because a server may answer 304 for ever. None: it never sent one.

    The body of a sitemap may be 50 MB. The feed or front page beside it shows within a day that a server is such a one.
    """
    return last_body is not None and last_body <= now - (MAX_SITEMAP_BODY_AGE if kind == "sitemap" else MAX_BODY_AGE)


def faded_interval(
    kind: str, now: datetime, last_change: datetime | None, newest_entry: datetime | None
) -> timedelta | None:
    """Return when a sitemap is read again that names nothing new; None if it is read by the news that it brings.

    It is the part of a past month, or kept no more. `last_change`: None if it was read only once. `newest_entry` is the
    newest day that an entry gives. Without one, the time of the last change counts alone.
    """
    if kind not in ("sitemap", "news sitemap"):
        return None
    unchanged = now - last_change if last_change is not None else None
    is_old = newest_entry is not None and newest_entry <= now - FADED_AFTER
    if not is_old and (unchanged is None or unchanged < FADED_AFTER):
        return None
    if is_old and unchanged is not None and unchanged < OLD_AFTER_UNCHANGED:
        return None
    quiet = now - newest_entry if is_old and newest_entry is not None else unchanged or FADED_AFTER
    return min(max(quiet * FADED_SHARE, MIN_FADED_INTERVAL), MAX_FADED_INTERVAL)
