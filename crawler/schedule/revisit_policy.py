"""Decide when a URL is visited next, and why. Pure: values in, values out, no clock and no database.

Listings, which lead to articles, are visited at fixed intervals. An article is visited again at the ages of the
`crawl.recheck` setting, to see edits (in a study of 88 million news pages about four fifths of the text edits came
within a day of publication: GDELT Global Difference Graph). After a failure the pause grows each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LISTING_KINDS = (
    "robots",
    "feed",
    "news sitemap",
    "front",
    "section",
    "sitemap",
    "tdmrep",
)  # lead to articles
PAGE_KINDS = ("article", "page")  # kinds that are read for an article; a `page` is one that the user listed

# Feeds first, because they name what is new. Sitemaps after the other listings, because they are long.
LISTING_PRIORITY = {kind: rank for rank, kind in enumerate(LISTING_KINDS)}
ARTICLE_PRIORITY = 100  # of an article of today; each day of age adds one
MAX_AGE_DAYS = 40_000
FOREIGN_PRIORITY = 100_000  # added for a URL that a source lists on the site of another: what its owner lists is first
BACKFILL_PRIORITY = 200_000  # added for an article of the past: everything fresh is first
UNDATED_AGE_DAYS = 30  # an article without a date comes after those of a month, and before older ones

MIN_BACKOFF = timedelta(hours=1)  # after the first failure; it doubles with each further one
MAX_BACKOFF = timedelta(days=7)
MAX_DOUBLINGS = 20  # far beyond the longest pause; larger powers would overflow a timedelta
MIN_DISALLOWED_PAUSE = timedelta(days=1)  # after robots.txt disallowed a URL; it doubles each time that it still does
MAX_DISALLOWED_PAUSE = timedelta(days=30)
MAX_FAILURES = 5  # failed visits in a row after which an article is given up; a listing never is


@dataclass(frozen=True, slots=True)
class NextVisit:
    """Hold the future of a frontier row."""

    state: str  # waiting, done, failed, disallowed
    at: datetime | None  # UTC; None: no visit is planned
    why: str


def priority(kind: str, day: str | None, today: datetime) -> int:
    """Return the rank of a URL, smaller first: listings by kind, then articles from the youngest to the oldest.

    `day` is an ISO day or None; `today` is any time of today, UTC.
    """
    if kind in LISTING_PRIORITY:
        return LISTING_PRIORITY[kind]
    age_days = UNDATED_AGE_DAYS
    if day:
        try:
            age_days = (today.date() - datetime.fromisoformat(day[:10]).date()).days
        except ValueError:
            age_days = UNDATED_AGE_DAYS
    return ARTICLE_PRIORITY + min(max(age_days, 0), MAX_AGE_DAYS)


def after_success(
    kind: str, now: datetime, first_visit: datetime, every: Mapping[str, float], recheck: Sequence[float]
) -> NextVisit:
    """Return the future of a URL that was just answered.

    `every` maps a kind of listing to seconds; a kind that it lacks is not visited again (sites crawled ad hoc).
    `recheck` are ages in seconds since the first visit, ascending.
    """
    if kind in LISTING_KINDS:
        seconds = every.get(kind)
        if seconds is None:
            return NextVisit("done", None, "visited once: its site is not watched")
        return NextVisit("waiting", now + timedelta(seconds=seconds), f"visited every {seconds:g} s")
    for age in recheck:
        due = first_visit + timedelta(seconds=age)
        if due > now:
            return NextVisit("waiting", due, f"checked for edits at the age of {age:g} s")
    return NextVisit("done", None, "checked for edits at every age of crawl.recheck")


def after_failure(
    kind: str,
    now: datetime,
    failures: int,
    *,
    gone: bool = False,
    retry_after: float | None = None,
    watched: bool = True,
) -> NextVisit:
    """Return the future of a URL whose visit failed; `failures` counts this one, `gone` means 404 or 410.

    `retry_after` is the server's own wish in seconds (RFC 9110, 10.2.3). A listing of a site that is not `watched` is
    given up at once: the user asked for one visit.
    """
    if kind in LISTING_KINDS and not watched:
        return NextVisit("failed", None, "its site is not watched")
    if kind not in LISTING_KINDS and (gone or failures >= MAX_FAILURES):
        return NextVisit("failed", None, "gone" if gone else f"failed {failures} times in a row")
    wait = min(MIN_BACKOFF * 2 ** min(failures - 1, MAX_DOUBLINGS), MAX_BACKOFF)
    if retry_after is not None:
        wait = max(wait, min(timedelta(seconds=retry_after), MAX_BACKOFF))
    return NextVisit("waiting", now + wait, f"failed; tried again after {wait}")


def after_disallowed(kind: str, now: datetime, times: int, *, watched: bool = True) -> NextVisit:
    """Return the future of a URL that robots.txt disallows; `times` in a row, this one included.

    It is never given up, because the rules may change. A listing of a site that is not `watched` waits until the user
    asks for that site again.
    """
    if kind in LISTING_KINDS and not watched:
        return NextVisit("disallowed", None, "its site is not watched")
    wait = min(MIN_DISALLOWED_PAUSE * 2 ** min(times - 1, MAX_DOUBLINGS), MAX_DISALLOWED_PAUSE)
    return NextVisit("waiting", now + wait, f"disallowed; robots.txt is asked again after {wait}")
