"""Decide when an address is asked again that shows something in the place of its article. Pure, as `revisit_policy`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from crawler.schedule.revisit_policy import NextVisit
from pipelines.core import GONE_KINDS
from pipelines.core.items import PAYWALL_KIND, PageState
from pipelines.core.timestamps import parse

GONE_AGES = (timedelta(days=1), timedelta(days=7), timedelta(days=30))  # since a page was first seen gone
NEW_GONE_AGES = GONE_AGES[:2]  # of an address at which no article was ever read
MIN_GONE_VISITS = 3  # days apart, after which a page is not asked for again
# Of a known article behind a wall, and of an address that did not lead to the article that was expected there.
WALL_AGES = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
MIN_WALL_PAUSE = timedelta(hours=1)  # after a wall at an address without an article; doubles with each visit
MAX_WALL_PAUSE = timedelta(days=1)
MAX_DOUBLINGS = 10  # far beyond the longest pause
MAX_WALL_AGE = timedelta(days=30)  # after which an address without an article is not asked again by itself
MIN_NAME_CHARS = 8  # of the last part of a path that names a story; shorter ones, such as "index", name many pages
MIN_NAME_HYPHENS = 2  # of any other part: "south-africa" is a section
MIN_NUMBER_DIGITS = 5  # of a number that does
STORY_NUMBER = re.compile(rf"(?<!\d)\d{{{MIN_NUMBER_DIGITS},}}(?!\d)")
SUFFIX = re.compile(r"\.\w{1,5}$")


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
    again = None if state.kind == PAYWALL_KIND else next((since + age for age in WALL_AGES if since + age > now), None)
    if again is None or (planned.at is not None and planned.at <= again):
        return planned
    return NextVisit("waiting", again, f"{state.kind}; asked again for the article")


def after_no_article(why: str, now: datetime, first_visit: datetime | None) -> NextVisit:
    """Return the future of an address that was listed as an article's and led to none: no text, or another page.

    It may have been asked at a bad moment. So it is asked again an hour, a day, a week and a month after its first
    visit; None if this is the first.
    """
    first = first_visit or now
    again = next((first + age for age in WALL_AGES if first + age > now), None)
    if again is None:
        return NextVisit("done", None, why)
    return NextVisit("waiting", again, f"{why}; asked again for an article")


def names_same_page(url: str, target: str) -> bool:
    """Return True if two addresses show by themselves that they are of one page: by a story's name or its number.

    So a temporary redirect from a short or counted link to the article is known from one to a page for all articles.
    """
    asked, led = urlsplit(url), urlsplit(target)
    if asked.path == led.path and asked.query == led.query:
        return True
    numbers = set(STORY_NUMBER.findall(f"{asked.path}?{asked.query}")) & set(STORY_NUMBER.findall(led.path))
    return bool(numbers or _story_names(asked.path) & _story_names(led.path))


def _story_names(path: str) -> set[str]:
    """Return the parts of a path that may be a story's name: the last, and all of several words."""
    parts = [SUFFIX.sub("", part) for part in path.strip("/").split("/")]
    names = {part for part in parts if part.count("-") >= MIN_NAME_HYPHENS} | {parts[-1]}
    return {name for name in names if len(name) >= MIN_NAME_CHARS}


def _after_gone(state: PageState, now: datetime, ages: tuple[timedelta, ...]) -> NextVisit:
    """Return the next visit of a gone page: at the next of these ages, and until it was seen three times."""
    since = parse(state.since)
    at = next((since + age for age in ages if since + age > now), None)
    if at is None and state.visits < MIN_GONE_VISITS:
        at = now + GONE_AGES[0]
    if at is None:
        return NextVisit("failed", None, f"gone since {state.since}")
    return NextVisit("waiting", at, f"gone ({state.kind}); asked again")
