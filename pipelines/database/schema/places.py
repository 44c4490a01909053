"""Give each article its place: its day of publication and its number within that day, in one integer.

The full-text index goes by it, so that a period is a range of places, and newest first is the order of places. It is
not part of `search_index`, which imports sqlite-utils: a search has no time for that.
"""

from __future__ import annotations

import sqlite3

from pipelines.core.errors import MorgueError
from pipelines.core.timestamps import FIRST_NUMBERED_DAY, day_number

DAY_BITS = 20  # of a place, below its day: place >> DAY_BITS is the day
MOST_A_DAY = (1 << DAY_BITS) - 1  # articles of one day
# Articles without a day, or with one that has no number, have the places below. They may be more than MOST_A_DAY.
FIRST_DATED_PLACE = FIRST_NUMBERED_DAY << DAY_BITS
DAY_OF_PLACE = f"iif({{0}} < {FIRST_DATED_PLACE}, 0, {{0}} >> {DAY_BITS})"  # in SQL; 0: it has none
LAST_PLACE = "SELECT coalesce(max(place), :first) FROM articles WHERE place BETWEEN :first AND :last"


def places_of(day: int) -> tuple[int, int]:
    """Return the bounds of the places of a day (`timestamps.day_number`); the lower one is never given."""
    return (0, FIRST_DATED_PLACE - 1) if day == 0 else (day << DAY_BITS, (day << DAY_BITS) + MOST_A_DAY)


def place_for(db: sqlite3.Connection, published_day: str | None, place: int | None = None) -> int:
    """Return the place of an article with this day: `place`, where it is now, if that is of the day, else a free one.

    Raises MorgueError if the day has no place left.
    """
    first, last = places_of(day_number(published_day))
    if place is not None and first < place <= last:
        return place
    (taken,) = db.execute(LAST_PLACE, {"first": first, "last": last}).fetchone()
    if taken >= last:
        raise day_is_full(published_day)
    return int(taken) + 1


def day_is_full(day: str | None) -> MorgueError:
    """Return the error for an article more than there are places for on a day."""
    cause = f"{MOST_A_DAY:,} articles are dated on this day, and there is no place for one more"
    cure = "so many are a false date that a site gives all its pages: correct it by a [[rule]] in sources/*.toml"
    return MorgueError(f"articles of {day}", cause, cure)
