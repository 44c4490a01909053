"""Find the source that a user means by a name or address, and say which names are like one that there is not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.core.errors import NotFound
from pipelines.core.plural import first_of
from pipelines.core.urls import typed_address, url_key

MAX_NAMES_LISTED = 12  # in the advice on a mistyped name, if no name is like it
MAX_NAMES_SUGGESTED = 3
MIN_LIKENESS = 0.6  # ratio of `difflib.SequenceMatcher`: 1 for equal names


def home_key(url: str) -> str:
    """Return the key of a front page: that of its address without `www.` and final slash. Raises ValueError."""
    return "//" + url_key(url).removeprefix("//").removeprefix("www.").removesuffix("/")


def source_at(url: str, homes: Mapping[str, str]) -> str | None:
    """Return the name of the source with this front page, with or without `www.`; None if there is none.

    `homes`: the front pages of all sources, by name. The very address counts before one that differs in `www.`.
    """
    for key in (url_key, home_key):
        for name, home in homes.items():
            try:
                if key(home) == key(url):
                    return name
            except ValueError:
                continue
    return None


def source_meant(text: str, homes: Mapping[str, str]) -> str | None:
    """Return the name of the source that a user means by its name or by its address in any spelling; else None.

    `homes`: see `source_at`. A source may be named after its host, so the names count as addresses, too.
    """
    if text in homes:
        return text
    url, _ = typed_address(text.strip())
    if url is None:
        return None
    return source_at(url, homes) or source_at(url, {name: f"https://{name}/" for name in homes})


def must_be_meant(text: str, homes: Mapping[str, str], cause: str = "is not a source of this archive") -> str:
    """Return the name of the source that a user means, as `source_meant` does. Raises NotFound with names like it."""
    if (found := source_meant(text, homes)) is None:
        raise NotFound(text, cause, near_names(text, homes, "source"))
    return found


def near_names(name: str, names: Iterable[str], noun: str) -> str:
    """Return advice for the user: the names that are like `name`, else all of them. `noun`: what they name."""
    from difflib import get_close_matches  # imported only for the error

    there = sorted(names)
    of_lower_case = {_bare(known): known for known in there}
    if near := get_close_matches(_bare(name), of_lower_case, MAX_NAMES_SUGGESTED, MIN_LIKENESS):
        return f"did you mean {' or '.join(of_lower_case[known] for known in near)}?"
    if not there:
        return f"there are no {noun}s yet"
    return f"{noun}s: {first_of(there, MAX_NAMES_LISTED)}"


def _bare(name: str) -> str:
    """Return a name in lower case, and what differs between two addresses without what all of them share."""
    return name.strip().lower().rpartition("://")[2].removeprefix("www.").rstrip("/")
