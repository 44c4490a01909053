"""Decide at which ages the articles of a source are looked at again: as many as its edits earn. Pure.

What is known of a source are the ages up to which its newest articles were watched, and the gaps between two looks in
which an edit was found. From them follows how many edits an article has between two neighbouring ages of the setting. A
look is made at an age once enough edits are expected since the look before. A few looks are always made, so that a
source that begins to edit is noticed. What is expected of a source that is not known yet is what newspapers do on
average.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.items import FoundEdit, WatchedArticle
from pipelines.core.timestamps import stamp

HOUR, DAY = 3600.0, 86_400.0  # seconds
KEPT_AGES = (HOUR, DAY, 7 * DAY)  # a look is made at these ages whatever was found, if the setting has them
ON_TIME = 0.95  # share of an age from which a look counts as made at it: a pass takes what the next would be late for
ENOUGH_ARTICLES = 200  # watched without an edit, after which only KEPT_AGES are left
MIN_EDITS_PER_LOOK = 0.036  # expected edits of one article that a look must find; most would be found by the next one
MIN_EDITS_PER_LATE_LOOK = 0.018  # after the last of KEPT_AGES, where no other look finds them

# Edits of one article that are expected between two ages in seconds, before anything is known of its source. After the
# GDELT Global Difference Graph: a fifth of all articles is edited, and four fifths of the edits come in the first day.
USUAL_EDITS = (
    (0.0, HOUR, 0.045), (HOUR, 3 * HOUR, 0.05), (3 * HOUR, 6 * HOUR, 0.045), (6 * HOUR, 12 * HOUR, 0.045),
    (12 * HOUR, DAY, 0.035), (DAY, 2 * DAY, 0.006), (2 * DAY, 4 * DAY, 0.008), (4 * DAY, 7 * DAY, 0.012),
    (7 * DAY, 14 * DAY, 0.018), (14 * DAY, 30 * DAY, 0.011),
)  # fmt: skip
USUAL_WEIGHT = 20  # watched articles that USUAL_EDITS count as much as

# Ages of an edit at which the next one is looked for. Two of five edits are followed by another, mostly within hours.
AGES_AFTER_EDIT = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 7, 12, 24))
MIN_SHARE_OF_PAUSE = 1 / 6  # before an edit was found, that the first look after it is later
LOOK_AFTER_ALTERNATE = timedelta(hours=25)  # a text that stays for a day has replaced the other (edits.difference)
MAX_CACHED = timedelta(hours=1)  # a cache may show a page for so long after it changed: this is no false 304
MIN_JUDGED_CLAIMS = 3  # times of change given by a listing, before it is judged by what was found after them
MAX_CLAIM_AGE = timedelta(days=30)  # older ones say nothing: the site may have mended its listing
MAX_EXTRA_LOOKS = 16  # looks at one article beyond its ages; a live blog must not be read for ever


def earned_ages(ages: Sequence[float], articles: Iterable[WatchedArticle]) -> tuple[float, ...]:
    """Return those of `ages`, ascending seconds, at which the articles of a source are worth a look."""
    watched = [0.0] * len(ages)
    found = [0.0] * len(ages)
    number = edited = 0
    for article in articles:
        number += article.watched >= DAY * ON_TIME
        edited += bool(article.edits)
        for index, age in enumerate(ages):
            watched[index] += article.watched >= age * ON_TIME
        for after, by in article.edits:
            for index, share in _shares(ages, after, by):
                found[index] += share
    if number >= ENOUGH_ARTICLES and not edited:
        return tuple(age for age in ages if age in KEPT_AGES) or tuple(ages[:1])
    earned, expected, begin = [], 0.0, 0.0
    for index, age in enumerate(ages):
        usual = sum(edits * _overlap(begin, age, *gap) for *gap, edits in USUAL_EDITS)
        expected += (found[index] + usual * USUAL_WEIGHT) / (max(watched[index], found[index]) + USUAL_WEIGHT)
        enough = MIN_EDITS_PER_LOOK if age < KEPT_AGES[-1] else MIN_EDITS_PER_LATE_LOOK
        if age in KEPT_AGES or expected >= enough:
            earned.append(age)
            expected = 0.0
        begin = age
    return tuple(earned) or tuple(ages[:1])


def sooner_after_edit(
    plan: NextVisit,
    now: datetime,
    first_visit: datetime,
    edit: FoundEdit,
    looks: int,
    ages: Sequence[float],
    *,
    due: datetime | None = None,
) -> NextVisit:
    """Return the future of an article of which an edit was found: its ages begin anew, too.

    An edited article is edited again more often than others are edited at all. An edit that was found after a long
    pause may be old, so that the first ages are left out. `looks` are all visits, this one included; `due`: when it was
    due. The plan stays as it is if many more looks were made than the ages ask for, or the planned one comes sooner.
    """
    asked_for = 1 + sum(first_visit + timedelta(seconds=age * ON_TIME) <= now for age in ages)
    if looks - asked_for >= MAX_EXTRA_LOOKS:
        return plan
    reached = max(due or now, now)  # a visit may be made a little before it is due
    ages_after = (age for age in AGES_AFTER_EDIT if age >= edit.pause * MIN_SHARE_OF_PAUSE)
    at = next((edit.found + age for age in ages_after if edit.found + age > reached), None)
    if at is None or (plan.at is not None and plan.at <= at):
        return plan
    return NextVisit("waiting", at, f"checked again soon: it was edited before {stamp(edit.found)}")


def sooner_after_alternate(plan: NextVisit, now: datetime) -> NextVisit:
    """Return the future of an article whose page showed an earlier text: it is looked at again within a day or so.

    The site may show two texts in turn, or have settled on the earlier one. Only another look can tell.
    """
    at = now + LOOK_AFTER_ALTERNATE
    if plan.at is not None and plan.at <= at:
        return plan
    return NextVisit("waiting", at, "checked again soon: an earlier text was shown")


def are_claims_believed(claims: Sequence[bool]) -> bool:
    """Return True if the times of change that a listing gives are worth a look.

    `claims`: of such times for the same articles, whether an edit was found after them.
    """
    return len(claims) < MIN_JUDGED_CLAIMS or 2 * sum(claims) >= len(claims)


def is_first_look_after_a_day(now: datetime, first_visit: datetime | None, last_visit: datetime | None) -> bool:
    """Return True if an article has reached the age of a day since its last visit.

    This look is made without validators: some servers answer 304 whatever has changed.
    """
    if first_visit is None or last_visit is None:
        return False
    day_old = first_visit + timedelta(seconds=DAY * ON_TIME)
    return last_visit < day_old <= now


def hides_edit(
    before: tuple[str | None, str | None],
    after: tuple[str | None, str | None],
    modified: str | None,
    not_modified_at: str | None,
) -> bool:
    """Return True if a server answers 304 to a page that was edited, as an edit just seen without validators shows.

    `before` and `after` are ETag and Last-Modified of the page as it was known, and as it is now. `modified` is when
    the page says that it changed, and `not_modified_at` when its server last answered 304.
    """
    if any(before) and before == after:
        return True
    if not_modified_at is None or modified is None or len(modified) <= len("2026-11-23"):
        return False
    time = datetime.fromisoformat(modified)
    return time.tzinfo is not None and time + MAX_CACHED < datetime.fromisoformat(not_modified_at)


def _shares(ages: Sequence[float], after: float, by: float) -> Iterable[tuple[int, float]]:
    """Yield (index of an age, share) of an edit that came between two looks: in proportion to the time."""
    begin = 0.0
    for index, age in enumerate(ages):
        share = _overlap(begin, age, after, by)
        if share > 0:
            yield index, share
        begin = age


def _overlap(begin: float, end: float, after: float, by: float) -> float:
    """Return which share of the time from `after` to `by` lies between `begin` and `end`."""
    if by <= after:
        return float(begin < by <= end)
    return max(min(end, by) - max(begin, after), 0.0) / (by - after)
