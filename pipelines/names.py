"""A byline as printed or declared -> the persons it names. Outlets, desks, agencies, roles and places are not persons."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from html import unescape

LONGEST = 60  # characters of a name; what is longer is a sentence

# The words that introduce a byline, at its start. "De" and "Da" start names, so they are not here.
BY = re.compile(
    r"^\W*(?:(?:written|posted|reported|reporting|published|story|words|text|texte?|interview|analysis|opinion|review)\s+"
    r"(?:and\s+\w+\s+)?by|by|von|par|por|di(?=\s+[A-Z])|door|af|av|tekst|text|texto|testo|texte|przez|autor(?:es|en|in|a)?"
    r"|auteurs?|authors?|автор[ыи]?|текст|作者|文|記者|記事|بقلم|كتب|geschrieben von|publié par|publicado por"
    r"|escrito por|propos recueillis par|от)(?:\s*[:：・]\s*|\s+)",
    re.IGNORECASE,
)
# Between two persons. The one-letter conjunctions of Spanish, Portuguese, Italian and Polish also join the two
# surnames of one person, so they only split where both sides have two words.
SPLIT = re.compile(
    r"\s*[;|/、,،]\s*|\s+(?:and|und|et|og|och|ja|with|mit|avec|con|та|и|&amp;|&|\+)\s+"
    r"|(?<=\w\s\w\w)\s*\n\s*|(?<=\w{2})\s+-\s+", re.IGNORECASE
)  # fmt: skip
SHORT_AND = re.compile(r"(?<=\w\w)\s+(?:y|e|i|en)\s+(?=\w+\.?\s+\w)")
ROLE = re.compile(
    r"\b(?:correspondents?|editors?|editorial|reporters?|writer|columnist|contributors?|staff|producer|journalists?|team"
    r"|desk|newsroom|bureau|chief|director|professor|fellow|analyst|intern|guest|special|news|press|media|agenc(?:y|ies)"
    r"|wire|services?|online|digital|magazine|admin(?:istrator)?|webmaster|updated|published|photos?|video|follow|min(?:utes?)? read"
    r"|korrespondent(?:in)?|redakteur(?:in)?|redaktion\w*|\w+-?redaktion|reporterin|autorin|chefredakteur(?:in)?|ressort\w*"
    r"|rédaction|rédact(?:eur|rice)|journaliste|correspondante?|envoyée?|agences?|redacci[óo]n|redação|redator|redactie"
    r"|redazione|redakcja|redaktion|redaksjon\w*|corresponsal|enviad[oa]|periodista|agencias?|giornalista|inviat[oa]"
    r"|редакция|редакції|редакція|編集部|デジタル|新聞|newspaper|zeitung|verlag|gmbh|inc|ltd|llc)\b",
    re.IGNORECASE,
)
AGENCIES = frozenset(
    "afp ap reuters dpa dpa-afx apa ansa efe epd kna sid sda keystone-sda upi ians pti ani aap tass ria itar-tass xinhua"
    " anadolu aa belga anp ntb tt ritzau stt lusa pap čtk ctk mti agerpres jiji kyodo yonhap cna afx bloomberg ots lusa"
    " europapress wire".split()
) | {
    "associated press", "the associated press", "agence france-presse", "press association", "the canadian press",
    "europa press", "unknown", "anonymous", "redacción", "dpa-infocom", "getty images", "cbs news", "the conversation",
}  # fmt: skip
NOT_A_NAME = re.compile(r"[@#<>{}=\[\]…?!]|https?:|www\.|\d{2}|\.(?:com|org|net|de|fr|es|it|ru|no|se|ch|at|uk)\b", re.IGNORECASE)
PARTICLES = frozenset("von van der den de del della di da dos das du la le el al bin ibn ben y e zu zur vom und of the".split())
SPACES = re.compile(r"\s+")


def persons(bylines: Iterable[str], outlets: Collection[str] = ()) -> tuple[str, ...]:
    """The persons that `bylines` name, each once, in order. `outlets`: names of the paper, which are no persons."""
    papers = {_key(outlet) for outlet in outlets if outlet}
    found: dict[str, str] = {}
    for byline in bylines:
        for name in split(byline):
            if is_person(name, papers):
                found.setdefault(_key(name), name)
    return tuple(found.values())


def split(byline: str) -> list[str]:
    """The parts of a byline, cleaned of "By" and of what follows a name in brackets."""
    line = SPACES.sub(" ", unescape(byline)).strip()
    while (cut := BY.sub("", line, count=1)) != line:
        line = cut
    parts = [part for whole in SPLIT.split(line) if whole for part in SHORT_AND.split(whole)]
    if len(parts) == 2 and re.fullmatch(r"[^\W\d_]+(?:-\w+)?, [^\W\d_]+(?: [^\W\d_]\.?)?", line) and not _agency(parts[1]):
        parts = [f"{parts[1]} {parts[0]}"]  # "Surname, Name", as libraries write it
    cleaned = (re.sub(r"\s*[(\[].*$|^\W+|[\s,:;•·|*–—-]+$", "", BY.sub("", part, count=1)) for part in parts)
    return [part for part in cleaned if part]


def is_person(name: str, papers: Collection[str] = ()) -> bool:
    """Could this be a person's name, or the pseudonym of one?"""
    words = name.split()
    if not 1 < len(name) <= LONGEST or len(words) > 6 or NOT_A_NAME.search(name):
        return False
    if _agency(name) or _key(name) in papers or ROLE.search(name):
        return False
    # Every word of a name starts with a capital, particles aside, in scripts that have capitals.
    return not any(word[0].islower() and word.casefold() not in PARTICLES for word in words[1:])


def _agency(name: str) -> bool:
    return name.casefold().strip(". ") in AGENCIES


def _key(name: str) -> str:
    """A name without what two spellings of it differ in."""
    return re.sub(r"\W+", "", name.casefold())
