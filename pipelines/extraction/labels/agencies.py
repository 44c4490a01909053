"""News agencies: the many spellings of each, and the one name that the archive gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.languages import tables
from pipelines.extraction.page.jsonld import same_words


def _key(name: str) -> str:
    return same_words(name).replace(" ", "")


# Spelling -> the archive's name of the agency, which is the agency's own short form: the first of a line.
NAMES = {
    _key(spelling): line.partition(" | ")[0]
    for line in tables.phrases("agency.names")
    for spelling in line.split(" | ")
}
SEPARATORS = re.compile(r"\s*[/,;&+|·•]\s*|\s+(?:and|und|et|y|e|и|та|ve|og|och|en|i)\s+")
PARTS = re.compile(r"\s*[/,;&+|·•()\[\]\n]\s*|\s+(?:-|–|—|and|und|et|y|e|и|та|ve|og|och)\s+")
BY = tables.compiled(r"^\W*{agency.before}\s+", re.IGNORECASE)
STAFF = tables.compiled(r"\s+{agency.after}$", re.IGNORECASE)
DESK = re.compile(r"[a-zäöü]{2,4}")  # "dpa/lno": the agency's regional desk, or the editor's initials


def agency(name: str) -> str | None:
    """The archive's name of the agency that `name` is a spelling of; None if it is none."""
    key = _key(name) if len(name) < 60 else ""
    # Two letters in lower case are somebody's initials.
    return None if len(key) == 2 and name == name.lower() and name != name.upper() else NAMES.get(key)


def only_agencies(words: str) -> str | None:
    """The first agency of `words`, if they name agencies and nothing else: "dpa/AFP", "dpa/lno"; None otherwise."""
    if len(words) > 80:
        return None
    parts = [part for part in SEPARATORS.split(words) if part.strip()]
    found = [agency(part) for part in parts]
    if not parts or not found[0]:
        return agency(words)
    known = all(name or DESK.fullmatch(part) for part, name in zip(parts, found, strict=True))
    return found[0] if known else None


def agencies_in(byline: str) -> Iterator[str]:
    """The agencies that stand in a byline as a part of it: "Jane Doe, dpa", "Jane Doe (Reuters)", "AFP"."""
    for part in PARTS.split(byline[:300]):
        words = STAFF.sub("", BY.sub("", part).strip(" .:-–—"))
        if words and (name := agency(words)):
            yield name
