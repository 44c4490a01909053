"""News agencies: the many spellings of each, and the one name that the archive gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.extraction.page.jsonld import same_words

# Name -> its other spellings. The name is the agency's own short form.
AGENCIES: dict[str, tuple[str, ...]] = {
    "AA": ("anadolu agency", "anadolu ajansı", "anadolu", "aa news"),
    "AAP": ("australian associated press", "aap newswire"),
    "AFP": ("agence france-presse", "agence france presse", "afp news", "أ ف ب", "أ.ف.ب", "أ ف پ", "فرانس برس",
            "франс пресс", "афп", "法新社", "afp通信", "afpbb news"),
    "AGERPRES": (),
    "AGI": ("agenzia italia",),
    "Adnkronos": (),
    "Agência Brasil": ("agencia brasil",),
    "Agência Estado": ("estadão conteúdo", "estadao conteudo"),
    "ANI": ("asian news international",),
    "ANP": ("algemeen nederlands persbureau",),
    "ANSA": ("agenzia ansa",),
    "AP": ("associated press", "the associated press", "ap news", "أسوشيتد برس", "أ ب", "美联社", "美聯社", "ap通信"),
    "APA": ("austria presse agentur", "apa.at"),
    "Antara": (),
    "AWP": (),
    "BTA": ("бта",),
    "Belga": ("belga news agency",),
    "Bernama": (),
    "Bloomberg": ("bloomberg news", "блумберг", "彭博社", "彭博"),
    "Bang Showbiz": (),
    "Business Wire": (),
    "CNW": ("cnw group",),
    "CNN": ("cnn newsource", "cnn wire"),
    "ČTK": ("ctk",),
    "Canadian Press": ("the canadian press", "la presse canadienne", "presse canadienne", "cp"),
    "DHA": ("demirören haber ajansı", "demiroren haber ajansi"),
    "dpa": ("deutsche presse-agentur", "dpa-infocom", "dpa-afx", "dpa international", "د ب أ", "д п а", "德新社"),
    "dts": ("dts nachrichtenagentur", "dts-nachrichtenagentur"),
    "EFE": ("agencia efe", "efe news", "efe verde"),
    "epd": ("evangelischer pressedienst",),
    "Europa Press": ("europapress",),
    "GlobeNewswire": ("globe newswire", "globenewswire news"),
    "KFF Health News": ("khn", "kaiser health news"),
    "PR Newswire": ("prnewswire-prweb", "prnewswire prweb"),
    "Project Syndicate": (),
    "TNS": ("tribune news service", "tribune content agency"),
    "FARS": ("fars news agency",),
    "IANS": ("indo-asian news service",),
    "İHA": ("iha", "ihlas haber ajansı"),
    "Interfax": ("интерфакс", "interfax-ukraine", "интерфакс-украина", "інтерфакс-україна"),
    "IPS": ("inter press service",),
    "Jiji": ("jiji press", "時事", "時事通信", "時事通信社"),
    "KNA": ("katholische nachrichten-agentur",),
    "Keystone-SDA": ("sda", "sda-ats", "keystone-ats", "ats", "sda/ats", "keystone sda"),
    "Kyodo": ("kyodo news", "共同", "共同通信", "共同通信社"),
    "LaPresse": (),
    "LETA": (),
    "Lusa": ("agência lusa", "agencia lusa"),
    "MTI": (),
    "NTB": (),
    "NTX": ("notimex",),
    "NPR": (),
    "OTS": ("ots/presseportal", "presseportal"),
    "PA Media": ("press association", "the press association", "pa"),
    "PAP": ("polska agencja prasowa",),
    "PTI": ("press trust of india",),
    "Reuters": ("thomson reuters", "reuters news agency", "ロイター", "ロイター通信", "رويترز", "рейтер", "рейтерс",
                "ройтерс", "路透", "路透社", "로이터", "로이터통신"),
    "RIA Novosti": ("ria", "ria novosti", "риа новости", "риа"),
    "Ritzau": (),
    "SID": ("sport-informations-dienst",),
    "SPA": ("واس", "saudi press agency"),
    "STT": ("stt-lehtikuva",),
    "TASS": ("тасс", "itar-tass", "итар-тасс", "塔斯社", "タス通信"),
    "TT": ("tidningarnas telegrambyrå",),
    "Télam": ("telam",),
    "UNI": ("united news of india",),
    "UPI": ("united press international",),
    "Ukrinform": ("укринформ", "укрінформ"),
    "UNIAN": ("уніан", "униан"),
    "Xinhua": ("xinhua news agency", "新华社", "新華社", "新华网"),
    "Yonhap": ("yonhap news agency", "연합뉴스", "韩联社", "聯合ニュース"),
    "CNA": ("中央社", "central news agency", "focus taiwan"),
    "China News Service": ("中新社", "中新网"),
    "Newsis": ("뉴시스",),
    "News1": ("뉴스1",),
    "Middle East News Agency": ("أ ش أ",),
    "VNA": ("ttxvn", "vietnam news agency"),
    "WAM": ("وام",),
    "Sputnik": ("спутник", "سبوتنيك"),
}  # fmt: skip


def _key(name: str) -> str:
    return same_words(name).replace(" ", "")


NAMES = {_key(spelling): name for name, spellings in AGENCIES.items() for spelling in (name, *spellings)}
SEPARATORS = re.compile(r"\s*[/,;&+|·•]\s*|\s+(?:and|und|et|y|e|и|та|ve|og|och|en|i)\s+")
PARTS = re.compile(r"\s*[/,;&+|·•()\[\]\n]\s*|\s+(?:-|–|—|and|und|et|y|e|и|та|ve|og|och)\s+")
BY = re.compile(
    r"^\W*(?:by|von|par|por|di|door|af|av|agentur|agence|agencia|agenzia|redacción|quelle|source)\s+", re.IGNORECASE
)
STAFF = re.compile(
    r"\s+(?:staff(?: writers?)?|news ?wire|news agency|international|agence|haber ajansı|\w*redaktion)$", re.IGNORECASE
)
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
