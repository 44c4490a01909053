"""When a URL is visited next, and why. Pure: values in, values out, no clock and no database.

Kinds that lead to articles come back every so often; an article comes back at the ages of the `crawl.recheck` setting,
to see edits (a study of 88 million news pages found about four fifths of text edits within a day of publication: GDELT
Global Difference Graph); what failed comes back later each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LISTINGS = ("robots", "feed", "news sitemap", "front", "section", "sitemap", "tdmrep")  # kinds that are no articles
PAGES = ("article", "page")  # kinds that are read

# Feeds first: they name what is new. Sitemaps last of the listings: they are long.
PRIORITY = {kind: rank for rank, kind in enumerate(LISTINGS)}
OLDEST = 40_000  # days; anything without a date ranks behind a month-old article and before older ones
UNDATED = 30

BACKOFF = timedelta(hours=1)  # after the first failure; doubles with each further one
LONGEST_BACKOFF = timedelta(days=7)
PATIENCE = 5  # failed visits in a row after which an article is given up; a listing never is


@dataclass(frozen=True, slots=True)
class NextVisit:
    """A frontier row's future."""

    state: str  # waiting, done, failed, disallowed
    at: datetime | None  # UTC; None: never again of its own accord
    why: str


def priority(kind: str, day: str | None, today: datetime) -> int:
    """Smaller is sooner: listings by kind, then articles from the youngest to the oldest.

    `day` is an ISO day or None; `today` any time, UTC.
    """
    if kind in PRIORITY:
        return PRIORITY[kind]
    age = UNDATED
    if day:
        try:
            age = (today.date() - datetime.fromisoformat(day[:10]).date()).days
        except ValueError:
            age = UNDATED
    return 100 + min(max(age, 0), OLDEST)


def after_success(
    kind: str, now: datetime, first_visit: datetime, every: Mapping[str, float], recheck: Sequence[float]
) -> NextVisit:
    """The future of a URL that was just answered.

    `every` maps a kind of listing to seconds; a kind that it lacks is not visited again (sites crawled ad hoc).
    `recheck` are ages in seconds since the first visit, ascending.
    """
    if kind in LISTINGS:
        seconds = every.get(kind)
        if seconds is None:
            return NextVisit("done", None, "visited once: its site is not watched")
        return NextVisit("waiting", now + timedelta(seconds=seconds), f"read again every {seconds:g} s")
    for age in recheck:
        due = first_visit + timedelta(seconds=age)
        if due > now:
            return NextVisit("waiting", due, f"looked at again for edits at the age of {age:g} s")
    return NextVisit("done", None, "seen at every age asked for")


def after_failure(
    kind: str,
    now: datetime,
    failures: int,
    *,
    gone: bool = False,
    retry_after: float | None = None,
    watched: bool = True,
) -> NextVisit:
    """The future of a URL whose visit failed; `failures` counts this one, `gone` means 404 or 410.

    `retry_after` is the server's own wish in seconds (RFC 9110, 10.2.3). A listing of a site that is not `watched` is
    given up at once: nobody asked for it to be tried again.
    """
    if kind in LISTINGS and not watched:
        return NextVisit("failed", None, "its site is not watched")
    if kind not in LISTINGS and (gone or failures >= PATIENCE):
        return NextVisit("failed", None, "gone" if gone else f"failed {failures} times in a row")
    wait = min(BACKOFF * 2 ** min(failures - 1, 20), LONGEST_BACKOFF)
    if retry_after is not None:
        wait = max(wait, min(timedelta(seconds=retry_after), LONGEST_BACKOFF))
    return NextVisit("waiting", now + wait, f"failed; tried again after {wait}")
