"""Read the persons that a byline names, as printed or declared. Outlets, desks, agencies and roles are not persons."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from html import unescape

from pipelines.extraction.labels.agencies import BEFORE_AGENCY, agencies_apart, agency
from pipelines.extraction.languages import tables

MAX_NAME_CHARS = 60  # a longer part of a byline is a sentence
MAX_BYLINE_CHARS = 2_000  # of a byline that are read: fifty persons
MAX_BYLINE_LINE_CHARS = 120  # of a line of the text that may be a byline
MAX_BIOGRAPHY_CHARS = 600
MAX_COLLECTIVE_CHARS = 80  # of the name of a desk, team or outlet

# What comes before the first name of a byline; after a label such as "Author of the article:", too. "De" and "Da" begin
# names, so they are not in the word tables.
BY = tables.compiled(
    r"^\W*{byline.by}(?:(?:\s+(?-i:(?![A-ZÀ-ÞΑ-ΫА-Я])[^\W\d_]){3,12}){0,2}\s*[:：・]\s*|\s+|(?<=[文者])\s*[/／|｜＝]\s*"
    r"|(?<=[记記]者)(?=(?-i:[\u4e00-\u9fff]){2,4}[/／、]))"
    r"|^\W*(?:{byline.labels}(?:\s*[/&+·]\s*|\s+(?:{byline.and}|{byline.and-short})\s+){byline.pictures}\w*|{byline.pictures}\w*(?:\s*[/&+·]\s*|\s+(?:{byline.and}|{byline.and-short})\s+){byline.labels})"
    r"(?:\s*[:：]\s*|\s+{byline.by}\s+|\s+d[ei]\s+)"
    r"|^\W*{byline.labels}\s*[:：]\s*|^\W*(?-i:[\uac00-\ud7af]){2,5}\s?=\s?(?=(?-i:[\uac00-\ud7af]))", re.IGNORECASE
)  # fmt: skip
# The persons who made the pictures, or who checked or translated the text, are not its authors.
OTHER_CREDIT = tables.compiled(
    r"^\W*{byline.pictures}\w*(?:\s+by|\s*:|\s+(?-i:[A-ZÀ-Þ]\S+\s+[A-ZÀ-Þ]\S+)$)|^\W*{byline.checked}|^\W*©|^\W*{byline.translated}\b",
    re.IGNORECASE,
)
# Between two persons. The one-letter conjunctions of Spanish, Portuguese, Italian and Polish also join the two
# surnames of one person, so they only split where both sides have two words.
SEPARATOR = tables.compiled(r"\s*[;/／、，,،\n]\s*(?:{byline.and}\s+)?|(?<=\w{5})\.\s+", re.IGNORECASE)
CONJUNCTION = tables.compiled(r"\s+{byline.and}\s+", re.IGNORECASE)
SHORT_CONJUNCTION = tables.compiled(r"(?<=\w\w)\s+{byline.and-short}\s+(?=\w+\.?\s+\w)")
# Before a credit that is set behind the names, without a comma: "Text by Jo Quill  Illustration by Ida Boje".
OTHER_CREDIT_INSIDE = tables.compiled(
    r"(?<!\sand)(?<!\sund)(?<!\set)(?<!\s[yeio&])\s+(?={byline.pictures}\w*(?:\s+(?:by|von|par|por|de|di)\s|\s*[:：])|{byline.checked}\s|{byline.translated}(?:\s|[:：/／|｜＝]))",
    re.IGNORECASE,
)
COLUMN_SEPARATOR = re.compile(r"\s+[-–—•·|/]\s+|\s*\|\s*")
# What follows a name: a bracket, a place, a date, the word for journalist.
AFTER_NAME = tables.compiled(
    r"\s*{byline.job-after}[\s)\]]*$|\s*[(\[].*$|\s+(?:in|aus)\s+[^\W\d_].*$"
    r"|\s+(?-i:{byline.place}\s+[^\W\d_a-z]).*$|\s+(?:updated|published|posted)\b.*$"
    r"|\s+(?:on|am|le|el|op)\s+(?:mon|tue|wed|thu|fri|sat|sun)\w*$|\s*\b(?:(?-i:[a-zà-ÿ]{1,3}|zaman))?\s*"
    r"(?:(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*\.?\s*)?\d.*$", re.IGNORECASE
)  # fmt: skip
ROLE_WORD = tables.compiled(r"\b{byline.roles}\b", re.IGNORECASE)
PAGE_WORDS = tables.compiled(r"\b{byline.page-words}\b", re.IGNORECASE)
AGENCIES = frozenset(tables.phrases("byline.agencies")) | {
    spelling.casefold() for line in tables.phrases("agency.names") for spelling in line.split(" | ") if " " in spelling
}
AGENCY_WORD = tables.compiled(r"{byline.agency-words}", re.IGNORECASE)
NOT_A_NAME = re.compile(
    r"[@#<>{}=\[\]…?!:]|https?:|www\.|\d{2}|\.(?:com|org|net|de|fr|es|it|ru|no|se|ch|at|uk)\b", re.IGNORECASE
)
# An address or the name of an account beside a name; "jo@paper.example (Jo Quill)", as feeds write it.
HANDLE = re.compile(r"(?<=\w)\s+[(\[<]?(?:@\w|[\w.+-]{1,60}@[\w-])[\w.-]{0,80}[)\]>]?")
ADDRESS_AND_NAME = re.compile(r"[\w.+-]{1,60}@[\w.-]{1,80}\s+\(([^()]{3,60})\)")
OTHER_LABEL = re.compile(r"\S+\s.*\w[:：]\s")
HOST = re.compile(r"(?:[\w-]{1,60}\.){1,4}[a-z]{2,12}", re.IGNORECASE)
BRACKETED_INITIALS = re.compile(r"\s\((?:\w\.\s?){1,4}\)(?=\s+\w)")  # "Jo (J.A.) Quill"
BRACKETS = re.compile(r"[()（）【】]")
# "Jo Quill and Ida Boje (text), Kit Bander (photos)"; the first group is there if it is not only about pictures.
CREDIT_IN_BRACKETS = tables.compiled(
    r"\s*[(（]\s*(?:((?:{byline.pictures}\w*\W+(?:\w+\W+)?)?{byline.labels}\b[^()（）]{0,20})"
    r"|{byline.pictures}\w*(?:\s[^()（）]{0,20})?)\s*[)）]", re.IGNORECASE
)  # fmt: skip
LEADING_AND = tables.compiled(r"^\W*(?:{byline.and}|{byline.and-short})\s+", re.IGNORECASE)
AGENCY_PICTURE = tables.compiled(r"(?:^|[/|])\s*([\w-]{2,12})\s+{byline.pictures}\w*\s*(?=[/|]|$)", re.IGNORECASE)
# "our own correspondent": a role that names nobody; "our editors" sign together. "the Editorial Board" has an article.
SOME = tables.compiled(r"^{byline.some}\s+(?!.*(?:s|staff|team)$)", re.IGNORECASE)
ARTICLE = tables.compiled(r"^(?:{byline.articles}\s+|l['’])(?=\S)")  # "The" is a part of the name
LAST_BRACKET = re.compile(r"(?<![(（].)[)）】\]]$")  # of a line that is in brackets
# "Sat" and "August" are names of days and months if a day follows.
MONTHS = frozenset(word for line in tables.lines("months") for word in line.casefold().split()[1:])
WEEKDAY = re.compile(
    r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?|(?:mo|di|mi|do|fr|sa|so)"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche", re.IGNORECASE
)  # fmt: skip
CODE = re.compile(r"[A-Z]{2,4} [A-Z]?\d+")  # a standard or a size: "DIN A4"
DESK_CODE = re.compile(r"[a-zäöüß]{1,5}")  # "red" signs together with what is beside it only
# What a line in Chinese or Japanese says besides names: "台北報導", "本報訊".
CJK_NO_NAME = re.compile(r"(?:報導|报道|報道|综合|綜合|電|电|讯|訊|社|報|报|网|網|新聞|新闻|財經|财经)$")
PLACEHOLDERS = frozenset(tables.phrases("byline.placeholders"))
PARTICLES = frozenset(tables.phrases("byline.particles"))
BRACKETED_NAME = re.compile(r"\((\w{1,30})\)(?=\s+\w)")  # "Jane (Roe) Doe" has two surnames
FOR_PAPER = re.compile(r"\s+for\s+.*$")  # "By Jo Quill for the Bay Courier"
TRIM = re.compile(r"^[^\w]+|[\s,:;•·|*–—-]+$|(?<=[^\W\d_]{4})\.$")
NAME_LETTERS = re.compile(r"^(?!.*\d[.,:]\d).*[^\W\d_]{2}")  # a date, or a licence with its version, is no name

# Names without "By": two to four words that begin with capitals, and more of them after a slash, a comma or "and". A
# headline has words that no name has.
_NAME = r"[^\W\d_a-z][\w.'’-]{0,30}(?: [^\W\d_a-z][\w.'’-]{0,30}){1,3}"
BARE_NAMES = re.compile(rf"{_NAME}(?:(?:, | ?/ ?| and | und | et | y | e | och | og | i | en ){_NAME}){{0,3}}")
# A biography: the name and what its owner is or does.
PRESENTED = tables.compiled(rf"({_NAME})(?:,? ?\([^)]{{1,40}}\)|,[^,.]{{1,60}},)?\s{{author.presents}}(?=\W)")
WRITER = tables.compiled(r"\b{topic.writer}", re.IGNORECASE)
QUOTATION_MARK = re.compile('[“”„«»「」"]')
NEVER_IN_NAMES = tables.compiled(r"\b{byline.no-name}\b", re.IGNORECASE)
# What is beside names in a byline: "Political Editor", "à Évron", "in Port Selby".
ROLE_OR_PLACE = re.compile(
    r"(?:(?:à|in|aus|en|from|im|i|w|de) )?[^\W\d_a-z][\w'’.-]{1,30}(?: [^\W\d_a-z][\w'’.-]{0,30}){0,3}"
)


def persons(bylines: Iterable[str], outlets: Collection[str] = ()) -> tuple[str, ...]:
    """Return the persons that `bylines` name, each once, in order. `outlets`: names of the paper, not persons."""
    papers = [words for outlet in outlets if (words := _folded_words(outlet))]
    found: dict[str, str] = {}
    for byline in bylines:
        for part in split_byline(byline):
            if " " not in part and (
                WEEKDAY.fullmatch(part) or (part.casefold() in MONTHS and re.search(r"\d", byline[:MAX_BYLINE_CHARS]))
            ):
                continue
            # "Jane Doe - The Gazette" and "The Gazette - Jane Doe" name one person.
            name = next((name for name in COLUMN_SEPARATOR.split(part) if is_person(name, papers)), None)
            if name:
                found.setdefault("".join(_folded_words(name)), name)
    names = tuple(found.values())
    if any(" " in name for name in names):  # beside full names, "MD" is a degree, "Gardener" a trade, "lsc" a typist
        return tuple(name for name in names if " " in name or not is_latin(name))
    return names


def is_latin(name: str) -> bool:
    """Return whether a name is in Latin letters, in which a full name has a space."""
    return bool(re.search("[A-Za-z]", name))


def has_full_name(names: Iterable[str]) -> bool:
    """Return whether one of these is a full name."""
    return any(" " in name or not is_latin(name) for name in names)


def byline_in(
    lines: Iterable[str], outlets: Collection[str] = (), *, bare: bool = False
) -> tuple[str, tuple[str, ...]] | None:
    """Return (byline, persons) of the first line that is "By" and names, and nothing else.

    `bare`: names without "By" count as well.
    """
    for line in lines:
        if len(line) < MAX_BYLINE_LINE_CHARS and (
            BY.match(line) or (bare and BARE_NAMES.fullmatch(line) and not NEVER_IN_NAMES.search(line))
        ):
            found = persons([line], outlets)
            if has_full_name(found) and has_only_names(line, found):  # "By Friday" is no byline
                return line, found
    return None


def presented(line: str) -> str | None:
    """Return the full name that begins a biography: "Jo Quill is a writer", "Jo Quill covers the harbour"."""
    found = PRESENTED.match(line)
    return found[1] if found and persons([found[1]]) == (found[1],) else None


def writer_presented_in(lines: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return (line, name) of the first line that presents somebody as a writer, and quotes nobody."""
    for line in lines:
        if len(line) < MAX_BIOGRAPHY_CHARS and not QUOTATION_MARK.search(line) and WRITER.search(line):
            name = presented(line)
            if name:
                return line, (name,)
    return None


def has_only_names(line: str, names: Iterable[str]) -> bool:
    """Return whether `line` is `names`, "By" and what joins names. After "By", roles and places may be beside names."""
    known = {"".join(_folded_words(name)) for name in names}
    parts = split_byline(line)
    others = [part for part in parts if "".join(_folded_words(part)) not in known]
    if len(others) == len(parts):
        return False
    others = [part for part in others if not is_agency(part)]
    return not others or (
        bool(BY.match(line))
        and all(ROLE_OR_PLACE.fullmatch(part) or ROLE_WORD.fullmatch(BEFORE_AGENCY.sub("", part)) for part in others)
    )


def says_who_wrote(line: str) -> bool:
    """Return whether a line begins as a byline does, or has a bracket that says who wrote the text."""
    by = BY.match(line)
    return (
        (by is not None and by.end() < len(line))
        or (BEFORE_AGENCY.match(line) is not None and is_signed_by_agency(line))
        or CJK_REPORTER.fullmatch(line) is not None
        or ("(" in line and any(found[1] for found in CREDIT_IN_BRACKETS.finditer(line)))
    )


def is_signed_by_agency(line: str) -> bool:
    """Return whether a line is an agency, perhaps beside persons, and nothing else: "Jo Quill, Reuters", "(AFP)"."""
    parts = split_byline(" / ".join(COLUMN_SEPARATOR.split(line))) if len(line) < MAX_BYLINE_LINE_CHARS else []
    others = [part for part in parts if not is_agency(part)]
    if len(others) == len(parts) or ("(" in line and any(part.isupper() for part in others)):
        return False  # "PORT SELBY (AFP)" is a dateline
    are_names = all(BARE_NAMES.fullmatch(part) or not is_latin(part) for part in others)
    return not others or (
        are_names
        and has_full_name(others)
        and len(persons(others)) == len(others)
        and not any(NEVER_IN_NAMES.search(part) for part in others)
    )


def collective_author(byline: str) -> str | None:
    """Return the desk, team or outlet that signs, without "By"; None for placeholders and for what is no name."""
    line = OTHER_CREDIT_INSIDE.split(unescape(byline[:MAX_BYLINE_CHARS]).replace("\n", " ").strip())[0]
    name = TRIM.sub("", _without_by(_unwrapped(line)))
    if _is_picture_of_agency(line):
        return None
    if ROLE_WORD.search(name):
        if SOME.match(name):
            return None
        name = ARTICLE.sub("", name)
    if not 1 < len(name) <= MAX_COLLECTIVE_CHARS or len(name.split()) > 8:
        return None
    if not NAME_LETTERS.search(name) or OTHER_CREDIT.match(name):
        return None
    if name.casefold() in PLACEHOLDERS or name.split()[-1].casefold() in PARTICLES or is_agency(name):
        return None
    if is_label(name) or WEEKDAY.fullmatch(name) or CODE.fullmatch(name):
        return None
    return None if "@" in name or "://" in name else name


def named_agencies(bylines: Iterable[str]) -> tuple[str, ...]:
    """Return the news agencies that `bylines` name, each once."""
    parts = (part for byline in bylines for part in split_byline(byline))
    return tuple(dict.fromkeys(part for part in parts if is_agency(part) or AGENCY_WORD.search(part)))


def split_byline(byline: str) -> list[str]:
    """Return the parts of a byline (its first MAX_BYLINE_CHARS), without "By" and without what follows a name."""
    line = unescape(byline[:MAX_BYLINE_CHARS]).strip()
    if re.fullmatch(r"[^\W\d_]+(?:-\w+)?, [^\W\d_]+(?: [^\W\d_]\.?)?", line) and not is_agency(line.split(", ")[1]):
        return [" ".join(reversed(line.split(", ")))]  # "Surname, Name", as libraries write it
    if "@" in line:
        line = HANDLE.sub(" ", ADDRESS_AND_NAME.sub(r"\1", line))
    line = agencies_apart(_unwrapped(line))
    if _is_picture_of_agency(line):
        return []
    if "(" in line or "（" in line:
        line = _without_pictures(line)
        line = BRACKETED_NAME.sub(r"\1", BRACKETED_INITIALS.sub("", line))
    if HOST.fullmatch(line.partition(",")[0]):
        return [line]  # the paper and its places
    line = OTHER_CREDIT_INSIDE.sub("\n", line)
    parts = []
    other_credit = False  # "Text: A, B; photos: C, D": D made pictures, too
    names = line if OTHER_CREDIT.match(line) else _without_by(line)
    for whole in _persons_apart(names if names == line else FOR_PAPER.sub("", names)):
        for part in SHORT_CONJUNCTION.split(whole or ""):
            if OTHER_CREDIT.match(part):
                other_credit = True
            elif BY.match(part):
                other_credit = False
            named = _without_by(part)
            if OTHER_LABEL.match(named):
                parts.append(named)  # "Jo Quill Released: June 17": no name
            elif not other_credit and (name := TRIM.sub("", AFTER_NAME.sub("", named))):
                parts.append(" ".join(LAST_BRACKET.sub("", name).split()))
    return parts


def _unwrapped(line: str) -> str:
    """Return a line without the brackets around it: "(Reuters)"."""
    found = BRACKETED_LINE.fullmatch(line)
    return found[1] if found else line


def _is_picture_of_agency(line: str) -> bool:
    """Return whether a line is the credit of a picture: "AP Photo/Jo Quill"."""
    return any(agency(found[1]) for found in AGENCY_PICTURE.finditer(line))


def _without_pictures(line: str) -> str:
    """Return a byline without those who made the pictures, if brackets say so: "Jo Quill (text), Kit Bander (photos)".

    If no brackets say who wrote the text, only the last name before the brackets is left out.
    """
    credits = [*CREDIT_IN_BRACKETS.finditer(line)]
    if not credits:
        return line
    said = any(found[1] for found in credits)
    kept, start = [], 0
    for found in credits:
        names = LEADING_AND.sub("", line[start : found.start()])
        if found[1]:
            kept.append(names)
        elif not said:
            kept += _persons_apart(names)[:-1]
        start = found.end()
    return "\n".join([*kept, LEADING_AND.sub("", line[start:])])


def _persons_apart(line: str) -> list[str]:
    """Return the parts between commas and conjunctions. "Institute for Tides and Research" is not cut at "and"."""
    apart: list[str] = []
    for unit in SEPARATOR.split(line):
        parts = CONJUNCTION.split(unit)
        if len(parts) > 1 and all(
            len(words) == 1 or any(word.islower() and word not in PARTICLES for word in words)
            for words in (AFTER_NAME.sub("", part).split() for part in map(_without_by, parts))
        ) and any(" " in part.strip() for part in map(_without_by, parts)):  # fmt: skip
            parts = [unit]
        apart += parts
    return apart


def _without_by(line: str) -> str:
    while (by := BY.match(line)) and by.end():
        line = line[by.end() :]
    return line


def is_person(name: str, papers: Iterable[list[str]] = ()) -> bool:
    """Return whether this may be a person's name or pseudonym. `papers`: names of the paper, as lists of words."""
    words = name.split()
    if not 1 < len(name.strip(".")) <= MAX_NAME_CHARS or len(words) > 6 or NOT_A_NAME.search(name):
        return False
    if BRACKETS.search(name) or (len(words) > 1 and any(mark.isdigit() for mark in name)):
        return False
    if CJK_NO_NAME.search(name) or is_label(name):
        return False
    if is_agency(name) or name.casefold() in PLACEHOLDERS or ROLE_WORD.search(name):
        return False
    folded = _folded_words(name)
    if any(folded[: len(paper)] == paper or "".join(folded) == "".join(paper) for paper in papers):
        return False
    # In scripts that have capitals, every word of a name begins with one, but for particles. A lone word may be the
    # name of an account. No name ends with a particle.
    checked = words[1:] if len(words) == 1 else words
    if any(word[0].islower() and word.casefold() not in PARTICLES for word in checked):
        return False
    return len(words) == 1 or words[-1].casefold() not in PARTICLES


def is_label(name: str) -> bool:
    """Return whether this is the text of a link or label, and names nobody: "View more posts", "Written By"."""
    return bool(PAGE_WORDS.search(name) or BY.fullmatch(f"{name}: "))


def names_only_a_role(line: str) -> bool:
    """Return whether a line is a byline in which nobody is named: "De notre correspondant"."""
    return bool(BY.fullmatch(f"{line}: ") and ROLE_WORD.search(line))


def is_agency(name: str) -> bool:
    """Return whether this is the name of a news agency."""
    name = name.strip(". ")
    # "Leta" is a first name, "LETA" the agency.
    return name.casefold() in AGENCIES or ((name.isupper() or not is_latin(name)) and agency(name) is not None)


def _folded_words(name: str) -> list[str]:
    """Return the words of a name for comparison: letter case and punctuation do not count."""
    return re.findall(r"\w+", name.casefold())


# "[田中宏昌，BayMedia]", "【文／陳大文】"
BRACKETED_LINE = re.compile(r"[\[［【〔(（]\s*([^\[\]【】()（）]{2,60}?)\s*[\]］】〕)）]")
CJK_REPORTER = tables.compiled(r"\W*[\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7af]{2,6}\s?{byline.job-after}\W*")
CJK_NAME = re.compile(r"[\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7af]{2,6}")


def signed_in_brackets(line: str) -> str | None:
    """Return the byline inside brackets: "By" and names, or a name in Chinese characters before that of the paper."""
    if BY.match(line):
        return line if has_full_name(persons([line])) else None
    name, *papers = (part.strip() for part in re.split("[，,、／/|｜]", line, maxsplit=1))
    if is_signed_by_agency(line):
        return line
    return name if papers and CJK_NAME.fullmatch(name) and persons([name]) == (name,) else None
