"""Find the source that a user means by a name or address, and say which names are like one that there is not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pipelines.core.errors import NotFound
from pipelines.core.plural import first_of
from pipelines.core.urls import typed_address, url_key

MAX_NAMES_LISTED = 12  # in the advice on a mistyped name, if no name is like it
MAX_NAMES_SUGGESTED = 3
MIN_LIKENESS = 0.6  # ratio of `difflib.SequenceMatcher`: 1 for equal names
MIN_LIKENESS_OF_TITLE = 0.75  # titles share words: "Morning Post", "Morning News"
NO_TITLES: Mapping[str, str] = MappingProxyType({})


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


def source_meant(text: str, homes: Mapping[str, str], titles: Mapping[str, str] = NO_TITLES) -> str | None:
    """Return the name of the source that a user means by its name or by its address in any spelling; else None.

    `homes`: see `source_at`. A source may be named after its host, so the names count as addresses, too. `titles`: the
    papers' own names, by name; one that several sources have means none of them.
    """
    if text in homes:
        return text
    if len(titled := [name for name, title in titles.items() if _bare_title(title) == _bare_title(text)]) == 1:
        return titled[0]
    url, _ = typed_address(text.strip())
    if url is None:
        return None
    return source_at(url, homes) or source_at(url, {name: f"https://{name}/" for name in homes})


def must_be_meant(
    text: str,
    homes: Mapping[str, str],
    cause: str = "is not a source of this archive",
    titles: Mapping[str, str] = NO_TITLES,
) -> str:
    """Return the name of the source that a user means, as `source_meant` does. Raises NotFound with names like it."""
    if (found := source_meant(text, homes, titles)) is None:
        raise NotFound(text, cause, near_names(text, homes, "source", titles))
    return found


def near_names(name: str, names: Iterable[str], noun: str, titles: Mapping[str, str] = NO_TITLES) -> str:
    """Return advice for the user: the names that are like `name`, else all of them. `noun`: what they name.

    `titles`: what else some of them are called; one that is like `name` leads to its name.
    """
    from difflib import get_close_matches  # imported only for the error

    there = sorted(names)
    of_lower_case = {_bare(known): known for known in there}
    if near := get_close_matches(_bare(name), of_lower_case, MAX_NAMES_SUGGESTED, MIN_LIKENESS):
        return f"did you mean {' or '.join(of_lower_case[known] for known in near)}?"
    of_title = {_bare_title(title): f"{known} ({title})" for known, title in titles.items() if title}
    if near := get_close_matches(_bare_title(name), of_title, MAX_NAMES_SUGGESTED, MIN_LIKENESS_OF_TITLE):
        return f"did you mean {' or '.join(of_title[title] for title in near)}?"
    if not there:
        return f"there are no {noun}s yet"
    return f"{noun}s: {first_of(there, MAX_NAMES_LISTED)}"


def _bare_title(title: str) -> str:
    """Return a paper's own name in lower case, without what people leave out of it: `The` and a full stop."""
    return " ".join(title.lower().split()).removeprefix("the ").strip(" .,")


def _bare(name: str) -> str:
    """Return a name in lower case, and what differs between two addresses without what all of them share."""
    return name.strip().lower().rpartition("://")[2].removeprefix("www.").rstrip("/")
