"""A byline as printed or declared -> the persons it names. Outlets, desks, agencies and roles are not persons."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from html import unescape

from pipelines.extraction.languages import tables

LONGEST = 60  # characters of a name; what is longer is a sentence
LONGEST_BYLINE = 2_000  # characters of a byline that are read: fifty persons

# What comes before the first name of a byline. "De" and "Da" start names, so they are not in the word tables.
BY = tables.compiled(
    r"^\W*{byline.by}(?:\s*[:：・]\s*|\s+|(?<=[文者])[/／])|^\W*{byline.labels}\s*[:：]\s*", re.IGNORECASE
)
# Who made the pictures, checked or translated the text is not who wrote it.
PICTURES = tables.compiled(
    r"^\W*{byline.pictures}\w*(?:\s+by|\s*:)|^\W*{byline.checked}|^\W*©|^\W*{byline.translated}\b", re.IGNORECASE
)
# Between two persons. The one-letter conjunctions of Spanish, Portuguese, Italian and Polish also join the two
# surnames of one person, so they only split where both sides have two words.
SPLIT = tables.compiled(r"\s*[;/、,،\n]\s*|(?<=\w{5})\.\s+|\s+{byline.and}\s+", re.IGNORECASE)
SHORT_AND = tables.compiled(r"(?<=\w\w)\s+{byline.and-short}\s+(?=\w+\.?\s+\w)")
COLUMN = re.compile(r"\s+[-–—•·|/]\s+|\s*\|\s*")
# What follows a name: a bracket, a place, a date, the word for journalist.
AFTER = tables.compiled(
    r"\s*{byline.job-after}$|\s*[(\[].*$|\s+(?:in|aus)\s+[^\W\d_].*$|\s*\b(?:on|am|le|el|at|um|vom|den)?\s*"
    r"(?:(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*\.?\s*)?\d.*$", re.IGNORECASE
)  # fmt: skip
ROLE = tables.compiled(r"\b{byline.roles}\b", re.IGNORECASE)
AGENCIES = frozenset(tables.phrases("byline.agencies"))
NOT_A_NAME = re.compile(
    r"[@#<>{}=\[\]…?!:]|https?:|www\.|\d{2}|\.(?:com|org|net|de|fr|es|it|ru|no|se|ch|at|uk)\b", re.IGNORECASE
)
WIRE = tables.compiled(r"{byline.agency-words}", re.IGNORECASE)
NOBODY = frozenset(tables.phrases("byline.placeholders"))
PARTICLES = frozenset(tables.phrases("byline.particles"))


def persons(bylines: Iterable[str], outlets: Collection[str] = ()) -> tuple[str, ...]:
    """The persons that `bylines` name, each once, in order. `outlets`: names of the paper, which are no persons."""
    papers = [words for outlet in outlets if (words := _words(outlet))]
    found: dict[str, str] = {}
    for byline in bylines:
        for group in split(byline):
            # "Jane Doe - The Gazette" and "The Gazette - Jane Doe" name one person
            name = next((name for name in COLUMN.split(group) if is_person(name, papers)), None)
            if name:
                found.setdefault("".join(_words(name)), name)
    names = tuple(found.values())
    if any(" " in name for name in names):  # beside full names, "MD" is a degree, "Gardener" a trade, "lsc" a typist
        return tuple(name for name in names if " " in name or not latin(name))
    return names


def latin(name: str) -> bool:
    """Is a name written in Latin letters, where a full name has a space in it?"""
    return bool(re.search("[A-Za-z]", name))


def full(found: Iterable[str]) -> bool:
    """Is anybody among these named in full?"""
    return any(" " in name or not latin(name) for name in found)


def in_lines(
    lines: Iterable[str], outlets: Collection[str] = (), *, bare: bool = False
) -> tuple[str, tuple[str, ...]] | None:
    """(byline, persons) of the first of `lines` that is nothing but "By" and names; None if there is none.

    `bare`: names that stand for themselves do as well.
    """
    for line in lines:
        if len(line) < 120 and (BY.match(line) or (bare and BARE.fullmatch(line) and not NO_NAME.search(line))):
            found = persons([line], outlets)
            if full(found) and names_only(line, found):  # "By Friday" is no byline
                return line, found
    return None


# Two to four words that begin with capitals, and more of them after a slash, a comma or "and": a headline has others.
NO_NAME = tables.compiled(r"\b{byline.no-name}\b", re.IGNORECASE)
_NAME = r"[^\W\d_a-z][\w.'’-]{0,30}(?: [^\W\d_a-z][\w.'’-]{0,30}){1,3}"
BARE = re.compile(rf"{_NAME}(?:(?:, | ?/ ?| and | und | et | y | e | och | og | i | en ){_NAME}){{0,3}}")


def names_only(line: str, names: Iterable[str]) -> bool:
    """Does `line` hold, besides "By" and what joins names, only `names`? Behind "By", their roles and places too."""
    known = {"".join(_words(name)) for name in names}
    parts = split(line)
    others = [part for part in parts if "".join(_words(part)) not in known]
    if len(others) == len(parts) or not others:
        return bool(parts) and not others
    return bool(BY.match(line)) and all(BESIDE.fullmatch(part) for part in others)


# What stands beside names in a byline: "Political Editor", "à Évron", "in Port Selby".
BESIDE = re.compile(r"(?:(?:à|in|aus|en|from|im|i|w|de) )?[^\W\d_a-z][\w'’.-]{1,30}(?: [^\W\d_a-z][\w'’.-]{0,30}){0,3}")


def collective(byline: str) -> str | None:
    """The desk, team or outlet that signs, without "By"; None for placeholders and for what is no name."""
    name = TRIM.sub("", _without_by(unescape(byline[:LONGEST_BYLINE]).replace("\n", " ").strip()))
    if not 1 < len(name) <= 80 or len(name.split()) > 8 or not LETTERS.search(name) or PICTURES.match(name):
        return None
    if name.casefold() in NOBODY or name.split()[-1].casefold() in PARTICLES or is_agency(name):
        return None
    return None if "@" in name or "://" in name else name


LETTERS = re.compile(r"^(?!.*\d[.,:]\d).*[^\W\d_]{2}")  # a date, a licence and its version are no names


def agencies(bylines: Iterable[str]) -> tuple[str, ...]:
    """The news agencies that `bylines` name."""
    return tuple(
        dict.fromkeys(name for byline in bylines for name in split(byline) if is_agency(name) or WIRE.search(name))
    )


def split(byline: str) -> list[str]:
    """The parts of a byline (its first LONGEST_BYLINE characters), cleaned of "By" and of what follows a name."""
    line = unescape(byline[:LONGEST_BYLINE]).strip()
    if re.fullmatch(r"[^\W\d_]+(?:-\w+)?, [^\W\d_]+(?: [^\W\d_]\.?)?", line) and not is_agency(line.split(", ")[1]):
        return [" ".join(reversed(line.split(", ")))]  # "Surname, Name", as libraries write it
    line = INSIDE_BRACKETS.sub(r"\1", line)
    parts = []
    others = False  # "Text: A, B; photos: C, D": D made pictures too
    for whole in SPLIT.split(line if PICTURES.match(line) else _without_by(line)):
        for part in SHORT_AND.split(whole or ""):
            if PICTURES.match(part):
                others = True
            elif BY.match(part):
                others = False
            if not others and (name := TRIM.sub("", AFTER.sub("", _without_by(part)))):
                parts.append(" ".join(name.split()))
    return parts


INSIDE_BRACKETS = re.compile(r"\((\w{1,30})\)(?=\s+\w)")  # "Jane (Roe) Doe" has two surnames


TRIM = re.compile(r"^[^\w]+|[\s,:;•·|*–—-]+$")


def _without_by(line: str) -> str:
    while (cut := BY.sub("", line, count=1)) != line:
        line = cut
    return line


def is_person(name: str, papers: Iterable[list[str]] = ()) -> bool:
    """Could this be a person's name, or the pseudonym of one? `papers`: the names of the paper, as words."""
    words = name.split()
    if not 1 < len(name.strip(".")) <= LONGEST or len(words) > 6 or NOT_A_NAME.search(name):
        return False
    if is_agency(name) or name.casefold() in NOBODY or ROLE.search(name):
        return False
    key = _words(name)
    if any(key[: len(paper)] == paper or "".join(key) == "".join(paper) for paper in papers):
        return False
    # Every word of a name starts with a capital, particles aside, in scripts that have capitals. A lone word may be
    # an account's; no name ends with a particle.
    checked = words[1:] if len(words) == 1 else words
    if any(word[0].islower() and word.casefold() not in PARTICLES for word in checked):
        return False
    return len(words) == 1 or words[-1].casefold() not in PARTICLES


def is_agency(name: str) -> bool:
    """Is this the name of a news agency?"""
    return name.casefold().strip(". ") in AGENCIES


def _words(name: str) -> list[str]:
    """A name without what two spellings of it differ in."""
    return re.findall(r"\w+", name.casefold())
