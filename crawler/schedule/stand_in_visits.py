"""Decide when an address is asked again that shows something in the place of its article. Pure, as `revisit_policy`."""

from __future__ import annotations

from datetime import datetime, timedelta

from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.items import PageState
from pipelines.core.timestamps import parse
from pipelines.database.stand_ins import GONE_KINDS, PAYWALL

GONE_AGES = (timedelta(days=1), timedelta(days=7), timedelta(days=30))  # since a page was first seen gone
NEW_GONE_AGES = GONE_AGES[:2]  # of an address at which no article was ever read
MIN_GONE_VISITS = 3  # days apart, after which a page is not asked for again
WALL_AGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))  # of a known article
MIN_WALL_PAUSE = timedelta(hours=1)  # after a wall at an address without an article; doubles with each visit
MAX_WALL_PAUSE = timedelta(days=1)
MAX_DOUBLINGS = 10  # far beyond the longest pause
MAX_WALL_AGE = timedelta(days=30)  # after which an address without an article is not asked again by itself


def after_stand_in(state: PageState, now: datetime, planned: NextVisit) -> NextVisit:
    """Return the future of an address that shows `state`. `planned`: its next visit if it had shown the article.

    A gone page ends after three visits that are days apart. A wall that never showed its article is asked again after
    an hour, then at growing intervals up to a day, for 30 days. A known article keeps its planned visits, and gets
    further ones to see the wall go; a paywall is there to stay and gets none.
    """
    since, known = parse(state.since), state.article_id is not None
    if state.kind in GONE_KINDS:
        return _after_gone(state, now, GONE_AGES if known else NEW_GONE_AGES)
    if not known:
        pause = min(MIN_WALL_PAUSE * 2 ** min(state.visits - 1, MAX_DOUBLINGS), MAX_WALL_PAUSE)
        if now + pause > since + MAX_WALL_AGE:
            return NextVisit("failed", None, f"{state.kind} for {MAX_WALL_AGE.days} days")
        return NextVisit("waiting", now + pause, f"{state.kind}; asked again after {pause}")
    again = None if state.kind == PAYWALL else next((since + age for age in WALL_AGES if since + age > now), None)
    if again is None or (planned.at is not None and planned.at <= again):
        return planned
    return NextVisit("waiting", again, f"{state.kind}; asked again for the article")


def _after_gone(state: PageState, now: datetime, ages: tuple[timedelta, ...]) -> NextVisit:
    """Return the next visit of a gone page: at the next of these ages, and until it was seen three times."""
    since = parse(state.since)
    at = next((since + age for age in ages if since + age > now), None)
    if at is None and state.visits < MIN_GONE_VISITS:
        at = now + GONE_AGES[0]
    if at is None:
        return NextVisit("failed", None, f"gone since {state.since}")
    return NextVisit("waiting", at, f"gone ({state.kind}); asked again")
