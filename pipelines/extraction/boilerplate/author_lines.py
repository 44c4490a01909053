"""Lines that name or present the author: the byline at the head, the biography at the foot.

Conservative: an article's last paragraph often quotes somebody. A biography begins with the name of a known author or
says "the author"; or it stands below a heading that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.boilerplate.line_matcher import HEAD_LINES
from pipelines.extraction.boilerplate.line_rules import LineRule
from pipelines.extraction.boilerplate.phrases import PhraseSet
from pipelines.extraction.boilerplate.words_comments import Words
from pipelines.extraction.fields.person_names import names_only

BYLINE = LineRule("byline", "names the authors, whom the article has in a field of its own", edges=True)
BOX = LineRule("author box", "says who the author is", edges=True)

LONGEST_BYLINE = 120
LONGEST_BIOGRAPHY = 900
BELOW = 4  # lines that a heading "About the author" may be followed by
ABOVE = 4  # lines that stand above a biography at least: texts do not begin with one
LAST = 4  # lines at the foot where a biography without a heading may stand

ABOUT: Words = {
    "en": "about the author | about the authors | about the writer | about the contributor | about the reporter"
    " | meet the author | author bio | author | the author | contributors",
    "de": "über den autor | über die autorin | über die autoren | über die autorinnen und autoren | zum autor"
    " | zur autorin | zur person | der autor | die autorin | autor | autorin | die autoren | autoreninfo | über uns",
    "fr": "à propos de l'auteur | à propos de l'autrice | à propos des auteurs | l'auteur | l'autrice | auteur"
    " | auteurs",
    "es": "sobre el autor | sobre la autora | sobre los autores | acerca del autor | acerca de la autora | autor"
    " | autora",
    "pt": "sobre o autor | sobre a autora | sobre os autores | autor | autora",
    "it": "l'autore | l'autrice | informazioni sull'autore | sull'autore | chi è l'autore | autore",
    "nl": "over de auteur | over de schrijver | auteur | over de auteurs",
    "pl": "o autorze | o autorce | autor | o autorach",
    "sv": "om författaren | om skribenten | om reportern",
    "no": "om forfatteren | om skribenten | om artikkelforfatteren",
    "da": "om forfatteren | om skribenten",
    "ru": "об авторе | об авторах | автор | информация об авторе",
    "uk": "про автора | про авторку | про авторів | автор | авторка",
    "tr": "yazar hakkında | yazar | yazarın diğer yazıları",
    "ar": "عن الكاتب | نبذة عن الكاتب | عن المؤلف | الكاتب",
    "zh": "关于作者 | 作者简介 | 作者介绍 | 關於作者 | 作者簡介",
    "ja": "著者紹介 | 著者について | この記事を書いた人 | 筆者プロフィール | プロフィール",
}
HEADINGS = PhraseSet([("author box", ABOUT)])

# After the author's name: what somebody is or does, not what somebody said.
PRESENTS = re.compile(
    r"(?:['’]s? (?:latest |new |first |next )?(?:book|novel|newsletter|podcast|column)s?|(?:,? ?\([^)]{1,40}\)"
    r"|,[^,.]{1,60},)?\W{1,3}(?:(?:is|are) (?:an?|the|one|our|currently|also|based|editor|professor|senior|staff"
    r"|director|co-?\w+|head|chief|author|\w+'s|\w+ (?:at|of|for))\b"
    r"|(?:was|has been|have been) (?:an? |the |writing|covering|reporting|working|with)|covers|writes|works"
    r"|reports|lives|teaches|edits"
    r"|specializes|specialises|joined|studied|holds an?|began|started|serves|contributes|has (?:written|covered"
    r"|worked|reported|\d+|over|more than)"
    r"|ist|war|sind|arbeitet|schreibt|berichtet|studierte|lehrt|leitet|lebt|est|sont|travaille|écrit|couvre|dirige"
    r"|enseigne|es|son|escribe|cubre"
    r"|trabaja|é|são|escreve|cobre|trabalha|è|sono|scrive|lavora|collabora|is een|werkt|schrijft|studeerde|jest|są"
    r"|pracuje|pisze|är|arbetar|skriver"
    r"|er|jobber|arbejder|является|работает|пишет|є|працює|пише|—|– [a-zа-яё]))\b",
    re.IGNORECASE,
)  # fmt: skip
THE_AUTHOR = re.compile(
    r"\W*(?:the (?:author|writer|columnist|reviewer)s?\b.{0,60} (?:is|are) (?:an?|the|professor|director|editor"
    r"|\w+ (?:at|of|for))\b"
    r"|(?:der autor|die autorin|unser autor|unsere autorin)\b.{0,60} (?:ist|arbeitet|lehrt|schreibt)\b"
    r"|(?:l'auteur|l'autrice|l’auteur|l’autrice)\b.{0,60} est\b|(?:el autor|la autora) es\b|(?:o autor|a autora) é\b"
    r"|l['’]aut(?:ore|rice) è\b|de auteur is\b|autor(?:ka)? jest\b|автор\w? [—–-] )",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"\W*(?:she|he|they|her|his|their|er|sie|ihre?|seine?|il|elle|él|ella|ele|ela|lei|lui|zij|hij|hon|han|hun|она"
    r"|он|вона|він"
    r"|follow|e-?mail|twitter|find (?:her|him|them|more)|contact|reach|read more|more (?:by|from)|view all|@)\b",
    re.IGNORECASE,
)  # fmt: skip
SPOKEN = re.compile('[“”„«»「」"]')


def of_authors(lines: list[str], authors: tuple[str, ...]) -> Iterator[tuple[int, LineRule]]:
    """(index, rule) of lines at the head that are the byline, and of those at the foot that present the author."""
    names = [name.casefold() for name in authors if " " in name]
    foot = len(lines) - LAST
    box = _below_heading(lines, names)
    for index, line in enumerate(lines):
        near = index < HEAD_LINES or index >= foot
        if near and names and len(line) < LONGEST_BYLINE and names_only(line, authors):
            yield index, BYLINE
        elif index >= ABOVE and (
            index in box or (index >= foot and (_presents(line, names) or (index - 1 in box and _goes_on(line))))
        ):
            box.add(index)
            yield index, BOX


def _below_heading(lines: list[str], names: list[str]) -> set[int]:
    """The heading "About the author" near the foot, and the lines below it if they are few and nobody speaks."""
    for index in range(max(HEAD_LINES + 1, len(lines) - BELOW - 1), len(lines)):
        if HEADINGS.names(lines[index]):
            below = lines[index + 1 :]
            quiet = all(_named(line, names) or not SPOKEN.search(line) for line in below)
            few = all(len(line) < LONGEST_BIOGRAPHY for line in below)
            return set(range(index, len(lines))) if quiet and few else {index}
    return set()


def _presents(line: str, names: list[str]) -> bool:
    if len(line) > LONGEST_BIOGRAPHY:
        return False
    start = line.lstrip("-–—•*| ")
    folded = start.casefold()
    return bool(THE_AUTHOR.match(line)) or any(
        folded.startswith(name) and PRESENTS.match(start, len(name)) for name in names
    )


def _goes_on(line: str) -> bool:
    return len(line) < LONGEST_BIOGRAPHY and bool(GOES_ON.match(line)) and not SPOKEN.search(line)


def _named(line: str, names: list[str]) -> bool:
    folded = line.casefold()
    return any(name in folded for name in names)
