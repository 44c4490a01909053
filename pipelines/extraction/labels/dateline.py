"""Where a text was written: the place, and the agency, that its first paragraph begins with.

Precise rather than greedy: a sentence begins with a capitalised word as well, so a lone word counts only with a date
or an agency beside it, in capitals before a dash, or where it is a city that everybody knows or that the text names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.extraction.labels.agencies import only_agencies
from pipelines.extraction.languages import tables

HEAD = 3  # lines in which a dateline is looked for: a standfirst or a byline may come first
LONGEST = 110  # characters of a dateline


class Dateline(NamedTuple):
    """What a dateline says; None for what it does not say."""

    place: str | None  # as printed, without region, country or date
    agency: str | None  # as printed, without brackets
    raw: str  # as it stands there, with its dash


NOWHERE = Dateline(None, None, "")

CITIES = frozenset(tables.phrases("dateline.cities"))
LABELS = frozenset(tables.phrases("dateline.labels"))  # words in capitals before a dash that are no place

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶŁŃŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽΑ-ΩЀ-Я"
WORD = rf"(?:[{UPPER}][\w'’.]*|[\u0590-\u06ff]+)"  # Hebrew and Arabic know no capitals
SMALL = r"(?:(?:de|del|des|du|da|do|dos|la|le|los|las|el|al|am|an der|sur|upon|in)[ -]){0,2}"
PARTS = rf"(?:St\. )?{WORD}(?:[ /-]{SMALL}{WORD}){{0,4}}"
MONTH = r"[^\W\d_]{3,10}\.?"
DATE = rf"(?:\d{{1,2}}(?:\.|er|º|\.º| de)? ?(?:{MONTH})?(?:,? (?:de )?\d{{4}})?|{MONTH} \d{{1,2}}(?:,? \d{{4}})?)"
REGION = rf"(?:, ?(?!{DATE}\b){PARTS}){{0,2}}"
DASH = r"\s*[.,]?\s*(?:[—–―‒−]{1,2}|-{1,2})(?=\s|[\"“„«'‘]|\w)\s*"
SLOWDASH = r"(?:\.?\s*[—–―‒−]\s*|\.?\s+--?\s+|\.-\s*)"  # one that no compound word has

STATE = rf"(?:{REGION}|,? \({PARTS}\))"

# PLACE (AGENCY) - ...; PLACE, Region, 3 March (AGENCY) ...; PLACE /AGENCY/
WITH_AGENCY = re.compile(
    rf"(?P<place>{PARTS}){STATE}(?:[,.] ?{DATE}\.?)?"
    rf",? ?(?:--)?[(/](?P<agency>[^()]{{2,40}}?)[)/][.:]?(?P<dash>{DASH}|[.:]?\s|$)"
)
# (AGENCY) - PLACE, 3 MAR - ...; (AGENCY) — ...
AGENCY_FIRST = re.compile(
    rf"\((?P<agency>[^()]{{2,40}})\)(?:{DASH}|\s+)(?:(?P<place>{PARTS}){REGION}(?:, ?{DATE})?{SLOWDASH})?"
)
# PLACE, 3 March - ...; PLACE, 3 March /
DATED = re.compile(
    rf"(?P<place>{PARTS}){STATE}[,.] ?(?P<date>{DATE})\.?(?:,? ?[(/](?P<agency>[^()]{{2,40}}?)[)/]\.?|{SLOWDASH})"
    rf"(?:(?P<after>[^\W\d_][\w -]{{1,30}}?)(?:{SLOWDASH}|\.\s))?"
)
# ROMA - ...; LONDON — ...; SANTA ROSA, Calif. – ...; Kyiv, Ukraine – ...; Berlin – ...; Berlin. ...; NEW DELHI: ...
BARE = re.compile(rf"(?P<place>{PARTS})(?P<region>{REGION})(?P<dash>{SLOWDASH})(?=\W*(?:[{UPPER}\d]|[^\W\d_a-z]))")
STOP = re.compile(rf"(?P<place>{PARTS})(?P<mark>[.:]) (?=\W*[{UPPER}\d])")

STATION = re.compile(r"[A-Z]{3,5}(?:-TV)?|[A-Z][\w ]{3,25}")  # of radio or television: "PORT SELBY (KPSB) —"
BUREAU = re.compile(r"[a-z]{3,6}")  # an agency's sign as German papers print it: "Kleinfurt (nfa) -"
DASHES, DIGIT = re.compile("[—–―‒−-]"), re.compile(r"\d")
IN = r"(?:in|nach|aus|bei|à|en|em|w|we|ve)"
THE = r"(?:der|die|das|dem|den|des|ein|eine|einen|einem|einer|the|a|an|la|le|les|el|il|lo|un|une|una|uno|o|os|as|de)"

# Agencies' own forms in scripts without spaces: 新华社北京3月3日电, 【ワシントン＝中村亮】, [서울=뉴시스].
CHINESE = re.compile(
    r"[（(【\[]?(?P<agency>新华社|新華社|中新社|中新网|中央社|法新社|路透社|美联社|塔斯社|韩联社)"
    r"(?:(?:记者|記者)[^\W\d]{2,3})?(?P<place>[^\W\d]{2,8}?)\d{1,2}(?:月\d{1,2})?日(?:电|電)[）)】\]]?"
)
JAPANESE = re.compile(
    r"[【［\[](?P<place>[^\W\d]{1,12}?)(?:[＝=](?P<after>[^】］\]]{1,20})|(?P<agency>時事|共同|AFP時事|AFP|ロイター))[】］\]]"
)
KOREAN = re.compile(r"[\[(](?P<place>[가-힣]{2,8})[＝=](?P<after>[^\])]{2,20})[\])]")


def dateline(lines: list[str], site: str = "") -> Dateline:
    """What the first paragraph of a text begins with. `lines`: the text, furniture included or not.

    `site`: what the paper calls itself; a word of it in capitals before a dash is the place that it is named for.
    """
    for line in lines[:HEAD]:
        start = line[:LONGEST].lstrip("-•* ")
        found = _signed(start)
        if found is None and len(line) >= 30:  # "BERLIN - Tuesday" alone is furniture, "Hamburg (dpa)" is not
            found = _bare(start, lines, site)
        if found is not None and (found.agency or len(line) >= 30):
            return found
    return NOWHERE


def _signed(start: str) -> Dateline | None:
    """A place with an agency or a date beside it."""
    for pattern in (CHINESE, JAPANESE, KOREAN):
        if found := pattern.match(start):
            parts = found.groupdict()
            return Dateline(parts["place"], parts.get("agency") or _agency(parts.get("after")), found[0])
    if found := AGENCY_FIRST.match(start):
        if wire := _agency(found["agency"]):
            return Dateline(_place(found["place"]), wire, found[0].strip())
    elif (found := WITH_AGENCY.match(start)) and (wire := _wire(found)):
        return Dateline(_place(found["place"]), wire, found[0].strip())
    if (found := DATED.match(start)) and DIGIT.search(found["date"]):
        wire = _agency(found["agency"]) or _agency(found["after"])
        if wire or _is_city(found["place"]) or _in_capitals(found["place"]):
            return Dateline(_place(found["place"]), wire, found[0].strip())
    return None


def _wire(found: re.Match[str]) -> str | None:
    """What stands in the brackets after a place, if it is an agency: one that we know, or one by its looks."""
    wire = found["agency"].strip()
    if only_agencies(wire):
        return wire
    looks = (STATION.fullmatch(wire) and _in_capitals(found["place"])) or BUREAU.fullmatch(wire)
    return wire if looks and DASHES.search(found["dash"]) else None


def _bare(start: str, lines: list[str], site: str) -> Dateline | None:
    """A place before a dash, a full stop or a colon, with nothing beside it that says so."""
    if found := BARE.match(start):
        place, region = found["place"], found["region"]
        if _is_city(place) or (_in_capitals(place) and _may_be_place(place, region, lines, site)):
            return Dateline(_place(place), None, found[0].strip())
    stop = STOP.match(start)
    if stop and stop["mark"] == ":" and not _in_capitals(stop["place"]):
        return None  # "Leipzig: Here it was that ..."
    found = found or stop
    if found and (_is_city(found["place"]) or _is_named(found["place"], lines)):
        return Dateline(_place(found["place"]), None, found[0].strip())
    return None


def _may_be_place(place: str, region: str, lines: list[str], site: str) -> bool:
    """Could these capitals before a dash be a place? Not where the text goes on to speak of them as of a company."""
    if len(place) < 4 or _is_label(place):
        return False
    word = re.escape(place.title())
    if region or re.search(rf"\b{word}\b", site):
        return True
    return not re.search(rf"\b{word}\b", _start(lines)) or _is_named(place, lines)


def _is_named(place: str, lines: list[str]) -> bool:
    """Does the text speak of `place` as one speaks of a place: "in Trier", and never "the Trier"?"""
    if " " in place or len(place) < 4 or _is_label(place):
        return False
    word = re.escape(place.title() if _in_capitals(place) else place)
    text = _start(lines)
    return bool(re.search(rf"\b{IN} {word}\b", text)) and not re.search(rf"\b(?i:{THE}) {word}\b", text)


def _start(lines: list[str]) -> str:
    return "\n".join(lines)[:5000]


def _agency(words: str | None) -> str | None:
    """`words`, if they name agencies and nothing else."""
    return words.strip() if words and only_agencies(words) else None


def _in_capitals(place: str) -> bool:
    return place == place.upper() and place != place.lower()


def _is_label(place: str) -> bool:
    return any(word in LABELS for word in re.split(r"[\s/]", place.lower())) or bool(re.search(r"\d", place))


def _is_city(place: str) -> bool:
    """A city that everybody knows, or two of them."""
    return all(part.lower() in CITIES for part in place.split("/"))


def _place(place: str | None) -> str | None:
    return place.strip(" .,/") or None if place else None
