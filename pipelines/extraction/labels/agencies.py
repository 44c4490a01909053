"""Recognise news agencies: each has many spellings, and one name that the archive gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.languages import tables
from pipelines.extraction.page.jsonld import same_words

MAX_SPELLING_CHARS = 60
MAX_CREDIT_CHARS = 80  # of words that name agencies and nothing else
MAX_BYLINE_CHARS = 300


def _spelling_key(name: str) -> str:
    return same_words(name).replace(" ", "")


# Spelling -> the archive's name of the agency, which is the agency's own short form and begins a line of the table.
AGENCY_BY_SPELLING = {
    _spelling_key(spelling): line.partition(" | ")[0]
    for line in tables.phrases("agency.names")
    for spelling in line.split(" | ")
}
CREDIT_SEPARATOR = re.compile(r"\s*[/,;&+|·•]\s*|\s+(?:and|und|et|y|e|и|та|ve|og|och|en|i)\s+")
BYLINE_SEPARATOR = re.compile(r"\s*[/,;&+|·•()\[\]\n]\s*|\s+(?:-|–|—|and|und|et|y|e|и|та|ve|og|och)\s+")
# "with", "with files from", "para": a person wrote it with what an agency sent, or for the agency.
_HELP = r"{agency.with}(?:\s+(?:{agency.help}(?!\w)|\w{1,4}['’]))*"
_SPACE = r"(?:\s*[:：]\s*|\s+|(?<=['’]))"
BEFORE_AGENCY = tables.compiled(rf"^\W*(?:{_HELP}|{{agency.before}}){_SPACE}", re.IGNORECASE)
BESIDE_AGENCY = tables.compiled(
    rf"(?:^\W*|[\s,]+)(?:{_HELP}|{{agency.before}}|{{byline.and}}|{{byline.and-short}}){_SPACE}"
    r"(?=([^\n,;|()（）【】]{2,60}))", re.IGNORECASE
)  # fmt: skip
AFTER_AGENCY = tables.compiled(r"\s+{agency.after}$", re.IGNORECASE)
REGIONAL_DESK = re.compile(r"[a-zäöü]{2,4}")  # "dpa/lno": the regional desk of the agency, or the editor's initials


BRACKETED_AGENCY = re.compile(r"\s+[(（\[]([^()（）\[\]]{2,60})[)）\]]$")
OF_PICTURES = tables.compiled(r"\b{byline.pictures}\w*$", re.IGNORECASE)
# The first word of each spelling: a byline without any of them names no agency.
FIRST_WORDS = frozenset(
    re.findall(r"\w+", re.sub(r"^(?:the|la) ", "", spelling.casefold()))[0]
    for line in tables.phrases("agency.names")
    for spelling in line.split(" | ")
)


def agencies_apart(byline: str) -> str:
    """Return a byline with a break in the place of the words before an agency: "Jane Doe with files from AFP"."""
    if FIRST_WORDS.isdisjoint(re.findall(r"\w+", byline.casefold())):
        return byline
    byline = BRACKETED_AGENCY.sub(
        lambda found: f"\n{named}" if only_agencies(named := BEFORE_AGENCY.sub("", found[1])) else found[0], byline
    )
    return BESIDE_AGENCY.sub(
        lambda found: (
            found[0]
            if not only_agencies(found[1].strip(" .:-–—")) or OF_PICTURES.search(byline[: found.start()])
            else "\n"
        ),
        byline,
    )


def agency(name: str) -> str | None:
    """Return the archive's name of the agency that `name` is a spelling of, or None."""
    key = _spelling_key(name) if len(name) < MAX_SPELLING_CHARS else ""
    # Two letters in lower case are initials of a person.
    initials = len(key) == 2 and name == name.lower() and name != name.upper()
    return None if initials else AGENCY_BY_SPELLING.get(key)


def only_agencies(words: str) -> str | None:
    """Return the first agency in `words` if they name agencies and nothing else: "dpa/AFP", "dpa/lno"."""
    if len(words) > MAX_CREDIT_CHARS:
        return None
    parts = [part for part in CREDIT_SEPARATOR.split(words) if part.strip()]
    names = [agency(part) for part in parts]
    if not parts or not names[0]:
        return agency(words)
    all_known = all(name or REGIONAL_DESK.fullmatch(part) for part, name in zip(parts, names, strict=True))
    return names[0] if all_known else None


def agencies_in(byline: str) -> Iterator[str]:
    """Yield the agencies that are a part of a byline: "Jane Doe, dpa", "Jane Doe (Reuters)", "AFP"."""
    for part in BYLINE_SEPARATOR.split(agencies_apart(byline[:MAX_BYLINE_CHARS])):
        words = AFTER_AGENCY.sub("", BEFORE_AGENCY.sub("", part).strip(" .:-–—"))
        # "Agence France-Presse" begins with a word that stands before the names of others.
        if name := agency(words) or agency(part.strip(" .:-–—")):
            yield name
