"""Say which names are like a mistyped one, for the messages about names that do not exist."""

from __future__ import annotations

from collections.abc import Iterable

MAX_NAMES_LISTED = 12  # if no name is like it
MAX_NAMES_SUGGESTED = 3
MIN_LIKENESS = 0.6  # ratio of `difflib.SequenceMatcher`: 1 for equal names


def near_names(name: str, names: Iterable[str], noun: str) -> str:
    """Return advice for the user: the names that are like `name`, else all of them. `noun`: what they name."""
    from difflib import get_close_matches  # imported only for the error

    there = sorted(names)
    of_lower_case = {known.lower(): known for known in there}
    if near := get_close_matches(name.lower(), of_lower_case, MAX_NAMES_SUGGESTED, MIN_LIKENESS):
        return f"did you mean {' or '.join(of_lower_case[known] for known in near)}?"
    if not there:
        return f"there are no {noun}s yet"
    more = f" and {len(there) - MAX_NAMES_LISTED:,} more" if len(there) > MAX_NAMES_LISTED else ""
    return f"{noun}s: {', '.join(there[:MAX_NAMES_LISTED])}{more}"
