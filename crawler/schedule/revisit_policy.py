"""Decide when a URL is visited next, and why. Pure: values in, values out, no clock and no database.

A visit is planned from when the last one was due, not from when it ended: a feed of an hour is read 24 times a day by
an hourly timer. Listings, which lead to articles, are visited at fixed intervals. An article is visited again at the
ages of the `crawl.recheck` setting, to see edits (in a study of 88 million news pages about four fifths of the text
edits came within a day of publication: GDELT Global Difference Graph). After a failure the pause grows each time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from pipelines.core.timestamps import later

LISTING_KINDS = ("robots", "feed", "news sitemap", "front", "section", "sitemap", "tdmrep")  # lead to articles
PAGE_KINDS = ("article", "page")  # kinds that are read for an article; a `page` is one that the user listed

# Feeds first, because they name what is new. Sitemaps after the other listings, because they are long.
LISTING_PRIORITY = {kind: rank for rank, kind in enumerate(LISTING_KINDS)}
# The rank of a sitemap that an index dates is this less the number of its day: the newest first, of thousands.
FIRST_SITEMAP_PRIORITY = 1_000_000
# The rank of an article is this less the number of its day. So the order is that of the days, whenever each article was
# found, and no row is rewritten as time goes by.
FIRST_ARTICLE_PRIORITY = 4_000_000  # more than the number of the last day of the calendar, 9999-12-31
# Added for a URL that a source lists on the site of another: what its owner lists is first.
FOREIGN_PRIORITY = 10_000_000
BACKFILL_PRIORITY = 20_000_000  # added for an article of the past: everything fresh is first
UNDATED_AGE_DAYS = 30  # when found; an article without a date comes after those of a month, and before older ones

MIN_BACKOFF = timedelta(hours=1)  # after the first failure; it doubles with each further one
MAX_BACKOFF = timedelta(days=1)  # also the longest that a Retry-After is believed
MAX_PAGE_BACKOFF = timedelta(days=7)  # of a single page that has failed for two weeks, while its host answers
MAX_DAILY_FAILURES = 16  # failed visits in a row; after that a page is tried weekly
MAX_DOUBLINGS = 20  # far beyond the longest pause; larger powers would overflow a timedelta
COPY_PAUSE = timedelta(days=1)  # before a second look at an address that shows the article of another
MIN_DISALLOWED_PAUSE = timedelta(days=1)  # after robots.txt disallowed a URL
MAX_DAILY_DISALLOWED = 7  # times in a row; after that the pause doubles each time
MAX_DISALLOWED_PAUSE = timedelta(days=30)

# No visit is planned further ahead by this program, unless the settings say so: what is, was planned by a wrong clock.
MAX_PLANNED_AHEAD = timedelta(days=31)

PASSES_TO_KNOW = 9  # runs whose beginnings show the interval between passes
MIN_PASSES_TO_KNOW = 3


@dataclass(frozen=True, slots=True)
class NextVisit:
    """Hold the future of a frontier row."""

    state: str  # waiting, done, failed, disallowed
    at: datetime | None  # UTC; None: no visit is planned
    why: str


def priority(kind: str, day: str | None, today: datetime) -> int:
    """Return the rank of a URL, smaller first: listings by kind, then dated sitemaps and articles, the youngest first.

    `day` is an ISO day or None; `today` is any time of the day on which the URL was found, UTC. A day after that counts
    as that day.
    """
    if kind in LISTING_PRIORITY and not (kind == "sitemap" and day):
        return LISTING_PRIORITY[kind]
    number = today.toordinal() - UNDATED_AGE_DAYS
    if day:
        with suppress(ValueError):
            number = min(datetime.fromisoformat(day[:10]).toordinal(), today.toordinal())
    return (FIRST_SITEMAP_PRIORITY if kind == "sitemap" else FIRST_ARTICLE_PRIORITY) - number


def after_success(
    kind: str,
    now: datetime,
    first_visit: datetime,
    every: Mapping[str, float],
    recheck: Sequence[float],
    *,
    due: datetime | None = None,
) -> NextVisit:
    """Return the future of a URL that was just answered.

    `every` maps a kind of listing to seconds; a kind that it lacks is not visited again (sites crawled ad hoc).
    `recheck` are ages in seconds since the first visit, ascending. `due`: when this visit was due; None: now.
    """
    due = due or now
    if kind in LISTING_KINDS:
        seconds = every.get(kind)
        if seconds is None:
            return NextVisit("done", None, "visited once: its site is not watched")
        return NextVisit("waiting", next_turn(due, now, seconds), f"visited every {seconds:g} s")
    for age in recheck:
        at = later(first_visit, age)
        if at > max(due, now):  # a visit may be made a little before it is due
            return NextVisit("waiting", at, f"checked for edits at the age of {age:g} s")
    return NextVisit("done", None, "checked for edits at every age of crawl.recheck")


def after_copy(now: datetime, visits: int) -> NextVisit:
    """Return the future of an address that shows an article which has another address. `visits`: before this one.

    It is asked once more, because several articles may show the same notice for some hours.
    """
    if visits:
        return NextVisit("done", None, "another address of an article")
    return NextVisit("waiting", now + COPY_PAUSE, "another address of an article; asked once more")


def next_turn(due: datetime, now: datetime, seconds: float) -> datetime:
    """Return the next of the times `due + n * seconds` that is at least half an interval from now.

    Turns that were missed are made up for by the visit just made. `due` may lie a little in the future, because a pass
    takes what falls due before the next one would. A time further away comes from a wrong clock: turns begin anew then.
    """
    since = (now - due).total_seconds()
    if since < -seconds or seconds <= 0:
        return later(now, seconds)
    turns = max(1, math.ceil(since / seconds + 0.5))
    return later(due, turns * seconds)


def failures_in_row(before: int, last_visit: datetime | None, now: datetime) -> int:
    """Return the number of failures in a row for the pause, with one more; `before`: that number before it.

    A failure in the first half of the pause after the last one is not counted: the user asked too early, by hand. So
    the pause grows with the time that the trouble lasts, and not with the number of tries.
    """
    return before if _is_early(before, last_visit, now) else before + 1


def _is_early(before: int, last_visit: datetime | None, now: datetime) -> bool:
    return before > 0 and last_visit is not None and timedelta(0) <= now - last_visit < backoff(before) / 2


def after_failure(
    kind: str,
    now: datetime,
    before: int = 0,
    *,
    last_visit: datetime | None = None,
    gone: bool = False,
    retry_after: float | None = None,
    watched: bool = True,
) -> NextVisit:
    """Return the future of a URL whose visit failed; `gone` means 404 or 410.

    `before`: failures in a row before this one, the last of them at `last_visit`. After a failure that is not counted
    (see `failures_in_row`) the next visit stays when it was planned.

    Nothing but a page that is gone is given up: every other reason can pass. `retry_after` is the server's own wish in
    seconds (RFC 9110, 10.2.3). A listing of a site that is not `watched` is given up at once: the user asked for one
    visit.
    """
    if kind in LISTING_KINDS and not watched:
        return NextVisit("failed", None, "its site is not watched")
    if kind not in LISTING_KINDS and gone:
        return NextVisit("failed", None, "gone")
    failures = failures_in_row(before, last_visit, now)
    is_weekly = kind not in LISTING_KINDS and failures > MAX_DAILY_FAILURES
    wait = MAX_PAGE_BACKOFF if is_weekly else backoff(failures)
    if last_visit is not None and _is_early(before, last_visit, now):
        wait -= now - last_visit
    wait = max(wait, asked_wait(retry_after))
    return NextVisit("waiting", now + wait, f"failed; tried again after {wait}")


def backoff(failures: int, retry_after: float | None = None) -> timedelta:
    """Return the pause after so many failures in a row: an hour, doubled by each further one, up to a day.

    `retry_after` seconds lengthen it, up to a day too: a server may ask for ten years.
    """
    wait = min(MIN_BACKOFF * 2 ** min(max(failures - 1, 0), MAX_DOUBLINGS), MAX_BACKOFF)
    return max(wait, asked_wait(retry_after))


def asked_wait(retry_after: float | None) -> timedelta:
    """Return how long a server asks us to wait, by its `retry_after` in seconds; zero if it does not say."""
    if retry_after is None or not retry_after > 0:
        return timedelta(0)
    return timedelta(seconds=min(retry_after, MAX_BACKOFF.total_seconds()))


def probe_at(now: datetime, failures: int, retry_after: float | None, interval: timedelta) -> datetime:
    """Return when a host in trouble is asked again, after so many failed probes in a row.

    `interval` is the usual one between passes: the pass that is nearest to that time is to send the probe. What the
    server itself asks for is not shortened. Without failures, that alone is waited for.
    """
    if not failures:
        return now + asked_wait(retry_after)
    if retry_after is not None and retry_after > 0:
        return now + backoff(failures, retry_after)
    return now + max(backoff(failures) - min(interval, MAX_BACKOFF) / 2, timedelta(0))


def after_disallowed(kind: str, now: datetime, times: int, *, watched: bool = True) -> NextVisit:
    """Return the future of a URL that robots.txt disallows; `times` in a row, this one included.

    It is never given up, because the rules may change: it is asked for daily for a week, and then ever more seldom. A
    listing of a site that is not `watched` waits until the user asks for that site again.
    """
    if kind in LISTING_KINDS and not watched:
        return NextVisit("disallowed", None, "its site is not watched")
    doublings = min(max(times - MAX_DAILY_DISALLOWED, 0), MAX_DOUBLINGS)
    wait = min(MIN_DISALLOWED_PAUSE * 2**doublings, MAX_DISALLOWED_PAUSE)
    return NextVisit("waiting", now + wait, f"disallowed; robots.txt is asked again after {wait}")


def usual_interval(begun: Sequence[datetime]) -> timedelta:
    """Return the usual time between passes, from their beginnings, the newest first; zero if it is not known.

    It is the median, so that a run by hand in between, or a night in which the machine was off, changes nothing.
    """
    gaps = sorted(newer - older for newer, older in pairwise(begun) if newer > older)
    return gaps[len(gaps) // 2] if len(gaps) + 1 >= MIN_PASSES_TO_KNOW else timedelta(0)


def taken_until(now: datetime, interval: timedelta) -> datetime:
    """Return the time up to which a pass that begins now takes what falls due: what the next one would take later.

    Half an interval, so that each visit is made by the pass that is nearest to the time at which it is due. No more
    than half a day: the user who starts a crawl each week does not mean that.
    """
    return now + min(interval / 2, MAX_BACKOFF / 2)
