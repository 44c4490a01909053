"""Decide which articles of a sitemap are of the past, so that they wait for a backfill. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

LATE = timedelta(days=1)  # an article may be listed so long after the day that it gives
MAX_PUBLISHED_A_DAY = 3000  # articles; no paper writes more, and a sitemap with more is an archive


@dataclass(slots=True)
class PastRule:
    """Say which articles of a sitemap are of the past, and count them."""

    before: str  # ISO day: articles of earlier days are
    undated: bool  # articles without a day are, too
    listed_on: str | None = None  # ISO day that the sitemap itself gives its articles without a day
    left: int = 0

    def holds_for(self, day: str | None) -> bool:
        """Return True if an article of this day is of the past."""
        return self.undated if day is None else day < self.before


def past_rule(
    now: datetime,
    new_within: timedelta,
    *,
    last_read: datetime | None,
    named_after: datetime | None = None,
    entries: int = 0,
    named_day: tuple[str, bool] | None = None,
    changed: str | None = None,
) -> PastRule:
    """Return the rule for one reading of a sitemap.

    What was published since the last reading is new, however long ago that is: the machine or the site may have been
    off. `last_read`: None if this is the first reading. `named_after`: the last time at which the index of a sitemap
    did not name it yet; None if it is not known. What such a sitemap lists is new, unless its `entries` are more than
    a paper can have written since.

    At a first reading, articles without a day have that of the sitemap: `named_day` as `entry_dates.day_in_name` gives
    it, or the ISO day on which it `changed`, as its index says. It is exact only if the name is of one day, and it has
    no more articles than that. Any other is the last day that is possible: it shows of old articles that they are old,
    and of no article that it is new.
    """
    if last_read is None and named_after is not None:
        days = max(1, math.ceil((now - named_after) / timedelta(days=1)))
        last_read = named_after if entries <= days * MAX_PUBLISHED_A_DAY else None
    before = now - new_within if last_read is None else min(now - new_within, last_read - LATE)
    rule = PastRule(before.date().isoformat(), undated=last_read is None)
    if rule.undated:
        day, is_exact = named_day or (changed, False)
        if day is not None and (day < rule.before or (is_exact and entries <= MAX_PUBLISHED_A_DAY)):
            rule.listed_on = day
    return rule
